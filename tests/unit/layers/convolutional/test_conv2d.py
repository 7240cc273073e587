"""Conv2D against a convolution written from its definition, also over sequences of images."""

import pickle
from typing import Any

import numpy as np
import pytest
from graphs import training_pass

from rnncore import Sequential
from rnncore.layers import (
    LSTM,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    TimeDistributed,
)

# No two numbers are as close as the steps of the finite differences.
X = np.random.default_rng(0).permutation(252).reshape(2, 6, 7, 3) / 126 - 1
CONVOLUTIONS: list[dict[str, Any]] = [
    {},
    {"padding": "SAME", "activation": "tanh"},
    {"strides": (2, 1), "use_bias": False},
    {"strides": 3, "padding": "same"},
    {"dilation_rate": 2},
    {"dilation_rate": (1, 3), "padding": "same"},
    {"kernel_size": [1, 2]},
]


def by_definition(layer: Conv2D, x: Any) -> Any:
    kernel, bias = layer.get_weights()
    _, height, width, _ = x.shape
    counts = layer.compute_output_shape(x.shape)[1:3]
    befores = [0, 0]
    if layer.padding == "same":
        sizes = zip(counts, layer.strides, layer.kernel_size, layer.dilation_rate, strict=True)
        reaches = [((n - 1) * s + (k - 1) * d + 1) for n, s, k, d in sizes]  # type: ignore[operator]
        befores = [max(r - n, 0) // 2 for r, n in zip(reaches, x.shape[1:3], strict=True)]
    y = np.zeros((len(x), *counts, kernel.shape[3])) + bias  # type: ignore[arg-type]
    for place in np.ndindex(*counts, *kernel.shape[:2]):  # type: ignore[arg-type]
        i, j = (
            place[a] * layer.strides[a] + place[2 + a] * layer.dilation_rate[a] - befores[a]
            for a in (0, 1)
        )
        if 0 <= i < height and 0 <= j < width:
            y[:, place[0], place[1]] += x[:, i, j] @ kernel[place[2], place[3]]
    return y


@pytest.mark.parametrize("options", [o for o in CONVOLUTIONS if not {"activation"} & o.keys()])
def test_equals_its_definition(options: dict[str, Any]) -> None:
    options = {**options, "use_bias": True, "bias_initializer": "normal"}
    layer = Conv2D(4, **{"kernel_size": 3, **options}, dtype="float64")
    y = layer(X)
    np.testing.assert_allclose(y, by_definition(layer, X), rtol=1e-12, atol=1e-12)
    assert layer.compute_output_shape(X.shape) == y.shape
    assert layer.compute_output_shape((None, None, None, 3)) == (None, None, None, 4)


@pytest.mark.parametrize("options", CONVOLUTIONS)
def test_gradients_of_convolutions(options: dict[str, Any], check_layer: Any) -> None:
    check_layer(Conv2D(2, **{"kernel_size": 3, **options}, dtype="float64"), X)


def test_convolution_over_an_image_of_one_row_is_that_over_time() -> None:
    from rnncore.layers import Conv1D

    over_time = Conv1D(4, 3, padding="same", activation="relu")
    over_image = Conv2D(4, (1, 3), padding="same", activation="relu")
    y = over_time(X[:, 0])
    over_image(X[:, :1])
    kernel, bias = over_time.get_weights()
    over_image.set_weights([kernel[None], bias])
    np.testing.assert_array_equal(over_image(X[:, :1])[:, 0], y)


@pytest.mark.parametrize(
    "layer",
    [Conv2D(4, 3)],
)
def test_dtype_pickle_mask_and_no_samples(layer: Layer) -> None:
    y, tape = training_pass(layer, X)
    assert y.dtype == np.float32
    dx = layer.backward(tape, np.ones_like(y))
    assert dx is not None and dx.dtype == np.float32 and dx.shape == X.shape
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(layer))(X), layer(X))
    assert layer(X[:0]).shape == (0, *y.shape[1:])
    mask = np.array([[True] * 5 + [False]] * 2)
    np.testing.assert_array_equal(layer(X, mask=mask), layer(X))
    assert layer.compute_mask(X, mask) is None


def test_sequences_of_images_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 0.3, (64, 5, 8, 8, 1)).astype("float32")
    falling = rng.integers(0, 2, 64).astype(bool)
    for step in range(5):  # a bright row that moves down or up
        x[falling, step, step + 1] += 1
        x[~falling, step, 6 - step] += 1
    model = Sequential(
        [
            Input((5, 8, 8, 1)),
            TimeDistributed(Conv2D(4, 3, activation="relu", padding="same")),
            TimeDistributed(MaxPooling2D(2)),
            TimeDistributed(Conv2D(4, 3, activation="relu")),
            TimeDistributed(Flatten()),
            LSTM(8),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, falling, epochs=30, batch_size=16, verbose=0).history
    assert history["accuracy"][-1] > 0.95 and history["loss"][-1] < history["loss"][0] / 2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv2D(0, 3), ValueError, "Conv2D: filters: expected .*, got 0"),
        (lambda: Conv2D(2, (3, 3, 3)), ValueError, "kernel_size: .* tuple of 2, got .3, 3, 3"),
        (lambda: Conv2D(2, 3, strides="x"), TypeError, "Conv2D: strides: expected"),
        (lambda: Conv2D(2, 3, padding="causal"), ValueError, "valid, same, got 'causal'"),
        (lambda: Conv2D(2, 3, strides=2, dilation_rate=2), ValueError, "dilation_rate: expected 1"),
        (lambda: Conv2D(2, 3, groups=2), ValueError, "Conv2D: groups: expected 1"),
        (lambda: Conv2D(2, 3, data_format="channels_first"), ValueError, "data_format"),
        (lambda: Conv2D(2, (7, 1))(X), ValueError, "conv2d: x: expected at least 7 rows, got 6"),
        (lambda: Conv2D(2, 3)(X[0]), ValueError, "conv2d: x: expected 4 axes .*rows, columns"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
