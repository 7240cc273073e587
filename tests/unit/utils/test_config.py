"""Calls with arguments that a function does not have."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Sequential, callbacks, layers, losses, metrics, optimizers
from rnncore.layers import Layer
from rnncore.utils._checks import warn
from rnncore.utils._config import explained

X, Y = np.ones((4, 3)), np.ones((4, 1))


class Own(Layer):
    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
        return x


class OwnCallback(callbacks.Callback):
    def __init__(self, limit: float) -> None:
        self.limit = limit


def model() -> Sequential:
    made = Sequential([Input((3,)), layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


@pytest.mark.parametrize(
    ("call", "owner", "got", "meant"),
    [
        (lambda **k: layers.LSTM(**k), "LSTM", "output_dim", "units"),
        (lambda **k: layers.LSTM(3, **k), "LSTM", "recurent_dropout", "recurrent_dropout"),
        (lambda **k: layers.LSTM(3, **k), "LSTM", "inner_activation", "recurrent_activation"),
        (lambda **k: layers.GRUCell(**k), "GRUCell", "unit", "units"),
        (lambda **k: layers.Dropout(**k), "Dropout", "p", "rate"),
        (lambda **k: Own(**k), "Own", "siez", "size"),
        (lambda **k: Own(1, **k), "Own", "trainabel", "trainable"),
        (lambda **k: Input(**k), "Input", "shap", "shape"),
        (lambda **k: Sequential(**k), "Sequential", "layer", "layers"),
        (lambda **k: optimizers.Adam(**k), "Adam", "lr", "learning_rate"),
        (lambda **k: optimizers.SGD(**k), "SGD", "decay", "learning_rate=InverseTimeDecay"),
        (lambda **k: optimizers.SGD(**k), "SGD", "momentun", "momentum"),
        (
            lambda **k: optimizers.schedules.ExponentialDecay(1.0, 2, **k),
            *("ExponentialDecay", "decay", "decay_rate"),
        ),
        (lambda **k: losses.Huber(**k), "Huber", "detla", "delta"),
        (lambda **k: metrics.Precision(**k), "Precision", "threshold", "thresholds"),
        (lambda **k: callbacks.EarlyStopping(**k), "EarlyStopping", "patient", "patience"),
        (
            lambda **k: callbacks.ReduceLROnPlateau(**k),
            *("ReduceLROnPlateau", "epsilon", "min_delta"),
        ),
        (lambda **k: OwnCallback(**k), "OwnCallback", "limits", "limit"),
        (lambda **k: model().compile("sgd", **k), "compile", "metric", "metrics"),
        (lambda **k: model().fit(X, Y, **k), "fit", "nb_epoch", "epochs"),
        (lambda **k: model().evaluate(X, Y, **k), "evaluate", "batchsize", "batch_size"),
        (lambda **k: model().predict(X, **k), "predict", "batchsize", "batch_size"),
    ],
)
def test_a_wrong_argument_names_the_right_one(
    call: Callable[..., Any], owner: str, got: str, meant: str
) -> None:
    text = rf"^{owner}: expected only the arguments (?!self).*, got '{got}'; did you mean '{meant}"
    with pytest.raises(TypeError, match=text):
        call(**{got: 1})


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: layers.LSTM(), "^LSTM: missing a required argument: 'units'$"),
        (lambda: optimizers.Adam(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "^Adam: too many positional"),  # type: ignore[call-arg, arg-type]
        (lambda: model().fit(zzz=1), r"^fit: expected only the arguments x, y.*, got 'zzz'$"),  # type: ignore[call-arg]
    ],
)
def test_a_call_that_does_not_fit_names_its_function(call: Callable[..., Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        call()


def test_a_type_error_of_the_function_itself_stays() -> None:
    @explained
    def inner(x: int) -> None:
        raise TypeError(f"mine: {x}")

    with pytest.raises(TypeError, match=r"^mine: 1$"):
        inner(1)


def test_a_warning_is_one_of_the_line_of_the_program(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("from here")
        callbacks.ModelCheckpoint(tmp_path / "best.keras")
        model().fit(X, Y * 1e30, verbose=0)
    assert len(caught) == 3
    assert {one.filename for one in caught} == {__file__}


@pytest.mark.parametrize(
    ("base", "method", "text"),
    [
        (layers.Dense, "call", "; override forward instead"),
        (losses.MeanSquaredError, "call", "; override value_and_grad instead"),
        (losses.Loss, "__call__", "; override value_and_grad instead"),
        (optimizers.SGD, "update_step", "; override step instead"),
        (Sequential, "train_step", "which nothing calls here$"),
    ],
)
def test_methods_of_keras_that_nothing_calls_are_refused(base: Any, method: str, text: str) -> None:
    arguments = {"units": 2} if base is layers.Dense else {}
    with pytest.raises(NotImplementedError, match=f"^Own: {method}: .*{text}"):
        type("Own", (base,), {method: lambda *_: None})(**arguments)


def test_a_method_of_keras_may_stand_beside_the_one_that_is_called() -> None:
    for cell in (layers.GRUCell, layers.AbstractRNNCell):
        arguments = {"units": 2} if cell is layers.GRUCell else {}
        type("Own", (cell,), {"call": lambda *_: None})(**arguments)
    methods = ("call", "value_and_grad")
    type("Own", (losses.Loss,), dict.fromkeys(methods, lambda *_: (0.0, 0.0)))()
