"""How a model is to be trained: optimizer, losses and metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore import optimizers
from rnncore.layers.parameter import Parameter
from rnncore.layers.rnn.bidirectional import Bidirectional
from rnncore.models.network import Network
from rnncore.training.objectives import Objectives
from rnncore.utils._arrays import RAGGED
from rnncore.utils._config import explained
from rnncore.utils.random import new_rng


class Compiled(Network):
    """A network with what `compile` chose.

    Attributes
    ----------
    optimizer : Optimizer or None
        Set by `compile`.
    """

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self.optimizer: Any = None
        self._objective: Objectives | None = None
        self._compile_arguments: dict[str, Any] | None = None
        self._optimized: list[Parameter] = []
        self._shuffle_rng: np.random.Generator | None = None

    @explained
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: Any = False,
        steps_per_execution: Any = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: Any = True,
    ) -> None:
        """Choose how to train.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
            A name or a new object starts from a fresh state, as in Keras; the object of an earlier
            call goes on with the state that it has. An optimizer serves one model only.
        loss : str or Loss, or a list or dict of them, optional
            Without one the model predicts only. Of several outputs each has its own, by order or
            by name; one that has None is not trained. One loss that stands alone is that of all.
            One's own is a subclass of `rnncore.losses.Loss`, since its gradient is needed.
        loss_weights : float, or a list or dict of float, optional
            What the loss of each output counts in the sum that is trained on, by default 1.
        metrics : list of str, Metric or function, optional
            Shown beside the loss; sample weights do not count in them. For several outputs a list
            or dict with a metric or a list of metrics for each. A function takes ``(y_true,
            y_pred)``, arrays of a batch, and returns one number a sample.
        weighted_metrics : list of str, Metric or function, optional
            The same with sample weights; a name that is taken there gets the prefix
            ``"weighted_"``.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Without effect: they steer how Keras computes, not what.

        Raises
        ------
        ValueError, TypeError
            For an unknown name. `fit` and `train_on_batch` raise ValueError for an optimizer that
            has trained other weights.
        """
        chosen = optimizers.get(optimizer)
        if loss is None and (metrics or weighted_metrics):
            raise ValueError("compile: loss: expected a loss beside metrics, got None")
        self._objective = (
            None
            if loss is None
            else Objectives(self.outputs_structure, loss, metrics, weighted_metrics, loss_weights)
        )
        self._compile_arguments = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "auto_scale_loss": auto_scale_loss,
        }
        self.optimizer = chosen
        self._optimized = []
        self._draw_seeds()

    @property
    def objective(self) -> Objectives:
        """Loss and metrics; raises ValueError when the model is not compiled."""
        if self._objective is None:
            raise ValueError(
                f"{self.name}: expected a compiled model: call compile(loss=...) first"
            )
        return self._objective

    def expect_steps_in_order(self, argument: str) -> None:
        """Raise ValueError when a layer gives its steps in reverse.

        The steps of the shorter ones of several sequences would then stand behind the padding.
        """
        layers = list(self.layers)
        while layers:
            layer: Any = layers.pop()
            if isinstance(layer, Bidirectional):
                continue  # puts them in order again
            if getattr(layer, "go_backwards", False) and getattr(layer, "return_sequences", False):
                raise ValueError(
                    f"{argument}: expected a rectangular array for {layer.name!r}, which returns "
                    f"sequences backwards, got {RAGGED}"
                )
            layers.extend(layer.children)

    @property
    def metrics_names(self) -> list[str]:
        """The names of loss and metrics, those of `compile` together, as in Keras 3.

        Empty before `compile`. ``evaluate(..., return_dict=True)`` names each by itself.
        """
        return [] if self._objective is None else self._objective.metrics_names()

    @property
    def shuffle_rng(self) -> np.random.Generator:
        """The generator that orders the samples, derived from the global seed."""
        if self._shuffle_rng is None:
            self._shuffle_rng = new_rng()
        return self._shuffle_rng

    def _draw_seeds(self) -> None:
        """Draw what training will need as soon as the model is both built and compiled.

        A copy that is made before the first step then goes on with the same bits.
        """
        if self._objective is not None and self.built:
            _ = self.shuffle_rng
            for layer in self.layers:
                layer.draw_seeds()

    def penalty(self) -> float:
        """Return what the regularizers of the weights that are trained add to the loss."""
        total = 0.0
        for parameter in (self._buffer or self._ensure_buffer()).regularized:
            if parameter.trainable:
                total += parameter.penalty()
        return total

    def add_penalty_gradients(self) -> None:
        """Add the gradients of `penalty` to those of the last backward pass."""
        buffer = self._buffer or self._ensure_buffer()
        for parameter in buffer.regularized:
            if parameter.trainable:
                parameter.add_penalty_gradient()

    def apply_gradients(self) -> None:
        """Let the optimizer change the weights by the gradients, then apply the constraints."""
        buffer = self._buffer or self._ensure_buffer()
        self.optimizer.step(buffer.values, buffer.ensure_grads(), buffer.trained())
        for parameter in buffer.constrained:
            if parameter.trainable:
                parameter.constrain()

    def _start_training(self) -> None:
        buffer = self._ensure_buffer()
        buffer.ensure_grads()
        self._draw_seeds()
        same = len(self._optimized) == len(buffer.segments) and all(
            a is b for a, b in zip(self._optimized, buffer.segments, strict=True)
        )
        if self._optimized and not same:
            raise ValueError(
                f"{self.name}: expected the layers that it was compiled with, got others: compile "
                "the model again"
            )
        self.optimizer.belong_to(self.name, buffer.segments)
        if not same:
            # From here through fit or train_on_batch to the user's line.
            self.objective.warn_of_activations(self.output_activations())
            self.optimizer.build(buffer.values.size, self.dtype)
            self._optimized = list(buffer.segments)
