"""Windows that slide over the steps of a sequence, or the rows and columns of an image."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import expect_axes
from rnncore.layers.tape import Tape

# Names of the axes that windows slide over, by the number of axes.
AXES = {1: ("timesteps",), 2: ("rows", "columns")}

# What nodes call the paddings.
PADDINGS = {"valid": 0, "same": 1, "causal": 2}

Sizes = tuple[int | None, ...]
Index = tuple[slice, ...]


@dataclass(frozen=True)
class Windows:
    """Windows of `sizes` steps, `dilations` apart, that start every `strides` steps.

    One number for each axis between the batch and the features. With padding "valid" all windows
    lie within the input. "same" and "causal" give one window for each `strides` steps; "same" pads
    both ends, "causal" the start only.
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
        """Return how many windows an input of `shape` has; ValueError if there is none."""
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

    def of_lengths(self) -> tuple[int, int, int] | None:
        """Return what `Layer.output_windows` does.

        None if the places of windows would depend on the length, as "same" pads both sides for the
        last window.
        """
        (stride, *others), reach = self.strides, self.reaches[0]
        padded_less = max(reach - stride, 0) // 2
        if others or (self.padding == "same" and (reach - 1) // 2 != padded_less):
            return None
        return 1, reach if self.padding == "valid" else 1, stride

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

    def of(self, owner: str, x: NDArray[Any], tape: Tape) -> NDArray[Any]:
        """Return the windows of x ``(B, ..., F)``, zeros beyond its ends.

        They are a read-only view ``(B, counts, sizes, F)``.
        """
        self.counts(owner, x.shape)  # not every model asks for the shape of the output first
        lengths = x.shape[1:-1]
        margins = self.margins(lengths)
        if any(map(any, margins)):
            wide = (n + before + after for n, (before, after) in zip(lengths, margins, strict=True))
            inner = (slice(m[0], m[0] + n) for n, m in zip(lengths, margins, strict=True))
            padded = tape.take("padded", (len(x), *wide, x.shape[-1]), x.dtype)
            padded.fill(0)
            padded[(slice(None), *inner)] = x
            x = padded
        rank = len(self.sizes)
        axes = tuple(range(1, rank + 1))
        view = np.lib.stride_tricks.sliding_window_view(x, self.reaches, axis=axes)
        every = slice(None)
        starts = tuple(slice(None, None, stride) for stride in self.strides)
        steps = tuple(slice(None, None, dilation) for dilation in self.dilations)
        return np.moveaxis(view[(every, *starts, every, *steps)], rank + 1, -1)

    def places(self, lengths: tuple[int, ...]) -> Iterator[tuple[Index, Index]]:
        """Yield, for each place in a window, the index of the input and of the windows there.

        Only windows with a step of the input at that place are included. The last axis of a window
        runs fastest.
        """
        befores = [before for before, _ in self.margins(lengths)]
        for place in itertools.product(*map(range, self.sizes)):
            steps, windows = [slice(None)], [slice(None)]
            for axis, length in enumerate(lengths):
                stride = self.strides[axis]
                shift = place[axis] * self.dilations[axis] - befores[axis]
                least = self.reaches[axis] if self.padding == "valid" else 1
                first = max(0, -(shift // stride))  # the quotient rounded up
                last = min((length - least) // stride, (length - 1 - shift) // stride)
                windows.append(slice(first, max(first, last + 1)))
                start = first * stride + shift
                steps.append(slice(start, max(start, last * stride + shift + 1), stride))
            yield tuple(steps), tuple(windows)

    def add_up(self, rows: NDArray[Any], x: NDArray[Any]) -> None:
        """Add windows, as rows ``(B, counts, product of sizes * F)``, to the steps they hold."""
        features = x.shape[-1]
        for number, (steps, windows) in enumerate(self.places(x.shape[1:-1])):
            x[steps] += rows[windows][..., number * features : (number + 1) * features]


def padding_name(owner: str, value: Any, names: tuple[str, ...]) -> str:
    """Return the name of a padding in lower case; ValueError if it is unknown."""
    name = value.lower() if isinstance(value, str) else value
    if name not in names:
        raise ValueError(f"{owner}: padding: expected one of {', '.join(names)}, got {value!r}")
    return str(name)
