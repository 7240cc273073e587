"""The base of initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_seed, check_shape, float_dtype
from rnncore.utils._config import Configurable
from rnncore.utils._memory import room_for
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
