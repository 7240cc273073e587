"""Arrays that would be converted at a loss, given to a model."""

from typing import Any

import numpy as np
import pytest

from rnncore.layers import LSTM, Dense
from rnncore.models import Sequential

X = np.zeros((10, 6, 2), np.float32)
Y = np.zeros((10, 1), np.float32)
W = np.ones(10)
LARGE = np.full((10, 6, 2), 1e300)


def compiled() -> Sequential:
    model = Sequential([LSTM(3, input_shape=(6, 2)), Dense(1)])
    model.compile("sgd", "mse")
    return model


BAD = [
    ({"x": X.astype(">f4")}, TypeError, "x: expected .* native byte order, got dtype >f4"),
    ({"y": Y.astype(">f8")}, TypeError, "y: expected .* native byte order, got dtype >f8"),
    ({"sample_weight": W.astype(">f8")}, TypeError, "sample_weight: expected .* native byte order"),
    ({"x": np.ma.array(X)}, TypeError, "x: expected a plain array, got a masked array"),
    ({"y": np.ma.array(Y)}, TypeError, "y: expected a plain array, got a masked array"),
    ({"sample_weight": np.ma.array(W)}, TypeError, "sample_weight: expected a plain array"),
    ({"x": LARGE}, ValueError, r"x: expected numbers within the range of float32.*1e\+300"),
    (
        {"y": np.full((10, 1), 1e300)},
        ValueError,
        r"y: expected numbers within the range of float32.*1e\+300",
    ),
    ({"sample_weight": W * 1e300}, ValueError, "sample_weight: expected numbers within the range"),
]


@pytest.mark.parametrize("method", ["fit", "train_on_batch", "evaluate", "test_on_batch"])
@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_training(
    method: str, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^{message}"):
        getattr(compiled(), method)(**{"x": X, "y": Y, **arguments})


@pytest.mark.parametrize("call", [Sequential.__call__, Sequential.predict])
@pytest.mark.parametrize(
    ("arguments", "error", "message"), [case for case in BAD if "x" in case[0]]
)
def test_prediction(
    call: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^{message}"):
        call(compiled(), arguments["x"])


def test_validation_data() -> None:
    with pytest.raises(TypeError, match=r"^validation_x: expected .* native byte order"):
        compiled().fit(X, Y, validation_data=(X.astype(">f4"), Y), verbose=0)


def test_class_weights() -> None:
    for weight, error, message in (
        (1e300, ValueError, r"class_weight: expected numbers within the range of float32"),
        ("1", TypeError, r"fit: class_weight\[0\]: expected a finite number, got '1'"),
        (np.inf, ValueError, r"fit: class_weight\[0\]: expected a finite number, got inf"),
    ):
        with pytest.raises(error, match=f"^{message}"):
            compiled().fit(X, Y, class_weight={0: weight}, verbose=0)


def test_set_weights() -> None:
    model = compiled()
    weights = model.get_weights()
    weights[-1] = weights[-1].astype(">f4")
    with pytest.raises(TypeError, match=r"^sequential: weights\[4\]: expected .* native byte"):
        model.set_weights(weights)


def test_test_on_batch_wants_samples() -> None:
    with pytest.raises(ValueError, match=r"^x: expected an array of samples, got the number 3"):
        compiled().test_on_batch(3.0, Y)


def test_outputs_too_large_for_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    model = compiled()
    monkeypatch.setattr("rnncore.utils._arrays.machine_memory", lambda: 39.0)
    with pytest.raises(MemoryError, match=r"^predict: x: expected .* got 10 samples"):
        model.predict(X, batch_size=4)
