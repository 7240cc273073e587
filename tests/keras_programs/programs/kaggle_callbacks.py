"""A classifier with the list of callbacks that competition notebooks have."""

import os
import tempfile

import numpy as np

from rnncore import backend as K
from rnncore.callbacks import (
    CSVLogger,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from rnncore.layers import GRU, LSTM, BatchNormalization, Bidirectional, Dense, Dropout
from rnncore.models import Sequential, load_model
from rnncore.optimizers import Adam
from rnncore.regularizers import l2
from rnncore.utils import set_random_seed, to_categorical

K.clear_session()
set_random_seed(0)
rng = np.random.default_rng(0)
x, kinds = rng.random((40, 6, 3)), rng.integers(0, 3, 40)
y = to_categorical(kinds, num_classes=3)
model = Sequential()
model.add(
    Bidirectional(LSTM(4, return_sequences=True, kernel_regularizer=l2(0.001)), input_shape=(6, 3))
)
model.add(Dropout(0.3))
model.add(BatchNormalization())
model.add(GRU(4))
model.add(Dense(3, activation="softmax"))
optimizer = Adam(learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7, clipvalue=0.5)
model.compile(
    loss="categorical_crossentropy",
    optimizer=optimizer,
    metrics=["accuracy", "AUC", "Precision", "Recall"],
)
with tempfile.TemporaryDirectory() as folder:
    best, log = os.path.join(folder, "best.keras"), os.path.join(folder, "log.csv")
    history = model.fit(
        x,
        y,
        epochs=2,
        batch_size=16,
        validation_split=0.2,
        shuffle=True,
        class_weight={0: 1.0, 1: 2.0, 2: 0.5},
        verbose=0,
        callbacks=[
            EarlyStopping("val_loss", patience=3, restore_best_weights=True, mode="auto"),
            ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_lr=1e-6, cooldown=0),
            ModelCheckpoint(best, monitor="val_accuracy", save_best_only=True, mode="max"),
            LearningRateScheduler(lambda epoch: 1e-3 * 0.9**epoch),
            CSVLogger(log, separator=",", append=False),
            TerminateOnNaN(),
        ],
    )
    kept = load_model(best)
    with open(log) as file:
        columns = file.readline().strip().split(",")

RESULT = {
    "history": list(history.history),
    "columns": columns,
    "measures": len(kept.evaluate(x, y, verbose=0)),
    "params": kept.count_params(),
}
