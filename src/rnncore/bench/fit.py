"""A whole `fit`, from the start of Python, of two models trained with Adam in batches of 32.

- ``regression``: LSTM(50) - Dropout(0.2) - Dense(1) on (50, 3), mean squared error;
- ``text``: Embedding(50000, 64) - LSTM(64) - Dropout(0.2) - Dense(20, softmax) on 100 ids, of
  which few are frequent and most are rare, sparse categorical cross-entropy.

    python -P fit.py LIBRARY MODEL START EPOCHS

is the program that is timed, one process a library; START is `time.time()` when it was launched. It
prints one line of JSON. It runs as a file of its own and imports nothing of rnncore for the other
libraries, so that their start is theirs alone.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BATCH, SAMPLES = 32, 1024
DROPOUT = 0.2
STEPS, INPUTS, UNITS = 50, 3, 50  # of regression
LENGTH, VOCABULARY, WIDTH, CLASSES = 100, 50_000, 64, 20  # of text

# What each of them imports: it brings all that is needed.
_MODULES = {"rnncore": "rnncore.models", "torch": "torch", "keras": "keras", "keras-jit": "keras"}
_LOSSES = {"regression": "mse", "text": "sparse_categorical_crossentropy"}
MODELS, LIBRARIES = tuple(_LOSSES), tuple(_MODULES)
Fit = Callable[[Any, Any], float]  # one epoch over x and y, returns the mean loss


def _data(model: str) -> tuple[Any, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    if model == "regression":
        x = rng.standard_normal((SAMPLES, STEPS, INPUTS), np.float32)
        return x, x.mean(axis=(1, 2))[:, None] + x[:, -1, :1]
    # The logarithm is uniform: an id is about as frequent as 1 / id.
    ids = (VOCABULARY ** rng.random((SAMPLES, LENGTH))).astype(np.int32) - 1
    return ids, ids[:, -1] % CLASSES


def _keras(keras: Any, model: str, **options: Any) -> Fit:
    """rnncore has the names of Keras."""
    layers = keras.layers
    dropout = layers.Dropout(DROPOUT)
    if model == "regression":
        stack = [keras.Input((STEPS, INPUTS)), layers.LSTM(UNITS), dropout, layers.Dense(1)]
    else:
        stack = [keras.Input((LENGTH,), dtype="int32"), layers.Embedding(VOCABULARY, WIDTH)]
        stack += [layers.LSTM(WIDTH), dropout, layers.Dense(CLASSES, activation="softmax")]
    network = keras.Sequential(stack)
    network.compile(optimizer="adam", loss=_LOSSES[model], **options)

    def fit(x: Any, y: Any) -> float:
        history = network.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        return float(history.history["loss"][0])

    return fit


def _make(library: str, model: str) -> Fit:
    if library == "torch":
        return _torch(model)
    if library == "rnncore":
        return _keras(importlib.import_module("rnncore"), model)
    threading = importlib.import_module("tensorflow").config.threading
    threading.set_intra_op_parallelism_threads(_threads())
    threading.set_inter_op_parallelism_threads(1)
    jit = True if library == "keras-jit" else "auto"
    return _keras(importlib.import_module("keras"), model, jit_compile=jit)


def _torch(model: str) -> Fit:
    torch = importlib.import_module("torch")
    nn = torch.nn
    torch.set_num_threads(_threads())
    text = model == "text"
    embedding = nn.Embedding(VOCABULARY, WIDTH) if text else nn.Identity()
    lstm = nn.LSTM(WIDTH if text else INPUTS, WIDTH if text else UNITS, batch_first=True)
    dropout, dense = nn.Dropout(DROPOUT), nn.Linear(lstm.hidden_size, CLASSES if text else 1)
    network = nn.ModuleList([embedding, lstm, dense])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    loss_of = nn.CrossEntropyLoss() if text else nn.MSELoss()

    def fit(x: Any, y: Any) -> float:
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        if text:
            y = y.long()
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad(set_to_none=True)
            output, _ = lstm(embedding(x[rows]))
            loss = loss_of(dense(dropout(output[:, -1])), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) / (len(x) // BATCH)

    return fit


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def run(library: str, model: str, start: float, epochs: int) -> dict[str, Any]:
    """Seconds of the import, from `start` to the first batch's and epoch's end, and of a step.

    The first batch is a `fit` of its own before the first epoch; a step is an epoch's share in
    the later ones.
    """
    begin = time.perf_counter()
    importlib.import_module(_MODULES[library])
    imported = time.perf_counter() - begin
    fit = _make(library, model)
    x, y = _data(model)
    fit(x[:BATCH], y[:BATCH])
    first_batch = time.time() - start
    fit(x, y)
    first_epoch = time.time() - start
    seconds, loss = [], float("nan")
    for _ in range(epochs):
        begin = time.perf_counter()
        loss = fit(x, y)
        seconds.append((time.perf_counter() - begin) / (SAMPLES // BATCH))
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return {
        "library": library,
        "version": importlib.import_module(library.partition("-")[0]).__version__,
        "model": model,
        "import": imported,
        "first_batch": first_batch,
        "first_epoch": first_epoch,
        "step": median,
        "low": low,
        "high": high,
        "samples_per_second": BATCH / median,
        "loss": loss,
        "peak_bytes": memory("VmHWM"),
    }


def memory(name: str) -> int | None:
    """Bytes that this process has ("VmRSS") or had at most ("VmHWM"), None off Linux."""
    # What `getrusage` says may be the size of the process that started this one.
    status = Path("/proc/self/status")
    found = re.search(rf"{name}:\s+(\d+)", status.read_text()) if status.exists() else None
    return None if found is None else int(found[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))
