"""The reference and the kernels against what PyTorch computed (make/cells_of_pytorch.py)."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rnncore.testing import assert_close, backward_tolerance, forward_tolerance

DATA = Path(__file__).parent / "data"
FILES = sorted(path.stem for path in DATA.glob("*.npz"))
OPS = {
    "lstm": ("lstm", {}),
    "gru": ("gru", {"reset_after": True}),
    "rnn_tanh": ("simple_rnn", {"activation": "tanh"}),
    "rnn_relu": ("simple_rnn", {"activation": "relu"}),
}

Call = dict[str, Any]


@pytest.fixture(params=["rnncore._reference", "rnncore.ops"])
def implementation(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


@pytest.fixture(params=FILES)
def golden(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], Call]:
    with np.load(DATA / f"{request.param}.npz") as file:
        call = {name: file[name] for name in file.files}
    op, options = OPS[request.param.rsplit("_", 2)[0]]
    return op, options, call


def states(call: Call, prefix: str, suffix: str) -> tuple[np.ndarray, ...]:
    names = ("h", "c") if "c0" in call else ("h",)
    return tuple(call[f"{prefix}{name}{suffix}"] for name in names)


def tolerances(call: Call) -> tuple[float, float]:
    (batch, steps, inputs), (units, columns) = call["x"].shape, call["recurrent_kernel"].shape
    dtype = call["x"].dtype
    forward = forward_tolerance(dtype, inputs + units, steps)
    backward = backward_tolerance(dtype, max(inputs + units, columns), steps, batch * steps)
    return forward, backward


def test_there_is_a_file_for_every_cell_case_and_dtype() -> None:
    assert len(FILES) == len(OPS) * 2 * 2


def test_golden_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in DATA.glob("*.npz")) < 300_000


def test_matches_pytorch(
    golden: tuple[str, dict[str, Any], Call], implementation: ModuleType
) -> None:
    op, options, call = golden
    forward, backward = tolerances(call)

    y, state, tape = getattr(implementation, f"{op}_forward")(
        call["x"],
        call["kernel"],
        call["recurrent_kernel"],
        call["bias"],
        states(call, "", "0"),
        lengths=call.get("lengths"),
        **options,
    )
    gradients = getattr(implementation, f"{op}_backward")(tape, call["dy"], states(call, "d", ""))

    assert_close(y, call["y"], forward, "y")
    for name, actual, expected in zip("hc", state, states(call, "", ""), strict=False):
        assert_close(actual, expected, forward, name)
    for name in ("dx", "dkernel", "drecurrent_kernel", "dbias"):
        assert_close(getattr(gradients, name), call[name], backward, name)
    expected_states = states(call, "d", "0")
    assert len(gradients.dinitial_state) == len(expected_states)
    for name, actual, expected in zip(
        "hc", gradients.dinitial_state, expected_states, strict=False
    ):
        assert_close(actual, expected, backward, f"d{name}0")


def test_inference_equals_the_training_forward(
    golden: tuple[str, dict[str, Any], Call], implementation: ModuleType
) -> None:
    op, options, call = golden
    forward, _ = tolerances(call)
    y, state = getattr(implementation, op)(
        call["x"],
        call["kernel"],
        call["recurrent_kernel"],
        call["bias"],
        states(call, "", "0"),
        lengths=call.get("lengths"),
        **options,
    )
    assert_close(y, call["y"], forward, "y")
    for name, actual, expected in zip("hc", state, states(call, "", ""), strict=False):
        assert_close(actual, expected, forward, name)
