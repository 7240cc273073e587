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

    @property
    def removable_activation(self) -> Activation | None:
        """The activation that a loss may take over.

        None with a penalty on the activated output, and where a subclass has a `forward` of its own
        that `forward_logits` would pass by.
        """
        own = next(vars(cls) for cls in type(self).__mro__ if "forward" in vars(cls))
        removable = "forward_logits" in own and self.activity_regularizer is None
        return self.activation if removable else None

    def forward_logits(
        self, x: NDArray[Any], *, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the output before the activation; `backward` then expects its gradient."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward_logits")
