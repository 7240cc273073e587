"""The base of initializers, and those that draw nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore.utils._arrays import narrowed, room_for
from rnncore.utils._checks import check_number, check_seed, check_shape, float_dtype
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
