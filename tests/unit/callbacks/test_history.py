"""History and its picture."""

import sys
from pathlib import Path

import numpy as np
import pytest

from rnncore.callbacks import History
from rnncore.layers import Dense
from rnncore.models import Sequential


def filled() -> History:
    history = History({"epochs": 4})
    for epoch in range(4):
        logs = {"loss": 1.0 / (epoch + 1), "accuracy": 0.5}
        if epoch % 2:
            logs["val_loss"] = 0.7
        history.add(epoch, logs)
    return history


def test_history() -> None:
    history = filled()
    assert history.epoch == [0, 1, 2, 3]
    assert history.history["loss"] == [1.0, 1 / 2, 1 / 3, 1 / 4]
    assert history.params == {"epochs": 4}


def test_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "history.png"
    figure = filled().plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    training, validation = figure.axes[0].get_lines()
    assert list(training.get_xdata()) == [1, 2, 3, 4]
    assert list(validation.get_xdata()) == [2, 4]


def test_plot_knows_the_epochs_of_the_validation(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    x, y = np.zeros((4, 2)), np.zeros(4)
    for arguments, expected in (
        ({"epochs": 7, "validation_freq": 4}, [4]),
        ({"epochs": 6, "initial_epoch": 1, "validation_freq": 2}, [2, 4, 6]),
    ):
        history = model.fit(x, y, validation_data=(x, y), verbose=0, **arguments)
        lines = history.plot(tmp_path / "history.png").axes[0].get_lines()
        assert list(lines[1].get_xdata()) == expected


def test_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'rnncore\[plot\]'"):
        filled().plot()


def test_plot_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one finished epoch"):
        History().plot()
