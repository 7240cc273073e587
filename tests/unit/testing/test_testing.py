"""The helpers of rnncore.testing: they must notice what is wrong, and only that."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rnncore import testing

# ---- gradient check --------------------------------------------------------------------------


def test_numerical_gradient_of_a_smooth_function_has_ten_digits() -> None:
    a = np.random.default_rng(0).standard_normal((3, 4))
    gradient = testing.numerical_gradient(lambda: float(np.sin(a).sum()), a)
    np.testing.assert_allclose(gradient, np.cos(a), rtol=0, atol=1e-10)


def test_arrays_are_restored_even_when_the_function_fails() -> None:
    a = np.array([0.1, 0.2])

    def fails() -> float:
        raise RuntimeError("no value")

    with pytest.raises(RuntimeError, match="no value"):
        testing.numerical_gradient(fails, a)
    np.testing.assert_array_equal(a, [0.1, 0.2])


def test_views_are_checked_in_place() -> None:
    whole = np.arange(6.0).reshape(2, 3)
    column = whole[:, 1]
    gradient = testing.numerical_gradient(lambda: float((whole**2).sum()), column)
    np.testing.assert_allclose(gradient, 2 * column, rtol=1e-10)


def test_check_gradients_returns_the_largest_error() -> None:
    w, v = np.array([0.3, -0.7]), np.array([[1.5]])
    error = testing.check_gradients(
        lambda: float((w**2).sum() * v[0, 0]),
        {"w": w, "v": v},
        {"w": 2 * w * v[0, 0], "v": [[float((w**2).sum())]]},
    )
    assert 0.0 <= error < 1e-10


def test_check_gradients_names_the_wrong_one_only() -> None:
    w, v = np.array([0.3]), np.array([2.0])
    with pytest.raises(AssertionError, match=r"got v 0\.0") as caught:
        testing.check_gradients(
            lambda: float(w[0] * v[0]), {"w": w, "v": v}, {"w": v.copy(), "v": 1.01 * w}
        )
    assert "w " not in str(caught.value)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_fails(wrong: float) -> None:
    w = np.array([0.3, 0.5])
    with pytest.raises(AssertionError, match="w"):
        testing.check_gradients(lambda: float(w.sum()), {"w": w}, {"w": [1.0, wrong]})


def test_max_entries_limits_the_evaluations() -> None:
    w, calls = np.zeros(100), 0

    def function() -> float:
        nonlocal calls
        calls += 1
        return float(w.sum())

    testing.gradient_errors(function, {"w": w}, {"w": np.ones(100)}, max_entries=5)
    assert calls == 20


def test_gradients_without_entries_are_right() -> None:
    assert (
        testing.check_gradients(lambda: 0.0, {"w": np.zeros((0, 3))}, {"w": np.zeros((0, 3))}) == 0
    )


def test_gradient_check_refuses_what_it_cannot_check() -> None:
    w = np.zeros(2)
    with pytest.raises(TypeError, match="expected dtype float64, got float32"):
        testing.numerical_gradient(lambda: 0.0, w.astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected names"):
        testing.gradient_errors(lambda: 0.0, {"w": w}, {"v": w})
    with pytest.raises(ValueError, match=r"gradients\['w'\]: expected shape \(2,\), got \(3,\)"):
        testing.gradient_errors(lambda: 0.0, {"w": w}, {"w": np.zeros(3)})


# ---- tolerances ------------------------------------------------------------------------------


def test_normwise_error() -> None:
    assert testing.normwise_error([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert testing.normwise_error([1.0, 5.0], [0.0, 4.0]) == 0.25
    assert testing.normwise_error([1e-9], [0.0], floor=1.0) == 1e-9
    assert testing.normwise_error([1e-9], [0.0]) == math.inf
    assert testing.normwise_error([np.inf], [np.inf]) == 0.0
    assert math.isnan(testing.normwise_error([np.nan], [1.0]))
    assert testing.normwise_error(np.zeros((0, 2)), np.zeros((0, 2))) == 0.0
    with pytest.raises(ValueError, match="expected shape"):
        testing.normwise_error([1.0], [[1.0]])


def test_assert_close_says_what_and_where() -> None:
    with pytest.raises(AssertionError, match=r"^y: .* at \(1, 0\) expected 3\.0, got 3\.5"):
        testing.assert_close([[1.0], [3.5]], [[1.0], [3.0]], 1e-6, "y")
    with pytest.raises(AssertionError, match="y: expected shape"):
        testing.assert_close(1.0, [1.0], 1e-6, "y")


@pytest.mark.parametrize("actual", [[np.nan], [np.inf]])
def test_assert_close_refuses_nan_and_inf(actual: list[float]) -> None:
    with pytest.raises(AssertionError):
        testing.assert_close(actual, [1.0], 1e-6)


def test_tolerances_grow_with_what_is_accumulated() -> None:
    base = testing.forward_tolerance("float32", 64, 20)
    assert testing.forward_tolerance("float32", 65, 20) > base
    assert testing.forward_tolerance("float32", 64, 21) > base
    assert testing.forward_tolerance("float32", 64, 20, growth=1.1) > base
    assert testing.forward_tolerance("float32", 64, 20, magnitude=2.0) > base
    assert testing.backward_tolerance("float32", 64, 20) > base
    assert testing.backward_tolerance("float32", 64, 20, 100) > testing.backward_tolerance(
        "float32", 64, 20
    )


def test_tolerances_scale_with_the_format() -> None:
    ratio = np.finfo(np.float32).eps / np.finfo(np.float64).eps
    assert testing.forward_tolerance("float32", 64, 20) == pytest.approx(
        ratio * testing.forward_tolerance(np.float64, 64, 20)
    )


@pytest.mark.parametrize("accumulation", [1, 100, 10_000])
def test_a_float32_dot_product_stays_within_its_tolerance(accumulation: int) -> None:
    rng = np.random.default_rng(accumulation)
    a, b = rng.standard_normal((2, 50, accumulation)).astype(np.float32)
    one_by_one = np.zeros(50, dtype=np.float32)
    for k in range(accumulation):
        one_by_one += a[:, k] * b[:, k]
    exact = (a.astype(np.float64) * b).sum(axis=1)
    partial = np.abs(np.cumsum(a.astype(np.float64) * b, axis=1)).max(axis=1)
    error = np.abs(one_by_one - exact) / partial
    tolerance = testing.dot_tolerance("float32", accumulation)
    assert error.max() <= tolerance
    assert tolerance < 1e-3 * max(1.0, math.sqrt(accumulation) / 100)
