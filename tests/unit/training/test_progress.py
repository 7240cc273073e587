"""What is shown while training: a bar on a terminal, lines elsewhere."""

import io
from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense
from rnncore.models import Sequential
from rnncore.training.progress import Progress, resolve_verbose


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(stream: io.StringIO, verbose: int = 1, **kwargs: Any) -> str:
    clock = Clock()
    progress = Progress(verbose, 3, stream, clock, **kwargs)
    progress.begin(4, 1)
    for step in range(4):
        clock.now += 0.5
        progress.step(lambda step=step: {"loss": 1.0 / (step + 1)})  # type: ignore[misc]
    progress.training_done()
    clock.now += 1.0
    progress.end({"loss": 0.25, "val_loss": 0.00003})
    return stream.getvalue()


def test_plain_line() -> None:
    expected = "Epoch 2/3 - 3.0s - 500ms/step - loss: 0.2500 - val_loss: 3.0000e-05\n"
    assert run(io.StringIO()) == expected
    assert run(Terminal(), verbose=2) == expected


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = run(Terminal())
    assert text.count("\n") == 1
    frames = text.rstrip("\n").split("\r")[1:]
    assert len(frames) == 5
    assert frames[1].rstrip() == (
        "Epoch 2/3 - 2/4 [==========..........] - 500ms/step - ETA 1.0s - loss: 0.5000"
    )
    assert frames[-1].rstrip() == (
        "Epoch 2/3 - 4/4 [====================] - 3.0s - 500ms/step - loss: 0.2500 "
        "- val_loss: 3.0000e-05"
    )


def test_bar_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    *frames, _ = run(Terminal()).split("\r")
    assert max(len(frame.rstrip()) for frame in frames) < 40


def test_final_line_is_complete_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = "3.0s - 500ms/step - loss: 0.2500 - val_loss: 3.0000e-05"
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        *frames, last = run(Terminal()).rstrip("\n").split("\r")
        assert last.rstrip() == f"Epoch 2/3 - 4/4 - {complete}"
        assert len(last) >= len(frames[-1].rstrip())  # nothing of the bar is left behind it


def test_steps_whose_number_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    clock, stream = Clock(), Terminal()
    progress = Progress(1, 1, stream, clock)
    progress.begin(None, 0)
    for _ in range(2):
        clock.now += 0.5
        progress.step(lambda: {"loss": 0.5})
    progress.end({"loss": 0.25})
    frames = [frame.rstrip() for frame in stream.getvalue().split("\r")[1:]]
    assert frames == [
        "Epoch 1/1 - 1/? - 500ms/step - loss: 0.5000",
        "Epoch 1/1 - 2/? - 500ms/step - loss: 0.5000",
        "Epoch 1/1 - 2/? - 1.0s - 500ms/step - loss: 0.2500",
    ]


def test_bar_is_not_drawn_at_every_step() -> None:
    clock, stream = Clock(), Terminal()
    progress = Progress(1, 1, stream, clock)
    progress.begin(1000, 0)
    for _ in range(1000):
        clock.now += 0.001
        progress.step(dict)
    assert 5 < stream.getvalue().count("\r") < 15


def test_silence() -> None:
    assert run(io.StringIO(), verbose=0) == ""
    assert run(Terminal(), verbose=0) == ""
    assert run(io.StringIO(), only_bar=True) == ""


def test_no_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    progress = Progress(1, 1)
    progress.begin(1, 0)
    progress.step(dict)
    progress.end({})


def test_long_times() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = Progress(2, None, stream, clock)
    progress.begin(1)
    progress.step(dict)
    clock.now = 3725.0
    progress.end({"loss": float("nan")})
    assert stream.getvalue() == "1h02m - 1h02m/step - loss: nan\n"


def test_verbose() -> None:
    assert [resolve_verbose(value) for value in ("auto", True, False, 2)] == [1, 1, 0, 2]


def test_fit_evaluate_and_predict_write_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = Sequential([LSTM(2, input_shape=(3, 1)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.zeros((5, 3, 1)), np.zeros(5)
    model.fit(x, y, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
    assert all("loss: " in line and "mae: " in line and "/step" in line for line in lines)
    model.evaluate(x, y)
    assert "loss: " in capsys.readouterr().out
    model.predict(x)
    assert capsys.readouterr().out == ""
