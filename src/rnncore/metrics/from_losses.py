"""Losses as metrics, averaged over an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rnncore import losses
from rnncore.losses._arrays import as_numbers
from rnncore.metrics.base import Array, Metric


class LossMetric(Metric):
    """Mean of a loss over all samples.

    Parameters
    ----------
    loss : str or Loss
    name : str, optional
        Default: that of the loss.

    Examples
    --------
    >>> from rnncore.metrics import LossMetric
    >>> metric = LossMetric("huber")
    >>> metric.update([[0.0], [0.0]], [[1.0], [3.0]])
    >>> metric.result()
    1.5
    """

    def __init__(self, loss: str | losses.Loss, name: str | None = None) -> None:
        self.loss = losses.get(loss)
        default = self.default_name or self.loss.name
        super().__init__(default if name is None else name)

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        if self.loss.averages and np.ndim(y_pred) == 1:
            y_pred = np.asarray(y_pred)[:, np.newaxis]
        return self.loss.per_sample(y_true, y_pred)

    def _counted(self, y_true: ArrayLike) -> Array | None:
        return self.loss.counted(np.asarray(y_true))


class _Plain(LossMetric):
    """Base of the metrics whose loss takes no arguments."""

    _loss: ClassVar[type[losses.Loss]]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(self._loss(), name)


class MeanSquaredError(_Plain):
    """Mean of ``(y_pred - y_true)**2``.

    Parameters
    ----------
    name : str, default "mean_squared_error"

    Examples
    --------
    >>> from rnncore.metrics import MeanSquaredError
    >>> metric = MeanSquaredError()
    >>> metric.update([[1.0], [2.0]], [[1.0], [4.0]])
    >>> metric.result()
    2.0
    """

    _loss = losses.MeanSquaredError


class RootMeanSquaredError(MeanSquaredError):
    """Root of the mean of ``(y_pred - y_true)**2``.

    Parameters
    ----------
    name : str, default "root_mean_squared_error"

    Examples
    --------
    >>> from rnncore.metrics import RootMeanSquaredError
    >>> metric = RootMeanSquaredError()
    >>> metric.update([[1.0], [2.0], [0.0], [0.0]], [[1.0], [6.0], [0.0], [0.0]])
    >>> metric.result()
    2.0
    """

    default_name = "root_mean_squared_error"

    def result(self) -> float:
        """Return the root of the mean so far; 0.0 without data."""
        return math.sqrt(super().result())


class MeanAbsoluteError(_Plain):
    """Mean of ``|y_pred - y_true|``.

    Parameters
    ----------
    name : str, default "mean_absolute_error"

    Examples
    --------
    >>> from rnncore.metrics import MeanAbsoluteError
    >>> metric = MeanAbsoluteError()
    >>> metric.update([[1.0], [2.0]], [[1.0], [4.0]])
    >>> metric.result()
    1.0
    """

    _loss = losses.MeanAbsoluteError


class MeanAbsolutePercentageError(_Plain):
    """Mean of :class:`rnncore.losses.MeanAbsolutePercentageError`.

    Parameters
    ----------
    name : str, default "mean_absolute_percentage_error"

    Examples
    --------
    >>> from rnncore.metrics import MeanAbsolutePercentageError
    >>> metric = MeanAbsolutePercentageError()
    >>> metric.update([[1.0], [2.0]], [[1.0], [4.0]])
    >>> metric.result()
    50.0
    """

    _loss = losses.MeanAbsolutePercentageError


class MeanSquaredLogarithmicError(_Plain):
    """Mean of :class:`rnncore.losses.MeanSquaredLogarithmicError`.

    Parameters
    ----------
    name : str, default "mean_squared_logarithmic_error"

    Examples
    --------
    >>> from rnncore.metrics import MeanSquaredLogarithmicError
    >>> metric = MeanSquaredLogarithmicError()
    >>> metric.update([[0.0]], [[0.0]])
    >>> metric.result()
    0.0
    """

    _loss = losses.MeanSquaredLogarithmicError


class LogCoshError(_Plain):
    """Mean of :class:`rnncore.losses.LogCosh`.

    Parameters
    ----------
    name : str, default "logcosh"

    Examples
    --------
    >>> from rnncore.metrics import LogCoshError
    >>> metric = LogCoshError()
    >>> metric.update([[1.0]], [[1.0]])
    >>> metric.result()
    0.0
    """

    default_name = "logcosh"
    _loss = losses.LogCosh


class Poisson(_Plain):
    """Mean of :class:`rnncore.losses.Poisson`.

    Parameters
    ----------
    name : str, default "poisson"

    Examples
    --------
    >>> from rnncore.metrics import Poisson
    >>> metric = Poisson()
    >>> metric.update([[0.0]], [[2.0]])
    >>> metric.result()
    2.0
    """

    _loss = losses.Poisson


class KLDivergence(_Plain):
    """Mean of :class:`rnncore.losses.KLDivergence`.

    Parameters
    ----------
    name : str, default "kl_divergence"

    Examples
    --------
    >>> from rnncore.metrics import KLDivergence
    >>> metric = KLDivergence()
    >>> metric.update([[0.5, 0.5]], [[0.5, 0.5]])
    >>> metric.result()
    0.0
    """

    _loss = losses.KLDivergence


class Hinge(_Plain):
    """Mean of :class:`rnncore.losses.Hinge`.

    Parameters
    ----------
    name : str, default "hinge"

    Examples
    --------
    >>> from rnncore.metrics import Hinge
    >>> metric = Hinge()
    >>> metric.update([[-1.0], [1.0]], [[0.5], [0.5]])
    >>> metric.result()
    1.0
    """

    _loss = losses.Hinge


class SquaredHinge(_Plain):
    """Mean of :class:`rnncore.losses.SquaredHinge`.

    Parameters
    ----------
    name : str, default "squared_hinge"

    Examples
    --------
    >>> from rnncore.metrics import SquaredHinge
    >>> metric = SquaredHinge()
    >>> metric.update([[-1.0], [1.0]], [[0.5], [0.5]])
    >>> metric.result()
    1.25
    """

    _loss = losses.SquaredHinge


class CategoricalHinge(_Plain):
    """Mean of :class:`rnncore.losses.CategoricalHinge`.

    Parameters
    ----------
    name : str, default "categorical_hinge"

    Examples
    --------
    >>> from rnncore.metrics import CategoricalHinge
    >>> metric = CategoricalHinge()
    >>> metric.update([[0.0, 1.0]], [[0.5, 0.75]])
    >>> metric.result()
    0.75
    """

    _loss = losses.CategoricalHinge


class CosineSimilarity(_Plain):
    """Mean cosine of the angle between target and prediction, along the last axis.

    Parameters
    ----------
    name : str, default "cosine_similarity"

    Examples
    --------
    >>> from rnncore.metrics import CosineSimilarity
    >>> metric = CosineSimilarity()
    >>> metric.update([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 1.0]])
    >>> metric.result()
    0.5
    """

    _loss = losses.CosineSimilarity

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        return -super()._values(y_true, y_pred)


class _Crossentropy(LossMetric):
    """A cross-entropy whose arguments the metric takes."""

    def current_arguments(self) -> dict[str, Any]:
        arguments = self.loss.own_arguments()
        del arguments["reduction"]
        return arguments | {"name": self.name}


class BinaryCrossentropy(_Crossentropy):
    """Mean of :class:`rnncore.losses.BinaryCrossentropy`.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
    from_logits : bool, default False
    label_smoothing : float, default 0.0

    Examples
    --------
    >>> from rnncore.metrics import BinaryCrossentropy
    >>> metric = BinaryCrossentropy()
    >>> metric.update([[1], [0]], [[0.8], [0.4]])
    >>> round(metric.result(), 4)
    0.367
    """

    def __init__(
        self, name: str | None = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(losses.BinaryCrossentropy(from_logits, label_smoothing), name)


class CategoricalCrossentropy(_Crossentropy):
    """Mean of :class:`rnncore.losses.CategoricalCrossentropy`.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
    from_logits : bool, default False
    label_smoothing : float, default 0.0

    Examples
    --------
    >>> from rnncore.metrics import CategoricalCrossentropy
    >>> metric = CategoricalCrossentropy()
    >>> metric.update([[0, 1, 0]], [[0.2, 0.7, 0.1]])
    >>> round(metric.result(), 4)
    0.3567
    """

    def __init__(
        self, name: str | None = None, from_logits: bool = False, label_smoothing: float = 0.0
    ) -> None:
        super().__init__(losses.CategoricalCrossentropy(from_logits, label_smoothing), name)


class SparseCategoricalCrossentropy(_Crossentropy):
    """Mean of :class:`rnncore.losses.SparseCategoricalCrossentropy`.

    Parameters
    ----------
    name : str, default "sparse_categorical_crossentropy"
    from_logits : bool, default False
    ignore_class : int, optional
        Samples with this label are ignored.

    Examples
    --------
    >>> from rnncore.metrics import SparseCategoricalCrossentropy
    >>> metric = SparseCategoricalCrossentropy()
    >>> metric.update([1], [[0.2, 0.7, 0.1]])
    >>> round(metric.result(), 4)
    0.3567
    """

    def __init__(
        self,
        name: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
    ) -> None:
        super().__init__(losses.SparseCategoricalCrossentropy(from_logits, ignore_class), name)


class FunctionMetric(Metric):
    """Mean of a function ``(y_true, y_pred) -> values`` with one value per sample.

    A single value for the whole batch counts for each of its samples.

    Parameters
    ----------
    function : callable
    name : str, optional
        Default: that of the function.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.metrics import FunctionMetric
    >>> def largest_error(y_true, y_pred):
    ...     return np.max(np.abs(y_true - y_pred), axis=-1)
    >>> metric = FunctionMetric(largest_error)
    >>> metric.update(np.zeros((2, 2)), np.array([[1.0, 2.0], [4.0, 3.0]]))
    >>> metric.name, metric.result()
    ('largest_error', 3.0)
    """

    def __init__(self, function: Callable[..., ArrayLike], name: str | None = None) -> None:
        super().__init__(getattr(function, "__name__", "metric") if name is None else name)
        self.function = function

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        values = self.function(np.asarray(y_true), np.asarray(y_pred))
        found = as_numbers("FunctionMetric", f"values of {self.name}", values)
        if found.ndim:
            return found
        shape = np.shape(y_pred)
        return np.broadcast_to(found, shape[:1] if len(shape) == 1 else shape[:-1])
