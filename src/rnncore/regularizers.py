"""Penalties on weights, added to the loss, and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.utils._arrays import float_array
from rnncore.utils._checks import check_choice, check_number, lookup
from rnncore.utils._config import Configurable, deserialize, serialize  # noqa: F401
from rnncore.utils._names import named

Array = NDArray[Any]

# Keras' epsilon: shorter rows are not scaled to length one.
_EPSILON = 1e-7
# Number of elements to process at a time.
_BLOCK = 4096


class Regularizer(Configurable):
    """Base class of the regularizers.

    A subclass defines `value` and `grad`. Both take the weight, an array of float32 or float64.

    Notes
    -----
    Layers take any callable that returns the penalty for an array. There is no automatic
    differentiation: to train with it, it also needs a method `grad` that returns the gradient, an
    array like the weight. `fit` refuses one without (TypeError); `evaluate` does not need it.

    Examples
    --------
    >>> from rnncore.regularizers import Regularizer
    >>> class Quartic(Regularizer):
    ...     def value(self, weight):
    ...         return float((weight**4).sum())
    ...
    ...     def grad(self, weight):
    ...         return 4 * weight**3
    >>> from rnncore.layers import Dense
    >>> layer = Dense(1, kernel_regularizer=Quartic())

    >>> import numpy as np
    >>> from rnncore import regularizers
    >>> penalty = regularizers.get("l2")
    >>> penalty(np.array([1.0, 2.0]))
    0.05
    >>> penalty.grad(np.array([1.0, 2.0]))
    array([0.02, 0.04])
    """

    def value(self, weight: Array) -> float:
        """Return the penalty for a weight."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method value")

    def grad(self, weight: Array) -> Array:
        """Return the gradient of the penalty, an array like `weight`."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method grad")

    def add_grad(self, weight: Array, out: Array) -> None:
        """Add the gradient to `out`, an array of the weight's shape and dtype in C order."""
        out += _of_shape(self.grad(weight), weight, type(self).__name__)

    def __call__(self, weight: Array) -> float:
        return self.value(float_array(f"{type(self).__name__}: weight", np.asarray(weight)))


class L1L2(Regularizer):
    """``l1 * sum(|w|) + l2 * sum(w**2)``.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        >= 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a finite number >= 0.

    Notes
    -----
    The gradient of ``|w|`` at 0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.regularizers import L1L2
    >>> L1L2(l1=0.5, l2=1.0)(np.array([1.0, -2.0]))
    6.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        owner = type(self).__name__
        self.l1 = check_number(owner, "l1", 0.0 if l1 is None else l1, low=0.0)
        self.l2 = check_number(owner, "l2", 0.0 if l2 is None else l2, low=0.0)

    def value(self, weight: Array) -> float:
        flat = weight.reshape(-1)
        scratch = np.empty(min(flat.size, _BLOCK), weight.dtype)
        total = 0.0
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK]
            if self.l1:
                total += self.l1 * float(np.abs(block, out=scratch[: block.size]).sum())
            if self.l2:
                total += self.l2 * float(np.dot(block, block))
        return total

    def grad(self, weight: Array) -> Array:
        gradient = np.zeros(weight.shape, weight.dtype)
        self.add_grad(weight, gradient)
        return gradient

    def add_grad(self, weight: Array, out: Array) -> None:
        flat, sums = weight.reshape(-1), out.view()
        sums.shape = (out.size,)  # unlike reshape, never copies
        scratch = np.empty(min(flat.size, _BLOCK), weight.dtype)
        for start in range(0, flat.size, _BLOCK):
            block, total = flat[start : start + _BLOCK], sums[start : start + _BLOCK]
            part = scratch[: block.size]
            if self.l1:
                np.sign(block, out=part)
                part *= self.l1
                total += part
            if self.l2:
                np.multiply(block, 2 * self.l2, out=part)
                total += part


class L1(L1L2):
    """``l1 * sum(|w|)``.

    Parameters
    ----------
    l1 : float, default 0.01
        >= 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a finite number >= 0.
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        super().__init__(l1=0.01 if l1 is None else l1)


class L2(L1L2):
    """``l2 * sum(w**2)``.

    Parameters
    ----------
    l2 : float, default 0.01
        >= 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a finite number >= 0.
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        super().__init__(l2=0.01 if l2 is None else l2)


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean of ``|a . b|`` over pairs of different rows of length one.

    Parameters
    ----------
    factor : float, default 0.01
        >= 0.
    mode : {"rows", "columns"}, default "rows"
        Which vectors should be orthogonal.

    Raises
    ------
    TypeError, ValueError
        If the factor is not a finite number >= 0, the mode is unknown, or the weight is not a
        matrix with at least two rows (columns).

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.regularizers import OrthogonalRegularizer
    >>> OrthogonalRegularizer(1.0)(np.array([[3.0, 0.0], [1.0, 0.0]]))
    1.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = check_number("OrthogonalRegularizer", "factor", factor, low=0.0)
        self.mode = check_choice("OrthogonalRegularizer", "mode", mode, ("rows", "columns"))

    def value(self, weight: Array) -> float:
        _, unit, products = self._products(weight)
        return self._share(unit) * float(np.abs(products).sum())

    def grad(self, weight: Array) -> Array:
        lengths, unit, products = self._products(weight)
        # Every product occurs on both sides of the diagonal.
        dunit = 2 * self._share(unit) * (np.sign(products) @ unit)
        along = (dunit * unit).sum(axis=1, keepdims=True)
        drows = (dunit - np.where(lengths > _EPSILON, along, 0) * unit) / np.maximum(
            lengths, _EPSILON
        )
        return drows if self.mode == "rows" else drows.T

    def _products(self, weight: Array) -> tuple[Array, Array, Array]:
        """Return the lengths of the rows (columns), the rows of length one, and their products.

        The lengths are a column. The product of each row with itself is left out: it is 0.
        """
        if weight.ndim != 2 or weight.shape[self.mode == "columns"] < 2:
            raise ValueError(
                f"OrthogonalRegularizer: weight: expected a matrix with at least two {self.mode}, "
                f"got shape {weight.shape}"
            )
        rows = weight if self.mode == "rows" else weight.T
        lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
        unit = rows / np.maximum(lengths, _EPSILON)
        products = unit @ unit.T
        np.fill_diagonal(products, 0)
        return lengths, unit, products

    def _share(self, unit: Array) -> float:
        """Return the weight of each ordered pair; the sum counts every pair twice."""
        return self.factor / (len(unit) * (len(unit) - 1))


# Keras' names other than those of the classes.
l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_BY_NAME = named(globals(), Regularizer)
# By name both factors are 0.01, as Keras documents: an L1L2 without arguments would do nothing.
_BY_NAME |= dict.fromkeys(("l1_l2", "l1l2", "L1L2"), L1L2(0.01, 0.01))


def get(identifier: Any, owner: str = "regularizer") -> Any:
    """Return the regularizer of that name; None stays None.

    Parameters
    ----------
    identifier : str, dict, Regularizer, class, callable or None
        "l1", "l2", "l1_l2", "orthogonal_regularizer"; ``{"class_name": "L2", "config": {"l2":
        0.1}}``; an object or a class. A name or a class takes the default arguments. Other
        callables are returned unchanged; see `Regularizer`.
    owner : str, default "regularizer"
        Start of error messages.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        For anything else.

    Examples
    --------
    >>> from rnncore import regularizers
    >>> regularizers.get("l1")
    L1(l1=0.01)
    """
    if identifier is None:
        return None
    return lookup(owner, identifier, _BY_NAME, Regularizer, or_callable=True)


def add_grad(regularizer: Any, weight: Array, out: Array, owner: str) -> None:
    """Add the gradient of a penalty to `out`.

    Raises
    ------
    TypeError
        If the regularizer has no `grad`, as there is no automatic differentiation.
    ValueError
        If `grad` returns a shape other than that of `weight`.
    """
    own = getattr(type(regularizer), "grad", None) is not Regularizer.grad
    if not (own and callable(getattr(regularizer, "grad", None))):
        raise TypeError(
            f"{owner}: regularizer: expected one with a method grad(weight), as there is no "
            f"automatic differentiation, got {regularizer!r}"
        )
    if isinstance(regularizer, Regularizer):
        regularizer.add_grad(weight, out)
    else:
        out += _of_shape(regularizer.grad(weight), weight, owner)


def _of_shape(gradient: Any, weight: Array, owner: str) -> Array:
    array = np.asarray(gradient)
    if array.shape != weight.shape:
        raise ValueError(
            f"{owner}: regularizer: grad: expected shape {weight.shape}, got {array.shape}"
        )
    return array
