"""The kernels of a training step against their equations, on every ISA, and their bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import ISAS
from choosing import pairwise

import rnncore
from rnncore import _core, activations, losses, optimizers

DTYPES = ["float32", "float64"]
RNG = np.random.default_rng(5)


def eps(dtype: str) -> float:
    return float(np.finfo(dtype).eps)


# ---- random words and dropout -----------------------------------------------------------------


def threefry(key: int, high: int, low: int) -> tuple[int, int]:
    """Threefry-2x32 with 20 rounds, from its definition; the counter is (low, high)."""
    keys = [key & 0xFFFFFFFF, key >> 32]
    keys.append(keys[0] ^ keys[1] ^ 0x1BD11BDA)
    a, b = (low + keys[0]) % 2**32, (high + keys[1]) % 2**32
    rotations = [13, 15, 26, 6, 17, 29, 16, 24]
    for round_ in range(20):
        a = (a + b) % 2**32
        bits = rotations[round_ % 8]
        b = ((b << bits | b >> (32 - bits)) % 2**32) ^ a
        if round_ % 4 == 3:
            group = round_ // 4
            a = (a + keys[(group + 1) % 3]) % 2**32
            b = (b + keys[(group + 2) % 3] + group + 1) % 2**32
    return a, b


def words(key: int, call: int, count: int) -> np.ndarray[Any, Any]:
    found = np.empty(-(-count // 64) * 64, np.uint64)
    for block in range(len(found) // 64):
        for j in range(32):
            pair = threefry(key, call, 32 * block + j)
            found[64 * block + j], found[64 * block + 32 + j] = pair
    return found[:count]


def test_threefry_as_published() -> None:
    assert threefry(0, 0, 0) == (0x6B200159, 0x99BA4EFE)
    ones = 2**32 - 1
    assert threefry(2**64 - 1, ones, ones) == (0x1CB996FC, 0xBB002BE7)
    key = 0x03707344 << 32 | 0x13198A2E
    assert threefry(key, 0x85A308D3, 0x243F6A88) == (0xC4923A9C, 0x483DF7A0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 300])
def test_dropout_keeps_what_the_random_words_say(isa: str, dtype: str, n: int) -> None:
    key, call, rate = 0x0123456789ABCDEF, 7, 0.3
    x = RNG.normal(size=n).astype(dtype)
    y = np.full(n, np.nan, dtype)
    _core.dropout(x, y, rate, key, call)
    keep = words(key, call, n) >= int(rate * 2**32)
    np.testing.assert_allclose(y, np.where(keep, x / (1 - rate), 0), rtol=2 * eps(dtype))
    assert np.array_equal(y != 0, keep)
    again = x.copy()
    _core.dropout(again, again, rate, key, call)
    np.testing.assert_array_equal(again, y)


# ---- embedding --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "columns"), [(0, 3), (5, 1), (300, 7), (3000, 70)])
def test_embedding_rows(isa: str, dtype: str, n: int, columns: int) -> None:
    table = RNG.normal(size=(50, columns)).astype(dtype)
    ids = RNG.integers(0, 50, n)
    out = np.empty((n, columns), dtype)
    _core.gather_rows(table, ids, out)
    np.testing.assert_array_equal(out, table[ids])

    grad = np.zeros((50, columns), dtype)
    cleared = np.array([3, 3, 9])
    grad[cleared] = np.nan
    _core.scatter_add_rows(grad, cleared, ids, out)
    expected = np.zeros((50, columns), dtype)
    np.add.at(expected, ids, out)
    np.testing.assert_array_equal(grad, expected)  # the same order of additions


# ---- Dense ------------------------------------------------------------------------------------

ACTIVATIONS = ["linear", "relu", "sigmoid", "tanh", "softmax", "hard_sigmoid"]


@pairwise(
    isa=ISAS,
    dtype=DTYPES,
    activation=ACTIVATIONS,
    shape=[(1, 1, 1), (7, 50, 1), (33, 5, 9), (400, 64, 300), (0, 4, 3)],
)
def test_dense(isa: str, dtype: str, activation: str, shape: tuple[int, int, int]) -> None:
    rows, inputs, outputs = shape
    x, dy = (RNG.normal(size=(rows, n)).astype(dtype) for n in (inputs, outputs))
    kernel = RNG.normal(size=(inputs, outputs)).astype(dtype)
    bias = RNG.normal(size=outputs).astype(dtype)
    y = np.empty((rows, outputs), dtype)
    _core.dense_forward(x, kernel, bias, y, activation)
    f = activations.get(activation)
    exact = [a.astype(np.float64) for a in (x, kernel, bias, dy)]
    tolerance = 40 * eps(dtype) * np.sqrt(inputs)
    np.testing.assert_allclose(y, f.forward(exact[0] @ exact[1] + exact[2]), atol=tolerance)

    dz = f.backward(y.astype(np.float64), exact[3])
    dx, dkernel, dbias = np.empty_like(x), np.empty_like(kernel), np.empty_like(bias)
    _core.dense_backward(x, kernel, y, dy, dx, dkernel, dbias, activation)
    for got, want, length in (
        (dx, dz @ exact[1].T, outputs),
        (dkernel, exact[0].T @ dz, rows),
        (dbias, dz.sum(axis=0), rows),
    ):
        size = max(1.0, float(np.max(np.abs(dz), initial=0)))
        np.testing.assert_allclose(got, want, atol=40 * eps(dtype) * size * np.sqrt(length + 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_of_dense_does_not_depend_on_the_others(isa: str, dtype: str) -> None:
    x = RNG.normal(size=(300, 70)).astype(dtype)
    kernel = RNG.normal(size=(70, 33)).astype(dtype)
    whole = np.empty((300, 33), dtype)
    _core.dense_forward(x, kernel, None, whole, "softmax")
    for rows in (slice(0, 1), slice(5, 12), slice(190, 300)):
        part = np.empty_like(whole[rows])
        _core.dense_forward(x[rows], kernel, None, part, "softmax")
        np.testing.assert_array_equal(part, whole[rows])


# ---- losses -----------------------------------------------------------------------------------

LOSSES = [
    losses.MeanSquaredError(),
    losses.MeanAbsoluteError(),
    losses.Huber(0.7),
    losses.BinaryCrossentropy(),
    losses.BinaryCrossentropy(label_smoothing=0.2),
    losses.CategoricalCrossentropy(),
    losses.CategoricalCrossentropy(label_smoothing=0.1),
    losses.SparseCategoricalCrossentropy(),
    losses.MeanSquaredError(reduction="sum"),
    losses.CategoricalCrossentropy(reduction="mean_with_sample_weight"),
]


@pairwise(isa=ISAS, dtype=DTYPES, weighted=[0, 1, 2], loss=LOSSES)
def test_losses_as_in_numpy(isa: str, loss: Any, weighted: int, dtype: str) -> None:
    shape = (6, 50, 17)
    pred = (3 * RNG.normal(size=shape)).astype(dtype)
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        target = RNG.integers(0, shape[-1], shape[:-1])
    else:
        target = RNG.dirichlet(np.ones(shape[-1]), shape[:-1]).astype(dtype)
    weights = None if not weighted else RNG.random(shape[:weighted]).astype(dtype)
    from_logits = loss.fuses is not None
    assert loss.compiled(from_logits)
    gradient = np.empty_like(pred)
    value = loss.batch_value(target, pred, weights, gradient)
    general = loss.value_and_grad_from_logits if from_logits else loss.value_and_grad
    wide_weights = None if weights is None else weights.astype(np.float64)
    want, want_gradient = general(target, pred.astype(np.float64), wide_weights)
    assert value == pytest.approx(want, rel=20 * eps(dtype))
    scale = float(np.max(np.abs(want_gradient)))
    np.testing.assert_allclose(gradient, want_gradient, atol=30 * eps(dtype) * scale)
    assert loss.batch_value(target, pred, weights, None) == pytest.approx(
        value, rel=20 * eps(dtype)
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_losses_of_extreme_predictions(isa: str, dtype: str) -> None:
    logits = np.array([[800.0, -800.0], [-800.0, 800.0]], dtype)
    gradient = np.empty_like(logits)
    value = _core.loss("softmax", logits, np.array([0, 0]), None, gradient, 1.0)
    assert value == 1600
    np.testing.assert_array_equal(gradient, [[0, 0], [-1, 1]])
    value = _core.loss("sigmoid", logits, np.array([[1, 0], [1, 0]], dtype), None, gradient, 1.0)
    assert value == 800
    np.testing.assert_array_equal(gradient, [[0, 0], [-0.5, 0.5]])
    logits[0, 0] = np.nan
    assert np.isnan(_core.loss("softmax", logits, np.array([1, 0]), None, gradient, 1.0))
    assert np.isnan(gradient[0]).all()
    assert not np.isnan(gradient[1]).any()
    wrong = np.array([0, 2])
    assert np.isnan(_core.loss("softmax", logits[1:].repeat(2, 0), wrong, None, gradient, 1.0))


# ---- optimizers, norms ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 17, 70_000])
def test_norm(isa: str, dtype: str, n: int) -> None:
    x = RNG.normal(size=n).astype(dtype)
    expected = float(np.sqrt(np.sum(x.astype(np.float64) ** 2)))
    assert _core.norm(x) == pytest.approx(expected, rel=1e-13)


def test_norm_of_special_values(isa: str) -> None:
    assert _core.norm(np.array([3e300, 4e300])) == pytest.approx(5e300)
    assert _core.norm(np.array([1.0, -np.inf], np.float32)) == np.inf
    assert np.isnan(_core.norm(np.array([np.inf, np.nan])))


@pytest.mark.parametrize("dtype", DTYPES)
def test_adam_on_every_isa(isa: str, dtype: str) -> None:
    n = 1001
    params = RNG.normal(size=n).astype(dtype)
    p = params.astype(np.float64)
    m, v = np.zeros(n), np.zeros(n)
    optimizer = optimizers.Adam(0.01)
    for t in range(1, 4):
        grad = RNG.normal(size=n).astype(dtype)
        optimizer.step(params, grad, [_Segment(0, n)])
        g = grad.astype(np.float64)
        m += 0.1 * (g - m)
        v += 0.001 * (g * g - v)
        rate = 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p -= rate * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(params, p, atol=20 * eps(dtype))


class _Segment:
    def __init__(self, offset: int, size: int) -> None:
        self.offset, self.size, self.trainable, self.decay = offset, size, True, True
        self.name = "weight"


# ---- threads ----------------------------------------------------------------------------------


def big_dropout() -> list[Any]:
    y = np.empty(1 << 20, np.float32)
    _core.dropout(np.ones_like(y), y, 0.4, 11, 3)
    return [y]


def big_dense() -> list[Any]:
    rng = np.random.default_rng(0)
    x, kernel = (rng.normal(size=s).astype(np.float32) for s in ((1500, 120), (120, 700)))
    y = np.empty((1500, 700), np.float32)
    grads = [np.empty_like(x), np.empty_like(kernel), np.empty(700, np.float32)]
    _core.dense_forward(x, kernel, None, y, "tanh")
    _core.dense_backward(x, kernel, y, y, *grads, "tanh")
    return [y, *grads]


def big_loss() -> list[Any]:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 60)).astype(np.float32)
    gradient = np.empty_like(logits)
    labels = rng.integers(0, 60, 4000)
    return [_core.loss("softmax", logits, labels, None, gradient, 1 / 4000), gradient]


def big_embedding() -> list[Any]:
    rng = np.random.default_rng(0)
    rows, ids = rng.normal(size=(4000, 100)).astype(np.float32), rng.integers(0, 90, 4000)
    table = np.zeros((90, 100), np.float32)
    _core.scatter_add_rows(table, np.empty(0, np.int64), ids, rows)
    _core.gather_rows(table, ids, rows)
    return [table, rows]


def big_step() -> list[Any]:
    rng = np.random.default_rng(0)
    params, grads = rng.normal(size=(2, 400_000)).astype(np.float32)
    optimizers.AdamW(global_clipnorm=0.5).step(params, grads, [_Segment(0, params.size)])
    return [params, _core.norm(grads)]


@pytest.mark.parametrize("run", [big_dropout, big_dense, big_loss, big_embedding, big_step])
def test_threads_change_no_bit(runtime: None, run: Callable[[], list[Any]]) -> None:
    rnncore.set_num_threads(1)
    alone = run()
    rnncore.set_num_threads(2)
    _core.get_context().assume_cpus(2)
    for _ in range(500):  # on a busy machine a worker may be left out for a while
        for one, two in zip(alone, run(), strict=True):
            np.testing.assert_array_equal(one, two)
        if min(_core.get_context().tasks_done) > 0:
            return
    pytest.fail(f"only one thread worked: {_core.get_context().tasks_done}")


def test_a_fit_has_the_same_bits_on_two_threads(runtime: None) -> None:
    results = []
    for threads in (1, 2):
        rnncore.set_num_threads(threads)
        rnncore.utils.set_random_seed(3)
        model = rnncore.Sequential(
            [
                rnncore.layers.Embedding(4000, 40, input_length=20),
                rnncore.layers.LSTM(48, return_sequences=True),
                rnncore.layers.Dropout(0.3),
                rnncore.layers.Dense(60, activation="softmax"),
            ]
        )
        model.compile(
            rnncore.optimizers.AdamW(global_clipnorm=1.0), "sparse_categorical_crossentropy"
        )
        ids = np.random.default_rng(0).integers(0, 4000, (300, 20))
        model.fit(ids, ids % 60, batch_size=128, epochs=2, verbose=0)
        results.append(model.get_weights())
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("wrong", [-1, 5, 2**62, -(2**62)])
def test_ids_outside_the_table_are_refused(wrong: int) -> None:
    """Where a layer computed them, nobody has looked at them before."""
    table, out = np.ones((5, 3), "float32"), np.zeros((2, 3), "float32")
    with pytest.raises(ValueError, match=rf"ids: expected token ids in 0..4, got {wrong}"):
        _core.gather_rows(table, np.array([1, wrong]), out)
    assert not out.any()
