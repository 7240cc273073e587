"""Concatenate: arrays side by side."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._lengths import joint_mask
from rnncore.layers._shapes import listed_axes
from rnncore.layers.layer import Layer
from rnncore.layers.merging.merge import several_shapes


class Concatenate(Layer):
    """Arrays one behind the other along an axis.

    Parameters
    ----------
    axis : int, default -1
        -1: the features side by side. 1: the sequences one after the other.
    **kwargs
        `name`, `dtype` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        When called on something else than a list of arrays whose shapes are equal but for `axis`,
        or when `axis` is that of the batch.

    Notes
    -----
    Where an input has a mask the output has one, an input without counting as real throughout:
    on the axis of time the masks one after the other, else True where any is.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Concatenate
    >>> Concatenate()([np.zeros((2, 3)), np.ones((2, 1))]).shape
    (2, 4)
    """

    takes_several = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        (self.axis,) = listed_axes("Concatenate", [axis])

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        shapes = several_shapes(self.name, input_shape)
        rank = len(shapes[0])
        axis = self.axis + rank if self.axis < 0 else self.axis
        sizes: list[int | None] = []
        for number in range(rank):
            column = [shape[number] if len(shape) == rank else -1 for shape in shapes]
            known = {size for size in column if size is not None}
            if -1 in known or (number != axis and len(known) > 1) or not 1 <= axis < rank:
                raise ValueError(
                    f"{self.name}: x: expected arrays whose shapes are equal but for axis "
                    f"{self.axis}, not the batch, got shapes {', '.join(map(str, shapes))}"
                )
            if number == axis:
                sizes.append(None if None in column else sum(known_sizes(column)))
            else:
                sizes.append(known.pop() if known else None)
        return tuple(sizes)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        if mask is None or all(one is None for one in mask):
            return None
        masks = [
            np.ones(one.shape[:2], bool) if real is None else real
            for one, real in zip(x, mask, strict=True)
        ]
        if self.axis in (1, 1 - x[0].ndim):
            return np.concatenate(masks, axis=1)
        joint = joint_mask(mask)
        return joint if joint is not None else functools.reduce(np.logical_or, masks)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> NDArray[Any]:
        shape: Any = self.compute_output_shape([one.shape for one in x])
        if training:
            self._saved = np.cumsum([one.shape[self.axis] for one in x])[:-1]
        y = self._buffers.when(training).take("y", shape, x[0].dtype)
        return np.concatenate(x, axis=self.axis, out=y)

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        ends, self._saved = self._saved, None
        gradients = []
        for number, part in enumerate(np.split(dy, ends, axis=self.axis)):
            # Contiguous, as the layers below want them, who would copy them each time.
            dx = self._buffers.take(f"dx{number}", part.shape, dy.dtype)
            dx[...] = part
            gradients.append(dx)
        return gradients


def known_sizes(sizes: list[int | None]) -> list[int]:
    """Return the sizes that are not None."""
    return [size for size in sizes if size is not None]
