"""Callbacks of `fit`, `evaluate` and `predict`."""

from typing import TYPE_CHECKING

from rnncore.callbacks.base import (
    Callback as Callback,
    CallbackList as CallbackList,
    LambdaCallback as LambdaCallback,
)
from rnncore.callbacks.checkpoints import (
    BackupAndRestore as BackupAndRestore,
    ModelCheckpoint as ModelCheckpoint,
)
from rnncore.callbacks.history import (
    CSVLogger as CSVLogger,
    GradientNorms as GradientNorms,
    History as History,
)
from rnncore.callbacks.monitors import (
    EarlyStopping as EarlyStopping,
    LearningRateScheduler as LearningRateScheduler,
    MonitorCallback as MonitorCallback,
    ReduceLROnPlateau as ReduceLROnPlateau,
    TerminateOnNaN as TerminateOnNaN,
)
from rnncore.saving.model_file import load_checkpoint as load_checkpoint
from rnncore.utils._names import public

if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "load_checkpoint")
