"""Embeddings that start from given vectors."""

from typing import Any

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.initializers import Constant
from rnncore.layers import Dense, Embedding, GlobalAveragePooling1D

VECTORS = np.random.default_rng(1).normal(size=(5, 3))
IDS = [[1, 2, 0], [4, 4, 3]]


@pytest.mark.parametrize(
    "made",
    [
        lambda: Embedding(5, 3, weights=VECTORS, dtype="float64"),
        lambda: Embedding(5, 3, weights=[VECTORS], dtype="float64"),
        lambda: Embedding(5, 3, "uniform", None, None, False, [VECTORS], dtype="float64"),
        lambda: Embedding(5, 3, weights=VECTORS.tolist(), dtype="float64"),
        lambda: Embedding(5, 3, embeddings_initializer=Constant(VECTORS), dtype="float64"),
    ],
)
def test_rows_are_the_vectors(made: Any) -> None:
    layer = made()
    np.testing.assert_array_equal(layer(IDS), VECTORS[np.array(IDS)])
    layer.embeddings.value[...] = 0
    assert VECTORS.any()  # a copy


@pytest.mark.parametrize("trainable", [True, False])
def test_frozen_vectors_stay(trainable: bool) -> None:
    model = Sequential(
        [
            Embedding(5, 3, weights=[VECTORS], trainable=trainable, input_length=3),
            GlobalAveragePooling1D(),
            Dense(1),
        ],
        dtype="float64",
    )
    model.compile("sgd", "mse")
    model.fit(IDS, [1.0, 2.0], epochs=2, verbose=0)
    table = model.layers[0].get_weights()[0]
    assert np.array_equal(table, VECTORS) != trainable


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"weights: expected .* \(5, 4\), got \(5, 3"):
        Embedding(5, 4, weights=VECTORS)
    with pytest.raises(ValueError, match=r"weights: expected an array of shape \(5, 3\), got"):
        Embedding(5, 3, weights=[VECTORS, VECTORS])
    with pytest.raises(TypeError, match="weights: expected a numeric array"):
        Embedding(5, 3, weights="pretrained")
    with pytest.raises(ValueError, match=r"Constant: value: expected .* \(5, 4\)"):
        Embedding(5, 4, embeddings_initializer=Constant(VECTORS))(IDS)
