"""Initializers that draw nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnncore.initializers.base import Array, Initializer
from rnncore.utils._checks import check_number


class Constant(Initializer):
    """Every element is ``value``.

    Parameters
    ----------
    value : float or array_like, default 0.0
        An array, such as pretrained word vectors, is broadcast to the shape.

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.Constant([1.0, 2.0])((3, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, value: ArrayLike = 0.0) -> None:
        owner = type(self).__name__
        self.value: float | Array
        if isinstance(value, (np.ndarray, list, tuple)):
            self.value = np.array(value)
            if self.value.dtype.kind not in "iuf" or not np.isfinite(self.value).all():
                raise ValueError(f"{owner}: value: expected finite numbers, got {value!r}")
        else:
            self.value = check_number(owner, "value", value)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        try:
            return np.array(np.broadcast_to(np.asarray(self.value, np.float64), shape))
        except ValueError:
            raise ValueError(
                f"{type(self).__name__}: value: expected an array that fits the shape {shape}, got "
                f"one of shape {np.shape(self.value)}"
            ) from None


class Zeros(Constant):
    """Every element is 0."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Every element is 1."""

    def __init__(self) -> None:
        super().__init__(1.0)


class Identity(Initializer):
    """The identity matrix times ``gain``, cropped or padded with zeros if not square.

    Parameters
    ----------
    gain : float, default 1.0

    Examples
    --------
    >>> from rnncore import initializers
    >>> initializers.Identity(2.0)((2, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = check_number("Identity", "gain", gain)

    def _draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity: shape: expected two axes, got {shape}")
        return self.gain * np.eye(*shape)
