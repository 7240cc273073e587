import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, strategies as st

from rnncore import activations, losses
from rnncore.testing.gradcheck import check_gradients

RNG = np.random.default_rng


def batch(name, shape, rng):
    """Return targets, predictions and logits that suit a loss."""
    logits = rng.normal(size=shape)
    if name in ("mse", "mae", "huber"):
        return rng.normal(size=shape) * 2, logits, logits
    if name == "binary_crossentropy":
        pred = activations.sigmoid(logits)
        return rng.integers(0, 2, shape).astype(float), pred, logits
    pred = activations.softmax(logits)
    if name == "categorical_crossentropy":
        return activations.softmax(rng.normal(size=shape)), pred, logits
    return rng.integers(0, shape[-1], shape[:-1]), pred, logits


ALL = [
    "mse",
    "mae",
    "huber",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
]
FUSED = ALL[3:]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2)])
@pytest.mark.parametrize("name", ALL)
def test_gradient_by_finite_differences(name, shape, weighted):
    rng = RNG(5)
    true, pred, _ = batch(name, shape, rng)
    weight = rng.uniform(0.1, 3.0, shape[:-1]) if weighted else None
    loss = losses.get(name)
    _, grad = loss.value_and_grad(true, pred, weight)
    # The step is well below the probabilities, whose logarithms bend strongly.
    check_gradients(lambda: loss(true, pred, weight), {"y_pred": pred}, {"y_pred": grad}, step=1e-4)


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2)])
@pytest.mark.parametrize("name", FUSED)
def test_fused_form_equals_activation_then_loss(name, shape):
    true, pred, logits = batch(name, shape, RNG(6))
    loss = losses.get(name)
    value, dlogits = loss.value_and_grad_from_logits(true, logits)
    apart, dpred = loss.value_and_grad(true, pred)
    assert value == pytest.approx(apart, rel=1e-9)
    through = activations.get(loss.fuses).backward(pred, dpred)
    np.testing.assert_allclose(dlogits, through, rtol=1e-6, atol=1e-9)
    from_logits = type(loss)(from_logits=True)
    assert from_logits.fuses is None
    assert from_logits.value_and_grad(true, logits)[0] == value


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUSED)
def test_fused_form_is_exact_where_the_activation_saturates(name, dtype):
    loss = losses.get(name)
    logits = np.array([[100.0, -100.0]], dtype)
    true = {"sparse_categorical_crossentropy": [1]}.get(name, [[0.0, 1.0]])
    value, dlogits = loss.value_and_grad_from_logits(true, logits)
    wanted = 100.0 if name == "binary_crossentropy" else 200.0
    assert value == pytest.approx(wanted)
    scale = 2.0 if name == "binary_crossentropy" else 1.0
    np.testing.assert_allclose(dlogits, [[1.0 / scale, -1.0 / scale]])
    right = {"sparse_categorical_crossentropy": [0]}.get(name, [[1.0, 0.0]])
    assert loss.value_and_grad_from_logits(right, logits)[0] == pytest.approx(0.0, abs=1e-12)


def test_numbers_worked_out_by_hand():
    assert losses.get("mse")([[0.0, 1.0]], [[1.0, 3.0]]) == 2.5
    assert losses.get("mae")([[0.0, 1.0]], [[1.0, 3.0]]) == 1.5
    assert losses.Huber(delta=0.5)([[0.0, 0.0]], [[0.4, 2.0]]) == pytest.approx(
        (0.08 + 0.5 * (2.0 - 0.25)) / 2
    )
    assert losses.get("binary_crossentropy")([[1.0]], [[0.25]]) == pytest.approx(math.log(4))
    hot = losses.get("categorical_crossentropy")([[0.0, 1.0]], [[0.5, 0.5]])
    assert hot == pytest.approx(math.log(2))
    # Probabilities are kept 1e-7 away from 0, so that the loss stays finite.
    assert losses.get("binary_crossentropy")([[1.0]], [[0.0]]) == pytest.approx(7 * math.log(10))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ALL)
def test_gradient_has_shape_and_dtype_of_the_predictions(name, dtype):
    true, pred, logits = batch(name, (4, 3), RNG(7))
    loss = losses.get(name)
    value, grad = loss.value_and_grad(true, pred.astype(dtype), np.ones(4))
    assert type(value) is float
    assert grad.shape == pred.shape
    assert grad.dtype == dtype
    if loss.fuses:
        assert loss.value_and_grad_from_logits(true, logits.astype(dtype))[1].dtype == dtype


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "binary_crossentropy"])
@pytest.mark.parametrize(("true_shape", "pred_shape"), [((6,), (6, 1)), ((6, 1), (6,))])
def test_a_missing_last_axis_never_broadcasts(name, true_shape, pred_shape):
    rng = RNG(8)
    true, pred, _ = batch(name, (6, 1), rng)
    loss = losses.get(name)
    wanted, wanted_grad = loss.value_and_grad(true, pred)
    value, grad = loss.value_and_grad(true.reshape(true_shape), pred.reshape(pred_shape))
    assert value == wanted
    assert grad.shape == pred_shape
    np.testing.assert_array_equal(grad.ravel(), wanted_grad.ravel())


def test_labels_may_have_a_last_axis():
    loss = losses.get("sparse_categorical_crossentropy")
    true, pred, _ = batch(loss.name, (4, 3, 5), RNG(9))
    wanted = loss(true, pred)
    assert loss(true[..., np.newaxis], pred) == wanted
    assert loss(true.astype("float32"), pred) == wanted
    assert loss(true.astype("uint8"), pred) == wanted


def test_a_weight_per_sample_serves_all_time_steps():
    true, pred, _ = batch("mse", (4, 3, 2), RNG(10))
    weight = np.array([0.0, 1.0, 2.0, 0.5])
    loss = losses.get("mse")
    wanted = loss.value_and_grad(true, pred, np.repeat(weight[:, np.newaxis], 3, axis=1))
    for given_weight in (weight, weight[:, np.newaxis], weight[:, np.newaxis, np.newaxis]):
        value, grad = loss.value_and_grad(true, pred, given_weight)
        assert value == wanted[0]
        np.testing.assert_array_equal(grad, wanted[1])


def test_ignored_samples_change_nothing():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    _, pred, logits = batch("sparse_categorical_crossentropy", (4, 3), RNG(11))
    true = np.array([0, -1, 2, 1])
    keep = [0, 2, 3]
    poisoned = pred.copy()
    poisoned[1] = np.nan
    value, grad = loss.value_and_grad(true, poisoned)
    wanted, wanted_grad = loss.value_and_grad(true[keep], pred[keep])
    assert value == pytest.approx(wanted, rel=1e-14)
    np.testing.assert_allclose(grad[keep], wanted_grad, rtol=1e-14)
    np.testing.assert_array_equal(grad[1], 0.0)
    assert loss.value_and_grad_from_logits(np.full(4, -1), logits)[0] == 0.0


def test_bad_predictions_give_nan_and_no_warning():
    for name in ALL:
        true, pred, _ = batch(name, (3, 2), RNG(12))
        pred[0, 0] = np.nan
        value, grad = losses.get(name).value_and_grad(true, pred)
        assert math.isnan(value)
        assert np.isnan(grad).any()


def test_targets_and_predictions_are_not_changed():
    for name in ALL:
        true, pred, logits = batch(name, (3, 2), RNG(13))
        before = copy.deepcopy((true, pred, logits))
        loss = losses.get(name)
        loss.value_and_grad(true, pred, [1.0, 2.0, 3.0])
        if loss.fuses:
            loss.value_and_grad_from_logits(true, logits)
        for array, old in zip((true, pred, logits), before, strict=True):
            np.testing.assert_array_equal(array, old)


@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_sparse_and_categorical_agree(samples, classes, seed):
    rng = RNG(seed)
    labels = rng.integers(0, classes, samples)
    logits = rng.normal(size=(samples, classes)) * 5
    sparse = losses.SparseCategoricalCrossentropy()
    dense = losses.CategoricalCrossentropy()
    hot = np.eye(classes)[labels]
    pred = activations.softmax(logits)
    for one, other in (
        (sparse.value_and_grad(labels, pred), dense.value_and_grad(hot, pred)),
        (
            sparse.value_and_grad_from_logits(labels, logits),
            dense.value_and_grad_from_logits(hot, logits),
        ),
    ):
        assert one[0] == pytest.approx(other[0], rel=1e-12, abs=1e-14)
        np.testing.assert_allclose(one[1], other[1], rtol=1e-9, atol=1e-14)


@given(st.sampled_from(ALL), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_integer_weights_count_like_repeated_samples(name, samples, seed):
    rng = RNG(seed)
    true, pred, _ = batch(name, (samples, 3), rng)
    weight = rng.integers(1, 4, samples)
    loss = type(losses.get(name))(reduction="mean_with_sample_weight")
    repeated = loss(np.repeat(true, weight, axis=0), np.repeat(pred, weight, axis=0))
    assert loss(true, pred, weight) == pytest.approx(repeated, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "true", "shape", "message"),
    [
        ("mse", np.zeros((3, 2)), (3, 4), r"y_true: expected shape \(3, 4\).*got \(3, 2\)"),
        ("mse", [[0.0], [np.nan]], (2, 1), "y_true: expected finite numbers, got nan"),
        ("mse", [[0.0], [np.inf]], (2, 1), "y_true: expected finite numbers, got inf"),
        ("binary_crossentropy", [[2]], (1, 1), "y_true: expected numbers from 0 to 1, got 2"),
        ("binary_crossentropy", [[-1]], (1, 1), "y_true: expected numbers from 0 to 1, got -1"),
        ("binary_crossentropy", [[np.nan]], (1, 1), "y_true: expected finite numbers, got nan"),
        ("categorical_crossentropy", [0, 2], (2, 3), "use sparse_categorical_crossentropy"),
        ("categorical_crossentropy", [[1], [0]], (2, 1), "y_pred: expected at least 2 classes"),
        ("sparse_categorical_crossentropy", [0, 3], (2, 3), "class numbers from 0 to 2, got 3"),
        ("sparse_categorical_crossentropy", [0, -1], (2, 3), "class numbers from 0 to 2, got -1"),
        ("sparse_categorical_crossentropy", [0, 0.5], (2, 3), "whole class numbers, got 0.5"),
        ("sparse_categorical_crossentropy", [0, np.nan], (2, 3), "whole class numbers, got nan"),
        ("sparse_categorical_crossentropy", np.eye(3), (3, 3), "use categorical_crossentropy"),
        ("sparse_categorical_crossentropy", [[0, 1]], (2, 3), r"of shape \(2,\), got"),
    ],
)
def test_bad_targets_are_refused(name, true, shape, message):
    loss = losses.get(name)
    with pytest.raises(ValueError, match=message):
        loss.check_targets(true, shape)
    with pytest.raises(ValueError, match=message):
        loss.value_and_grad(true, np.full(shape, 0.5))


def test_check_targets_takes_unknown_lengths():
    losses.get("mse").check_targets(np.zeros(7), (None, 1))
    losses.get("sparse_categorical_crossentropy").check_targets(
        np.zeros((7, 5), int), (None, None, 3)
    )
    with pytest.raises(ValueError, match=r"expected shape \(7, 2\)"):
        losses.get("mse").check_targets(np.zeros((7, 3)), (None, 2))


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"sample_weight: expected shape \(3,\).*got \(2,\)"),
        ([1.0], ValueError, "sample_weight: expected shape"),
        ([1.0, np.nan, 1.0], ValueError, "sample_weight: expected finite numbers"),
        (["a", "b", "c"], TypeError, "sample_weight: expected numbers"),
    ],
)
def test_bad_weights_are_refused(weight, error, message):
    with pytest.raises(error, match=message):
        losses.get("mse").value_and_grad(np.zeros((3, 1)), np.zeros((3, 1)), weight)


@pytest.mark.parametrize(
    ("pred", "error", "message"),
    [
        (np.zeros((2, 1), "float16"), TypeError, "y_pred: expected float32 or float64"),
        (np.zeros((2, 1), ">f4"), TypeError, "y_pred: expected .* native byte order"),
        (np.ma.zeros((2, 1)), TypeError, "y_pred: expected a plain array, got a masked array"),
        (np.zeros((0, 1)), ValueError, "y_pred: expected an array with an axis and an element"),
        (np.float64(1.0), ValueError, "y_pred: expected an array with an axis and an element"),
    ],
)
def test_bad_predictions_are_refused(pred, error, message):
    with pytest.raises(error, match=message):
        losses.get("mse")(np.zeros(np.shape(pred)), pred)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.get("mean_sqared"), ValueError, "loss: expected one of .*mse"),
        (
            lambda: losses.get(3),
            TypeError,
            "loss: expected a name or an object of class Loss, got 3",
        ),
        (lambda: losses.Huber(delta=0), ValueError, "Huber: delta: expected .* > 0, got 0"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), ValueError, "label_smoothing"),
        (lambda: losses.BinaryCrossentropy(0.5), TypeError, "from_logits: expected True or False"),
        (lambda: losses.MeanSquaredError(reduction="avg"), ValueError, "reduction: expected one"),
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class="x"), TypeError, "ignore_class"),
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class=True), TypeError, "got True"),
        (lambda: losses.MeanSquaredError(name=3), TypeError, "MeanSquaredError: name: .* got 3"),
        (lambda: losses.MeanSquaredError(foo=1), TypeError, "'foo'"),
        (
            lambda: losses.get("mse").value_and_grad_from_logits([[0.0]], [[0.0]]),
            ValueError,
            "no form that starts from logits",
        ),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", ALL)
def test_pickle_deepcopy_config_and_class(name):
    loss = losses.get(name)
    assert losses.get(loss) is loss
    assert losses.get(type(loss).__name__).name == loss.name
    true, pred, _ = batch(name, (3, 4), RNG(14))
    for twin in (
        pickle.loads(pickle.dumps(loss)),
        copy.deepcopy(loss),
        type(loss).from_config(loss.get_config()),
        losses.get(type(loss)),
    ):
        assert twin(true, pred) == loss(true, pred)
        assert repr(twin) == repr(loss)


@pytest.mark.parametrize(
    ("true", "error", "message"),
    [
        (np.zeros((2, 1), ">f4"), TypeError, "y_true: expected .* native byte order, got .*>f4"),
        (np.ma.zeros((2, 1)), TypeError, "y_true: expected a plain array, got a masked array"),
        (np.full((2, 1), 1e300), ValueError, r"y_true: .* range of float32.* got 1e\+300"),
    ],
)
def test_targets_that_would_be_converted_at_a_loss(true, error, message):
    with pytest.raises(error, match=f"^MeanSquaredError: {message}"):
        losses.get("mse")(true, np.zeros((2, 1), np.float32))


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (np.ones(2, ">f8"), TypeError, "sample_weight: expected .* native byte order"),
        (np.ma.ones(2), TypeError, "sample_weight: expected a plain array"),
        (np.full(2, 1e300), ValueError, "sample_weight: .* range of float32"),
    ],
)
def test_weights_that_would_be_converted_at_a_loss(weight, error, message):
    pred = np.zeros((2, 1), np.float32)
    with pytest.raises(error, match=f"^MeanSquaredError: {message}"):
        losses.get("mse")(pred, pred, weight)
