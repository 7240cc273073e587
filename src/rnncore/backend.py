"""What Keras programs ask of ``keras.backend``; here there is one, the kernels of the library."""

from rnncore.utils._names import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx"]


def backend() -> str:
    """Return the name of what computes: ``"rnncore"``."""
    return "rnncore"


def floatx() -> str:
    """Return the dtype of layers and models that are given none: ``"float32"``."""
    return "float32"


def epsilon() -> float:
    """Return the small number that keeps a divisor or a logarithm away from zero."""
    return 1e-7
