"""Windows that slide over the steps of a sequence, or the rows and columns of an image."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._buffers import FRESH, Memory
from rnncore.layers._shapes import expect_axes
from rnncore.utils._checks import check_count

# What the axes that windows slide over are called, by their number.
AXES = {1: ("timesteps",), 2: ("rows", "columns")}

Sizes = tuple[int | None, ...]


@dataclass(frozen=True)
class Windows:
    """Windows of `sizes` steps, `dilations` apart, that start every `strides` steps.

    One number for each axis between the batch and the features. With padding "valid" all lie
    within the input; "same" and "causal" give one to each `strides` steps, by padding both ends
    alike, or the start only.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: str

    @property
    def reaches(self) -> tuple[int, ...]:
        """Number of steps from the first to the last of a window, both included."""
        return tuple((n - 1) * d + 1 for n, d in zip(self.sizes, self.dilations, strict=True))

    def counts(self, owner: str, shape: Sizes) -> Sizes:
        """Return how many windows an input of `shape` has; ValueError when there is none."""
        names = AXES[len(self.sizes)]
        expect_axes(owner, shape, ("batch", *names, "features"))
        counts: list[int | None] = []
        for name, length, stride, reach in zip(
            names, shape[1:-1], self.strides, self.reaches, strict=True
        ):
            least = reach if self.padding == "valid" else 1
            if length is not None and length < least:
                raise ValueError(f"{owner}: x: expected at least {least} {name}, got {length}")
            counts.append(None if length is None else (length - least) // stride + 1)
        return tuple(counts)

    def margins(self, lengths: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return how many steps are padded before and after, axis by axis."""
        found = []
        for length, stride, reach in zip(lengths, self.strides, self.reaches, strict=True):
            total = 0
            if self.padding != "valid":
                total = max((length - 1) // stride * stride + reach - length, 0)
            before = total // 2
            if self.padding == "causal":
                before = total = reach - 1
            found.append((before, total - before))
        return found

    def padded(self, owner: str, x: NDArray[Any], memory: Memory, fill: float) -> NDArray[Any]:
        """Return x ``(B, ..., F)`` between margins of `fill`; x itself where there are none."""
        self.counts(owner, x.shape)  # not every model asks for the shape of the output first
        margins = self.margins(x.shape[1:-1])
        if not any(map(any, margins)):
            return x
        array = self._with_margins("padded", x.shape, x.dtype, memory)
        array.fill(fill)
        array[self._inner(x.shape)] = x
        return array

    def over(self, padded: NDArray[Any]) -> NDArray[Any]:
        """Return the windows of what `padded` gave, a read-only view ``(B, counts, sizes, F)``."""
        rank = len(self.sizes)
        axes = tuple(range(1, rank + 1))
        view = np.lib.stride_tricks.sliding_window_view(padded, self.reaches, axis=axes)
        every = slice(None)
        starts = tuple(slice(None, None, stride) for stride in self.strides)
        steps = tuple(slice(None, None, dilation) for dilation in self.dilations)
        view = view[(every, *starts, every, *steps)]
        return np.moveaxis(view, rank + 1, -1)

    def places(self, counts: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
        """Yield, for each place in a window, the steps that stand there in all windows.

        They index what `padded` gave; the last axis of a window runs fastest.
        """
        for place in itertools.product(*map(range, self.sizes)):
            firsts = (n * d for n, d in zip(place, self.dilations, strict=True))
            steps = tuple(
                slice(first, first + (count - 1) * stride + 1, stride)
                for first, count, stride in zip(firsts, counts, self.strides, strict=True)
            )
            yield (slice(None), *steps)

    def zeros(self, shape: tuple[int, ...], dtype: Any, memory: Memory) -> NDArray[Any]:
        """Return zeros of the shape that `padded` gives an x of `shape`, to add gradients to."""
        array = self._with_margins("dpadded", shape, dtype, memory)
        array.fill(0)
        return array

    def without_margins(self, dpadded: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the part of `dpadded` that belongs to an x of `shape`."""
        return dpadded[self._inner(shape)]

    def real(self, owner: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return how many steps of each window lie within an x of `shape`: (1, counts, 1)."""
        ones = np.ones((1, *shape[1:-1], 1), dtype)
        return self.over(self.padded(owner, ones, FRESH, 0.0)).sum(
            axis=tuple(range(-1 - len(self.sizes), -1))
        )

    def _with_margins(
        self, name: str, shape: tuple[int, ...], dtype: Any, memory: Memory
    ) -> NDArray[Any]:
        lengths = shape[1:-1]
        sizes = (
            before + length + after
            for length, (before, after) in zip(lengths, self.margins(lengths), strict=True)
        )
        return memory.take(name, (shape[0], *sizes, shape[-1]), dtype)

    def _inner(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        lengths = shape[1:-1]
        befores = (before for before, _ in self.margins(lengths))
        inner = (slice(n, n + length) for n, length in zip(befores, lengths, strict=True))
        return (slice(None), *inner)


def one_for_each_axis(owner: str, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return positive integers, one for each of `rank` axes; one integer stands for all."""
    expected = f"a positive integer or a tuple of {rank}"
    values = value if isinstance(value, (tuple, list)) else [value] * rank
    if len(values) != rank:
        raise ValueError(f"{owner}: {name}: expected {expected}, got {value!r}")
    return tuple(check_count(owner, name, one, expected) for one in values)


def padding_name(owner: str, value: Any, names: tuple[str, ...]) -> str:
    """Return the name of a padding in lower case; ValueError for an unknown one."""
    name = value.lower() if isinstance(value, str) else value
    if name not in names:
        raise ValueError(f"{owner}: padding: expected one of {', '.join(names)}, got {value!r}")
    return str(name)
