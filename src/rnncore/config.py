"""What Keras programs ask of ``keras.config``."""

from rnncore.backend import backend, epsilon, floatx, set_floatx

__all__ = ["backend", "epsilon", "floatx", "set_floatx"]
