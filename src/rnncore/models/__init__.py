"""Models: chains and graphs of layers that train and predict."""

from rnncore.models.model import Model
from rnncore.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
