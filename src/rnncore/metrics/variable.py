"""The accumulators of user-defined metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import ArrayLike, NDArray

from rnncore.utils._variable import NamedArray


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
    >>> from rnncore.metrics.variable import MetricVariable
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
