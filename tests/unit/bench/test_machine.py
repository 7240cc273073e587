"""What is said of the machine."""

import time

import pytest

from rnncore.bench import machine


def test_an_interrupted_run_does_not_shorten_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls = 0.0, 0

    def run(n: int) -> float:
        nonlocal clock, calls
        calls += 1
        clock += 1e-6 * n + (0.01 if calls == 1 else 0.0)  # the first one loses the CPU
        return float(n)

    monkeypatch.setattr(time, "perf_counter", lambda: clock)
    repetitions = machine._enough(run)
    assert repetitions * 1e-6 == pytest.approx(machine._SAMPLE_SECONDS, rel=0.1)
