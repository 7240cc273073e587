"""Checks of backward passes, of layers and of cells, by finite differences, in float64.

The derivative of ``f`` with respect to an entry is computed from four values,

    (8 (f(+s) - f(-s)) - (f(+2s) - f(-2s))) / (12 s),

whose error falls as ``s**4``. With ``s = eps**(1/5)``, about 7e-4, truncation and rounding balance
and about ten digits are correct, so a wrong term cannot hide in the noise as with the usual
two-point quotient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.layers import RNN
from rnncore.testing.tolerances import normwise_error

Function = Callable[[], float]
DEFAULT_STEP = float(np.finfo(np.float64).eps) ** 0.2


def numerical_gradient(
    function: Function, array: NDArray[np.float64], *, step: float = DEFAULT_STEP
) -> NDArray[np.float64]:
    """Gradient of a scalar function with respect to one array that it reads.

    Parameters
    ----------
    function : callable
        Takes no argument, reads `array` and returns a float. It must be deterministic.
    array : ndarray, float64, any shape
        Changed in place entry by entry, and restored.
    step : float, default eps**(1/5)
        Multiplied by ``max(1, |entry|)``.

    Returns
    -------
    ndarray, float64, of the shape of `array`

    Raises
    ------
    TypeError
        If `array` is not a float64 array.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.testing import numerical_gradient
    >>> x = np.array([1.0, 3.0])
    >>> numerical_gradient(lambda: float((x**2).sum()), x).round(8)
    array([2., 6.])
    """
    return _differences(function, array, np.arange(array.size), step).reshape(array.shape)


def gradient_errors(
    function: Function,
    arrays: Mapping[str, NDArray[np.float64]],
    gradients: Mapping[str, ArrayLike],
    *,
    step: float = DEFAULT_STEP,
    floor: float = 1e-3,
    max_entries: int | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Normwise error of each analytic gradient against finite differences.

    Parameters
    ----------
    function : callable
        Takes no argument, reads the arrays and returns a float.
    arrays : mapping of str to ndarray, float64
        Differentiate with respect to these; each is changed in place and restored.
    gradients : mapping of str to array_like
        The analytic gradients, under the same names and of the same shapes.
    step : float, default eps**(1/5)
    floor : float, default 1e-3
        Gradients smaller than this are compared absolutely (see `normwise_error`).
    max_entries : int, optional
        Check this many random entries of each array instead of all.
    seed : int, default 0
        Seed of that draw.

    Returns
    -------
    dict of str to float

    Raises
    ------
    TypeError
        If an array is not float64.
    ValueError
        If the names or shapes of `arrays` and `gradients` differ.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.testing import gradient_errors
    >>> w = np.array([0.5, -2.0])
    >>> dw = 1.0 - np.tanh(w) ** 2
    >>> gradient_errors(lambda: float(np.tanh(w).sum()), {"w": w}, {"w": dw})["w"] < 1e-9
    True
    """
    if set(arrays) != set(gradients):
        raise ValueError(f"gradients: expected names {sorted(arrays)}, got {sorted(gradients)}")
    rng = np.random.default_rng(seed)
    errors = {}
    for name, array in arrays.items():
        analytic = np.asarray(gradients[name], dtype=np.float64)
        if analytic.shape != array.shape:
            raise ValueError(
                f"gradients[{name!r}]: expected shape {array.shape}, got {analytic.shape}"
            )
        places = np.arange(array.size)
        if max_entries is not None and array.size > max_entries:
            places = rng.choice(array.size, size=max_entries, replace=False)
        numerical = _differences(function, array, places, step)
        errors[name] = normwise_error(analytic.flat[places], numerical, floor)
    return errors


def check_gradients(
    function: Function,
    arrays: Mapping[str, NDArray[np.float64]],
    gradients: Mapping[str, ArrayLike],
    *,
    tolerance: float = 1e-8,
    **options: Any,
) -> float:
    """Raise AssertionError unless every analytic gradient agrees with finite differences.

    Parameters
    ----------
    function, arrays, gradients, **options
        As in `gradient_errors`.
    tolerance : float, default 1e-8
        Largest error allowed.

    Returns
    -------
    float
        The largest error found.

    Raises
    ------
    AssertionError
        Naming the gradients that are wrong and by how much.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.testing import check_gradients
    >>> w = np.array([0.5, -2.0])
    >>> check_gradients(lambda: float((w**3).sum()), {"w": w}, {"w": 3 * w**2}) < 1e-8
    True
    """
    errors = gradient_errors(function, arrays, gradients, **options)
    wrong = {name: error for name, error in errors.items() if not error <= tolerance}
    if wrong:
        found = ", ".join(f"{name} {error:.3g}" for name, error in wrong.items())
        raise AssertionError(f"gradients: expected errors of at most {tolerance:.3g}, got {found}")
    return max(errors.values(), default=0.0)


def _differences(
    function: Function, array: NDArray[np.float64], places: NDArray[np.intp], step: float
) -> NDArray[np.float64]:
    """The four-point quotient at every place, an index of ``array.flat``, as a flat array."""
    if array.dtype != np.float64:
        raise TypeError(f"array: expected dtype float64, got {array.dtype}")
    result = np.empty(len(places))
    for k, place in enumerate(places):
        value = array.flat[place]
        s = step * max(1.0, abs(float(value)))

        def at(shift: float, place: np.intp = place, value: Any = value) -> float:
            array.flat[place] = value + shift
            return float(function())

        try:
            near = at(s) - at(-s)
            far = at(2.0 * s) - at(-2.0 * s)
        finally:
            array.flat[place] = value
        result[k] = (8.0 * near - far) / (12.0 * s)
    return result


def check_cell(
    cell: Any,
    features: int,
    *,
    batch: int = 3,
    steps: int = 5,
    seed: int = 0,
    tolerance: float = 1e-8,
    **options: Any,
) -> float:
    """Check `forward` and `backward` of a cell by finite differences.

    Runs the cell over random sequences with random weights and initial states, and with a mask that
    hides steps at the start, in the middle and at the end. Compares the gradients of all outputs
    and final states with respect to the sequences, the initial states and the weights.

    Parameters
    ----------
    cell : cell
        Made with ``dtype="float64"``; see `AbstractRNNCell`.
    features : int
        Size of the input of a step.
    batch, steps : int, default 3 and 5
    seed : int, default 0
        For all random numbers.
    tolerance : float, default 1e-8
        Largest error allowed.
    **options
        Further arguments of `check_gradients`.

    Returns
    -------
    float
        The largest error found.

    Raises
    ------
    AssertionError
        Naming the gradients that are wrong and by how much.
    ValueError, TypeError
        If it is not a cell, is not in float64, or has no `backward`.

    Examples
    --------
    >>> from rnncore.layers import GRUCell
    >>> from rnncore.testing import check_cell
    >>> check_cell(GRUCell(4, dtype="float64"), features=3) < 1e-8
    True
    """
    rng = np.random.default_rng(seed)
    layer = RNN(cell, return_sequences=True, return_state=True)
    layer.make_weights((None, None, features))
    if layer.dtype != np.float64:
        raise TypeError(f"check_cell: cell: expected dtype float64, got {layer.dtype}")
    for weight in layer.weights:
        weight.assign(rng.uniform(-0.8, 0.8, weight.shape))
    x = rng.standard_normal((batch, steps, features))
    states = [rng.standard_normal((batch, size)) for size in layer.state_sizes]
    mask = rng.random((batch, steps)) < 0.6
    mask[0] = True

    outputs, tape = layer.forward(x, mask=mask, training=True, initial_state=states)
    dys = [rng.standard_normal(one.shape) for one in outputs]
    dx, given = layer.backward(tape, [dy.copy() for dy in dys])
    arrays = {"x": x} | {f"state {i}": state for i, state in enumerate(states)}
    gradients = {"x": dx} | {f"state {i}": d for i, d in enumerate(given["initial_state"])}
    for number, weight in enumerate(layer.weights):
        arrays[f"{number} {weight.name}"] = weight.value
        gradients[f"{number} {weight.name}"] = weight.grad.copy()

    def loss() -> float:
        outputs, _ = layer.forward(x, mask=mask, initial_state=states)
        return float(sum((one * dy).sum() for one, dy in zip(outputs, dys, strict=True)))

    return check_gradients(loss, arrays, gradients, tolerance=tolerance, **options)
