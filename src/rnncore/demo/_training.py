"""Train several networks alike but for their random numbers, and show how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnncore.demo._report import Report
from rnncore.models import Sequential
from rnncore.utils import set_random_seed


class Phase(NamedTuple):
    """So many epochs at one learning rate."""

    epochs: int
    learning_rate: float


def train_networks(
    build: Callable[[], Sequential],
    x: np.ndarray,
    y: np.ndarray,
    phases: Sequence[Phase],
    *,
    batch_size: int,
    count: int,
    seed: int,
    report: Report,
    name: str = "network",
) -> list[Sequential]:
    """Train `count` networks from `build`, a compiled one each time, on the same data.

    Network i of the seed s gets the random seed ``count * s + i``, so no two seeds share one. The
    report calls it ``{name} {i + 1} of {count}``.
    """
    total = sum(phase.epochs for phase in phases)
    networks = []
    for i in range(count):
        set_random_seed((count * seed + i) % 2**32)
        network = build()
        done = 0
        for epochs, learning_rate in phases:
            network.optimizer.learning_rate = learning_rate
            for _ in range(epochs):
                # One epoch a call, so that there is something to show in between.
                history = network.fit(x, y, batch_size=batch_size, verbose=0)
                done += 1
                report.progress(
                    f"{name} {i + 1} of {count}", done, total, history.history["loss"][-1]
                )
        networks.append(network)
    return networks
