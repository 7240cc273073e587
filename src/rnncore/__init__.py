"""Recurrent networks on a CPU, trained and run fast, with a Keras-like API.

>>> import numpy as np
>>> import rnncore
>>> from rnncore.layers import LSTM, Dense
>>> model = rnncore.Sequential([rnncore.Input((20, 3)), LSTM(32), Dense(1)])
>>> model.predict(np.zeros((2, 20, 3), np.float32), verbose=0).shape
(2, 1)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rnncore._runtime import get_num_threads, info, set_max_isa, set_num_threads
from rnncore._version import __version__

if TYPE_CHECKING:
    from rnncore import (
        activations,
        backend,
        callbacks,
        config,
        constraints,
        datasets,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        preprocessing,
        regularizers,
        saving,
        testing,
        utils,
    )
    from rnncore._c_library import get_include
    from rnncore.initializers import Initializer
    from rnncore.layers import Input, Layer
    from rnncore.losses import Loss
    from rnncore.metrics import Metric
    from rnncore.models import Model, Sequential
    from rnncore.optimizers import Optimizer
    from rnncore.regularizers import Regularizer

__all__ = [
    "Initializer",
    "Input",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "get_include",
    "get_num_threads",
    "info",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "regularizers",
    "saving",
    "set_max_isa",
    "set_num_threads",
    "testing",
    "utils",
]

# Imported on first use, so that `import rnncore` stays fast.
_OBJECTS = {
    "Initializer": "rnncore.initializers",
    "Input": "rnncore.layers",
    "Layer": "rnncore.layers",
    "Loss": "rnncore.losses",
    "Metric": "rnncore.metrics",
    "Model": "rnncore.models",
    "Optimizer": "rnncore.optimizers",
    "Regularizer": "rnncore.regularizers",
    "Sequential": "rnncore.models",
    "get_include": "rnncore._c_library",
}


def __getattr__(name: str) -> Any:
    if name in _OBJECTS:
        value = getattr(importlib.import_module(_OBJECTS[name]), name)
        globals()[name] = value
        return value
    if name in __all__:
        return importlib.import_module(f"rnncore.{name}")
    raise AttributeError(f"module 'rnncore' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
