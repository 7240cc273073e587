import random
import threading

import numpy as np
import pytest

from rnncore.utils import new_rng, set_random_seed


def test_one_seed_gives_one_result():
    def draw():
        set_random_seed(42)
        return [new_rng().random(4).tolist() for _ in range(3)], random.random(), np.random.rand()  # noqa: NPY002

    assert draw() == draw()


def test_streams_differ_from_each_other_and_between_seeds():
    draws = set()
    for seed in (0, 1, np.int64(2)):
        set_random_seed(seed)
        draws |= {new_rng().random() for _ in range(3)}
    assert len(draws) == 9


def test_streams_differ_in_threads():
    draws = []
    threads = [threading.Thread(target=lambda: draws.append(new_rng().random())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(draws)) == 8


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_out_of_range(seed):
    with pytest.raises(ValueError, match=f"seed: expected an integer from 0 .*got {seed}"):
        set_random_seed(seed)


@pytest.mark.parametrize("seed", ["1", 1.5, None, True])
def test_seed_of_another_type(seed):
    with pytest.raises(TypeError, match="seed: expected an integer from 0"):
        set_random_seed(seed)
