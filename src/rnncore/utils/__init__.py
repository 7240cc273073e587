"""Helpers for preparing data and for reproducible runs."""

from rnncore.utils._config import (
    deserialize as deserialize_keras_object,
    serialize as serialize_keras_object,
)
from rnncore.utils._names import clear_session
from rnncore.utils._registry import (
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)
from rnncore.utils.dataset import PyDataset, Sequence, timeseries_dataset_from_array
from rnncore.utils.numerical import normalize, pad_sequences, to_categorical
from rnncore.utils.plotting import plot_model
from rnncore.utils.random import new_rng, set_random_seed

__all__ = [
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "new_rng",
    "normalize",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "timeseries_dataset_from_array",
    "to_categorical",
]
