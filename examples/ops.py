"""The functional interface: an LSTM forward and backward by hand, on ragged sequences.

    python examples/ops.py [--quick] [--epochs N] [--seed N]

Tells the nine speakers of JapaneseVowels apart with `rnncore.ops.lstm_forward` and `lstm_backward`,
a softmax and plain gradient descent with momentum, written out in NumPy. It uses no layer or
optimizer, and so shows what they do.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from rnncore import ops
from rnncore.datasets import load_japanese_vowels

UNITS, SPEAKERS, BATCH = 64, 9, 27


def main(arguments: Sequence[str] | None = None) -> float:
    """Train, print what was reached and return the accuracy on the test utterances."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40, help="default 40")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default 0)")
    parser.add_argument("--quick", action="store_true", help="two epochs, to see it run")
    options = parser.parse_args(arguments)
    epochs = 2 if options.quick else options.epochs

    train, test = load_japanese_vowels()
    rng = np.random.default_rng(options.seed)

    def random(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

    # The four gates i f g o lie side by side: 4 * UNITS columns.
    weights = {
        "kernel": random(train.x.shape[2], 4 * UNITS),
        "recurrent_kernel": random(UNITS, 4 * UNITS),
        "bias": np.zeros(4 * UNITS, np.float32),
        "out": random(UNITS, SPEAKERS),
    }
    weights["bias"][UNITS : 2 * UNITS] = 1  # a forget gate that is open at first
    velocity = {name: np.zeros_like(w) for name, w in weights.items()}

    def lstm_arguments() -> tuple[np.ndarray, ...]:
        return weights["kernel"], weights["recurrent_kernel"], weights["bias"]

    for epoch in range(epochs):
        total = 0.0
        order = rng.permutation(len(train.x))
        for rows in np.split(order, len(order) // BATCH):
            # Forwards. Steps beyond a row's length are ignored. `h` is the state after each row's
            # own last step; the tape keeps what the backward needs.
            _, (h, _), tape = ops.lstm_forward(
                train.x[rows], *lstm_arguments(), lengths=train.lengths[rows]
            )
            p = softmax(h @ weights["out"])
            right = np.arange(len(rows)), train.y[rows]
            total -= np.log(p[right]).sum()

            # Backwards. The loss reaches the LSTM through h alone: no dy, and no dc.
            dlogits = p.copy()
            dlogits[right] -= 1
            dlogits /= len(rows)
            g = ops.lstm_backward(tape, None, (dlogits @ weights["out"].T, None))
            gradients = {
                "kernel": g.dkernel,
                "recurrent_kernel": g.drecurrent_kernel,
                "bias": g.dbias,
                "out": h.T @ dlogits,
            }
            for name, w in weights.items():
                velocity[name] = 0.9 * velocity[name] - 0.1 * gradients[name]
                w += velocity[name]
        print(f"epoch {epoch + 1:2d}: loss {total / len(order):.4f}")

    # Without a tape: the call for inference.
    _, (h, _) = ops.lstm(test.x, *lstm_arguments(), lengths=test.lengths)
    accuracy = float(((h @ weights["out"]).argmax(axis=1) == test.y).mean())
    print(f"test accuracy {accuracy:.3f}")
    return accuracy


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
