"""`pad_sequences` and `TimeseriesGenerator`, where Keras had them too."""

from rnncore.preprocessing.timeseries_generator import TimeseriesGenerator
from rnncore.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "pad_sequences"]
