"""`pad_sequences`, where Keras had it too."""

from rnncore.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]
