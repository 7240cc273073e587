"""The activation layer, and the base of layers that end in an activation."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from rnncore import _core, activations
from rnncore.layers.layer import Layer
from rnncore.layers.nodes import Nodes


def activated(f: Nodes, owner: str, activation: activations.Activation, x: Any) -> Any:
    """Return ``f(x)`` as a node."""
    if activation.kernel == "softmax":
        return f.node("softmax", [x], attributes=[1, -1])
    if activation.kernel == "linear":
        return x
    function = _core.ACTIVATIONS.get(str(activation.kernel)) or activation.function
    if not function:
        raise ValueError(
            f"{owner}: runtime: expected an activation that runs without Python, got "
            f"{activation.name!r}"
        )
    return f.node("unary", [x], attributes=[function], numbers=activation.function_numbers)


class OutputLayer(Layer):
    """Base of the layers whose last step is an activation.

    A cross-entropy fused with its activation is numerically stable where the two in sequence are
    not, so a model may ask for the logits instead of the output.
    """

    activation: activations.Activation

    @property
    def removable_activation(self) -> activations.Activation | None:
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


class Activation(OutputLayer):
    """Apply an activation elementwise (softmax: over the last axis).

    Parameters
    ----------
    activation : str or Activation
        Any name that `rnncore.activations.get` knows.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation, f"{type(self).__name__}: activation")

    def as_activation(self) -> activations.Activation:
        """Return the activation that another layer applies if given this layer as its activation.

        Raises
        ------
        TypeError
            If a subclass overrides `forward`, which would not be called.
        """
        if type(self).forward is not Activation.forward:
            raise TypeError(
                f"{self.name}: expected an activation, got a layer with its own forward: use it "
                "as a separate layer"
            )
        return self.activation

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return activated(f, self.name, self.activation, x)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        tape = self.tape(training)
        y = tape.take("y", x.shape, x.dtype)
        name = self.activation.kernel
        if x.size and name:
            _core.activate(name, x, y)
        else:
            y = self.activation.forward(x, y)
        tape.saved = x if self.activation.from_input else y
        return y, tape

    def forward_logits(
        self, x: NDArray[Any], *, mask: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Return the input without the activation; `backward` then expects its gradient."""
        return x, None

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        if tape is None:
            return dy
        kept = self.used(tape)
        dx = tape.take("dx", dy.shape, dy.dtype)
        return self.activation.backward_into(kept, dy, dx)
