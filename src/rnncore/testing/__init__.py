"""Helpers for testing numerical code: derived tolerances and a finite-difference gradient check.

They work for your own layers and losses too.
"""

from rnncore.testing.gradcheck import (
    check_cell,
    check_gradients,
    gradient_errors,
    numerical_gradient,
)
from rnncore.testing.tolerances import (
    assert_close,
    backward_tolerance,
    dot_tolerance,
    forward_tolerance,
    normwise_error,
)

__all__ = [
    "assert_close",
    "backward_tolerance",
    "check_cell",
    "check_gradients",
    "dot_tolerance",
    "forward_tolerance",
    "gradient_errors",
    "normwise_error",
    "numerical_gradient",
]
