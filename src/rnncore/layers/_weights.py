"""The weights of a layer: how they are made, listed and set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import constraints, initializers, regularizers
from rnncore.layers._arguments import boolean
from rnncore.layers._convert import numeric_array
from rnncore.layers._supply import current_supply
from rnncore.layers.parameter import Parameter
from rnncore.utils._arrays import narrowed
from rnncore.utils._memory import room_for
from rnncore.utils.random import new_rng

if TYPE_CHECKING:
    from rnncore.layers.layer import Layer


class Weighted:
    """What `Layer` has of weights."""

    name: str
    dtype: np.dtype[Any]
    built: bool

    # The attributes, and arguments, that the sizes of the weights follow from.
    size_arguments: tuple[str, ...] = ()
    # Layers inside this one: their weights are its own.
    children: Sequence[Layer] = ()

    _parameters: list[Parameter]
    _speaks_for: str | None = None

    @property
    def _owner(self) -> str:
        """The class that errors about arguments name: the layer's, or the one it was made for."""
        return self._speaks_for or type(self).__name__

    def choose(
        self, weight: str, initializer: Any, regularizer: Any = None, constraint: Any = None
    ) -> None:
        """Check the arguments that every weight has, and keep them as attributes.

        ``choose("kernel", ...)`` sets `kernel_initializer`, `kernel_regularizer` and
        `kernel_constraint`; `chosen` passes them to `add_weight`.
        """
        for kind, get, given in (
            ("initializer", initializers.get, initializer),
            ("regularizer", regularizers.get, regularizer),
            ("constraint", constraints.get, constraint),
        ):
            argument = f"{weight}_{kind}"
            setattr(self, argument, get(given, f"{self._owner}: {argument}"))

    def chosen(self, weight: str) -> dict[str, Any]:
        """Return what `choose` kept for a weight, as arguments of `add_weight`."""
        return {
            kind: getattr(self, f"{weight}_{kind}")
            for kind in ("initializer", "regularizer", "constraint")
        }

    def add_weight(
        self,
        short_name: str = "variable",
        shape: Sequence[int] = (),
        initializer: Any = None,
        *,
        name: str | None = None,
        regularizer: Any = None,
        constraint: Any = None,
        decay: bool = True,
        trainable: bool = True,
    ) -> Parameter:
        """Make a weight from an initializer and register it; the order of calls is kept.

        With ``trainable=False`` no optimizer ever changes it: the layer does so by itself.
        Training adds the penalty of `regularizer` to the loss and applies `constraint` after
        every step, unless the weight is frozen. As in Keras the name may be given by ``name=``,
        and the default initializer is "glorot_uniform".
        """
        short_name, shape = short_name if name is None else name, tuple(shape)
        if not isinstance(short_name, str):
            raise TypeError(f"{self.name}: add_weight: name: expected a string, got {short_name!r}")
        initializer = "glorot_uniform" if initializer is None else initializer
        make = initializers.for_weights(initializers.get(initializer))
        owner = f"{self.name}: {', '.join(self.size_arguments) or short_name}"
        sizes = ", ".join(str(getattr(self, argument)) for argument in self.size_arguments)
        source = f"{self.name}: initializer of {short_name}"
        supply = current_supply()
        if supply is not None:
            value = supply(owner, shape, self.dtype)
        else:
            # Initializers draw in float64, whatever the dtype of the weight.
            with room_for(owner, sizes or shape, shape):
                drawn = numeric_array(source, make(shape, self.dtype, new_rng()), scalar=not shape)
                value = np.array(narrowed(source, drawn, self.dtype))
        if value.shape != shape:
            raise ValueError(f"{source}: expected an array of shape {shape}, got {value.shape}")
        parameter = Parameter(
            self,  # type: ignore[arg-type]  # every Weighted is a Layer
            short_name,
            value,
            decay=decay,
            trainable=trainable,
            regularizer=regularizers.get(regularizer, f"{self.name}: regularizer of {short_name}"),
            constraint=constraints.get(constraint, f"{self.name}: constraint of {short_name}"),
        )
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
    def variables(self) -> list[Parameter]:
        """Keras' other name for `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Parameter]:
        """Keras' other name for `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Parameter]:
        """Keras' other name for `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def losses(self) -> list[float]:
        """The penalties on the weights that are trained, one for each that has a regularizer.

        Those on outputs depend on the data: `evaluate` and training count them.
        """
        return [p.penalty() for p in self.trainable_weights if p.regularizer is not None]

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

    def clear_grads(self) -> None:
        """Set the gradients of all trainable weights to zero."""
        for parameter in self.trainable_weights:
            parameter.grad[...] = 0
            parameter.grad_rows = None

    def count_params(self) -> int:
        """Return the number of weights' elements. ValueError before the layer is built."""
        if not self.built:
            raise ValueError(f"{self.name}: count_params: the layer is not built yet")
        return sum(parameter.size for parameter in self.weights)


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
