"""What every model offers: compile, fit, evaluate and predict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import optimizers
from rnncore.callbacks.base import Callback, CallbackList
from rnncore.layers._arguments import boolean
from rnncore.layers._convert import numeric_array
from rnncore.layers.parameter import Parameter
from rnncore.models.network import Network
from rnncore.training import loop
from rnncore.training.data import (
    Batches,
    Samples,
    batch_size_of,
    epoch_number,
    prepare_samples,
    split_off_validation,
    validation_share,
)
from rnncore.training.history import History
from rnncore.training.interrupts import InterruptGuard
from rnncore.training.objective import Objective
from rnncore.training.progress import Progress, resolve_verbose
from rnncore.utils._checks import check_count
from rnncore.utils.random import new_rng


class Model(Network):
    """Base of the models: a network that can be trained.

    Attributes
    ----------
    history : History or None
        Of the last `fit`.
    optimizer : Optimizer or None
        Set by `compile`.
    stop_training : bool
        A callback sets it to end `fit`.
    first_epoch : int
        Where `fit` begins; a callback may set it in `on_train_begin`.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.history: History | None = None
        self.optimizer: Any = None
        self.stop_training = False
        self.first_epoch = 0
        self._objective: Objective | None = None
        self._optimized: list[Parameter] = []
        self._shuffle_rng: np.random.Generator | None = None

    # -- training ------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        *,
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
        loss : str or Loss, optional
            Without one the model predicts only.
        metrics : list of str or Metric, optional
            Shown beside the loss; sample weights do not count in them.
        weighted_metrics : list of str or Metric, optional
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
        self._objective = None if loss is None else Objective(loss, metrics, weighted_metrics)
        self.optimizer = chosen
        self._optimized = []
        self._draw_seeds()

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[ArrayLike] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: ArrayLike | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: None = None,
        validation_steps: None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array_like, shape (N, ...)
            Inputs, converted to the dtype of the model.
        y : array_like, shape (N, ...)
            Targets.
        batch_size : int, default 32
        epochs : int, default 1
            Number of the last epoch, counted from `initial_epoch`'s zero.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 silent; 1 and "auto" a progress bar on a terminal and a line an epoch elsewhere;
            2 a line an epoch.
        callbacks : list of Callback, optional
            Called in this order; see `rnncore.callbacks`.
        validation_split : float, default 0.0
            Share of the samples, taken from the end before any shuffling, that are not trained
            on but evaluated after every epoch.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            The same with other data; `validation_split` is ignored then.
        shuffle : bool, default True
            Whether each epoch takes the samples in a new order.
        class_weight : dict of int to float, optional
            Weight of the samples of each class.
        sample_weight : array_like, shape (N,) or (N, T), optional
            Weight of each sample or time step in the loss.
        initial_epoch : int, default 0
        steps_per_epoch, validation_steps : None
            Not supported yet: an epoch takes every sample once.
        validation_batch_size : int, optional
            Default: `batch_size`.
        validation_freq : int, default 1
            Evaluate after every so many epochs.

        Returns
        -------
        History
            Also kept as ``model.history``.

        Raises
        ------
        ValueError, TypeError
            For data or arguments that do not fit; nothing was trained then.

        Warns
        -----
        RuntimeWarning
            When the loss is NaN or infinite, once, with epoch and step; at the start, when a
            cross-entropy of probabilities stands behind an activation that does not give any.

        Notes
        -----
        Ctrl-C leaves the weights as they were after a whole step, and the finished epochs in
        ``model.history``.
        """
        for argument, value in (
            ("steps_per_epoch", steps_per_epoch),
            ("validation_steps", validation_steps),
        ):
            if value is not None:
                raise ValueError(
                    f"fit: {argument}: expected None (no other value is supported yet), "
                    f"got {value!r}"
                )
        size = batch_size_of("fit", "batch_size", batch_size)
        self.first_epoch = epoch_number("initial_epoch", initial_epoch)
        last = epoch_number("epochs", epochs)
        level = resolve_verbose(verbose)
        samples = prepare_samples(self, x, y, sample_weight, class_weight)
        validation: Samples | None = None
        if validation_data is not None:
            validation = self._validation_samples(validation_data)
        elif validation_share(validation_split):
            samples, validation = split_off_validation(samples, validation_split)
        steps = -(-len(samples) // size)
        params = {"verbose": level, "epochs": last, "steps": steps, "batch_size": size}
        hooks = CallbackList(callbacks, self, "fit", params)
        self._start_training()
        self.history = History(params)
        loop.fit(
            self,
            samples,
            validation,
            self.history,
            batch_size=size,
            validation_batch_size=batch_size_of(
                "fit", "validation_batch_size", validation_batch_size, size
            ),
            validation_freq=check_count("fit", "validation_freq", validation_freq),
            epochs=last,
            shuffle=boolean("fit", "shuffle", shuffle),
            verbose=level,
            hooks=hooks,
        )
        return self.history

    def train_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Change the weights for one batch.

        Returns
        -------
        float, list of float or dict
            Loss of this batch, followed by the metrics if there are any.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit.
        """
        samples = prepare_samples(self, x, y, sample_weight, class_weight)
        self._start_training()
        self.objective.reset()
        with InterruptGuard() as guard:
            loss = loop.train_step(self, samples, guard)
        if not math.isfinite(loss):
            loop.warn_about(loss, "this batch", "train_on_batch", stacklevel=3)
        return _returned(self.objective.results(), return_dict)

    def evaluate(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
        *,
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> float | list[float] | dict[str, float]:
        """Compute loss and metrics.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As in `fit`.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The loss, followed by the metrics if there are any.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit.
        """
        samples = prepare_samples(self, x, y, sample_weight)
        self._ensure_buffer()
        batches = Batches(samples, batch_size_of("evaluate", "batch_size", batch_size))
        level = resolve_verbose(verbose)
        params = {"verbose": level, "steps": len(batches)}
        hooks = CallbackList(callbacks, self, "evaluate", params)
        progress = Progress(level)
        progress.begin(len(batches))
        try:
            results = loop.evaluate(self, batches, hooks, progress)
            progress.end(results)
        finally:
            progress.abandon()
        return _returned(results, return_dict)

    def test_on_batch(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Compute loss and metrics of one batch; see `evaluate`."""
        inputs = numeric_array("x", x)
        return self.evaluate(inputs, y, len(inputs) or 1, 0, sample_weight, return_dict)

    def predict(
        self,
        x: ArrayLike,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        *,
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> NDArray[Any]:
        """Compute the outputs.

        Parameters
        ----------
        x : array_like, shape (N, ...)
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}, default "auto"
            1: a progress bar; "auto": the same on a terminal, nothing elsewhere.
        callbacks : list of Callback, optional
            As in `fit`.

        Returns
        -------
        ndarray, shape (N, ...)
            In the dtype of the model.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit.
        """
        size = batch_size_of("predict", "batch_size", batch_size)
        inputs = self.prepare_input(x)
        self._ensure_buffer()
        level, steps = resolve_verbose(verbose), -(-len(inputs) // size)
        hooks = CallbackList(callbacks, self, "predict", {"verbose": level, "steps": steps})
        progress = Progress(level, only_bar=verbose == "auto")
        progress.begin(steps)
        try:
            result = loop.predict(self, inputs, size, progress, hooks)
            progress.end({})
        finally:
            progress.abandon()
        return result

    def predict_on_batch(self, x: ArrayLike) -> NDArray[Any]:
        """Compute the outputs of one batch; see `predict`."""
        inputs = numeric_array("x", x)
        return self.predict(inputs, len(inputs) or 1, 0)

    @property
    def objective(self) -> Objective:
        """Loss and metrics; raises ValueError when the model is not compiled."""
        if self._objective is None:
            raise ValueError(
                f"{self.name}: expected a compiled model: call compile(loss=...) first"
            )
        return self._objective

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

    def apply_gradients(self) -> None:
        """Let the optimizer change the weights by the gradients of the last backward pass."""
        buffer = self._buffer or self._ensure_buffer()
        self.optimizer.step(buffer.values, buffer.ensure_grads(), buffer.segments)

    def _validation_samples(self, data: Any) -> Samples:
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ValueError(
                "fit: validation_data: expected (x, y) or (x, y, sample_weight), "
                f"got {_described(data)}"
            )
        x, y, weight = (*data, None)[:3]
        return prepare_samples(self, x, y, weight, prefix="validation_")

    def _start_training(self) -> None:
        buffer = self._ensure_buffer()
        buffer.ensure_grads()
        self._draw_seeds()
        self.optimizer.belong_to(self.name, buffer.segments)
        same = len(self._optimized) == len(buffer.segments) and all(
            a is b for a, b in zip(self._optimized, buffer.segments, strict=True)
        )
        if not same:
            # From here through fit or train_on_batch to the user's line.
            self.objective.warn_of_activation(self.output_activation(), stacklevel=3)
            self.optimizer.build(buffer.values.size, self.dtype)
            self._optimized = list(buffer.segments)


def _described(data: Any) -> str:
    kind = type(data).__name__
    return f"a {kind} of {len(data)}" if isinstance(data, (tuple, list)) else kind


def _returned(results: dict[str, float], as_dict: bool) -> float | list[float] | dict[str, float]:
    if as_dict:
        return results
    values = list(results.values())
    return values[0] if len(values) == 1 else values
