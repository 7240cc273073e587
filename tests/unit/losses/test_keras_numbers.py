"""Losses and gradients against numbers that Keras gave (golden/make/losses_of_keras.py)."""

import numpy as np
import pytest
from golden_data import golden

from rnncore import losses

CASES = golden("losses_of_keras")


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']}-{c['arguments']}")
def test_value_and_gradient_are_those_of_keras(case):
    loss = getattr(losses, case["name"])(**case["arguments"])
    value, grad = loss.value_and_grad(case["y_true"], case["y_pred"], case["sample_weight"])
    # Keras rounds the log(2) of this one to float32.
    rel = 1e-8 if case["name"] == "LogCosh" else 1e-13
    assert value == pytest.approx(case["value"], rel=rel)
    np.testing.assert_allclose(grad, case["grad"], rtol=1e-11, atol=1e-15)
    assert loss(case["y_true"], case["y_pred"], case["sample_weight"]) == value
