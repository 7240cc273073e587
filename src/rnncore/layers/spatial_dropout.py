"""Dropout of whole features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.layers._shapes import expect_steps
from rnncore.layers.base import Shape
from rnncore.layers.dropout import Dropout


class SpatialDropout1D(Dropout):
    """In training, zero a random share of the features, each at all steps of a sequence.

    Parameters
    ----------
    rate : float
        Share of the features that become zero, from 0 to 1; the others are multiplied by
        ``1 / (1 - rate)``.
    seed : int, optional
        Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For a rate outside [0, 1] or a seed that is no integer from 0 up.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import SpatialDropout1D
    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((1, 4, 3)), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)

    def build(self, input_shape: Shape) -> None:
        expect_steps(self.name, input_shape)

    def _apply(self, name: str, x: NDArray[Any], call: int) -> NDArray[Any]:
        shape = (x.shape[0], 1, x.shape[2])
        factors = self._buffers.take("factors", shape, x.dtype)
        factors.fill(1)
        _core.dropout(factors, factors, self.rate, self._key or 0, call)
        return np.multiply(x, factors, out=self._buffers.take(name, x.shape, x.dtype))
