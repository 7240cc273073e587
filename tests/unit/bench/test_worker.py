"""How libraries are compared, left out, and timed."""

import sys
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore.bench import worker
from rnncore.bench.cases import Case, make_cases
from rnncore.bench.peers import PEERS, Candidate, Peer
from rnncore.bench.worker import MIN_SAMPLES, Timing, compare, estimate


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


class Clock:
    """Calls made by `call` advance it by their duration."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, *durations: float):  # type: ignore[no-untyped-def]
        count = 0

        def run() -> None:
            nonlocal count
            self.now += durations[count % len(durations)]
            count += 1
            self.order.append(name)

        return run


def test_statistics() -> None:
    timing = Timing(1, [1.0, 2.0, 3.0, 4.0, 100.0])
    assert timing.quartiles == [2.0, 3.0, 4.0]
    assert timing.uncertainty == pytest.approx(1.57 * 2 / 5**0.5 / 3)


def test_estimate_is_the_best_of_a_few() -> None:
    clock = Clock()
    assert estimate(clock.call("a", 5.0, 5.0, 0.003, 0.002), clock) == pytest.approx(0.002)


def test_threads_are_given_time_to_settle() -> None:
    clock = Clock()
    worker.repeat(clock.call("a", 0.4), 1.0, clock)
    assert clock.order == ["a"] * 3


def test_rest_waits_for_threads_that_spin() -> None:
    clock, naps = Clock(), []
    spinning = clock.call("spin", *[worker.REST_SECONDS] * 9, *[0.0] * 99)

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        spinning()

    worker.rest(clock, sleep)
    assert len(naps) == 10


def test_with_several_threads_each_sample_begins_after_a_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(worker, "rest", lambda: clock.order.append("rest"))
    (timing,) = compare([clock.call("a", 0.005)], threads=2, clock=clock, cpu_clock=clock)
    assert timing.calls == 2, "10 ms"
    sample = ["rest", "a", "a", "a", "a"]  # two of them to wake
    assert clock.order[-5 * MIN_SAMPLES :] == sample * MIN_SAMPLES


def test_callables_take_turns() -> None:
    clock = Clock()
    calls = [clock.call("a", 0.1, 0.2), clock.call("b", 0.3)]
    a, b = compare(calls, seconds=10.0, clock=clock, cpu_clock=clock)
    assert b.quartiles[1] == pytest.approx(0.3) and b.cpu == pytest.approx(1.0)
    assert len(b.seconds) == MIN_SAMPLES, "known well after the fewest samples"
    assert len(a.seconds) > len(b.seconds)
    measured = clock.order[2:]  # after one call each to estimate
    assert measured[: 2 * MIN_SAMPLES] == ["a", "b"] * MIN_SAMPLES


def test_quick_calls_are_repeated_and_slow_ones_are_not() -> None:
    clock = Clock()
    quick, slow = compare(
        [clock.call("quick", 1e-5), clock.call("slow", 3.0)],
        seconds=1.0,
        clock=clock,
        cpu_clock=clock,
    )
    assert quick.calls == 100 and quick.quartiles[1] == pytest.approx(1e-5)
    assert slow.calls == 1 and len(slow.seconds) == 3
