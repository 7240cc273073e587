"""Models from models and from JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rnncore.layers.core.input_layer import InputLayer
from rnncore.layers.layer import Layer
from rnncore.models.model import Model
from rnncore.saving.model_file import model_of_text


def clone_model(
    model: Model,
    input_tensors: None = None,
    clone_function: Callable[[Layer], Layer] | None = None,
) -> Model:
    """Make a model with the same layers anew: other objects, weights from their initializers.

    Parameters
    ----------
    model : Model
        A `Sequential` or a ``Model(inputs, outputs)``.
    input_tensors : None
        Not supported: call the clone on other inputs.
    clone_function : callable, optional
        Gets each layer but the inputs and returns the one to stand in its place. Default:
        ``layer.from_config(layer.get_config())``.

    Raises
    ------
    ValueError, TypeError
        For another model or `input_tensors`, and for a `clone_function` that returns no layer.

    Examples
    --------
    >>> from rnncore import Sequential
    >>> from rnncore.layers import LSTM, Dense
    >>> from rnncore.models import clone_model
    >>> model = Sequential([LSTM(4, input_shape=(5, 2)), Dense(1)])
    >>> clone_model(model).count_params() == model.count_params()
    True
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model: model: expected a model, got {model!r}")
    if input_tensors is not None:
        raise ValueError(
            "clone_model: input_tensors: expected None (call the clone on other inputs), got "
            f"{input_tensors!r}"
        )
    config = model.get_config()
    if "layers" not in config or clone_function is None:
        return type(model).from_config(config)
    if not callable(clone_function):
        raise TypeError(f"clone_model: clone_function: expected a function, got {clone_function!r}")
    clones = {}
    for layer in model.layers:
        if not isinstance(layer, InputLayer):
            clones[layer.name] = clone_function(layer)
            if not isinstance(clones[layer.name], Layer):
                raise TypeError(
                    f"clone_model: clone_function: expected a layer for {layer.name!r}, "
                    f"got {clones[layer.name]!r}"
                )
    return type(model)._of_structure(config, clones)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Make a model, with new weights, from what ``model.to_json()`` returned.

    Parameters
    ----------
    json_string : str
    custom_objects : dict of str to class or function, optional
        What it may name besides the classes of this library and what is registered; see
        `rnncore.saving.register_keras_serializable`.

    Raises
    ------
    ValueError, TypeError
        For a text that is none of a model, or that names something unknown.
    """
    if not isinstance(json_string, str):
        raise TypeError(f"model_from_json: json_string: expected a string, got {json_string!r}")
    model: Model = model_of_text(json_string, custom_objects)
    return model
