"""exp, sigmoid and tanh of every table of kernels: error in ulp, special values, tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore import _core

Array = np.ndarray[Any, Any]

MAX_ULP = 2
FUNCTIONS = ["exp", "sigmoid", "tanh"]
ISAS = _core.available_isas()

# What judges a dtype, and whether it is wider: Windows and macOS on ARM have no wider long double.
WIDER: dict[type[Any], type[Any]] = {np.float32: np.float64, np.float64: np.longdouble}
CAN_JUDGE = {
    dtype: np.finfo(wider).nmant > np.finfo(dtype).nmant + 8 for dtype, wider in WIDER.items()
}

DTYPES = [
    pytest.param(
        dtype, marks=pytest.mark.skipif(not can, reason="np.longdouble is not wider than float64")
    )
    for dtype, can in CAN_JUDGE.items()
]


def sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


TRUTH: dict[str, Callable[[Array], Array]] = {"exp": np.exp, "sigmoid": sigmoid, "tanh": np.tanh}


def every_exponent(dtype: type[np.floating], mantissas: int) -> Array:
    """Both signs of each finite exponent, denormals included, with scattered mantissas."""
    info = np.finfo(dtype)
    word = {np.float32: np.uint32, np.float64: np.uint64}[dtype]
    exponents = np.arange(2 ** (info.bits - 1 - info.nmant) - 1, dtype=word)
    rng = np.random.default_rng(20)
    scattered = rng.integers(0, 2**info.nmant, (exponents.size, mantissas), dtype=word)
    scattered[:, :2] = 0, 2**info.nmant - 1
    bits = (exponents[:, None] << word(info.nmant)) | scattered
    positive = bits.ravel().view(dtype)
    return np.concatenate([positive, -positive])


def where_they_vary(dtype: type[np.floating], density: int) -> Array:
    """Points from where sigmoid and exp underflow to where exp overflows."""
    low, high = np.log(np.finfo(dtype).tiny), np.log(np.finfo(dtype).max)
    rng = np.random.default_rng(21)
    wide = rng.uniform(low, high, 500 * density)
    near = rng.uniform(-20, 20, 1000 * density)
    return np.concatenate([wide, near]).astype(dtype)


def ulp_error(y: Array, truth: Array) -> Array:
    """|y - truth| in units of the last place of the truth in the dtype of y."""
    _, exponent = np.frexp(truth)
    last_place = np.ldexp(truth.dtype.type(1), exponent - np.finfo(y.dtype).nmant - 1)
    return np.abs(y - truth) / last_place


@pytest.mark.parametrize("mantissas", [20, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_error_over_all_exponents(
    function: str, dtype: type[np.floating], isa: str, mantissas: int
) -> None:
    info = np.finfo(dtype)
    x = np.concatenate([every_exponent(dtype, mantissas), where_they_vary(dtype, mantissas)])
    y = _core.activation(function, x, isa)
    with np.errstate(over="ignore", under="ignore"):
        truth = TRUTH[function](x.astype(WIDER[dtype]))

    assert y.dtype == dtype
    assert not np.isnan(y).any()
    tiny = np.abs(truth) < info.tiny
    huge = truth > info.max
    normal = ~tiny & ~huge
    assert (np.abs(y[tiny] - truth[tiny]) < info.tiny).all()
    assert (y[huge] == np.inf).all()
    errors = ulp_error(y[normal], truth[normal])
    worst = errors.argmax()
    assert errors[worst] <= MAX_ULP, f"{errors[worst]} ulp at {x[normal][worst].hex()}"


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_range_and_symmetry(dtype: type[np.floating], isa: str) -> None:
    x = np.concatenate([every_exponent(dtype, 20), where_they_vary(dtype, 20)])
    tanh = _core.activation("tanh", x, isa)
    sigmoid = _core.activation("sigmoid", x, isa)
    assert (np.abs(tanh) <= 1).all()
    assert ((sigmoid >= 0) & (sigmoid <= 1)).all()
    assert (_core.activation("exp", x, isa) >= 0).all()
    np.testing.assert_array_equal(np.signbit(tanh), np.signbit(x))
    np.testing.assert_array_equal(_core.activation("tanh", -x, isa), -tanh)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturation(dtype: type[np.floating], isa: str) -> None:
    """Once a function has reached its limit it stays there."""
    x = np.linspace(20, 1000, 5000).astype(dtype)
    for function, sign, limit in [
        ("tanh", 1, 1.0),
        ("tanh", -1, -1.0),
        ("sigmoid", 2, 1.0),
    ]:
        y = _core.activation(function, sign * x, isa)
        assert (y == limit).all(), function
    for function in ("exp", "sigmoid"):
        y = _core.activation(function, -x, isa)
        assert (np.diff(y) <= 0).all()
        assert y[-1] == 0


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "limits"),
    [("exp", [0, 1, 1, np.inf]), ("sigmoid", [0, 0.5, 0.5, 1]), ("tanh", [-1, -0.0, 0, 1])],
)
def test_special_values(
    function: str, limits: list[float], dtype: type[np.floating], isa: str
) -> None:
    y = _core.activation(function, np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype), isa)
    np.testing.assert_array_equal(y[:4], np.array(limits, dtype))
    np.testing.assert_array_equal(np.signbit(y[:4]), np.signbit(limits))
    assert np.isnan(y[4])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elements_do_not_see_each_other(function: str, dtype: type[np.floating], isa: str) -> None:
    """The same bits at any place of a vector, beside anything, and in a tail of any length."""
    x = np.linspace(-9, 9, 67).astype(dtype)
    alone = np.concatenate([_core.activation(function, x[i : i + 1], isa) for i in range(x.size)])
    for start in (0, 1, 5, 16, 19):
        for stop in range(start, x.size):
            y = _core.activation(function, x[start:stop], isa)
            np.testing.assert_array_equal(y, alone[start:stop])
    beside = x.copy()
    beside[::2] = np.resize([np.nan, np.inf, -np.inf, 1e30], beside[::2].shape)
    np.testing.assert_array_equal(_core.activation(function, beside, isa)[1::2], alone[1::2])
