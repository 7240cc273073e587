"""Activations that are layers of their own: with options, or with weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.activations.fused import Rectifier
from rnncore.activations.others import Elu, LeakyRelu
from rnncore.layers._arguments import listed_axes
from rnncore.layers._lengths import beside
from rnncore.layers.core.activation import Activation
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import OPERATIONS, Nodes, axis_of
from rnncore.utils._checks import check_count, check_number, check_optional_number


class ReLU(Activation):
    """``max_value`` where x reaches that, x above ``threshold``, else
    ``negative_slope * (x - threshold)``.

    Parameters
    ----------
    max_value : float, optional
    negative_slope : float, default 0.0
    threshold : float, default 0.0
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If a number is negative, or is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import ReLU
    >>> ReLU(max_value=1.0, negative_slope=0.5)(np.array([-2.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ], dtype=float32)
    """

    not_configured = frozenset({"activation"})

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self.max_value = check_optional_number("ReLU", "max_value", max_value, low=0.0)
        self.negative_slope = check_number("ReLU", "negative_slope", negative_slope, low=0.0)
        self.threshold = check_number("ReLU", "threshold", threshold, low=0.0)
        plain = max_value is None and not self.negative_slope and not self.threshold
        rectifier = Rectifier(self.negative_slope, self.max_value, self.threshold)
        super().__init__("relu" if plain else rectifier, **kwargs)


class LeakyReLU(Activation):
    """``x`` if positive, else ``negative_slope * x``.

    Parameters
    ----------
    negative_slope : float, default 0.3
        `alpha` in older programs.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If a number is negative, or is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([-2.0, 3.0]))
    array([-1.,  3.], dtype=float32)
    """

    not_configured = frozenset({"activation"})

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        slope = kwargs.pop("alpha", negative_slope)
        self.negative_slope = check_number("LeakyReLU", "negative_slope", slope, low=0.0)
        super().__init__(LeakyRelu(self.negative_slope), **kwargs)


class ELU(Activation):
    """``x`` if positive, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha : float, default 1.0
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `alpha` is not a finite number.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import ELU
    >>> ELU()(np.array([0.0, 3.0]))
    array([0., 3.], dtype=float32)
    """

    not_configured = frozenset({"activation"})

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        self.alpha = check_number("ELU", "alpha", alpha)
        super().__init__(Elu(self.alpha), **kwargs)


class PReLU(Layer):
    """``x`` if positive, else ``alpha * x`` with a weight `alpha`.

    Parameters
    ----------
    alpha_initializer : default "zeros"
    alpha_regularizer, alpha_constraint : optional
        Penalty on the slopes, and constraint applied after each step.
    shared_axes : int or sequence of int, optional
        Axes that share a slope, counted from 1: ``[1]`` for all time steps. The sizes of the other
        axes must be known.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an axis does not exist or a size is not known.

    Notes
    -----
    Weights: alpha, of the shape of a sample with 1 for the shared axes.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import PReLU
    >>> PReLU(alpha_initializer="ones")(np.array([[-2.0, 3.0]]))
    array([[-2.,  3.]], dtype=float32)
    """

    fixed_axes: tuple[int, ...] = (-1,)

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.choose("alpha", locals())
        self.shared_axes = None
        if shared_axes is not None:
            axes = shared_axes if isinstance(shared_axes, (list, tuple)) else [shared_axes]
            self.shared_axes = [check_count("PReLU", "shared_axes", axis) for axis in axes]

    def build(self, input_shape: Shape) -> None:
        sizes = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if axis > len(sizes):
                raise ValueError(
                    f"{self.name}: shared_axes: expected axes from 1 to {len(sizes)}, got {axis}"
                )
            sizes[axis - 1] = 1
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            raise ValueError(
                f"{self.name}: shared_axes: expected to include every axis of unknown size, got "
                f"{self.shared_axes} for shape {input_shape}"
            )
        shared = [axis - 1 - len(sizes) for axis in self.shared_axes or ()]
        self.fixed_axes = tuple(axis for axis in range(-len(sizes), 0) if axis not in shared)
        self.alpha = self.add_weight("alpha", known, **self.chosen("alpha"))

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return f.node("binary", [x], [self.alpha], [OPERATIONS["slope"]])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training:
            return self.inferred(x)
        tape = self.tape(training)
        below = np.minimum(x, 0, out=tape.take("below", x.shape, x.dtype))
        above = np.greater(x, 0, out=tape.take("above", x.shape, np.bool_))
        y = np.multiply(below, self.alpha.value, out=tape.take("y", x.shape, x.dtype))
        np.copyto(y, x, where=above)
        tape.saved = (below, above)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        below, above = self.used(tape)
        product = np.multiply(dy, below, out=below)
        shared = tuple(self.shared_axes or ())
        summed = product.sum(axis=(0, *shared), keepdims=True)
        self.alpha.grad[...] = summed[0]
        if not need_dx:
            return None
        dx = tape.take("dx", dy.shape, dy.dtype)
        np.multiply(dy, self.alpha.value, out=dx)
        np.copyto(dx, dy, where=above)
        return dx


# Replaces masked numbers, as in Keras.
_MASKED = -1e9


class Softmax(Layer):
    """``exp(x) / sum(exp(x))``, summed over an axis; masked elements are left out and become 0.

    Parameters
    ----------
    axis : int or list of int, default -1
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If an axis is not an integer.

    Notes
    -----
    With an input ``(B, T, F)``, a mask ``(B, T)`` masks time steps (Keras applies it to the
    features). It is passed on.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Softmax
    >>> Softmax()(np.zeros((1, 3)), mask=np.array([[True, True, False]]))
    array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    reads_mask = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._axes = listed_axes("Softmax", axis)
        self.axis = self._axes[0] if isinstance(axis, int) else list(self._axes)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        axes = [axis_of(axis) for axis in self._axes]
        return f.node("softmax", [x, mask], attributes=[len(axes), *axes])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training:
            return self.inferred(x, mask)
        tape = self.tape(training)
        y = tape.copied("y", x)
        missing = None if mask is None else ~beside(mask, x)
        if missing is not None:
            np.copyto(y, _MASKED, where=missing)
        with np.errstate(invalid="ignore"):
            y -= y.max(axis=self._axes, keepdims=True, initial=-np.inf)
        np.exp(y, out=y)
        y /= y.sum(axis=self._axes, keepdims=True)
        if missing is not None:
            np.copyto(y, 0, where=missing)
        tape.saved = y
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        y = self.used(tape)
        dx = np.multiply(dy, y, out=tape.take("dx", dy.shape, dy.dtype))
        along = dx.sum(axis=self._axes, keepdims=True)
        np.subtract(dy, along, out=dx)
        return np.multiply(dx, y, out=dx)
