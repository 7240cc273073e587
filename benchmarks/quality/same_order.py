"""JapaneseVowels from the same initial weights with the same order of batches, in both libraries.

Prints in which late epochs the training loss leapt to more than twice the one before. Needs Keras
with a backend beside rnncore.
"""

from __future__ import annotations

import keras
import numpy as np
from tasks import japanese_vowels

import rnncore

FIRST_EPOCH = 15  # before that the loss still falls by large steps


def leaps(losses: list[float]) -> list[int]:
    return [e for e in range(FIRST_EPOCH, len(losses)) if losses[e] > 2 * losses[e - 1]]


def main() -> None:
    task = japanese_vowels()
    for seed in (0, 3):
        rnncore.utils.set_random_seed(seed)
        ours, theirs = task.build(rnncore), task.build(keras)
        theirs.set_weights(ours.get_weights())
        rng = np.random.default_rng(seed)
        losses: dict[str, list[float]] = {"rnncore": [], "keras": []}
        for _ in range(task.epochs):
            order = rng.permutation(len(task.x_train))
            for name, model in (("rnncore", ours), ("keras", theirs)):
                total = 0.0
                for start in range(0, len(order), task.batch_size):
                    rows = order[start : start + task.batch_size]
                    loss = model.train_on_batch(task.x_train[rows], task.y_train[rows])
                    total += float(np.ravel(loss)[0]) * len(rows)
                losses[name].append(total / len(order))
        print(seed, {name: leaps(values) for name, values in losses.items()}, flush=True)


if __name__ == "__main__":
    main()
