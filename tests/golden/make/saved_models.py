"""Write data/saved_0_1: models that version 0.1 saved, with what they predicted.

Only to be run with the version whose files are to be kept; a later one gets a folder of its own::

    python tests/golden/make/saved_models.py

``<name>.rnnc`` is the file of a model that was trained for an epoch; ``<name>.npz`` holds its
inputs ``x_...`` and targets ``y_...``, what it predicted (``before_...``), and what it predicted
after another epoch (``after_...``). ``model.json``, ``weights.rnnc``,
``checkpoint.rnnc`` and ``backup/latest.rnnc`` are of one model, whose layers are in the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import rnncore
from rnncore import Input, Model, Sequential, optimizers
from rnncore.callbacks import BackupAndRestore, ModelCheckpoint
from rnncore.layers import (
    ELU,
    GRU,
    LSTM,
    RNN,
    Activation,
    Add,
    AdditiveAttention,
    Attention,
    Average,
    AveragePooling1D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Cropping1D,
    Dense,
    Dot,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GRUCell,
    LayerNormalization,
    LeakyReLU,
    LSTMCell,
    Masking,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    Multiply,
    Permute,
    PReLU,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    SimpleRNN,
    SimpleRNNCell,
    Softmax,
    SpatialDropout1D,
    StackedRNNCells,
    Subtract,
    TimeDistributed,
    UnitNormalization,
    UpSampling1D,
    ZeroPadding1D,
)

DATA = Path(__file__).parents[1] / "data" / "saved_0_1"
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: optimizers.SGD(0.02, momentum=0.8, nesterov=True, clipnorm=1.0),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adam": lambda: optimizers.Adam(
        optimizers.schedules.ExponentialDecay(0.02, 3, 0.5, staircase=True), amsgrad=True
    ),
    "adamw": lambda: optimizers.AdamW(
        optimizers.schedules.PiecewiseConstantDecay([2, 5], [0.03, 0.02, 0.01]), weight_decay=0.1
    ),
    "nadam": lambda: optimizers.Nadam(optimizers.schedules.CosineDecay(0.02, 30, alpha=0.1)),
    "adamax": lambda: optimizers.Adamax(optimizers.schedules.PolynomialDecay(0.02, 20)),
    "adagrad": lambda: optimizers.Adagrad(optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5)),
    "adadelta": lambda: optimizers.Adadelta(
        optimizers.schedules.CosineDecayRestarts(1.0, 4), clipvalue=0.5
    ),
}


def ids(rng: np.random.Generator, rows: int = 12, steps: int = 6) -> Any:
    """Ids of a vocabulary of 11, behind each row some zeros."""
    found = rng.integers(1, 11, (rows, steps)).astype("int32")
    return np.where(np.arange(steps) < rng.integers(2, steps + 1, (rows, 1)), found, 0)


def tagger() -> Sequential:
    """Masks, dropout of inputs and of states, targets that are ids."""
    return Sequential(
        [
            Input((6,), dtype="int32"),
            Embedding(11, 4, mask_zero=True),
            Dropout(0.2),
            Bidirectional(LSTM(3, return_sequences=True, dropout=0.2, recurrent_dropout=0.2)),
            TimeDistributed(Dense(4, "relu")),
            Dense(5, "softmax", kernel_regularizer="l2", bias_constraint="non_neg"),
        ]
    )


def graph() -> Model:
    """Named inputs and outputs, a shared layer, merges, operators, states that go on."""
    a, b = Input((5, 3), name="a"), Input((5, 3), name="b")
    shared = GRU(4, return_sequences=True, return_state=True, reset_after=False)
    one, state = shared(a)
    two, _ = shared(b, initial_state=state)
    mixed = Concatenate()([Add()([one, two]), Multiply()([one, two]), Subtract()([one, two])])
    wider = Average()([one, two]) * 0.5 + Maximum()([one, two])[:, ::-1, :]
    likeness = Dot(axes=-1, normalize=True)([one, two])
    seen, *states = LSTM(3, return_state=True, go_backwards=True)(mixed)
    decoded = SimpleRNN(3, "relu", return_sequences=True)(wider, initial_state=states[0])
    p = Dense(1, name="p")(Concatenate()([seen, Flatten()(likeness)]))
    q = Dense(2, "sigmoid", name="q")(decoded)
    return Model({"a": a, "b": b}, {"p": p, "q": q})


def attention() -> Model:
    """Both attentions, with masks."""
    source, target = Input((6,), dtype="int32"), Input((6,), dtype="int32")
    embed = Embedding(11, 4, mask_zero=True)
    keys, h, c = LSTM(4, return_sequences=True, return_state=True)(embed(source))
    queries = LSTM(4, return_sequences=True)(embed(target), initial_state=[h, c])
    dot = Attention(use_scale=True)([queries, keys])
    additive = AdditiveAttention()([queries, keys])
    return Model([source, target], Dense(5, "softmax")(Concatenate()([dot, additive])))


def convolutions() -> Sequential:
    """Convolutions, poolings, normalizations, and layers that move steps."""
    return Sequential(
        [
            Input((12, 3)),
            Rescaling(0.5, 0.1),
            Conv1D(4, 3, padding="causal", dilation_rate=2, activation="gelu"),
            BatchNormalization(momentum=0.7),
            ZeroPadding1D((1, 2)),
            Cropping1D((1, 0)),
            MaxPooling1D(2),
            UpSampling1D(2),
            Conv1DTranspose(3, 2, strides=2, padding="same"),
            SpatialDropout1D(0.2),
            LayerNormalization(),
            PReLU(shared_axes=[1]),
            LeakyReLU(0.2),
            ELU(0.8),
            AveragePooling1D(2, padding="same"),
            GlobalMaxPooling1D(),
            UnitNormalization(),
            RepeatVector(3),
            Permute((2, 1)),
            Reshape((-1,)),
            GaussianNoise(0.1),
            GaussianDropout(0.1),
            Dense(2, "swish"),
            Softmax(),
        ]
    )


def images() -> Sequential:
    """Images over time."""
    return Sequential(
        [
            Input((3, 6, 6, 1)),
            TimeDistributed(Conv2D(2, 3, padding="same", activation="selu")),
            TimeDistributed(MaxPooling2D()),
            TimeDistributed(GlobalAveragePooling2D()),
            GRU(3, recurrent_activation="hard_sigmoid"),
            Dense(1),
        ]
    )


def cells() -> Sequential:
    """Cells of every kind, masked steps."""
    return Sequential(
        [
            Input((5, 3)),
            Masking(0.0),
            RNN(
                StackedRNNCells([LSTMCell(3, dropout=0.1), GRUCell(3), SimpleRNNCell(2, "relu")]),
                return_sequences=True,
            ),
            Bidirectional(RNN(LSTMCell(2), return_sequences=True), merge_mode="mul"),
            GlobalAveragePooling1D(),
            Dense(2),
            Activation("softplus"),
            ReLU(max_value=4.0, negative_slope=0.1),
        ],
        dtype="float64",
    )


def stateful() -> Sequential:
    """States that go on from batch to batch."""
    return Sequential(
        [
            Input(batch_shape=(4, 5, 3)),
            GRU(4, stateful=True, return_sequences=True, unroll=True),
            LSTM(3, stateful=True, unit_forget_bias=False, use_bias=False),
            Dense(1),
        ]
    )


def small() -> Sequential:
    return Sequential([Input((5, 3)), SimpleRNN(3), Dense(1)])


def save(name: str, model: Any, x: Any, y: Any, **options: Any) -> None:
    """Train, save, and write down what the model does before and after it is trained further."""
    options = {"batch_size": 4, "epochs": 1, "verbose": 0} | options
    model.fit(x, y, **options)
    model.save(DATA / f"{name}.rnnc")
    write(name, model, x, y, options)


def write(name: str, model: Any, x: Any, y: Any, options: Any) -> None:
    found = {}
    reset_states(model)
    for prefix, value in (("x", x), ("y", y), ("before", model.predict(x, 4, verbose=0))):
        found |= parts(prefix, value)
    reset_states(model)
    model.fit(x, y, **options)
    reset_states(model)
    np.savez_compressed(DATA / name, **found, **parts("after", model.predict(x, 4, verbose=0)))


def reset_states(model: Any) -> None:
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()


def parts(prefix: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"{prefix}_{name}": array for name, array in value.items()}
    values = value if isinstance(value, list) else [value]
    return {f"{prefix}_{index}": array for index, array in enumerate(values)}


def main() -> None:
    shutil.rmtree(DATA, ignore_errors=True)
    (DATA / "backup").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rnncore.utils.set_random_seed(0)
    x = rng.standard_normal((12, 5, 3)).astype("float32")
    y = rng.standard_normal((12, 1)).astype("float32")

    model: Any = tagger()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    save("tagger", model, ids(rng), rng.integers(0, 5, (12, 6)))

    model = graph()
    model.compile(
        "rmsprop", {"p": "huber", "q": "binary_crossentropy"}, loss_weights={"p": 0.5, "q": 2.0}
    )
    both = {"a": x, "b": x[::-1].copy()}
    save("graph", model, both, {"p": y, "q": rng.integers(0, 2, (12, 5, 2)).astype("float32")})

    model = attention()
    model.compile("nadam", "categorical_crossentropy")
    save(
        "attention", model, [ids(rng), ids(rng)], np.eye(5, dtype="f")[rng.integers(0, 5, (12, 6))]
    )

    model = convolutions()
    model.compile("adamax", "kl_divergence")
    long = rng.standard_normal((12, 12, 3)).astype("float32")
    save("convolutions", model, long, np.eye(2, dtype="f")[rng.integers(0, 2, 12)])

    model = images()
    model.compile(optimizers.SGD(0.1), "mae")
    save("images", model, rng.standard_normal((12, 3, 6, 6, 1)).astype("float32"), y)

    model = cells()
    model.compile("adam", "mse")
    holes = np.where(rng.random((12, 5, 1)) < 0.3, 0, x)
    save("cells", model, holes, rng.standard_normal((12, 2)))

    model = stateful()
    model.compile("sgd", "mse")
    save("stateful", model, x, y, shuffle=False)

    for name, optimizer in OPTIMIZERS.items():
        model = small()
        model.compile(optimizer(), "mse")
        save(f"of_{name}", model, x, y)

    # The other kinds of files, of one model.
    rnncore.utils.set_random_seed(1)
    model = Sequential([Input((5, 3)), Dropout(0.2), Bidirectional(GRU(3)), Dense(1)])
    model.compile("adam", "mse")
    (DATA / "model.json").write_text(model.to_json() + "\n")
    kept = ModelCheckpoint(DATA / "checkpoint.rnnc")
    backup = BackupAndRestore(DATA / "backup", delete_checkpoint=False)
    model.fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[kept, backup])
    model.save_weights(DATA / "weights.rnnc")
    write("others", model, x, y, {"batch_size": 4, "epochs": 1, "verbose": 0})


if __name__ == "__main__":
    main()
