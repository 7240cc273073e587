"""Working memory that a layer keeps between calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Objects for one thread at a time: a call takes one, or makes it, and gives it back.

    As many are kept as calls ran at the same time. A copy, also by pickle, starts empty.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._idle: list[T] = []

    def take(self) -> T:
        """Return an object that no other call has."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()

    def give_back(self, item: T) -> None:
        """Keep an object for the next call."""
        self._idle.append(item)

    def __reduce__(self) -> tuple[type[Kept[T]], tuple[Callable[[], T]]]:
        return Kept, (self._make,)
