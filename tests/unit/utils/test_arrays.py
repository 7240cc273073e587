"""Sizes are checked before anything is allocated, numbers before they are converted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rnncore.utils import pad_sequences, to_categorical
from rnncore.utils._arrays import machine_memory, narrowed, room_for


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: to_categorical([2**62]), ValueError, f"x: expected a size .*got {2**62}"),
        (lambda: to_categorical([2**40]), MemoryError, f"x: expected a size .*got {2**40}"),
        (lambda: to_categorical([0], 2**62), ValueError, f"num_classes: expected .*got {2**62}"),
        (lambda: to_categorical([0], 2**40), MemoryError, f"num_classes: expected .*got {2**40}"),
        (lambda: to_categorical([], 2**62), ValueError, f"num_classes: expected .*got {2**62}"),
        (lambda: to_categorical([1e300]), ValueError, r"x: expected class numbers .*got 1e\+300"),
        (lambda: to_categorical([-1e300]), ValueError, r"x: expected class numbers .*got -1e\+300"),
        (lambda: to_categorical([2**63]), ValueError, f"x: expected class numbers .*got {2**63}"),
        (lambda: pad_sequences([[1]], 2**62), ValueError, f"maxlen: expected .*got {2**62}"),
        (lambda: pad_sequences([[1]], 2**40), MemoryError, f"maxlen: expected .*got {2**40}"),
        (lambda: pad_sequences([[]], 2**62), ValueError, f"maxlen: expected .*got {2**62}"),
    ],
)
def test_utilities(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^(to_categorical|pad_sequences): {message}"):
        call()


def test_to_categorical_wants_a_plain_array() -> None:
    with pytest.raises(TypeError, match=r"^to_categorical: x: expected a plain array"):
        to_categorical(np.ma.array([0, 1], mask=[0, 1]))
    with pytest.raises(TypeError, match=r"^to_categorical: x: expected .* native byte order"):
        to_categorical(np.array([0, 1], ">i4"))


def test_memory_that_runs_out_later() -> None:
    message = r"^f: n: .* got 3, which makes an array of shape"
    with pytest.raises(MemoryError, match=message), room_for("f: n", 3, (3,)):
        raise MemoryError("bare")


def test_room_for_what_is_there() -> None:
    with room_for("f: n", 3, (3,)):
        made = np.empty(3)
    assert made.nbytes <= machine_memory()


def test_a_system_that_does_not_say_how_much_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sysconf")
    assert machine_memory() == np.inf


def test_numbers_that_become_zero_are_narrowed() -> None:
    with np.errstate(all="raise"):
        assert narrowed("x", np.array([1e-300, 1.0]), np.float32).tolist() == [0.0, 1.0]
        with pytest.raises(ValueError, match=r"^x: expected numbers within the range of float32"):
            narrowed("x", np.array([1e-300, 1e300]), np.float32)
