"""The layers of a chain as a configuration, in the form that Keras gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnncore.utils._checks import check_flag
from rnncore.utils._config import deserialize, record


def chain_config(model: Any) -> dict[str, Any]:
    """Return the configuration of a `Sequential`."""
    layers = list(model.layers)
    if model.declared_input_shape is not None:
        layers.insert(0, model.input.node.layer)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "dtype": model.dtype.name,
        "layers": [{**record(layer), "name": layer.name} for layer in layers],
        "build_input_shape": model.input_shape if model.built else None,
    }


def chain_of_config(cls: Any, config: Mapping[str, Any], made: Mapping[str, Any] | None) -> Any:
    """Make a `Sequential`, of the class `cls`, with the layers in `made` or with new ones."""
    model = cls(name=config.get("name"), dtype=config.get("dtype"))
    for entry in config["layers"]:
        name = entry.get("name")
        if made and name in made:
            layer = made[name]
        else:
            layer = deserialize(entry)
            layer.name = layer.name if name is None else name
        model.add(layer)
    shape = config.get("build_input_shape")
    if shape is not None and not model.built:
        model.build(tuple(shape))
    if not check_flag("Sequential", "trainable", config.get("trainable", True)):
        model.trainable = False
    return model
