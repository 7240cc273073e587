"""Models with regularizers and constraints, made alike from Keras' classes and from rnncore's.

Each entry: a function that builds the model from `k`, a module or namespace, inputs, targets, and
what is compiled.
"""

import numpy as np

STEPS = 24  # 12 samples in batches of 5, 5 and 2, for 8 epochs

_rng = np.random.default_rng(11)
SERIES = _rng.normal(size=(12, 5, 3)).round(3)
OTHER = _rng.normal(size=(12, 5, 3)).round(3)
IDS = _rng.integers(0, 6, (12, 5)) * (np.arange(5) < _rng.integers(1, 6, (12, 1)))
LEVEL = _rng.normal(size=(12, 2)).round(3)
STEPWISE = _rng.normal(size=(12, 5, 2)).round(3)
KIND = _rng.integers(0, 3, 12)


def orthogonal(k):
    # Keras makes a float32 of a plain float, which does not go with weights of float64.
    return k.regularizers.OrthogonalRegularizer(np.float64(0.1))


def recurrent(layer, **options):
    # A SimpleRNN of Keras 3.15 loses its activity_regularizer.
    regularizer = {"activity_regularizer": "l2"} if layer != "SimpleRNN" else {}

    def build(k):
        return k.Sequential(
            [
                k.Input((5, 3)),
                getattr(k, layer)(
                    3,
                    kernel_regularizer=k.regularizers.L1L2(l1=0.01, l2=0.02),
                    recurrent_regularizer=orthogonal(k),
                    bias_regularizer="l1",
                    kernel_constraint=k.constraints.max_norm(1.2),
                    recurrent_constraint=k.constraints.UnitNorm(axis=1),
                    bias_constraint="non_neg",
                    **regularizer,
                    **options,
                ),
                k.Dense(2),
            ]
        )

    return build


def min_max(k):
    return k.Sequential(
        [
            k.Input((5, 3)),
            k.SimpleRNN(3, kernel_constraint=k.constraints.MinMaxNorm(0.5, 1.0, rate=0.5)),
            k.Dense(2, kernel_constraint=k.constraints.min_max_norm(max_value=0.8)),
        ]
    )


def embedding(k):
    return k.Sequential(
        [
            k.Input((5,)),
            k.Embedding(
                7,
                4,
                embeddings_regularizer="l2",
                embeddings_constraint=k.constraints.MaxNorm(0.9, axis=1),
                mask_zero=True,
                activity_regularizer=k.regularizers.L1(0.05),
            ),
            k.GRU(3, activity_regularizer="l2", kernel_regularizer=orthogonal(k)),
            k.Dense(2),
        ]
    )


def constrained_embedding(k):
    table = k.Embedding(7, 4, embeddings_constraint=k.constraints.UnitNorm(axis=1))
    return k.Sequential([k.Input((5,)), table, k.LSTM(3), k.Dense(2)])


def bidirectional(k):
    inner = k.LSTM(
        2,
        return_sequences=True,
        kernel_regularizer="l2",
        activity_regularizer=k.regularizers.l1(0.1),
    )
    outer = k.Bidirectional(inner, activity_regularizer=k.regularizers.l2(0.2))
    return k.Sequential([k.Input((5,)), k.Embedding(7, 4, mask_zero=True), outer, k.Dense(2)])


def time_distributed(k):
    # The inner layer's regularizer of activities has no effect in Keras.
    inner = k.Dense(2, kernel_regularizer="l2", activity_regularizer=k.regularizers.l2(0.5))
    outer = k.TimeDistributed(inner, activity_regularizer=k.regularizers.l1(0.2))
    return k.Sequential([k.Input((5, 3)), k.GRU(3, return_sequences=True), outer])


def model_at_every_step(k):
    step = k.Sequential([k.Input((3,)), k.Dense(2, activity_regularizer=k.regularizers.l2(0.5))])
    return k.Sequential([k.Input((5, 3)), k.GRU(3, return_sequences=True), k.TimeDistributed(step)])


def states(k):
    x = k.Input((5, 3))
    layer = k.LSTM(3, return_sequences=True, return_state=True, activity_regularizer="l2")
    _, h, _ = layer(x)
    return k.Model(x, k.Dense(2)(h))


def shared(k):
    one, other = k.Input((5, 3)), k.Input((5, 3))
    state = k.LSTM(
        3,
        kernel_regularizer=k.regularizers.l2(0.1),
        activity_regularizer=k.regularizers.l1_l2(0.1, 0.2),
        recurrent_constraint="max_norm",
    )
    level = k.Dense(2, name="level", kernel_regularizer="l1")(k.Sum()([state(one), state(other)]))
    kind = k.Dense(3, activation="softmax", name="kind", activity_regularizer="l2")(state(one))
    return k.Model([one, other], [level, kind])


def nested(k):
    inner_input = k.Input((5, 3))
    hidden = k.GRU(
        3, kernel_regularizer=k.regularizers.l2(0.1), activity_regularizer="l2", name="inner_gru"
    )(inner_input)
    outputs = [
        k.Dense(2, name="used")(hidden),
        k.Dense(2, name="b", activity_regularizer="l2")(hidden),
    ]
    inner = k.Model(inner_input, outputs)
    one, other = k.Input((5, 3)), k.Input((5, 3))
    return k.Model([one, other], k.Sum()([inner(one)[0], inner(other)[0]]))


def chain_in_a_graph(k):
    chain = k.Sequential(
        [
            k.Input((5, 3)),
            k.LSTM(3, activity_regularizer=k.regularizers.l2(0.4)),
            k.Dense(2, kernel_regularizer="l2"),
        ]
    )
    x = k.Input((5, 3))
    return k.Model(x, [chain(x), k.LSTM(2, name="level", recurrent_regularizer="l2")(x)])


def frozen(k):
    fixed = k.Dense(
        3,
        kernel_regularizer=k.regularizers.l2(1.0),
        kernel_constraint="unit_norm",
        activity_regularizer=k.regularizers.l2(0.5),
    )
    fixed.trainable = False
    last = k.Dense(2, kernel_regularizer="l2", activity_regularizer="l1")
    return k.Sequential([k.Input((5, 3)), k.LSTM(3), fixed, last])


def normalized(k):
    return k.Sequential(
        [
            k.Input((5, 3)),
            k.Conv1D(
                4,
                2,
                kernel_regularizer="l2",
                bias_regularizer="l2",
                activity_regularizer="l2",
                kernel_constraint=k.constraints.MaxNorm(1.0, axis=[0, 1]),
                bias_constraint="max_norm",
            ),
            k.LayerNormalization(
                gamma_regularizer=k.regularizers.l2(0.3),
                beta_regularizer=k.regularizers.l1(0.3),
                gamma_constraint="non_neg",
            ),
            k.BatchNormalization(
                gamma_regularizer=k.regularizers.l1(0.3),
                beta_constraint=k.constraints.MaxNorm(0.1),
            ),
            k.SimpleRNN(3),
            k.Dense(2),
        ]
    )


def without_a_loss(k):
    x = k.Input((5, 3))
    hidden = k.LSTM(3, activity_regularizer="l2")(x)
    level = k.Dense(2, name="level")(hidden)
    idle = k.Dense(2, name="idle", activity_regularizer=k.regularizers.l2(0.5))(k.GRU(2)(x))
    return k.Model(x, [level, idle])


def softmax(k):
    last = k.Dense(3, activation="softmax", activity_regularizer=k.regularizers.l2(0.7))
    return k.Sequential([k.Input((5, 3)), k.GRU(3), last])


BY_KIND = "sparse_categorical_crossentropy"
MODELS = {
    "lstm": (recurrent("LSTM"), SERIES, LEVEL, {"optimizer": "rmsprop", "loss": "mse"}),
    "lstm, all steps, backwards": (
        recurrent("LSTM", return_sequences=True, go_backwards=True),
        SERIES,
        STEPWISE,
        {"optimizer": "sgd", "loss": "mse", "metrics": ["mae"]},
    ),
    "gru": (recurrent("GRU"), SERIES, LEVEL, {"optimizer": "rmsprop", "loss": "mae"}),
    "simple_rnn": (recurrent("SimpleRNN"), SERIES, LEVEL, {"optimizer": "rmsprop", "loss": "mse"}),
    "min_max, clipnorm": (min_max, SERIES, LEVEL, {"optimizer": ("SGD", 0.1, "clipnorm", 0.3)}),
    "clipvalue": (
        recurrent("LSTM"),
        SERIES,
        LEVEL,
        {"optimizer": ("SGD", 0.1, "clipvalue", 0.02)},
    ),
    "global_clipnorm": (
        recurrent("GRU"),
        SERIES,
        LEVEL,
        {"optimizer": ("RMSprop", 0.01, "global_clipnorm", 0.1)},
    ),
    "embedding": (embedding, IDS, LEVEL, {"optimizer": "sgd", "loss": "mse"}),
    "embedding, constraint": (constrained_embedding, IDS, LEVEL, {"optimizer": "sgd"}),
    "bidirectional": (bidirectional, IDS, STEPWISE, {"optimizer": "sgd", "loss": "mse"}),
    "time_distributed": (
        time_distributed,
        SERIES,
        STEPWISE,
        {"optimizer": "rmsprop", "loss": "mse"},
    ),
    "model at every step": (model_at_every_step, SERIES, STEPWISE, {"optimizer": "rmsprop"}),
    "states": (states, SERIES, LEVEL, {"optimizer": "rmsprop"}),
    "shared": (
        shared,
        [SERIES, OTHER],
        [LEVEL, KIND],
        {"optimizer": "rmsprop", "loss": ["mse", BY_KIND], "loss_weights": [1.0, 0.3]},
    ),
    "nested": (nested, [SERIES, OTHER], LEVEL, {"optimizer": "rmsprop", "loss": "mse"}),
    "chain without a loss": (
        chain_in_a_graph,
        SERIES,
        [LEVEL, LEVEL],
        {"optimizer": "rmsprop", "loss": [None, "mse"]},
    ),
    "frozen": (frozen, SERIES, LEVEL, {"optimizer": "rmsprop", "loss": "mse", "metrics": ["mae"]}),
    "normalized": (normalized, SERIES, LEVEL, {"optimizer": "sgd", "loss": "mse"}),
    "without a loss": (
        without_a_loss,
        SERIES,
        [LEVEL, LEVEL],
        {"optimizer": "rmsprop", "loss": ["mse", None]},
    ),
    "softmax": (softmax, SERIES, KIND, {"optimizer": "rmsprop", "loss": BY_KIND}),
}


def compiled(optimizers, arguments):
    """Return the arguments of `compile`, the optimizer made of its class in `optimizers`."""
    chosen = arguments["optimizer"]
    if isinstance(chosen, tuple):
        name, rate, clip, limit = chosen
        chosen = getattr(optimizers, name)(rate, **{clip: limit})
    return {"loss": "mse", **arguments, "optimizer": chosen}
