"""What all metrics share: a weighted running mean, and the variables that hold it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import ArrayLike, NDArray

from rnncore import initializers
from rnncore.losses._arrays import as_numbers, as_weights
from rnncore.utils._arrays import NamedArray
from rnncore.utils._checks import check_name
from rnncore.utils._config import Configurable
from rnncore.utils._names import default_name


class MetricVariable(NamedArray, NDArrayOperatorsMixin):
    """Numbers that a `Metric` keeps from batch to batch; see `Metric.add_weight`.

    Behaves in NumPy arithmetic like the array it holds; 0 / 0 is NaN, without a warning.

    Attributes
    ----------
    name : str
    value : ndarray, float64

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.metrics.base import MetricVariable
    >>> total, count = MetricVariable("total", np.zeros(())), MetricVariable("count", np.zeros(()))
    >>> total.assign_add(6.0)
    >>> count.assign_add(4)
    >>> float(total / count)
    1.5
    """

    _assigned = np.float64

    def __init__(self, name: str, value: NDArray[Any]) -> None:
        self.name = name
        self.value = np.array(value, np.float64)

    def assign_add(self, value: ArrayLike) -> None:
        """Add `value`; ValueError if its shape differs."""
        self.assign(self.value + np.asarray(value))

    def assign_sub(self, value: ArrayLike) -> None:
        """Subtract `value`; ValueError if its shape differs."""
        self.assign(self.value - np.asarray(value))

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __float__(self) -> float:
        return float(self.value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        arrays = [one.value if isinstance(one, MetricVariable) else one for one in inputs]
        with np.errstate(all="ignore"):
            return getattr(ufunc, method)(*arrays, **named)

    def __repr__(self) -> str:
        return f"<MetricVariable {self.name} value={self.value!r}>"


Array = NDArray[Any]


class Metric(Configurable):
    """A mean of one value per sample, updated batch by batch.

    Memory does not grow with the data: a metric keeps a sum and a count, in float64.

    Write your own as in Keras, with NumPy: make its accumulators by `add_weight`, and override
    `update_state`, `result` and, unless they start at zero, `reset_state`.

    Parameters
    ----------
    name : str, optional

    Attributes
    ----------
    name : str
        The key under which results are reported.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.metrics import Metric
    >>> class LargestError(Metric):
    ...     def __init__(self, name="largest_error"):
    ...         super().__init__(name=name)
    ...         self.largest = self.add_weight(name="largest", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest.assign(np.maximum(self.largest, np.max(np.abs(y_true - y_pred))))
    ...     def result(self):
    ...         return self.largest.value
    >>> metric = LargestError()
    >>> float(metric(np.zeros(3), np.array([1.0, -3.0, 2.0])))
    3.0
    """

    # The default name is the class name, numbered as in Keras: auc, auc_1.
    default_name: str | None = None
    _variables: tuple[MetricVariable, ...] = ()
    # What sums begin with: a number, or an array that is never changed.
    _zero: Any = 0.0

    def __init_subclass__(cls, **others: Any) -> None:
        super().__init_subclass__(**others)
        # Training calls rnncore's names; route them to methods written for Keras.
        own = vars(cls)
        if not cls.__module__.startswith("rnncore."):
            if "update_state" in own and "update" not in own:
                cls.update = cls.update_checked = _update_by_state  # type: ignore[method-assign]
            if "reset_state" in own and "reset" not in own:
                cls.reset = _reset_by_state  # type: ignore[method-assign]

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = self.default_name or default_name(type(self))
        self.name = check_name(type(self).__name__, name, name)
        self._total, self._count = self._zero, 0.0

    def reset(self) -> None:
        """Clear all accumulated values."""
        self._total, self._count = self._zero, 0.0
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape))

    def add_weight(
        self,
        shape: Sequence[int] | str = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> MetricVariable:
        """Return numbers that your own metric keeps from batch to batch.

        Parameters
        ----------
        shape : sequence of int, default ()
            A string here is the name, as in Keras 2.
        initializer : default "zeros"
        dtype : optional
            Without effect: metrics accumulate in float64.
        name : str, optional
        """
        if isinstance(shape, str):
            name, shape = shape, ()
        make = initializers.for_weights(initializers.get(initializer))
        value = make(tuple(shape), np.dtype(np.float64), np.random.default_rng(0))
        variable = MetricVariable(name or "variable", np.asarray(value))
        self._variables = (*self._variables, variable)
        return variable

    # Keras' alias.
    add_variable = add_weight

    @property
    def variables(self) -> list[MetricVariable]:
        """The results of `add_weight`."""
        return list(self._variables)

    def __call__(self, *batch: Any, **named: Any) -> Any:
        """Add a batch as `update_state` does, and return the result so far."""
        self.update_state(*batch, **named)
        return self.result()

    def update(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array_like
            Targets, in the shape of the predictions, or without their last axis for metrics that
            take class numbers.
        y_pred : array_like, float32 or float64, shape ``(B, ..., C)``
        sample_weight : array_like, optional
            One weight per sample, ``(B,)``, or per time step, ``(B, T)``.

        Raises
        ------
        ValueError
            If shapes do not fit, or values are out of range.
        TypeError
            If an array is not numeric.
        """
        self._add(self._values(y_true, y_pred), sample_weight, self._counted(y_true))

    def update_checked(
        self, y_true: Array, y_pred: Array, sample_weight: ArrayLike | None = None
    ) -> None:
        """Same as :meth:`update`, for targets already checked by the model's loss."""
        self.update(y_true, y_pred, sample_weight)

    def result(self) -> float:
        """Return the mean so far; 0.0 without data."""
        return self._total / self._count if self._count else 0.0

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Same as :meth:`update`."""
        _nearest(self, "update")(self, y_true, y_pred, sample_weight)

    def reset_state(self) -> None:
        """Same as :meth:`reset`."""
        _nearest(self, "reset")(self)

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Return one value for each sample, or for each step of it."""
        raise NotImplementedError(
            f"{type(self).__name__}: expected a method update or update_state"
        )

    def _counted(self, y_true: ArrayLike) -> Array | None:
        """Return a bool array of the values that count, or None if all do."""
        return None

    def _add(
        self, values: Array, sample_weight: ArrayLike | None, counted: Array | None = None
    ) -> None:
        # Every sample of a batch counts once, however many time steps it has.
        per_sample = math.prod(values.shape[1:])
        if values.size == 0:
            return
        if sample_weight is None and counted is None and values.dtype == np.bool_:
            self._total += int(np.count_nonzero(values)) / per_sample
            self._count += values.size / per_sample
            return
        weights = as_weights(type(self).__name__, sample_weight, values.shape, np.float64)
        if counted is not None:
            counted = counted.reshape(values.shape)
            weights = counted * (1.0 if weights is None else weights)
        with np.errstate(all="ignore"):
            if weights is None:
                self._total += float(np.sum(values, dtype=np.float64)) / per_sample
                self._count += values.size / per_sample
                return
            spread = np.broadcast_to(weights, values.shape)
            self._total += float(np.sum(values * spread)) / per_sample
            self._count += float(np.sum(spread)) / per_sample


def _update_by_state(
    self: Metric, y_true: Any, y_pred: Any, sample_weight: ArrayLike | None = None
) -> None:
    if sample_weight is None:
        self.update_state(y_true, y_pred)
    else:
        self.update_state(y_true, y_pred, sample_weight=sample_weight)


def _reset_by_state(self: Metric) -> None:
    self.reset_state()


def _nearest(metric: Metric, method: str) -> Any:
    """Return the method that a class defines itself, not the one routed to Keras' name."""
    adapters = (_update_by_state, _reset_by_state)
    found = (vars(cls)[method] for cls in type(metric).__mro__ if method in vars(cls))
    return next(function for function in found if function not in adapters)


class Mean(Metric):
    """Weighted mean of numbers.

    Parameters
    ----------
    name : str, default "mean"

    Examples
    --------
    >>> from rnncore.metrics import Mean
    >>> mean = Mean()
    >>> mean.update_values([1.0, 2.0])
    >>> mean.update_values(6.0)
    >>> mean.result()
    3.0
    """

    default_name = "mean"

    def update_values(self, values: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Add numbers: a scalar or an array of shape ``(B, ...)``."""
        self._add(as_numbers("Mean", "values", values), sample_weight)

    def update_state(  # type: ignore[override]  # as in Keras
        self, values: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Same as :meth:`update_values`."""
        self.update_values(values, sample_weight)

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        raise TypeError("Mean: expected update_values instead, as this metric compares nothing")
