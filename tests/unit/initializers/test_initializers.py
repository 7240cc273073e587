import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore import initializers
from rnncore.initializers.initializers import fans
from rnncore.layers import Dense
from rnncore.utils import set_random_seed

RANDOM = [
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_uniform", 2 / 500),
        ("glorot_normal", 2 / 500),
        ("he_uniform", 2 / 300),
        ("he_normal", 2 / 300),
        ("lecun_uniform", 1 / 300),
        ("lecun_normal", 1 / 300),
        ("random_normal", 0.05**2),
        ("random_uniform", 0.1**2 / 12),
        ("truncated_normal", (0.05 * 0.87962566103423978) ** 2),
    ],
)
def test_mean_and_variance(name, variance):
    values = initializers.get(name)((300, 200), "float64", rng())
    # Standard error of the mean of 60,000 values, times 5; of the variance about 0.6%, times 5.
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", math.sqrt(6 / 500)),
        ("glorot_normal", 2 * math.sqrt(2 / 500) / 0.87962566103423978),
        ("he_uniform", math.sqrt(6 / 300)),
        ("he_normal", 2 * math.sqrt(2 / 300) / 0.87962566103423978),
        ("lecun_uniform", math.sqrt(3 / 300)),
        ("random_uniform", 0.05),
        ("truncated_normal", 0.1),
    ],
)
def test_limits_are_reached_and_kept(name, limit):
    values = np.abs(initializers.get(name)((300, 200), "float64", rng()))
    assert 0.99 * limit < values.max() <= limit


@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"),
    [((), 1, 1), ((7,), 7, 7), ((3, 5), 3, 5), ((2, 4, 3, 5), 24, 40)],
)
def test_fans(shape, fan_in, fan_out):
    assert fans(shape) == (fan_in, fan_out)


@given(st.lists(st.integers(1, 6), min_size=2, max_size=4), st.integers(0, 2**32 - 1))
def test_orthogonal(shape, seed):
    values = initializers.Orthogonal(gain=2.0)(shape, "float64", rng(seed))
    assert values.shape == tuple(shape)
    matrix = values.reshape(-1, shape[-1])
    small = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_signs_are_even():
    values = [initializers.Orthogonal()((1, 1), "float64", rng(s))[0, 0] for s in range(200)]
    assert 60 < sum(v > 0 for v in values) < 140


def test_constants():
    assert initializers.get("zeros")((2, 2), "float32", rng()).tolist() == [[0, 0], [0, 0]]
    assert initializers.get("ones")((2,), "float64", rng()).tolist() == [1, 1]
    assert initializers.Constant(2.5)((2,)).tolist() == [2.5, 2.5]


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    initializer = initializers.get(name)
    wanted = initializer((3, 4), "float64", rng(1))
    np.testing.assert_array_equal(initializer((3, 4), "float64", rng(1)), wanted)
    assert (initializer((3, 4), "float64", rng(2)) != wanted).any()
    single = initializer((3, 4), "float32", rng(1))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, wanted.astype("float32"))
    assert single.flags.c_contiguous
    assert single.flags.writeable

    own = type(initializer)(seed=3)
    np.testing.assert_array_equal(own((3, 4), "float64", rng(1)), own((3, 4), "float64", rng(2)))


def test_without_a_generator_the_global_seed_counts():
    set_random_seed(5)
    first = initializers.GlorotUniform()((2, 3))
    second = initializers.GlorotUniform()((2, 3))
    set_random_seed(5)
    np.testing.assert_array_equal(initializers.GlorotUniform()((2, 3)), first)
    assert (first != second).any()


def test_get():
    assert isinstance(initializers.get("xavier_uniform"), initializers.GlorotUniform)
    assert isinstance(initializers.get("HeNormal"), initializers.HeNormal)
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)
    own = initializers.Constant(3)
    assert initializers.get(own) is own

    def function(shape, dtype, rng):
        return np.full(shape, 7, dtype)

    assert initializers.get(function) is function
    with pytest.raises(ValueError, match=r"initializer: expected one of .*glorot.*; got 'glorott'"):
        initializers.get("glorott")
    with pytest.raises(TypeError, match=r"initializer: expected a name or .*got 3"):
        initializers.get(3)


@pytest.mark.parametrize("name", [*RANDOM, "zeros", "ones", "constant", "variance_scaling"])
def test_pickle_deepcopy_and_config(name):
    initializer = initializers.get(name)
    wanted = initializer((3, 4), "float32", rng(4))
    for twin in (
        pickle.loads(pickle.dumps(initializer)),
        copy.deepcopy(initializer),
        type(initializer).from_config(initializer.get_config()),
    ):
        np.testing.assert_array_equal(twin((3, 4), "float32", rng(4)), wanted)
        assert repr(twin) == repr(initializer)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: initializers.Orthogonal()((3,)), ValueError, r"shape: .* two axes, got \(3,\)"),
        (lambda: initializers.Zeros()((2**62, 4)), ValueError, r"^Zeros: shape: .*got \(4611"),
        (lambda: initializers.Zeros()((2**40, 4)), MemoryError, r"^Zeros: shape: .*got \(1099"),
        (lambda: initializers.Zeros()((-1,)), ValueError, r"^Zeros: shape: .* got \(-1,\)"),
        (lambda: initializers.Zeros()((1.5,)), TypeError, r"^Zeros: shape: .* got \(1.5,\)"),
        (lambda: initializers.Zeros()(3), TypeError, "^Zeros: shape: .* got 3"),
        (lambda: initializers.Zeros()((3,), "int32"), ValueError, "^Zeros: dtype: .* got 'int32'"),
        (lambda: initializers.Zeros()((3,), "foo"), TypeError, "^Zeros: dtype: .* got 'foo'"),
        (lambda: initializers.Constant("x"), TypeError, "Constant: value"),
        (lambda: initializers.RandomNormal(stddev=-1), ValueError, "RandomNormal: stddev"),
        (lambda: initializers.RandomUniform(1.0, 0.0), ValueError, "RandomUniform: maxval"),
        (lambda: initializers.VarianceScaling(scale=0), ValueError, "VarianceScaling: scale"),
        (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "mode: .* got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="x"), ValueError, "distribution"),
        (lambda: initializers.HeNormal(seed=-1), ValueError, "HeNormal: seed: .* got -1"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_values_that_the_dtype_cannot_hold():
    large = initializers.Constant(1e300)
    assert large((1,), "float64")[0] == 1e300
    with pytest.raises(ValueError, match=r"^Constant: expected numbers within .* float32.*1e\+300"):
        large((1,), "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_constant_takes_an_array(dtype: str) -> None:
    vectors = np.arange(6.0).reshape(3, 2)
    made = initializers.Constant(vectors)
    first = made((3, 2), dtype)
    np.testing.assert_array_equal(first, vectors)
    first[...] = 7  # is the caller's own
    vectors[...] = 8  # the initializer keeps what it was given
    np.testing.assert_array_equal(made((3, 2), dtype), np.arange(6.0).reshape(3, 2))
    assert initializers.Constant([1, 2])((2, 2)).tolist() == [[1, 2], [1, 2]]
    again = initializers.get(initializers.serialize(made))
    np.testing.assert_array_equal(again((3, 2)), made((3, 2)))
    with pytest.raises(
        ValueError, match=r"Constant: value: expected an array that fits .*\(4, 2\)"
    ):
        made((4, 2))
    with pytest.raises(ValueError, match="Constant: value: expected finite numbers"):
        initializers.Constant([1.0, np.nan])


def test_lower_case_names_are_the_classes():
    assert initializers.he_normal is initializers.HeNormal
    for name in ("constant", "identity", "orthogonal", "zeros", *RANDOM):
        assert type(initializers.get(name)) is getattr(initializers, name)


def test_identity():
    assert initializers.identity(gain=2.0)((2, 3)).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ValueError, match=r"Identity: shape: expected two axes, got \(3,\)"):
        initializers.Identity()((3,))


def test_initializers_that_were_written_for_keras() -> None:
    """They take a shape and a dtype, no generator."""

    class Filled(initializers.Initializer):
        def __init__(self, value: float) -> None:
            self.value = value

        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return np.full(shape, self.value, dtype)

    def steps(shape: Any, *, dtype: Any = None, **others: Any) -> Any:
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape)

    layer = Dense(2, kernel_initializer=Filled(0.5), bias_initializer=steps)
    layer(np.zeros((1, 3)))
    np.testing.assert_array_equal(layer.kernel.value, np.full((3, 2), 0.5))
    np.testing.assert_array_equal(layer.bias.value, [0.0, 1.0])
