"""Checks of the numbers that `fit`, `evaluate` and `predict` are given."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from rnncore.utils._checks import check_count

_DEFAULT_BATCH_SIZE = 32


def batch_size_of(
    owner: str, value: Any, default: int = _DEFAULT_BATCH_SIZE, argument: str = "batch_size"
) -> int:
    """Return a batch size, `default` for None. TypeError or ValueError for what is none."""
    return default if value is None else check_count(owner, argument, value)


def steps_of(owner: str, argument: str, value: Any) -> int | None:
    """Return a number of batches, None for None. TypeError or ValueError for what is none."""
    return None if value is None else check_count(owner, argument, value)


def epoch_number(argument: str, value: Any) -> int:
    """Return a number of epochs. TypeError or ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"fit: {argument}: expected an integer of at least 0, got {value!r}")
    if value < 0:
        raise ValueError(f"fit: {argument}: expected an integer of at least 0, got {value!r}")
    return int(value)


def validation_share(value: Any) -> float:
    """Return the `validation_split` of `fit`; 0 asks for none."""
    real = (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, real):
        raise TypeError(f"validation_split: expected a number between 0 and 1, got {value!r}")
    if not 0 <= value < 1:
        raise ValueError(f"validation_split: expected a number between 0 and 1, got {value!r}")
    return float(value)


def validation_epochs(value: Any) -> Callable[[int], bool]:
    """Return whether there is validation after the epoch of a number, counted from 1."""
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        chosen = {check_count("fit", f"validation_freq[{i}]", one) for i, one in enumerate(value)}
        return chosen.__contains__
    every = check_count("fit", "validation_freq", value)
    return lambda epoch: epoch % every == 0
