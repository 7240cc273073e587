"""Is a sentence about a film friendly? An embedding and an LSTM learn it from 8,605 snippets.

    python examples/reviews.py [--quick] [--epochs N] [--seed N]

The data (``examples/data``, MIT licence, see NOTICE.md there) are 10,605 sentences with the mean
rating of human readers; the question is whether it is above 0. A random 2,000 are held out and used
only once, at the end. The number of epochs and the dropout were chosen on a fifth of the others.
"""

from __future__ import annotations

import argparse
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnncore import Input, Sequential
from rnncore.layers import LSTM, Dense, Dropout, Embedding
from rnncore.utils import pad_sequences, set_random_seed

FILE = Path(__file__).parent / "data" / "movie_review_snippets.tsv.gz"
VOCABULARY = 10_000
LONGEST = 40
PADDING, UNKNOWN, FIRST_WORD = 0, 1, 2


def read_reviews() -> tuple[list[list[str]], np.ndarray]:
    """The words of every snippet, and 1 where its rating is above 0, shape (N, 1)."""
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\r\n").split("\t") for line in file]
    labels = np.array([[float(rating) > 0] for _, rating, _ in rows], np.float32)
    return [split(text) for _, _, text in rows], labels


def split(text: str) -> list[str]:
    """Lower-case words."""
    return re.findall(r"[a-z']+", text.lower())


def main() -> float:
    """Train, print what was reached and return the accuracy on the held-out snippets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small network, fewer snippets")
    parser.add_argument("--epochs", type=int, default=3, help="default 3")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    options = parser.parse_args()
    set_random_seed(options.seed)

    words, labels = read_reviews()
    # The same snippets are held out whatever the seed.
    order = np.random.default_rng(0).permutation(len(words))
    held_out, train = order[:2000], order[2000:]
    units = 64
    if options.quick:
        train, units = train[:2000], 16

    # The vocabulary comes from the training snippets alone.
    counts = Counter(word for i in train for word in words[i])
    most = counts.most_common(VOCABULARY - FIRST_WORD)
    index = {word: number for number, (word, _) in enumerate(most, start=FIRST_WORD)}

    def numbers(texts: Sequence[list[str]]) -> np.ndarray:
        ids = [[index.get(word, UNKNOWN) for word in text] for text in texts]
        return pad_sequences(ids, maxlen=LONGEST, value=PADDING)

    model = Sequential(
        [
            Input((LONGEST,)),
            Embedding(VOCABULARY, units, mask_zero=True),
            Dropout(0.5),
            LSTM(units),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.summary()
    x = numbers([words[i] for i in train])
    model.fit(x, labels[train], batch_size=32, epochs=options.epochs)

    scores = model.evaluate(
        numbers([words[i] for i in held_out]), labels[held_out], verbose=0, return_dict=True
    )
    print(f"\nright on {scores['accuracy']:.1%} of {len(held_out)} snippets never seen before")
    for text in ("A warm, funny and clever film.", "Dull, far too long and without a single idea."):
        friendly = float(model.predict(numbers([split(text)]), verbose=0)[0, 0])
        print(f"  {friendly:4.0%} friendly: {text}")
    return scores["accuracy"]


if __name__ == "__main__":
    main()
