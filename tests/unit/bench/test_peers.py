"""Libraries compute the same, or say why they do not run a case."""

import json
import subprocess
import sys

import numpy as np
import pytest

import rnncore
from rnncore import _core, _reference
from rnncore.bench.cases import CELLS, Case, make_cases, make_problem, output_names
from rnncore.bench.peers import LIBRARIES, PEERS
from rnncore.bench.worker import agreement

SHAPE = (6, 3, 2, 5)


@pytest.fixture(autouse=True)
def one_thread(runtime: None) -> None:
    rnncore.set_num_threads(1)


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
@pytest.mark.parametrize("mode", ["forward", "step", "stack"])
def test_numpy_computes_what_rnncore_computes(cell: str, mode: str) -> None:
    (case,) = make_cases([cell], [mode], [SHAPE], dtypes=["float64"])
    problem = make_problem(case)
    ours, theirs = (
        candidate.outputs(candidate.call())
        for name in ("rnncore", "numpy")
        for candidate in PEERS[name].prepare(problem)
    )
    assert len(ours) == len(theirs) == len(output_names(case))
    error, what = agreement(case, theirs, ours)
    assert error <= 1, what


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
def test_stack_train_gives_the_gradients_of_four_layers(cell: str) -> None:
    (case,) = make_cases([cell], ["stack_train"], [SHAPE])
    problem = make_problem(case)
    (candidate,) = PEERS["rnncore"].prepare(problem)
    ours = candidate.outputs(candidate.call())
    # The same from the reference, a layer and a direction at a time.
    options = {"time_major": True}
    if case.cell.startswith("gru"):
        options["reset_after"] = case.cell == "gru"
    operation = {"gru_before": "gru", "rnn": "simple_rnn"}.get(case.cell, case.cell)
    forward = getattr(_reference, f"{operation}_forward")
    backward = getattr(_reference, f"{operation}_backward")
    ys, tapes, expected = [problem.x], [], {}
    for first in (0, 2):
        (ahead, _, one), (back, _, other) = (
            forward(ys[-1][::step], *weights, **options)
            for step, weights in zip((1, -1), problem.weights[first : first + 2], strict=True)
        )
        ys.append(np.concatenate((ahead, back[::-1]), axis=-1))
        tapes += [(one, 1), (other, -1)]
    dy = problem.dy
    for first in (2, 0):
        dx = 0
        for index, half in zip((first, first + 1), np.split(dy, 2, axis=-1), strict=True):
            tape, step = tapes[index]
            found = backward(tape, half[::step])
            dx = dx + found.dx[::step]
            for name in ("dkernel", "drecurrent_kernel", "dbias"):
                expected[f"{name}_{index}"] = getattr(found, name)
        dy = dx
    expected |= {"y": ys[-1], "dx": dy}
    assert len(ours) == len(expected)
    error, what = agreement(case, ours, [expected[name] for name in output_names(case)])
    assert error <= 1, what


@pytest.mark.parametrize("cell", [*CELLS, "gru_before"])
@pytest.mark.parametrize("mode", ["forward", "ragged_forward"])
def test_weights_packed_before_give_the_same_bits(cell: str, mode: str) -> None:
    for case in make_cases([cell], [mode], [SHAPE]):
        problem = make_problem(case)
        (packed,), (unpacked,) = (
            PEERS[name].prepare(problem) for name in ("rnncore", "rnncore-unpacked")
        )
        assert (packed.label, unpacked.label) == ("packed", "ops")
        for one, other in zip(
            packed.outputs(packed.call()), unpacked.outputs(unpacked.call()), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_only_inference_over_sequences_is_packed_before() -> None:
    for mode in ("train", "step", "stack"):
        (case,) = make_cases(["gru"], [mode], [SHAPE])
        assert PEERS["rnncore-unpacked"].unsupported(case) == "for inference over sequences"
        assert PEERS["rnncore"].prepare(make_problem(case))[0].label in ("ops", "layers")


@pytest.mark.parametrize("mode", ["forward", "train", "stack"])
def test_fewer_threads_are_a_context_for_the_call(mode: str) -> None:
    rnncore.set_num_threads(2)
    (case,) = make_cases(["lstm"], [mode], [(20, 48, 6, 72)], threads=[2])
    problem, context = make_problem(case), _core.get_context()
    (one,), (two,) = (PEERS[name].prepare(problem) for name in ("rnncore-1t", "rnncore"))
    before = context.row_steps
    found = one.outputs(one.call())
    assert (context.row_steps, _core.get_context()) == (before, context)
    for array, expected in zip(found, two.outputs(two.call()), strict=True):
        np.testing.assert_array_equal(array, expected)
    assert context.row_steps > before
    assert PEERS["rnncore-1t"].unsupported(case) is None
    assert PEERS["rnncore-2t"].unsupported(case) == "for more threads"


def test_without_blas_computes_the_same() -> None:
    (case,) = make_cases(["lstm"], ["train"], [SHAPE])
    problem = make_problem(case)
    ours, plain = (
        candidate.outputs(candidate.call())
        for name in ("rnncore", "rnncore-noblas")
        for candidate in PEERS[name].prepare(problem)
    )
    assert agreement(case, plain, ours)[0] <= 1


def test_peers_say_why_they_do_not_run_a_case() -> None:
    case = Case("lstm", "train", 5, 2, 3, 4)
    for name in ("onnxruntime", "numpy"):
        assert PEERS[name].unsupported(case) == "runs inference only"
    assert PEERS["torch"].unsupported(case) is None


def test_no_library_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, rnncore.bench.command\n"
        "print([m for m in ('torch', 'onnxruntime', 'openvino', 'jax', 'keras', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
    assert set(LIBRARIES) >= {"torch", "jax"}
