"""Dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import _core
from rnncore.layers.base import Layer
from rnncore.utils.random import new_rng


class Dropout(Layer):
    """In training, zero a random share of the inputs and scale the others up.

    Parameters
    ----------
    rate : float
        Share of the elements that become zero, from 0 to 1; the others are multiplied by
        ``1 / (1 - rate)``, so that the expected value stays.
    noise_shape : None
        Only None is supported so far: every element is drawn by itself.
    seed : int, optional
        Default: derived from `rnncore.utils.set_random_seed`.
    **kwargs
        `name`, `dtype`, `input_shape` and the like: see `Layer`.

    Raises
    ------
    ValueError, TypeError
        For a rate outside [0, 1] or a seed that is no integer from 0 up.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import Dropout
    >>> Dropout(0.5)(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    random_numbers = ("_key", "_calls")
    unsupported: Mapping[str, Any] = {**Layer.unsupported, "noise_shape": None}

    def __init__(
        self, rate: float, noise_shape: None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(noise_shape=noise_shape, **kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.integer, np.floating)):
            raise TypeError(f"Dropout: rate: expected a number from 0 to 1, got {rate!r}")
        if not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate: expected a number from 0 to 1, got {rate!r}")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
            raise TypeError(f"Dropout: seed: expected an integer >= 0 or None, got {seed!r}")
        if seed is not None and seed < 0:
            raise ValueError(f"Dropout: seed: expected an integer >= 0 or None, got {seed!r}")
        self.rate = float(rate)
        self.seed = seed
        # Which elements are dropped follows from the key and the number of the call.
        self._key: int | None = None
        self._calls = 0

    def draw_seeds(self) -> None:
        if self._key is None:
            rng = new_rng() if self.seed is None else np.random.default_rng(self.seed)
            self._key = int(rng.integers(2**64, dtype=np.uint64))

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        if not training:
            return x
        if self.rate == 0:
            self._saved = None
            return x
        self.draw_seeds()
        self._calls = (self._calls + 1) % 2**32
        self._saved = self._calls
        return self._apply("y", x, self._calls)

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        call, self._saved = self._saved, None
        return dy if call is None else self._apply("dx", dy, call)

    def _apply(self, name: str, x: NDArray[Any], call: int) -> NDArray[Any]:
        y = self._buffers.take(name, x.shape, x.dtype)
        _core.dropout(np.ascontiguousarray(x), y, self.rate, self._key or 0, call)
        return y
