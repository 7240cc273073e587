"""How far two correct computations of one recurrent layer may differ.

Nothing here was tuned to make a test pass; the numbers follow from the floating-point format.

One rounding errs by at most ``u = eps / 2`` of its result. A sum of K products, added in any order
and with or without fused multiply-add, errs by at most ``K u`` of its largest partial sum, and,
since roundings behave like independent variables of mean zero, by at most ``L sqrt(K) u`` with
probability ``1 - 2 exp(-L^2 / 2)`` [1]_. ``L = 6`` leaves 3e-8 for an entry, and the model is
pessimistic.

- **Forward.** A step has dot products of length ``K = I + H`` (plus a bias), then at most
  ``GATE_ROUNDINGS`` further roundings: sigmoid and tanh within 2 ulp (4 u) each and a handful of
  products and sums on the way to h. An error made in one step passes through the Jacobians of the
  later ones. If their norm is at most ``growth``, T steps add up to ``1 + growth + ... +
  growth^(T-1)`` times the error of one; that is T for a layer that neither forgets nor amplifies.
- **Backward.** It reads values that carry the forward's error, and takes the same number of steps
  with dot products of length ``G H``: twice the forward. Weight gradients end with a sum over all
  ``rows`` row-steps of the call.

Errors are measured normwise: the largest difference over an array, relative to its largest entry,
because an entry that nearly cancels has no relative accuracy of its own.

.. [1] N. J. Higham and T. Mary, "A new approach to probabilistic rounding error analysis",
   SIAM J. Sci. Comput. 41 (2019), A2815-A2835.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

CONFIDENCE = 6.0
GATE_ROUNDINGS = 24


def dot_tolerance(dtype: DTypeLike, accumulation: int) -> float:
    """Error of a sum of `accumulation` products, relative to its largest partial sum.

    Parameters
    ----------
    dtype : float32 or float64
    accumulation : int
        Number of products in the sum.

    Returns
    -------
    float

    Examples
    --------
    >>> from rnncore.testing import dot_tolerance
    >>> dot_tolerance("float32", 100) < 1e-5
    True
    """
    return CONFIDENCE * _unit_roundoff(dtype) * math.sqrt(max(accumulation, 1))


def forward_tolerance(
    dtype: DTypeLike,
    accumulation: int,
    steps: int,
    *,
    magnitude: float = 1.0,
    growth: float = 1.0,
) -> float:
    """Normwise error of y and of the final state between two correct forwards.

    Parameters
    ----------
    dtype : float32 or float64
        The less precise dtype of the two computations.
    accumulation : int
        ``I + H``, the products that go into one gate of one unit.
    steps : int
        The largest number of steps of a row.
    magnitude : float, default 1.0
        Size of the largest partial sum in a gate. Inputs and weights of the usual scale
        (variance ``1 / accumulation``) give about 1.
    growth : float, default 1.0
        Bound on the norm of the Jacobian of one step.

    Returns
    -------
    float

    Examples
    --------
    >>> from rnncore.testing import forward_tolerance
    >>> forward_tolerance("float64", accumulation=64, steps=20) < 1e-12
    True
    """
    rounding = GATE_ROUNDINGS * _unit_roundoff(dtype)
    one_step = magnitude * dot_tolerance(dtype, accumulation) + rounding
    return one_step * sum(growth**k for k in range(max(steps, 1)))


def backward_tolerance(
    dtype: DTypeLike,
    accumulation: int,
    steps: int,
    rows: int = 1,
    *,
    magnitude: float = 1.0,
    growth: float = 1.0,
) -> float:
    """Normwise error of a gradient between two correct backwards.

    Parameters
    ----------
    dtype, steps, magnitude, growth
        As in `forward_tolerance`.
    accumulation : int
        ``max(I + H, G * H)``, the longest of the dot products in a step.
    rows : int, default 1
        The number of row-steps that a weight gradient sums over (the sum of the lengths).

    Returns
    -------
    float

    Examples
    --------
    >>> from rnncore.testing import backward_tolerance
    >>> backward_tolerance("float64", accumulation=256, steps=20, rows=640) < 1e-11
    True
    """
    through_time = 2.0 * forward_tolerance(
        dtype, accumulation, steps, magnitude=magnitude, growth=growth
    )
    return through_time + dot_tolerance(dtype, rows)


def normwise_error(actual: ArrayLike, expected: ArrayLike, floor: float = 0.0) -> float:
    """``max|actual - expected| / max(max|expected|, floor)`` in float64.

    Equal infinities count as no difference; a NaN on either side gives NaN. Two arrays
    without elements give 0.

    Parameters
    ----------
    actual, expected : array_like of one shape
    floor : float, default 0.0
        The magnitude that errors are relative to when all of `expected` is smaller.

    Raises
    ------
    ValueError
        When the shapes differ.

    Examples
    --------
    >>> from rnncore.testing import normwise_error
    >>> normwise_error([1.0, 4.5], [1.0, 4.0])
    0.125
    """
    a, e = _float64(actual), _float64(expected)
    if a.shape != e.shape:
        raise ValueError(f"actual: expected shape {e.shape}, got {a.shape}")
    with np.errstate(invalid="ignore"):
        difference = float(np.max(np.where(a == e, 0.0, np.abs(a - e)), initial=0.0))
    if difference == 0.0:
        return 0.0
    scale = max(float(np.max(np.abs(e))), floor)
    return difference / scale if scale > 0.0 else math.inf


def assert_close(
    actual: ArrayLike,
    expected: ArrayLike,
    tolerance: float,
    what: str = "array",
    *,
    floor: float = 0.0,
) -> None:
    """Raise AssertionError unless ``normwise_error(actual, expected, floor) <= tolerance``.

    Parameters
    ----------
    actual, expected : array_like of one shape
    tolerance : float
    what : str, default "array"
        Named in the message.
    floor : float, default 0.0
        As in `normwise_error`.

    Raises
    ------
    AssertionError
        With the error, the tolerance and the place of the largest difference.

    Examples
    --------
    >>> from rnncore.testing import assert_close
    >>> assert_close([1.0, 2.0], [1.0, 2.0 + 1e-15], 1e-12, "y")
    """
    a, e = _float64(actual), _float64(expected)
    if a.shape != e.shape:
        raise AssertionError(f"{what}: expected shape {e.shape}, got {a.shape}")
    error = normwise_error(a, e, floor)
    if not error <= tolerance:
        with np.errstate(invalid="ignore"):
            worst = np.unravel_index(int(np.argmax(np.abs(a - e))), a.shape)
        at = tuple(int(i) for i in worst)
        raise AssertionError(
            f"{what}: expected an error of at most {tolerance:.3g}, got {error:.3g}; "
            f"at {at} expected {float(e[at])!r}, got {float(a[at])!r}"
        )


def _unit_roundoff(dtype: DTypeLike) -> float:
    return float(np.finfo(np.dtype(dtype)).eps) / 2.0


def _float64(array: ArrayLike) -> NDArray[Any]:
    return np.asarray(array, dtype=np.float64)
