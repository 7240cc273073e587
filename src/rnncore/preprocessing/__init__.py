"""Turn texts and series into arrays for networks."""

from rnncore.preprocessing import sequence, text
from rnncore.preprocessing.sequence import sliding_windows
from rnncore.preprocessing.text import Tokenizer, text_to_word_sequence
from rnncore.utils.dataset import timeseries_dataset_from_array

__all__ = [
    "Tokenizer",
    "sequence",
    "sliding_windows",
    "text",
    "text_to_word_sequence",
    "timeseries_dataset_from_array",
]
