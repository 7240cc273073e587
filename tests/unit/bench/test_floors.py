"""The targets: what they need, and their verdicts."""

from collections.abc import Callable

import pytest

from rnncore.bench import floors
from rnncore.bench.cases import Case
from rnncore.bench.machine import Measured
from rnncore.bench.peers import LIBRARIES
from rnncore.bench.results import Results, Row
from rnncore.bench.run import Run

MakeRow = Callable[..., Row]


def test_labels_are_unique_and_cases_known() -> None:
    found = list(floors.all_floors())
    assert len({floor.label for floor in found}) == len(found)
    for floor in found:
        assert set(floor.peers) <= set(LIBRARIES)
        assert floor.cases or floor.extra


def test_select_by_words() -> None:
    chosen = floors.select("lstm forward B16")
    assert chosen and all(
        {"lstm", "forward", "B16"} <= set(floor.label.split()) for floor in chosen
    )
    with pytest.raises(ValueError, match="floors: expected words"):
        floors.select("nonsense")


def test_verdict_against_the_fastest_peer(results: Results) -> None:
    case = results.cases[0]
    floor = floors._peer_floor(case, 2.0)
    entry = floor.result(results)
    assert (entry["figure"], entry["verdict"]) == ("2", "met")
    assert "torch" in str(entry["detail"])
    assert floors._peer_floor(case, 2.1).result(results)["verdict"] == "missed"
    assert floors._peer_floor(case, 1.0, ("jax",)).result(results)["verdict"] == "not measured"


def test_figures_without_a_target_are_shown(make_row: MakeRow) -> None:
    floor = next(f for f in floors.select("lstm stack_train T100 B16") if "vs" in f.label)
    (case,) = floor.cases
    rows = [make_row(case, "rnncore", 1.0), make_row(case, "torch", 2.0)]
    entry = floor.result(Results(rows=rows))
    assert (entry["figure"], entry["wanted"], entry["verdict"]) == ("2", "", "shown")


def test_tails_have_the_targets_of_their_batch() -> None:
    wanted = {
        floor.cases[0].batch: floor.wanted
        for floor in floors.select("tails forward gru 1t")
        if "vs" in floor.label and floor.cases[0].batch > 1
    }
    assert wanted == {2: 1.2, 3: 1.2, 4: 1.2, 7: None, 16: 1.0, 32: 1.0, 64: 1.0}


def test_few_rows_have_the_targets_of_their_units() -> None:
    wanted = {
        (floor.cases[0].cell, floor.cases[0].units): floor.wanted
        for floor in floors.select("few B1 1t")
    }
    for units in (32, 64, 96, 100):
        assert wanted["lstm", units] == 1.8 and wanted["gru", units] == 2.0
    for units in (128, 200, 256, 384):
        assert wanted["lstm", units] == 1.3 and wanted["gru", units] == 1.5


@pytest.mark.parametrize("mode", ["forward", "train"])
def test_a_short_call_needs_no_second_thread(make_row: MakeRow, mode: str) -> None:
    """What 1.5 times the speed is worth depends on the time that one thread takes."""
    (floor,) = floors.select(f"narrow lstm T60 {mode} speed-up")
    (case,) = floor.cases
    assert case.threads == 2
    for seconds, verdict in ((0.6e-3, "met"), (0.8e-3, "missed")):
        rows = [make_row(case, "rnncore-1t", seconds), make_row(case, "rnncore", seconds / 1.5)]
        entry = floor.result(Results(rows=rows))
        assert entry["verdict"] == verdict
        assert str(entry["detail"]).startswith("1.50 of ")


def test_more_threads_than_cores(make_row: MakeRow) -> None:
    (floor,) = floors.select("narrow gru T60 forward 8t")
    (case,) = floor.cases
    assert case.threads == 8
    for median, verdict in ((1.2, "met"), (1.4, "missed")):
        rows = [make_row(case, "rnncore-2t", 1.0), make_row(case, "rnncore", median)]
        assert floor.result(Results(rows=rows))["verdict"] == verdict


def test_fits_are_compared_within_a_model() -> None:
    entries = [
        {"model": model, "library": library, "step": step, "first_epoch": 0.5}
        for model, library, step in (
            ("regression", "rnncore", 1.0),
            ("regression", "keras", 9.0),
            ("regression", "keras-jit", 8.0),
            ("text", "rnncore", 4.0),
            ("text", "keras", 20.0),
        )
    ]
    found = {f.label: f.result(Results(fits=entries)) for f in floors.select("fit")}
    assert found["fit regression vs keras"]["figure"] == "8"
    assert found["fit text vs keras"]["figure"] == "5"
    assert found["fit text vs torch"]["verdict"] == "not measured"


def test_step_is_an_upper_bound(make_row: MakeRow) -> None:
    floor, _, *streams = floors.select("lstm step T1 B1 I64 H64 float32")
    assert len(streams) == 2
    (case,) = floor.cases
    results = Results(rows=[make_row(case, "rnncore", 5e-6)])
    assert floor.result(results)["verdict"] == "met"
    results = Results(rows=[make_row(case, "rnncore", 7e-6)])
    assert floor.result(results)["verdict"] == "missed"


def test_ragged_is_held_to_its_share(make_row: MakeRow) -> None:
    floor = next(f for f in floors.select("lstm ragged lengths") if "share" in f.label)
    (case,) = floor.cases
    full = make_row(case, "rnncore-padded", 1.0)
    for median, verdict in ((0.56, "met"), (0.6, "missed")):
        ours = make_row(case, "rnncore", median, share=0.5)
        assert floor.result(Results(rows=[ours, full]))["verdict"] == verdict


def test_time_loop_is_a_difference_of_two_lengths(make_row: MakeRow, measured: Measured) -> None:
    (floor,) = floors.select("rnn time loop,")
    short, long = floor.cases
    # 200 steps of 4 MiB in 20 ms: 42 GB/s of the 50 from L3.
    rows = [make_row(short, "rnncore", 0.110), make_row(long, "rnncore", 0.130)]
    entry = floor.result(Results(rows=rows, measured=[measured]))
    assert entry["figure"] == "0.839"
    assert "from L3" in str(entry["detail"])


def test_an_interrupted_run_has_verdicts_of_what_was_measured(
    make_row: MakeRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = floors.select("gru_before B16")
    later = floors.select("gru_before B32")

    def cases(self: Run, wanted: list[Case], *others: object) -> None:
        (floor,) = chosen
        self.results.rows += [make_row(case, "rnncore", 1.0) for case in floor.cases]
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "cases", cases)
    run = Run(["numpy"], 0.1)
    with pytest.raises(KeyboardInterrupt):
        floors.measure([*chosen, *later], run)
    verdicts = [floor["verdict"] for floor in run.results.floors]
    assert verdicts == ["met", "not measured"]
