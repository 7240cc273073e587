"""Normalization over the features of each sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.normalization.normalization import Normalization, product


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

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
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
