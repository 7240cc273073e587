"""Dropout of whole features."""

from __future__ import annotations

from typing import Any

from rnncore.layers._shapes import SEQUENCE
from rnncore.layers.regularization.dropout import Dropout


class SpatialDropout1D(Dropout):
    """In training, set a random fraction of the features to zero at all steps of a sequence.

    Parameters
    ----------
    rate : float
        Fraction of the features to set to zero, from 0 to 1; the others are multiplied by ``1 / (1
        - rate)``.
    seed : int, optional
        Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the rate is outside [0, 1], or the seed is not a non-negative integer.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import SpatialDropout1D
    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((1, 4, 3)), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    input_axes = SEQUENCE
    not_configured = Dropout.not_configured | {"noise_shape"}

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, (None, 1, None), seed, **kwargs)
