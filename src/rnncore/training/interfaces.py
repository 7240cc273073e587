"""What the training loop asks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnncore.activations import Activation
from rnncore.layers.layer import Shape
from rnncore.training.objectives import Objectives
from rnncore.training.ragged import Ragged
from rnncore.training.structure import Structure

# The arrays of all inputs or outputs, one for each.
Arrays = tuple[NDArray[Any], ...]
# The same of inputs that are prepared, where sequences may be of different lengths.
Inputs = tuple[NDArray[Any] | Ragged, ...]


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
    def objective(self) -> Objectives:
        """Losses and metrics; raises ValueError when the model is not compiled."""

    @property
    def penalizes_activity(self) -> bool:
        """Whether a layer has a penalty on its output."""

    @property
    def shuffle_rng(self) -> np.random.Generator:
        """The generator that orders the samples."""

    @property
    def outputs_structure(self) -> Structure:
        """The names of the outputs, and the form in which they are given."""

    def prepare_input(self, x: Any, argument: str = "x") -> Inputs:
        """Return `x` as arrays that `run` takes, and as sequences that are yet to be padded."""

    def expect_steps_in_order(self, argument: str) -> None:
        """Raise ValueError when a layer gives its steps in reverse."""

    def output_shapes(self, shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of the outputs, batch axis included."""

    def run(
        self,
        inputs: Arrays,
        masks: Sequence[NDArray[Any] | None] | None = None,
        *,
        training: bool = False,
        logits: Sequence[bool] = (),
    ) -> tuple[list[Output], Any]:
        """Walk the layers forwards; in training also return what `run_backward` needs."""

    def run_backward(self, tape: Any, dys: Sequence[NDArray[Any] | None]) -> Any:
        """Walk the layers backwards."""

    def output_activations(self) -> list[Activation | None]:
        """Return for each output the activation that a loss may take over."""

    def penalty(self) -> float:
        """Return what the regularizers of the weights add to the loss."""

    def add_penalty_gradients(self) -> None:
        """Add the gradients of `penalty` to those of the last backward pass."""

    def apply_gradients(self) -> None:
        """Let the optimizer change the weights."""
