"""evaluate and predict, for all samples or for a batch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rnncore.callbacks.base import Callback, CallbackList
from rnncore.models.inspected import Inspected
from rnncore.training import loop
from rnncore.training.arguments import batch_size_of, steps_of
from rnncore.training.batches import Batches
from rnncore.training.data import Samples, prepare_inputs, prepare_samples
from rnncore.training.prediction import predict
from rnncore.training.progress import Progress, resolve_verbose
from rnncore.training.streams import Feed, Source, Stream, is_stream
from rnncore.utils._config import explained


class Evaluated(Inspected):
    """A compiled network that computes its outputs and what they are worth."""

    # What `fit` looks at; see Model.
    stop_training: bool
    first_epoch: int

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
            How many batches, by default all. With arrays and without `batch_size` they are as
            large as so many steps need.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The loss, followed by the losses of several outputs and the metrics, if there are any,
            in Keras' order.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit.

        Warns
        -----
        UserWarning
            When the data have fewer batches than `steps`.
        """
        wanted = steps_of("evaluate", "steps", steps)
        source = self._source("evaluate", x, y, sample_weight, batch_size, wanted)
        self.expect_batches("evaluate", source)
        self._ensure_buffer()
        level = resolve_verbose(verbose)
        feed = Feed(source, wanted)
        params = {"verbose": level, "steps": feed.steps}
        hooks = CallbackList(callbacks, self, "evaluate", params)
        progress = Progress(level)
        progress.begin(feed.steps)
        try:
            results = loop.evaluate(self, feed, hooks, progress)
            progress.end(results)
        finally:
            progress.abandon()
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
            Or a list of sequences of different lengths, or anything that gives batches; see
            `fit`. Of batches ``(x, y)`` or ``(x, y, sample_weight)`` only `x` counts.
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}, default "auto"
            1: a progress bar; "auto": the same on a terminal, nothing elsewhere.
        steps : int, optional
            How many batches, by default all. With arrays and without `batch_size` they are as
            large as so many steps need.
        callbacks : list of Callback, optional
            As in `fit`.

        Returns
        -------
        ndarray, shape (N, ...)
            In the dtype of the model; a list or dict of several outputs, as the model was given
            them. Of sequences of different lengths, an output with time steps is a list of arrays
            ``(T_i, ...)``.

        Raises
        ------
        ValueError, TypeError
            For data that do not fit.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Input, Sequential
        >>> from rnncore.layers import LSTM, Dense
        >>> model = Sequential([Input((None, 3)), LSTM(4, return_sequences=True), Dense(2)])
        >>> [y.shape for y in model.predict([np.ones((5, 3)), np.ones((2, 3))], verbose=0)]
        [(5, 2), (2, 2)]
        """
        wanted = steps_of("predict", "steps", steps)
        source: Source
        if is_stream(x):
            batch_size_of("predict", batch_size)
            source = Stream(x, lambda parts, prefix: prepare_inputs(self, parts[0], f"{prefix}x"))
            source.peek()
        else:
            samples = prepare_inputs(self, x)
            source = batches_of("predict", samples, batch_size, wanted)
            self.expect_batches("predict", source)
        self._ensure_buffer()
        level = resolve_verbose(verbose)
        feed = Feed(source, wanted)
        hooks = CallbackList(callbacks, self, "predict", {"verbose": level, "steps": feed.steps})
        progress = Progress(level, only_bar=verbose == "auto")
        progress.begin(feed.steps)
        try:
            results = predict(self, feed, progress, hooks)
            progress.end({})
        finally:
            progress.abandon()
        return self.outputs_structure.restore(results)

    def predict_on_batch(self, x: Any) -> Any:
        """Compute the outputs of one batch; see `predict`."""
        return self.predict(x, _ALL_SAMPLES, 0)

    def _source(
        self,
        owner: str,
        x: Any,
        y: Any,
        sample_weight: Any,
        batch_size: Any,
        steps: int | None,
        class_weight: Mapping[int, float] | None = None,
        prefix: str = "",
    ) -> Batches | Stream:
        """Return the batches of arrays, or of what gives batches itself."""
        if not is_stream(x):
            samples = prepare_samples(self, x, y, sample_weight, class_weight, prefix)
            return batches_of(owner, samples, batch_size, steps)
        _expect_none(owner, {"y": y, "sample_weight": sample_weight}, prefix)
        batch_size_of(owner, batch_size, argument=f"{prefix}batch_size")
        _ = self.objective  # not compiled is another mistake than the data
        stream = Stream(
            x,
            lambda parts, named: prepare_samples(self, *parts, class_weight, named),
            prefix=prefix,
        )
        stream.peek()
        return stream

    def _returned(
        self, results: dict[str, float], as_dict: bool
    ) -> float | list[float] | dict[str, float]:
        if as_dict:
            return results
        values = [results[name] for name in self.objective.listed(results)]
        return values[0] if len(values) == 1 else values


# A batch size that no data reach.
_ALL_SAMPLES = sys.maxsize


def batches_of(owner: str, samples: Samples, batch_size: Any, steps: int | None) -> Batches:
    """Return samples in batches; those of some steps only are the first ones."""
    return Batches(samples, size_for(owner, len(samples), batch_size, steps), by_length=not steps)


def size_for(owner: str, count: int, batch_size: Any, steps: int | None) -> int:
    """Return the batch size for `count` samples: without one, that which `steps` need."""
    if steps is not None and batch_size is None:
        return -(-count // steps)
    return batch_size_of(owner, batch_size)


def _expect_none(owner: str, given: Mapping[str, Any], prefix: str = "") -> None:
    for argument, value in given.items():
        if value is not None:
            raise ValueError(
                f"{owner}: {prefix}{argument}: expected None beside data that give batches, which "
                f"bring it along, got {type(value).__name__}"
            )
