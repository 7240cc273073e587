"""Layers ending in an activation that a loss may fuse with itself."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers.layer import Layer


class OutputLayer(Layer):
    """Base of the layers whose last step is an activation.

    A cross-entropy fused with its activation is numerically stable where the two in sequence are
    not, so a model may ask for the logits instead of the output.
    """

    activation: Activation

    @property
    def removable_activation(self) -> Activation | None:
        """The activation that a loss may fuse with itself.

        None if there is a penalty on the activated output, or if a subclass overrides `forward`,
        which `forward_logits` would bypass.
        """
        own = next(vars(cls) for cls in type(self).__mro__ if "forward" in vars(cls))
        removable = "forward_logits" in own and self.activity_regularizer is None
        return self.activation if removable else None

    def forward_logits(
        self, x: NDArray[Any], *, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the output before the activation; `backward` then expects its gradient."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward_logits")
