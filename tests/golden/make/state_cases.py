"""Layers with states that Keras and this library build from the same lines, with their data.

The weights are constants and the inputs arange, as in the tests of Keras itself.
"""

import numpy as np

X = np.arange(72.0).reshape(3, 6, 4) / 36 - 1
LATER = X[:, ::-1] * 0.5
IMAGES = np.arange(96.0).reshape(2, 3, 4, 4) / 48 - 1
MASK = np.array([[1, 1, 0, 1, 1, 0], [0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]], bool)
IDS = np.array([[[1, 2, 0], [0, 0, 0], [3, 1, 2]], [[1, 0, 3], [2, 2, 2], [0, 0, 1]]])
CELLS = {"simple_rnn": ("SimpleRNN", 1), "lstm": ("LSTM", 2), "gru": ("GRU", 1)}


def constants(k, **more):
    """Arguments of a recurrent layer that fix its weights: numbers that float32 holds as well."""
    values = {"kernel": 0.125, "recurrent": -0.25, "bias": 0.0625}
    return {f"{n}_initializer": k.initializers.Constant(v) for n, v in values.items()} | more


def states(count, units=3, rows=3):
    return [np.cos(np.arange(rows * units).reshape(rows, units) + i) for i in range(count)]


def one(kind, **more):
    """One recurrent layer called once."""
    call = {name: more.pop(name) for name in ("mask", "initial_state") if name in more}
    name, count = CELLS[kind]
    if "initial_state" in call:
        call["initial_state"] = states(count)
    return lambda k: [getattr(k.layers, name)(3, **constants(k, **more))(X, **call)]


def stateful(kind, **more):
    """Two batches, a reset, and the first batch again."""

    def run(k):
        layer = getattr(k.layers, CELLS[kind][0])(3, **constants(k, stateful=True, **more))
        found = [layer(X, mask=MASK), layer(LATER), list(layer.states)]
        layer.reset_state()
        return [*found, list(layer.states), layer(X, mask=MASK), list(layer.states)]

    return run


def both(kind, merge, mask=None, start=False, **more):
    """Bidirectional, two calls."""
    backward = more.pop("backward_layer", None)

    def run(k):
        name, count = CELLS[kind]
        other = None
        if backward:
            other = k.layers.GRU(3, go_backwards=True, **constants(k, **more))
        layer = k.layers.Bidirectional(
            getattr(k.layers, name)(3, **constants(k, **more)), merge, backward_layer=other
        )
        given = {"initial_state": states(2 * count)} if start else {}
        return [layer(X, mask=mask, **given), layer(LATER), list(layer.states or [])]

    return run


def steps_normalized(k):
    """BatchNormalization at every step: moving averages, two training steps and inference."""
    inner = k.layers.BatchNormalization(momentum=0.5)
    layer = k.layers.TimeDistributed(inner)
    training = [layer(X, training=True), layer(LATER * LATER, training=True)]
    return [*training, layer(X), list(inner.weights)]


def sentences(k):
    """A model over words inside of each sentence, whose padding is masked."""
    words = k.Sequential(
        [
            k.layers.Embedding(
                4, 4, embeddings_initializer=k.initializers.Constant(0.3), mask_zero=True
            ),
            k.layers.LSTM(3, **constants(k)),
        ]
    )
    words.build((None, 3))
    words.layers[0].set_weights([np.arange(16.0).reshape(4, 4) / 16])
    return [k.layers.TimeDistributed(words)(IDS)]


def frames(kind):
    """A recurrent layer inside of each step, with a mask of its steps."""
    mask = np.arange(24).reshape(2, 3, 4) % 5 > 0

    def run(k):
        inner = getattr(k.layers, CELLS[kind][0])(3, **constants(k, return_sequences=True))
        layer = k.layers.TimeDistributed(inner)
        return [layer(IMAGES, mask=mask), layer(IMAGES)]

    return run


def steps_stateful(k):
    """A stateful layer goes on from step to step, and from call to call."""
    layer = k.layers.TimeDistributed(k.layers.GRU(3, **constants(k, stateful=True)))
    return [layer(IMAGES), layer(IMAGES)]


def _cases():
    for kind in CELLS:
        for name, more in {
            "plain": {},
            "sequences": {"return_sequences": True, "return_state": True},
            "state": {"return_state": True, "mask": MASK},
            "backwards": {"go_backwards": True, "return_sequences": True, "mask": MASK},
            "backwards_state": {"go_backwards": True, "return_state": True, "mask": MASK},
            "start": {"initial_state": True, "return_sequences": True, "return_state": True},
            "start_masked": {"initial_state": True, "mask": MASK, "return_state": True},
            "zero": {
                "zero_output_for_mask": True,
                "return_sequences": True,
                "return_state": True,
                "mask": MASK,
                "initial_state": True,
            },
        }.items():
            yield f"{kind}-{name}", one(kind, **more)
        yield f"{kind}-stateful", stateful(kind)
        yield f"{kind}-stateful_sequences", stateful(kind, return_sequences=True)
        yield f"{kind}-stateful_backwards", stateful(kind, go_backwards=True)
        for merge in ("concat", "sum", "mul", "ave", None):
            for sequences in (False, True):
                more = {"return_sequences": sequences}
                name = f"{kind}-both-{merge}-{sequences}"
                yield name, both(kind, merge, **more)
                yield f"{name}-masked", both(kind, merge, MASK, start=True, **more)
                yield f"{name}-state", both(kind, merge, start=True, return_state=True, **more)
                yield f"{name}-stateful", both(kind, merge, stateful=True, **more)
        yield f"{kind}-frames", frames(kind)
    yield "other_backward_layer", both("gru", "concat", backward_layer=True, return_state=True)
    yield "steps_normalized", steps_normalized
    yield "steps_stateful", steps_stateful
    yield "sentences", sentences


CASES = dict(_cases())


# ---- graphs that are trained ---------------------------------------------------------------

RNG = np.random.default_rng(0)
SOURCE, TARGET = RNG.integers(1, 6, (2, 8, 5))
SOURCE[::2, 3:] = 0
TARGET[1::3, 4:] = 0
NEXT = np.roll(TARGET, -1, axis=1)
SERIES = RNG.normal(size=(8, 4, 2))
LEVELS = RNG.normal(size=(8, 1))


def translator(k):
    """An encoder whose states start a decoder, both over masked token ids."""
    source, target = k.Input((5,), name="source"), k.Input((5,), name="target")
    embed = k.layers.Embedding(6, 3, mask_zero=True)
    _, h, c = k.layers.LSTM(4, return_state=True)(embed(source))
    y, _, last = k.layers.LSTM(4, return_sequences=True, return_state=True)(
        embed(target), initial_state=[h, c]
    )
    tokens = k.layers.Dense(6, activation="softmax", name="tokens")(y)
    return k.Model([source, target], [tokens, k.layers.Dense(1, name="level")(last)])


def both_directions(k):
    """A bidirectional encoder; its states, joined, start a GRU and another Bidirectional."""
    series = k.Input((4, 2))
    y, one_h, other_h = k.layers.Bidirectional(
        k.layers.GRU(3, return_state=True, return_sequences=True)
    )(series)
    joined = k.layers.Concatenate()([one_h, other_h])
    again = k.layers.GRU(6, go_backwards=True)(y, initial_state=joined)
    parts = k.layers.Bidirectional(k.layers.SimpleRNN(3), merge_mode=None)(
        y, initial_state=[other_h, one_h]
    )
    return k.Model(series, k.layers.Dense(1)(k.layers.Concatenate()([again, *parts])))


def remembering(k):
    """Stateful layers in a chain, over batches in order."""
    return k.Sequential(
        [
            k.Input(batch_shape=(2, 4, 2)),
            k.layers.LSTM(3, stateful=True, return_sequences=True),
            k.layers.Bidirectional(k.layers.GRU(3, stateful=True)),
            k.layers.Dense(1),
        ]
    )


# Name: (how it is built, inputs, targets, arguments of compile, batch size, epochs).
GRAPHS = {
    "translator": (
        translator,
        [SOURCE, TARGET],
        [NEXT, LEVELS],
        {"optimizer": "sgd", "loss": ["sparse_categorical_crossentropy", "mse"]},
        4,
        10,
    ),
    "both_directions": (
        both_directions,
        SERIES,
        LEVELS,
        {"optimizer": "sgd", "loss": "mse"},
        4,
        10,
    ),
    "remembering": (remembering, SERIES, LEVELS, {"optimizer": "rmsprop", "loss": "mse"}, 2, 5),
}


def trained(k, name):
    """Weights, history and predictions of a graph before and after training in float64."""
    build, x, y, compiled, batch_size, epochs = GRAPHS[name]
    model = build(k)
    # Not the starting values of a library: biases of zero would hide mistakes.
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(0, 0.5, np.shape(w)).round(4) for w in model.get_weights()])
    model.compile(**compiled)
    done = model.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0)
    predicted = model.predict(x, batch_size=batch_size, verbose=0)
    return [model.get_weights(), done.history["loss"], predicted]
