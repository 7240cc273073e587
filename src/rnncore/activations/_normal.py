"""The normal distribution, from the complementary error function.

W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation
23 (1969), 631-637: one quotient of polynomials below 0.46875, one up to 4 and one above.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Coefficients of numerators and denominators, those of the highest powers first.
_NEAR = (
    (
        0.185777706184603153,
        3.16112374387056560,
        113.864154151050156,
        377.485237685302021,
        3209.37758913846947,
    ),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        0.564188496988670089,
        8.88314979438837594,
        66.1191906371416295,
        298.635138197400131,
        881.952221241769090,
        1712.04761263407058,
        2051.07837782607147,
        1230.33935479799725,
    ),
    (
        1.0,
        15.7449261107098347,
        117.693950891312499,
        537.181101862009858,
        1621.38957456669019,
        3290.79923573345963,
        4362.61909014324716,
        3439.36767414372164,
        1230.33935480374942,
    ),
)
_FAR = (
    (
        0.0163153871373020978,
        0.305326634961232344,
        0.360344899949804439,
        0.125781726111229246,
        0.0160837851487422766,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242,
        1.87295284992346725,
        0.527905102951428412,
        0.0605183413124413191,
        2.33520497626869185e-3,
    ),
)


def erfc(x: NDArray[Any]) -> Array:
    """Return 1 - erf(x) in float64, with full relative precision for large x."""
    x = np.asarray(x, np.float64)
    size = np.abs(x)
    y = np.full(x.shape, np.nan)
    near, far = size < 0.46875, size > 4.0
    middle = (size >= 0.46875) & ~far
    part = x[near]
    y[near] = 1.0 - part * _quotient(_NEAR, part * part)
    part = size[middle]
    y[middle] = _decay(part) * _quotient(_MIDDLE, part)
    part = np.minimum(size[far], 30.0)  # from 27 on it is 0
    inverse = 1.0 / (part * part)
    y[far] = _decay(part) / part * (1.0 / math.sqrt(math.pi) - inverse * _quotient(_FAR, inverse))
    return np.where((x < 0) & ~near, 2.0 - y, y)


def distribution(x: NDArray[Any]) -> Array:
    """Return the share of a standard normal distribution that lies below x, in float64."""
    return 0.5 * erfc(np.asarray(x, np.float64) * -math.sqrt(0.5))


def density(x: NDArray[Any]) -> Array:
    """Return the density of the standard normal distribution, in float64."""
    x = np.asarray(x, np.float64)
    return np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def _decay(x: Array) -> Array:
    """Return exp(-x * x): rounding x to 1/16 first leaves an exact square, and keeps the digits."""
    rounded = np.trunc(x * 16.0) / 16.0
    return np.exp(-rounded * rounded) * np.exp(-(x - rounded) * (x + rounded))


def _quotient(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    numerator, denominator = (np.polyval(np.array(one), x) for one in polynomials)
    return numerator / denominator
