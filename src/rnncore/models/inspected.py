"""What a compiled model tells of how it is trained."""

from __future__ import annotations

from typing import Any

from rnncore.metrics import Metric
from rnncore.models.compiled import Compiled


class Inspected(Compiled):
    """A compiled network with the attributes that programs for Keras read."""

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compile_arguments is not None

    @property
    def loss(self) -> Any:
        """The `loss` as it was given to `compile`, None before."""
        return (self._compile_arguments or {}).get("loss")

    @property
    def metrics(self) -> list[Metric]:
        """The loss as a metric, then the metrics of `compile`, then the losses of several outputs.

        Empty before `compile`. A metric of which it shows only with the data what it is, such as
        ``"accuracy"``, is there from the first batch. The losses hold what they are at this
        moment; `reset_metrics` resets all. (Keras has one ``compile_metrics`` in place of those of
        `compile`, and their names in `metrics_names`.)

        Examples
        --------
        >>> from rnncore import Sequential
        >>> from rnncore.layers import Dense
        >>> model = Sequential([Dense(1, input_shape=(2,))])
        >>> model.compile("adam", "mse", metrics=["mae"])
        >>> _ = model.train_on_batch([[1.0, 2.0]], [[0.5]])
        >>> [metric.name for metric in model.metrics]
        ['loss', 'mae']
        """
        return [] if self._objective is None else self._objective.as_metrics()

    def reset_metrics(self) -> None:
        """Let loss and metrics begin anew; `fit` and `evaluate` do it themselves."""
        if self._objective is not None:
            self._objective.reset()

    @property
    def losses(self) -> list[float]:
        """What the regularizers of the trained weights add to the loss, one number a weight.

        Penalties on outputs belong to a batch and are not among them.

        Examples
        --------
        >>> from rnncore import Input, Sequential, regularizers
        >>> from rnncore.layers import Dense
        >>> layer = Dense(1, kernel_initializer="ones", kernel_regularizer=regularizers.L2(0.5))
        >>> Sequential([Input((4,)), layer]).losses
        [2.0]
        """
        weights = self.trainable_weights
        return [one.penalty() for one in weights if one.regularizer is not None]
