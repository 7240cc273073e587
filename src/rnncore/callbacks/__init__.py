"""What `fit`, `evaluate` and `predict` call while they work."""

from rnncore.callbacks.base import Callback, CallbackList
from rnncore.callbacks.lambda_callback import LambdaCallback

__all__ = ["Callback", "CallbackList", "LambdaCallback"]
