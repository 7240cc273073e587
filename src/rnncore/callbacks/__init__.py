"""Callbacks of `fit`, `evaluate` and `predict`."""

from typing import TYPE_CHECKING

from rnncore.callbacks.backup import BackupAndRestore as BackupAndRestore
from rnncore.callbacks.base import Callback as Callback, CallbackList as CallbackList
from rnncore.callbacks.csv_logger import CSVLogger as CSVLogger
from rnncore.callbacks.early_stopping import EarlyStopping as EarlyStopping
from rnncore.callbacks.gradient_norms import GradientNorms as GradientNorms
from rnncore.callbacks.history import History as History
from rnncore.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from rnncore.callbacks.learning_rate import (
    LearningRateScheduler as LearningRateScheduler,
    ReduceLROnPlateau as ReduceLROnPlateau,
)
from rnncore.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from rnncore.callbacks.monitor import MonitorCallback as MonitorCallback
from rnncore.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN
from rnncore.saving.checkpoint import load_checkpoint as load_checkpoint
from rnncore.utils._names import public

if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "load_checkpoint")
