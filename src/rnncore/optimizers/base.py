"""What all optimizers share: iteration over the parameters, clipping and decay, named state."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnncore import _core
from rnncore.optimizers.schedules import LearningRateSchedule
from rnncore.utils._arrays import NamedArray, float_array
from rnncore.utils._checks import check_number, check_optional_number
from rnncore.utils._config import Configurable


class Variable(NamedArray):
    """An array or a number of an optimizer's state.

    Attributes
    ----------
    name : str
        ``"iteration"``, ``"learning_rate"``, or weight and kind: ``"dense_kernel_momentum"``.
    """

    def __init__(
        self, name: str, read: Callable[[], NDArray[Any]], write: Callable[[NDArray[Any]], None]
    ) -> None:
        self.name = name
        self._read = read
        self._write = write

    @property
    def value(self) -> NDArray[Any]:
        """The array itself."""
        return self._read()

    @value.setter
    def value(self, value: NDArray[Any]) -> None:
        self._write(value)

    def __repr__(self) -> str:
        return f"<Variable {self.name} shape={self.shape} dtype={self.dtype}>"


def variables(optimizer: Any) -> list[Variable]:
    """Return `Optimizer.variables`."""

    def set_iterations(value: NDArray[Any]) -> None:
        optimizer.iterations = int(value)

    def set_rate(value: NDArray[Any]) -> None:
        optimizer.learning_rate = float(value)

    found = [
        Variable("iteration", lambda: np.array(optimizer.iterations, np.int64), set_iterations),
        Variable("learning_rate", lambda: np.array(optimizer.learning_rate, np.float32), set_rate),
    ]
    for weight in optimizer.served_weights:
        if weight.trainable:
            for slot, flat in optimizer.slots.items():
                found.append(_of_weight(f"{weight.name.replace('/', '_')}_{slot}", weight, flat))
    return found


def _of_weight(name: str, weight: Any, flat: NDArray[Any]) -> Variable:
    state = flat[weight.offset : weight.offset + weight.size].reshape(weight.shape)
    return Variable(name, lambda: state, functools.partial(state.__setitem__, ...))


Array = NDArray[Any]
# Start and stop of weights, and whether they decay.
Stretch = tuple[int, int, bool]
# Start, stop, gradient factor, and the fraction by which weights decay.
Piece = tuple[int, int, float, float]


def clip_scales(
    grads: Array,
    stretches: Sequence[Stretch],
    clipnorm: float | None,
    global_clipnorm: float | None,
) -> list[float]:
    """Return the gradient factor of each stretch: its own with ``clipnorm``, else a common one."""
    norms = (_core.norm(grads[start:stop]) for start, stop, _ in stretches)
    if clipnorm is not None:
        return [_scale(size, clipnorm) for size in norms]
    scale = 1.0
    if global_clipnorm is not None:
        total = math.hypot(*norms)
        # An infinite norm turns all gradients into NaN, so that no weight looks fine.
        scale = _scale(total, global_clipnorm) if math.isfinite(total) else math.nan
    return [scale] * len(stretches)


def _scale(size: float, limit: float) -> float:
    """Return ``limit / max(size, limit)``; NaN for NaN."""
    return limit / size if not size <= limit else 1.0


# Parameters, gradients, the state in the order of `_slot_order`, and what is updated in one go.
Flat = tuple[Array, Array, tuple[Array | None, ...], list[Piece]]


class Segment(Protocol):
    """A stretch of the flat parameters that belongs to one weight."""

    @property
    def offset(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def trainable(self) -> bool: ...
    @property
    def decay(self) -> bool: ...


class LearningRate(float):
    """A learning rate: a number that can also set the optimizer's rate.

    ``optimizer.learning_rate.assign(value)`` is ``optimizer.learning_rate = value``.
    """

    _optimizer: Optimizer

    def assign(self, value: float) -> None:
        """Set the learning rate of the optimizer."""
        self._optimizer.learning_rate = value

    def numpy(self) -> np.float64:
        """Return the number as NumPy's."""
        return np.float64(self)

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        return float, (float(self),)  # a copy is a plain number


class Layout(tuple[Segment, ...]):
    """Segments that do not change between calls of `Optimizer.step`."""


class Optimizer(Configurable):
    """Base class of the optimizers.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        At least 0; a number may be changed at any time. A schedule of
        `rnncore.optimizers.schedules` is evaluated at ``iterations`` before each step.
    weight_decay : float, optional
        Before each update, ``p -= learning_rate * weight_decay * p`` for the weights that decay.
    clipnorm : float, optional
        Scales the gradient of each weight down to at most this norm.
    clipvalue : float, optional
        Clips every element of the gradients to ``[-clipvalue, clipvalue]``.
    global_clipnorm : float, optional
        Scales all gradients together down to at most this norm.

    Attributes
    ----------
    iterations : int
        Number of steps done.
    slots : dict of str to ndarray
        The state: flat arrays as long as the parameters.

    Raises
    ------
    ValueError
        If a value is out of range, or more than one kind of clipping is given.
    """

    not_called: ClassVar[Mapping[str, str]] = {
        "apply": "step",
        "apply_gradients": "step",
        "update_step": "step",
    }
    # The state arrays that the class may have, in the order in which a step takes them.
    _slot_order: ClassVar[tuple[str, ...]] = ()
    # Initial value of the state.
    _initial = 0.0

    _learning_rate: float | LearningRateSchedule = 0.0

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        check = functools.partial(check_optional_number, self.name, low=0.0)
        self.weight_decay = check("weight_decay", weight_decay)
        self.clipnorm = check("clipnorm", clipnorm, open_low=True)
        self.clipvalue = check("clipvalue", clipvalue, open_low=True)
        self.global_clipnorm = check("global_clipnorm", global_clipnorm, open_low=True)
        clips = ("clipnorm", "clipvalue", "global_clipnorm")
        given = [name for name in clips if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"{self.name}: {given[1]}: expected at most one of {', '.join(clips)}, "
                f"got {' and '.join(given)}"
            )
        self.iterations = 0
        self.slots: dict[str, Array] = {}
        self._dtype: np.dtype[Any] | None = None
        self._owner: tuple[str, list[Any]] | None = None
        self._n_params = 0
        self._checked: tuple[Array, Array] | None = None
        self._segments: Layout | None = None
        self._trainable: list[Stretch] = []
        self._runs: list[Stretch] = []
        self._whole: list[Piece] = []

    @property
    def name(self) -> str:
        """Name of the class, as in :func:`rnncore.optimizers.get`."""
        return type(self).__name__

    @property
    def learning_rate(self) -> LearningRate:
        """The learning rate; with a schedule that of the next step."""
        found = LearningRate(self._step_size())
        found._optimizer = self
        return found

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        if isinstance(value, LearningRateSchedule):
            self._learning_rate = value
        elif isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError(
                f"{self.name}: learning_rate: expected no value, since {self._learning_rate} "
                f"decides it, got {value!r}; make the optimizer with a number to set it"
            )
        else:
            self._learning_rate = check_number(self.name, "learning_rate", value, low=0.0)

    def _step_size(self) -> float:
        """Return the size of the next step."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = check_number(self.name, repr(rate), rate(self.iterations), low=0.0)
        return rate

    @property
    def variables(self) -> list[Variable]:
        """Number of steps, learning rate and, after the first step, the state of each weight.

        They follow the optimizer, and `assign` sets one.

        Examples
        --------
        >>> from rnncore.optimizers import Adam
        >>> [variable.name for variable in Adam().variables]
        ['iteration', 'learning_rate']
        """
        return variables(self)

    @property
    def served_weights(self) -> list[Any]:
        """The weights it belongs to since `belong_to`, trainable or not."""
        return [] if self._owner is None or not self.built else list(self._owner[1])

    @property
    def built(self) -> bool:
        """Whether the state has been made."""
        return self._dtype is not None

    def build(self, n_params: int, dtype: DTypeLike) -> None:
        """Make the state for ``n_params`` parameters; repeating the call changes nothing.

        Parameters
        ----------
        n_params : int
        dtype : float32 or float64

        Raises
        ------
        ValueError
            If the state was made for a different number or dtype of parameters.
        TypeError
            If ``dtype`` is neither float32 nor float64.
        """
        wanted = np.dtype(dtype)
        if wanted not in (np.float32, np.float64):
            raise TypeError(f"{self.name}: dtype: expected float32 or float64, got {wanted}")
        if self._dtype is not None:
            if (n_params, wanted) != (self._n_params, self._dtype):
                raise ValueError(
                    f"{self.name}: expected {self._n_params} parameters of "
                    f"{self._dtype}, for which this optimizer was built, got {n_params} "
                    f"of {wanted}; compile the model again, or make a new optimizer for another "
                    "model"
                )
            return
        self.slots = {
            name: np.full(n_params, self._initial, wanted)
            for name in self._slot_order
            if self._has_slot(name)
        }
        self._n_params, self._dtype = n_params, wanted

    def belong_to(self, model: str, weights: Sequence[Any]) -> None:
        """Bind to the weights of a model; repeating the call changes nothing.

        Parameters
        ----------
        model : str
            Its name, for errors.
        weights : sequence of objects
            All its weights, trainable or not, compared by identity.

        Raises
        ------
        ValueError
            If the optimizer belongs to other weights, which its state would not fit.
        """
        if self._owner is None:
            self._owner = (model, list(weights))
            return
        name, mine = self._owner
        if len(mine) != len(weights) or any(a is not b for a, b in zip(mine, weights, strict=True)):
            raise ValueError(
                f"compile: optimizer: expected a new optimizer for {model!r}, got the {self.name} "
                f"that has trained other weights, of {name!r}"
            )

    def step(self, params: Array, grads: Array, segments: Sequence[Segment]) -> None:
        """Update ``params`` in place.

        Parameters
        ----------
        params : ndarray, float32 or float64, shape ``(n_params,)``, contiguous
        grads : ndarray, the same shape and dtype
            Not changed.
        segments : sequence of Segment
            Parameters outside trainable segments keep their values and state. A `Layout` is only
            inspected once.

        Raises
        ------
        ValueError
            If shapes or segments do not fit the number of parameters.
        TypeError
            If the dtypes do not match.
        """
        known = self._checked
        if known is None or known[0] is not params or known[1] is not grads:
            self._check(params, grads)
            self._segments = None
        if segments is not self._segments:
            self._set_layout(segments)
            self._segments = segments if isinstance(segments, Layout) else None
        rate: Any = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = self._step_size()
        pieces = self._whole
        if self.weight_decay or self.clipnorm is not None or self.global_clipnorm is not None:
            pieces = self._pieces(grads, rate)
        clip = math.inf if self.clipvalue is None else self.clipvalue
        slots = tuple(map(self.slots.get, self._slot_order))
        self._update(rate, (params, grads, slots, pieces), clip)
        self.iterations += 1

    def _update(self, rate: float, flat: Flat, clip: float) -> None:
        """Do a step of size `rate`; elements of the gradients count up to `clip`."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method _update")

    def _check(self, params: Array, grads: Array) -> None:
        self._check_flat("params", params)
        self.build(params.size, params.dtype)
        self._check_flat("grads", grads)
        if grads.shape != params.shape or grads.dtype != params.dtype:
            raise ValueError(
                f"{self.name}: grads: expected shape {params.shape} and dtype {params.dtype}, as "
                f"params, got {grads.shape} and {grads.dtype}"
            )
        self._checked = params, grads

    def _set_layout(self, segments: Sequence[Segment]) -> None:
        trainable = sorted((s.offset, s.offset + s.size, s.decay) for s in segments if s.trainable)
        trainable = [weight for weight in trainable if weight[0] < weight[1]]
        if trainable and not 0 <= trainable[0][0] <= trainable[-1][1] <= self._n_params:
            raise ValueError(
                f"{self.name}: segments: expected them to lie within {self._n_params} parameters, "
                f"got {trainable[0][0]} to {trainable[-1][1]}"
            )
        self._trainable, self._runs = trainable, _runs(trainable)
        self._whole = [(start, stop, 1.0, 0.0) for start, stop, _ in self._runs]

    def _pieces(self, grads: Array, rate: float) -> list[Piece]:
        """Return start, stop, gradient factor and decay of each stretch that is updated at once."""
        loss = (self.weight_decay or 0.0) * rate
        stretches = self._runs if self.clipnorm is None else self._trainable
        scales = clip_scales(grads, stretches, self.clipnorm, self.global_clipnorm)
        return [
            (start, stop, scale, loss * decay)
            for (start, stop, decay), scale in zip(stretches, scales, strict=True)
        ]

    def _has_slot(self, name: str) -> bool:
        """Return whether this configuration needs a state array of `_slot_order`."""
        return True

    def _check_flat(self, name: str, array: Array) -> None:
        float_array(f"{self.name}: {name}", array)
        if array.ndim != 1 or not array.flags.c_contiguous:
            raise ValueError(
                f"{self.name}: {name}: expected a contiguous array with one axis, got shape "
                f"{array.shape} with strides {array.strides}"
            )

    def current_arguments(self) -> dict[str, Any]:
        return {"learning_rate": self._learning_rate}

    def __getstate__(self) -> dict[str, Any]:
        # A copy belongs to the first model that uses it: the copied model, if it was copied too.
        return {**self.__dict__, "_owner": None, "_checked": None, "_segments": None}

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{k}={v!r}" for k, v in self.own_arguments().items() if v is not None
        )
        return f"{self.name}({arguments})"


def _runs(weights: list[Stretch]) -> list[Stretch]:
    """Join sorted stretches that touch and agree on decay."""
    runs: list[Stretch] = []
    for start, stop, decay in weights:
        if runs and runs[-1][1] == start and runs[-1][2] == decay:
            runs[-1] = (runs[-1][0], stop, decay)
        else:
            runs.append((start, stop, decay))
    return runs


class ByMoments(Optimizer):
    """Base of those with a running mean of the gradient and of its size."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm)
        self.beta_1 = check_number(self.name, "beta_1", beta_1, low=0.0, high=1.0, open_high=True)
        self.beta_2 = check_number(self.name, "beta_2", beta_2, low=0.0, high=1.0, open_high=True)
        self.epsilon = check_number(self.name, "epsilon", epsilon, low=0.0)


# Number of elements per block, chosen so that parameters, gradient and state stay in the cache.
BLOCK = 1 << 13


class BlockwiseOptimizer(Optimizer):
    """Base of the optimizers that define their equation in `_update_block`."""

    _scratch: Array | None = None

    def _update(self, rate: float, flat: Flat, clip: float) -> None:
        params, grads, slots, pieces = flat
        self._prepare(rate)
        if self._scratch is None:
            self._scratch = np.empty((3, BLOCK), params.dtype)
        with np.errstate(all="ignore"):  # anything not finite shows in the loss
            for start, stop, scale, decay in pieces:
                for first in range(start, stop, BLOCK):
                    part = slice(first, min(first + BLOCK, stop))
                    grad, *spare = self._scratch[:, : part.stop - first]
                    grad[...] = grads[part]
                    if clip < math.inf:
                        np.clip(grad, -clip, clip, out=grad)
                    if scale != 1.0:
                        grad *= scale
                    param = params[part]
                    if decay:
                        np.subtract(param, np.multiply(param, decay, out=spare[0]), out=param)
                    parts = [slot[part] for slot in slots if slot is not None]
                    param -= self._update_block(grad, parts, spare)

    def _prepare(self, rate: float) -> None:
        """Compute what all blocks of a step of size `rate` have in common."""
        self._rate = rate

    def _update_block(self, grad: Array, slots: list[Array], spare: list[Array]) -> Array:
        """Update the slots and return what to subtract from the parameters; may overwrite `grad`.

        `spare` are two arrays to work in.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method _update_block")

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_scratch": None}
