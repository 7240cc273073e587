"""Each layer in a model that C runs: the bits of `predict`, whole, row by row and as a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential, _core, activations, layers
from rnncore.saving.runtime_file import runtime_bytes

T, F = 7, 6
# Layers behind an input (T, F), and whether they can stream.
LAYERS: dict[str, tuple[Any, bool]] = {
    "relu": (lambda: layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), True),
    "leaky": (lambda: layers.LeakyReLU(0.3), True),
    "elu": (lambda: layers.ELU(0.7), True),
    "prelu": (lambda: layers.PReLU("uniform", shared_axes=[1]), True),
    "prelu_of_steps": (lambda: layers.PReLU("uniform"), False),
    "softmax": (layers.Softmax, True),
    "softmax_of_steps": (lambda: layers.Softmax(axis=1), False),
    "softmax_of_both": (lambda: layers.Softmax(axis=[1, 2]), False),
    "layer_norm": (lambda: layers.LayerNormalization(beta_initializer="uniform"), True),
    "layer_norm_of_both": (lambda: layers.LayerNormalization(axis=[1, 2]), False),
    "layer_norm_plain": (lambda: layers.LayerNormalization(center=False, scale=False), True),
    "batch_norm": (lambda: layers.BatchNormalization(moving_mean_initializer="uniform"), True),
    "batch_norm_of_steps": (lambda: layers.BatchNormalization(axis=1), False),
    "rescaling": (lambda: layers.Rescaling([1.0, 2, 3, 4, 5, 6], offset=-1.0), True),
    "unit_norm": (layers.UnitNormalization, True),
    "mean_of_steps": (layers.GlobalAveragePooling1D, False),
    "largest_of_steps": (lambda: layers.GlobalMaxPooling1D(keepdims=True), False),
    "conv": (lambda: layers.Conv1D(4, 3, activation="tanh"), False),
    "conv_same": (lambda: layers.Conv1D(4, 4, padding="same", strides=2), False),
    "conv_causal": (lambda: layers.Conv1D(4, 3, padding="causal"), True),
    "conv_dilated": (lambda: layers.Conv1D(4, 2, padding="causal", dilation_rate=3), True),
    "conv_of_one": (lambda: layers.Conv1D(4, 1, activation="mish"), True),
    "conv_causal_strided": (lambda: layers.Conv1D(4, 3, padding="causal", strides=2), False),
    "transpose": (lambda: layers.Conv1DTranspose(4, 3, strides=2, activation="relu"), False),
    "transpose_same": (lambda: layers.Conv1DTranspose(4, 2, strides=3, padding="same"), False),
    "max_pool": (lambda: layers.MaxPooling1D(3, strides=2), False),
    "mean_pool": (lambda: layers.AveragePooling1D(2, padding="same"), False),
    "dropout": (lambda: layers.Dropout(0.5), True),
    "noise": (lambda: layers.GaussianNoise(0.5), True),
    "dense": (lambda: layers.Dense(5, "gelu"), True),
    "dense_softmax": (lambda: layers.Dense(5, "softmax", use_bias=False), True),
    "lstm": (lambda: layers.LSTM(5, return_sequences=True), True),
    "gru_last": (lambda: layers.GRU(5, reset_after=False), True),
    "rnn": (lambda: layers.SimpleRNN(5, "relu", return_sequences=True), True),
    "stack": (lambda: layers.RNN([layers.LSTMCell(5), layers.GRUCell(3)]), True),
    "backwards": (lambda: layers.LSTM(5, go_backwards=True), False),
}
NAMES = ["gelu", "log_softmax", "relu6", "hard_tanh", "leaky_relu", "elu", "selu", "softplus"]
NAMES += ["log_sigmoid", "softsign", "exponential", "silu", "hard_silu", "mish", "softmax", "tanh"]
NAMES += ["sigmoid", "relu", "hard_sigmoid", "linear"]


def numbers(batch: int, dtype: str = "float32") -> Any:
    return np.random.default_rng(batch).normal(size=(batch, T, F)).astype(dtype)


def same_bits(a: Any, b: Any) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def check(model: Model, x: Any, streams: bool) -> None:
    y = model.predict(x, verbose=0)
    program = _core.Model(runtime_bytes(model))
    assert same_bits(program.run([x])[0], y)
    for row in range(len(x)):
        assert same_bits(program.run([x[row : row + 1]])[0], y[row : row + 1])
    assert program.can_stream == streams
    if not streams:
        with pytest.raises(ValueError, match="whole sequence"):
            model.stream()
        return
    stream = model.stream(len(x))
    parts = [stream.run(x[:, :3]), stream.step(x[:, 3])[:, None], stream.run(x[:, 4:])]
    found = np.concatenate(parts, axis=1)
    if program.output_per_step:
        assert same_bits(found, y)
    else:
        for t in range(T):
            assert same_bits(found[:, t], model.predict(x[:, : t + 1], verbose=0))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer(name: str, dtype: str) -> None:
    make, streams = LAYERS[name]
    layer = make()
    steps = None if streams else T
    first = layers.Identity(dtype=dtype)
    check(Sequential([Input((steps, F)), first, layer]), numbers(3, dtype), streams)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_activation(name: str, dtype: str) -> None:
    layer = layers.Activation(name, dtype=dtype)
    model = Sequential([Input((None, F)), layer])
    x = numbers(2, dtype) * 4
    check(model, x, True)
    expected = activations.get(name).forward(x.astype(np.float64))
    tolerance = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, tolerance, tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_an_activation_of_what_is_no_number(name: str) -> None:
    if name in ("softmax", "log_softmax"):
        pytest.skip("one number takes all of a row with it")
    x = np.array([[[np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30]]], np.float32)
    with np.errstate(all="ignore"):
        expected = activations.get(name).forward(x.astype(np.float64)).astype(np.float32)
    found = layers.Activation(name)(x)
    np.testing.assert_allclose(found, expected, 1e-6)


@pytest.mark.parametrize("merge", ["Add", "Average", "Multiply", "Maximum", "Minimum", "Subtract"])
def test_merges(merge: str) -> None:
    x = Input((None, F))
    a = layers.Dense(4)(x)
    b = layers.LSTM(4, return_sequences=True)(x)
    c = layers.Dense(1, "tanh")(x)
    inputs = [a, b] if merge == "Subtract" else [a, b, c]
    check(Model(x, getattr(layers, merge)()(inputs)), numbers(3), True)


def test_operators() -> None:
    x = Input((None, F))
    y = layers.Dense(F)(x)
    z = (x + y) * 2.0 - 1 / (y * y + 3.0)
    check(Model(x, z / np.arange(1.0, F + 1) - x), numbers(3), True)


def test_what_a_sequence_and_its_last_output_make_cannot_stream() -> None:
    x = Input((None, F))
    check(Model(x, layers.Add()([x, layers.LSTM(F)(x)])), numbers(2), False)


@pytest.mark.parametrize("merge", ["Multiply", "Maximum", "Add"])
def test_merges_of_masks(merge: str) -> None:
    ids = Input((None,))
    one = layers.Embedding(9, 4, mask_zero=True)(ids)
    other = layers.Dense(4, "tanh")(layers.Embedding(9, 3, mask_zero=True)(ids))
    y = layers.GRU(3, return_sequences=True)(getattr(layers, merge)()([one, other]))
    model = Model(ids, y)
    x = np.array([[1, 0, 2, 0, 0], [0, 0, 0, 0, 0], [3, 4, 5, 6, 7]], np.int32)
    y = model.predict(x, verbose=0)
    assert same_bits(_core.Model(runtime_bytes(model)).run([x])[0], y)
    assert same_bits(model.stream(3).run(x), y)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Lambda(lambda x: x * 2),
        lambda: layers.TimeDistributed(layers.Lambda(lambda x: x * 2)),
    ],
)
def test_what_only_python_runs_is_refused_by_name(layer: Any) -> None:
    model = Sequential([Input((None, F)), layer()])
    with pytest.raises(ValueError, match=r"lambda.*expected a layer that runs without Python"):
        runtime_bytes(model)
