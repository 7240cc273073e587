"""Statistics and turns of the timer, with a clock that is set by hand."""

import pytest

from rnncore.bench.timing import MIN_SAMPLES, Timing, compare, estimate


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
