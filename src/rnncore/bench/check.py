"""Do two libraries compute the same thing?"""

from __future__ import annotations

from dataclasses import dataclass

from rnncore.bench.cases import Case
from rnncore.bench.peers.base import Outputs
from rnncore.testing import backward_tolerance, forward_tolerance, normwise_error


@dataclass(frozen=True)
class Agreement:
    """The array that differs most, in units of its tolerance; at most 1 means equal."""

    error: float
    what: str

    @property
    def holds(self) -> bool:
        return self.error <= 1.0


def agreement(case: Case, outputs: Outputs, expected: Outputs) -> Agreement:
    """Compare every array that both have, normwise, with the derived tolerances.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.bench.cases import Case
    >>> case = Case("rnn", "forward", steps=1, batch=1, inputs=1, units=1)
    >>> y = np.ones((1, 1, 1), np.float32)
    >>> agreement(case, {"y": y}, {"y": y}).holds
    True
    """
    # In a stack the errors of the first layer run through the second: a sequence twice as long.
    steps = case.steps * (2 if case.stacked else 1)
    depth = case.units + (max(case.inputs, 2 * case.units) if case.stacked else case.inputs)
    forward = forward_tolerance(case.dtype, depth, steps)
    longest = max(depth, case.gates * case.units)
    backward = backward_tolerance(case.dtype, longest, steps, case.batch * case.steps)
    worst = Agreement(0.0, "")
    for name in sorted(outputs.keys() & expected.keys()):
        tolerance = backward if name.startswith("d") else forward
        if outputs[name].shape != expected[name].shape:
            return Agreement(float("inf"), f"{name} of shape {outputs[name].shape}")
        # What is added up is of size 1, so a sum that happens to cancel is held to that.
        error = normwise_error(outputs[name], expected[name], floor=1.0) / tolerance
        if not error <= worst.error:
            worst = Agreement(error, name)
    return worst
