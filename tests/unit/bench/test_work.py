"""The arithmetic of the roofline."""

from rnncore.bench.cases import Case, gradient_names, make_problem
from rnncore.bench.machine import Measured
from rnncore.bench.work import count, limit


def machine(threads: int = 1, bandwidth: float = 100.0) -> Measured:
    levels = {"L1": 4 * bandwidth, "L2": 2 * bandwidth, "L3": bandwidth, "DRAM": bandwidth / 4}
    return Measured(
        threads=threads,
        isa="avx2",
        peak={"float32": 1000.0, "float64": 500.0},
        bandwidth=levels,
        sgemm={},
        caches={"L1": 1000, "L2": 10_000, "L3": 100_000},
    )


def test_work_counts_every_product() -> None:
    case = Case("lstm", "forward", steps=10, batch=3, inputs=5, units=7)
    work = count(case)
    assert work.product_flops == 2 * 10 * 3 * 5 * 28
    assert work.recurrent_flops == 2 * 10 * 3 * 7 * 28
    assert (work.weight_bytes, work.weight_reads) == (7 * 28 * 4, 10)
    training = count(Case("lstm", "train", 10, 3, 5, 7, dtype="float64"))
    assert training.flops == 3 * work.flops
    assert training.product_flops == 3 * work.product_flops + work.recurrent_flops
    assert training.bytes == 2 * 2 * work.bytes
    assert count(case, 0.5).flops == work.flops / 2


def test_a_stack_is_four_layers() -> None:
    case = Case("lstm", "stack", steps=10, batch=3, inputs=5, units=7)
    problem = make_problem(case)
    assert [weights.kernel.shape for weights in problem.weights] == [(5, 28)] * 2 + [(14, 28)] * 2
    assert problem.dy.shape == (10, 3, 14)
    work, one = count(case), count(Case("lstm", "forward", 10, 3, 5, 7))
    assert work.product_flops == 2 * 10 * 3 * (2 * 5 + 2 * 14) * 28
    assert work.recurrent_flops == 4 * one.recurrent_flops
    assert (work.weight_bytes, work.weight_reads) == (one.weight_bytes, 40)
    both = count(Case("lstm", "stack", 10, 3, 5, 7, threads=2))
    assert (both.weight_bytes, both.weight_reads) == (2 * one.weight_bytes, 20)
    assert len(gradient_names(case)) == 13


def test_limit_takes_the_longer_of_flops_and_bytes() -> None:
    narrow = Case("rnn", "forward", steps=10, batch=1, inputs=5, units=20)
    work = count(narrow)
    seconds, bound = limit(narrow, work, machine())
    assert bound == "L2"  # 1600 bytes
    assert seconds == work.product_flops / 1000 + 10 * 1600 / 200
    wide = Case("rnn", "forward", steps=10, batch=100, inputs=5, units=20)
    assert limit(wide, count(wide), machine()) == (count(wide).flops / 1000, "flops")
