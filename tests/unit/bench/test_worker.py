"""How libraries are compared, left out, and timed."""

import sys
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore.bench import worker
from rnncore.bench.cases import Case, make_cases
from rnncore.bench.peers import PEERS, Candidate, Peer


@pytest.fixture(autouse=True)
def one_thread(runtime: None) -> None:
    rnncore.set_num_threads(1)


def test_agreement_names_what_differs() -> None:
    case = Case("rnn", "forward", 6, 3, 2, 5)
    y, h = expected = [np.ones((6, 3, 5), np.float32), np.ones((3, 5), np.float32)]
    assert worker.agreement(case, expected, expected) == (0, "")
    assert worker.agreement(case, [], expected) == (0, "")
    error, what = worker.agreement(case, [y + 0.01, h], expected)
    assert error > 1 and what == "y"
    error, what = worker.agreement(case, [y, h[:1]], expected)
    assert error > 1 and what == "h of shape (1, 5)"


class Odd(Peer):
    """A library with one way that fails, one that is wrong and one that is right."""

    name = "odd"

    def prepare(self, problem: Any) -> list[Candidate]:
        def fail() -> None:
            raise RuntimeError("out of order")

        (right,) = PEERS["numpy"].prepare(problem)
        wrong = Candidate(
            "wrong", right.call, lambda result: [array * 2 for array in right.outputs(result)]
        )
        return [Candidate("failing", fail, right.outputs), wrong, right]


def test_ways_that_fail_or_differ_are_left_out_with_a_note() -> None:
    events: list[Any] = []

    def emit(kind: str, content: Any) -> None:
        events.append((kind, content))

    (case,) = make_cases(["rnn"], ["forward"], [(6, 3, 2, 5)])
    rows = worker.run_case(emit, case, [PEERS["rnncore"], Odd()], 0.001)
    assert [row.peer for row in rows] == ["rnncore", "odd"]
    assert rows[1].variant == "loop over time" and 0 <= rows[1].error <= 1
    notes = [content for kind, content in events if kind == "note"]
    assert "failing fails" in notes[0] and "wrong differs in " in notes[1]


def test_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    events: list[Any] = []

    def emit(kind: str, content: Any) -> None:
        events.append((kind, content))

    assert worker.load_peers(emit, ["torch"], 1) == []
    (kind, reason), missing = events[-2:]
    assert kind == "note" and reason.startswith("torch: left out: ")
    assert missing == ("missing", "torch")
