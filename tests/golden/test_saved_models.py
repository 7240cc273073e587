"""Files that earlier versions saved give the same predictions and train on alike."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore.callbacks import BackupAndRestore, load_checkpoint
from rnncore.models import load_model, model_from_json

DATA = Path(__file__).parent / "data" / "saved_0_1"
NAMES = sorted(path.stem for path in DATA.glob("*.npz") if path.stem != "others")
TRAINING: dict[str, Any] = {"batch_size": 4, "epochs": 1, "verbose": 0}


def numbers(name: str) -> dict[str, Any]:
    """What make/saved_models.py wrote beside a model, in the structure that the model takes."""
    found: dict[str, dict[str, Any]] = {}
    with np.load(DATA / f"{name}.npz") as file:
        for key, array in file.items():
            prefix, _, part = key.partition("_")
            found.setdefault(prefix, {})[part] = array
    return {prefix: structure(parts) for prefix, parts in found.items()}


def structure(parts: dict[str, Any]) -> Any:
    if "0" not in parts:
        return parts
    return parts["0"] if len(parts) == 1 else [parts[str(index)] for index in range(len(parts))]


def reset_states(model: Any) -> None:
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()


def check(model: Any, x: Any, expected: Any) -> None:
    reset_states(model)
    found = model.predict(x, 4, verbose=0)
    if not isinstance(expected, dict):
        found, expected = {"": found}, {"": expected}
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        # One step of training may pass through a kernel of another rounding than the writer's.
        np.testing.assert_allclose(found[key], array, rtol=1e-4, atol=1e-5)
        assert found[key].dtype == array.dtype


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model(name: str) -> None:
    saved = numbers(name)
    model: Any = load_model(DATA / f"{name}.rnnc")
    check(model, saved["x"], saved["before"])
    reset_states(model)
    model.fit(saved["x"], saved["y"], shuffle=name != "stateful", **TRAINING)
    check(model, saved["x"], saved["after"])


def compiled() -> Any:
    model = model_from_json((DATA / "model.json").read_text())
    model.compile("adam", "mse")
    return model


def test_saved_weights() -> None:
    saved, model = numbers("others"), compiled()
    model.load_weights(DATA / "weights.rnnc")
    check(model, saved["x"], saved["before"])


def test_a_saved_checkpoint() -> None:
    saved, model = numbers("others"), compiled()
    assert load_checkpoint(model, DATA / "checkpoint.rnnc") == 2
    check(model, saved["x"], saved["before"])
    model.fit(saved["x"], saved["y"], **TRAINING)
    check(model, saved["x"], saved["after"])
    check(load_model(DATA / "checkpoint.rnnc"), saved["x"], saved["before"])


def test_a_saved_backup(tmp_path: Path) -> None:
    saved, model = numbers("others"), compiled()
    shutil.copytree(DATA / "backup", tmp_path / "backup")
    callback = BackupAndRestore(tmp_path / "backup")
    options = TRAINING | {"epochs": 3, "callbacks": [callback]}
    assert model.fit(saved["x"], saved["y"], **options).epoch == [2]
    check(model, saved["x"], saved["after"])
