"""More losses as metrics."""

from __future__ import annotations

from numpy.typing import ArrayLike

from rnncore import losses
from rnncore.metrics.from_losses import Array, LossMetric


class MeanAbsolutePercentageError(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.MeanAbsolutePercentageError(), name)


class MeanSquaredLogarithmicError(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.MeanSquaredLogarithmicError(), name)


class LogCoshError(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.LogCosh(), "logcosh" if name is None else name)


class Poisson(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.Poisson(), name)


class KLDivergence(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.KLDivergence(), name)


class Hinge(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.Hinge(), name)


class SquaredHinge(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.SquaredHinge(), name)


class CategoricalHinge(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.CategoricalHinge(), name)


class CosineSimilarity(LossMetric):
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

    def __init__(self, name: str | None = None) -> None:
        super().__init__(losses.CosineSimilarity(), name)

    def _values(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        return -super()._values(y_true, y_pred)
