"""Random generators derived from one global seed, and the numbers that a layer draws."""

from __future__ import annotations

import random as _python_random
import threading

import numpy as np

from rnncore.utils._checks import check_count

Draw = tuple[int, int]  # a key and the number of the draw, which determine what is drawn

_lock = threading.Lock()
_root = np.random.SeedSequence()


def set_random_seed(seed: int) -> None:
    """Make all following randomness reproducible.

    Seeds the generators that rnncore makes (initial weights, shuffling, dropout), and also Python's
    ``random`` and NumPy's global generator, which scripts use to prepare data.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    TypeError
        If ``seed`` is not an integer.
    ValueError
        If ``seed`` is out of range.

    Examples
    --------
    >>> from rnncore.utils import new_rng, set_random_seed
    >>> set_random_seed(7)
    >>> first = new_rng().random()
    >>> set_random_seed(7)
    >>> new_rng().random() == first
    True
    """
    global _root
    expected = "an integer from 0 to 2**32 - 1"
    number = check_count("set_random_seed", "seed", seed, expected, least=0, most=2**32 - 1)
    with _lock:
        _root = np.random.SeedSequence(number)
    _python_random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - scripts draw their data from it


def new_rng() -> np.random.Generator:
    """Return a new generator, independent of the ones returned before.

    After :func:`set_random_seed` the n-th call always returns the same stream; without a seed,
    streams differ between runs.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> from rnncore.utils import new_rng
    >>> new_rng().random(3).shape
    (3,)
    """
    with _lock:
        (child,) = _root.spawn(1)
    return np.random.default_rng(child)


class Draws:
    """Draws that follow from a key and their number, so that training can resume from both.

    Shallow copies of a layer share them, so that each draws different numbers.
    """

    def __init__(self, seed: int | None) -> None:
        self.seed = seed
        self.key: int | None = None
        self.calls = 0

    def choose_key(self) -> int:
        """Return the key, which is chosen if there is none yet."""
        if self.key is None:
            rng = new_rng() if self.seed is None else np.random.default_rng(self.seed)
            self.key = int(rng.integers(2**64, dtype=np.uint64))
        return self.key

    def next(self) -> Draw:
        """Count one more draw and return it."""
        self.calls = (self.calls + 1) % 2**32
        return self.key if self.key is not None else self.choose_key(), self.calls
