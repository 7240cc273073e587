"""Functions, operations of two arrays, reductions and normalizations as nodes, against NumPy.

Written from the equations, most of them in longer numbers than the nodes have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from rnncore.layers._lengths import mask_of
from rnncore.layers.nodes import AT_ONCE, OPERATIONS, REDUCTIONS

RNG = np.random.default_rng(0)
DTYPES = ["float32", "float64"]
erfc = np.vectorize(math.erfc, otypes=[np.float64])


def softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def hard_share(x: Any) -> Any:
    return np.clip(x + 3, 0, 6) / 6


def bent(x: Any) -> Any:
    return np.tanh(np.sqrt(np.longdouble(2) / np.longdouble(math.pi)) * (x + 0.044715 * x**3))


# Functions by their numbers in csrc/runtime/kinds.h: their parameters and equations.
UNARY: dict[int, tuple[list[float], Callable[[Any], Any]]] = {
    1: ([], np.tanh),
    2: ([], lambda x: np.maximum(x, 0)),
    3: ([], lambda x: 1 / (1 + np.exp(-x))),
    4: ([], lambda x: x),
    5: ([], hard_share),
    8: ([-0.5, 2.0], lambda x: np.clip(x, -0.5, 2.0)),
    9: ([0.25], lambda x: np.where(x > 0, x, 0.25 * x)),
    10: ([0.5, 2.0], lambda x: 2 * np.where(x > 0, x, 0.5 * np.expm1(x))),
    11: ([], softplus),
    12: ([], lambda x: -softplus(-x)),
    13: ([], lambda x: x / (1 + np.abs(x))),
    14: ([], np.exp),
    15: ([], lambda x: x / (1 + np.exp(-x))),
    16: ([], lambda x: x * hard_share(x)),
    17: ([], lambda x: x * np.tanh(softplus(x))),
    18: ([], lambda x: x * 0.5 * erfc(-x / math.sqrt(2))),
    19: ([], lambda x: x * 0.5 * (1 + bent(x))),
    20: ([], np.sqrt),
    21: ([], np.square),
    22: ([0.125, 2.0, 0.5], lambda x: np.where(x <= 0.5, 0.125 * (x - 0.5), np.minimum(x, 2))),
}
# Sizes around vectors and around what is computed at a time.
COUNTS = [1, 3, 4, 15, 16, 17, 255, 256, 257, 600]


def unary(function: int, x: Any) -> Any:
    return AT_ONCE.node("unary", [x], attributes=[function], numbers=UNARY[function][0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", UNARY)
def test_functions(function: int, dtype: str) -> None:
    exponents = RNG.uniform(-6, math.log10(40), 600)
    x = (10**exponents * RNG.choice([-1, 1], 600)).astype(dtype)
    x = np.abs(x) if function == 20 else x
    with np.errstate(invalid="ignore"):
        expected = UNARY[function][1](x.astype(np.longdouble)).astype(np.float64)
    eps = float(np.finfo(dtype).eps)
    # 1 + tanh and erfc of large numbers have fewer digits than numbers have, in the equations too.
    least = eps if function in (5, 16, 18, 19) else 1e-37
    np.testing.assert_allclose(unary(function, x[None])[0], expected, 12 * eps, 8 * least)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", UNARY)
def test_functions_do_not_depend_on_the_place_of_a_number(function: int, dtype: str) -> None:
    x = np.abs(RNG.normal(size=(1, 600)) * 4).astype(dtype)
    x = x if function == 20 else x * RNG.choice([-1, 1], 600).astype(dtype)
    whole = unary(function, x)
    for n in COUNTS:
        assert unary(function, x[:, -n:]).tobytes() == whole[:, -n:].tobytes()
    assert unary(function, x[:0]).shape == (0, 600)


@pytest.mark.parametrize("function", UNARY)
def test_functions_of_what_is_no_finite_number(function: int) -> None:
    x = np.array([[np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30]], np.float32)
    with np.errstate(all="ignore"):
        expected = UNARY[function][1](x.astype(np.longdouble)).astype(np.float32)
    np.testing.assert_allclose(unary(function, x), expected, 1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 100])
def test_log_softmax(n: int, dtype: str) -> None:
    x = (RNG.normal(size=(3, 2, n)) * 20).astype(dtype)
    wide = x.astype(np.longdouble)
    wide = wide - wide.max(axis=-1, keepdims=True)
    expected = (wide - np.log(np.exp(wide).sum(axis=-1, keepdims=True))).astype(np.float64)
    found = AT_ONCE.node("unary", [x], attributes=[7])
    np.testing.assert_allclose(found, expected, 8 * np.finfo(dtype).eps, 8 * np.finfo(dtype).eps)
    alone = AT_ONCE.node("unary", [x[1:2]], attributes=[7])
    assert alone.tobytes() == found[1:2].tobytes()


# ---- two arrays ----

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "slope": lambda a, b: np.where(a > 0, a, a * b),
    "first": lambda a, b: np.broadcast_arrays(a, b)[0],
}


def some_numbers(*shape: int) -> Any:
    """Numbers, some of them NaN, infinite or of either zero."""
    x = RNG.normal(size=shape).astype(np.float32)
    odd = RNG.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], size=shape).astype(np.float32)
    return np.where(RNG.random(shape) < 0.2, odd, x)


@pytest.mark.parametrize("operation", BINARY)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=5))
def test_operations_of_two_arrays(operation: str, shapes: Any) -> None:
    # The batch comes in front of the axes that are broadcast.
    rank = max(map(len, shapes.input_shapes))
    a, b = (some_numbers(3, *shape) for shape in shapes.input_shapes)
    full = [x.reshape(3, *(1,) * (rank - x.ndim + 1), *x.shape[1:]) for x in (a, b)]
    with np.errstate(all="ignore"):
        expected = BINARY[operation](*full)
        turned = BINARY[operation](*full[::-1])
        constant = BINARY[operation](full[0], full[1][1])
        constant_first = BINARY[operation](full[1][1], full[0])
    number = OPERATIONS[operation]
    same = np.testing.assert_array_equal
    same(AT_ONCE.node("binary", [a, b], attributes=[number]), expected)
    same(AT_ONCE.node("binary", [a, b], attributes=[number, 1]), turned)
    same(AT_ONCE.node("binary", [a], [b[1]], [number]), constant)
    same(AT_ONCE.node("binary", [a], [b[1]], [number, 1]), constant_first)
    same(AT_ONCE.node("binary", [a[:0], b[:0]], attributes=[number]), expected[:0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [255, 256, 257, 700])
def test_one_number_against_a_long_run(n: int, dtype: str) -> None:
    a, b = RNG.normal(size=(2, n)).astype(dtype), RNG.normal(size=(2, 1)).astype(dtype)
    for name in ("subtract", "divide"):
        found = AT_ONCE.node("binary", [a, b], attributes=[OPERATIONS[name]])
        np.testing.assert_array_equal(found, BINARY[name](a, b))
        found = AT_ONCE.node("binary", [b, a], attributes=[OPERATIONS[name]])
        np.testing.assert_array_equal(found, BINARY[name](b, a))


# ---- along axes ----

SHAPES = [(3, 7, 6), (2, 1, 1), (2, 5, 1), (1, 1, 9), (2, 33, 20), (2, 3, 4, 5)]


def axes_of_rank(rank: int) -> list[list[int]]:
    """Lists of axes behind the batch, as NumPy counts them, in and out of their order."""
    found = [[axis] for axis in range(1, rank)]
    return [*found, [1, rank - 1], [rank - 1, 1]] if rank > 2 else found


CASES = [(shape, axes) for shape in SHAPES for axes in axes_of_rank(len(shape))]


def counted(axes: list[int]) -> list[int]:
    return [len(axes), *(axis - 1 for axis in axes)]


def masks(shape: tuple[int, ...]) -> list[Any]:
    """No mask, masks (B, T), one of them with nothing, and one of lengths."""
    batch, steps = shape[:2]
    return [
        None,
        RNG.random((batch, steps)) < 0.6,
        np.zeros((batch, steps), bool),
        mask_of(RNG.integers(0, steps + 1, batch), steps),
    ]


def beside(mask: Any, x: Any) -> Any:
    real = np.ones(x.shape[:2], bool) if mask is None else np.asarray(mask)
    return np.broadcast_to(real.reshape(*real.shape, *(1,) * (x.ndim - 2)), x.shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "axes"), CASES)
def test_softmax(shape: tuple[int, ...], axes: list[int], dtype: str) -> None:
    x = (RNG.normal(size=shape) * 5).astype(dtype)
    along = tuple(axes)
    for mask in masks(shape):
        real = beside(mask, x)
        wide = np.where(real, x, -1e9).astype(np.longdouble)
        shares = np.exp(wide - wide.max(axis=along, keepdims=True))
        shares /= shares.sum(axis=along, keepdims=True)
        expected = np.where(real, shares, 0).astype(np.float64)
        found = AT_ONCE.node("softmax", [x, mask], attributes=counted(axes))
        np.testing.assert_allclose(found, expected, 64 * np.finfo(dtype).eps, 1e-37)
        own = None if mask is None else np.array(mask[1:2])
        alone = AT_ONCE.node("softmax", [x[1:2], own], attributes=counted(axes))
        assert alone.tobytes() == found[1:2].tobytes()


def expected_reduction(x: Any, real: Any, axes: list[int], reduction: str) -> Any:
    along, wide = tuple(axes), x.astype(np.longdouble)
    count = real.sum(axis=along, keepdims=True)
    if reduction == "max":
        found = np.where(real, wide, -np.inf).max(axis=along, keepdims=True)
    else:
        found = np.where(real, wide, 0).sum(axis=along, keepdims=True)
        found = found / np.maximum(count, 1) if reduction == "mean" else found
    return np.where(count > 0, found, 0).astype(np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("shape", "axes"), CASES)
def test_reductions(shape: tuple[int, ...], axes: list[int], reduction: str, dtype: str) -> None:
    x = RNG.normal(size=shape).astype(dtype)
    for mask in masks(shape):
        # As in Keras the largest is one of all steps, masked ones too, but not of padding.
        ignored = reduction == "max" and not hasattr(mask, "lengths")
        expected = expected_reduction(x, beside(None if ignored else mask, x), axes, reduction)
        attributes = [REDUCTIONS[reduction], 1, *counted(axes)]
        found = AT_ONCE.node("reduce", [x, mask], attributes=attributes)
        eps = float(np.finfo(dtype).eps)
        np.testing.assert_allclose(found, expected, 4 * eps, 64 * eps)
        attributes[1] = 0
        flat = AT_ONCE.node("reduce", [x, mask], attributes=attributes)
        assert flat.shape == np.squeeze(found, tuple(axes)).shape
        assert flat.tobytes() == found.tobytes()


@pytest.mark.parametrize("features", [1, 2, 20])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reductions_depend_on_real_steps_alone(reduction: str, features: int) -> None:
    # Of very different sizes, so that another order of the sum would show.
    sizes = 10.0 ** RNG.uniform(-4, 4, size=(2, 37, features))
    x = RNG.normal(size=(2, 37, features)) * sizes
    attributes = [REDUCTIONS[reduction], 0, 1, 0]
    lengths = np.array([37, 20])
    ragged = AT_ONCE.node("reduce", [x, mask_of(lengths, 37)], attributes=attributes)
    padded = np.pad(x, [(0, 0), (0, 5), (0, 0)], constant_values=np.nan)
    longer = AT_ONCE.node("reduce", [padded, mask_of(lengths, 42)], attributes=attributes)
    assert longer.tobytes() == ragged.tobytes()
    for row, n in enumerate(lengths):
        alone = AT_ONCE.node("reduce", [x[row : row + 1, :n], None], attributes=attributes)
        assert alone.tobytes() == ragged[row : row + 1].tobytes()


def test_what_is_no_number_stays_in_reductions() -> None:
    x = np.zeros((4, 20, 3))
    x[0, 3], x[1, 3], x[2, 3], x[3] = np.nan, np.inf, -np.inf, -np.inf
    for y in (x, np.ascontiguousarray(x.swapaxes(1, 2))):
        axis = 1 if y is x else 2
        for reduction in REDUCTIONS:
            attributes = [REDUCTIONS[reduction], 0, 1, axis - 1]
            expected = getattr(np, reduction)(y, axis=axis)
            np.testing.assert_array_equal(
                AT_ONCE.node("reduce", [y], attributes=attributes), expected
            )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_weights", [False, True])
@pytest.mark.parametrize(("shape", "axes"), CASES)
def test_layer_norm(
    shape: tuple[int, ...], axes: list[int], with_weights: bool, dtype: str
) -> None:
    x = (RNG.normal(size=shape) * 3 + 1).astype(dtype)
    along = tuple(sorted(axes))
    wide = x.astype(np.longdouble)
    centred = wide - wide.mean(axis=along, keepdims=True)
    expected = centred / np.sqrt(np.square(centred).mean(axis=along, keepdims=True) + 1e-3)
    weights: list[Any] = [None, None]
    if with_weights:
        sizes = [shape[axis] for axis in along]
        weights = [RNG.normal(size=sizes).astype(dtype) for _ in range(2)]
        full = [n if axis in along else 1 for axis, n in enumerate(shape)]
        expected = expected * weights[0].reshape(full) + weights[1].reshape(full)
    found = AT_ONCE.node("layer_norm", [x], weights, counted(axes), [1e-3])
    tolerance = 32 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, expected.astype(np.float64), tolerance, tolerance)
    alone = AT_ONCE.node("layer_norm", [x[1:2]], weights, counted(axes), [1e-3])
    assert alone.tobytes() == found[1:2].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_weights", [False, True])
@pytest.mark.parametrize(("shape", "axis"), [(s, a) for s in SHAPES for a in range(1, len(s))])
def test_batch_norm(shape: tuple[int, ...], axis: int, with_weights: bool, dtype: str) -> None:
    x = (RNG.normal(size=shape) * 3 + 1).astype(dtype)
    moments = [RNG.random(shape[axis]).astype(dtype) for _ in range(2)]
    weights = [RNG.normal(size=shape[axis]).astype(dtype) if with_weights else None for _ in "gb"]
    full = [n if a == axis else 1 for a, n in enumerate(shape)]
    wide = [None if one is None else one.reshape(full) for one in (*moments, *weights)]
    expected = (x.astype(np.longdouble) - wide[0]) / np.sqrt(wide[1] + np.longdouble(1e-3))
    expected = expected * wide[2] + wide[3] if with_weights else expected
    found = AT_ONCE.node("batch_norm", [x], [*moments, *weights], [axis - 1], [1e-3])
    tolerance = 16 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, expected.astype(np.float64), tolerance, tolerance)


# ---- what is refused ----

X = np.ones((2, 3, 4), np.float32)


@pytest.mark.parametrize(
    ("kind", "inputs", "tensors", "attributes"),
    [
        ("unary", [X], [], [0]),
        ("unary", [X], [], [6]),  # softmax is a kind of its own
        ("unary", [X], [], [23]),
        ("unary", [X[:, :, :0]], [], [7]),
        ("binary", [X], [], [0]),
        ("binary", [X, X[:1]], [], [0]),
        ("binary", [X, X[:, :, :2]], [], [0]),
        ("binary", [X, X], [], [8]),
        ("binary", [X, X], [], [0, 2]),
        ("binary", [X], [np.ones(3)], [0]),
        ("softmax", [X], [], [0]),
        ("softmax", [X], [], [1, 2]),
        ("softmax", [X], [], [1, -3]),
        ("softmax", [X], [], [2, 1, -1]),
        ("softmax", [X], [], [12, *range(11)]),
        ("softmax", [X, np.ones((2, 4), bool)], [], [1, 1]),
        ("softmax", [X, np.ones((2, 3, 4), bool)], [], [1, 0]),
        ("softmax", [X[:, :0]], [], [1, 0]),
        ("reduce", [X], [], [3, 0, 1, 0]),
        ("reduce", [X], [], [0, 2, 1, 0]),
        ("reduce", [X], [], [0, 0, 0]),
        ("reduce", [X], [], [0, 0, 2, 0, 0]),
        ("reduce", [X, np.ones((2, 4), bool)], [], [0, 0, 1, 0]),
        ("reduce", [X[:, :0]], [], [0, 0, 1, 0]),
        ("layer_norm", [X], [np.ones(3)], [1, -1]),
        ("layer_norm", [X], [np.ones((1, 4))], [1, -1]),
        ("layer_norm", [X], [None, np.ones(5)], [1, -1]),
        ("batch_norm", [X], [np.ones(4), np.ones(3)], [1]),
        ("batch_norm", [X], [np.ones(4), np.ones(4), np.ones((4, 1))], [1]),
        ("batch_norm", [X], [np.ones(4), np.ones(4)], [0]),
        ("batch_norm", [X], [np.ones(4), np.ones(4)], [2]),
    ],
)
def test_what_makes_no_sense(
    kind: str, inputs: list[Any], tensors: list[Any], attributes: list[int]
) -> None:
    with pytest.raises(ValueError, match="expected inputs that fit"):
        AT_ONCE.node(kind, inputs, tensors, attributes)


def test_no_negative_variance() -> None:
    with pytest.raises(ValueError, match="layer_norm: expected"):
        AT_ONCE.node("layer_norm", [X], [], [1, -1], [-1.0])
    with pytest.raises(ValueError, match="batch_norm: expected"):
        AT_ONCE.node("batch_norm", [X], [np.ones(4), np.ones(4)], [1], [math.nan])
