"""What an initializer is."""

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
        With a seed of its own an initializer returns the same values at every call; without, it
        draws from the generator it is given.

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
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__")
