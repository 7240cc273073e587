"""Show progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TextIO

import numpy as np

_SECONDS_BETWEEN_UPDATES = 0.1
_BAR_WIDTH = 20


def resolve_verbose(verbose: Any) -> int:
    """Return 0 (silent), 1 (bar on a terminal) or 2 (plain lines); "auto" means 1."""
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    if not isinstance(verbose, (int, np.integer)) or verbose not in (0, 1, 2):
        raise ValueError(f"verbose: expected 0, 1, 2 or 'auto', got {verbose!r}")
    return int(verbose)


class Progress:
    """Report the steps of one or more epochs.

    On a terminal, ``verbose=1`` shows a bar with step, loss, metrics, time per step and remaining
    time. Elsewhere, and with ``verbose=2``, prints one line per epoch.

    Parameters
    ----------
    verbose : {0, 1, 2}
    epochs : int, optional
        Number of epochs, for the title of a line; None without epochs.
    stream : file object, optional
        Default: standard output.
    clock : callable, optional
        Seconds as a float.
    only_bar : bool, default False
        Whether to print nothing if there is no terminal.
    """

    def __init__(
        self,
        verbose: int,
        epochs: int | None = None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.perf_counter,
        only_bar: bool = False,
    ) -> None:
        found = sys.stdout if stream is None else stream
        # Programs without a console have no standard output.
        self._stream: TextIO | None = found if verbose and found is not None else None
        self._bar = verbose == 1 and self._stream is not None and self._stream.isatty()
        if only_bar and not self._bar:
            self._stream = None
        self._epochs = epochs
        self._clock = clock
        self._drawn = 0
        self.begin(0)

    @property
    def silent(self) -> bool:
        """Whether nothing is printed."""
        return self._stream is None

    def begin(self, steps: int | None, epoch: int | None = None) -> None:
        """Start an epoch (counted from 0), or another pass, of `steps` steps.

        With unknown `steps` (None) there is no bar and no remaining time.
        """
        self._steps = steps
        self._done = 0
        self._title = "" if epoch is None else f"Epoch {epoch + 1}/{self._epochs}"
        self._start = self._clock()
        self._next_update = self._start
        self._elapsed = 0.0

    def step(self, results: Callable[[], Mapping[str, float]]) -> None:
        """Count a step; `results` is only called if something is drawn."""
        self._done += 1
        if not self._bar:
            return
        now = self._clock()
        if now < self._next_update:
            return
        self._next_update = now + _SECONDS_BETWEEN_UPDATES
        each = (now - self._start) / self._done
        times = [f"{_duration(each)}/step"]
        if self._steps is not None:
            times.append(f"ETA {_duration(each * (self._steps - self._done))}")
        # A line that wraps could not be overwritten.
        line = _line([self._title, self._count(bar=True), *times], results())
        line = line[: self._columns() - 1]
        self._write("\r" + line.ljust(self._drawn))
        self._drawn = len(line)

    def training_done(self) -> None:
        """Stop the time per step here: validation follows."""
        self._elapsed = self._clock() - self._start

    def end(self, results: Mapping[str, float]) -> None:
        """Finish the epoch with its final line."""
        if self._stream is None:
            return
        total = self._clock() - self._start
        each = (self._elapsed or total) / max(1, self._done)
        times = [_duration(total), f"{_duration(each)}/step"]
        if self._bar:
            line = _line([self._title, self._count(bar=True), *times], results)
            if len(line) >= self._columns():
                line = _line([self._title, self._count(), *times], results)
            # The line may wrap, since nothing is drawn over it.
            line = "\r" + line.ljust(self._drawn)
            self._drawn = 0
        else:
            line = _line([self._title, *times], results)
        self._write(line + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave an unfinished bar, so that later output starts on a new line."""
        if self._drawn:
            self._write("\n")
            self._drawn = 0

    def _count(self, bar: bool = False) -> str:
        if self._steps is None:
            return f"{self._done}/?"
        count = f"{self._done:>{len(str(self._steps))}}/{self._steps}"
        filled = _BAR_WIDTH * self._done // max(1, self._steps)
        return f"{count} [{'=' * filled:.<{_BAR_WIDTH}}]" if bar else count

    def _columns(self) -> int:
        return max(21, shutil.get_terminal_size().columns)

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def _line(parts: list[str], results: Mapping[str, float]) -> str:
    shown = [part for part in parts if part]
    shown += [f"{name}: {_number(value)}" for name, value in results.items()]
    return " - ".join(shown)


def _number(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f}us"
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"
