"""Models: compile, fit, evaluate, predict, save; what a model is as a layer of another one."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray

from rnncore import _core, optimizers, saving
from rnncore.callbacks.base import Callback, CallbackList
from rnncore.callbacks.history import History
from rnncore.layers.graph.symbolic import CountedStep, MaskSteps, Node, SymbolicTensor, is_symbolic
from rnncore.layers.layer import Layer, Shape, detached
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter, building
from rnncore.layers.tape import Tape
from rnncore.metrics import Metric
from rnncore.models.summary import summary_lines
from rnncore.networks.network import Network
from rnncore.networks.parameter_buffer import ParameterBuffer
from rnncore.networks.program import infer_model
from rnncore.saving import model_file
from rnncore.saving.runtime_file import streaming_model
from rnncore.training import loop
from rnncore.training.batches import Batches, one_batch
from rnncore.training.data import (
    Inputs,
    Samples,
    batch_size_of,
    epoch_number,
    fitted,
    prepare_samples,
    samples_to_predict,
    split_off_validation,
    steps_of,
    validation_epochs,
    validation_share,
)
from rnncore.training.loop import InterruptGuard
from rnncore.training.objectives import Objectives
from rnncore.training.prediction import predict
from rnncore.training.progress import Progress, resolve_verbose
from rnncore.training.ragged import Ragged, rectangular
from rnncore.training.streams import Feed, Prepare, Source, Stream, is_stream
from rnncore.training.structure import Structure
from rnncore.utils._arrays import RAGGED
from rnncore.utils._checks import check_choice, check_count, check_flag, check_name
from rnncore.utils._config import (
    deserialize_items,
    explained,
    passed_on,
    read_as_one,
    serialize,
    written_as_one,
)
from rnncore.utils._names import default_name
from rnncore.utils._registry import custom_object_scope, in_library
from rnncore.utils.random import new_rng


class Model(Layer):
    """A graph of layers that can be trained; the base of `Sequential` too.

    Parameters
    ----------
    inputs : SymbolicTensor, or a list or dict of them
        As `Input` returns them, or tensors between them and the outputs.
    outputs : SymbolicTensor, or a list or dict of them
        Results of calling layers on the inputs, directly or indirectly.
    name : str, default "functional"
    trainable : bool, default True
        False freezes all layers of the graph.

    Raises
    ------
    ValueError, TypeError
        If anything is not a symbolic tensor, an output needs other inputs, two layers share a name,
        or layers have different dtypes.

    Attributes
    ----------
    optimizer : Optimizer or None
        Set by `compile`.
    history : History or None
        That of the last `fit`.
    stop_training : bool
        A callback sets it to stop `fit`.
    first_epoch : int
        Where `fit` starts; a callback may set it in `on_train_begin`.

    Notes
    -----
    A layer or model called several times has one set of weights. Data for several inputs are a list
    in order or a dict by name: the names of the `Input` layers, or the keys of the dict given here.
    The same goes for targets, losses and metrics, by the names of the output layers.

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

    not_called: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("call", "compute_loss", "predict_step", "test_step", "train_step"), ""
    )
    reads_mask = True
    is_model = True
    is_building = True  # always, since the layers inside make the weights
    dtype: np.dtype[Any]
    # What ``Model(inputs, outputs)`` makes: the class `Functional`, which stands above this one and
    # says so itself.
    functional: ClassVar[type[Model]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return cast("Self", object.__new__(Model.functional if cls is Model else cls))

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        if type(self).layers is Model.layers:
            derived = "Functional or Sequential" if inputs is None else "Functional"
            raise NotImplementedError(
                f"{type(self).__name__}: expected a class derived from rnncore.models.{derived}, "
                "whose layers are connected by calling them on an Input; a `call` of your own has "
                "no gradients here"
            )
        # Not Layer's constructor: what a layer declares follows here from the layers inside.
        self.name = check_name(type(self).__name__, name, "") or default_name(type(self))
        self.explicit_dtype: np.dtype[Any] | None = None
        self._parameters: list[Parameter] = []
        self._nodes: list[Node] = []
        self._buffer: ParameterBuffer | None = None
        self.optimizer: Any = None
        self._objective: Objectives | None = None
        # Those of `compile`, but the optimizer, which may be another one by now.
        self._compile_arguments: dict[str, Any] | None = None
        self._optimized: tuple[Parameter, ...] = ()
        self._shuffle_rng: np.random.Generator | None = None
        self.history: History | None = None
        self.stop_training = False
        self.first_epoch = 0

    # -- what subclasses give ------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once."""
        raise NotImplementedError(f"{type(self).__name__}: expected a property layers")

    # The names of inputs and outputs, and whether they are one, a list or a dict.
    inputs_structure: Structure
    outputs_structure: Structure
    # The symbolic ones.
    inputs: list[SymbolicTensor]
    outputs: list[SymbolicTensor]
    # What runs the layers.
    network: Network

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs, the keys of a dict of data."""
        return list(self.inputs_structure.names)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, the keys of a dict of targets, losses or metrics."""
        return list(self.outputs_structure.names)

    @property
    def input(self) -> Any:
        """The symbolic input; a list or a dict if there are several."""
        return self.inputs_structure.restore(self.inputs)

    @property
    def output(self) -> Any:
        """The symbolic output; a list or a dict if there are several."""
        return self.outputs_structure.restore(self.outputs)

    def _expected_shapes(self) -> list[Shape | None]:
        """Return the shape that each input must have; None for any."""
        return [tensor.shape for tensor in self.inputs]

    def _taken(self, index: int, argument: str, array: NDArray[Any] | Ragged) -> Any:
        """Return the data of one input as its layers take them."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _taken")

    def prepare_input(self, x: Any, argument: str = "x") -> Inputs:
        """Return `x`, one array, a list or a dict, as arrays that `run` takes.

        The model is built if it is not yet. Sequences of different lengths are not padded yet.

        Raises
        ------
        ValueError, TypeError
            If the number of inputs, a name, a shape, a dtype or a token id is wrong, or the inputs
            differ in their number of samples or have none.
        """
        arrays: list[NDArray[Any] | Ragged] = []
        shapes = self._expected_shapes()
        rank = len(shapes[0] or self.input_shape or ())
        parts = self.inputs_structure.flatten(argument, x, whole=lambda a: a.ndim >= rank > 0)
        for index, part in enumerate(parts):
            name = self.inputs_structure.argument(argument, index)
            array = fitted(name, part, shapes[index])
            if arrays and len(array) != len(arrays[0]):
                raise ValueError(
                    f"{name}: expected {len(arrays[0])} samples, as in the first input, got "
                    f"{len(array)}"
                )
            arrays.append(self._taken(index, name, array))
        return tuple(arrays)

    # -- compile -------------------------------------------------------------------------

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
        """Choose the optimizer, the losses and the metrics.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
            A name or a new object starts with a fresh state, as in Keras; the object of an earlier
            call keeps its state. An optimizer belongs to one model only.
        loss : str or Loss, or a list or dict of them, optional
            Without a loss the model can only predict. With several outputs, a list or dict gives
            each its own (None: the output is not trained); a single loss applies to all. A loss of
            your own is a subclass of `rnncore.losses.Loss`, since its gradient is needed.
        loss_weights : float, or a list or dict of float, optional
            Weight of each output's loss in the total loss; default 1.
        metrics : list of str, Metric or function, optional
            Reported with the loss; they ignore sample weights. For several outputs, a list or dict
            with a metric or a list of metrics for each. A function takes the arrays ``(y_true,
            y_pred)`` of a batch and returns one number per sample.
        weighted_metrics : list of str, Metric or function, optional
            The same, with sample weights. A name already in `metrics` gets the prefix
            ``"weighted_"``.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Without effect: these change how Keras computes, not what.

        Raises
        ------
        ValueError, TypeError
            If the name is unknown. `fit` and `train_on_batch` raise ValueError for an optimizer
            that has trained other weights.
        """
        arguments = passed_on(locals(), "optimizer")
        chosen = optimizers.get(optimizer)
        if loss is None and (metrics or weighted_metrics):
            raise ValueError("compile: loss: expected a loss with metrics, got None")
        self._objective = (
            None
            if loss is None
            else Objectives(self.outputs_structure, loss, metrics, weighted_metrics, loss_weights)
        )
        self._compile_arguments = arguments
        self.optimizer = chosen
        self._optimized = ()
        self._draw_seeds()

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
            of arrays ``(T_i, ...)``; see the notes. Or anything that yields batches ``(x, y)`` or
            ``(x, y, sample_weight)``: an iterator such as a generator, which is consumed once; a
            `rnncore.utils.PyDataset` or another indexable object; or another iterable, which is
            iterated over in every epoch.
        y : array_like, shape (N, ...), or a list or dict of them
            Targets.
        batch_size : int, default 32
            Has no effect on data that yield batches.
        epochs : int, default 1
            Index of the epoch to stop before, counted from 0 like `initial_epoch`.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0: silent. 1 and "auto": a progress bar on a terminal, elsewhere one line per epoch. 2:
            one line per epoch.
        callbacks : list of Callback, optional
            Called in this order; see `rnncore.callbacks`.
        validation_split : float, default 0.0
            Fraction of the samples, taken from the end before any shuffling, to evaluate after
            every epoch instead of training on them.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Other data to evaluate, or anything that yields batches; overrides `validation_split`.
        shuffle : bool, default True
            Whether to shuffle the samples, or the batches of a `PyDataset`, in every epoch. Has no
            effect on other data that yield batches.
        class_weight : dict of int to float, optional
            Weight of each class in training, 1 for classes not given; validation ignores it. Only
            for models with one output. Targets are class numbers or one-hot rows, one per sample or
            per time step.
        sample_weight : array_like, shape (N,) or (N, T), or a list or dict of them, optional
            Weight of each sample or time step in the loss; a single array applies to all outputs.
        initial_epoch : int, default 0
        steps_per_epoch : int, optional
            Number of batches in an epoch, by default all. The next epoch continues where one
            stopped; training resumed from a file starts the data again. For arrays without
            `batch_size` it determines the size of the batches.
        validation_steps : int, optional
            Number of batches in a validation, by default all. Every validation starts from the
            first batch, except with an iterator.
        validation_batch_size : int, optional
            Default: `batch_size`.
        validation_freq : int or collection of int, default 1
            Evaluate after every `validation_freq` epochs, or after these epochs, counted from 1.

        Returns
        -------
        History
            Also kept as ``model.history``.

        Raises
        ------
        ValueError, TypeError
            If data or arguments are wrong. Nothing has been trained then, unless the error is in a
            later batch of a generator or data set. Exceptions of a generator are passed on.

        Warns
        -----
        RuntimeWarning
            Once, with epoch and step, if the loss is NaN or infinite; and at the start, if a
            cross-entropy of probabilities follows an activation that does not give probabilities.
        UserWarning
            If the data end before all steps are done. With an iterator this ends the training.

        Notes
        -----
        After Ctrl-C the weights are those after a complete step, and ``model.history`` has the
        finished epochs.

        **Sequences of different lengths.** An input may be a list, a tuple or an object array of
        sequences that differ in length. (Items of equal length make one array.) An item is an array
        ``(T_i, features)``, or ``(T_i,)`` for token ids and for inputs with one feature; the
        ``Input`` must leave the number of steps open. For an output with time steps, `y` and
        `sample_weight` are lists with the same numbers of steps; for other outputs they are arrays.
        Each epoch makes new batches of sequences of similar length; with ``shuffle=False`` they
        stay in order. Sequences are padded at the end with zeros that are masked as if by a
        `Masking` layer: recurrent layers skip them, losses and metrics leave them out.
        Convolutions, pooling, `UpSampling1D`, `ZeroPadding1D`, `Cropping1D` and operators know the
        length that each sequence has after them, and give what they would give for it alone; one
        that is shorter than a window has no steps after it, and a batch of such only is refused. If
        a layer cannot do that, the mask ends there and it warns once, by name: after it, a result
        depends on the other sequences of the batch. These are `Flatten`, `Reshape`, `Permute`,
        `Dot`, `Lambda` without `mask`, ``x[:, n]``, and ``padding="same"`` with strides if the
        padding in front depends on the length. Other masks (from `Masking` or ``mask_zero``) end at
        all of these layers, as in Keras, with the same warning.

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
        batch_size_of("fit", batch_size)  # before the data are looked at
        batch_size_of("fit", validation_batch_size, "validation_batch_size")
        self.first_epoch = epoch_number("initial_epoch", initial_epoch)
        last = epoch_number("epochs", epochs)
        level = resolve_verbose(verbose)
        shuffle = check_flag("fit", "shuffle", shuffle)
        share = 0.0 if validation_data is not None else validation_share(validation_split)
        self._expect_same_layers()
        prepare, parts = self._preparing(class_weight), (x, y, sample_weight)
        held_size = validation_batch_size or batch_size
        held: Source | None = None
        if is_stream(x):
            if share:
                raise ValueError(
                    "validation_split: expected 0 with data that yield batches, got "
                    f"{validation_split!r}"
                )
            size = None
            source = self._source("fit", prepare, parts, batch_size, wanted)
        else:
            samples = prepare(parts, "")
            if share:
                samples, rest = split_off_validation(samples, share)
                if class_weight is not None:  # as in Keras it only weights training data
                    rest = Samples(rest.x, rest.y, (None,) * len(rest.y))
                held = self._batches("fit", rest, held_size, held_wanted)
            size = size_for("fit", len(samples), batch_size, wanted)
            source = self._batches("fit", samples, size, None, by_length=False)
        if validation_data is not None:
            parts = _validation_parts(validation_data)
            prepare = self._preparing()
            held = self._source("fit", prepare, parts, held_size, held_wanted, "validation_")

        def validation(epoch: int) -> Feed | None:
            return None if held is None or not follows(epoch) else Feed(held, held_wanted)

        feed = Feed(source, wanted)
        params = {"verbose": level, "epochs": last, "steps": feed.steps, "batch_size": size}
        hooks = CallbackList(callbacks, self, "fit", params)
        if self.first_epoch < last:
            names = list(self.objective.results())
            numbers = range(self.first_epoch + 1, last + 1)
            validated = [held is not None and follows(number) for number in numbers]
            of_some = [f"val_{name}" for name in names] if any(validated) else []
            hooks.expect_use([*names, *of_some], [] if all(validated) else of_some)
        self._start_training()
        self.history = History(params)
        rng = self.shuffle_rng if shuffle else None
        progress = Progress(level, last)
        loop.fit(
            self,
            feed,
            validation,
            self.history,
            epochs=last,
            rng=rng,
            hooks=hooks,
            progress=progress,
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
        """Train on one batch.

        Returns
        -------
        float, list of float or dict
            The loss of this batch, followed by the metrics if there are any.

        Raises
        ------
        ValueError, TypeError
            If the data do not fit the model.
        """
        self._expect_same_layers()
        samples = self._preparing(class_weight)((x, y, sample_weight), "")
        self._start_training()
        self.objective.reset()
        with InterruptGuard() as guard, np.errstate(all="ignore"):
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
            One for each of `trainable_weights`, in order. Dropout is active, moving averages of
            BatchNormalization and the states of stateful layers are updated, and no other weight
            changes.

        Raises
        ------
        ValueError, TypeError
            If the data do not fit the model, or it is not compiled.

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
        samples = self._preparing()((x, y, sample_weight), "")
        self.parameter_buffer().ensure_grads()
        self._draw_seeds()
        with np.errstate(all="ignore"):
            loop.Steps(self).gradients(one_batch(samples))
        return [parameter.grad.copy() for parameter in self.trainable_weights]

    # -- evaluation ----------------------------------------------------------------------

    @explained
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Compute loss and metrics.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As in `fit`.
        steps : int, optional
            Number of batches, by default all. For arrays without `batch_size` it determines the
            size of the batches.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The loss, followed by the losses of several outputs and the metrics, in Keras' order.

        Raises
        ------
        ValueError, TypeError
            If the data do not fit the model.

        Warns
        -----
        UserWarning
            If the data have fewer batches than `steps`.
        """
        options = batch_size, verbose, steps, callbacks
        prepare, parts = self._preparing(), (x, y, sample_weight)
        results = self._run("evaluate", loop.evaluate, prepare, parts, *options)
        return self._returned(results, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Compute loss and metrics of one batch; see `evaluate`."""
        return self.evaluate(
            x, y, _ALL_SAMPLES, 0, sample_weight=sample_weight, return_dict=return_dict
        )

    @explained
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Callback | Iterable[Callback] | None = None,
    ) -> Any:
        """Compute the outputs.

        Parameters
        ----------
        x : array_like, shape (N, ...), or a list or dict of them
            Or a list of sequences of different lengths, or anything that yields batches; see `fit`.
            In batches ``(x, y)`` or ``(x, y, sample_weight)`` only `x` is used.
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}, default "auto"
            1: a progress bar; "auto": the same on a terminal, nothing elsewhere.
        steps : int, optional
            Number of batches, by default all. For arrays without `batch_size` it determines the
            size of the batches.
        callbacks : list of Callback, optional
            As in `fit`.

        Returns
        -------
        ndarray, shape (N, ...)
            In the dtype of the model. Several outputs are a list or dict, as given to the model.
            For sequences of different lengths, an output with time steps is a list of arrays
            ``(T_i, ...)``.

        Raises
        ------
        ValueError, TypeError
            If the data do not fit the model.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Input, Sequential
        >>> from rnncore.layers import LSTM, Dense
        >>> model = Sequential([Input((None, 3)), LSTM(4, return_sequences=True), Dense(2)])
        >>> [y.shape for y in model.predict([np.ones((5, 3)), np.ones((2, 3))], verbose=0)]
        [(5, 2), (2, 2)]
        """

        def prepare(parts: tuple[Any, Any, Any], prefix: str) -> Samples:
            argument = f"{prefix}x"
            return samples_to_predict(self, self.prepare_input(parts[0], argument), argument)

        options = batch_size, verbose, steps, callbacks
        results = self._run("predict", predict, prepare, (x, None, None), *options)
        return self.outputs_structure.restore(results)

    def stream(self, batch: int = 1) -> _core.Stream:
        """Return a stream: sequences whose steps come one after another.

        Parameters
        ----------
        batch : int, default 1
            Number of sequences side by side.

        Returns
        -------
        Stream
            With the weights as they are now.

        Raises
        ------
        ValueError
            If a layer needs the whole sequence, changes the number of steps or runs only in Python,
            or the model is not built.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> stream = Sequential([LSTM(4, input_shape=(None, 3))]).stream(batch=2)
        >>> stream.step(np.zeros((2, 3), np.float32)).shape
        (2, 4)
        """
        return _core.Stream(streaming_model(self), batch)

    def predict_on_batch(self, x: Any) -> Any:
        """Compute the outputs of one batch; see `predict`."""
        return self.predict(x, _ALL_SAMPLES, 0)

    # -- loss and metrics ----------------------------------------------------------------

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compile_arguments is not None

    @property
    def loss(self) -> Any:
        """The `loss` given to `compile`; None before."""
        return (self._compile_arguments or {}).get("loss")

    @property
    def metrics(self) -> list[Metric]:
        """The loss as a metric, the metrics of `compile`, and the losses of several outputs.

        Empty before `compile`. A metric that depends on the data, such as ``"accuracy"``, appears
        with the first batch. The losses hold their current values; `reset_metrics` resets all.
        (Keras has a single ``compile_metrics`` instead of the metrics of `compile`.)

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
        """Reset loss and metrics; `fit` and `evaluate` do so themselves."""
        if self._objective is not None:
            self._objective.reset()

    @property
    def metrics_names(self) -> list[str]:
        """The names of loss and metrics; those of `compile` have one name together, as in Keras 3.

        Empty before `compile`. ``evaluate(..., return_dict=True)`` names each metric.
        """
        return [] if self._objective is None else self._objective.metrics_names()

    # -- files -----------------------------------------------------------------------------

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        *,
        include_optimizer: bool = True,
        runtime: bool = False,
    ) -> None:
        """Write the whole model to a file, to be read by `rnncore.models.load_model`.

        The file is replaced as a whole: if the program is killed, either the old or the new one is
        there.

        Parameters
        ----------
        filepath : str or path
            Any name, by convention ending in ``.rnnc``, but not in an ending of Keras' formats.
        overwrite : bool, default True
        include_optimizer : bool, default True
            Whether to store the arguments of `compile` and the state of the training, from which
            training resumes bit for bit.
        runtime : bool, default False
            Whether C programs shall run the file too, by ``rnncore_model_open``; see the guide on
            embedding. Leave out the optimizer where size counts.

        Raises
        ------
        OSError
            If the file cannot be written, or exists and `overwrite` is False.
        ValueError, TypeError
            If the model holds a function that has no name, or with `runtime` a layer that only
            Python can run, or is not built.

        Warns
        -----
        UserWarning
            If the name ends like ``model.keras``, since the file is not in Keras' format.

        Examples
        --------
        >>> import os, tempfile
        >>> from rnncore import Sequential
        >>> from rnncore.layers import Dense
        >>> model = Sequential([Dense(2, input_shape=(3,))])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "model.rnnc"))
        ...     os.listdir(folder)
        ['model.rnnc']
        """
        saving.save_model(self, filepath, overwrite, include_optimizer, runtime)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write only the weights to a file, to be read by `load_weights`.

        Parameters
        ----------
        filepath : str or path
            As for `save`.
        overwrite : bool, default True

        Raises
        ------
        OSError
            If the file cannot be written, or exists and `overwrite` is False.
        ValueError
            If the model is not built.

        Warns
        -----
        UserWarning
            If the name ends like ``model.weights.h5``, since the file is not HDF5.
        """
        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Set the weights from a file of `save_weights`, `save` or `ModelCheckpoint`.

        Parameters
        ----------
        filepath : str or path
        skip_mismatch : bool, default False
            Whether to skip, with a warning, weights that the file lacks or has in a different
            shape.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not a file of rnncore, is damaged, has a newer major version, or holds other
            weights. Nothing has been changed then.

        Notes
        -----
        Weights are matched by their path, such as ``bidirectional/lstm_1/kernel``, made from the
        classes and order of the layers, not from their names.

        Examples
        --------
        >>> import os, tempfile
        >>> from rnncore import Sequential
        >>> from rnncore.layers import Dense
        >>> one, other = (Sequential([Dense(2, input_shape=(3,))]) for _ in range(2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "weights.rnnc")
        ...     one.save_weights(path)
        ...     other.load_weights(path)
        >>> bool((one.get_weights()[0] == other.get_weights()[0]).all())
        True
        """
        saving.load_weights(self, filepath, skip_mismatch)

    # -- configurations --------------------------------------------------------------------

    def to_json(self, **kwargs: Any) -> str:
        """Return the structure as JSON, to be read by `rnncore.models.model_from_json`.

        Parameters
        ----------
        **kwargs
            Options of `json.dumps`, such as ``indent=2``.

        Raises
        ------
        ValueError, TypeError
            If the model holds a function without a name or an argument that cannot be stored.

        Examples
        --------
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> from rnncore.models import model_from_json
        >>> model_from_json(Sequential([LSTM(4, input_shape=(5, 2))]).to_json()).output_shape
        (None, 4)
        """
        return model_file.model_text(self, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the structure: the layers with their arguments and connections."""
        if self.is_remembered:
            return super().get_config()
        return written_as_one(self._structure)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a model with new weights from the result of `get_config`.

        Parameters
        ----------
        config : dict
        custom_objects : dict of str to class or function, optional
            Names that it may use besides registered ones; see `rnncore.saving`.

        Raises
        ------
        ValueError, TypeError
            If the configuration is invalid.
        """
        with custom_object_scope(custom_objects or {}):
            if not in_library(cls.__init__):
                return cls(**deserialize_items(config))
            return read_as_one(lambda: cls._of_structure(config))

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile`; None before it was called."""
        if self._compile_arguments is None:
            return None
        found: dict[str, Any] = serialize({"optimizer": self.optimizer, **self._compile_arguments})
        return found

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile from the result of `get_compile_config`."""
        self.compile(**deserialize_items(config))

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the input shape that the weights were made for, if nothing else stores it."""
        if not self.is_remembered or not self.built:
            return None
        return {"input_shape": self.input_shape}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights from the result of `get_build_config`."""
        if not self.built:
            self.build(tuple(config["input_shape"]))

    def current_arguments(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable}

    def _structure(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__}: expected a method _structure")

    @classmethod
    def _of_structure(
        cls, config: Mapping[str, Any], made: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a model, from the layers in `made` by name if given."""
        return cast("Self", Model.functional._of_structure(config, made))

    # -- a model as a layer ----------------------------------------------------------------

    @property
    def children(self) -> Sequence[Layer]:  # type: ignore[override]
        """The layers inside."""
        return self.layers

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        return infer_model(f, self, x, mask)[0]

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        y, _, tape = self.run_as_layer(x, mask=mask, training=training)
        return y, tape

    def run_as_layer(
        self, x: Any, *, mask: Any = None, training: bool | None = False
    ) -> tuple[Any, Any, Tape]:
        """Return output and mask (lists if several) and what `backward` needs; see `run`."""
        several = isinstance(x, list)
        outputs, tape = self.network.run(
            tuple(x) if several else (x,),
            mask if several or mask is None else (mask,),
            training=training,
        )
        if len(outputs) == 1:
            return (*outputs[0], tape)
        return [y for y, _ in outputs], [mask for _, mask in outputs], tape

    def backward(self, tape: Tape, dy: Any, *, need_dx: bool = True) -> Any:
        dys = dy if isinstance(dy, list) else [dy]
        return self._joined(self.network.run_backward(tape, dys, need_dx=need_dx))

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        return []

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return self.run_as_layer(x, mask=mask)[1]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for inputs of `input_shape`, batch axis included.

        Lists of shapes if the network has several inputs or outputs.
        """
        shapes = self.network.output_shapes(input_shape if self.takes_several else [input_shape])
        return shapes[0] if len(shapes) == 1 else shapes

    # -- use ------------------------------------------------------------------------------

    def __call__(  # type: ignore[override]
        self, x: Any, *, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Compute the outputs of one batch; with ``training=True`` dropout is active.

        Called on symbolic tensors, the model becomes part of a graph like any layer.
        """
        if is_symbolic(x):
            parts = self.inputs_structure.flatten(f"{self.name}: x", x)
            found = super().__call__(self._joined(parts), mask=mask, training=training)
            return self.outputs_structure.restore(found if isinstance(found, tuple) else [found])
        if mask is not None:
            raise ValueError(f"{self.name}: mask: expected None, got {type(mask).__name__}")
        inputs = rectangular(f"{self.name}: x", self.prepare_input(x))
        if training is not None:
            training = check_flag(self.name, "training", training)
        outputs, _ = self.network.run(inputs, training=training)
        found = [detached(y, inputs) for y, _ in outputs]
        return self.outputs_structure.restore(found)

    # -- states --------------------------------------------------------------------------

    def reset_state(self) -> None:
        """Reset the states of all stateful layers to zeros.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Input, Sequential
        >>> from rnncore.layers import LSTM
        >>> model = Sequential([Input(batch_shape=(1, 5, 2)), LSTM(3, stateful=True)])
        >>> x = np.ones((1, 5, 2))
        >>> first, second = model.predict(x, verbose=0), model.predict(x, verbose=0)
        >>> model.reset_state()
        >>> bool((first != second).any() and (model.predict(x, verbose=0) == first).all())
        True
        """
        for layer in self.stateful_layers():
            layer.reset_state()

    def reset_states(self) -> None:
        """Same as `reset_state`."""
        self.reset_state()

    # -- weights -------------------------------------------------------------------------

    @property
    def trainable(self) -> bool:
        """Whether any layer is trainable; setting it sets all layers."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self.layers:
            layer.trainable = value

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or by position; ValueError or TypeError if there is none."""
        if (name is None) == (index is None):
            raise ValueError("get_layer: expected either name or index")
        names = [layer.name for layer in self.layers]
        if name is not None:
            return self.layers[names.index(check_choice("get_layer", "name", name, names))]
        count = len(names)
        expected = f"one below {count}"
        place = check_count("get_layer", "index", index, expected, least=-count, most=count - 1)
        return self.layers[place]

    def forget_weights(self) -> None:
        """Do nothing: the weights belong to the layers inside."""

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers with output shapes, parameter counts and (in a graph) edges.

        Parameters
        ----------
        line_length : int, optional
            Width of the table; longer entries wrap. Default: as wide as needed.
        positions : list of float, optional
            Where the columns end, as fractions of the line or, if the last is above 1, in
            characters.
        print_fn : callable, default `print`
            Called with each line.
        expand_nested : bool, default False
            Whether to show the layers of nested models.
        show_trainable : bool, default False
            Whether to add a column that says which layers are trained: Y, N, or - without weights.
        layer_range : list of two str, optional
            Names, or patterns of names, of the first and last layer to show.

        Raises
        ------
        ValueError, TypeError
            If an argument has the wrong type, a column is too narrow, or no layer matches a name.
        """
        show = print if print_fn is None else print_fn
        options = line_length, positions, expand_nested, show_trainable, layer_range
        for line in summary_lines(self, *options):
            show(line)

    def parameter_buffer(self) -> ParameterBuffer:
        """Return the buffer of all weights; move them into it if they are elsewhere."""
        with building:
            parameters = self.weights
            if self._buffer is None or not self._buffer.holds(parameters):
                self._buffer = ParameterBuffer(parameters, self.dtype)
            return self._buffer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} layers={len(self.layers)}>"

    def __getstate__(self) -> dict[str, Any]:
        # The layers hold the weights; the buffer is rebuilt on first use.
        return {**super().__getstate__(), "_buffer": None}

    # -- what the training loop asks -----------------------------------------------------

    @property
    def objective(self) -> Objectives:
        """Loss and metrics; ValueError if the model is not compiled."""
        if self._objective is None:
            raise ValueError(
                f"{self.name}: expected a compiled model: call compile(loss=...) first"
            )
        return self._objective

    def expect_steps_in_order(self, argument: str) -> None:
        """Raise ValueError if a layer returns its steps in reverse.

        The steps of shorter sequences would then come after the padding.
        """
        layer = self.reversing_layer()
        if layer is not None:
            raise ValueError(
                f"{argument}: expected a rectangular array for {layer.name!r}, which returns "
                f"sequences backwards, got {RAGGED}"
            )

    @property
    def shuffle_rng(self) -> np.random.Generator:
        """The generator that orders the samples, derived from the global seed."""
        if self._shuffle_rng is None:
            self._shuffle_rng = new_rng()
        return self._shuffle_rng

    def _draw_seeds(self) -> None:
        """Draw training's seeds as soon as the model is both built and compiled.

        A copy made before the first step then trains with the same bits.
        """
        if self._objective is not None and self.built:
            _ = self.shuffle_rng
            for layer in self.layers:
                layer.draw_seeds()

    def _expect_same_layers(self) -> None:
        if self._optimized and self.built and self._optimized != self.parameter_buffer().segments:
            raise ValueError(
                f"{self.name}: expected the layers that it was compiled with, got others: compile "
                "the model again"
            )

    def _start_training(self) -> None:
        buffer = self.parameter_buffer()
        buffer.ensure_grads()
        self._draw_seeds()
        self._expect_same_layers()
        self.optimizer.belong_to(self.name, buffer.segments)
        if not self._optimized:
            # The caller's line, beyond fit or train_on_batch.
            self.objective.warn_of_activations(self.network.output_activations())
            self.optimizer.build(buffer.values.size, self.dtype)
            self._optimized = buffer.segments

    # -- data ----------------------------------------------------------------------------

    def _preparing(self, class_weight: Mapping[int, float] | None = None) -> Prepare:
        """Return what makes samples of ``(x, y, sample_weight)``, with a prefix for errors."""
        _ = self.objective  # report a missing compile before looking at the data

        def prepare(parts: tuple[Any, Any, Any], prefix: str) -> Samples:
            x, y, sample_weight = parts
            inputs = self.prepare_input(x, f"{prefix}x")
            return prepare_samples(self, inputs, y, sample_weight, class_weight, prefix)

        return prepare

    def _source(
        self,
        owner: str,
        prepare: Prepare,
        parts: tuple[Any, Any, Any],
        batch_size: Any,
        steps: int | None,
        prefix: str = "",
    ) -> Source:
        """Return the batches of arrays, or of data that yield batches."""
        x, *others = parts
        if not is_stream(x):
            return self._batches(owner, prepare(parts, prefix), batch_size, steps)
        for argument, value in zip(("y", "sample_weight"), others, strict=True):
            if value is not None:
                raise ValueError(
                    f"{owner}: {prefix}{argument}: expected None with data that yield batches, "
                    f"which include it, got {type(value).__name__}"
                )
        batch_size_of(owner, batch_size, f"{prefix}batch_size")
        stream = Stream(x, prepare, prefix)
        stream.peek()
        return stream

    def _batches(
        self, owner: str, samples: Samples, batch_size: Any, steps: int | None, **options: Any
    ) -> Batches:
        """Return samples in batches; those of some steps only are the first ones.

        ValueError unless all batches have the size that the states of layers are for.
        """
        size = size_for(owner, len(samples), batch_size, steps)
        batches = Batches(samples, size, **{"by_length": not steps, **options})
        size, count = batches.batch_size, len(samples)
        for layer in self.stateful_layers():
            expected = size if layer.states is None else layer.states[0].shape[0]
            if size != expected or count % expected:
                raise ValueError(
                    f"{owner}: batch_size: expected {expected} and as many samples as fill whole "
                    f"batches, as {layer.name!r} is stateful, got {size} for {count} samples"
                )
        return batches

    def _run(
        self,
        owner: str,
        work: Callable[..., Any],
        prepare: Prepare,
        parts: tuple[Any, Any, Any],
        batch_size: Any,
        verbose: Any,
        steps: Any,
        callbacks: Any,
    ) -> Any:
        """Return the results of `work` on all batches, for `evaluate` and `predict`."""
        wanted = steps_of(owner, "steps", steps)
        source = self._source(owner, prepare, parts, batch_size, wanted)
        self.parameter_buffer()
        level = resolve_verbose(verbose)
        feed = Feed(source, wanted)
        hooks = CallbackList(callbacks, self, owner, {"verbose": level, "steps": feed.steps})
        progress = Progress(level, only_bar=owner == "predict" and verbose == "auto")
        progress.begin(feed.steps)
        with progress:
            results = work(self, feed, hooks, progress)
            progress.end(results if isinstance(results, dict) else {})
        return results

    def _returned(
        self, results: dict[str, float], as_dict: bool
    ) -> float | list[float] | dict[str, float]:
        if as_dict:
            return results
        values = [results[name] for name in self.objective.listed(results)]
        return values[0] if len(values) == 1 else values


# Larger than any data set.
_ALL_SAMPLES = sys.maxsize


def size_for(owner: str, count: int, batch_size: Any, steps: int | None) -> int:
    """Return the batch size for `count` samples, by default what `steps` need."""
    if steps is not None and batch_size is None:
        return -(-count // steps)
    return batch_size_of(owner, batch_size)


def _validation_parts(data: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample_weight of `validation_data`."""
    if is_stream(data):
        return data, None, None
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        many = f"a {type(data).__name__} of {len(data)}" if isinstance(data, (tuple, list)) else ""
        raise ValueError(
            "fit: validation_data: expected (x, y) or (x, y, sample_weight), "
            f"got {many or type(data).__name__}"
        )
    x, y, weight = (*data, None)[:3]
    return x, y, weight
