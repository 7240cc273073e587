import copy
import json
import math
import pickle
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore import optimizers

BLOCK = 1 << 15  # elements of a task in csrc/train/optimizer.c

ALL = {
    "sgd": {},
    "sgd-momentum": {"momentum": 0.9},
    "sgd-nesterov": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {},
    "rmsprop-all": {"momentum": 0.5, "centered": True},
    "adam": {},
    "adam-amsgrad": {"amsgrad": True},
    "adamw": {"weight_decay": 0.1},
    "adagrad": {},
    "adadelta": {"learning_rate": 1.0},
    "adamax": {},
    "nadam": {"weight_decay": 0.1},
}
CLASSES = {
    "sgd": optimizers.SGD,
    "rmsprop": optimizers.RMSprop,
    "adam": optimizers.Adam,
    "adamw": optimizers.AdamW,
    "adagrad": optimizers.Adagrad,
    "adadelta": optimizers.Adadelta,
    "adamax": optimizers.Adamax,
    "nadam": optimizers.Nadam,
}


def make(key, **more):
    return CLASSES[key.split("-")[0]](**ALL[key], **more)


def segments_of(*sizes, frozen=(), no_decay=()):
    offsets = np.cumsum([0, *sizes])
    return [
        SimpleNamespace(
            offset=int(offsets[k]),
            size=n,
            trainable=k not in frozen,
            decay=k not in no_decay,
            name=f"w{k}",
        )
        for k, n in enumerate(sizes)
    ]


def test_sgd_by_hand():
    params = np.array([1.0, -2.0])
    optimizers.SGD(0.5).step(params, np.array([2.0, 4.0]), segments_of(2))
    assert params.tolist() == [0.0, -4.0]


def test_nesterov_by_hand():
    params = np.zeros(1)
    optimizer = optimizers.SGD(1.0, momentum=0.5, nesterov=True)
    optimizer.step(params, np.ones(1), segments_of(1))
    assert params.tolist() == [-1.5]
    optimizer.step(params, np.ones(1), segments_of(1))
    assert params.tolist() == [-1.5 - 1.75]


def test_rmsprop_epsilon_stands_under_the_root():
    params = np.zeros(1)
    optimizers.RMSprop(1.0, rho=0.5, epsilon=0.5).step(params, np.ones(1), segments_of(1))
    assert params[0] == pytest.approx(-1.0)


def test_adam_epsilon_stands_outside_the_root():
    params = np.zeros(1)
    optimizers.Adam(1.0, beta_1=0.5, beta_2=0.75, epsilon=0.5).step(
        params, np.ones(1), segments_of(1)
    )
    alpha = math.sqrt(1 - 0.75) / (1 - 0.5)
    assert params[0] == pytest.approx(-alpha * 0.5 / (math.sqrt(0.25) + 0.5))


def test_adamw_decays_only_the_segments_that_ask_for_it():
    params = np.ones(4, "float32")
    optimizers.AdamW(0.01, weight_decay=0.5).step(
        params, np.zeros(4, "float32"), segments_of(2, 2, no_decay=[1])
    )
    np.testing.assert_allclose(params, [0.995, 0.995, 1, 1], rtol=1e-6)


@pytest.mark.parametrize("kind", [tuple, list])
def test_changes_between_steps_count_at_once(kind):
    params, grads = np.ones(6), np.zeros(6)
    optimizer = optimizers.AdamW(0.5, weight_decay=1.0)
    segments = kind(segments_of(2, 2, 2))
    optimizer.step(params, grads, segments)
    assert params.tolist() == [0.5] * 6
    segments[0].trainable = segments[1].decay = False
    optimizer.step(params, grads, segments)
    assert params.tolist() == [0.5] * 4 + [0.25] * 2
    moved = np.ones(6)  # the same segments in another array
    optimizer.step(moved, grads, segments)
    assert moved.tolist() == [1.0] * 4 + [0.5] * 2
    optimizer.step(moved, grads, kind(segments_of(6)))
    assert moved.tolist() == [0.5] * 4 + [0.25] * 2


@pytest.mark.parametrize("same", ["params", "grads"])
def test_arrays_are_checked_whenever_they_change(same):
    params, grads = np.ones(4), np.zeros(4)
    optimizer = optimizers.SGD()
    segments = tuple(segments_of(4))
    optimizer.step(params, grads, segments)
    others = (params, np.zeros(5)) if same == "params" else (np.ones(5), grads)
    with pytest.raises(ValueError, match="expected"):
        optimizer.step(*others, segments)


@pytest.mark.parametrize("key", ALL)
def test_frozen_segments_keep_parameters_and_state(key):
    rng = np.random.default_rng(0)
    params = rng.normal(size=12)
    before = params.copy()
    optimizer = make(key)
    for _ in range(3):
        optimizer.step(params, rng.normal(size=12), segments_of(3, 4, 5, frozen=[1]))
    np.testing.assert_array_equal(params[3:7], before[3:7])
    assert (params[:3] != before[:3]).all()
    assert (params[7:] != before[7:]).all()
    for state in optimizer.slots.values():
        np.testing.assert_array_equal(state[3:7], np.float64(0.1 if key == "adagrad" else 0))
    assert optimizer.iterations == 3


@given(
    st.sampled_from(sorted(ALL)),
    st.sampled_from([{}, {"clipvalue": 0.5}, {"global_clipnorm": 1.0}]),
    st.lists(st.integers(0, 7), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_how_parameters_are_cut_into_segments_does_not_matter(key, clip, sizes, seed):
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    one = rng.normal(size=total)
    other = one.copy()
    whole, cut = make(key, **clip), make(key, **clip)
    for _ in range(3):
        grads = rng.normal(size=total)
        whole.step(one, grads, segments_of(total))
        cut.step(other, grads, segments_of(*sizes)[::-1])
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("key", ALL)
def test_blocks_do_not_show(key):
    rng = np.random.default_rng(1)
    size = 2 * BLOCK + 17
    params = rng.normal(size=size)
    grads = rng.normal(size=size)
    tail = slice(BLOCK - 3, BLOCK + 5)
    few = params[tail].copy()
    make(key).step(params, grads, segments_of(size))
    make(key).step(few, grads[tail], segments_of(few.size))
    np.testing.assert_array_equal(params[tail], few)


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_leaves_small_gradients_and_the_given_array_alone(clip):
    grads = np.array([0.3, -0.4, 6.0, 8.0])
    given_grads = grads.copy()
    params = np.zeros(4)
    optimizers.SGD(1.0, **{clip: 1.0}).step(params, grads, segments_of(2, 2))
    wanted = {
        "clipnorm": [-0.3, 0.4, -0.6, -0.8],
        "global_clipnorm": -grads / np.linalg.norm(grads),
        "clipvalue": [-0.3, 0.4, -1.0, -1.0],
    }[clip]
    np.testing.assert_allclose(params, wanted, rtol=1e-15)
    np.testing.assert_array_equal(grads, given_grads)


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm"])
def test_norms_whose_squares_overflow(clip):
    params = np.zeros(2, "float32")
    grads = np.array([3e30, 4e30], "float32")
    optimizers.SGD(1.0, **{clip: 1.0}).step(params, grads, segments_of(2))
    np.testing.assert_allclose(params, [-0.6, -0.8], rtol=1e-6)


@pytest.mark.parametrize("key", ALL)
@pytest.mark.parametrize("clip", [None, "clipnorm", "global_clipnorm", "clipvalue"])
def test_nan_gradients_reach_the_parameters_without_a_warning(key, clip):
    params = np.ones(3)
    optimizer = make(key, **({clip: 1.0} if clip else {}))
    optimizer.step(params, np.array([np.nan, 1.0, 1.0]), segments_of(3))
    assert np.isnan(params[0])
    assert np.isnan(params).all() == (clip in ("clipnorm", "global_clipnorm"))


def test_infinite_gradients_clip_as_in_keras():
    for clip, all_nan in (("clipnorm", False), ("global_clipnorm", True)):
        params = np.ones(2)
        optimizers.SGD(1.0, **{clip: 1.0}).step(params, np.array([np.inf, 1.0]), segments_of(2))
        assert np.isnan(params[0])
        assert np.isnan(params[1]) == all_nan


@pytest.mark.parametrize("key", ALL)
def test_steps_allocate_nothing(key):
    size = 200_000
    params, grads = np.ones(size, "float32"), np.ones(size, "float32")
    segments = segments_of(size // 2, size // 2)
    optimizer = make(key, global_clipnorm=1.0)
    optimizer.step(params, grads, segments)
    tracemalloc.start()
    optimizer.step(params, grads, segments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


def test_learning_rate_can_be_set():
    optimizer = optimizers.SGD(1.0)
    params = np.zeros(1)
    optimizer.learning_rate = 0.25
    optimizer.step(params, np.ones(1), segments_of(1))
    assert params[0] == -0.25
    with pytest.raises(ValueError, match="SGD: learning_rate: expected a finite number >= 0"):
        optimizer.learning_rate = -1.0


def test_learning_rate_can_be_assigned_as_in_keras():
    optimizer = optimizers.Adam()
    optimizer.learning_rate.assign(0.25)
    assert optimizer.learning_rate == float(optimizer.learning_rate) == 0.25
    assert optimizer.learning_rate.numpy() == 0.25
    optimizer.learning_rate = optimizer.learning_rate * 0.5
    assert repr(optimizer.learning_rate) == "0.125"
    assert type(pickle.loads(pickle.dumps(optimizer.learning_rate))) is float
    assert json.dumps({"lr": optimizer.learning_rate}) == '{"lr": 0.125}'
    with pytest.raises(ValueError, match="Adam: learning_rate"):
        optimizer.learning_rate.assign(-1)


@pytest.mark.parametrize("key", ALL)
def test_pickle_and_deepcopy_keep_the_state(key):
    rng = np.random.default_rng(2)
    params = rng.normal(size=8)
    optimizer = make(key, clipnorm=1.0)
    segments = segments_of(5, 3)
    optimizer.step(params, rng.normal(size=8), segments)
    grads = rng.normal(size=8)
    copies = [pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)]
    wanted = params.copy()
    optimizer.step(wanted, grads, segments)
    for twin in copies:
        got = params.copy()
        twin.step(got, grads, segments)
        np.testing.assert_array_equal(got, wanted)
        assert twin.iterations == 2


@pytest.mark.parametrize("key", ALL)
def test_config_makes_an_equal_optimizer(key):
    optimizer = make(key, clipvalue=0.5)
    assert repr(type(optimizer).from_config(optimizer.get_config())) == repr(optimizer)


def test_get():
    assert isinstance(optimizers.get("adam"), optimizers.Adam)
    assert isinstance(optimizers.get("RMSprop"), optimizers.RMSprop)
    assert isinstance(optimizers.get(optimizers.SGD), optimizers.SGD)
    optimizer = optimizers.AdamW()
    assert optimizers.get(optimizer) is optimizer
    with pytest.raises(ValueError, match=r"optimizer: expected one of .*adamm'"):
        optimizers.get("adamm")
    with pytest.raises(
        TypeError, match="optimizer: expected a name or an object of class Optimizer, got 1"
    ):
        optimizers.get(1)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: optimizers.Adam(-0.1), ValueError, "Adam: learning_rate: .* got -0.1"),
        (lambda: optimizers.Adam(float("nan")), ValueError, "learning_rate: .* got nan"),
        (lambda: optimizers.Adam("fast"), TypeError, "learning_rate: .* got 'fast'"),
        (lambda: optimizers.Adam(beta_1=1.0), ValueError, "beta_1: .* >= 0 and < 1, got 1.0"),
        (lambda: optimizers.AdamW(weight_decay=-1), ValueError, "AdamW: weight_decay"),
        (lambda: optimizers.AdamW(weight_decay=None), ValueError, "weight_decay: .* got None"),
        (lambda: optimizers.SGD(momentum=1.5), ValueError, "SGD: momentum: .* got 1.5"),
        (lambda: optimizers.SGD(nesterov=1), TypeError, "nesterov: expected True or False"),
        (lambda: optimizers.RMSprop(rho=-0.5), ValueError, "RMSprop: rho"),
        (lambda: optimizers.SGD(clipnorm=0), ValueError, "clipnorm: .* > 0, got 0"),
        (
            lambda: optimizers.SGD(clipnorm=1, clipvalue=1),
            ValueError,
            "expected at most one of clipnorm, clipvalue, global_clipnorm, got clipnorm and",
        ),
        (lambda: optimizers.Adam(lr=0.1), TypeError, "lr"),
    ],
)
def test_bad_arguments_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("params", "grads", "error", "message"),
    [
        (np.zeros(4), np.zeros(3), ValueError, "grads: expected shape"),
        (np.zeros(4), np.zeros(4, "float32"), ValueError, "grads: expected .*float64"),
        (np.zeros(4, int), np.zeros(4), TypeError, "params: expected a float32 or float64 array"),
        (np.zeros((2, 2)), np.zeros(4), ValueError, "params: expected a contiguous array"),
        (np.zeros(8)[::2], np.zeros(4), ValueError, "params: expected a contiguous array"),
        (np.zeros(3), np.zeros(3), ValueError, "segments: expected them to lie within 3"),
    ],
)
def test_bad_arrays_are_refused(params, grads, error, message):
    with pytest.raises(error, match=message):
        optimizers.SGD().step(params, grads, segments_of(4))


def test_an_optimizer_serves_one_model():
    optimizer = optimizers.Adam()
    optimizer.build(4, "float32")
    state = optimizer.slots["momentum"]
    optimizer.build(4, "float32")
    assert optimizer.slots["momentum"] is state
    with pytest.raises(ValueError, match="make a new optimizer for another"):
        optimizer.build(5, "float32")
    with pytest.raises(TypeError, match="dtype: expected float32 or float64, got int64"):
        optimizers.Adam().build(4, "int64")


@pytest.mark.parametrize(
    ("rate", "error"),
    [
        (-1.0, ValueError),
        (np.nan, ValueError),
        (np.inf, ValueError),
        (10**400, ValueError),
        (True, TypeError),
        (np.True_, TypeError),
        (np.complex128(1), TypeError),
        ("0.1", TypeError),
        (None, TypeError),
    ],
)
def test_learning_rates_that_are_none(rate, error):
    with pytest.raises(error, match=r"SGD: learning_rate: expected a finite number >= 0, got "):
        optimizers.SGD(rate)


@pytest.mark.parametrize("optimizer", [optimizers.SGD, optimizers.Adam])
def test_unknown_arguments_are_named(optimizer):
    with pytest.raises(TypeError, match="'lr'"):
        optimizer(lr=0.1)


def test_nadam_goes_on_from_a_number_of_steps():
    grads = np.random.default_rng(4).normal(size=(6, 3))
    one, other = optimizers.Nadam(), optimizers.Nadam()
    params = np.zeros(3)
    for grad in grads[:4]:
        one.step(params, grad, segments_of(3))
    other.build(3, "float64")
    other.iterations = one.iterations
    for name, slot in one.slots.items():
        other.slots[name][...] = slot
    again = params.copy()
    for grad in grads[4:]:
        one.step(params, grad, segments_of(3))
        other.step(again, grad, segments_of(3))
    np.testing.assert_array_equal(params, again)


def test_arrays_that_are_put_into_slots_are_used() -> None:
    optimizer = optimizers.Adam(0.1)
    params, grads = np.ones(4), np.ones(4)
    segments = [SimpleNamespace(offset=0, size=4, trainable=True, decay=True)]
    for _ in range(2):
        optimizer.step(params, grads, segments)
    for name in optimizer.slots:
        optimizer.slots[name] = np.zeros(4)
    optimizer.iterations = 0
    before = params.copy()
    optimizer.step(params, grads, segments)
    np.testing.assert_allclose(before - params, 0.1, rtol=1e-5)
    assert all(slot.any() for slot in optimizer.slots.values())
