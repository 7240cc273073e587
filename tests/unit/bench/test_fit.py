"""Whole programs."""

import time

import pytest

from rnncore.bench import fit


@pytest.mark.parametrize("model", fit.MODELS)
def test_whole_fit(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "SAMPLES", 64)
    monkeypatch.setattr(fit, "VOCABULARY", 100)
    found = fit.run("rnncore", model, time.time(), 2)
    assert 0 <= found["import"] <= found["first_batch"] <= found["first_epoch"]
    assert found["low"] <= found["step"] <= found["high"]
    assert 0 < found["loss"] < 10
