"""Lambda: a function of arrays as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.base import Layer, Shape


class Lambda(Layer):
    """Apply a function of NumPy arrays.

    Parameters
    ----------
    function : callable
        Called as ``function(x, **arguments)``, with ``mask=`` and ``training=`` too where it has
        parameters of these names. Returns an array with as many samples as `x`, which it must
        not change.
    output_shape : tuple or callable, optional
        Shape of one sample, or a function from the input's shape to the output's, both with the
        batch. Default: found by calling `function` on one sample of zeros.
    mask : callable or ndarray, optional
        The mask that goes on, or ``mask(x, mask)`` that returns it. Default: a mask ends here.
    arguments : dict, optional
        Further arguments of `function`.
    gradient : callable, optional
        Called as ``gradient(x, dy, **arguments)``, returns the gradient of `x`. There is no
        automatic differentiation: without it nothing below this layer can be trained.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    TypeError
        When `function`, `gradient` or `arguments` are not what they should be.
    ValueError
        When the function or the gradient returns another shape than it should, and in training
        when a gradient is needed and there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Lambda
    >>> square = Lambda(lambda x: x**2, gradient=lambda x, dy: 2 * x * dy)
    >>> square(np.array([[3.0]]))
    array([[9.]], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        gradient: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: function: expected a function, got {function!r}")
        if gradient is not None and not callable(gradient):
            raise TypeError(f"Lambda: gradient: expected a function or None, got {gradient!r}")
        if arguments is not None and not isinstance(arguments, Mapping):
            raise TypeError(f"Lambda: arguments: expected a dict or None, got {arguments!r}")
        self.function = function
        self.gradient = gradient
        self.arguments = dict(arguments or {})
        self.mask = mask
        self._declared_output_shape = output_shape
        self._named = _parameters(function) & {"mask", "training"}

    def current_arguments(self) -> dict[str, Any]:
        return {**super().current_arguments(), "output_shape": self._declared_output_shape}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        declared = self._declared_output_shape
        if callable(declared):
            return tuple(declared(input_shape))
        if declared is not None:
            return (input_shape[0], *declared)
        # Sizes that are not known are tried out twice: what changes with them is not known either.
        one, other = (self._tried(input_shape, size) for size in (2, 3))
        sizes = (n if n == m else None for n, m in zip(one, other, strict=True))
        return (input_shape[0], *sizes)

    def _tried(self, input_shape: Shape, unknown: int) -> tuple[int, ...]:
        sizes = [unknown if size is None else size for size in input_shape[1:]]
        return np.shape(self._applied(np.zeros((1, *sizes), self.dtype), None, False))[1:]

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        found: NDArray[Any] | None = self.mask(x, mask) if callable(self.mask) else self.mask
        return found

    def _applied(self, x: NDArray[Any], mask: NDArray[Any] | None, training: bool) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(x, **self.arguments, **{name: given[name] for name in self._named})

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        y = np.asarray(self._applied(x, mask, training), self.dtype)
        if y.ndim == 0 or len(y) != len(x):
            raise ValueError(
                f"{self.name}: function: expected an array of {len(x)} samples, got shape {y.shape}"
            )
        if training:
            self._saved = x
        return y

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        x, self._saved = self._saved, None
        if not need_dx:
            return None
        if self.gradient is None:
            raise ValueError(
                f"{self.name}: gradient: expected a function, as layers below are trained, got None"
            )
        dx = np.asarray(self.gradient(x, dy, **self.arguments), self.dtype)
        if dx.shape != x.shape:
            raise ValueError(
                f"{self.name}: gradient: expected an array of shape {x.shape}, got {dx.shape}"
            )
        return dx


def _parameters(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's parameters, none where Python does not know them."""
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()
