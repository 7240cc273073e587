"""Train several networks alike but for their random numbers, and report on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

import numpy as np

from rnncore.models import Sequential
from rnncore.training.progress import Progress
from rnncore.utils import set_random_seed

_BAR_WIDTH = 12  # the longest line just fits into 80 columns


class Report(Progress):
    """Lines of text, and a bar that is drawn over on a terminal.

    As a context it leaves an unfinished bar when the block ends.

    Parameters
    ----------
    level : {0, 1, 2}
        0 prints nothing, 1 the report and a bar, 2 also a line an epoch instead of the bar.
    stream : file object, optional
        Default: standard output.
    """

    def __init__(self, level: int = 1, stream: TextIO | None = None) -> None:
        super().__init__(level, stream=stream)
        self._every_epoch = level == 2

    def say(self, *lines: str) -> None:
        """Print lines of text."""
        self._write("\n".join((*lines, "")))

    def progress(self, name: str, done: int, total: int, loss: float) -> None:
        """Show that `done` of `total` epochs of the training called `name` are over."""
        if self._bar:
            filled = _BAR_WIDTH * done // total
            bar = f"{'#' * filled:.<{_BAR_WIDTH}}"
            line = f"  {name}  [{bar}]  epoch {done} of {total}  loss {loss:.4f}"
            # A line that wraps could not be drawn over.
            line = line[: self._columns() - 1]
            self._write("\r" + line.ljust(self._drawn) + ("\n" if done == total else ""))
            self._drawn = 0 if done == total else len(line)
        elif self._every_epoch or done == total:
            self.say(f"  {name}  epoch {done:>{len(str(total))}} of {total}  loss {loss:.4f}")


def train_networks(
    build: Callable[[], Sequential],
    x: np.ndarray,
    y: np.ndarray,
    rates: Sequence[float],
    *,
    batch_size: int,
    count: int,
    seed: int,
    report: Report,
    name: str = "network",
) -> Iterator[Sequential]:
    """Train `count` networks from `build`, a compiled one each time, on the same data.

    `rates` holds the learning rate of every epoch. Network i of the seed s gets the random seed
    ``count * s + i``, so no two seeds share one. The report calls it ``{name} {i + 1} of {count}``.
    """
    for i in range(count):
        set_random_seed((count * seed + i) % 2**32)
        network = build()
        for done, rate in enumerate(rates, start=1):
            network.optimizer.learning_rate = rate
            # One epoch a call, so that there is something to show in between.
            (loss,) = network.fit(x, y, batch_size=batch_size, verbose=0).history["loss"]
            report.progress(f"{name} {i + 1} of {count}", done, len(rates), loss)
        yield network
