"""The names that Keras has beside the usual ones."""

import numpy as np
import pytest

from rnncore import layers, saving, utils

OTHERS = {
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
}


@pytest.mark.parametrize(("other", "name"), OTHERS.items())
def test_layers(other: str, name: str) -> None:
    assert getattr(layers, other) is getattr(layers, name)


def test_weights() -> None:
    layer = layers.BatchNormalization()
    layer(np.ones((2, 3)))
    assert layer.variables == layer.weights and len(layer.variables) == 4
    assert layer.trainable_variables == layer.trainable_weights
    assert layer.non_trainable_variables == layer.non_trainable_weights
    array = layer.variables[0].numpy()
    array[...] = 7  # a copy
    assert layer.gamma.value.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "name",
    [
        "custom_object_scope",
        "deserialize_keras_object",
        "get_custom_objects",
        "register_keras_serializable",
        "serialize_keras_object",
    ],
)
def test_helpers(name: str) -> None:
    assert getattr(utils, name) is getattr(saving, name)
