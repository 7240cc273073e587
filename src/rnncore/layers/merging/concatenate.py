"""Concatenate."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._lengths import joint_mask
from rnncore.layers._shapes import listed_axes
from rnncore.layers.graph.counted import CountedStep, MaskSteps, either
from rnncore.layers.layer import Layer
from rnncore.layers.merging.merge import several_shapes


class Concatenate(Layer):
    """Join arrays along an axis.

    Parameters
    ----------
    axis : int, default -1
        -1: the features side by side. 1: the sequences one after the other.
    **kwargs
        `name`, `dtype` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the layer is not called on a list of arrays whose shapes differ only along `axis`, or if
        `axis` is the batch.

    Notes
    -----
    The output has a mask if any input has one; an input without a mask counts as unmasked. Along
    the time axis the masks are joined, otherwise the output's mask is True where any of them is.

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
                    f"{self.name}: x: expected arrays whose shapes differ only along axis "
                    f"{self.axis}, which is not the batch, got shapes {', '.join(map(str, shapes))}"
                )
            if number == axis:
                sizes.append(None if None in column else sum(size or 0 for size in column))
            else:
                sizes.append(known.pop() if known else None)
        return tuple(sizes)

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        if not any(masks):
            return []
        wide = [_widened(step, mask) for step, mask in zip(inputs, masks, strict=True)]
        joined = CountedStep(*wide, rank=wide[0].rank)
        return [CountedStep(joined, rank=joined.rank - 1)]

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

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        shape: Any = self.compute_output_shape([one.shape for one in x])
        tape = self.tape(training)
        y = tape.take("y", shape, x[0].dtype)
        tape.saved = [one.shape[self.axis] for one in x]
        return np.concatenate(x, axis=self.axis, out=y), tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        ends = np.cumsum(self.used(tape))[:-1]
        gradients = []
        for number, part in enumerate(np.split(dy, ends, axis=self.axis)):
            # Contiguous, since the layers below would otherwise copy them each time.
            dx = tape.take(f"dx{number}", part.shape, dy.dtype)
            dx[...] = part
            gradients.append(dx)
        return gradients


def _widened(step: CountedStep, mask: CountedStep | None) -> CountedStep:
    """Return the step that gives a mask the rank of the array it masks."""
    if mask is None:
        return CountedStep(step, rank=step.rank)
    if mask.rank < step.rank:
        wider = CountedStep(mask, rank=mask.rank + 1)
        return either(wider, CountedStep(step, rank=step.rank))
    return mask
