"""Lambda: a function of arrays as a layer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.graph.tracing import Traced, traced
from rnncore.layers.layer import Layer, Shape
from rnncore.utils._checks import check_type


class Lambda(Layer):
    """Apply a function of NumPy arrays.

    Parameters
    ----------
    function : callable
        Called as ``function(x, **arguments)``, also with ``mask=`` and ``training=`` if it has
        parameters of these names; x is a list if the layer is called on a list. Must return an
        array with as many samples as `x`, and must not change `x`.
    output_shape : tuple or callable, optional
        Shape of one sample, or a function from the input's to the output's shape, both including
        the batch. Default: found by calling `function` on one sample of zeros.
    mask : callable or ndarray, optional
        The mask to pass on, or a function ``mask(x, mask)`` that returns it. Default: a mask ends
        here.
    arguments : dict, optional
        Further arguments of `function`.
    gradient : callable, optional
        Called as ``gradient(x, dy, **arguments)``; returns the gradient of `x`, a list if `x` is
        one. A function made only of ``+``, ``-``, ``*``, ``/`` and indexing, such as ``lambda x:
        100 * x[:, -1]``, needs none. With any other function the layers below can only be trained
        if this is given, as there is no automatic differentiation.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    TypeError
        If `function`, `gradient` or `arguments` has the wrong type.
    ValueError
        If the function or the gradient returns a wrong shape, or training needs a gradient and
        there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Lambda
    >>> square = Lambda(lambda x: x**2, gradient=lambda x, dy: 2 * x * dy)
    >>> square(np.array([[3.0]]))
    array([[9.]], dtype=float32)
    >>> product = Lambda(lambda x: x[0] * x[1], gradient=lambda x, dy: [x[1] * dy, x[0] * dy])
    >>> product([np.array([[3.0]]), np.array([[4.0]])])
    array([[12.]], dtype=float32)
    """

    reads_mask = True
    makes_mask = True

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
        self.function = check_type("Lambda", "function", function, Callable, "a function")
        self.gradient = check_type(
            "Lambda", "gradient", gradient, Callable | None, "a function or None"
        )
        check_type("Lambda", "arguments", arguments, Mapping | None, "a dict or None")
        self.arguments = dict(arguments or {})
        self.mask = mask
        self._declared_output_shape = output_shape
        self._named = _parameters(function) & {"mask", "training"}
        self._traced: Traced | None = None

    def current_arguments(self) -> dict[str, Any]:
        return {**super().current_arguments(), "output_shape": self._declared_output_shape}

    def __call__(self, x: Any, **arguments: Any) -> Any:
        # A list of numbers is one array.
        arrays = isinstance(x, (list, tuple)) and all(isinstance(one, np.ndarray) for one in x)
        if not self.built:
            self.takes_several = arrays and len(x) > 0
        return super().__call__(x, **arguments)

    def connect(self, x: Any, **arguments: Any) -> Any:
        if not self.built:
            self.takes_several = isinstance(x, (list, tuple))
        return super().connect(x, **arguments)

    def build(self, input_shape: Any) -> None:
        if self.gradient is None and not self._named:
            shapes = input_shape if self.takes_several else [input_shape]
            function = functools.partial(self.function, **self.arguments)
            self._traced = traced(function, shapes, self.dtype, several=self.takes_several)
            self.children = [] if self._traced is None else self._traced.layers

    def compute_output_shape(self, input_shape: Any) -> Shape:
        declared = self._declared_output_shape
        if callable(declared):
            return tuple(declared(input_shape))
        batch = input_shape[0][0] if self.takes_several else input_shape[0]
        if declared is not None:
            return (batch, *declared)
        # Try two values for unknown sizes: what changes with them is unknown too.
        one, other = (self._tried(input_shape, size) for size in (2, 3))
        sizes = (n if n == m else None for n, m in zip(one, other, strict=True))
        return (batch, *sizes)

    def _tried(self, input_shape: Any, unknown: int) -> tuple[int, ...]:
        zeros = [
            np.zeros((1, *(unknown if size is None else size for size in shape[1:])), self.dtype)
            for shape in (input_shape if self.takes_several else [input_shape])
        ]
        return np.shape(self._applied(zeros if self.takes_several else zeros[0], None, False))[1:]

    def compute_mask(self, x: Any, mask: Any) -> NDArray[Any] | None:
        if self.mask is None and mask is not None and "mask" not in self._named:
            self.end_mask(mask)
            return None
        found: NDArray[Any] | None = self.mask(x, mask) if callable(self.mask) else self.mask
        return found

    def _applied(self, x: Any, mask: Any, training: bool) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(x, **self.arguments, **{name: given[name] for name in self._named})

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y = np.asarray(self._applied(x, mask, training), self.dtype)
        tape, tapes = self.tape(training), None
        if training and self._traced is not None:
            found, tapes = self._traced.forward(x if self.takes_several else [x])
            self._expect_same(found, y)
            y = found
        samples = len(x[0] if self.takes_several else x)
        if y.ndim == 0 or len(y) != samples:
            raise ValueError(
                f"{self.name}: function: expected an array of {samples} samples, got shape "
                f"{y.shape}"
            )
        tape.saved = (x, tapes)
        return y, tape

    def _expect_same(self, traced: NDArray[Any], y: NDArray[Any]) -> None:
        # A function that draws random numbers, or reads changing ones, no longer matches its trace.
        if not np.allclose(traced, y, rtol=1e-3, equal_nan=True):
            raise ValueError(
                f"{self.name}: gradient: expected a function, as `function` does not always give "
                "what its operators gave when the layer was built, got None"
            )

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        x, tapes = self.used(tape)
        if not need_dx:
            return [None] * len(x) if self.takes_several else None
        several = self.takes_several
        xs = x if several else [x]
        if self._traced is not None:
            dxs = self._traced.backward(tapes, dy, xs, tape)
            return dxs if several else dxs[0]
        if self.gradient is None:
            raise ValueError(
                f"{self.name}: gradient: expected a function, as layers below are trained, got None"
            )
        found = self.gradient(x, dy, **self.arguments)
        if several and not (isinstance(found, (list, tuple)) and len(found) == len(x)):
            raise ValueError(f"{self.name}: gradient: expected a list of {len(x)} arrays")
        dxs = [np.asarray(dx, self.dtype) for dx in (found if several else [found])]
        for dx, one in zip(dxs, xs, strict=True):
            if dx.shape != one.shape:
                raise ValueError(
                    f"{self.name}: gradient: expected an array of shape {one.shape}, got {dx.shape}"
                )
        return dxs if several else dxs[0]


def _parameters(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's parameters, none where Python does not know them."""
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()
