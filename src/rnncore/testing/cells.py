"""Check of a user's recurrent cell: its backward against finite differences, in sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.layers import RNN
from rnncore.testing.gradcheck import check_gradients


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
