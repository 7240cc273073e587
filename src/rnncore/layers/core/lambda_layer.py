"""Lambda: a function of arrays as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.core.input_layer import Input
from rnncore.layers.graph.operators import ConstantOperation, GetItem, TensorOperation
from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.merging.merge import Array, Arrays
from rnncore.layers.tape import Tape
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
            self._traced = self._trace(self._each(input_shape))
            self.children = [] if self._traced is None else self._traced.layers

    def _trace(self, shapes: Sequence[Shape]) -> Traced | None:
        """Return the operators of the function, or None if it does anything else."""
        inputs = [Input(one[1:], dtype=self.dtype, name=f"x{i}") for i, one in enumerate(shapes)]
        try:
            output = self.function(self._joined(inputs), **self.arguments)
            if not isinstance(output, SymbolicTensor):
                return None
            found = Traced(inputs, output)
        except Exception:  # a function written for arrays may raise anything
            return None
        known = (ConstantOperation, GetItem, TensorOperation)
        if not all(isinstance(layer, known) for layer in found.layers):
            return None
        for layer in found.layers:  # an Input has the dtype of the data, which they did not adopt
            layer.dtype = layer.explicit_dtype = self.dtype
        return found

    def _each(self, value: Any) -> Any:
        """Return what belongs to the inputs as a list; `_joined` does the reverse."""
        return value if self.takes_several else [value]

    def compute_output_shape(self, input_shape: Any) -> Shape:
        declared = self._declared_output_shape
        if callable(declared):
            return tuple(declared(input_shape))
        batch = self._each(input_shape)[0][0]
        if declared is not None:
            return (batch, *declared)
        # Try two values for unknown sizes: what changes with them is unknown too.
        one, other = (self._tried(input_shape, size) for size in (2, 3))
        sizes = (n if n == m else None for n, m in zip(one, other, strict=True))
        return (batch, *sizes)

    def _tried(self, input_shape: Any, unknown: int) -> tuple[int, ...]:
        zeros = [
            np.zeros((1, *(unknown if size is None else size for size in shape[1:])), self.dtype)
            for shape in self._each(input_shape)
        ]
        return np.shape(self._applied(self._joined(zeros), None, False))[1:]

    def compute_mask(self, x: Any, mask: Any) -> NDArray[Any] | None:
        if self.mask is None and mask is not None and "mask" not in self._named:
            self.end_mask(mask)
            return None
        return self.mask(x, mask) if callable(self.mask) else self.mask

    def _applied(self, x: Any, mask: Any, training: bool) -> Any:
        given = {"mask": mask, "training": training}
        return self.function(x, **self.arguments, **{name: given[name] for name in self._named})

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y = np.asarray(self._applied(x, mask, training), self.dtype)
        tape, tapes = self.tape(training), None
        if training and self._traced is not None:
            found, tapes = self._traced.forward(self._each(x))
            # One that draws random numbers, or reads changing ones, no longer matches its trace.
            if not np.allclose(found, y, rtol=1e-3, equal_nan=True):
                raise ValueError(
                    f"{self.name}: gradient: expected a function, as `function` does not always "
                    "give what its operators gave when the layer was built, got None"
                )
            y = found
        samples = len(self._each(x)[0])
        if y.ndim == 0 or len(y) != samples:
            raise ValueError(
                f"{self.name}: function: expected an array of {samples} samples, got shape "
                f"{y.shape}"
            )
        tape.saved = (x, tapes)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        x, tapes = self.used(tape)
        xs = self._each(x)
        if not need_dx:
            return self._joined([None] * len(xs))
        if self._traced is not None:
            return self._joined(self._traced.backward(tapes, dy, xs, tape))
        if self.gradient is None:
            raise ValueError(
                f"{self.name}: gradient: expected a function, as layers below are trained, got None"
            )
        found = self.gradient(x, dy, **self.arguments)
        if self.takes_several and not (isinstance(found, (list, tuple)) and len(found) == len(x)):
            raise ValueError(f"{self.name}: gradient: expected a list of {len(x)} arrays")
        dxs = [np.asarray(dx, self.dtype) for dx in self._each(found)]
        for dx, one in zip(dxs, xs, strict=True):
            if dx.shape != one.shape:
                raise ValueError(
                    f"{self.name}: gradient: expected an array of shape {one.shape}, got {dx.shape}"
                )
        return self._joined(dxs)


class Traced:
    """The gradient of a function of arrays made of operators only.

    Such a function also takes symbolic tensors. ``lambda x: 100 * x[:, -1]`` then makes two layers,
    whose backward is known.

    Attributes
    ----------
    layers : list of Layer
        One for each operator, in order of application.
    """

    def __init__(self, inputs: Sequence[SymbolicTensor], output: SymbolicTensor) -> None:
        self._inputs, self._output = inputs, output
        self._nodes: list[Node] = []
        self._collect(output)
        self.layers: list[Layer] = [node.layer for node in self._nodes]

    def _collect(self, tensor: SymbolicTensor) -> None:
        if tensor.node in self._nodes or tensor in self._inputs:
            return
        for one in tensor.node.inputs:
            self._collect(one)
        self._nodes.append(tensor.node)

    def forward(self, arrays: Arrays) -> tuple[Array, list[Any]]:
        """Return the output, and what `backward` needs."""
        values = {id(one): array for one, array in zip(self._inputs, arrays, strict=True)}
        tapes = []
        for node in self._nodes:
            taken = [values[id(one)] for one in node.inputs]
            x: Any = taken if node.takes_list else taken[0]
            values[id(node.outputs[0])], tape = node.layer.forward(x, training=True)
            tapes.append(tape)
        return values[id(self._output)], tapes

    def backward(self, tapes: list[Any], dy: Array, xs: Arrays, tape: Tape) -> Arrays:
        """Return the gradients of the inputs `xs`; sums are written to `tape`."""
        gradients: dict[int, Array] = {id(self._output): dy}
        for number, node in reversed(list(enumerate(self._nodes))):
            d = gradients.pop(id(node.outputs[0]))
            found = node.layer.backward(tapes[number], d)
            parts = found if node.takes_list else [found]
            for place, (one, part) in enumerate(zip(node.inputs, parts, strict=True)):
                before = gradients.get(id(one))
                if before is not None:
                    total = tape.take(f"sum {number} {place}", part.shape, part.dtype)
                    part = np.add(before, part, out=total)
                gradients[id(one)] = part
        zero = np.zeros((), dy.dtype)
        return [
            gradients.get(id(one), np.broadcast_to(zero, x.shape))
            for one, x in zip(self._inputs, xs, strict=True)
        ]


def _parameters(function: Callable[..., Any]) -> set[str]:
    """Return the names of a function's parameters, none where Python does not know them."""
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()
