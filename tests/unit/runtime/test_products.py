"""Products and attention as nodes, against their equations in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnncore import _core, get_num_threads, set_num_threads
from rnncore.layers.nodes import AT_ONCE, KINDS

SIZES = [(1, 1, 1), (3, 5, 2), (17, 33, 20), (40, 70, 65)]


def normal(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def softmax(z: Any) -> Any:
    shares = np.exp(z - z.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def equations(
    q: Any, v: Any, k: Any, real: list[Any], kind: int, tensors: list[Any], causal: bool
) -> tuple[Any, Any]:
    scale, weight = [1.0 if one is None else one for one in tensors]
    if kind == 0:
        scores = scale * np.einsum("bqd,bkd->bqk", q, k)
    elif kind == 1:
        scores = weight * np.tanh(scale * (q[:, :, None] + k[:, None])).sum(axis=-1)
    else:
        scores = (scale * np.tanh(q[:, :, None] + k[:, None])).sum(axis=-1)
    hidden = np.zeros(scores.shape, bool)
    if real[1] is not None:
        hidden |= ~real[1][:, None]
    if causal:
        hidden |= np.triu(np.ones(scores.shape[1:], bool), 1)
    shares = softmax(scores - 1e9 * hidden)
    y = np.einsum("bqk,bke->bqe", shares, v)
    if real[0] is not None:
        y[~real[0]] = 0
    return y, shares


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "depth", "columns"), SIZES)
def test_matmul(dtype: str, rows: int, depth: int, columns: int) -> None:
    a, b = normal(0, 3, rows, depth), normal(1, 3, depth, columns)
    expected = a @ b
    a, b = a.astype(dtype), b.astype(dtype)
    found = AT_ONCE.node("matmul", [a, b])
    tolerance = depth * np.finfo(dtype).eps
    np.testing.assert_allclose(found, expected, tolerance, 4 * tolerance)
    turned = np.ascontiguousarray(b.swapaxes(1, 2))
    np.testing.assert_array_equal(AT_ONCE.node("matmul", [a, turned], attributes=[1]), found)
    for row in range(3):  # neither mates in the batch nor other rows change a row
        np.testing.assert_array_equal(AT_ONCE.node("matmul", [a[[row]], b[[row]]])[0], found[row])
        last = AT_ONCE.node("matmul", [a[[row], -1:], b[[row]]])
        np.testing.assert_array_equal(last[0, 0], found[row, -1])


def test_matmul_of_more_axes_and_of_none() -> None:
    a, b = normal(0, 2, 3, 4, 5), normal(1, 2, 3, 5, 6)
    np.testing.assert_allclose(AT_ONCE.node("matmul", [a, b]), a @ b, 1e-12)
    for shape in ((0, 2, 3, 4), (2, 0, 3, 4), (2, 2, 0, 4), (2, 2, 3, 0)):
        n, rows, depth, columns = shape
        found = AT_ONCE.node("matmul", [np.ones((n, rows, depth)), np.ones((n, depth, columns))])
        np.testing.assert_array_equal(found, np.full((n, rows, columns), depth))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("with_tensors", [False, True])
@pytest.mark.parametrize(("queries", "keys", "depth"), SIZES)
@pytest.mark.parametrize("causal", [False, True])
def test_attention(
    dtype: str, kind: int, with_tensors: bool, queries: int, keys: int, depth: int, causal: bool
) -> None:
    q, k, v = normal(0, 3, queries, depth), normal(1, 3, keys, depth), normal(2, 3, keys, 7)
    real = [normal(3, 3, queries) > -0.5, normal(4, 3, keys) > -0.5]
    real[1][:, 0] = True  # scores 1e9 below others are rounded, and so are differences of them
    tensors: list[Any] = [None, None]
    if with_tensors:
        tensors[0] = normal(5, depth) if kind == 2 else np.array(0.7)
        tensors[1] = np.array(-1.3) if kind == 1 else None
    masks: Any
    for masks in (real, [None, None], [real[0], None]):
        expected = equations(q, v, k, masks, kind, tensors, causal)
        arrays = [one.astype(dtype) for one in (q, v, k)]
        found = AT_ONCE.node(
            "attention", [*arrays, *masks], tensors, [kind, int(causal)], outputs=2
        )
        tolerance = 50 * depth * np.finfo(dtype).eps
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, tolerance, tolerance)
        alone = AT_ONCE.node("attention", [*arrays, *masks], tensors, [kind, int(causal)])
        np.testing.assert_array_equal(alone, found[0])
        for row in range(3):
            parts = [None if one is None else one[[row]] for one in (*arrays, *masks)]
            one = AT_ONCE.node("attention", parts, tensors, [kind, int(causal)])
            np.testing.assert_array_equal(one[0], found[0][row])


def test_bits_do_not_depend_on_threads(runtime: None) -> None:
    q, v = normal(0, 5, 150, 32), normal(1, 5, 160, 32)
    set_num_threads(1)
    alone = AT_ONCE.node("attention", [q, v, v], [None], [0, 1])
    product = AT_ONCE.node("matmul", [q, v], attributes=[1])
    set_num_threads(4)
    assert get_num_threads() == 4
    np.testing.assert_array_equal(AT_ONCE.node("attention", [q, v, v], [None], [0, 1]), alone)
    np.testing.assert_array_equal(AT_ONCE.node("matmul", [q, v], attributes=[1]), product)


def test_attention_to_nothing() -> None:
    q, v = np.ones((2, 3, 4)), np.ones((2, 0, 4))
    y, scores = AT_ONCE.node("attention", [q, v, v], [], [0, 0], outputs=2)
    assert y.shape == (2, 3, 4) and not y.any() and scores.shape == (2, 3, 0)
    assert AT_ONCE.node("attention", [q[:0], v[:0], v[:0]], [], [0, 0]).shape == (0, 3, 4)
    assert AT_ONCE.node("attention", [v, q, q], [], [0, 0]).shape == (2, 0, 4)


def test_what_does_not_fit_is_refused() -> None:
    x = np.ones((2, 3, 4))
    mask = np.ones((2, 3), bool)
    refused: list[tuple[str, list[Any], list[Any], list[int]]] = [
        ("matmul", [x, x], [], [0]),
        ("matmul", [x, x[:1]], [], [1]),
        ("matmul", [x[0], x[0]], [], [1]),
        ("attention", [x, x, x[:, :2]], [], [0, 0]),
        ("attention", [x, x, x[:, :, :2]], [], [0, 0]),
        ("attention", [x, x[:1], x], [], [0, 0]),
        ("attention", [x, x, x, mask[:1]], [], [0, 0]),
        ("attention", [x, x, x, None, mask[:, :2]], [], [0, 0]),
        ("attention", [x, x, x, x[0]], [], [0, 0]),
        ("attention", [x, x, x], [np.ones(4)], [0, 0]),
        ("attention", [x, x, x], [np.ones(3)], [2, 0]),
        ("attention", [x, x, x], [None, np.ones(())], [0, 0]),
        ("attention", [x, x, x], [], [3, 0]),
    ]
    for kind, inputs, tensors, attributes in refused:
        with pytest.raises(ValueError, match=f"{kind}: expected inputs that fit"):
            _core.run_node(kind, KINDS[kind], inputs, tensors, attributes, [], 1, np.float64)
