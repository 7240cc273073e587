"""What the training loop asks of a model."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.activations import Activation
from rnncore.layers.base import Shape
from rnncore.training.objective import Objective


class Output(NamedTuple):
    """Result of a forward pass: the array, and the mask (B, T) that belongs to it or None."""

    y: NDArray[Any]
    mask: NDArray[Any] | None


class Hooks(Protocol):
    """The callbacks of a run as the loops see them."""

    def wants(self, hook: str) -> bool:
        """Whether any callback does something in this hook."""

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of every callback that has it."""


class Trainable(Protocol):
    """A model as the training loop sees it."""

    # A callback may set both: the one at any time, the other before the first epoch.
    stop_training: bool
    first_epoch: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """dtype of the weights and of the results."""

    @property
    def objective(self) -> Objective:
        """Loss and metrics; raises ValueError when the model is not compiled."""

    @property
    def shuffle_rng(self) -> np.random.Generator:
        """The generator that orders the samples."""

    def prepare_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `run` takes."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, batch axis included."""

    def run(self, x: NDArray[Any], *, training: bool = False, to_logits: bool = False) -> Output:
        """Walk the layers forwards."""

    def run_backward(self, dy: NDArray[Any]) -> None:
        """Walk the layers backwards."""

    def output_activation(self) -> Activation | None:
        """Return the activation that a loss may take over."""

    def apply_gradients(self) -> None:
        """Let the optimizer change the weights."""
