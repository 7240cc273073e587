"""Constraints, applied to weights after each step of the optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rnncore.utils._arrays import float_array
from rnncore.utils._checks import check_number, lookup
from rnncore.utils._config import Configurable, deserialize, serialize  # noqa: F401
from rnncore.utils._names import named

Array = NDArray[Any]
Axis = int | Sequence[int]

# Keras' epsilon, added to lengths before dividing by them.
_EPSILON = 1e-7


class Constraint(Configurable):
    """Base class of the constraints.

    A subclass defines `project`, which takes the weight, an array of float32 or float64, and
    returns an array like it.

    Notes
    -----
    Layers take any callable that returns an array like the weight. Training applies it after each
    step of the optimizer, unless the weight is frozen.

    Examples
    --------
    Clip every weight, and not the lengths of vectors as `MinMaxNorm` does:

    >>> import numpy as np
    >>> from rnncore.layers import LSTM
    >>> layer = LSTM(4, kernel_constraint=lambda w: np.clip(w, -0.1, 0.1))

    >>> from rnncore import constraints
    >>> constraints.get("non_neg")(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def project(self, weight: Array) -> Array:
        """Return the closest weight that satisfies the constraint."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method project")

    def __call__(self, weight: Array) -> Array:
        return self.project(float_array(f"{type(self).__name__}: weight", np.asarray(weight)))


class NonNeg(Constraint):
    """Set negative numbers to 0.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.constraints import NonNeg
    >>> NonNeg()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def project(self, weight: Array) -> Array:
        return weight.clip(0)


class NormConstraint(Constraint):
    """Base of the constraints on the lengths of the vectors along one axis, or several.

    A vector w becomes ``w * desired / (1e-7 + |w|)``; a subclass defines `desired`.
    """

    def __init__(self, axis: Axis = 0) -> None:
        several = isinstance(axis, (tuple, list))
        for one in axis if isinstance(axis, (tuple, list)) else [axis]:
            if isinstance(one, (bool, np.bool_)) or not isinstance(one, (int, np.integer)):
                raise TypeError(
                    f"{type(self).__name__}: axis: expected an integer or a list of integers, "
                    f"got {axis!r}"
                )
        self.axis: Any = tuple(cast("Sequence[int]", axis)) if several else axis

    def desired(self, lengths: Array) -> Array:
        """Return the desired lengths for vectors of these lengths."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method desired")

    def project(self, weight: Array) -> Array:
        lengths = np.sqrt(np.square(weight).sum(axis=self.axis, keepdims=True))
        projected: Array = weight * (self.desired(lengths) / (_EPSILON + lengths))
        return projected


class MaxNorm(NormConstraint):
    """Scale vectors longer than `max_value` down to that length.

    Parameters
    ----------
    max_value : float, default 2
        >= 0.
    axis : int or sequence of int, default 0
        Axes along which to take lengths. 0: the incoming weights of each unit, for a kernel.

    Raises
    ------
    TypeError, ValueError
        If `max_value` is not a finite number >= 0, or `axis` is not made of integers.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.constraints import MaxNorm
    >>> MaxNorm(1.0)(np.array([[3.0, 0.1], [4.0, 0.0]])).round(3)
    array([[0.6, 0.1],
           [0.8, 0. ]])
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        super().__init__(axis)
        self.max_value = check_number("MaxNorm", "max_value", max_value, low=0.0)

    def desired(self, lengths: Array) -> Array:
        return np.clip(lengths, 0, self.max_value)


class UnitNorm(NormConstraint):
    """Scale vectors to length 1.

    Parameters
    ----------
    axis : int or sequence of int, default 0
        Axes along which to take lengths. 0: the incoming weights of each unit, for a kernel.

    Raises
    ------
    TypeError
        If `axis` is not made of integers.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.constraints import UnitNorm
    >>> UnitNorm()(np.array([[3.0], [4.0]])).round(3)
    array([[0.6],
           [0.8]])
    """

    def desired(self, lengths: Array) -> Array:
        return np.ones_like(lengths)


class MinMaxNorm(NormConstraint):
    """Clip the lengths of vectors to an interval, or move them towards it.

    Parameters
    ----------
    min_value : float, default 0.0
    max_value : float, default 1.0
    rate : float, default 1.0
        How far to move towards the interval; 1 clips at once.
    axis : int or sequence of int, default 0
        Axes along which to take lengths. 0: the incoming weights of each unit, for a kernel.

    Raises
    ------
    TypeError, ValueError
        Unless 0 <= min_value <= max_value are finite, rate is from 0 to 1, and axis is made of
        integers.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.constraints import MinMaxNorm
    >>> MinMaxNorm(1.0, 2.0)(np.array([[3.0, 0.0], [4.0, 0.5]])).round(3)
    array([[1.2, 0. ],
           [1.6, 1. ]])
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        super().__init__(axis)
        self.min_value = check_number("MinMaxNorm", "min_value", min_value, low=0.0)
        self.max_value = check_number("MinMaxNorm", "max_value", max_value, low=self.min_value)
        self.rate = check_number("MinMaxNorm", "rate", rate, low=0.0, high=1.0)

    def desired(self, lengths: Array) -> Array:
        inside = np.clip(lengths, self.min_value, self.max_value)
        wanted: Array = self.rate * inside + (1 - self.rate) * lengths
        return wanted


# Keras' names other than those of the classes.
max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm

_BY_NAME = named(globals(), Constraint, without=(NormConstraint,))


def get(identifier: Any, owner: str = "constraint") -> Any:
    """Return the constraint of that name; None stays None.

    Parameters
    ----------
    identifier : str, dict, Constraint, class, callable or None
        "max_norm", "non_neg", "unit_norm", "min_max_norm"; ``{"class_name": "MaxNorm", "config":
        {"max_value": 3}}``; an object or a class. A name or a class uses the default arguments.
        Other callables, from a weight to a weight, are returned unchanged.
    owner : str, default "constraint"
        Start of error messages.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        For anything else.

    Examples
    --------
    >>> from rnncore import constraints
    >>> constraints.get("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    if identifier is None:
        return None
    return lookup(owner, identifier, _BY_NAME, Constraint, or_callable=True)


def apply(constraint: Callable[[Array], Any], weight: Array, owner: str) -> None:
    """Apply a constraint, or a plain callable, to a weight.

    Raises
    ------
    ValueError
        If the constraint returns a different shape.
    """
    projected = np.asarray(constraint(weight))
    if projected.shape != weight.shape:
        raise ValueError(
            f"{owner}: constraint: expected an array of shape {weight.shape} from {constraint!r}, "
            f"got {projected.shape}"
        )
    weight[...] = projected
