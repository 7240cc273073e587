"""Bad arguments of the ops: each raises an exception that names the argument."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from calls import Call, Case, make_call
from numpy.lib.stride_tricks import as_strided

from rnncore import ops

BATCH, STEPS, INPUTS, UNITS = 3, 5, 2, 4
Change = Callable[[Any], Any]
Errors = type[Exception] | tuple[type[Exception], ...]


@pytest.fixture(params=["lstm", "gru", "rnn_tanh"])
def call(request: pytest.FixtureRequest) -> Call:
    return make_call(Case(request.param, BATCH, STEPS, INPUTS, UNITS, "float32"))


def swapped(array: Any) -> Any:
    return array.astype(array.dtype.newbyteorder())


def readonly(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


# What is wrong with any array of floats, whichever argument it is.
WRONG_KIND: dict[str, tuple[Change, type[Exception]]] = {
    "a list": (lambda a: a.tolist(), TypeError),
    "a number": (lambda a: 1.0, TypeError),
    "a string": (lambda a: "array", TypeError),
    "another float": (lambda a: a.astype("float64"), TypeError),
    "half": (lambda a: a.astype("float16"), TypeError),
    "long double": (lambda a: a.astype(np.longdouble), TypeError),
    "int": (lambda a: a.astype("int32"), TypeError),
    "bool": (lambda a: a.astype(bool), TypeError),
    "complex": (lambda a: a.astype("complex64"), TypeError),
    "objects": (lambda a: a.astype(object), TypeError),
    "records": (lambda a: a.view([("value", a.dtype)]), TypeError),
    "byte order": (swapped, TypeError),
    "a mask of its own": (np.ma.array, TypeError),
    "rank less": (lambda a: np.asarray(a[0]), ValueError),
    "rank more": (lambda a: a[None], ValueError),
    "a scalar array": (lambda a: np.array(1, a.dtype), ValueError),
    "one row more": (lambda a: np.concatenate([a, a[:1]]), ValueError),
    "one row fewer": (lambda a: a[:-1], ValueError),
    "one column more": (lambda a: np.concatenate([a, a[..., :1]], -1), ValueError),
    "one column fewer": (lambda a: a[..., :-1], ValueError),
    "no rows": (lambda a: a[:0], ValueError),
    "no columns": (lambda a: a[..., :0], ValueError),
}


def assert_names(error: BaseException, *names: str) -> None:
    """The message begins with the argument and says what was expected and what came."""
    text = str(error)
    assert text.startswith(tuple(f"{name}: expected " for name in names)), text
    assert ", got " in text, text


def expect(error: Errors, names: str | tuple[str, ...], run: Callable[[], Any]) -> None:
    with pytest.raises(error) as caught:
        run()
    assert_names(caught.value, *((names,) if isinstance(names, str) else names))


def expect_both(error: Errors, names: str | tuple[str, ...], call: Call, **changes: Any) -> None:
    """The same from the plain forward and from the one for training."""
    changed = call.changed(**changes)
    expect(error, names, changed.infer)
    expect(error, names, changed.train)


@pytest.mark.parametrize("wrong", WRONG_KIND)
def test_wrong_x(call: Call, wrong: str) -> None:
    if wrong in ("one row more", "one row fewer"):
        call = call.changed(lengths=[1] * BATCH, initial_state=None)
    change, error = WRONG_KIND[wrong]
    names = {"one row more": "lengths", "one row fewer": "lengths"}.get(wrong, "x")
    if wrong.startswith("one column"):
        names = "kernel"
    if wrong == "another float":
        names = "recurrent_kernel"  # x decides the dtype; what differs from it is to blame
    expect_both(error, names, call, x=change(call.x))


@pytest.mark.parametrize("wrong", WRONG_KIND)
@pytest.mark.parametrize("name", ["kernel", "recurrent_kernel", "bias"])
def test_wrong_weights(call: Call, name: str, wrong: str) -> None:
    change, error = WRONG_KIND[wrong]
    value = getattr(call, name)
    if name == "recurrent_kernel" and wrong in ("no rows", "one row more", "one row fewer"):
        # The rows of the recurrent kernel say how many units there are.
        expect_both(error, ("recurrent_kernel", "kernel"), call, **{name: change(value)})
        return
    expect_both(error, name, call, **{name: change(value)})


@pytest.mark.parametrize("wrong", WRONG_KIND)
def test_wrong_states(call: Call, wrong: str) -> None:
    change, error = WRONG_KIND[wrong]
    for i in range(len(call.initial_state)):
        for name in ("initial_state", "dstate"):
            states = list(getattr(call, name))
            states[i] = change(states[i])
            changed = call.changed(**{name: tuple(states)})
            expect(error, f"{name}[{i}]", changed.train)
            if name == "initial_state":
                expect(error, f"{name}[{i}]", changed.infer)


@pytest.mark.parametrize("states", [(), (None,) * 3, 5, "ab", {"h": None}])
def test_wrong_tuples_of_states(call: Call, states: Any) -> None:
    error = ValueError if isinstance(states, tuple) else TypeError
    expect_both(error, "initial_state", call, initial_state=states)
    expect(error, "dstate", call.changed(dstate=states).train)


def test_an_array_is_no_pair_of_states() -> None:
    call = make_call(Case("lstm", BATCH, STEPS, INPUTS, UNITS))
    expect_both(TypeError, "initial_state", call, initial_state=np.stack(call.initial_state))


@pytest.mark.parametrize("wrong", WRONG_KIND)
def test_wrong_dy(call: Call, wrong: str) -> None:
    change, error = WRONG_KIND[wrong]
    expect(error, "dy", call.changed(dy=change(call.dy)).train)


@pytest.mark.parametrize("wrong", WRONG_KIND)
def test_wrong_out(call: Call, wrong: str) -> None:
    change, error = WRONG_KIND[wrong]
    out = np.zeros((BATCH, STEPS, UNITS), "float32")
    expect_both(error, "out", call, out=change(out))


def test_out_that_cannot_be_written(call: Call) -> None:
    y = np.zeros((BATCH, STEPS, UNITS), "float32")
    expect_both(ValueError, "out", call, out=readonly(y))
    for axis in range(3):
        expect_both(ValueError, "out", call, out=np.broadcast_to(y.take([0], axis), y.shape))
        one = as_strided(y, y.shape, [0 if k == axis else s for k, s in enumerate(y.strides)])
        expect_both(ValueError, "out", call, out=one)
    memory = np.zeros(y.nbytes + 1, np.uint8)
    expect_both(ValueError, "out", call, out=memory[1:].view("float32").reshape(y.shape))
    assert not y.any()


@pytest.mark.parametrize("shape", [(BATCH, 0, UNITS)], ids=repr)
def test_out_of_no_steps(shape: tuple[int, ...]) -> None:
    """An array without elements has strides of any kind, and nothing in it can overlap."""
    call = make_call(Case("lstm", BATCH, 0, INPUTS, UNITS))
    out = np.zeros(shape)
    assert call.changed(out=out).infer()["y"] is out
    assert call.changed(out=out).train()["y"] is out


def test_out_that_overlaps_an_input() -> None:
    call = make_call(Case("rnn_tanh", 4, 4, 4, 4, "float32"))
    for out in (call.x, call.x[::-1], call.x.swapaxes(0, 1)):
        expect_both(ValueError, "out", call, out=out)
    memory = np.zeros(64 + 64, "float32")
    out = memory[:64].reshape(4, 4, 4)
    for name in ("x", "kernel", "recurrent_kernel", "bias"):
        given = getattr(call, name)
        shared = memory[63 : 63 + given.size].reshape(given.shape)  # one number in common
        expect_both(ValueError, "out", call, out=out, **{name: shared})
        beside = memory[64 : 64 + given.size].reshape(given.shape)
        assert call.changed(**{name: beside}).infer(out=out)["y"] is out
    expect_both(ValueError, "out", call, out=out, initial_state=(memory[63:79].reshape(4, 4),))


def test_out_of_time_major_calls(call: Call) -> None:
    time_major = call.changed(x=call.x.swapaxes(0, 1), time_major=True, dy=None)
    expect_both(ValueError, "out", time_major, out=np.zeros((BATCH, STEPS, UNITS), "float32"))
    with_dy = time_major.changed(dy=call.dy)
    expect(ValueError, "dy", with_dy.train)


@pytest.mark.parametrize(
    ("lengths", "error"),
    [
        ([1, 2], ValueError),
        ([1, 2, 3, 4], ValueError),
        ([[1, 2, 3]], ValueError),
        (3, ValueError),
        ([], TypeError),
        ([-1, 2, 3], ValueError),
        ([1, 2, STEPS + 1], ValueError),
        ([1, 2, 2**62], ValueError),
        (np.array([1, 2, 2**64 - 1], "uint64"), ValueError),
        ([1, 2, 2**70], TypeError),
        ([1.0, 2.0, 3.0], TypeError),
        ([np.nan, 1, 2], TypeError),
        ([True, False, True], TypeError),
        (["1", "2", "3"], TypeError),
        ([None, 1, 2], TypeError),
        ("abc", TypeError),
        (np.array([1, 2, 3], "timedelta64[s]"), TypeError),
        ([[1, 2], [3]], (TypeError, ValueError)),
    ],
    ids=str,
)
def test_wrong_lengths(call: Call, lengths: Any, error: type[Exception]) -> None:
    expect_both(error, "lengths", call, lengths=lengths)


@pytest.mark.parametrize(
    ("mask", "error"),
    [
        (np.ones((STEPS, BATCH), bool), ValueError),
        (np.ones((BATCH, STEPS, 1), bool), ValueError),
        (np.ones(BATCH, bool), ValueError),
        (np.ones((BATCH, STEPS + 1), bool), ValueError),
        (np.ones((0, STEPS), bool), ValueError),
        (np.ones((BATCH, STEPS), "uint8"), TypeError),
        (np.ones((BATCH, STEPS), "float32"), TypeError),
        (np.ones((BATCH, STEPS), object), TypeError),
        (np.ma.array(np.ones((BATCH, STEPS), bool)), TypeError),
        ([[True] * STEPS] * BATCH, TypeError),
        (True, TypeError),
    ],
    ids=repr,
)
def test_wrong_mask(call: Call, mask: Any, error: type[Exception]) -> None:
    expect_both(error, "mask", call, mask=mask)


def test_a_mask_is_batch_first_in_time_major_calls_too(call: Call) -> None:
    time_major = call.changed(x=call.x.swapaxes(0, 1), time_major=True)
    expect_both(ValueError, "mask", time_major, mask=np.ones((STEPS, BATCH), bool))


def test_lengths_and_mask_together(call: Call) -> None:
    mask = np.ones((BATCH, STEPS), bool)
    expect_both(ValueError, ("lengths, mask",), call, lengths=[1, 2, 3], mask=mask)


@pytest.mark.parametrize(
    "activation", ["softmax", "", "Tanh", None, 3, ["tanh"], {"tanh"}, b"tanh"]
)
def test_unknown_activation(activation: Any) -> None:
    call = make_call(Case("rnn_tanh", BATCH, STEPS, INPUTS, UNITS))
    expect_both((ValueError, TypeError), "activation", call, activation=activation)


def test_unknown_arguments(call: Call) -> None:
    for unknown in ("length", "units", "return_sequences", "training", "state"):
        with pytest.raises(TypeError, match=unknown):
            call.infer(**{unknown: 1})
        with pytest.raises(TypeError, match=unknown):
            call.train(**{unknown: 1})
    foreign = "reset_after" if call.case.op != "gru" else "unit_forget_bias"
    with pytest.raises(TypeError, match=foreign):
        call.infer(**{foreign: True})
    with pytest.raises(TypeError, match="positional"):
        getattr(ops, call.case.op)(*call.arguments(), None)
    with pytest.raises(TypeError, match="kernel"):
        getattr(ops, call.case.op)(call.x)


# ---- tapes -----------------------------------------------------------------------------------


def forward(call: Call) -> Any:
    return getattr(ops, f"{call.case.op}_forward")(*call.arguments(), **call.options)[2]


def backward(call: Call, tape: Any) -> Any:
    return getattr(ops, f"{call.case.op}_backward")(tape, call.dy)


def test_a_tape_is_used_once(call: Call) -> None:
    tape = forward(call)
    assert not tape.used
    backward(call, tape)
    assert tape.used
    for _ in range(2):
        expect(ValueError, "tape", lambda: backward(call, tape))


def test_a_tape_of_another_cell(call: Call) -> None:
    for other in ("lstm", "gru", "simple_rnn"):
        if other != call.case.op:
            tape = forward(call)
            wrong = getattr(ops, f"{other}_backward")
            expect(ValueError, "tape", lambda: wrong(tape, call.dy))  # noqa: B023
            assert not tape.used
            backward(call, tape)


@pytest.mark.parametrize("wrong", ["no", "", 1, 0, None, np.ones(2, bool)], ids=repr)
def test_what_is_no_truth_value(call: Call, wrong: Any) -> None:
    names = ["go_backwards", "time_major"] + ["reset_after"] * (call.case.op == "gru")
    for name in names:
        expect_both(TypeError, name, call, **{name: wrong})
    tape = forward(call)
    run = getattr(ops, f"{call.case.op}_backward")
    expect(TypeError, "need_dx", lambda: run(tape, call.dy, need_dx=wrong))
    assert not tape.used


def test_truth_values_of_numpy(call: Call) -> None:
    reverse = call.changed(go_backwards=np.bool_(True)).infer()
    np.testing.assert_array_equal(reverse["y"], call.changed(go_backwards=True).infer()["y"])


def test_kernels_that_disagree_on_the_units(call: Call) -> None:
    """What the recurrent kernel says of itself decides whom the message blames."""
    wide = np.concatenate([call.kernel, call.kernel[:, :1]], 1)
    expect_both(ValueError, "kernel", call, kernel=wide)
    expect_both(ValueError, "recurrent_kernel", call, recurrent_kernel=call.recurrent_kernel[1:])


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_tape_is_not_copied(call: Call, copier: Callable[[Any], Any]) -> None:
    tape = forward(call)
    expect(TypeError, "tape", lambda: copier(tape))
    backward(call, tape)


@pytest.mark.parametrize("tape", [None, 1, "tape", (), np.zeros(3), object], ids=repr)
def test_what_is_no_tape(call: Call, tape: Any) -> None:
    expect(TypeError, "tape", lambda: backward(call, tape))


def test_a_tape_that_no_forward_made() -> None:
    """Whatever that is good for, it must not crash (so a process of its own tries it)."""
    program = """
import rnncore
from rnncore import _core, ops
for make in (_core.Tape, lambda: _core.Tape.__new__(_core.Tape)):
    try:
        tape = make()
        print(tape.nbytes, tape.cell)
        ops.lstm_backward(tape, None)
    except (AttributeError, TypeError, ValueError) as error:
        print(repr(error))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_tape_reports_itself(call: Call) -> None:
    tape = forward(call)
    assert (tape.batch, tape.steps, tape.time_major, tape.used) == (BATCH, STEPS, False, False)
    assert tape.nbytes > 0
    backward(call, tape)
    assert (tape.nbytes, tape.used) == (0, True)


def test_a_wrong_gradient_leaves_the_tape_usable(call: Call) -> None:
    expected = call.train()
    tape = forward(call)
    expect(TypeError, "dy", lambda: backward(call.changed(dy=call.dy.astype("float64")), tape))
    assert not tape.used
    np.testing.assert_array_equal(
        getattr(ops, f"{call.case.op}_backward")(tape, call.dy, call.dstate).dx, expected["dx"]
    )


# ---- sizes that do not fit --------------------------------------------------------------------


@dataclass
class Huge:
    """Arguments that NumPy can describe (all strides are 0) and no machine can hold."""

    x: tuple[int, ...] = (1, 1, 1)
    kernel: tuple[int, ...] = (1, 4)
    recurrent_kernel: tuple[int, ...] = (1, 4)

    def arrays(self, dtype: str) -> list[Any]:
        shapes = (self.x, self.kernel, self.recurrent_kernel)
        return [np.broadcast_to(np.zeros((), dtype), shape) for shape in shapes]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "huge",
    [
        Huge(x=(2**45, 1, 1)),
        Huge(x=(1, 2**45, 1)),
        Huge(x=(2**22, 2**23, 1)),
        Huge(x=(2**45, 0, 1)),
        Huge(x=(1, 1, 2**45), kernel=(2**45, 4)),
        Huge(x=(1, 0, 2**45), kernel=(2**45, 4)),
        Huge(kernel=(1, 2**25), recurrent_kernel=(2**23, 2**25)),
        Huge(kernel=(1, 2**45), recurrent_kernel=(1, 2**45)),
        Huge(recurrent_kernel=(2**45, 4)),
        Huge(recurrent_kernel=(2**59, 1)),
        Huge(x=(2**20, 2**20, 2**19), kernel=(2**19, 4)),
        Huge(x=(2**59, 1, 1)),
        Huge(x=(2**29, 2**29, 2), kernel=(2, 20), recurrent_kernel=(5, 20)),
    ],
    ids=repr,
)
def test_sizes_that_do_not_fit(huge: Huge, dtype: str, training: bool) -> None:
    function = ops.lstm_forward if training else ops.lstm
    names = ("x", "x, recurrent_kernel", "kernel", "recurrent_kernel")
    expect((MemoryError, ValueError), names, lambda: function(*huge.arrays(dtype)))


def test_huge_lengths_masks_and_gradients(call: Call) -> None:
    zero = np.zeros((), "float32")
    for name, value in (
        ("lengths", np.broadcast_to(np.int64(0), (2**45,))),
        ("mask", np.broadcast_to(np.bool_(True), (BATCH, 2**45))),
        ("out", np.broadcast_to(zero, (2**20, 2**20, 2**10))),
    ):
        expect_both(ValueError, name, call, **{name: value})
    expect(ValueError, "dy", call.changed(dy=np.broadcast_to(zero, (BATCH, 2**45, UNITS))).train)


def test_the_arguments_are_not_changed(call: Call) -> None:
    given = [call.x, call.kernel, call.recurrent_kernel, call.bias, call.dy]
    given += [*call.initial_state, *call.dstate]
    before = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    call.train()
    call.infer()
    for array, unchanged in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, unchanged)
