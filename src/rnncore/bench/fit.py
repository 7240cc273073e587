"""A whole `fit`, from the start of Python: LSTM - Dropout(0.2) - Dense(1), Adam, mse.

    python -m rnncore.bench.fit LIBRARY START UNITS EPOCHS

is the program that is timed, one process a library; START is `time.time()` when it was launched. It
prints one line of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from rnncore.bench.cases import Array

STEPS, INPUTS, BATCH, SAMPLES = 50, 3, 32, 1024
DROPOUT = 0.2
LIBRARIES = ("rnncore", "torch", "keras", "keras-jit")
Epoch = Callable[[], None]


def _data() -> tuple[Array, Array]:
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal((SAMPLES, STEPS, INPUTS), np.float32)
    return x, x.mean(axis=(1, 2))[:, None] + x[:, -1, :1]


def _rnncore(units: int) -> Epoch:
    from rnncore.layers import LSTM, Dense, Dropout
    from rnncore.models import Sequential

    x, y = _data()
    model = Sequential([LSTM(units, input_shape=(STEPS, INPUTS)), Dropout(DROPOUT), Dense(1)])
    model.compile(optimizer="adam", loss="mse")

    def epoch() -> None:
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)

    return epoch


def _keras(units: int, jit: bool) -> Epoch:
    keras = importlib.import_module("keras")
    tf = importlib.import_module("tensorflow")
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layers = keras.layers
    x, y = _data()
    model = keras.Sequential(
        [
            keras.Input((STEPS, INPUTS)),
            layers.LSTM(units),
            layers.Dropout(DROPOUT),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mse", jit_compile=True if jit else "auto")

    def epoch() -> None:
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)

    return epoch


def _torch(units: int) -> Epoch:
    torch = importlib.import_module("torch")
    nn = torch.nn
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    x, y = (torch.from_numpy(array) for array in _data())
    lstm, dropout = nn.LSTM(INPUTS, units, batch_first=True), nn.Dropout(DROPOUT)
    dense = nn.Linear(units, 1)
    parameters = [*lstm.parameters(), *dense.parameters()]
    optimizer = torch.optim.Adam(parameters, fused=True)
    loss_of = nn.MSELoss()

    def epoch() -> None:
        order = torch.randperm(SAMPLES)
        for start in range(0, SAMPLES, BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad(set_to_none=True)
            output, _ = lstm(x[rows])
            loss = loss_of(dense(dropout(output[:, -1])), y[rows])
            loss.backward()
            optimizer.step()

    return epoch


def run(library: str, start: float, units: int, epochs: int) -> dict[str, Any]:
    """Time to the first epoch's end since `start`, and of a step in the later epochs."""
    make: dict[str, Callable[[int], Epoch]] = {
        "rnncore": _rnncore,
        "torch": _torch,
        "keras": lambda units: _keras(units, jit=False),
        "keras-jit": lambda units: _keras(units, jit=True),
    }
    epoch = make[library](units)
    ready = time.time() - start
    epoch()
    first = time.time() - start
    steps = SAMPLES // BATCH
    seconds = []
    for _ in range(epochs):
        begin = time.perf_counter()
        epoch()
        seconds.append((time.perf_counter() - begin) / steps)
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return {
        "library": library,
        "units": units,
        "ready": ready,
        "first_epoch": first,
        "step": median,
        "low": low,
        "high": high,
        "samples_per_second": BATCH / median,
        "peak_bytes": _peak_bytes(),
    }


def _peak_bytes() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
