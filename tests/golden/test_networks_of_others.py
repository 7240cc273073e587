"""Networks that other libraries published with their results, where the machine has them.

Set RNNCORE_OTHER_MODELS to a folder that holds `rtneural/`: networks of RTNeural (BSD-3-Clause) as
JSON, in the layout of Keras' weights, with inputs and outputs as CSV.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from rnncore import Input, Sequential, _core, layers
from rnncore.saving.runtime_file import runtime_bytes

FOLDER = Path(os.environ.get("RNNCORE_OTHER_MODELS", "")) / "rtneural"
pytestmark = pytest.mark.skipif(
    "RNNCORE_OTHER_MODELS" not in os.environ, reason="RNNCORE_OTHER_MODELS is not set"
)
KINDS = {
    "dense": lambda units, activation: layers.Dense(units, activation),
    "time-distributed-dense": lambda units, activation: layers.Dense(units, activation),
    "lstm": lambda units, _: layers.LSTM(units, return_sequences=True),
    "gru": lambda units, _: layers.GRU(units, return_sequences=True),
}


def network(name: str) -> Sequential:
    found = json.loads((FOLDER / f"{name}.json").read_text())
    model = Sequential([Input((None, found["in_shape"][-1]))])
    for layer in found["layers"]:
        model.add(KINDS[layer["type"]](layer["shape"][-1], layer["activation"] or None))
    model.set_weights([np.array(w) for layer in found["layers"] for w in layer["weights"]])
    return model


@pytest.mark.parametrize("name", ["lstm", "lstm_1d", "gru", "gru_1d"])
def test_rtneural(name: str) -> None:
    model = network(name)
    x = np.loadtxt(FOLDER / f"{name}_x_python.csv", np.float32).reshape(1, -1, 1)
    expected = np.loadtxt(FOLDER / f"{name}_y_python.csv", np.float32).reshape(1, -1, 1)
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=2e-6)
    (whole,) = _core.Model(runtime_bytes(model)).run([x])
    assert (whole == y).all()
    stream = model.stream()
    steps = [stream.step(x[:, t]) for t in range(x.shape[1])]
    assert (np.stack(steps, axis=1) == y).all()
