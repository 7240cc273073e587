"""Parts of the two cross-entropies over classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def shifted_exp(logits: Array) -> tuple[Array, Array, Array]:
    """Return ``s = x - max(x)``, ``exp(s)`` and ``sum(exp(s))`` over the last axis, all new."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exp = np.exp(shifted)
    return shifted, exp, exp.sum(axis=-1, keepdims=True)


def check_classes(owner: str, shape: tuple[int, ...]) -> None:
    """Raise when predictions of ``shape`` have fewer than two classes: their loss is always 0."""
    if shape[-1] < 2:
        raise ValueError(
            f"{owner}: y_pred: expected at least 2 classes in the last axis, got shape {shape}; "
            "for one output a sample use binary_crossentropy"
        )
