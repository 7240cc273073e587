"""The demo itself: what is forecast from what, what it prints, and how good it is."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest

from rnncore.datasets import load_japanese_vowels, load_sunspots
from rnncore.demo import japanese_vowels, sunspots
from rnncore.demo._training import Report
from rnncore.demo.run import run


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (sunspots, japanese_vowels):
        monkeypatch.setattr(part, "NETWORKS", 1)
        monkeypatch.setattr(part, "RATES", (1e-3, 1e-4))


@pytest.mark.usefixtures("one_network")
def test_forecasts_are_of_the_test_months() -> None:
    months, values = load_sunspots()
    split = int(0.8 * len(values))
    forecasts = sunspots.forecast(0, Report(0))
    np.testing.assert_array_equal(forecasts.months, months[split:])
    np.testing.assert_array_equal(forecasts.truth, values[split:])
    assert forecasts.network.shape == (12, len(values) - split)
    for ahead in range(1, 13):
        np.testing.assert_array_equal(
            forecasts.persistence[ahead - 1], values[split - ahead : -ahead]
        )
    assert (forecasts.network >= 0).all()


@pytest.mark.usefixtures("one_network")
def test_a_forecast_knows_nothing_later_than_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    months, values = load_sunspots()
    split = int(0.8 * len(values))
    known = sunspots.forecast(0, Report(0))
    other = values.copy()
    other[split + 50 :] = 111.0
    monkeypatch.setattr(sunspots, "load_sunspots", lambda: (months, other))
    changed = sunspots.forecast(0, Report(0))
    for ahead in range(1, 13):
        # Month 50 of the test part changed: it is known to forecasts of month 50 + ahead on.
        row, twin = known.network[ahead - 1], changed.network[ahead - 1]
        np.testing.assert_array_equal(row[: 50 + ahead], twin[: 50 + ahead])
        assert row[50 + ahead] != twin[50 + ahead]


@pytest.mark.slow
@pytest.mark.usefixtures("one_network")
def test_one_seed_gives_one_result() -> None:
    first, second, other = (sunspots.forecast(seed, Report(0)).network for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_vowels_are_standardised_by_the_training_part() -> None:
    train, test = load_japanese_vowels()
    x_train, y_train, x_test, y_test = japanese_vowels.standardised()
    real = np.arange(29) < train.lengths[:, None]
    np.testing.assert_allclose(x_train[real].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x_train[real].std(axis=0), 1, atol=1e-5)
    assert (x_train[~real] == 0).all()
    assert (x_test[np.arange(29) >= test.lengths[:, None]] == 0).all()
    np.testing.assert_array_equal(y_train, train.y)
    np.testing.assert_array_equal(y_test, test.y)


@pytest.mark.usefixtures("one_network")
def test_report_and_picture(tmp_path: Path) -> None:
    stream = io.StringIO()
    output = tmp_path / "demo.png"
    forecasts, confusion = run(1, output, Report(1, stream))
    text = stream.getvalue()
    # Two kinds of networks for the sunspots and one for the vowels.
    assert text.count("epoch 2 of 2") == 3 and "epoch 1 of 2" not in text
    for name in ("next 12 months: network 1 of 1", "next month: network 1 of 1"):
        assert text.count(f"  {name}  epoch 2 of 2") == 1
    network, persistence = forecasts.rmse()
    better = 1 - network[11] / persistence[11]
    assert re.search(rf"^ +12 +{network[11]:.1f} +{persistence[11]:.1f} +{better:.1%}$", text, re.M)
    assert f"accuracy {confusion.trace() / 370:.3f}" in text
    assert max(map(len, text.replace(str(output), "").splitlines())) <= 80
    assert persistence[0] == pytest.approx(19.46, abs=0.01)
    assert str(forecasts.months[0]) == "1957-05"
    _, test = load_japanese_vowels()
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(test.y))
    assert output.read_bytes().startswith(b"\x89PNG")


def test_picture_shows_every_line_over_the_years() -> None:
    months = np.datetime64("1990-01", "M") + np.arange(240)
    truth = 60 - 50 * np.cos(np.arange(240) / 20)
    rows = np.tile(truth, (12, 1))
    near, far = sunspots.draw(sunspots.Forecasts(months, truth, rows + 9, rows + 20)).axes
    assert "One month ahead: RMSE 9.0, persistence 20.0" in near.get_title("left")
    for axes, above in ((near, {"truth": 0, "network": 9}), (far, {"persistence": 20})):
        lines = {line.get_label(): line for line in axes.lines}
        assert above.keys() <= lines.keys() <= {"truth", "network", "persistence"}
        for name, distance in above.items():
            np.testing.assert_allclose(lines[name].get_ydata(), truth + distance)
            assert lines[name].get_xdata()[[0, -1]] == pytest.approx([1990, 2009 + 11 / 12])


def test_the_longest_line_with_a_bar_fits_into_80_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    Report(1, stream).progress("next 12 months: network 1 of 4", 20, 20, 0.5445)
    assert stream.getvalue().rstrip("\n").endswith("epoch 20 of 20  loss 0.5445")


def test_a_bar_on_a_terminal() -> None:
    stream = Terminal()
    report = Report(1, stream)
    report.progress("network 1 of 2", 1, 2, 0.5)
    report.progress("network 1 of 2", 2, 2, 0.25)
    report.say("next")
    first, second = stream.getvalue().split("\r")[1:]
    assert "epoch 1 of 2  loss 0.5000" in first and "epoch 2 of 2  loss 0.2500" in second
    assert second.endswith("\nnext\n")


def test_an_unfinished_bar_is_left_before_the_next_line() -> None:
    stream = Terminal()
    with Report(1, stream) as report:
        report.progress("network 1 of 2", 1, 2, 0.5)
    assert stream.getvalue().endswith("loss 0.5000\n")


def test_verbose_prints_every_epoch_and_quiet_nothing() -> None:
    for level, expected in ((0, 0), (2, 4)):
        stream = Terminal()
        Report(level, stream).say("begin")
        for done in (1, 2, 3):
            Report(level, stream).progress("network", done, 3, 0.1)
        assert stream.getvalue().count("\n") == expected


@pytest.mark.slow
def test_the_demo_is_as_good_as_it_says(tmp_path: Path) -> None:
    forecasts, confusion = run(0, tmp_path / "demo.png", Report(0))
    network, persistence = forecasts.rmse()
    assert network[0] <= 0.92 * persistence[0]
    assert network[11] <= 0.8 * persistence[11]
    assert confusion.trace() / 370 >= 0.96
