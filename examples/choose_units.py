"""How many units? The size of a network chosen by cross-validation.

    python examples/choose_units.py [--quick] [--epochs N] [--seed N]

The task is to tell nine speakers apart by one short vowel. The training utterances are divided into
folds; every size is trained once per fold, on the other folds, and evaluated on that fold. The
smallest size whose mean loss is within one standard error of the best wins. The test utterances are
used only once, at the end.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from rnncore import Input, Sequential
from rnncore.callbacks import EarlyStopping
from rnncore.datasets import load_japanese_vowels
from rnncore.layers import GRU, Dense, Masking
from rnncore.utils import set_random_seed


def network(units: int) -> Sequential:
    """A new network of that size."""
    model = Sequential([Input((29, 12)), Masking(), GRU(units), Dense(9, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def folds(y: np.ndarray, count: int) -> np.ndarray:
    """The fold of every sample, at random, each class spread over all of them alike."""
    fold = np.empty(len(y), int)
    rng = np.random.default_rng(0)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        fold[rows] = np.arange(len(rows)) % count
    return fold


def main() -> float:
    """Choose, print how, and return the accuracy of the chosen size on the test utterances."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two sizes, two folds, few epochs")
    parser.add_argument("--epochs", type=int, default=60, help="at most; default 60")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    options = parser.parse_args()
    set_random_seed(options.seed)
    sizes, count = ((4, 16), 2) if options.quick else ((2, 4, 8, 16, 32, 64), 5)
    epochs = 8 if options.quick else options.epochs

    train, test = load_japanese_vowels()
    fold = folds(train.y, count)
    table = {}
    print(f"{'units':>5}  {'loss':>6}  {'error':>6}  {'right':>6}  {'epochs':>6}")
    for units in sizes:
        losses, right, trained = [], [], []
        for held_out in range(count):
            inside = fold != held_out
            held = (train.x[~inside], train.y[~inside])
            model = network(units)
            stop = EarlyStopping("val_loss", patience=5, restore_best_weights=True)
            model.fit(
                train.x[inside],
                train.y[inside],
                16,
                epochs,
                verbose=0,
                callbacks=[stop],
                validation_data=held,
            )
            loss, accuracy = model.evaluate(*held, verbose=0)
            losses.append(loss)
            right.append(accuracy)
            trained.append(stop.best_epoch + 1)
        mean, error = np.mean(losses), np.std(losses, ddof=1) / math.sqrt(count)
        table[units] = (mean, error, round(np.mean(trained)))
        print(
            f"{units:5}  {mean:6.3f}  {error:6.3f}  {np.mean(right):6.1%}  {np.mean(trained):6.0f}"
        )

    best_loss, best_error, _ = min(table.values())
    units = min(size for size in sizes if table[size][0] <= best_loss + best_error)
    model = network(units)
    # All training utterances now, so no early stopping: as many epochs as were best on average.
    model.fit(train.x, train.y, 16, table[units][2], verbose=0)
    accuracy = model.evaluate(test.x, test.y, verbose=0)[1]
    print(f"\nchosen: {units} units; right on {accuracy:.1%} of {len(test.y)} test utterances")
    return accuracy


if __name__ == "__main__":
    main()
