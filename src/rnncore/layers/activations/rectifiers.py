"""ReLU, LeakyReLU and ELU as layers, with their parameters as arguments."""

from __future__ import annotations

from typing import Any

from rnncore.activations.fused import Rectifier
from rnncore.activations.others import Elu, LeakyRelu
from rnncore.layers.core.activation import Activation
from rnncore.utils._checks import check_number, check_optional_number


class ReLU(Activation):
    """``max_value`` where x reaches that, x above ``threshold``, else
    ``negative_slope * (x - threshold)``.

    Parameters
    ----------
    max_value : float, optional
    negative_slope : float, default 0.0
    threshold : float, default 0.0
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If a number is negative, or is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import ReLU
    >>> ReLU(max_value=1.0, negative_slope=0.5)(np.array([-2.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ], dtype=float32)
    """

    not_configured = frozenset({"activation"})

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        self.max_value = check_optional_number("ReLU", "max_value", max_value, low=0.0)
        self.negative_slope = check_number("ReLU", "negative_slope", negative_slope, low=0.0)
        self.threshold = check_number("ReLU", "threshold", threshold, low=0.0)
        plain = max_value is None and not self.negative_slope and not self.threshold
        rectifier = Rectifier(self.negative_slope, self.max_value, self.threshold)
        super().__init__("relu" if plain else rectifier, **kwargs)


class LeakyReLU(Activation):
    """``x`` if positive, else ``negative_slope * x``.

    Parameters
    ----------
    negative_slope : float, default 0.3
        `alpha` in older programs.
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If a number is negative, or is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([-2.0, 3.0]))
    array([-1.,  3.], dtype=float32)
    """

    not_configured = frozenset({"activation"})

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        slope = kwargs.pop("alpha", negative_slope)
        self.negative_slope = check_number("LeakyReLU", "negative_slope", slope, low=0.0)
        super().__init__(LeakyRelu(self.negative_slope), **kwargs)


class ELU(Activation):
    """``x`` if positive, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha : float, default 1.0
    **kwargs
        `name`, `dtype`, `input_shape` and so on; see `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `alpha` is not a finite number.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.layers import ELU
    >>> ELU()(np.array([0.0, 3.0]))
    array([0., 3.], dtype=float32)
    """

    not_configured = frozenset({"activation"})

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        self.alpha = check_number("ELU", "alpha", alpha)
        super().__init__(Elu(self.alpha), **kwargs)
