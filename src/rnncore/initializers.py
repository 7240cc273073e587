"""Starting values of weights.

An initializer is called with ``(shape, dtype, rng)`` and returns a new array. Values are drawn in
float64 and then rounded, so that a float32 and a float64 model of one seed start alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_number, check_shape, float_dtype, lookup
from rnncore.utils._config import Configurable, deserialize, serialize  # noqa: F401
from rnncore.utils._memory import room_for
from rnncore.utils.random import new_rng

Array = NDArray[Any]

# Standard deviation of a standard normal distribution that is cut off at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer(Configurable):
    """Base class of the initializers.

    Parameters
    ----------
    seed : int, optional
        With a seed of its own an initializer returns the same values at every call; without, it
        draws from the generator it is given.

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.GlorotUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is not None and (
            isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0
        ):
            raise ValueError(
                f"{type(self).__name__}: seed: expected an integer >= 0 or None, got {seed!r}"
            )
        self.seed = None if seed is None else int(seed)

    def __call__(
        self,
        shape: Sequence[int],
        dtype: DTypeLike = "float32",
        rng: np.random.Generator | None = None,
    ) -> Array:
        """Return a new array of starting values.

        Parameters
        ----------
        shape : sequence of int
        dtype : {"float32", "float64"}, default "float32"
        rng : numpy.random.Generator, optional
            Default: a new one from the global seed.

        Raises
        ------
        TypeError
            When ``shape`` does not hold integers, or ``dtype`` is no dtype.
        ValueError
            For another dtype or one that cannot hold the values, for a negative length, and for
            a shape that no array can have.
        MemoryError
            When the memory does not suffice.
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
        raise NotImplementedError

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.own_arguments().items())
        return f"{type(self).__name__}({arguments})"


class Constant(Initializer):
    """Every element is ``value``.

    Parameters
    ----------
    value : float or array_like, default 0.0
        An array, such as one of pretrained word vectors, is stretched over the shape as NumPy does.

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.Constant([1.0, 2.0])((3, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value: ArrayLike = 0.0) -> None:
        owner = type(self).__name__
        self.seed = None
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
        return self.mean + self.stddev * _truncated_normal(shape, rng)


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
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"{owner}: mode: expected 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}"
            )
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                f"{owner}: distribution: expected 'truncated_normal', 'untruncated_normal' or "
                f"'uniform', got {distribution!r}"
            )
        self.scale = check_number(owner, "scale", scale, low=0.0, open_low=True)
        self.mode = mode
        self.distribution = distribution

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        fan_in, fan_out = _fans(shape)
        connections = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, connections[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return rng.uniform(-limit, limit, shape)
        if self.distribution == "truncated_normal":
            return math.sqrt(variance) / _TRUNCATED_STDDEV * _truncated_normal(shape, rng)
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


class Orthogonal(Initializer):
    """A matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    A shape with more than two axes is taken as a matrix of ``prod(shape[:-1])`` rows.

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


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Numbers of inputs and outputs of a unit; axes before the last two are a receptive field."""
    if len(shape) == 0:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


def _truncated_normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    values = rng.standard_normal(math.prod(shape))
    outside = np.flatnonzero(np.abs(values) > 2.0)
    while outside.size:
        values[outside] = rng.standard_normal(outside.size)
        outside = outside[np.abs(values[outside]) > 2.0]
    return values.reshape(shape)


_BY_NAME: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "zero": Zeros,
    "ones": Ones,
    "one": Ones,
    "constant": Constant,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "xavier_uniform": GlorotUniform,
    "xavier": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "xavier_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
}
_BY_NAME |= {cls.__name__: cls for cls in set(_BY_NAME.values())}

InitializerFunction = Callable[[tuple[int, ...], DTypeLike, np.random.Generator], Array]


def get(
    identifier: str | type[Initializer] | InitializerFunction,
) -> Initializer | InitializerFunction:
    """Return the initializer of that name.

    Parameters
    ----------
    identifier : str, class or callable
        A name such as ``"glorot_uniform"``, an initializer or its class, or any function
        ``(shape, dtype, rng) -> ndarray``, which is returned as it is.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For something that is neither a name nor callable.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import initializers
    >>> initializers.get("ones")((2,), "float64", np.random.default_rng(0))
    array([1., 1.])
    """
    if callable(identifier) and not isinstance(identifier, (type, Initializer)):
        return identifier
    found: Initializer = lookup("initializer", identifier, _BY_NAME, Initializer)
    return found
