"""How much a case has to compute and to read, and the least time a machine needs for that.

Counted are the multiply-adds of the matrix products (2 flops each) and the reads of the recurrent
weights, once a step. Gate equations, states, x, y and the tape are left out, so a limit is a
little optimistic, never pessimistic.

For T steps of B rows (R = the sum of the lengths, T B of a full batch), G gates:

- projection of the inputs ``2 R I G H`` flops, recurrence ``2 R H G H``;
- the backward adds dx ``2 R I G H`` and dW the same, dh ``2 R H G H`` and dU the same;
- a stack of two bidirectional layers is four of these, two of them with 2 H for I.

The products over all steps (projection, dx, dW, dU) are bound by the peak of FMA alone. A step of
the recurrence takes at least the longer of its flops at the peak and its weights at the bandwidth
of the level of memory that they live in, where several threads may each hold a part of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncore.bench.cases import Case
from rnncore.bench.machine import Measured


@dataclass(frozen=True)
class Work:
    """What a case counts.

    Attributes
    ----------
    product_flops : float
        Of the products over all steps.
    recurrent_flops : float
        Of the time loops, forward and backward.
    weight_bytes : int
        Size of the recurrent weights that are in use at once: of a stack those of one direction,
        with several threads those of both.
    weight_reads : int
        How often they are read: once a step of a time loop.
    """

    product_flops: float
    recurrent_flops: float
    weight_bytes: int
    weight_reads: int

    @property
    def flops(self) -> float:
        return self.product_flops + self.recurrent_flops

    @property
    def bytes(self) -> float:
        return float(self.weight_bytes * self.weight_reads)


def count(case: Case, share: float = 1.0) -> Work:
    """The work of a case whose rows have `share` of the steps of a full batch.

    Examples
    --------
    >>> from rnncore.bench.cases import Case
    >>> count(Case("rnn", "forward", steps=10, batch=2, inputs=3, units=4)).flops
    1120.0
    """
    columns = case.gates * case.units
    rows = case.steps * case.batch * share
    # A stack is four layers, two of them over the 2 H numbers of the first two.
    inputs = 2 * case.inputs + 4 * case.units if case.stacked else case.inputs
    layers = 4 if case.stacked else 1
    projection = 2.0 * rows * inputs * columns
    recurrence = 2.0 * rows * case.units * columns * layers
    size = case.units * columns * np.dtype(case.dtype).itemsize
    together = 2 if case.stacked and case.threads > 1 else 1
    reads = case.steps * layers // together
    if case.trains:
        return Work(3 * projection + recurrence, 2 * recurrence, together * size, 2 * reads)
    return Work(projection, recurrence, together * size, reads)


def limit(case: Case, work: Work, machine: Measured) -> tuple[float, str]:
    """The least seconds that `machine` (measured with the case's threads) needs.

    Then what sets them in the time loop: "flops", "L1", ...
    """
    peak = machine.peak[case.dtype]
    arithmetic = work.recurrent_flops / peak
    level = machine.level_of(work.weight_bytes)
    reading = work.bytes / machine.bandwidth[level]
    seconds = work.product_flops / peak + max(arithmetic, reading)
    return seconds, "flops" if arithmetic >= reading else level
