"""Random generators derived from one global seed."""

from __future__ import annotations

import random as _python_random
import threading

import numpy as np

from rnncore.utils._checks import check_count

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
