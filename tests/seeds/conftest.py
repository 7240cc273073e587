"""Placeholders that the programs leave open: data of the shapes they mean."""

import numpy as np
import pytest
from numpy.typing import NDArray

import rnncore.utils

Arrays = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    rnncore.utils.set_random_seed(1)


@pytest.fixture
def waves() -> Arrays:
    """Noisy sine waves (N, T, 1), the value that follows each (N,), and unseen waves."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 2 * np.pi, (64, 1))
    series = np.sin(start + 0.5 * np.arange(9)) + 0.05 * rng.standard_normal((64, 9))
    x, y = series[:, :-1, None], series[:, -1]
    return x[:48], y[:48], x[48:]
