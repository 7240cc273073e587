"""Helpers for preparing data and for reproducible runs."""

from typing import TYPE_CHECKING

from rnncore.utils import _config, _names
from rnncore.utils._names import clear_session as clear_session
from rnncore.utils._registry import (
    custom_object_scope as custom_object_scope,
    get_custom_objects as get_custom_objects,
    register_keras_serializable as register_keras_serializable,
)
from rnncore.utils.dataset import (
    PyDataset as PyDataset,
    Sequence as Sequence,
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)
from rnncore.utils.numerical import (
    normalize as normalize,
    pad_sequences as pad_sequences,
    to_categorical as to_categorical,
)
from rnncore.utils.plotting import plot_model as plot_model
from rnncore.utils.random import new_rng as new_rng, set_random_seed as set_random_seed

deserialize_keras_object = _config.deserialize
serialize_keras_object = _config.serialize

if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = _names.public(globals())
