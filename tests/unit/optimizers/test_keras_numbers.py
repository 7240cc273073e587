"""Twenty steps of every optimizer against Keras (golden/make/optimizers_of_keras.py)."""

import numpy as np
import pytest
from golden_data import golden

from rnncore import optimizers

CASES = golden("optimizers_of_keras")
SIZES = [12, 5, 6]


class Segment:
    def __init__(self, offset, size, decay):
        self.offset, self.size, self.decay = offset, size, decay
        self.trainable, self.name = True, "weight"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']}-{c['arguments']}")
def test_trajectory_is_that_of_keras(case, dtype):
    offsets = [0, 12, 17]
    segments = [Segment(o, n, k != 1) for k, (o, n) in enumerate(zip(offsets, SIZES, strict=True))]
    params = np.concatenate([np.sin(np.arange(n) + n) for n in SIZES]).astype(dtype)
    optimizer = getattr(optimizers, case["name"])(learning_rate=0.0625, **case["arguments"])
    for step in range(20):
        grads = [np.cos((step + 1.5) * (np.arange(n) + n)) for n in SIZES]
        optimizer.step(params, np.concatenate(grads).astype(dtype), segments)
    assert params.dtype == dtype
    # Rounding errors of 20 steps; RMSprop divides by roots of small sums, which enlarges them.
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    if case["name"] == "Nadam":
        tolerance = max(tolerance, 1e-6)  # Keras has a constant of its own that is not exact
    np.testing.assert_allclose(params, case["weights"], rtol=0, atol=tolerance)
