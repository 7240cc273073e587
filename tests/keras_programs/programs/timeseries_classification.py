"""Classify engine noise by convolutions, with the callbacks of such a program."""

import os
import tempfile

import numpy as np

import rnncore as keras

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x_train = rng.normal(size=(80, 32)).astype("float32")
y_train = rng.choice([-1, 1], 80)
x_train[y_train == 1] += np.sin(np.arange(32))
x_train = x_train.reshape((x_train.shape[0], x_train.shape[1], 1))
num_classes = len(np.unique(y_train))
idx = rng.permutation(len(x_train))
x_train, y_train = x_train[idx], y_train[idx]
y_train[y_train == -1] = 0


def make_model(input_shape):
    input_layer = keras.layers.Input(input_shape)
    conv = input_layer
    for _ in range(3):
        conv = keras.layers.Conv1D(filters=8, kernel_size=3, padding="same")(conv)
        conv = keras.layers.BatchNormalization()(conv)
        conv = keras.layers.ReLU()(conv)
    gap = keras.layers.GlobalAveragePooling1D()(conv)
    output_layer = keras.layers.Dense(num_classes, activation="softmax")(gap)
    return keras.models.Model(inputs=input_layer, outputs=output_layer)


model = make_model(input_shape=x_train.shape[1:])
with tempfile.TemporaryDirectory() as folder:
    best = os.path.join(folder, "best_model.keras")
    callbacks = [
        keras.callbacks.ModelCheckpoint(best, save_best_only=True, monitor="val_loss"),
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss", factor=0.5, patience=20, min_lr=0.0001
        ),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=50, verbose=1),
    ]
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    history = model.fit(
        x_train,
        y_train,
        batch_size=16,
        epochs=2,
        callbacks=callbacks,
        validation_split=0.2,
        verbose=0,
    )
    model = keras.models.load_model(best)
test_loss, test_acc = model.evaluate(x_train, y_train, verbose=0)
assert 0 <= test_acc <= 1 and np.isfinite(test_loss)

RESULT = {
    "history": sorted(history.history),
    "params": model.count_params(),
    "names": [layer.name for layer in model.layers],
}
