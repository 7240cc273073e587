"""Stacks of cells on the kernels against the same cells step by step in a loop."""

from typing import Any

import numpy as np
from hypothesis import given, strategies as st

from rnncore.layers import RNN, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells

KINDS: dict[str, Any] = {
    "lstm": LSTMCell,
    "lstm_hard": lambda n: LSTMCell(n, recurrent_activation="hard_sigmoid", use_bias=False),
    "gru": GRUCell,
    "gru_reset_before": lambda n: GRUCell(n, reset_after=False),
    "simple_rnn": lambda n: SimpleRNNCell(n, "sigmoid"),
}
STACKS = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(1, 4)), min_size=1)


class StepByStep(StackedRNNCells):
    """Says anew what happens at a step, though it is the same: RNN takes no short way then."""

    def forward(self, inputs: Any, states: Any, training: bool = False) -> Any:  # type: ignore[override]
        return super().forward(inputs, states, training)

    def backward(self, saved: Any, dy: Any, dstates: Any) -> Any:  # type: ignore[override]
        return super().backward(saved, dy, dstates)


@given(
    STACKS.filter(lambda stack: len(stack) < 4),
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from(["none", "any", "prefix"]),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_a_stack_is_its_cells_step_by_step(
    stack: list[tuple[str, int]],
    batch: int,
    steps: int,
    kind_of_mask: str,
    flags: list[bool],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    sequences, backwards, zero, starts = flags
    x = rng.standard_normal((batch, steps, 2))
    mask = None
    if kind_of_mask == "any":
        mask = rng.random((batch, steps)) < 0.6
    elif kind_of_mask == "prefix":
        mask = np.arange(steps) < rng.integers(0, steps + 1, (batch, 1))
    if mask is not None:
        x[~mask] = np.nan
    results: list[list[Any]] = []
    weights: Any = None
    for make in (StackedRNNCells, StepByStep):
        layer = RNN(
            make([KINDS[kind](units) for kind, units in stack]),
            return_sequences=sequences,
            return_state=True,
            go_backwards=backwards,
            zero_output_for_mask=zero,
            dtype="float64",
        )
        layer.make_weights((None, None, 2))
        if weights is None:
            weights = [rng.uniform(-0.8, 0.8, weight.shape) for weight in layer.weights]
            given_states = [rng.standard_normal((batch, size)) for size in layer.state_sizes]
        layer.set_weights(weights)
        start = given_states if starts else None
        outputs, tape = layer.forward(x, mask=mask, training=True, initial_state=start)
        outputs = [one.copy() for one in outputs]
        dx, others = layer.backward(tape, [np.cos(one) for one in outputs])
        grads = [weight.grad for weight in layer.weights]
        results.append([*outputs, dx, *others["initial_state"], *grads])
        assert (layer.kernel_path == "cell") == (make is StepByStep)
    assert len(results[0]) == len(results[1]) >= 5
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
