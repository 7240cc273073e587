"""Layers and their gradients against numbers that Keras gave (golden/make/layers_of_keras.py)."""

from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore import layers

CASES = golden("layers_of_keras")


def make(name: str, arguments: dict[str, Any]) -> layers.Layer:
    arguments = dict(arguments)
    if "layer" in arguments:
        inner = arguments["layer"]
        arguments["layer"] = make(inner["class_name"], inner["config"])
    layer: layers.Layer = getattr(layers, name)(**arguments, dtype="float64")
    return layer


def same(got: Any, expected: Any) -> None:
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['name']}-{case['arguments']}-{case['training']}"
)
def test_output_mask_and_gradients_are_those_of_keras(case: dict[str, Any]) -> None:
    layer = make(case["name"], case["arguments"])
    inputs = [np.array(x) for x in case["inputs"]]
    masks = [None if mask is None else np.array(mask) for mask in case["masks"]]
    several = len(inputs) > 1
    x: Any = inputs if several else inputs[0]
    mask: Any = masks if several else masks[0]
    layer(x, mask=mask)
    layer.set_weights(case["weights"])

    given = [layer.convert_input(one) for one in x] if several else layer.convert_input(x)
    y, tape = layer.forward(given, mask=mask, training=case["training"])
    same(y, case["y"])
    for got, expected in zip(layer.get_weights(), case["weights_after"], strict=True):
        same(got, expected)
    y_mask = layer.compute_mask(x, mask)
    assert (None if y_mask is None else np.asarray(y_mask).tolist()) == case["y_mask"]

    if not case["training"]:
        return
    dx: Any = layer.backward(tape, np.array(case["dy"]))
    dx = dx[0] if layer.call_arguments else dx
    for got, expected in zip(dx if several else [dx], case["dinputs"], strict=True):
        same(got, expected)
    for weight, expected in zip(layer.trainable_weights, case["dweights"], strict=True):
        same(weight.grad, expected)
