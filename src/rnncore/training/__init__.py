"""Training: batches, loops, progress and history."""

from rnncore.training.history import History

__all__ = ["History"]
