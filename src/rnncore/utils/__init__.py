"""Helpers for preparing data and for repeatable runs."""

from rnncore.utils._names import clear_session
from rnncore.utils.categorical import to_categorical
from rnncore.utils.dataset import PyDataset, Sequence
from rnncore.utils.plotting import plot_model
from rnncore.utils.random import new_rng, set_random_seed
from rnncore.utils.sequences import pad_sequences

__all__ = [
    "PyDataset",
    "Sequence",
    "clear_session",
    "new_rng",
    "pad_sequences",
    "plot_model",
    "set_random_seed",
    "to_categorical",
]
