"""Hold back Ctrl-C while a model is half updated."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class InterruptGuard:
    """While active, delays Ctrl-C inside ``with guard.held`` until the end of that block.

    Elsewhere Ctrl-C acts at once, through the previous handler. Outside the main thread there are
    no signals, and the guard does nothing.

    Examples
    --------
    >>> from rnncore.training.interrupts import InterruptGuard
    >>> with InterruptGuard() as guard:
    ...     with guard.held:
    ...         pass  # all or nothing
    """

    def __init__(self) -> None:
        self._previous: Any = None
        self._holding = False
        self._pending: tuple[int, FrameType | None] | None = None
        self.held = _Held(self)

    def __enter__(self) -> InterruptGuard:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(previous):
                self._previous = previous
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._holding:
            self._pending = (number, frame)
        else:
            self._previous(number, frame)


class _Held:
    """The block in which a guard holds Ctrl-C. A class, for speed: it is entered in every step."""

    def __init__(self, guard: InterruptGuard) -> None:
        self._guard = guard

    def __enter__(self) -> None:
        self._guard._holding = True

    def __exit__(self, *_: object) -> None:
        guard = self._guard
        guard._holding = False
        pending, guard._pending = guard._pending, None
        if pending is not None:  # a Ctrl-C that came meanwhile acts now
            guard._previous(*pending)
