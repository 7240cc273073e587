"""GradientNorms."""

from __future__ import annotations

import math
from typing import Any

from rnncore import _core
from rnncore.callbacks.base import Callback, Logs


class GradientNorms(Callback):
    """Record the norm of every layer's gradient.

    Norms that shrink towards 0 from layer to layer indicate vanishing gradients, norms that jump
    exploding ones. They are taken over a layer's whole gradient, before any clipping.

    Parameters
    ----------
    per : {"epoch", "batch"}, default "epoch"
        Whether to keep the mean over the batches of an epoch, or the norm of every batch.

    Attributes
    ----------
    norms : dict of str to list of float
        By layer name, one entry per epoch or batch. Layers without trainable weights are left out.
        `fit` starts with empty lists.

    Raises
    ------
    ValueError
        If `per` has any other value.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import GradientNorms
    >>> from rnncore.layers import LSTM, Dense
    >>> model = Sequential([LSTM(4, input_shape=(5, 2)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> monitor = GradientNorms()
    >>> _ = model.fit(
    ...     np.ones((8, 5, 2)), np.ones((8, 1)), epochs=3, verbose=0, callbacks=[monitor]
    ... )
    >>> {name: len(norms) for name, norms in monitor.norms.items()}
    {'lstm': 3, 'dense': 3}
    """

    kept = ("norms",)

    def __init__(self, per: str = "epoch") -> None:
        if per not in ("epoch", "batch"):
            raise ValueError(f"GradientNorms: per: expected 'epoch' or 'batch', got {per!r}")
        self.per = per
        self.norms: dict[str, list[float]] = {}
        self._epoch: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        self.norms = {}

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = {}

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        kept = self.norms if self.per == "batch" else self._epoch
        for layer in self.model.layers:
            if layer.trainable_weights:
                kept.setdefault(layer.name, []).append(_norm_of(layer))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for name, norms in self._epoch.items():
            self.norms.setdefault(name, []).append(sum(norms) / len(norms))


def _norm_of(layer: Any) -> float:
    return math.hypot(*(_core.norm(weight.grad.reshape(-1)) for weight in layer.trainable_weights))
