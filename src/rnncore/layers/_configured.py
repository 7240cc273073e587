"""The configuration of a layer: the arguments that make an equal one."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from rnncore.utils._config import Configurable


class Configured(Configurable):
    """What `Layer` has of its configuration."""

    name: str
    dtype: np.dtype[Any]
    trainable: bool
    activity_regularizer: Any

    # A model writes the shape of its input itself, and its weights elsewhere.
    not_configured: ClassVar[frozenset[str]] = frozenset(
        {
            "activity_regularizer",
            "batch_input_shape",
            "input_dim",
            "input_length",
            "input_shape",
            "weights",
        }
    )
    may_be_shared = True

    def current_arguments(self) -> dict[str, Any]:
        found = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype.name}
        if self.activity_regularizer is not None:
            found["activity_regularizer"] = self.activity_regularizer
        return found
