"""Batches by length: every sample once, little padding, the same order for one seed."""

import numpy as np
from hypothesis import given, strategies as st

from rnncore.training.batches import batches_by_length

LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=120).map(lambda n: np.array(n, np.intp))
SIZES = st.integers(1, 40)


@given(LENGTHS, SIZES, st.integers(0, 2**32))
def test_every_sample_comes_once_in_full_batches_but_one(
    lengths: np.ndarray, size: int, seed: int
) -> None:
    for rng in (None, np.random.default_rng(seed)):
        batches = batches_by_length(lengths, size, rng)
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        sizes = sorted(len(batch) for batch in batches)
        assert sizes[0] == len(lengths) - (len(batches) - 1) * size > 0
        assert all(one == size for one in sizes[1:])


@given(LENGTHS, SIZES, st.integers(0, 2**32))
def test_the_padding_is_bounded(lengths: np.ndarray, size: int, seed: int) -> None:
    """A batch in a sorted order ends where the next one begins, up to a tenth: the sum telescopes,
    but for the longest sequences and the smaller batch."""
    for rng, spread in ((None, 1.0), (np.random.default_rng(seed), 1.1)):
        batches = batches_by_length(lengths, size, rng)
        cells = sum(len(batch) * lengths[batch].max() for batch in batches)
        assert cells <= spread * (lengths.sum() + 2 * size * lengths.max()) + 1e-9


@given(LENGTHS, SIZES, st.integers(0, 2**32))
def test_one_seed_gives_one_order(lengths: np.ndarray, size: int, seed: int) -> None:
    one, other = (batches_by_length(lengths, size, np.random.default_rng(seed)) for _ in range(2))
    assert [batch.tolist() for batch in one] == [batch.tolist() for batch in other]


def test_those_of_one_length_meet_others_in_each_epoch() -> None:
    for lengths in (np.full(64, 7), np.zeros(64, np.intp), np.arange(100, 164)):
        rng = np.random.default_rng(0)
        epochs = [batches_by_length(lengths, 8, rng) for _ in range(3)]
        sets = [{frozenset(batch.tolist()) for batch in batches} for batches in epochs]
        assert not sets[0] & sets[1] & sets[2]


def test_the_smaller_batch_is_not_always_the_one_of_the_longest() -> None:
    rng = np.random.default_rng(0)
    lengths = np.arange(1, 30)
    smaller = set()
    for _ in range(40):
        for batch in batches_by_length(lengths, 8, rng):
            if len(batch) < 8:
                smaller.add(int(lengths[batch].mean()) // 8)
    assert smaller == {0, 1, 2, 3}
