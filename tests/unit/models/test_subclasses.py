"""Classes derived from models: those of a graph train, those with a `call` of their own do not."""

import copy
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential
from rnncore.layers import LSTM, Dense
from rnncore.models import Functional

X, Y = np.ones((4, 3, 2)), np.zeros((4, 1))


class Chain(Sequential):
    def __init__(self, units: int = 2) -> None:
        super().__init__([LSTM(units), Dense(1)])


class Graph(Functional):
    def __init__(self) -> None:
        series = Input((3, 2))
        super().__init__(inputs=series, outputs=Dense(1)(LSTM(2)(series)))


@pytest.mark.parametrize("cls", [Chain, Graph])
def test_graphs_of_ones_own(cls: Any) -> None:
    model = cls()
    assert model.name == cls.__name__.lower()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    twin = copy.deepcopy(model)
    np.testing.assert_allclose(
        twin.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-7
    )


class WithCall(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class OfTensors(Model):
    def __init__(self) -> None:
        x = Input((3,))
        super().__init__(inputs=x, outputs=Dense(1)(x))


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (WithCall, r"WithCall: expected .* rnncore.models.Functional or Sequential, .* `call`"),
        (OfTensors, "OfTensors: expected a class derived from rnncore.models.Functional, whose"),
    ],
)
def test_a_call_of_ones_own_is_refused_at_once(cls: Any, message: str) -> None:
    with pytest.raises(NotImplementedError, match=message):
        cls()
