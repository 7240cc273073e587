"""The protocol of a layer: build, forward, backward, and its weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import initializers
from rnncore.layers._arguments import (
    boolean,
    feature_shape,
    reject_unsupported,
)
from rnncore.layers._buffers import Buffers
from rnncore.layers._convert import check_mask, numeric_array
from rnncore.layers.parameter import Parameter, building
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count, float_dtype
from rnncore.utils._memory import room_for
from rnncore.utils.random import new_rng

Shape = tuple[int | None, ...]


def snake_case(name: str) -> str:
    """Turn a class name into Keras' layer name: ``SimpleRNN`` -> ``simple_rnn``."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


class Layer:
    """Base of all layers.

    A subclass gives `build`, `compute_output_shape`, `forward` and `backward`. `forward` with
    ``training=True`` keeps what `backward` needs until that has run; with ``training=False`` it
    changes nothing in the layer, so that threads may share it. `backward` overwrites the
    gradients of the weights (it does not add to them) and returns the gradient of the input.
    In training both return arrays that belong to the layer: its next step overwrites them.

    Parameters
    ----------
    name : str, optional
        Default: the class name in snake case. A model makes default names unique by a suffix.
    dtype : {"float32", "float64"}, optional
        Default: that of the model, float32 outside one.
    trainable : bool, default True
        Whether the optimizer may change the weights.
    input_shape : tuple, optional
        Shape of one sample, for the first layer of a model: ``(timesteps, features)``; None
        marks an axis of any size.
    input_dim, input_length : int, optional
        Older spelling of the same: features, and timesteps.
    batch_input_shape : tuple, optional
        `input_shape` with a None in front.
    """

    # Arguments of the Keras layer that are not there yet, each with the value that asks for
    # nothing. Subclasses extend it.
    unsupported: Mapping[str, Any] = {"activity_regularizer": None}
    # Whether the weights fix the size of the last input axis.
    needs_features = False
    # The attributes, and arguments, that the sizes of the weights follow from.
    size_arguments: tuple[str, ...] = ()
    # Layers inside this one: their weights are its own.
    children: Sequence[Layer] = ()
    # Whether the input is token ids (B, T) and not numbers with a last axis of features.
    takes_ids = False

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        input_shape: Any = None,
        batch_input_shape: Any = None,
        input_dim: int | None = None,
        input_length: int | None = None,
        **others: Any,
    ) -> None:
        owner = type(self).__name__
        reject_unsupported(type(self), others, self.unsupported)
        if name is not None and (not isinstance(name, str) or not name):
            raise TypeError(f"{owner}: name: expected a non-empty string or None, got {name!r}")
        self.name: str = name if name is not None else snake_case(owner)
        self.has_default_name = name is None
        self.explicit_dtype = None if dtype is None else float_dtype(owner, dtype)
        self.dtype: np.dtype[Any] = self.explicit_dtype or np.dtype(np.float32)
        self.trainable = trainable
        self.declared_input_shape = _declared_shape(
            owner, input_shape, batch_input_shape, input_dim, input_length
        )
        self.built = False
        self.input_shape: Shape | None = None
        self._parameters: list[Parameter] = []
        self._saved: Any = None
        self._buffers = Buffers()

    # -- what subclasses give ------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of `input_shape` (batch axis included, as None)."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `input_shape`, batch axis included."""
        return input_shape

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the mask that goes on to the next layer; by default the one that came."""
        return mask

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        """Return the output. `x` has the layer's dtype and a checked shape."""
        raise NotImplementedError

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        """Write the gradients of the weights, return dx (None where `need_dx` is False)."""
        raise NotImplementedError

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `forward` takes; raise for what is not numeric."""
        return narrowed(argument, numeric_array(argument, x), self.dtype)

    # -- use -----------------------------------------------------------------------------

    def __call__(
        self, x: ArrayLike, *, mask: ArrayLike | None = None, training: bool = False
    ) -> NDArray[Any]:
        """Apply the layer to an array, making its weights at the first call.

        Parameters
        ----------
        x : array_like
            Input, batch first. Converted to the layer's dtype.
        mask : array_like of bool, shape (B, T), optional
            True at real time steps.
        training : bool, default False
            Whether dropout and the like are active.

        Returns
        -------
        ndarray

        Raises
        ------
        ValueError, TypeError
            For a wrong shape or dtype, a masked array, numbers that are not in native byte order
            or that the layer's dtype cannot hold, or weights that cannot be addressed.
        MemoryError
            When the memory does not suffice for the weights or for the output.
        """
        if isinstance(x, Layer):
            raise TypeError(
                f"{self.name}: x: expected an array, got the layer {x.name!r}; "
                "put the layers in a Sequential to connect them"
            )
        converted = self.convert_input(x)
        if not self.built:
            self.make_weights((None, *converted.shape[1:]))
        self.check_input_shape(converted.shape)
        checked = None if mask is None else check_mask(self.name, mask, converted.shape)
        training = boolean(self.name, "training", training)
        shape = cast("tuple[int, ...]", self.compute_output_shape(converted.shape))
        with room_for(f"{self.name}: x", converted.shape, shape, self.dtype.itemsize):
            y = self.forward(converted, mask=checked, training=training)
        return y.copy() if training else y  # in training it is the layer's own

    def make_weights(self, input_shape: Shape) -> None:
        """Build the layer unless that is done, and remember the shape that it was built for."""
        with building:
            if self.built:
                self.check_input_shape(input_shape)
                return
            if self.needs_features and input_shape[-1] == 0:
                raise ValueError(
                    f"{self.name}: x: expected at least one feature, got {input_shape}"
                )
            try:
                self.build(input_shape)
            except BaseException:
                self.forget_weights()  # so that another attempt starts anew
                raise
            self.input_shape = input_shape
            self.built = True

    def draw_seeds(self) -> None:
        """Draw now what training would draw later, so that a copy goes on alike."""
        for child in self.children:
            child.draw_seeds()

    def forget_weights(self) -> None:
        """Become a layer that is not built."""
        self._parameters.clear()
        self.built = False
        for child in self.children:
            child.forget_weights()

    def check_input_shape(self, shape: Shape) -> None:
        """Raise ValueError unless `shape` has the rank and the features of the built layer."""
        built = self.input_shape
        if built is None:
            return
        if len(shape) != len(built) or (self.needs_features and shape[-1] != built[-1]):
            expected = (*(None for _ in built[:-1]), built[-1])
            raise ValueError(f"{self.name}: x: expected shape {expected}, got {tuple(shape)}")

    # -- weights -------------------------------------------------------------------------

    def add_weight(
        self,
        short_name: str,
        shape: tuple[int, ...],
        initializer: Any,
        *,
        decay: bool = True,
        trainable: bool = True,
    ) -> Parameter:
        """Make a weight from an initializer and register it; the order of calls is kept.

        With ``trainable=False`` no optimizer ever changes it: the layer does so by itself.
        """
        make = initializers.get(initializer)
        owner = f"{self.name}: {', '.join(self.size_arguments) or short_name}"
        sizes = ", ".join(str(getattr(self, argument)) for argument in self.size_arguments)
        source = f"{self.name}: initializer of {short_name}"
        # Initializers draw in float64, whatever the dtype of the weight.
        with room_for(owner, sizes or shape, shape):
            drawn = numeric_array(source, make(shape, self.dtype, new_rng()))
            value = np.array(narrowed(source, drawn, self.dtype))
        if value.shape != shape:
            raise ValueError(f"{source}: expected an array of shape {shape}, got {value.shape}")
        parameter = Parameter(self, short_name, value, decay=decay, trainable=trainable)
        self._parameters.append(parameter)
        return parameter

    @property
    def trainable(self) -> bool:
        """Whether the optimizer may change the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = boolean(type(self).__name__, "trainable", value)
        for child in self.children:
            child.trainable = value

    @property
    def weights(self) -> list[Parameter]:
        """All weights, in Keras' order."""
        inner = (parameter for child in self.children for parameter in child.weights)
        return [*self._parameters, *inner]

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that the optimizer may change."""
        return [parameter for parameter in self.weights if parameter.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that the optimizer leaves alone."""
        return [parameter for parameter in self.weights if not parameter.trainable]

    @property
    def output_shape(self) -> Shape | None:
        """Shape of the output with None for the batch; None before the layer is built."""
        return None if self.input_shape is None else self.compute_output_shape(self.input_shape)

    def get_weights(self) -> list[NDArray[Any]]:
        """Return copies of the weights, in Keras' order and shapes."""
        return [parameter.value.copy() for parameter in self.weights]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Set all weights from a list of arrays, as `get_weights` returns them.

        Raises
        ------
        ValueError, TypeError
            When the number of arrays or a shape differs, or an array does not hold plain numbers
            that the dtype of the weights can hold; no weight is changed then.
        """
        assign_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """Return the number of weights' elements. ValueError before the layer is built."""
        if not self.built:
            raise ValueError(f"{self.name}: count_params: the layer is not built yet")
        return sum(parameter.size for parameter in self.weights)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} built={self.built}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_saved": None}


def assign_all(owner: str, parameters: Sequence[Parameter], weights: Sequence[ArrayLike]) -> None:
    """Assign a list of arrays to parameters, all or none."""
    if isinstance(weights, (str, bytes, Mapping)) or not isinstance(weights, Iterable):
        raise TypeError(
            f"{owner}: weights: expected a list of arrays, got {type(weights).__name__}"
        )
    given = list(weights)
    if len(given) != len(parameters):
        raise ValueError(f"{owner}: weights: expected {len(parameters)} arrays, got {len(given)}")
    arrays = [
        parameter.converted(weight, f"{owner}: weights[{index}]")
        for index, (parameter, weight) in enumerate(zip(parameters, given, strict=True))
    ]
    for parameter, array in zip(parameters, arrays, strict=True):
        parameter.value[...] = array


def _declared_shape(
    owner: str, input_shape: Any, batch_input_shape: Any, input_dim: Any, input_length: Any
) -> Shape | None:
    given = {
        "input_shape": input_shape,
        "batch_input_shape": batch_input_shape,
        "input_dim": input_dim,
    }
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise ValueError(f"{owner}: expected one of {', '.join(names)}, got all of them")
    if input_length is not None and names != ["input_dim"]:
        raise ValueError(f"{owner}: input_length: expected together with input_dim only")
    if input_shape is not None:
        return feature_shape(owner, "input_shape", input_shape)
    if batch_input_shape is not None:
        return without_batch(owner, "batch_input_shape", batch_input_shape)
    if input_dim is None:
        return None
    features = check_count(owner, "input_dim", input_dim)
    if input_length is None:
        return (features,)
    return (check_count(owner, "input_length", input_length), features)


def without_batch(owner: str, argument: str, shape: Any) -> Shape:
    """Drop the batch axis, which has to be None: a fixed batch size is not supported yet."""
    if not isinstance(shape, (tuple, list)) or len(shape) < 2 or shape[0] is not None:
        raise ValueError(
            f"{owner}: {argument}: expected (None, ...): any batch size in front of the sizes "
            f"of a sample, got {shape!r}"
        )
    return feature_shape(owner, argument, tuple(shape[1:]))
