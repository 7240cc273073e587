"""Losses as metrics, averaged over a whole epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import losses
from rnncore.losses._arrays import as_numbers
from rnncore.metrics.base import Metric

Array = NDArray[Any]


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
        super().__init__(self.loss.name if name is None else name)

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        if self.loss.averages and np.ndim(y_pred) == 1:
            y_pred = np.asarray(y_pred)[:, np.newaxis]
        return self.loss.per_sample(y_true, y_pred)

    def _counted(self, y_true: ArrayLike) -> Array | None:
        ignored = getattr(self.loss, "ignore_class", None)
        return None if ignored is None else np.asarray(y_true) != ignored


class MeanSquaredError(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.MeanSquaredError(), name)


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

    def __init__(self, name: str | None = None) -> None:
        super().__init__("root_mean_squared_error" if name is None else name)

    def result(self) -> float:
        """Return the root of the mean so far, 0.0 when there was nothing."""
        return math.sqrt(super().result())


class MeanAbsoluteError(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.MeanAbsoluteError(), name)


class _Crossentropy(LossMetric):
    """A cross-entropy of which the metric takes the arguments."""

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
        Samples with this label do not count.

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
    """Mean of what a function ``(y_true, y_pred) -> values`` returns, one value a sample.

    One value for the whole batch counts for each of its samples.

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
