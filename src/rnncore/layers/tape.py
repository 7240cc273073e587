"""Where a forward pass in training keeps what its backward needs."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnncore import _core


class Buffers:
    """Arrays by name, made on first use and enlarged when too small.

    What `take` returns still holds the values of the previous step, and the next step overwrites
    it. A copy or a pickle starts empty.
    """

    def __init__(self) -> None:
        self._memory: dict[str, NDArray[Any]] = {}
        # With the shapes and dtypes that they were asked for: those of an array are made anew.
        self._views: dict[str, tuple[tuple[int, ...], DTypeLike, NDArray[Any]]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return a contiguous, uninitialized array of this shape and dtype."""
        known = self._views.get(name)
        if known is not None and known[0] == shape and known[1] is dtype:
            return known[2]
        memory = self._memory.get(name)
        size = math.prod(shape)
        if memory is None or memory.size < size or memory.dtype != dtype:
            memory = self._memory[name] = np.empty(size, dtype)
        view = memory[:size].reshape(shape)
        self._views[name] = shape, dtype, view
        return view

    def copied(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """Return a contiguous copy of an array, in memory as `take` gives it."""
        copy = self.take(name, array.shape, array.dtype)
        copy[...] = array
        return copy

    def __reduce__(self) -> tuple[type[Buffers], tuple[()]]:
        return type(self), ()


class Tape(Buffers):
    """What a forward pass keeps for its backward, and the arrays that both write to.

    A layer keeps used tapes and records later passes on them, so that a training step reuses the
    memory of the one before. A pass that no backward follows simply drops its tape.

    Attributes
    ----------
    saved : object
        What the backward needs; any object.
    scratch : _core.Scratch or None
        Memory that the kernels keep from one call to the next, None for new memory each time.
    recording : bool
        Whether a backward may follow.
    """

    recording = True

    def __init__(self) -> None:
        super().__init__()
        self.saved: Any = None
        self.scratch: _core.Scratch | None = _core.Scratch()


class Fresh(Tape):
    """The tape of every pass in inference: keeps nothing, so that threads may share a layer."""

    recording = False

    def __init__(self) -> None:
        self.scratch = None

    @property
    def saved(self) -> Any:
        """What `backward` would need, had the pass been one of training: raises RuntimeError."""
        raise RuntimeError(
            "backward: expected the tape of a forward pass with training=True, got that of a pass "
            "in inference"
        )

    @saved.setter
    def saved(self, value: Any) -> None:
        """Drop the value."""

    def take(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return a new, uninitialized array of this shape and dtype."""
        return np.empty(shape, dtype)


FRESH = Fresh()


class Tapes:
    """What runs passes, by one thread or several, and keeps the tapes for later ones."""

    # What a pass is recorded on; a subclass may use a tape with its own working memory.
    tape_class: ClassVar[type[Tape]] = Tape
    _tapes: list[Tape]

    def tape(self, training: bool) -> Tape:
        """Return a tape for one more pass; one that keeps nothing outside training."""
        if not training:
            return FRESH
        try:
            return self._tapes.pop()
        except IndexError:  # another thread may have the last one
            return self.tape_class()

    def used(self, tape: Tape) -> Any:
        """Return what the forward pass saved, and keep the tape for the next pass."""
        if tape in self._tapes:
            raise RuntimeError(
                "backward: expected the tape of a forward pass in training that no backward has "
                "followed yet, got one that was used before"
            )
        saved, tape.saved = tape.saved, None
        self._tapes.append(tape)
        return saved
