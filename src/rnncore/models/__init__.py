"""Models: chains and graphs of layers that train and predict."""

from typing import TYPE_CHECKING

from rnncore._core import Stream as Stream
from rnncore.models.config import clone_model as clone_model, model_from_json as model_from_json
from rnncore.models.functional import Functional as Functional
from rnncore.models.model import Model as Model
from rnncore.models.sequential import Sequential as Sequential
from rnncore.saving import load_model as load_model, save_model as save_model
from rnncore.utils._names import public

if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "Stream", "load_model", "save_model")
