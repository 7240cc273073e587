"""Lambda layers that pick steps, change the scale and take differences, within what is trained."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.random((24, 10, 1))
y = 100 * x[:, -1]
model = keras.models.Sequential(
    [
        keras.Input((10, 1)),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Bidirectional(layers.LSTM(4)),
        layers.Dense(1),
        layers.Lambda(lambda t: t * 100.0),
    ]
)
model.compile(
    loss=keras.losses.Huber(),
    optimizer=keras.optimizers.SGD(learning_rate=1e-8, momentum=0.9),
    metrics=["mae"],
)
schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-8 * 10 ** (epoch / 2))
history = model.fit(x, y, epochs=3, callbacks=[schedule], verbose=0)

OUT = 4
direct = keras.Sequential(
    [
        layers.Lambda(lambda t: t[:, -1:, :]),
        layers.Dense(OUT * 2, kernel_initializer=keras.initializers.zeros()),
        layers.Reshape([OUT, 2]),
    ]
)
direct.compile(loss=keras.losses.MeanSquaredError(), optimizer=keras.optimizers.Adam())
direct.fit(rng.random((8, 10, 2)), rng.random((8, OUT, 2)), verbose=0)

left, right = keras.Input((5, 2)), keras.Input((5, 2))
shared = layers.GRU(3, return_sequences=True)
difference = layers.Lambda(lambda pair: pair[0] - pair[1])([shared(left), shared(right)])
last = layers.Lambda(lambda t: t[:, -1, :], output_shape=(3,))(difference)
compared = keras.Model([left, right], layers.Dense(1)(last))
compared.compile("adam", "mse")
compared.fit([rng.random((8, 5, 2)), rng.random((8, 5, 2))], rng.random((8, 1)), verbose=0)

RESULT = {
    "rates": [round(float(rate) * 1e8, 3) for rate in history.history["learning_rate"]],
    "shapes": [list(difference.shape), list(last.shape), list(direct.output_shape)],
    "params": [one.count_params() for one in (model, direct, compared)],
}
