"""The base of initializers, constants, and those that draw from a distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.utils._arrays import narrowed, room_for
from rnncore.utils._checks import check_choice, check_number, check_seed, check_shape, float_dtype
from rnncore.utils._config import Configurable
from rnncore.utils.random import new_rng

Array = NDArray[Any]


class Initializer(Configurable):
    """Base class of the initializers.

    Parameters
    ----------
    seed : int, optional
        With a seed, every call returns the same values; without, they are drawn from the given
        generator.

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.GlorotUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    seed: int | None = None

    def __init__(self, seed: int | None = None) -> None:
        self.seed = check_seed(type(self).__name__, seed)

    def __call__(
        self,
        shape: Sequence[int],
        dtype: DTypeLike = "float32",
        rng: np.random.Generator | None = None,
    ) -> Array:
        """Return a new array of initial values.

        Parameters
        ----------
        shape : sequence of int
        dtype : {"float32", "float64"}, default "float32"
        rng : numpy.random.Generator, optional
            Default: a new one from the global seed.

        Raises
        ------
        TypeError
            If ``shape`` does not hold integers, or ``dtype`` is not a dtype.
        ValueError
            If the dtype is not supported or cannot hold the values, a size is negative, or no array
            can have the shape.
        MemoryError
            If there is not enough memory.
        """
        if self.seed is not None:
            rng = np.random.default_rng(self.seed)
        elif rng is None:
            rng = new_rng()
        owner = type(self).__name__
        wanted = float_dtype(owner, dtype)
        sizes = check_shape(owner, shape)
        with room_for(f"{owner}: shape", sizes, sizes):
            return narrowed(owner, self._draw(sizes, rng), wanted)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__")


class Constant(Initializer):
    """Every element is ``value``.

    Parameters
    ----------
    value : float or array_like, default 0.0
        An array, such as pretrained word vectors, is broadcast to the shape.

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.Constant([1.0, 2.0])((3, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value: ArrayLike = 0.0) -> None:
        owner = type(self).__name__
        self.value: float | Array
        if isinstance(value, (np.ndarray, list, tuple)):
            self.value = np.array(value)
            if self.value.dtype.kind not in "iuf" or not np.isfinite(self.value).all():
                raise ValueError(f"{owner}: value: expected finite numbers, got {value!r}")
        else:
            self.value = check_number(owner, "value", value)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        try:
            return np.array(np.broadcast_to(np.asarray(self.value, np.float64), shape))
        except ValueError:
            raise ValueError(
                f"{type(self).__name__}: value: expected an array that fits the shape {shape}, got "
                f"one of shape {np.shape(self.value)}"
            ) from None


class Zeros(Constant):
    """Every element is 0."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Every element is 1."""

    def __init__(self) -> None:
        super().__init__(1.0)


class Identity(Initializer):
    """The identity matrix times ``gain``, cropped or padded with zeros if not square.

    Parameters
    ----------
    gain : float, default 1.0

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.Identity(2.0)((2, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("Identity", "gain", gain)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity: shape: expected two axes, got {shape}")
        return self.gain * np.eye(*shape)


class RandomNormal(Initializer):
    """Normal distribution.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, default 0.05
    seed : int, optional
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = check_number(type(self).__name__, "mean", mean)
        self.stddev = check_number(type(self).__name__, "stddev", stddev, low=0.0)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal distribution; values beyond two ``stddev`` from ``mean`` are drawn again.

    Parameters
    ----------
    mean : float, default 0.0
    stddev : float, default 0.05
    seed : int, optional
    """

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return self.mean + self.stddev * truncated_normal(shape, rng)


class RandomUniform(Initializer):
    """Uniform distribution between ``minval`` and ``maxval``.

    Parameters
    ----------
    minval : float, default -0.05
    maxval : float, default 0.05
    seed : int, optional
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = check_number(type(self).__name__, "minval", minval)
        self.maxval = check_number(type(self).__name__, "maxval", maxval, low=self.minval)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    A shape with more than two axes is treated as a matrix of ``prod(shape[:-1])`` rows.

    Parameters
    ----------
    gain : float, default 1.0
    seed : int, optional
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = check_number(type(self).__name__, "gain", gain)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: shape: expected at least two axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        # QR leaves the signs of R's diagonal open; fixing them makes Q uniformly distributed.
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        matrix = q if rows >= columns else q.T
        return np.ascontiguousarray(self.gain * matrix).reshape(shape)


def truncated_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    values = rng.standard_normal(math.prod(shape))
    outside = np.flatnonzero(np.abs(values) > 2.0)
    while outside.size:
        values[outside] = rng.standard_normal(outside.size)
        outside = outside[np.abs(values[outside]) > 2.0]
    return values.reshape(shape)


# Standard deviation of a standard normal distribution truncated at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class VarianceScaling(Initializer):
    """Zero mean and the variance ``scale / n``, where ``n`` counts the connections of a unit.

    Parameters
    ----------
    scale : float, default 1.0
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        Whether ``n`` is the number of inputs, of outputs, or their mean.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
    seed : int, optional
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        owner = type(self).__name__
        self.scale = check_number(owner, "scale", scale, low=0.0, open_low=True)
        self.mode = check_choice(owner, "mode", mode, ("fan_in", "fan_out", "fan_avg"))
        self.distribution = check_choice(owner, "distribution", distribution, _DISTRIBUTIONS)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        fan_in, fan_out = fans(shape)
        connections = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, connections[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "truncated_normal":
            return math.sqrt(variance) / _TRUNCATED_STDDEV * truncated_normal(shape, rng)
        return rng.normal(0.0, math.sqrt(variance), shape)


class _Preset(VarianceScaling):
    """A variance scaling whose scale, mode and distribution are fixed."""

    _preset: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self._preset, seed=seed)


class GlorotUniform(_Preset):
    """Uniform within ``sqrt(6 / (fan_in + fan_out))``; also known as Xavier."""

    _preset = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Preset):
    """Truncated normal of variance ``2 / (fan_in + fan_out)``; also known as Xavier."""

    _preset = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Preset):
    """Uniform within ``sqrt(6 / fan_in)``."""

    _preset = (2.0, "fan_in", "uniform")


class HeNormal(_Preset):
    """Truncated normal of variance ``2 / fan_in``."""

    _preset = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Preset):
    """Uniform within ``sqrt(3 / fan_in)``."""

    _preset = (1.0, "fan_in", "uniform")


class LecunNormal(_Preset):
    """Truncated normal of variance ``1 / fan_in``."""

    _preset = (1.0, "fan_in", "truncated_normal")


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Numbers of inputs and outputs of a unit; axes before the last two are a receptive field."""
    if len(shape) == 0:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)
