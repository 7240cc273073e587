"""Both directions of a recurrent layer: what comes out, gradients, bits and errors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from choosing import FLAG, pairwise
from numpy.typing import NDArray

import rnncore
from rnncore import Sequential, _core
from rnncore.layers import GRU, LSTM, Bidirectional, Dense, Embedding, SimpleRNN
from rnncore.layers.rnn.bidirectional import MERGE_MODES
from rnncore.testing import gradient_errors

CELLS = {"simple_rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
MASK = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
MERGES: dict[str, Any] = {
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


def inputs(batch: int = 3, steps: int = 5, features: int = 2) -> NDArray[Any]:
    return np.random.default_rng(0).standard_normal((batch, steps, features))


def randomized(layer: Bidirectional, x: NDArray[Any]) -> Bidirectional:
    rng = np.random.default_rng(1)
    layer(x)
    layer.set_weights([rng.uniform(-0.8, 0.8, weight.shape) for weight in layer.weights])
    return layer


def test_every_merge_mode_is_tried() -> None:
    assert set(MERGES) == set(MERGE_MODES)


@pairwise(cell=CELLS, merge=MERGES, backwards=FLAG, sequences=FLAG, masked=FLAG)
def test_two_layers_by_hand(
    cell: str, merge: str, backwards: bool, sequences: bool, masked: bool
) -> None:
    x, mask = inputs(), MASK if masked else None
    inner = CELLS[cell](4, return_sequences=sequences, go_backwards=backwards)
    layer = randomized(Bidirectional(inner, merge, dtype="float64"), x)
    half = len(layer.weights) // 2
    outputs = []
    for reverse, weights in (
        (False, layer.get_weights()[:half]),
        (True, layer.get_weights()[half:]),
    ):
        one = CELLS[cell](
            4,
            return_sequences=sequences,
            go_backwards=backwards ^ reverse,
            zero_output_for_mask=sequences,
            dtype="float64",
        )
        one(x)
        one.set_weights(weights)
        y = one(x, mask=mask)
        # Keras' layers give the steps in the order of processing.
        outputs.append(y[:, ::-1] if sequences and backwards ^ reverse else y)
    np.testing.assert_array_equal(layer(x, mask=mask), MERGES[merge](*outputs))


@pairwise(cell=CELLS, merge=MERGES, sequences=FLAG, masked=FLAG)
def test_gradients(cell: str, merge: str, sequences: bool, masked: bool) -> None:
    x, mask = inputs(), MASK if masked else None
    layer = randomized(
        Bidirectional(CELLS[cell](3, return_sequences=sequences), merge, dtype="float64"), x
    )
    dy = np.random.default_rng(2).standard_normal(layer(x).shape)
    _, tape = layer.forward(x, mask=mask, training=True)
    dx, _ = layer.backward(tape, dy)
    assert dx is not None
    arrays = {"x": x} | {weight.name: weight.value for weight in layer.weights}
    gradients = {"x": dx} | {weight.name: weight.grad.copy() for weight in layer.weights}
    assert len(arrays) == 1 + len(layer.weights)
    errors = gradient_errors(
        lambda: float((layer.forward(x, mask=mask)[0] * dy).sum()), arrays, gradients
    )
    assert max(errors.values()) < 1e-8, errors


def test_directions_of_different_sizes() -> None:
    x = inputs()
    layer = Bidirectional(
        LSTM(4, return_sequences=True),
        backward_layer=GRU(3, return_sequences=True, go_backwards=True),
    )
    assert layer(x).shape == layer.compute_output_shape(x.shape) == (3, 5, 7)


def trained(x: NDArray[Any], y: NDArray[Any]) -> list[NDArray[Any]]:
    rnncore.utils.set_random_seed(3)
    model = Sequential(
        [
            Bidirectional(LSTM(64, return_sequences=True)),
            Bidirectional(GRU(64, return_sequences=True), "mul"),
            Bidirectional(SimpleRNN(64), "sum"),
            Dense(1),
        ]
    )
    model.compile("adam", "mse")
    model.fit(x, y, epochs=2, batch_size=16, verbose=0)
    return [*model.get_weights(), model.predict(x, verbose=0)]


def test_two_threads_have_the_bits_of_one() -> None:
    x = np.random.default_rng(0).standard_normal((32, 20, 8)).astype("float32")
    before = rnncore.get_num_threads()
    try:
        results, done = [], ()
        for threads in (1, 2):
            rnncore.set_num_threads(threads)
            _core.get_context().assume_cpus(threads)
            for _ in range(20):  # on a busy machine a thread may come too late for its share
                results.append(trained(x, x.mean((1, 2))))
                done = _core.get_context().tasks_done
                if all(done):
                    break
            assert len(done) == threads and all(done)
    finally:
        rnncore.set_num_threads(before)
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_learns_through_masks() -> None:
    rnncore.utils.set_random_seed(0)
    ids = np.random.default_rng(0).integers(0, 5, (64, 7))
    tags = (ids == np.roll(ids, -1, axis=1)).astype("float32")[..., None]  # needs what comes next
    model = Sequential(
        [Embedding(5, 8, mask_zero=True), Bidirectional(LSTM(16, return_sequences=True)), Dense(1)]
    )
    model.compile(rnncore.optimizers.Adam(0.02), "mse")
    history = model.fit(ids, tags, batch_size=16, epochs=40, verbose=0)
    assert history.history["loss"][-1] < 0.3 * history.history["loss"][0]
    assert model.layers[1].name == "bidirectional"
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict(ids, verbose=0), model.predict(ids, verbose=0))


def test_each_direction_may_be_frozen_alone() -> None:
    layer = Bidirectional(LSTM(2, trainable=False), backward_layer=LSTM(2, go_backwards=True))
    layer(np.ones((1, 3, 2), "float32"))
    assert layer.trainable
    assert [weight.trainable for weight in layer.weights] == [False] * 3 + [True] * 3
    both = Bidirectional(LSTM(2, trainable=False))
    both(np.ones((1, 3, 2), "float32"))
    assert not both.trainable_weights


def test_frozen_layers_do_not_change() -> None:
    x = inputs()
    layer = Bidirectional(LSTM(4))
    model = Sequential([layer, Dense(1)])
    model(x)
    layer.trainable = False
    assert not layer.forward_layer.trainable and not layer.trainable_weights
    before = layer.get_weights()
    model.compile("sgd", "mse")
    model.fit(x, np.ones(3), verbose=0)
    for one, two in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_given_layer_stays_as_it_is() -> None:
    given = LSTM(4, name="mine")
    layer = Bidirectional(given)
    layer(inputs())
    assert not given.built and given.name == "mine" and not given.go_backwards
    assert [layer.forward_layer.name, layer.backward_layer.name] == [
        "forward_mine",
        "backward_mine",
    ]
    assert [weight.name for weight in layer.weights][::3] == [
        "forward_mine/kernel",
        "backward_mine/kernel",
    ]
    assert layer.count_params() == 2 * 4 * 4 * (2 + 4 + 1)


def test_weights_to_start_from() -> None:
    wanted = randomized(Bidirectional(LSTM(4)), inputs()).get_weights()
    layer = Bidirectional(LSTM(4), weights=wanted)
    layer(inputs())
    for one, other in zip(layer.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_built_layer_gives_its_arguments_only_and_the_backward_layer_itself() -> None:
    given, backward = LSTM(4), LSTM(4, go_backwards=True, name="other")
    given(inputs())
    layer = Bidirectional(given, backward_layer=backward)
    layer(inputs())
    assert layer.backward_layer is backward and backward.built and backward.name == "other"
    assert (layer.forward_layer.kernel.value != given.kernel.value).any()


@pytest.mark.parametrize(
    ("make", "error", "argument"),
    [
        (lambda: Bidirectional(Dense(3)), TypeError, "layer"),
        (lambda: Bidirectional(LSTM), TypeError, "layer"),
        (lambda: Bidirectional(LSTM(3), "add"), ValueError, "merge_mode"),
        (lambda: Bidirectional(LSTM(3), ["sum"]), ValueError, "merge_mode"),
        (lambda: Bidirectional(LSTM(3), weights=[np.ones(2)])(inputs()), ValueError, "weights"),
        (lambda: Bidirectional(LSTM(3), backward_layer=LSTM(3)), ValueError, "backward_layer"),
        (
            lambda: Bidirectional(
                LSTM(3), backward_layer=LSTM(3, go_backwards=True, return_sequences=True)
            ),
            ValueError,
            "backward_layer",
        ),
        (
            lambda: Bidirectional(LSTM(3), "sum", backward_layer=LSTM(4, go_backwards=True))(
                inputs()
            ),
            ValueError,
            "backward_layer",
        ),
        (lambda: Bidirectional(LSTM(3), merge="sum"), TypeError, "merge"),
        (lambda: Bidirectional(LSTM(3, dtype="float64"), dtype="float32"), ValueError, "dtype"),
    ],
)
def test_errors(make: Any, error: type[Exception], argument: str) -> None:
    with pytest.raises(error, match=r"(?i)^bidirectional: .*expected .*got ") as caught:
        make()
    assert argument in str(caught.value)
