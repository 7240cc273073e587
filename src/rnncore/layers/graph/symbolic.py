"""Tensors that stand for arrays while a graph is built, and its steps as Keras counts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

if TYPE_CHECKING:
    from rnncore.layers.layer import Layer, Shape


class CountedStep:
    """A call of a layer, or (without layer) an operation on masks, and the steps it reads.

    Attributes
    ----------
    reads : tuple of CountedStep
    rank : int
        The number of axes of its result.
    layer : Layer or None
    """

    def __init__(self, *reads: CountedStep, rank: int, layer: Any = None) -> None:
        self.reads = reads
        self.rank = rank
        self.layer = layer


# The last step in computing each of several masks, None where there is no mask.
MaskSteps = list[CountedStep | None]


def either(one: CountedStep, other: CountedStep) -> CountedStep:
    """Return the step that finds where one mask or another is True."""
    return CountedStep(one, other, rank=max(one.rank, other.rank))


# The operations that symbolic tensors know, by their names in NumPy.
OPERATIONS = ("add", "subtract", "multiply", "divide")


class SymbolicTensor(NDArrayOperatorsMixin):
    """What `Input` returns, and what a layer returns when called on one.

    It holds no numbers, only a shape and the call of the layer that produces it. Arithmetic with
    ``+``, ``-``, ``*`` and ``/`` and indexing such as ``x[:, -1]`` are calls of layers too.

    Attributes
    ----------
    shape : tuple
        None for the batch and for other axes of any size.
    dtype : numpy.dtype
    node : Node
        The call that produces it.
    index : int
        Its index among the outputs of that call.
    """

    def __init__(self, shape: Shape, dtype: np.dtype[Any], node: Node, index: int) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.node = node
        self.index = index

    @property
    def name(self) -> str:
        """Name of the layer that produces it."""
        return self.node.layer.name

    @property
    def declared_input_shape(self) -> Shape:
        """Shape of one sample."""
        return self.shape[1:]

    # NumPy would make an object array of it.
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise TypeError(
            f"expected an array, got {self!r}, which holds no numbers: call layers on it, and "
            "a Model(inputs, outputs) on arrays"
        )

    def __array_ufunc__(
        self, function: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> SymbolicTensor:
        name = function.__name__
        if kwargs.get("out", (None,))[0] is self:  # x += 1 makes another tensor
            del kwargs["out"]
        if method == "__call__" and not kwargs:
            if name in OPERATIONS:
                return _operators["combined"](name, *inputs)
            if name == "negative":
                return _operators["combined"]("multiply", *inputs, -1)
        raise self._holds_no_numbers(name if method == "__call__" else f"{name}.{method}")

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if function is np.shape:
            return self.shape
        raise self._holds_no_numbers(function.__name__)

    def _holds_no_numbers(self, function: str) -> TypeError:
        return TypeError(
            f"np.{function}: expected arrays, got {self!r}, which holds no numbers: use a layer, "
            f"such as Activation('tanh'), Concatenate, or Lambda(lambda x: np.{function}(...))"
        )

    def __bool__(self) -> NoReturn:
        raise TypeError(f"expected a truth value, got {self!r}, which holds no numbers")

    # Each call makes a new tensor, so a tensor only equals itself, and comparing with a number is
    # an error.
    def __eq__(self, other: object) -> bool:
        if other is None or isinstance(other, SymbolicTensor):
            return self is other
        raise TypeError(
            f"expected only +, -, *, / and indexing of {self!r}, got a comparison; masks come from "
            "Embedding(mask_zero=True), Masking, or an Input of their own"
        )

    __ne__ = object.__ne__
    __hash__ = object.__hash__

    # Otherwise __getitem__ would make it iterable.
    __iter__: None = None

    def __getitem__(self, key: Any) -> SymbolicTensor:
        return _operators["item"](self, key)

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape} dtype={self.dtype} of {self.name}>"


_operators: dict[str, Callable[..., SymbolicTensor]] = {}


def operator(function: Callable[..., SymbolicTensor]) -> Callable[..., SymbolicTensor]:
    """Register a function that symbolic tensors call by name, as it cannot be imported here."""
    _operators[function.__name__] = function
    return function


class Node:
    """One call of a layer in a graph; a layer called twice has two.

    Attributes
    ----------
    layer : Layer
    inputs, outputs : tuple of SymbolicTensor
        What the layer was called on, and what it returned.
    arguments : dict
        The other arguments of the call by name, except those that were None: ``{"initial_state":
        [h, c]}``, ``{"mask": m}``, ``{"training": True}``. A value is a SymbolicTensor, an ndarray,
        None, a bool, a number or a string, or a list of such values.
    takes_list, gives_list : bool
        Whether the layer takes and returns a list of arrays.
    """

    def __init__(
        self,
        layer: Layer,
        inputs: Sequence[SymbolicTensor],
        output_shape: Shape | list[Shape],
        dtype: np.dtype[Any],
        *,
        takes_list: bool = False,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self.layer = layer
        self.inputs = tuple(inputs)
        self.arguments = dict(arguments or {})
        self.takes_list = takes_list
        self.gives_list = isinstance(output_shape, list)
        shapes = output_shape if isinstance(output_shape, list) else [output_shape]
        self.outputs = tuple(
            SymbolicTensor(shape, dtype, self, index) for index, shape in enumerate(shapes)
        )

    @property
    def reads(self) -> tuple[SymbolicTensor, ...]:
        """All tensors that the call needs: `inputs`, and those in `arguments`."""
        others = leaves(list(self.arguments.values()))
        return (*self.inputs, *(one for one in others if isinstance(one, SymbolicTensor)))


def leaves(value: Any) -> list[Any]:
    """Return the leaves of nested lists in order; anything else as a list of one."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def replaced(value: Any, find: Callable[[SymbolicTensor], Any]) -> Any:
    """Return `value` with ``find(tensor)`` in place of every symbolic tensor in it."""
    if isinstance(value, (list, tuple)):
        return [replaced(item, find) for item in value]
    return find(value) if isinstance(value, SymbolicTensor) else value


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a symbolic tensor, or a list or dict with one."""
    if isinstance(x, dict):
        x = list(x.values())
    if isinstance(x, (list, tuple)):
        return any(isinstance(item, SymbolicTensor) for item in x)
    return isinstance(x, SymbolicTensor)
