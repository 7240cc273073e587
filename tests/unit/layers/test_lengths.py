"""A row among rows of other lengths gives what it gives alone, or a warning says otherwise."""

import warnings
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import Input, Model, Sequential
from rnncore.layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    Attention,
    AveragePooling1D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Cropping1D,
    Dense,
    Dot,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Lambda,
    LayerNormalization,
    Masking,
    MaxPooling1D,
    Multiply,
    Permute,
    Reshape,
    Softmax,
    SpatialDropout1D,
    TimeDistributed,
    UpSampling1D,
    ZeroPadding1D,
)
from rnncore.layers._lengths import LengthMask, lengths_of, mask_of
from rnncore.layers.graph.operators import GetItem
from rnncore.losses import MeanSquaredError
from rnncore.optimizers import SGD

LENGTHS = (5, 12, 4, 9)
ROWS = [np.random.default_rng(n).standard_normal((n, 3)) for n in LENGTHS]
Y = np.random.default_rng(0).standard_normal((len(ROWS), 2))


def model_of(*middle: Any, recurrent: bool = True) -> Model:
    """Return layers between one that makes padding other than zero and a recurrent one."""
    rnncore.utils.set_random_seed(1)
    x = Input((None, 3))
    y = Dense(3, "tanh", bias_initializer="ones", dtype="float64")(x)
    for layer in middle:
        y = layer(y)
    return Model(x, LSTM(2)(y) if recurrent else y)


EXACT: dict[str, Any] = {
    "conv": lambda: [Conv1D(4, 3)],
    "conv same": lambda: [Conv1D(4, 3, padding="same")],
    "conv same of an even kernel": lambda: [Conv1D(4, 4, padding="same", activation="relu")],
    "conv causal": lambda: [Conv1D(4, 3, padding="causal")],
    "conv strides": lambda: [Conv1D(4, 3, strides=2)],
    "conv causal strides": lambda: [Conv1D(4, 3, strides=2, padding="causal")],
    "conv same strides": lambda: [Conv1D(4, 4, strides=2, padding="same")],
    "conv same dilation": lambda: [Conv1D(4, 2, dilation_rate=3, padding="same")],
    "conv dilation": lambda: [Conv1D(4, 2, dilation_rate=3)],
    "two convs": lambda: [Conv1D(4, 3, padding="same"), Conv1D(3, 2, padding="same")],
    "transpose": lambda: [Conv1DTranspose(4, 3)],
    "transpose strides": lambda: [Conv1DTranspose(4, 3, strides=2)],
    "transpose same": lambda: [Conv1DTranspose(4, 4, strides=2, padding="same")],
    "transpose dilation": lambda: [Conv1DTranspose(4, 2, dilation_rate=2, padding="same")],
    "max": lambda: [MaxPooling1D(2)],
    "max same": lambda: [MaxPooling1D(2, padding="same"), Dense(2)],
    "max same strides": lambda: [MaxPooling1D(3, 1, padding="same")],
    "max strides": lambda: [MaxPooling1D(3, 2)],
    "average": lambda: [AveragePooling1D(3)],
    "average same": lambda: [AveragePooling1D(2, padding="same")],
    "average same strides": lambda: [AveragePooling1D(3, 1, padding="same")],
    "up": lambda: [UpSampling1D(3)],
    "zeros": lambda: [ZeroPadding1D((1, 2)), Conv1D(3, 2)],
    "crop": lambda: [Cropping1D((1, 2)), Conv1D(3, 2, padding="same")],
    "time distributed": lambda: [TimeDistributed(Dense(4)), Conv1D(3, 3, padding="same")],
    "normalized": lambda: [BatchNormalization(trainable=False), LayerNormalization()],
    "elementwise": lambda: [Activation("relu"), Softmax(), Dropout(0.0), SpatialDropout1D(0.0)],
    "sequences": lambda: [LSTM(3, return_sequences=True), Conv1D(3, 3, padding="same")],
    "two ways": lambda: [
        Bidirectional(GRU(2, return_sequences=True)),
        Conv1D(3, 3, padding="same"),
    ],
    "masking": lambda: [Masking(77.0), Conv1D(3, 3, padding="same")],
    "operators": lambda: [lambda x: 1 - 2 * x, Conv1D(3, 3, padding="same")],
    "a product of tensors": lambda: [lambda x: x * Dense(3)(x), Conv1D(3, 3, padding="same")],
    "some features": lambda: [lambda x: x[:, :, 1:], Conv1D(3, 3, padding="same")],
    "residual": lambda: [lambda x: Add()([x, Conv1D(3, 3, padding="same")(x)])],
    "product": lambda: [lambda x: Multiply()([x, Conv1D(3, 3, padding="same")(x)])],
    "features joined": lambda: [lambda x: Concatenate()([x, Conv1D(3, 3, padding="same")(x)])],
    "steps joined": lambda: [lambda x: Concatenate(axis=1)([x, Conv1D(3, 3)(x)])],
    "attention": lambda: [
        lambda x: Attention()([x, Conv1D(3, 3)(x)]),
        Conv1D(3, 3, padding="same"),
    ],
}
WITHOUT_TIME: dict[str, Any] = {
    "global max": lambda: [Conv1D(2, 3, padding="same"), GlobalMaxPooling1D()],
    "global average": lambda: [Conv1D(2, 3, padding="same"), GlobalAveragePooling1D()],
    "a model inside": lambda: [
        Sequential([Conv1D(2, 3, padding="same"), GlobalMaxPooling1D()]),
    ],
}
CASES = [
    *(pytest.param(make, True, id=name) for name, make in EXACT.items()),
    *(pytest.param(make, False, id=name) for name, make in WITHOUT_TIME.items()),
]


@pytest.mark.parametrize(("make", "recurrent"), CASES)
def test_a_row_among_others_is_as_alone(make: Any, recurrent: bool) -> None:
    model = model_of(*make(), recurrent=recurrent)
    weights = model.get_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        together = model.predict(ROWS, verbose=0)
        for row, y in zip(ROWS, together, strict=True):
            np.testing.assert_allclose(model.predict(row[None], verbose=0)[0], y, rtol=1e-9)

    def step(rows: Any, y: Any) -> list[Any]:
        """Return the gradients of the sum over these rows."""
        model.set_weights(weights)
        model.compile(SGD(1.0), MeanSquaredError(reduction="sum"))
        model.train_on_batch(rows, y)
        return [old - new for old, new in zip(weights, model.get_weights(), strict=True)]

    alone = [step(row[None], y[None]) for row, y in zip(ROWS, Y, strict=True)]
    for found, wanted in zip(step(ROWS, Y), zip(*alone, strict=True), strict=True):
        np.testing.assert_allclose(found, sum(wanted), rtol=1e-9, atol=1e-12)


WARNED: dict[str, Any] = {
    "conv1d": lambda: [Conv1D(4, 3, strides=2, padding="same", name="ends")],
    "max": lambda: [MaxPooling1D(3, 2, padding="same", name="ends")],
    "average": lambda: [AveragePooling1D(3, padding="same", name="ends")],
    "lambda": lambda: [Lambda(lambda x: x + 1, name="ends")],
    "permute": lambda: [Permute((1, 2), name="ends")],
    "reshape": lambda: [Reshape((-1, 1), name="ends")],
    "dot": lambda: [lambda x: Dot(2, name="ends")([x, x]), Reshape((144,))],
    "a step": lambda: [GetItem([[None] * 3, [1, None, None]], name="ends")],
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in WARNED.items()])
def test_where_the_lengths_end_a_warning_says_so_once(make: Any) -> None:
    model = model_of(*make(), recurrent=make is not WARNED["dot"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            x = model.prepare_input(np.zeros((2, 12, 3)))
            model.network.run(x, masks=(mask_of(np.array([4, 12]), 12),))
    assert [str(one.message).split(":")[0].split()[0] for one in caught] == ["ends"]


@pytest.mark.parametrize(
    "layer",
    [
        Conv1D(2, 3, padding="same", name="ends"),
        MaxPooling1D(2, name="ends"),
        GlobalMaxPooling1D(name="ends"),
        Flatten(name="ends"),
        ZeroPadding1D(name="ends"),
    ],
)
def test_a_mask_of_ids_ends_with_a_warning_and_the_numbers_of_keras(layer: Any) -> None:
    model = Sequential([Input((6,)), Embedding(5, 3, mask_zero=True), layer])
    ids = np.array([[1, 2, 0, 0, 0, 0], [1, 2, 3, 4, 1, 2]])
    with pytest.warns(UserWarning, match=r"^ends \(\w+\): the mask of its input ends here"):
        y = model(ids)
    np.testing.assert_array_equal(y, layer(model.layers[0](ids)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(ids)


def test_ids_of_different_lengths_keep_theirs_beside_mask_zero() -> None:
    rnncore.utils.set_random_seed(0)
    model = Sequential(
        [Input((None,)), Embedding(5, 3, mask_zero=True), Conv1D(2, 3, padding="same"), LSTM(2)]
    )
    rows = [[1, 2], [3, 4, 1, 2]]
    together = model.predict(rows, verbose=0)
    for row, y in zip(rows, together, strict=True):
        np.testing.assert_allclose(model.predict(np.array([row]), verbose=0)[0], y, rtol=1e-5)


def test_what_numpy_makes_of_a_mask_knows_no_lengths() -> None:
    mask = mask_of(np.array([1, 3]), 3)
    assert mask.tolist() == [[True, False, False], [True, True, True]]
    assert isinstance(mask, LengthMask) and lengths_of(mask) is not None
    for made in (~mask, mask & mask, mask[:, ::-1], np.concatenate([mask, mask], axis=1)):
        assert lengths_of(made) is None
