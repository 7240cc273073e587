"""Runs of fit, evaluate and predict that Keras and this library share, with their data."""

import numpy as np

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3, 2)).round(4)
Y = RNG.normal(size=(20, 1)).round(4)
LABELS = np.arange(20) % 3


def batches(count, size=4, weighted=False):
    for index in range(count):
        rows = (np.arange(size) + size * index) % 20
        yield (X[rows], Y[rows], rows / 10.0) if weighted else (X[rows], Y[rows])


def uneven():
    """Batches of sizes that vary."""
    start = 0
    for size in (1, 4, 2, 8, 5):
        yield X[start : start + size], Y[start : start + size]
        start += size


def dataset(k):
    class Dataset(k.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return X[5 * index : 5 * index + 5], Y[5 * index : 5 * index + 5]

    return Dataset()


def level(k):
    layers = k.layers
    return k.Sequential([layers.Input((3, 2)), layers.LSTM(2), layers.Dense(1)])


def kind(k):
    layers = k.layers
    last = layers.Dense(3, activation="softmax")
    return k.Sequential([layers.Input((3, 2)), layers.LSTM(2), last])


def both(k):
    layers = k.layers
    series = k.layers.Input((3, 2))
    state = layers.LSTM(2)(series)
    one = layers.Dense(1, name="level")(state)
    return k.Model(series, [one, layers.Dense(3, activation="softmax", name="kind")(state)])


MSE = {"loss": "mse", "metrics": ["mae"]}
SPARSE = {"loss": "sparse_categorical_crossentropy", "weighted_metrics": ["accuracy"]}
TWO = {
    "loss": ["mse", "sparse_categorical_crossentropy"],
    "loss_weights": [0.5, 2.0],
    "metrics": [["mae", "mse"], ["accuracy"]],
    "weighted_metrics": [["mae"], None],
}
PLAIN = {"shuffle": False, "verbose": 0}

# Name: (model, arguments of compile, what is done with the model and the package).
RUNS = {
    "generator": (level, MSE, lambda m, k: m.fit(batches(6), epochs=3, steps_per_epoch=2, **PLAIN)),
    "weighted generator": (
        level,
        MSE,
        lambda m, k: m.fit(batches(6, weighted=True), epochs=2, steps_per_epoch=3, **PLAIN),
    ),
    "uneven batches": (level, MSE, lambda m, k: m.fit(uneven(), **PLAIN)),
    "generator that ends": (
        level,
        MSE,
        lambda m, k: m.fit(batches(5), epochs=3, steps_per_epoch=2, **PLAIN),
    ),
    "dataset": (level, MSE, lambda m, k: m.fit(dataset(k), epochs=2, **PLAIN)),
    "steps of a dataset": (
        level,
        MSE,
        lambda m, k: m.fit(dataset(k), epochs=4, steps_per_epoch=3, **PLAIN),
    ),
    "dataset as validation": (
        level,
        MSE,
        lambda m, k: m.fit(X, Y, validation_data=dataset(k), validation_steps=3, epochs=2, **PLAIN),
    ),
    "steps of arrays": (
        level,
        MSE,
        lambda m, k: m.fit(X, Y, batch_size=2, epochs=5, steps_per_epoch=3, **PLAIN),
    ),
    "steps without batch size": (
        level,
        MSE,
        lambda m, k: m.fit(X, Y, epochs=2, steps_per_epoch=3, **PLAIN),
    ),
    "too many steps": (
        level,
        MSE,
        lambda m, k: m.fit(X, Y, batch_size=4, epochs=2, steps_per_epoch=9, **PLAIN),
    ),
    "validation steps": (
        level,
        MSE,
        lambda m, k: m.fit(
            X,
            Y,
            epochs=4,
            validation_data=(X, Y),
            validation_steps=2,
            validation_batch_size=3,
            validation_freq=[1, 3],
            **PLAIN,
        ),
    ),
    "class weights": (
        kind,
        SPARSE,
        lambda m, k: m.fit(X, LABELS, epochs=2, class_weight={0: 3.0, 2: 0.5}, **PLAIN),
    ),
    "class weights of a batch": (
        kind,
        SPARSE,
        lambda m, k: m.train_on_batch(X, LABELS, class_weight={1: 7.0}),
    ),
    "two outputs": (
        both,
        TWO,
        lambda m, k: m.fit(X, [Y, LABELS], epochs=2, validation_data=(X, [Y, LABELS]), **PLAIN),
    ),
    "evaluate two outputs": (both, TWO, lambda m, k: m.evaluate(X, [Y, LABELS], verbose=0)),
    "evaluate as a dict": (
        both,
        TWO,
        lambda m, k: m.evaluate(X, [Y, LABELS], verbose=0, return_dict=True),
    ),
    "a batch of two outputs": (
        both,
        TWO,
        lambda m, k: m.train_on_batch(X, [Y, LABELS], return_dict=True),
    ),
    "names of two outputs": (
        both,
        TWO,
        lambda m, k: (m.test_on_batch(X, [Y, LABELS]), m.metrics_names)[1],
    ),
    "half of a loss": (
        level,
        {"loss": "mse", "loss_weights": 0.5},
        lambda m, k: m.test_on_batch(X, Y),
    ),
    "evaluate steps": (
        level,
        MSE,
        lambda m, k: m.evaluate(X, Y, batch_size=3, steps=2, verbose=0),
    ),
    "evaluate a generator": (level, MSE, lambda m, k: m.evaluate(batches(4), steps=3, verbose=0)),
    "predict steps": (
        level,
        MSE,
        lambda m, k: m.predict(X, batch_size=3, steps=2, verbose=0),
    ),
    "predict a generator": (
        level,
        MSE,
        lambda m, k: m.predict(((x,) for x, _ in uneven()), steps=4, verbose=0),
    ),
    "predict a batch": (level, MSE, lambda m, k: m.predict_on_batch(X)),
}
