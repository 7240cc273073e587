"""Random architectures come back from files and from JSON with the same bits."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings, strategies as st

from rnncore import Input, Model, Sequential, layers
from rnncore.models import clone_model, load_model, model_from_json

T, F = 6, 4


def recurrent(draw: Any, sequences: bool) -> layers.Layer:
    cls = draw(st.sampled_from([layers.LSTM, layers.GRU, layers.SimpleRNN]))
    return cls(
        draw(st.integers(1, 4)),
        return_sequences=sequences,
        go_backwards=draw(st.booleans()),
        use_bias=draw(st.booleans()),
    )


def over_time(draw: Any) -> layers.Layer:
    """A layer from (B, T, F) to (B, T', F')."""
    units = draw(st.integers(1, 4))
    make = draw(
        st.sampled_from(
            [
                lambda: recurrent(draw, True),
                lambda: layers.Bidirectional(
                    recurrent(draw, True), draw(st.sampled_from(["concat", "sum", "mul", "ave"]))
                ),
                lambda: layers.TimeDistributed(layers.Dense(units, "tanh")),
                lambda: layers.RNN(
                    [layers.LSTMCell(units), layers.GRUCell(2)], return_sequences=True
                ),
                lambda: layers.Dense(units, draw(st.sampled_from(["relu", "softmax", None]))),
                lambda: layers.Conv1D(units, 3, padding="causal"),
                lambda: layers.Dropout(0.5),
                lambda: layers.SpatialDropout1D(0.25),
                lambda: layers.LayerNormalization(),
                lambda: layers.BatchNormalization(momentum=0.5),
                lambda: layers.Masking(0.5),
                lambda: layers.Activation("sigmoid"),
                lambda: layers.MaxPooling1D(2, 1, "same"),
                lambda: layers.AveragePooling1D(2, 1, "same"),
                lambda: Sequential([layers.Dense(units), recurrent(draw, True)]),
            ]
        )
    )
    return make()


def end(draw: Any) -> layers.Layer:
    """A layer from (B, T, F) to (B, F')."""
    make = draw(
        st.sampled_from(
            [
                lambda: recurrent(draw, False),
                lambda: layers.Bidirectional(recurrent(draw, False)),
                lambda: layers.GlobalAveragePooling1D(),
                lambda: layers.GlobalMaxPooling1D(),
                lambda: layers.Flatten(),
            ]
        )
    )
    return make()


@st.composite
def chains(draw: Any) -> Sequential:
    middle = [over_time(draw) for _ in range(draw(st.integers(0, 4)))]
    dtype = draw(st.sampled_from(["float32", "float64"]))
    first = [Input((T, F))] if draw(st.booleans()) else []
    return Sequential([*first, *middle, end(draw), layers.Dense(2)], dtype=dtype)


@st.composite
def graphs(draw: Any) -> Model:
    inputs = [Input((T, F)) for _ in range(draw(st.integers(1, 3)))]
    shared = recurrent(draw, True)
    branches = [shared(one) for one in inputs]
    for _ in range(draw(st.integers(0, 3))):
        index = draw(st.integers(0, len(branches) - 1))
        branches[index] = layers.TimeDistributed(layers.Dense(3))(over_time(draw)(branches[index]))
    ends = [end(draw)(branch) for branch in branches]
    if len(ends) > 1:
        ends.append(layers.Concatenate()(ends))
    outs = [layers.Dense(2)(one) for one in ends[-2:]]
    form = draw(st.sampled_from(["list", "dict", "one"]))
    if form == "dict":
        return Model(
            {f"in{i}": one for i, one in enumerate(inputs)},
            {f"out{i}": one for i, one in enumerate(outs)},
        )
    return Model(inputs, outs if form == "list" else outs[0])


def data_for(model: Any) -> Any:
    rng = np.random.default_rng(0)
    if isinstance(model, Sequential):
        return rng.standard_normal((5, T, F))
    parts = [rng.standard_normal((5, T, F)) for _ in model.inputs]
    return model.inputs_structure.restore(parts)


def outputs(model: Any, x: Any) -> list[bytes]:
    found = model.predict(x, verbose=0)
    parts = list(found.values()) if isinstance(found, dict) else found
    return [y.tobytes() for y in (parts if isinstance(parts, list) else [parts])]


# A model takes the time of many calls.
few = settings(max_examples=settings.default.max_examples // 2)


@few
@given(st.one_of(chains(), graphs()))
def test_a_random_model_comes_back(model: Any) -> None:
    x = data_for(model)
    expected = outputs(model, x)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.rnnc")
        model.save(path)
        loaded = load_model(path)
        assert outputs(loaded, x) == expected
        made, clone = model_from_json(model.to_json()), clone_model(model)
        for other in (made, clone):
            assert [w.shape for w in other.weights] == [w.shape for w in model.weights]
            other.load_weights(path)
            assert outputs(other, x) == expected
    assert loaded.get_config() == made.get_config() == clone.get_config() == model.get_config()


@few
@given(
    chains(),
    st.sampled_from(["adam", "rmsprop", "sgd", "nadam", "adamax", "adagrad", "adadelta", "adamw"]),
)
def test_training_goes_on_alike(model: Any, optimizer: str) -> None:
    x, y = data_for(model), np.ones((5, 2))
    model.compile(optimizer, "mse")
    model.fit(x, y, 2, epochs=1, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "m"))
        other = load_model(Path(folder, "m"))
    for one in (model, other):
        one.fit(x, y, 2, epochs=2, verbose=0)
    assert [w.tobytes() for w in other.get_weights()] == [w.tobytes() for w in model.get_weights()]
