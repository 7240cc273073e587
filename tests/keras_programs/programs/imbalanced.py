"""A rare kind of sequence: counts, precision and recall, weights of classes, a first bias."""

import numpy as np

import rnncore as keras

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(60, 5, 2)).astype("float32")
y = (x[:, -1, :1] > 1.0).astype(int)
negative, positive = np.bincount(y[:, 0])
measures = [
    keras.metrics.TruePositives(name="tp"),
    keras.metrics.FalsePositives(name="fp"),
    keras.metrics.TrueNegatives(name="tn"),
    keras.metrics.FalseNegatives(name="fn"),
    keras.metrics.BinaryAccuracy(name="accuracy"),
    keras.metrics.Precision(name="precision"),
    keras.metrics.Recall(name="recall"),
    keras.metrics.AUC(name="auc"),
    keras.metrics.AUC(name="prc", curve="PR"),
    keras.metrics.F1Score(threshold=0.5, name="f1"),
]
start = keras.initializers.Constant(np.log(positive / negative))
model = keras.Sequential(
    [
        keras.Input((5, 2)),
        keras.layers.LSTM(4),
        keras.layers.Dense(1, activation="sigmoid", bias_initializer=start),
    ]
)
model.compile(keras.optimizers.Adam(1e-2), keras.losses.BinaryCrossentropy(), metrics=measures)
history = model.fit(
    x,
    y,
    batch_size=20,
    epochs=2,
    verbose=0,
    validation_data=(x, y),
    class_weight={0: 30 / negative, 1: 30 / positive},
    callbacks=[
        keras.callbacks.EarlyStopping("val_prc", patience=10, mode="max", restore_best_weights=True)
    ],
)
found = model.evaluate(x, y, verbose=0, return_dict=True)

RESULT = {
    "history": list(history.history),
    "positive": int(found["tp"] + found["fn"]),
    "all": int(found["tp"] + found["fn"] + found["tn"] + found["fp"]),
}
