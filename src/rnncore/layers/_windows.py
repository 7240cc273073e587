"""Windows that slide over the steps of a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.utils._checks import check_count


@dataclass(frozen=True)
class Windows:
    """Windows of `size` steps, `dilation` apart, that start every `stride` steps.

    With padding "valid" all lie within the sequence; "same" and "causal" give one to each
    `stride` steps, by padding both ends alike, or the start only.
    """

    size: int
    stride: int
    dilation: int
    padding: str

    @property
    def reach(self) -> int:
        """Number of steps from the first to the last of a window, both included."""
        return (self.size - 1) * self.dilation + 1

    def count(self, owner: str, steps: int | None) -> int | None:
        """Return how many windows there are; ValueError when there is none."""
        if steps is None:
            return None
        least = self.reach if self.padding == "valid" else 1
        if steps < least:
            raise ValueError(f"{owner}: x: expected at least {least} timesteps, got {steps}")
        return (steps - least) // self.stride + 1

    def margins(self, steps: int) -> tuple[int, int]:
        """Return how many steps are padded before and after."""
        if self.padding == "valid":
            return 0, 0
        if self.padding == "causal":
            return self.reach - 1, 0
        total = max((steps - 1) // self.stride * self.stride + self.reach - steps, 0)
        return total // 2, total - total // 2

    def of(self, owner: str, x: NDArray[Any], fill: float = 0.0) -> NDArray[Any]:
        """Return the windows of x ``(B, T, F)`` as a read-only view ``(B, count, size, F)``."""
        self.count(owner, x.shape[1])  # not every model asks for the shape of the output first
        margins = self.margins(x.shape[1])
        if any(margins):
            x = np.pad(x, ((0, 0), margins, (0, 0)), constant_values=fill)
        starts = x.shape[1] - self.reach + 1
        over = np.lib.stride_tricks.sliding_window_view(x, self.reach, axis=1)
        return over[:, : starts : self.stride, :, :: self.dilation].transpose(0, 1, 3, 2)

    def add_up(self, dwindows: NDArray[Any], steps: int) -> NDArray[Any]:
        """Return the gradient of x for that of its windows ``(B, count, size, F)``."""
        before, after = self.margins(steps)
        batch, count, _, features = dwindows.shape
        dx = np.zeros((batch, before + steps + after, features), dwindows.dtype)
        for number in range(self.size):
            first = number * self.dilation
            last = first + (count - 1) * self.stride
            dx[:, first : last + 1 : self.stride] += dwindows[:, :, number]
        return dx[:, before : before + steps]


def one_count(owner: str, name: str, value: Any) -> int:
    """Return a positive integer that may stand in a tuple, as Keras allows."""
    if isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    return check_count(owner, name, value, "a positive integer or a tuple of one")


def padding_name(owner: str, value: Any, names: tuple[str, ...]) -> str:
    """Return the name of a padding in lower case; ValueError for an unknown one."""
    name = value.lower() if isinstance(value, str) else value
    if name not in names:
        raise ValueError(f"{owner}: padding: expected one of {', '.join(names)}, got {value!r}")
    return str(name)
