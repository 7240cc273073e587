"""Operators of symbolic tensors, as layers: arithmetic and indexing.

They are layers so that a graph of them can be trained, saved and drawn like any other. As in Keras
a mask ends at them, here with a warning; the lengths of ragged sequences are passed on if the steps
stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import expect_constant
from rnncore.layers.graph.symbolic import OPERATIONS, SymbolicTensor, operator
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.merging.merge import Array, Arrays, Merge
from rnncore.layers.nodes import OPERATIONS as NUMBERS, Nodes, of_each_sample
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_choice

_FUNCTIONS: dict[str, np.ufunc] = {name: getattr(np, name) for name in OPERATIONS}
# Rows keep their lengths; see `Layer.output_windows`.
WHOLE = (1, 1, 1)
# One axis of a key: a number, a slice as [start, stop, step], or None for a new axis.
Part = int | list[int | None] | None


class TensorOperation(Merge):
    """``a + b``, ``a - b``, ``a * b`` or ``a / b`` of two symbolic tensors.

    Parameters
    ----------
    operation : {"add", "subtract", "multiply", "divide"}
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError
        If the operation is unknown, or the arrays differ in their number of axes or do not
        broadcast.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Input, Model
    >>> x, gate = Input((3,)), Input((1,))
    >>> model = Model([x, gate], x * gate)
    >>> model.predict([np.array([[1.0, 2.0, 3.0]]), np.array([[0.5]])], verbose=0)
    array([[0.5, 1. , 1.5]], dtype=float32)
    """

    supports_masking = False

    def __init__(self, operation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.operation = check_choice("TensorOperation", "operation", operation, _FUNCTIONS)
        self._function = _FUNCTIONS[operation]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        if len(input_shape) != 2 or len(input_shape[0]) != len(input_shape[1]):
            got = ", ".join(str(tuple(shape)) for shape in input_shape)
            raise ValueError(
                f"{self.name}: x: expected 2 arrays with the same number of axes, got {got}"
            )
        return super().compute_output_shape(input_shape)

    def _gradients(self, dy: Array, operands: Arrays, mask: Any, y: Array, tape: Tape) -> Arrays:
        return [_gradient(self.operation, place, dy, operands, y, tape) for place in range(2)]


class ConstantOperation(Layer):
    """``a + 1``, ``2.0 * a``, ``1 - a``, ``a / 2`` or ``-a`` of a symbolic tensor.

    Parameters
    ----------
    operation : {"add", "subtract", "multiply", "divide"}
    constant : float or array_like
        An array is broadcast over the samples.
    constant_first : bool, default False
        Whether the constant is on the left: ``constant - a``.
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the operation is unknown, or the constant is not numeric or does not broadcast to the
        input.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Input, Model
    >>> x = Input((2,))
    >>> Model(x, 1 - x / np.array([2, 4])).predict(np.array([[1.0, 2.0]]), verbose=0)
    array([[0.5, 0.5]], dtype=float32)
    """

    supports_masking = False

    def __init__(
        self, operation: str, constant: Any, constant_first: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.operation = check_choice("ConstantOperation", "operation", operation, _FUNCTIONS)
        array = np.array(constant)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"ConstantOperation: constant: expected numbers, got {constant!r}")
        self.constant: Any = array if array.ndim else array.item()
        self.constant_first = constant_first

    def output_windows(self) -> tuple[int, int, int]:
        return WHOLE

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        expect_constant(self.name, self.constant, input_shape)
        return input_shape

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        attributes = [NUMBERS[self.operation], int(self.constant_first)]
        return f.node("binary", [x], [of_each_sample(self.constant, x)], attributes)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y, tape = self.inferred(x, tape=self.tape(training))
        tape.saved = (x, y)
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        x, y = self.used(tape)
        return _gradient(self.operation, int(self.constant_first), dy, self._operands(x), y, tape)

    def _operands(self, x: Array) -> Arrays:
        constant = np.asarray(self.constant, self.dtype)
        return [constant, x] if self.constant_first else [x, constant]


class GetItem(Layer):
    """``x[:, -1]``, ``x[:, 2:5]`` or ``x[..., None]`` of a symbolic tensor.

    Parameters
    ----------
    key : list
        For each axis of the input a number, a slice as ``[start, stop, step]``, or None for a new
        axis; the batch axis must be kept whole.
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the key is invalid, or names an axis or a step that the input does not have.

    Notes
    -----
    Padding counts: ``x[:, -1]`` is not the last step of a shorter sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Input, Model
    >>> x = Input((None, 2))
    >>> model = Model(x, x[:, -1] - x[:, 0])
    >>> model.predict(np.array([[[1.0, 2.0], [0.0, 0.0], [4.0, 6.0]]]), verbose=0)
    array([[3., 4.]], dtype=float32)
    """

    supports_masking = False

    def __init__(self, key: Sequence[Part], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key: list[Part] = [
            list(part) if isinstance(part, (list, tuple)) else part for part in key
        ]
        if self.key[:1] != [[None, None, None]]:
            raise ValueError(
                "GetItem: key: expected `:` on the batch axis, as in x[:, -1], got something else"
            )
        self._index = tuple(slice(*part) if isinstance(part, list) else part for part in self.key)

    def output_windows(self) -> tuple[int, int, int] | None:
        whole: Part = [None, None, None]
        return WHOLE if self.key[1:2] in ([], [whole]) else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        axes = [part for part in self.key if part is not None]
        if len(axes) > len(input_shape):
            raise ValueError(
                f"{self.name}: key: expected at most {len(input_shape)} axes, got {len(axes)}"
            )
        sizes = iter(input_shape)
        found: list[int | None] = []
        for part in self.key:
            if part is None:
                found.append(1)
                continue
            size = next(sizes)
            if isinstance(part, list):
                found.append(None if size is None else len(range(size)[slice(*part)]))
            elif size is not None and not -size <= part < size:
                raise ValueError(
                    f"{self.name}: key: expected a number within the size {size}, got {part}"
                )
        return (*found, *sizes)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        axis = 0
        for part in self.key[1:]:
            if part is None:
                x = f.node("expand", [x], attributes=[axis])
            elif not isinstance(part, list):
                x = f.node("slice", [x], attributes=[axis, 1, _within(part, 62), 0, 0, 1, 1])
            elif part != [None, None, None]:
                start, stop, step = part
                ends = [(int(n is not None), _within(n or 0, 62)) for n in (start, stop)]
                by = 1 if step is None else _within(step, 31)
                x = f.node("slice", [x], attributes=[axis, *ends[0], *ends[1], by, 0])
            axis += part is None or isinstance(part, list)
        return x

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        self.compute_output_shape(x.shape)  # raises if there is no such step
        y, tape = self.inferred(x, tape=self.tape(training))
        tape.saved = x.shape
        return y, tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        shape = self.used(tape)
        dx = tape.take("dx", shape, dy.dtype)
        dx.fill(0)
        dx[self._index] = dy
        return dx


def _within(n: int, bits: int) -> int:
    """Return a number of so many bits at most that does as well for every array."""
    most = (1 << bits) - 1
    return max(-most, min(n, most))


def _gradient(
    operation: str, place: int, dy: Array, operands: Arrays, y: Array, tape: Tape
) -> Array:
    """Return the gradient of the operand at `place`, 0 or 1, before repeated ones are summed up."""
    if operation == "add" or (operation == "subtract" and place == 0):
        return dy
    dx = tape.take(f"dx{place}", dy.shape, dy.dtype)
    if operation == "subtract":
        return np.negative(dy, out=dx)
    if operation == "multiply":
        return np.multiply(dy, operands[1 - place], out=dx)
    np.divide(dy, operands[1], out=dx)
    return dx if place == 0 else np.multiply(dx, -y, out=dx)


@operator
def combined(operation: str, a: Any, b: Any) -> Any:
    """Return the symbolic tensor ``a <operation> b``, where one or both operands are symbolic."""
    if isinstance(a, SymbolicTensor) and isinstance(b, SymbolicTensor):
        return TensorOperation(operation)([a, b])
    if isinstance(a, SymbolicTensor):
        return ConstantOperation(operation, b)(a)
    return ConstantOperation(operation, a, constant_first=True)(b)


@operator
def item(x: Any, key: Any) -> Any:
    """Return the symbolic tensor ``x[key]``."""
    parts = list(key) if isinstance(key, tuple) else [key]
    named = sum(part is not None and part is not Ellipsis for part in parts)
    rest = [slice(None)] * (len(x.shape) - named)
    if any(part is Ellipsis for part in parts):
        place = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[place : place + 1] = rest
    return GetItem([_part(part) for part in parts])(x)


def _part(part: Any) -> Part:
    if part is None:
        return None
    if isinstance(part, (int, np.integer)) and not isinstance(part, bool):
        return int(part)
    if isinstance(part, slice):
        return [None if n is None else int(n) for n in (part.start, part.stop, part.step)]
    raise TypeError(
        "SymbolicTensor: expected numbers, slices, None and ... in brackets, got "
        f"{type(part).__name__}"
    )
