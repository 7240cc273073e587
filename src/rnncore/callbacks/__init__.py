"""What `fit`, `evaluate` and `predict` call while they work."""

from rnncore.callbacks.backup import BackupAndRestore
from rnncore.callbacks.base import Callback, CallbackList
from rnncore.callbacks.csv_logger import CSVLogger
from rnncore.callbacks.early_stopping import EarlyStopping
from rnncore.callbacks.gradient_norms import GradientNorms
from rnncore.callbacks.history import History
from rnncore.callbacks.lambda_callback import LambdaCallback
from rnncore.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from rnncore.callbacks.model_checkpoint import ModelCheckpoint
from rnncore.callbacks.monitor import MonitorCallback
from rnncore.callbacks.terminate_on_nan import TerminateOnNaN
from rnncore.saving.checkpoint import load_checkpoint

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "GradientNorms",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "load_checkpoint",
]
