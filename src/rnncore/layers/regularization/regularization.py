"""Layers that change numbers at random in training: dropout and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.layers._arguments import SEQUENCE, feature_shape
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_number, check_seed
from rnncore.utils.random import Draw, Draws


class Dropout(Layer):
    """In training, set a random fraction of the inputs to zero and scale up the others.

    Parameters
    ----------
    rate : float
        Fraction of the elements to set to zero, from 0 to 1; the others are multiplied by ``1 / (1
        - rate)``, which keeps the expected value.
    noise_shape : sequence of int or None, optional
        Shape of the random mask, batch included. Where it is 1, all elements along that axis are
        dropped together; None stands for the size of the input. ``(None, 1, None)`` drops a feature
        at all steps of a sequence. Default: every element is drawn separately.
    seed : int, optional
        Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If the rate is outside [0, 1], the seed is not a non-negative integer, a size is not a
        positive integer, or `noise_shape` does not fit the input.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Dropout
    >>> Dropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.rate = check_number(owner, "rate", rate, low=0.0, high=1.0)
        self.seed = check_seed(owner, seed)
        self.noise_shape = None
        if noise_shape is not None:
            self.noise_shape = feature_shape(owner, "noise_shape", noise_shape)
        self.draws: Draws = Draws(self.seed)

    def draw_seeds(self) -> None:
        self.draws.choose_key()

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return x

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training or self.rate == 0:
            return x, None
        tape = self.tape(True)
        tape.saved = draw = self.draws.next()
        return self._apply("y", x, draw, tape), tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        return dy if tape is None else self._apply("dx", dy, self.used(tape), tape)

    def build(self, input_shape: Shape) -> None:
        if self.noise_shape is not None:
            self._drawn_together(input_shape)

    def _drawn_together(self, shape: Shape) -> Shape:
        """Return the shape of the random mask for an input of `shape`."""
        if self.noise_shape is None:
            return shape
        fits = len(shape) == len(self.noise_shape) and all(
            wanted in (None, 1, size) or size is None
            for wanted, size in zip(self.noise_shape, shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{self.name}: x: expected a shape that noise_shape {self.noise_shape} broadcasts "
                f"to, got {shape}"
            )
        return tuple(
            size if wanted is None else wanted
            for wanted, size in zip(self.noise_shape, shape, strict=True)
        )

    def _apply(self, name: str, x: NDArray[Any], draw: Draw, tape: Tape) -> NDArray[Any]:
        y = tape.take(name, x.shape, x.dtype)
        if self.noise_shape is None:
            key, call = draw
            _core.dropout(x, y, self.rate, key, call)
            return y
        drawn: Any = self._drawn_together(x.shape)
        factors = tape.take("factors", drawn, x.dtype)
        factors.fill(1)
        _core.dropout(factors, factors, self.rate, *draw)
        return np.multiply(x, factors, out=y)


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
