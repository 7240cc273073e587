"""What is said of the machine."""

import time
from dataclasses import replace

import pytest

from rnncore.bench import machine
from rnncore.bench.cases import Case, count
from rnncore.bench.machine import Measured


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


def test_level_of_memory(measured: Measured) -> None:
    one = replace(measured, caches={"L1": 1000, "L2": 10_000, "L3": 100_000})
    assert [one.level_of(size) for size in (1000, 1001, 100_000, 100_001)] == [
        "L1",
        "L2",
        "L3",
        "DRAM",
    ]
    assert replace(one, threads=2).level_of(2000) == "L1"


def test_cache_sizes_grow() -> None:
    sizes = machine.cache_sizes()
    assert 0 < sizes["L1"] < sizes["L2"] < sizes["L3"]


def test_limit_takes_the_longer_of_flops_and_bytes() -> None:
    round_machine = Measured(
        threads=1,
        isa="avx2",
        peak={"float32": 1000.0, "float64": 500.0},
        bandwidth={"L1": 400.0, "L2": 200.0, "L3": 100.0, "DRAM": 25.0},
        sgemm={},
        caches={"L1": 1000, "L2": 10_000, "L3": 100_000},
    )
    narrow = Case("rnn", "forward", steps=10, batch=1, inputs=5, units=20)
    work = count(narrow)
    seconds, bound = round_machine.limit(work, "float32")
    assert bound == "L2"  # 1600 bytes
    assert seconds == work.product_flops / 1000 + 10 * 1600 / 200
    wide = Case("rnn", "forward", steps=10, batch=100, inputs=5, units=20)
    assert round_machine.limit(count(wide), "float32") == (count(wide).flops / 1000, "flops")
