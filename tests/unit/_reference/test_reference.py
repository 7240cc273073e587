"""The oracle against its own finite differences, and the laws of lengths, masks and layouts."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from choosing import pairwise

from rnncore import _reference as reference
from rnncore.testing import assert_close, check_gradients

CELLS = {
    "lstm": ("lstm", {}, 4),
    "gru_after": ("gru", {"reset_after": True}, 3),
    "gru_before": ("gru", {"reset_after": False}, 3),
    "rnn_tanh": ("simple_rnn", {"activation": "tanh"}, 1),
    "rnn_relu": ("simple_rnn", {"activation": "relu"}, 1),
    "rnn_sigmoid": ("simple_rnn", {"activation": "sigmoid"}, 1),
    "rnn_linear": ("simple_rnn", {"activation": "linear"}, 1),
}
BATCH, STEPS, INPUTS, UNITS = 4, 5, 2, 3
LENGTHS = np.array([5, 0, 3, 1])
FRONT = np.arange(STEPS) >= (STEPS - LENGTHS)[:, None]
HOLES = np.array([[1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [1, 0, 0, 1, 1]], dtype=bool)
ROWS = {
    "full": {},
    "lengths": {"lengths": LENGTHS},
    "front_padding": {"mask": FRONT},
    "holes": {"mask": HOLES},
}
EXACT = 1e-14


class Problem:
    """One call with distinct random states, and gradients for all of its outputs."""

    def __init__(
        self, name: str, *, bias: bool = True, steps: int = STEPS, **sequence: Any
    ) -> None:
        self.op, cell_options, gates = CELLS[name]
        self.options: dict[str, Any] = {**cell_options, **sequence}
        rng = np.random.default_rng(7)
        columns = gates * UNITS
        self.arrays = {
            "x": rng.standard_normal((BATCH, steps, INPUTS)),
            "kernel": rng.standard_normal((INPUTS, columns)),
            "recurrent_kernel": 0.6 * rng.standard_normal((UNITS, columns)),
        }
        if bias:
            shape = (2, columns) if name == "gru_after" else (columns,)
            self.arrays["bias"] = rng.standard_normal(shape)
        self.state_names = ("h", "c") if name == "lstm" else ("h",)
        for state in self.state_names:
            self.arrays[state] = rng.standard_normal((BATCH, UNITS))
        self.dy = rng.standard_normal((BATCH, steps, UNITS))
        self.dstate = tuple(rng.standard_normal((BATCH, UNITS)) for _ in self.state_names)

    def arguments(self) -> tuple[Any, ...]:
        a = self.arrays
        initial = tuple(a[name] for name in self.state_names)
        return a["x"], a["kernel"], a["recurrent_kernel"], a.get("bias"), initial

    def run(self, **changes: Any) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        result = getattr(reference, self.op)(*self.arguments(), **{**self.options, **changes})
        return result[0], result[1]

    def forward(self, **changes: Any) -> tuple[np.ndarray, tuple[np.ndarray, ...], Any]:
        function = getattr(reference, f"{self.op}_forward")
        y, state, tape = function(*self.arguments(), **{**self.options, **changes})
        return y, state, tape

    def backward(self, tape: Any, dy: Any, dstate: Any = None) -> dict[str, np.ndarray]:
        g = getattr(reference, f"{self.op}_backward")(tape, dy, dstate)
        named = {"x": g.dx, "kernel": g.dkernel, "recurrent_kernel": g.drecurrent_kernel}
        if g.dbias is not None:
            named["bias"] = g.dbias
        return {**named, **dict(zip(self.state_names, g.dinitial_state, strict=True))}

    def loss(self) -> float:
        y, state = self.run()
        total = float((y * self.dy).sum())
        return total + sum(float((s * d).sum()) for s, d in zip(state, self.dstate, strict=True))


def assert_same(actual: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(actual) == set(expected)
    for name, array in expected.items():
        assert_close(actual[name], array, EXACT, f"d{name}")


@pytest.fixture(params=list(CELLS))
def cell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---- gradients -------------------------------------------------------------------------------


@pairwise(cell=CELLS, rows=ROWS, go_backwards=[False, True])
def test_gradients_agree_with_finite_differences(cell: str, rows: str, go_backwards: bool) -> None:
    problem = Problem(cell, **ROWS[rows], go_backwards=go_backwards)
    _, _, tape = problem.forward()
    gradients = problem.backward(tape, problem.dy, problem.dstate)
    check_gradients(problem.loss, problem.arrays, gradients, tolerance=1e-8, max_entries=4)


def test_gradients_without_bias(cell: str) -> None:
    problem = Problem(cell, bias=False, lengths=LENGTHS)
    _, _, tape = problem.forward()
    gradients = problem.backward(tape, problem.dy, problem.dstate)
    assert "bias" not in gradients
    check_gradients(problem.loss, problem.arrays, gradients, tolerance=1e-8, max_entries=6)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "sigmoid", "softmax"])
@pytest.mark.parametrize("bias", [True, False])
def test_dense_gradients_agree_with_finite_differences(activation: str, bias: bool) -> None:
    rng = np.random.default_rng(3)
    arrays = {"x": rng.standard_normal((2, 3, INPUTS)), "kernel": rng.standard_normal((INPUTS, 4))}
    if bias:
        arrays["bias"] = rng.standard_normal(4)
    dy = rng.standard_normal((2, 3, 4))

    def loss() -> float:
        return float((reference.dense(**arrays, activation=activation) * dy).sum())

    _, tape = reference.dense_forward(**arrays, activation=activation)
    g = reference.dense_backward(tape, dy)
    gradients = {"x": g.dx, "kernel": g.dkernel} | ({"bias": g.dbias} if bias else {})
    check_gradients(loss, arrays, gradients, tolerance=1e-8)


def test_missing_gradients_count_as_zero(cell: str) -> None:
    problem = Problem(cell, mask=HOLES)
    _, _, tape = problem.forward()
    zeros = tuple(np.zeros_like(d) for d in problem.dstate)
    assert_same(
        problem.backward(tape, None, problem.dstate),
        problem.backward(tape, np.zeros_like(problem.dy), problem.dstate),
    )
    assert_same(problem.backward(tape, problem.dy), problem.backward(tape, problem.dy, zeros))
    nones = (None,) * len(zeros)
    assert_same(problem.backward(tape, problem.dy), problem.backward(tape, problem.dy, nones))


# ---- known values ----------------------------------------------------------------------------


def test_lstm_step_by_hand() -> None:
    ln3 = np.log(3.0)  # sigmoid(ln 3) = 3/4, sigmoid(-ln 3) = 1/4, tanh(ln 3) = 4/5
    kernel = np.array([[ln3, -ln3, ln3, ln3]])
    y, (h, c) = reference.lstm(
        np.ones((1, 1, 1)), kernel, np.zeros((1, 4)), None, ([[0.3]], [[2.0]])
    )
    assert c[0, 0] == pytest.approx(0.25 * 2.0 + 0.75 * 0.8, abs=1e-15)
    assert h[0, 0] == pytest.approx(0.75 * np.tanh(1.1), abs=1e-15)
    assert y[0, 0, 0] == h[0, 0]


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_step_by_hand(reset_after: bool) -> None:
    ln3, h_old, u = np.log(3.0), 0.4, 0.7
    kernel = np.array([[ln3, -ln3, 0.2]])  # z = 3/4, r = 1/4
    recurrent = np.array([[0.0, 0.0, u]])
    bias = np.array([[0.0, 0.0, 0.1], [0.0, 0.0, 0.5]]) if reset_after else [0.0, 0.0, 0.1]
    y, _ = reference.gru(
        np.ones((1, 1, 1)), kernel, recurrent, bias, ([[h_old]],), reset_after=reset_after
    )
    inner = 0.25 * (h_old * u + 0.5) if reset_after else 0.25 * h_old * u
    expected = 0.75 * h_old + 0.25 * np.tanh(0.2 + 0.1 + inner)
    assert y[0, 0, 0] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("linear", -0.5), ("relu", 0.0), ("tanh", np.tanh(-0.5)), ("sigmoid", 1 / (1 + np.exp(0.5)))],
)
def test_simple_rnn_step_by_hand(activation: str, expected: float) -> None:
    y, _ = reference.simple_rnn(
        [[[1.0]]], [[-1.0]], [[0.5]], [0.25], ([[0.5]],), activation=activation
    )
    assert y[0, 0, 0] == pytest.approx(expected, abs=1e-15)


def test_gates_saturate_without_overflow() -> None:
    with np.errstate(all="raise", under="ignore"):
        y, _ = reference.lstm([[[1e6], [-1e6]]], np.ones((1, 4)), np.ones((1, 4)))
    assert np.isfinite(y).all()


# ---- lengths and masks -----------------------------------------------------------------------


@pytest.mark.parametrize("go_backwards", [False, True])
def test_lengths_equal_a_prefix_mask(cell: str, go_backwards: bool) -> None:
    problem = Problem(cell, go_backwards=go_backwards)
    real = np.arange(STEPS) < LENGTHS[:, None]
    y, state, tape = problem.forward(lengths=LENGTHS)
    y_mask, state_mask, tape_mask = problem.forward(mask=real)
    np.testing.assert_array_equal(y, np.where(real[:, :, None], y_mask, 0.0))
    for a, b in zip(state, state_mask, strict=True):
        np.testing.assert_array_equal(a, b)
    dy = np.where(real[:, :, None], problem.dy, 0.0)
    assert_same(
        problem.backward(tape, problem.dy, problem.dstate),
        problem.backward(tape_mask, dy, problem.dstate),
    )


@pytest.mark.parametrize("rows", ["lengths", "front_padding", "holes"])
def test_nan_in_the_padding_changes_nothing(cell: str, rows: str) -> None:
    problem = Problem(cell, **ROWS[rows])
    y, state, tape = problem.forward()
    gradients = problem.backward(tape, problem.dy, problem.dstate)

    real = problem.options.get("mask", np.arange(STEPS) < LENGTHS[:, None])
    problem.arrays["x"][~real] = np.nan
    y_nan, state_nan, tape_nan = problem.forward()
    np.testing.assert_array_equal(y_nan, y)
    for a, b in zip(state_nan, state, strict=True):
        np.testing.assert_array_equal(a, b)
    assert_same(problem.backward(tape_nan, problem.dy, problem.dstate), gradients)


def test_dy_beyond_the_length_or_before_the_first_real_step_is_never_read(cell: str) -> None:
    beyond = np.arange(STEPS) >= LENGTHS[:, None]
    before = np.cumsum(HOLES, axis=1) == 0
    for options, ignored in (({"lengths": LENGTHS}, beyond), ({"mask": HOLES}, before)):
        problem = Problem(cell, **options)
        _, _, tape = problem.forward()
        dy = problem.dy.copy()
        dy[ignored] = np.nan
        expected = problem.backward(tape, problem.dy, problem.dstate)
        assert_same(problem.backward(tape, dy, problem.dstate), expected)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_masked_step_repeats_the_output_before_it(cell: str, go_backwards: bool) -> None:
    y, _ = Problem(cell, mask=HOLES, go_backwards=go_backwards).run()
    for b in range(BATCH):
        previous = np.zeros(UNITS)
        for t in reversed(range(STEPS)) if go_backwards else range(STEPS):
            if not HOLES[b, t]:
                np.testing.assert_array_equal(y[b, t], previous)
            previous = y[b, t]


@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_mask_drops_steps(cell: str, go_backwards: bool) -> None:
    problem = Problem(cell, go_backwards=go_backwards)
    y, state = problem.run(mask=HOLES)
    x, kernel, recurrent_kernel, bias, initial = problem.arguments()
    for b in range(BATCH):
        kept = x[b : b + 1, HOLES[b]]
        y_kept, state_kept = getattr(reference, problem.op)(
            kept,
            kernel,
            recurrent_kernel,
            bias,
            tuple(s[b : b + 1] for s in initial),
            **problem.options,
        )
        np.testing.assert_array_equal(y[b, HOLES[b]], y_kept[0])
        for whole, alone in zip(state, state_kept, strict=True):
            np.testing.assert_array_equal(whole[b], alone[0])


def test_rows_without_a_real_step_return_the_initial_state(cell: str) -> None:
    for options in ({"lengths": np.zeros(BATCH, int)}, {"mask": np.zeros((BATCH, STEPS), bool)}):
        problem = Problem(cell, **options)
        y, state, tape = problem.forward()
        assert not y.any()
        for name, final in zip(problem.state_names, state, strict=True):
            np.testing.assert_array_equal(final, problem.arrays[name])
        gradients = problem.backward(tape, problem.dy, problem.dstate)
        for name, passed in zip(problem.state_names, problem.dstate, strict=True):
            np.testing.assert_array_equal(gradients.pop(name), passed)
        assert not any(g.any() for g in gradients.values())


def test_no_steps_at_all(cell: str) -> None:
    problem = Problem(cell, steps=0)
    y, state, tape = problem.forward()
    assert y.shape == (BATCH, 0, UNITS)
    np.testing.assert_array_equal(state[-1], problem.arrays[problem.state_names[-1]])
    gradients = problem.backward(tape, problem.dy, problem.dstate)
    assert gradients["x"].shape == (BATCH, 0, INPUTS)
    np.testing.assert_array_equal(gradients["h"], problem.dstate[0])


# ---- direction, layout, dtype ----------------------------------------------------------------


def test_go_backwards_is_the_reversed_sequence(cell: str) -> None:
    problem = Problem(cell)
    y, state, tape = problem.forward(go_backwards=True)
    gradients = problem.backward(tape, problem.dy, problem.dstate)
    problem.arrays["x"] = problem.arrays["x"][:, ::-1]
    y_reversed, state_reversed, tape_reversed = problem.forward()
    reversed_gradients = problem.backward(tape_reversed, problem.dy[:, ::-1], problem.dstate)
    reversed_gradients["x"] = reversed_gradients["x"][:, ::-1]
    np.testing.assert_array_equal(y, y_reversed[:, ::-1])
    np.testing.assert_array_equal(state[0], state_reversed[0])
    assert_same(gradients, reversed_gradients)


@pytest.mark.parametrize("rows", list(ROWS))
def test_time_major_is_the_transposed_call(cell: str, rows: str) -> None:
    problem = Problem(cell, **ROWS[rows], go_backwards=True)
    y, state, tape = problem.forward()
    gradients = problem.backward(tape, problem.dy, problem.dstate)
    problem.arrays["x"] = problem.arrays["x"].swapaxes(0, 1)
    y_major, state_major, tape_major = problem.forward(time_major=True)
    major_gradients = problem.backward(tape_major, problem.dy.swapaxes(0, 1), problem.dstate)
    major_gradients["x"] = major_gradients["x"].swapaxes(0, 1)
    np.testing.assert_array_equal(y_major.swapaxes(0, 1), y)
    np.testing.assert_array_equal(state_major[-1], state[-1])
    assert_same(major_gradients, gradients)


def test_float32_arguments_are_computed_in_float64(cell: str) -> None:
    problem = Problem(cell)
    problem.arrays = {name: a.astype(np.float32) for name, a in problem.arrays.items()}
    y, state, tape = problem.forward()
    gradients = problem.backward(tape, problem.dy.astype(np.float32))
    assert {a.dtype for a in (y, *state, *gradients.values())} == {np.dtype(np.float64)}


def test_out_receives_the_output(cell: str) -> None:
    problem = Problem(cell, lengths=LENGTHS)
    out = np.full((BATCH, STEPS, UNITS), 9.0)
    y, _ = problem.run(out=out)
    np.testing.assert_array_equal(out, y)


def test_arguments_are_left_alone_and_a_tape_keeps_its_own_copy(cell: str) -> None:
    problem = Problem(cell, mask=HOLES)
    before = {name: a.copy() for name, a in problem.arrays.items()}
    _, _, tape = problem.forward()
    gradients = problem.backward(tape, problem.dy, problem.dstate)
    for name, array in problem.arrays.items():
        np.testing.assert_array_equal(array, before[name])
        array[...] = 0.0
    assert_same(problem.backward(tape, problem.dy, problem.dstate), gradients)


def test_the_sign_of_the_update_gate_is_a_negated_column() -> None:
    problem = Problem("gru_before")
    x, kernel, recurrent_kernel, bias, (h,) = problem.arguments()
    ours, _ = problem.run()
    z_columns = np.arange(3 * UNITS) < UNITS
    kernel, recurrent_kernel, bias = (
        np.where(z_columns, -w, w) for w in (kernel, recurrent_kernel, bias)
    )

    def sigmoid(a: np.ndarray) -> np.ndarray:
        return np.asarray(1.0 / (1.0 + np.exp(-a)))

    (w_z, w_r, w_n), (u_z, u_r, u_n), (b_z, b_r, b_n) = (
        np.split(w, 3, axis=-1) for w in (kernel, recurrent_kernel, bias)
    )
    for t in range(STEPS):
        z = sigmoid(x[:, t] @ w_z + h @ u_z + b_z)
        r = sigmoid(x[:, t] @ w_r + h @ u_r + b_r)
        n = np.tanh(x[:, t] @ w_n + (r * h) @ u_n + b_n)
        h = (1.0 - z) * h + z * n
        assert_close(ours[:, t], h, EXACT, f"h at step {t}")


# ---- the document, errors and independence ----------------------------------------------------


def test_the_document_of_the_equations_names_what_exists() -> None:
    root = Path(__file__).parents[3]
    text = (root / "docs" / "equations.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:csrc|src|tests)/[\w/.]+\.\w+)`", text))
    assert files
    assert [file for file in sorted(files) if not (root / file).is_file()] == []
    names = set(re.findall(r"`_reference\.(\w+)`", text))
    assert names
    assert [name for name in sorted(names) if not hasattr(reference, name)] == []


def test_lengths_and_mask_exclude_each_other(cell: str) -> None:
    with pytest.raises(ValueError, match="mask"):
        Problem(cell).run(lengths=LENGTHS, mask=HOLES)


def test_an_unknown_activation_is_named() -> None:
    with pytest.raises(ValueError, match=r"activation: expected one of .*'gelu'"):
        Problem("rnn_tanh").run(activation="gelu")


def test_a_wrong_number_of_states_is_named() -> None:
    problem = Problem("lstm")
    x, kernel, recurrent_kernel, bias, (h, _) = problem.arguments()
    with pytest.raises(ValueError, match="expected 2 arrays, got 1"):
        reference.lstm(x, kernel, recurrent_kernel, bias, (h,))


def test_the_reference_imports_nothing_but_numpy_and_itself() -> None:
    allowed = {"__future__", "collections", "numpy", "typing"}
    for path in Path(reference.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                modules = [str(node.module)]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            for module in modules:
                own = module == "rnncore._reference" or module.startswith("rnncore._reference.")
                assert own or module.split(".")[0] in allowed, f"{path.name} imports {module}"
