"""Libraries compute the same, or say why they do not run a case."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import rnncore
from rnncore.bench.cases import (
    CELLS,
    Array,
    Case,
    Weights,
    gradient_names,
    make_cases,
    make_problem,
)
from rnncore.bench.peers import LIBRARIES, PEERS, numpy_peer
from rnncore.bench.worker import agreement

SHAPE = (6, 3, 2, 5)


@pytest.fixture(autouse=True)
def one_thread(runtime: None) -> None:
    rnncore.set_num_threads(1)


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
@pytest.mark.parametrize("mode", ["forward", "train", "step", "stack"])
def test_numpy_computes_what_rnncore_computes(cell: str, mode: str) -> None:
    (case,) = make_cases([cell], [mode], [SHAPE], dtypes=["float64"])
    problem = make_problem(case)
    ours, theirs = (
        candidate.outputs(candidate.call())
        for name in ("rnncore", "numpy")
        for candidate in PEERS[name].prepare(problem)
    )
    assert set(ours) == set(theirs)
    found = agreement(case, theirs, ours)
    assert found.holds, found


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
def test_stack_train_gives_the_gradients_of_four_layers(cell: str) -> None:
    (case,) = make_cases([cell], ["stack_train"], [SHAPE])
    problem = make_problem(case)
    (candidate,) = PEERS["rnncore"].prepare(problem)
    ours = candidate.outputs(candidate.call())
    assert set(ours) == {"y", *gradient_names(case)}
    # The same from plain NumPy, a layer and a direction at a time.

    def ahead_and_back(x: Array, weights: tuple[Weights, ...]) -> Array:
        ahead, back = (
            numpy_peer.forward(replace(problem, x=sequence, weights=(one,)))[0]["y"]
            for sequence, one in zip((x, x[::-1]), weights, strict=True)
        )
        return np.concatenate((ahead, back[::-1]), axis=-1)

    between = ahead_and_back(problem.x, problem.weights[:2])
    expected = {"y": ahead_and_back(between, problem.weights[2:])}
    dy = problem.dy
    for layer, x in ((2, between), (0, problem.x)):
        dxs = []
        for direction, step in ((0, 1), (1, -1)):
            half = dy[..., direction * case.units : (direction + 1) * case.units]
            one = replace(
                problem,
                x=x[::step],
                dy=half[::step],
                weights=problem.weights[layer + direction :][:1],
            )
            found = numpy_peer.train(one)[0]
            dxs.append(found["dx"][::step])
            for name in ("dkernel", "drecurrent_kernel", "dbias"):
                expected[f"{name}_{layer + direction}"] = found[name]
        dy = dxs[0] + dxs[1]
    agreed = agreement(case, ours, {**expected, "dx": dy})
    assert agreed.holds, agreed


def test_without_blas_computes_the_same() -> None:
    (case,) = make_cases(["lstm"], ["train"], [SHAPE])
    problem = make_problem(case)
    ours, plain = (
        candidate.outputs(candidate.call())
        for name in ("rnncore", "rnncore-noblas")
        for candidate in PEERS[name].prepare(problem)
    )
    assert agreement(case, plain, ours).holds


def test_peers_say_why_they_do_not_run_a_case() -> None:
    case = Case("lstm", "train", 5, 2, 3, 4)
    assert PEERS["onnxruntime"].unsupported(case) == "runs inference only"
    assert PEERS["numpy"].unsupported(case) is None


def test_no_library_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, rnncore.bench.command\n"
        "print([m for m in ('torch', 'onnxruntime', 'openvino', 'jax', 'keras', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    assert set(LIBRARIES) >= {"torch", "jax"}
