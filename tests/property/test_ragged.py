"""Sequences of different lengths together give what each gives alone."""

import numpy as np
from hypothesis import given, strategies as st

import rnncore
from rnncore import Input, Sequential, _core
from rnncore.layers import GRU, LSTM, Bidirectional, Dense, LayerNormalization, SimpleRNN

LENGTHS = st.lists(st.integers(1, 12), min_size=1, max_size=20)
STACKS = {
    "lstm": lambda: [LSTM(3, return_sequences=True)],
    "gru": lambda: [GRU(3, return_sequences=True), LayerNormalization(), GRU(2)],
    "simple_rnn": lambda: [Dense(4, "tanh"), SimpleRNN(3, go_backwards=True)],
    "bidirectional": lambda: [
        Bidirectional(LSTM(2, return_sequences=True)),
        Bidirectional(GRU(2, return_sequences=True), merge_mode="sum"),
    ],
}


@given(LENGTHS, st.integers(1, 8), st.sampled_from(list(STACKS)), st.integers(0, 2**16))
def test_together_as_alone(lengths: list[int], size: int, stack: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rnncore.utils.set_random_seed(seed)
    model = Sequential([Input((None, 2)), *STACKS[stack](), Dense(1)], dtype="float64")
    x = [rng.normal(size=(n, 2)) for n in lengths]
    before = _core.get_context().row_steps
    together = model.predict(x, batch_size=size, verbose=0)
    work = _core.get_context().row_steps - before
    assert work % sum(lengths) == 0  # every layer computes the real steps and no more
    assert work // sum(lengths) in (1, 2, 4)
    for one, found in zip(x, together, strict=True):
        np.testing.assert_allclose(found, model.predict(one[None], verbose=0)[0], rtol=1e-9)
