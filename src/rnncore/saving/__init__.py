"""Files of models and weights, configurations of objects, and the registry of your own classes.

See docs/model-files.md for the format.
"""

from rnncore.saving.model_file import load_model, load_weights, save_model, save_weights
from rnncore.utils._config import (
    deserialize as deserialize_keras_object,
    serialize as serialize_keras_object,
)
from rnncore.utils._registry import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
