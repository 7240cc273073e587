"""normalize; the numbers are those of Keras 3.15.1."""

import numpy as np
import pytest

from rnncore.utils import normalize


def test_numbers_of_keras() -> None:
    np.testing.assert_allclose(normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize([[3.0, -4.0]], order=1), [[3 / 7, -4 / 7]])
    np.testing.assert_allclose(normalize([[3.0, 1.0], [4.0, 0.0]], axis=0), [[0.6, 1], [0.8, 0]])
    np.testing.assert_allclose(normalize([3.0, 4.0]), [[0.6, 0.8]])
    with pytest.raises(ValueError, match="normalize: axis: expected one of 1 axes, got 1"):
        normalize([3.0, 4.0], axis=1)
