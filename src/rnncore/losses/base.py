"""What all losses share: checking, weighting and averaging."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rnncore import _core
from rnncore.losses._arrays import as_numbers, as_predictions, as_weights, fill_unknown, fold_mask
from rnncore.utils._checks import check_choice, check_name
from rnncore.utils._config import Configurable
from rnncore.utils._names import snake_case
from rnncore.utils._registry import in_library

Array = NDArray[Any]
# Computes the gradient, if wanted, in a new array.
Gradient = Callable[[], Array]
# (targets, predictions) -> (loss of every sample, function that computes its gradient)
Kernel = Callable[[Array, Array], tuple[Array, Gradient]]

# Probabilities are clipped this far from 0 and 1 before taking their logarithm.
EPSILON = 1e-7

# Keras' short names of losses and metrics.
SHORT_NAMES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "bce": "binary_crossentropy",
}
SHORT_NAMES |= {short.upper(): name for short, name in SHORT_NAMES.items()}

_FROM_LOGITS = ("sigmoid", "softmax")
_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


class Loss(Configurable):
    """Base class of the losses.

    Parameters
    ----------
    reduction : str, default "sum_over_batch_size"
        How to reduce the losses of the samples to one number. ``"sum"``: the sum of weight times
        loss. ``"sum_over_batch_size"`` and ``"mean"``: that sum divided by the number of samples.
        ``"mean_with_sample_weight"``: that sum divided by the sum of the weights. With predictions
        ``(B, T, C)`` every time step counts as a sample.
    name : str, optional

    Attributes
    ----------
    fuses : str or None
        Name of the output activation that :meth:`value_and_grad_from_logits` includes.

    Notes
    -----
    A loss of your own overrides :meth:`value_and_grad`. A model passes it arrays of its dtype:
    targets in the shape of the predictions if theirs only differs by a last axis of length 1, and
    weights that are 0 at masked steps. Override `check_targets` to refuse targets before training.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.losses import Loss
    >>> class Quantile(Loss):
    ...     def value_and_grad(self, y_true, y_pred, sample_weight=None):
    ...         error = y_true - y_pred
    ...         slope = np.where(error > 0, 0.9, -0.1)
    ...         if sample_weight is not None:  # (B,) or (B, T) beside (B, ..., C)
    ...             missing = (1,) * (error.ndim - sample_weight.ndim)
    ...             slope *= sample_weight.reshape(sample_weight.shape + missing)
    ...         return float((slope * error).mean()), -slope / error.size
    >>> value, gradient = Quantile().value_and_grad(np.ones((2, 1)), np.zeros((2, 1)))
    >>> value, gradient.shape
    (0.9, (2, 1))
    """

    not_called: ClassVar[Mapping[str, str]] = {
        "call": "value_and_grad",
        "__call__": "value_and_grad",
    }
    default_name = "loss"
    fuses: str | None = None
    from_logits = False
    # Whether it is a mean over the last axis; without that axis every number is a sample.
    averages = False
    # The fused kernel for loss and gradient, in `_core.LOSSES`; for the cross-entropies it starts
    # from logits.
    _compiled: str | None = None
    # What some of the kernels ask for.
    label_smoothing = 0.0
    delta = 0.0

    def __init_subclass__(cls, **others: Any) -> None:
        super().__init_subclass__(**others)
        if in_library(cls):
            cls.default_name = vars(cls).get("default_name", snake_case(cls.__name__))

    def __init__(self, *, reduction: str = "sum_over_batch_size", name: str | None = None) -> None:
        self.reduction = check_choice(type(self).__name__, "reduction", reduction, _REDUCTIONS)
        self.name = check_name(type(self).__name__, name, self.default_name)

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the loss of a batch; see :meth:`value_and_grad` for the arguments."""
        if self.own_gradient:
            return self.value_and_grad(y_true, y_pred, sample_weight)[0]
        return self._evaluate(self._chosen, y_true, y_pred, sample_weight, False)[0]

    def value_and_grad(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[float, Array]:
        """Return the loss of a batch and its gradient.

        Parameters
        ----------
        y_true : array_like
            Targets. Targets and predictions may each have or lack a last axis of length 1.
        y_pred : array_like, float32 or float64, shape ``(B, ..., C)``
            Predictions.
        sample_weight : array_like, optional
            One weight per sample, ``(B,)``, or per time step, ``(B, T)``.

        Returns
        -------
        float
            The loss.
        ndarray
            Its gradient, of shape and dtype of ``y_pred``.

        Raises
        ------
        ValueError
            If shapes do not fit, or targets are out of range or not finite.
        TypeError
            If an array is not numeric, or predictions are neither float32 nor float64.
        """
        return self._evaluate(self._chosen, y_true, y_pred, sample_weight, True)

    def value_and_grad_from_logits(
        self, y_true: ArrayLike, logits: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> tuple[float, Array]:
        """Like :meth:`value_and_grad`, for predictions before the activation named in ``fuses``."""
        return self._evaluate(self._logits_kernel, y_true, logits, sample_weight, True)

    @property
    def own_gradient(self) -> bool:
        """Whether a subclass overrides `value_and_grad`, so that no kernel may replace it."""
        return type(self).value_and_grad is not Loss.value_and_grad

    def takes_over(self, activation: str | None) -> bool:
        """Return whether the loss includes a model's output activation.

        The argument is the kernels' name of the activation, None if they do not have it. As in
        Keras, a cross-entropy starts from the logits of a sigmoid or a softmax, whichever of the
        two it is.
        """
        fuses = self.fuses is not None and not self.own_gradient
        return fuses and activation in _FROM_LOGITS

    def compiled(self, from_logits: bool) -> bool:
        """Return whether `batch_value` has a fused kernel for predictions of this kind."""
        from_logits = from_logits or self.from_logits
        has_kernel = self._compiled is not None and not self.own_gradient
        return has_kernel and from_logits == (self._compiled in _FROM_LOGITS)

    def convert_targets(self, y_true: Array, dtype: np.dtype[Any]) -> Array:
        """Return checked targets in the dtype that `batch_value` takes."""
        return y_true if self._compiled is None else y_true.astype(dtype, copy=False)

    def batch_value(
        self, target: Array, pred: Array, weights: Array | None, gradient: Array | None
    ) -> float:
        """Return the loss of a batch and write its gradient, in one pass and without checks.

        Parameters
        ----------
        target : ndarray
            As `convert_targets` returns them, contiguous.
        pred : ndarray, float32 or float64, shape ``(B, ..., C)``
            Logits if `compiled` says so.
        weights : ndarray, optional
            In the dtype of ``pred``, one per sample, ``(B,)``, or per time step, ``(B, T)``.
        gradient : ndarray, optional
            In the shape and dtype of ``pred``; None if not wanted.
        """
        scale = self._scale(pred.size // pred.shape[-1], weights)
        kind, smoothing, delta = self._compiled or "", self.label_smoothing, self.delta
        return _core.loss(kind, pred, target, weights, gradient, scale, smoothing, delta)

    def per_sample(self, y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        """Return the unweighted loss of every sample, shape ``y_pred.shape[:-1]``."""
        pred = as_predictions(type(self).__name__, y_pred)
        target, pred = self._aligned(y_true, pred)
        return self._computed(self._chosen, target, pred)[0]

    def check_targets(self, y_true: ArrayLike, pred_shape: Sequence[int | None]) -> None:
        """Raise if ``y_true`` does not fit predictions of shape ``pred_shape``.

        Parameters
        ----------
        y_true : array_like
        pred_shape : sequence of int or None
            None means any size; the last entry must be a number.

        Raises
        ------
        ValueError, TypeError
            As :meth:`value_and_grad`.
        """
        self._targets(y_true, fill_unknown(pred_shape, np.shape(y_true)), np.float64)

    def _targets(self, y_true: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return the targets as the kernels take them, or raise; by default accepts any numbers."""
        return as_numbers(type(self).__name__, "y_true", y_true)

    @property
    def _chosen(self) -> Kernel:
        """The kernel for this loss's kind of predictions."""
        return self._logits_kernel if self.from_logits else self._kernel

    def _kernel(self, target: Array, pred: Array) -> tuple[Array, Gradient]:
        raise NotImplementedError(f"{type(self).__name__}: expected a method value_and_grad")

    def _logits_kernel(self, target: Array, logits: Array) -> tuple[Array, Gradient]:
        raise ValueError(f"{type(self).__name__}: this loss has no form that starts from logits")

    def counted(self, target: Array) -> Array | None:
        """Return a bool array of the targets that count, or None if all do."""
        return None

    def _scale(self, rows: int, weights: Array | None) -> float:
        """Return the factor for the weighted sum of this many losses."""
        divisor = float(rows)
        if self.reduction == "sum":
            divisor = 1.0
        elif self.reduction == "mean_with_sample_weight" and weights is not None:
            divisor = float(np.sum(weights, dtype=np.float64)) * (rows // weights.size)
        return 1.0 / divisor if divisor else 0.0

    def _computed(self, kernel: Kernel, target: Array, pred: Array) -> tuple[Array, Gradient]:
        """Return the result of `kernel`, with 0 where a target does not count, even for NaN."""
        # Bad predictions give a NaN loss, which the training loop reports; avoid NumPy's warning.
        with np.errstate(all="ignore"):
            losses, gradient = kernel(target, pred)
        counted = self.counted(target)
        if counted is None:
            return losses, gradient
        zero = losses.dtype.type(0)
        return np.where(counted, losses, zero), lambda: np.where(
            counted[..., np.newaxis], gradient(), zero
        )

    def _aligned(self, y_true: ArrayLike, pred: Array) -> tuple[Array, Array]:
        if pred.ndim == 1 and np.shape(y_true) == (*pred.shape, 1):
            pred = pred[:, np.newaxis]
        return self._targets(y_true, pred.shape, pred.dtype), pred

    def _evaluate(
        self,
        kernel: Kernel,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None,
        grad: bool,
    ) -> tuple[float, Any]:
        given = as_predictions(type(self).__name__, y_pred)
        samples = given[:, np.newaxis] if given.ndim == 1 and self.averages else given
        target, pred = self._aligned(y_true, samples)
        losses, gradient = self._computed(kernel, target, pred)
        owner = type(self).__name__
        weights = as_weights(owner, sample_weight, losses.shape, losses.dtype)
        mask = self.counted(target)
        if mask is not None:
            weights = fold_mask(mask, weights, self.reduction, losses.dtype)

        scale = self._scale(losses.size, weights)
        with np.errstate(all="ignore"):
            weighted = losses if weights is None else losses * weights
            value = float(np.sum(weighted, dtype=np.float64)) * scale
            if not grad:
                return value, None
            dpred = gradient()
            dpred *= scale if weights is None else (weights * scale)[..., np.newaxis]
        return value, dpred.reshape(given.shape)
