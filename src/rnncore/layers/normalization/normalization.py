"""Normalization: what the layers share, over the features, over the batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import axes_behind_batch, listed_axes
from rnncore.layers._lengths import beside
from rnncore.layers.layer import Layer, Shape
from rnncore.layers.nodes import Nodes
from rnncore.layers.parameter import Parameter
from rnncore.layers.tape import Tape
from rnncore.utils._checks import check_flag, check_number
from rnncore.utils._config import passed_on


class Normalization(Layer):
    """Base of LayerNormalization and BatchNormalization: ``y = gamma * normal + beta``."""

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.axis = listed_axes(owner, axis)
        self.needs_sizes = self.axis != (-1,)
        self.epsilon = check_number(owner, "epsilon", epsilon, low=0.0)
        self.center = check_flag(owner, "center", center)
        self.scale = check_flag(owner, "scale", scale)
        self.choose("beta", locals())
        self.choose("gamma", locals())

    def build(self, input_shape: Shape) -> None:
        self._axes = axes_behind_batch(self.name, self.axis, input_shape)
        rank = range(len(input_shape))
        self._others = tuple(axis for axis in rank if axis not in self._axes)
        self.fixed_axes = tuple(axis - len(rank) for axis in self._axes)
        self._sizes: Any = tuple(input_shape[axis] for axis in self._axes)
        self._broadcast: Any = tuple(input_shape[a] if a in self._axes else 1 for a in rank)
        self.gamma = self._made("gamma") if self.scale else None
        self.beta = self._made("beta") if self.center else None

    def _made(self, weight: str, trainable: bool = True) -> Parameter:
        return self.add_weight(weight, self._sizes, trainable=trainable, **self.chosen(weight))

    def _scaled(self, normal: NDArray[Any], tape: Tape) -> NDArray[Any]:
        """Return ``gamma * normal + beta``."""
        y, out = normal, tape.take("y", normal.shape, normal.dtype)
        if self.gamma is not None:
            y = np.multiply(normal, self.gamma.value.reshape(self._broadcast), out=out)
        if self.beta is not None:
            y = np.add(y, self.beta.value.reshape(self._broadcast), out=out)
        return y

    def _scaled_backward(self, dy: NDArray[Any], normal: NDArray[Any], tape: Tape) -> NDArray[Any]:
        """Write the gradients of gamma and beta, return that of `normal`."""
        if self.beta is not None:
            np.sum(dy, axis=self._others, out=self.beta.grad)
        if self.gamma is None:
            return dy
        np.sum(product(dy, normal, tape), axis=self._others, out=self.gamma.grad)
        dnormal = tape.take("dnormal", dy.shape, dy.dtype)
        return np.multiply(dy, self.gamma.value.reshape(self._broadcast), out=dnormal)


def product(one: NDArray[Any], other: NDArray[Any], tape: Tape) -> NDArray[Any]:
    """Return a product, which the next call overwrites."""
    return np.multiply(one, other, out=tape.take("product", one.shape, one.dtype))


class LayerNormalization(Normalization):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, sample by sample.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        The axes to normalize over. -1: each time step separately.
    epsilon : float, default 0.001
        Keeps the quotient finite if all elements are equal.
    center, scale : bool, default True
        Whether to learn beta and gamma.
    beta_initializer : default "zeros"
    gamma_initializer : default "ones"
    beta_regularizer, gamma_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    beta_constraint, gamma_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet, or the input has no such axis
        or no known size there.

    Notes
    -----
    Weights: gamma, then beta, with the sizes of `axis`. A mask is passed on and changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LayerNormalization
    >>> LayerNormalization(epsilon=0)(np.array([[1.0, 3.0]]))
    array([[-1.,  1.]], dtype=float32)
    """

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        axes = [axis - 1 for axis in self._axes]
        weights = [self.gamma, self.beta]
        return f.node("layer_norm", [x], weights, [len(axes), *axes], [self.epsilon])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training:
            return self.inferred(x)
        tape = self.tape(training)
        one_each = tuple(1 if axis in self._axes else n for axis, n in enumerate(x.shape))
        mean = tape.take("mean", one_each, x.dtype)
        x.mean(axis=self._axes, keepdims=True, out=mean)
        normal = np.subtract(x, mean, out=tape.take("normal", x.shape, x.dtype))
        inverse = tape.take("inverse", one_each, x.dtype)
        squares = np.square(normal, out=tape.take("product", x.shape, x.dtype))
        squares.mean(axis=self._axes, keepdims=True, out=inverse)
        inverse += self.epsilon
        np.sqrt(inverse, out=inverse)
        np.divide(1, inverse, out=inverse)
        normal *= inverse
        tape.saved = (normal, inverse)
        return self._scaled(normal, tape), tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        normal, inverse = self.used(tape)
        dnormal = self._scaled_backward(dy, normal, tape)
        if not need_dx:
            return None
        # Mean and variance depend on x too: subtract what flows back through them.
        through = tape.take("mean", inverse.shape, dy.dtype)
        product(dnormal, normal, tape).mean(axis=self._axes, keepdims=True, out=through)
        dx = np.multiply(normal, through, out=tape.take("dx", dy.shape, dy.dtype))
        dnormal.mean(axis=self._axes, keepdims=True, out=through)
        dx += through
        np.subtract(dnormal, dx, out=dx)
        dx *= inverse
        return dx


# What Keras adds to the number of real steps before dividing by it.
_COUNT_EPSILON = 1e-7


class BatchNormalization(Normalization):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, feature by feature.

    Training uses the mean and variance of the batch (over all its time steps) and updates moving
    averages of them; inference uses these averages.

    Parameters
    ----------
    axis : int, default -1
        The axis of the features.
    momentum : float, default 0.99
        Weight of the old average in a training step.
    epsilon : float, default 0.001
        Keeps the quotient finite if all elements are equal.
    center, scale : bool, default True
        Whether to learn beta and gamma.
    beta_initializer : default "zeros"
    gamma_initializer : default "ones"
    moving_mean_initializer : default "zeros"
    moving_variance_initializer : default "ones"
    beta_regularizer, gamma_regularizer : optional
        Penalties on the weights; see `rnncore.regularizers`.
    beta_constraint, gamma_constraint : optional
        Applied to the weights after each step; see `rnncore.constraints`.
    renorm, renorm_clipping, renorm_momentum
        Only False, None and 0.99 are supported.
    synchronized : bool, default False
        Accepted, but without effect: there is only one device.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is unknown, out of range or not supported yet, or the input has no such axis
        or no known size there.

    Notes
    -----
    Weights: gamma, beta, moving_mean, moving_variance, each ``(F,)``; no optimizer changes the last
    two. With ``trainable=False`` the layer computes as in inference, even during training. Masked
    time steps are left out of mean and variance.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import BatchNormalization
    >>> layer = BatchNormalization(epsilon=0)
    >>> layer(np.array([[1.0], [3.0]]), training=True)
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    couples_samples = True
    unsupported: Mapping[str, Any] = {
        "renorm": False,
        "renorm_clipping": None,
        "renorm_momentum": 0.99,
    }

    reads_mask = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis=[axis],
            **passed_on(
                locals(),
                "axis",
                "momentum",
                "moving_mean_initializer",
                "moving_variance_initializer",
                "synchronized",
            ),
        )
        self.momentum = check_number("BatchNormalization", "momentum", momentum)
        self.choose("moving_mean", locals())
        self.choose("moving_variance", locals())
        check_flag("BatchNormalization", "synchronized", synchronized)

    def current_arguments(self) -> dict[str, Any]:
        return {**super().current_arguments(), "axis": self.axis[0]}

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.moving_mean = self._made("moving_mean", trainable=False)
        self.moving_variance = self._made("moving_variance", trainable=False)

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        tensors = [self.moving_mean, self.moving_variance, self.gamma, self.beta]
        return f.node("batch_norm", [x], tensors, [self._axes[0] - 1], [self.epsilon])

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        if not training:
            return self.inferred(x)
        tape = self.tape(training)
        normal = tape.take("normal", x.shape, x.dtype)
        real: Any = True
        share: Any = 0.0  # of each real element in mean and variance
        if self.trainable:
            real, share = self._share(x, mask)
            mean = self._sum(x, real) * share
            np.subtract(x, mean, out=normal)
            variance = self._sum(product(normal, normal, tape), real) * share
            for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.value *= self.momentum
                moving.value += new.reshape(-1) * (1 - self.momentum)
        else:
            np.subtract(x, self.moving_mean.value.reshape(self._broadcast), out=normal)
            variance = self.moving_variance.value.reshape(self._broadcast)
        inverse = 1 / np.sqrt(variance + self.epsilon)
        normal *= inverse
        tape.saved = (normal, inverse, real, share)
        return self._scaled(normal, tape), tape

    def backward(self, tape: Any, dy: NDArray[Any], *, need_dx: bool = True) -> Any:
        normal, inverse, real, share = self.used(tape)
        dnormal = self._scaled_backward(dy, normal, tape)
        if not need_dx:
            return None
        # Mean and variance depend on x too: subtract what flows back through them.
        through_mean = dnormal.sum(axis=self._others, keepdims=True)
        through_variance = self._sum(product(dnormal, normal, tape), True)
        # Zero except for rounding and what Keras adds to the number of steps.
        center = self._sum(normal, real) * share
        dx = tape.take("dx", dy.shape, dy.dtype)
        np.subtract(normal, center, out=dx)
        dx *= through_variance
        dx += through_mean
        dx *= share
        if real is not True:
            dx *= real
        np.subtract(dnormal, dx, out=dx)
        dx *= inverse
        return dx

    def _sum(self, x: NDArray[Any], real: Any) -> NDArray[Any]:
        return x.sum(axis=self._others, keepdims=True, where=real)

    def _share(self, x: NDArray[Any], mask: NDArray[Any] | None) -> tuple[Any, Any]:
        """Return which elements are real, and the weight of each in the mean."""
        if mask is None:
            count = max(1, math.prod(x.shape[axis] for axis in self._others))
            return True, x.dtype.type(1 / count)
        real = beside(mask, x)
        counts = np.broadcast_to(real, x.shape).sum(axis=self._others, keepdims=True)
        return real, (1 / (counts + _COUNT_EPSILON)).astype(x.dtype)
