"""History and its picture."""

import sys
from pathlib import Path

import pytest

from rnncore.training import History


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


def test_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'rnncore\[plot\]'"):
        filled().plot()


def test_plot_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one finished epoch"):
        History().plot()
