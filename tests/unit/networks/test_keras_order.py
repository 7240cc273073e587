"""The order of layers, and so of weights, in graphs with masks, against what Keras 3.15.1 lists.

Keras counts what computes masks among the steps between a layer and the outputs. The expected
lists were printed by Keras for the same lines (`rnncore` replaced by `keras`).
"""

from typing import Any

import pytest

from rnncore import Input, Model, Sequential
from rnncore.layers import (
    GRU,
    LSTM,
    Add,
    Attention,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    Masking,
    SimpleRNN,
    TimeDistributed,
)


def sources() -> tuple[Any, Any, Any, Any]:
    """A masked embedding, masked numbers and numbers without a mask, all of the same shape."""
    ids, first, second = Input((5,)), Input((5, 3)), Input((5, 3))
    masked = Embedding(7, 3, mask_zero=True, name="embedding")(ids)
    numbers = Dense(3, name="of_masked")(Masking(name="masking")(first))
    plain = Dense(3, name="plain")(second)
    return [ids, first, second], masked, numbers, plain


def joined(read: Any) -> Any:
    inputs, masked, _, plain = sources()
    longer = Dense(3, name="longer")(masked)
    both = Concatenate()([plain, longer])
    return Model(inputs, read(both))


def unmasked_beside_masked() -> Any:
    return joined(LSTM(2, name="reader"))


def averaged() -> Any:
    return joined(GlobalAveragePooling1D())


def normalized() -> Any:
    return joined(BatchNormalization(name="reader"))


def each_step() -> Any:
    return joined(TimeDistributed(Dense(2), name="reader"))


def not_read() -> Any:
    return joined(Dense(2, name="reader"))


def both_directions() -> Any:
    return joined(Bidirectional(GRU(2), name="reader"))


def nested() -> Any:
    inner = Input((5, 6))
    return joined(Model(inner, GRU(2, name="inside")(inner), name="nested"))


def chain() -> Any:
    return joined(Sequential([Input((5, 6)), GRU(2, name="inside")], name="nested"))


def three() -> Any:
    inputs, masked, numbers, plain = sources()
    total = Add()([masked, numbers])
    both = Concatenate()([plain, total, Dense(3, name="other")(numbers)])
    return Model(inputs, LSTM(2, name="reader")(both))


def attended() -> Any:
    inputs, masked, numbers, plain = sources()
    query = Concatenate()([masked, plain])
    found = Attention(use_scale=True, name="attention")(
        [Dense(3, name="query")(query), Dense(3, name="value")(numbers)]
    )
    return Model(inputs, SimpleRNN(2, name="reader")(found))


def with_states() -> Any:
    inputs, masked, _, plain = sources()
    state = Dense(2, name="state")(GlobalAveragePooling1D()(plain))
    both = Concatenate()([plain, masked])
    return Model(inputs, GRU(2, name="reader")(both, initial_state=state))


EXPECTED: dict[Any, list[str]] = {
    unmasked_beside_masked: ["embedding", "longer", "plain", "reader"],
    averaged: ["embedding", "longer", "plain"],
    normalized: ["embedding", "longer", "plain", "reader"],
    each_step: ["embedding", "longer", "plain", "reader"],
    not_read: ["embedding", "plain", "longer", "reader"],
    both_directions: ["embedding", "longer", "plain", "reader"],
    nested: ["embedding", "longer", "plain", "nested"],
    chain: ["embedding", "longer", "plain", "nested"],
    three: ["embedding", "of_masked", "other", "plain", "reader"],
    attended: ["embedding", "plain", "of_masked", "query", "value", "attention", "reader"],
    with_states: ["plain", "embedding", "state", "reader"],
}


@pytest.mark.parametrize("build", EXPECTED, ids=lambda build: build.__name__)
def test_layers_with_weights(build: Any) -> None:
    assert [layer.name for layer in build().layers if layer.weights] == EXPECTED[build]
