"""Models: chains and graphs of layers that train and predict."""

from rnncore.models.config import clone_model, model_from_json
from rnncore.models.functional import Functional
from rnncore.models.model import Model
from rnncore.models.sequential import Sequential
from rnncore.saving import load_model, save_model

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
