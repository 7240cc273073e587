"""Noise in training: GaussianNoise and GaussianDropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.regularization.dropout import Dropout
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_number
from rnncore.utils.random import Draw


class _Gaussian(Dropout):
    """Base of the layers that draw normal numbers; the draws of a call can be repeated."""

    not_configured = Dropout.not_configured | {"noise_shape"}

    def _normal(self, like: NDArray[Any], draw: Draw, stddev: float, tape: Tape) -> NDArray[Any]:
        noise = tape.take("noise", like.shape, like.dtype)
        key = np.array(draw, np.uint64)
        rng = np.random.Generator(np.random.Philox(key=key))
        rng.standard_normal(dtype=like.dtype, out=noise)
        noise *= stddev
        return noise


class GaussianNoise(_Gaussian):
    """In training, add random numbers with mean 0.

    Parameters
    ----------
    stddev : float
        Standard deviation of the numbers, from 0 to 1.
    seed : int, optional
        Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `stddev` is outside [0, 1], or the seed is not a non-negative integer.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GaussianNoise
    >>> GaussianNoise(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    not_configured = _Gaussian.not_configured | {"rate"}

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        self.stddev = check_number("GaussianNoise", "stddev", stddev, low=0.0, high=1.0)
        super().__init__(self.stddev, seed=seed, **kwargs)

    def _apply(self, name: str, x: NDArray[Any], draw: Draw, tape: Tape) -> NDArray[Any]:
        if name == "dx":
            return x
        noise = self._normal(x, draw, self.stddev, tape)
        noise += x
        return noise


class GaussianDropout(_Gaussian):
    """In training, multiply by random numbers with mean 1.

    Parameters
    ----------
    rate : float
        At least 0 and below 1. The standard deviation is ``sqrt(rate / (1 - rate))``, as in
        `Dropout`.
    seed : int, optional
        Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the rate is outside [0, 1), or the seed is not a non-negative integer.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import GaussianDropout
    >>> GaussianDropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        check_number("GaussianDropout", "rate", rate, low=0.0, high=1.0, open_high=True)
        super().__init__(rate, seed=seed, **kwargs)

    def _apply(self, name: str, x: NDArray[Any], draw: Draw, tape: Tape) -> NDArray[Any]:
        factors = self._normal(x, draw, math.sqrt(self.rate / (1 - self.rate)), tape)
        factors += 1
        return np.multiply(x, factors, out=tape.take(name, x.shape, x.dtype))
