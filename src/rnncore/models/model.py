"""What every model offers: fit, and what it inherits: compile, evaluate and predict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Self, cast

from numpy.typing import NDArray

from rnncore.callbacks.base import Callback, CallbackList
from rnncore.callbacks.history import History
from rnncore.models.evaluation import Evaluated, batches_of, size_for
from rnncore.models.network import Network
from rnncore.models.storable import Storable
from rnncore.training import loop
from rnncore.training.arguments import (
    batch_size_of,
    epoch_number,
    steps_of,
    validation_epochs,
    validation_share,
)
from rnncore.training.batches import Batches, one_batch
from rnncore.training.data import prepare_samples, split_off_validation
from rnncore.training.interrupts import InterruptGuard
from rnncore.training.progress import resolve_verbose
from rnncore.training.streams import Feed, Source, is_stream
from rnncore.utils._checks import check_flag
from rnncore.utils._config import explained


class Model(Evaluated, Storable):
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
        if type(self).layers is Network.layers:
            derived = "Functional or Sequential" if inputs is None else "Functional"
            raise NotImplementedError(
                f"{type(self).__name__}: expected a class derived from rnncore.models.{derived}, "
                "whose layers are connected by calling them on an Input; a `call` of one's own has "
                "no gradients here"
            )
        super().__init__(name)
        self.history: History | None = None
        self.stop_training = False
        self.first_epoch = 0

    @classmethod
    def _of_structure(
        cls, config: Mapping[str, Any], made: Mapping[str, Any] | None = None
    ) -> Self:
        from rnncore.models.functional import Functional

        return cast("Self", Functional._of_structure(config, made))

    # -- training ------------------------------------------------------------------------

    @explained
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Iterable[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array_like, shape (N, ...), or a list or dict of them
            Inputs, converted to the dtype of the model. Sequences of different lengths are a list
            of arrays ``(T_i, ...)``; see the notes. Or what gives batches ``(x, y)`` or ``(x, y,
            sample_weight)``: a generator or another iterator, which is walked once; an object that
            is asked for them by number, such as a `rnncore.utils.PyDataset`; or another iterable,
            which is walked anew in every epoch.
        y : array_like, shape (N, ...), or a list or dict of them
            Targets.
        batch_size : int, default 32
            Without effect on data that give batches, which have a size of their own.
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
            The same with other data, or what gives batches; `validation_split` is ignored then.
        shuffle : bool, default True
            Whether each epoch takes the samples in a new order, and the batches of a `PyDataset`.
            Without effect on other data that give batches.
        class_weight : dict of int to float, optional
            Weight of each class in training, 1 for a class that is not there; in validation each
            counts as 1. For one output: targets are class numbers, or rows with one class each,
            of samples or of time steps.
        sample_weight : array_like, shape (N,) or (N, T), or a list or dict of them, optional
            Weight of each sample or time step in the loss; one ndarray is for all outputs.
        initial_epoch : int, default 0
        steps_per_epoch : int, optional
            Batches of an epoch, by default all; the next epoch goes on where one stopped, but a
            training that is resumed from a file begins the data anew. With arrays and without
            `batch_size` they are as large as so many steps need.
        validation_steps : int, optional
            Batches of a validation, by default all. Each begins anew, but for an iterator.
        validation_batch_size : int, optional
            Default: `batch_size`.
        validation_freq : int or collection of int, default 1
            Evaluate after every so many epochs, or after these, counted from 1.

        Returns
        -------
        History
            Also kept as ``model.history``.

        Raises
        ------
        ValueError, TypeError
            For data or arguments that do not fit; nothing was trained then, unless it is a later
            batch of what gives them. What a generator raises comes through.

        Warns
        -----
        RuntimeWarning
            When the loss is NaN or infinite, once, with epoch and step; at the start, when a
            cross-entropy of probabilities stands behind an activation that does not give any.
        UserWarning
            When the data end before all steps are done; an iterator ends the training with it.

        Notes
        -----
        Ctrl-C leaves the weights as they were after a whole step, and the finished epochs in
        ``model.history``.

        **Sequences of different lengths.** A list, a tuple or an object array whose items are not
        all of one length stands for one input: of the model, or where it has several, of their
        list or dict. (Items that are of one length make one array, as ever.) An item is an array
        ``(T_i, features)``, or ``(T_i,)`` for token ids and for inputs with one feature; the
        ``Input`` must leave the number of steps open. `y` and `sample_weight` of an output with
        time steps are lists of as many steps, those of other outputs arrays. Batches are made of
        sequences of similar length, anew in every epoch; with ``shuffle=False`` they come as they
        are given. They are padded behind with zeros that are masked as if by a `Masking` layer:
        recurrent layers do not compute them, losses and metrics leave them out. Convolutions,
        pooling, `UpSampling1D`, `ZeroPadding1D`, `Cropping1D` and operators know how many steps a
        sequence has behind them, and give for each what they give for it alone. Where that is not
        possible the layer warns once, by name, that the mask ends there: behind it a result
        depends on the other sequences of the batch. So do `Flatten`, `Reshape`, `Permute`, `Dot`,
        `Lambda` without `mask`, ``x[:, n]``, and ``padding="same"`` with strides that make the
        padding in front depend on the length. Masks of other origin (`Masking`, ``mask_zero``) end
        at all of these layers, as in Keras, with the same warning.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Input, Sequential
        >>> from rnncore.layers import GRU, Dense
        >>> model = Sequential([Input((None, 3)), GRU(4), Dense(1)])
        >>> model.compile("adam", "mse")
        >>> sequences = [np.ones((5, 3)), np.ones((2, 3)), np.ones((9, 3))]
        >>> _ = model.fit(sequences, np.zeros(3), batch_size=2, verbose=0)
        >>> def batches():
        ...     while True:
        ...         yield np.ones((4, 7, 3)), np.zeros(4)
        >>> model.fit(batches(), steps_per_epoch=5, epochs=2, verbose=0).epoch
        [0, 1]
        """
        wanted = steps_of("fit", "steps_per_epoch", steps_per_epoch)
        held_wanted = steps_of("fit", "validation_steps", validation_steps)
        follows = validation_epochs(validation_freq)
        if validation_batch_size is not None:
            batch_size_of("fit", validation_batch_size, argument="validation_batch_size")
        self.first_epoch = epoch_number("initial_epoch", initial_epoch)
        last = epoch_number("epochs", epochs)
        level = resolve_verbose(verbose)
        shuffle = check_flag("fit", "shuffle", shuffle)
        share = 0.0 if validation_data is not None else validation_share(validation_split)
        source: Source
        held: Source | None = None
        if is_stream(x):
            if share:
                raise ValueError(
                    "validation_split: expected 0 beside data that give batches, "
                    f"got {validation_split!r}"
                )
            size = None
            source = self._source("fit", x, y, sample_weight, batch_size, wanted, class_weight)
        else:
            batch_size_of("fit", batch_size)  # before the data are looked at
            samples = prepare_samples(self, x, y, sample_weight, class_weight)
            if share:
                samples, rest = split_off_validation(samples, share)
                if class_weight is not None:  # as in Keras it weighs what is trained on, only
                    rest = rest.unweighted()
                held = batches_of("fit", rest, validation_batch_size or batch_size, held_wanted)
            size = size_for("fit", len(samples), batch_size, wanted)
            source = Batches(samples, size, by_length=False)
        if validation_data is not None:
            if not is_stream(validation_data):
                validation_batch_size = validation_batch_size or batch_size
            held = self._validation_source(validation_data, validation_batch_size, held_wanted)
        for batches in (source, held):
            self.expect_batches("fit", batches)
        feed = Feed(source, wanted)
        params = {"verbose": level, "epochs": last, "steps": feed.steps, "batch_size": size}
        hooks = CallbackList(callbacks, self, "fit", params)
        if self.first_epoch < last:
            names = list(self.objective.results())
            if held is not None and any(map(follows, range(self.first_epoch + 1, last + 1))):
                names += [f"val_{name}" for name in names]
            hooks.expect_use(names)
        self._start_training()
        self.history = History(params)
        loop.fit(
            self,
            feed,
            None if held is None else loop.Validation(held, held_wanted, follows),
            self.history,
            epochs=last,
            shuffle=shuffle,
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
            loss = loop.Steps(self).train(one_batch(samples), guard)
        if not math.isfinite(loss):
            loop.warn_about(loss, "this batch", "train_on_batch")
        return self._returned(self.objective.results(), return_dict)

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
            weight changes but the moving averages of BatchNormalization; stateful layers go on.

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
        loop.Steps(self).gradients(one_batch(samples))
        return [parameter.grad.copy() for parameter in self.trainable_weights]

    def _validation_source(self, data: Any, batch_size: Any, steps: int | None) -> Source:
        """Return the batches of `validation_data`."""
        if is_stream(data):
            return self._source("fit", data, None, None, batch_size, steps, prefix="validation_")
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ValueError(
                "fit: validation_data: expected (x, y) or (x, y, sample_weight), "
                f"got {_described(data)}"
            )
        x, y, weight = (*data, None)[:3]
        return self._source("fit", x, y, weight, batch_size, steps, prefix="validation_")


def _described(data: Any) -> str:
    kind = type(data).__name__
    return f"a {kind} of {len(data)}" if isinstance(data, (tuple, list)) else kind
