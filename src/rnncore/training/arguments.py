"""Checks of the numeric arguments of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from rnncore.utils._checks import check_count, check_number


def batch_size_of(owner: str, value: Any, argument: str = "batch_size") -> int:
    """Return a batch size, 32 for None, or raise TypeError or ValueError."""
    return 32 if value is None else check_count(owner, argument, value)


def steps_of(owner: str, argument: str, value: Any) -> int | None:
    """Return a number of batches or None, or raise TypeError or ValueError."""
    return None if value is None else check_count(owner, argument, value)


def epoch_number(argument: str, value: Any) -> int:
    """Return a number of epochs, or raise TypeError or ValueError."""
    return check_count("fit", argument, value, "an integer of at least 0", least=0)


def validation_share(value: Any) -> float:
    """Return the `validation_split` of `fit`; 0 means none."""
    try:
        return check_number("fit", "validation_split", value, low=0, high=1, open_high=True)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"validation_split: expected a number between 0 and 1, got {value!r}"
        ) from None


def validation_epochs(value: Any) -> Callable[[int], bool]:
    """Return a function that says whether to validate after an epoch, counted from 1."""
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        chosen = {check_count("fit", f"validation_freq[{i}]", one) for i, one in enumerate(value)}
        return chosen.__contains__
    every = check_count("fit", "validation_freq", value)
    return lambda epoch: epoch % every == 0
