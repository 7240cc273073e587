"""A training that kills itself: ``killed_training.py FOLDER WEIGHTS MOMENT [stateful]``."""

import os
import signal
import stat
import sys
from typing import Any

import numpy as np

from rnncore import Sequential
from rnncore.callbacks import BackupAndRestore, EarlyStopping, LambdaCallback, ReduceLROnPlateau
from rnncore.layers import LSTM, Bidirectional, Dense, Dropout, Embedding
from rnncore.utils import set_random_seed


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, weights: str, moment: str = "", kind: str = "") -> None:
    # Only a run from the start may depend on the seed: a resumed one is given another.
    set_random_seed(len(os.listdir(folder)) if os.path.isdir(folder) else 0)
    model = Sequential(
        [
            Embedding(20, 4),
            Dropout(0.3),
            LSTM(3, stateful=True)
            if kind == "stateful"
            else Bidirectional(LSTM(3, dropout=0.2, recurrent_dropout=0.2)),
            Dense(1),
        ]
    )
    model.build((None, 6))
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 20, (50, 6)), rng.standard_normal((50, 1))
    options: dict[str, Any] = {"batch_size": 7, "validation_split": 0.1}
    monitor = "val_loss"
    if kind == "stateful":
        monitor = "loss"
        options = {"batch_size": 5, "shuffle": False}

    hooks = {
        "batch": LambdaCallback(
            on_train_batch_end=lambda batch, logs: (
                die() if model.optimizer.iterations == 2 * 7 + 3 else None
            )
        ),
        "epoch": LambdaCallback(on_epoch_end=lambda epoch, logs: die() if epoch == 3 else None),
        "end": LambdaCallback(on_train_end=die),
    }
    saves, sync, replace = 0, os.fsync, os.replace

    def half_saved(descriptor: int) -> None:
        nonlocal saves
        saves += stat.S_ISREG(os.fstat(descriptor).st_mode)
        if saves == 3:
            os.truncate(descriptor, os.fstat(descriptor).st_size // 2)
            die()
        sync(descriptor)

    def not_replaced(*paths: Any) -> None:
        nonlocal saves
        saves += 1
        if saves == 2:
            die()
        replace(*paths)

    if moment == "save":
        os.fsync = half_saved
    if moment == "replace":
        os.replace = not_replaced
    callbacks = [
        BackupAndRestore(folder),
        ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.02),
        EarlyStopping(monitor, patience=4, min_delta=1.0, restore_best_weights=True),
        hooks.get(moment, LambdaCallback()),
    ]
    model.fit(x, y, epochs=9, verbose=0, callbacks=callbacks, **options)
    with open(weights, "wb") as file:
        np.savez(file, *model.get_weights(), rate=model.optimizer.learning_rate)


if __name__ == "__main__":
    main(*sys.argv[1:])
