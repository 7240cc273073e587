"""Layers that end with an activation which a loss may take over."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers.layer import Layer


class OutputLayer(Layer):
    """Base of the layers whose last step is an activation.

    A cross-entropy computed together with its activation is stable where the two one after the
    other are not, so a model may ask for the logits instead of the output.
    """

    activation: Activation

    def forward_logits(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        """Return the output before the activation; `backward` then takes its gradient."""
        raise NotImplementedError
