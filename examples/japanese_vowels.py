"""Who is speaking? Nine speakers told apart by one short vowel of 7 to 29 frames.

    python examples/japanese_vowels.py [--quick] [--epochs N] [--seed N]

Sequences of unequal length: they are padded with zeros, and a Masking layer keeps the padding out.
Speakers, lengths and the split into training and test are the data set's own; the settings were
chosen on the last ten of each speaker's thirty training utterances.
"""

from __future__ import annotations

import argparse

import numpy as np

from rnncore import Input, Sequential
from rnncore.datasets import load_japanese_vowels
from rnncore.layers import GRU, Dense, Dropout, Masking
from rnncore.utils import set_random_seed


def main() -> float:
    """Train, print what was reached and return the accuracy on the test utterances."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small network, few epochs")
    parser.add_argument("--epochs", type=int, default=60, help="default 60")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    options = parser.parse_args()
    set_random_seed(options.seed)

    train, test = load_japanese_vowels()
    # Every coefficient to mean 0 and deviation 1 over the real frames of the training part.
    frames = train.x[np.arange(29) < train.lengths[:, None]]
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)

    def scaled(x: np.ndarray) -> np.ndarray:
        return np.where(x.any(axis=2, keepdims=True), (x - mean) / deviation, 0)

    model = Sequential(
        [
            Input((29, 12)),
            Masking(),
            Dropout(0.2),
            GRU(20 if options.quick else 100),
            Dropout(0.5),
            Dense(9, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    epochs = 5 if options.quick else options.epochs
    model.fit(scaled(train.x), train.y, batch_size=16, epochs=epochs)

    said = model.predict(scaled(test.x), verbose=0).argmax(axis=1)
    print(f"\nright on {np.mean(said == test.y):.1%} of {len(test.y)} utterances; by speaker:")
    for speaker in range(9):
        of_speaker = said[test.y == speaker]
        print(f"  {speaker + 1}: {np.sum(of_speaker == speaker):2d} of {len(of_speaker)}")
    return float(np.mean(said == test.y))


if __name__ == "__main__":
    main()
