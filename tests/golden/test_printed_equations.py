"""The equations printed in the five introductory articles, written out in their own notation.

Each is transcribed as it stands there, with column vectors and one matrix a gate, and compared with
the reference and with the kernels under the conversion that docs/equations.md gives.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest

from rnncore import _reference
from rnncore.testing import assert_close, forward_tolerance

INPUTS, UNITS, STEPS, CLASSES = 3, 4, 6, 5
TOLERANCE = forward_tolerance(np.float64, INPUTS + UNITS, STEPS)

Array = np.ndarray


@pytest.fixture(params=["rnncore._reference", "rnncore.ops"])
def implementation(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def sigma(a: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-a)))


def draw(rng: np.random.Generator, names: str, *shape: int) -> dict[str, Array]:
    return {name: rng.standard_normal(shape) for name in names.split()}


def as_row(*vectors: Array) -> Array:
    """Bias or state vectors side by side."""
    return np.concatenate(vectors)


def as_kernel(*matrices: Array) -> Array:
    """Matrices that multiply columns from the left, as one that multiplies rows from the right."""
    return np.ascontiguousarray(np.concatenate(matrices).T)


@pytest.mark.parametrize(("activation", "f"), [
    ("tanh", np.tanh),
    ("relu", lambda a: np.maximum(a, 0.0)),
])  # fmt: skip
def test_recurrent_layer_of_all_articles(
    implementation: ModuleType, rng: np.random.Generator, activation: str, f: np.ufunc
) -> None:
    """h_t = f(W_hh h_{t-1} + W_xh x_t + b_h); articles 4 and 5 write W_ih, W and U, b."""
    x, h_0 = rng.standard_normal((STEPS, INPUTS)), rng.standard_normal(UNITS)
    W_xh, W_hh = rng.standard_normal((UNITS, INPUTS)), rng.standard_normal((UNITS, UNITS))
    b_h = rng.standard_normal(UNITS)
    y, _ = implementation.simple_rnn(
        x[None], as_kernel(W_xh), as_kernel(W_hh), b_h, (h_0[None],), activation=activation
    )
    h = h_0
    for t in range(STEPS):
        h = f(W_hh @ h + W_xh @ x[t] + b_h)
        assert_close(y[0, t], h, TOLERANCE, f"h at step {t}")


def test_output_layers_of_articles_1_3_4_and_5(rng: np.random.Generator) -> None:
    """y_t = W_hy h_t + b_y, and with g = softmax y_t = g(V h_t + c)."""
    h = rng.standard_normal((STEPS, UNITS))
    V, c = rng.standard_normal((CLASSES, UNITS)), rng.standard_normal(CLASSES)
    linear = _reference.dense(h, as_kernel(V), c)
    softmax = _reference.dense(h, as_kernel(V), c, "softmax")
    for t in range(STEPS):
        a = V @ h[t] + c
        assert_close(linear[t], a, TOLERANCE, "linear output")
        assert_close(softmax[t], np.exp(a) / np.exp(a).sum(), TOLERANCE, "softmax output")


def test_lstm_of_article_2(implementation: ModuleType, rng: np.random.Generator) -> None:
    x, h_0 = rng.standard_normal((STEPS, INPUTS)), rng.standard_normal(UNITS)
    C_0 = rng.standard_normal(UNITS)
    w = draw(rng, "ii ff io ig", UNITS, INPUTS)
    u = draw(rng, "hi hf ho hg", UNITS, UNITS)
    b = draw(rng, "i f o g", UNITS)
    y, (_, c) = implementation.lstm(
        x[None],
        as_kernel(w["ii"], w["ff"], w["ig"], w["io"]),
        as_kernel(u["hi"], u["hf"], u["hg"], u["ho"]),
        as_row(b["i"], b["f"], b["g"], b["o"]),
        (h_0[None], C_0[None]),
    )
    h, C = h_0, C_0
    for t in range(STEPS):
        i = sigma(w["ii"] @ x[t] + u["hi"] @ h + b["i"])
        f = sigma(w["ff"] @ x[t] + u["hf"] @ h + b["f"])
        o = sigma(w["io"] @ x[t] + u["ho"] @ h + b["o"])
        g = np.tanh(w["ig"] @ x[t] + u["hg"] @ h + b["g"])
        C = f * C + i * g
        h = o * np.tanh(C)
        assert_close(y[0, t], h, TOLERANCE, f"h at step {t}")
    assert_close(c[0], C, TOLERANCE, "C")


def test_gru_of_article_2(implementation: ModuleType, rng: np.random.Generator) -> None:
    """Its update gate is 1 - ours (negated columns), its reset comes before the product."""
    x, h_0 = rng.standard_normal((STEPS, INPUTS)), rng.standard_normal(UNITS)
    w = draw(rng, "zz rr xh", UNITS, INPUTS)
    u = draw(rng, "hz hr hh", UNITS, UNITS)
    b = draw(rng, "z r h", UNITS)
    y, _ = implementation.gru(
        x[None],
        as_kernel(-w["zz"], w["rr"], w["xh"]),
        as_kernel(-u["hz"], u["hr"], u["hh"]),
        as_row(-b["z"], b["r"], b["h"]),
        (h_0[None],),
        reset_after=False,
    )
    h = h_0
    for t in range(STEPS):
        z = sigma(w["zz"] @ x[t] + u["hz"] @ h + b["z"])
        r = sigma(w["rr"] @ x[t] + u["hr"] @ h + b["r"])
        candidate = np.tanh(w["xh"] @ x[t] + u["hh"] @ (r * h) + b["h"])
        h = (1.0 - z) * h + z * candidate
        assert_close(y[0, t], h, TOLERANCE, f"h at step {t}")
