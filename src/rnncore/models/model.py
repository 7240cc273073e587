"""What every model offers: compile, fit, evaluate and predict."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, cast

from numpy.typing import ArrayLike, NDArray

from rnncore.callbacks.base import Callback, CallbackList
from rnncore.layers._arguments import boolean
from rnncore.models.compiled import Compiled
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
from rnncore.training.progress import Progress, resolve_verbose
from rnncore.utils._checks import check_count


class Model(Compiled):
    """A graph of layers that can be trained; the base of `Sequential` too.

    Parameters
    ----------
    inputs : SymbolicTensor, or a list or dict of them
        As `Input` returns them, or tensors between them and the outputs.
    outputs : SymbolicTensor, or a list or dict of them
        What the layers give that were called on the inputs, directly or not.
    name : str, default "functional"
    trainable : bool, default True
        False freezes all layers of the graph.

    Raises
    ------
    ValueError, TypeError
        For what is no symbolic tensor, outputs that need other inputs, two layers with one name,
        and layers of different dtypes.

    Attributes
    ----------
    history : History or None
        Of the last `fit`.
    stop_training : bool
        A callback sets it to end `fit`.
    first_epoch : int
        Where `fit` begins; a callback may set it in `on_train_begin`.

    Notes
    -----
    A layer that is called several times has its weights once, and so has a model that is called
    as a layer. Data for several inputs are a list in their order or a dict by their names, which
    are those of the `Input` layers or the keys of the dict that was given here; so are targets,
    losses and metrics, by the names of the layers that give the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Input, Model
    >>> from rnncore.layers import LSTM, Dense
    >>> series = Input((10, 3))
    >>> state = LSTM(8)(series)
    >>> level = Dense(1, name="level")(state)
    >>> kind = Dense(4, activation="softmax", name="kind")(state)
    >>> model = Model(series, [level, kind])
    >>> model.compile("adam", ["mse", "sparse_categorical_crossentropy"])
    >>> x, y = np.zeros((5, 10, 3)), {"level": np.zeros(5), "kind": np.zeros(5, int)}
    >>> sorted(model.fit(x, y, verbose=0).history)
    ['kind_loss', 'level_loss', 'loss']
    >>> [output.shape for output in model.predict(x, verbose=0)]
    [(5, 1), (5, 4)]
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model:
            from rnncore.models.functional import Functional

            return cast("Self", object.__new__(Functional))
        return object.__new__(cls)

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name)
        self.history: History | None = None
        self.stop_training = False
        self.first_epoch = 0

    # -- training ------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[ArrayLike] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: None = None,
        validation_steps: None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array_like, shape (N, ...), or a list or dict of them
            Inputs, converted to the dtype of the model.
        y : array_like, shape (N, ...), or a list or dict of them
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
            Weight of the samples of each class in training; in validation each counts as 1.
        sample_weight : array_like, shape (N,) or (N, T), or a list or dict of them, optional
            Weight of each sample or time step in the loss; one ndarray is for all outputs.
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
            if class_weight is not None:  # as in Keras it weighs what is trained on, only
                validation = validation.unweighted()
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
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
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

    def gradients(self, x: Any, y: Any, sample_weight: Any = None) -> list[NDArray[Any]]:
        """Compute the gradients of the loss of one batch, as a training step would.

        Parameters
        ----------
        x, y, sample_weight
            As in `fit`.

        Returns
        -------
        list of ndarray
            One for each of `trainable_weights`, in their order and shapes. Dropout is active. No
            weight changes.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit, or a model that is not compiled.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import Dense
        >>> model = Sequential([Dense(1, input_shape=(2,))])
        >>> model.compile(loss="mse")
        >>> [g.shape for g in model.gradients(np.ones((4, 2)), np.zeros(4))]
        [(2, 1), (1,)]
        """
        samples = prepare_samples(self, x, y, sample_weight)
        self._ensure_buffer().ensure_grads()
        self._draw_seeds()
        loop.gradient_step(self, samples)
        return [parameter.grad.copy() for parameter in self.trainable_weights]

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
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
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Compute loss and metrics of one batch; see `evaluate`."""
        return self.evaluate(x, y, _ALL_SAMPLES, 0, sample_weight, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        *,
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> Any:
        """Compute the outputs.

        Parameters
        ----------
        x : array_like, shape (N, ...), or a list or dict of them
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}, default "auto"
            1: a progress bar; "auto": the same on a terminal, nothing elsewhere.
        callbacks : list of Callback, optional
            As in `fit`.

        Returns
        -------
        ndarray, shape (N, ...)
            In the dtype of the model; a list or dict of several outputs, as the model was given
            them.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit.
        """
        size = batch_size_of("predict", "batch_size", batch_size)
        inputs = self.prepare_input(x)
        self._ensure_buffer()
        level, steps = resolve_verbose(verbose), -(-len(inputs[0]) // size)
        hooks = CallbackList(callbacks, self, "predict", {"verbose": level, "steps": steps})
        progress = Progress(level, only_bar=verbose == "auto")
        progress.begin(steps)
        try:
            results = loop.predict(self, inputs, size, progress, hooks)
            progress.end({})
        finally:
            progress.abandon()
        return self.outputs_structure.restore(results)

    def predict_on_batch(self, x: Any) -> Any:
        """Compute the outputs of one batch; see `predict`."""
        return self.predict(x, _ALL_SAMPLES, 0)

    def _validation_samples(self, data: Any) -> Samples:
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ValueError(
                "fit: validation_data: expected (x, y) or (x, y, sample_weight), "
                f"got {_described(data)}"
            )
        x, y, weight = (*data, None)[:3]
        return prepare_samples(self, x, y, weight, prefix="validation_")


# A batch size that no data reach.
_ALL_SAMPLES = sys.maxsize


def _described(data: Any) -> str:
    kind = type(data).__name__
    return f"a {kind} of {len(data)}" if isinstance(data, (tuple, list)) else kind


def _returned(results: dict[str, float], as_dict: bool) -> float | list[float] | dict[str, float]:
    if as_dict:
        return results
    values = list(results.values())
    return values[0] if len(values) == 1 else values
