"""The base class for cells written in NumPy: one time step, forward and backward."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from rnncore.layers.graph.symbolic import is_symbolic
from rnncore.layers.layer import Layer, Shape, detached
from rnncore.layers.rnn.own_cell_loop import CellSteps
from rnncore.layers.rnn.states import (
    checked_states,
    nest,
    output_size,
    state_sizes,
    state_structure,
)
from rnncore.utils._checks import check_count, check_flag


class AbstractRNNCell(Layer):
    """Base class for your own cells: what `RNN` does at each time step.

    A subclass sets `state_size` in its constructor, makes its weights in `build`, and defines
    `forward` and `backward` for one step. `RNN` does the rest: the loop, masks, directions and the
    sums over time. A cell only gets the rows of the batch that are not masked, so with a mask the
    number of rows may change from step to step.

    A cell that defines only Keras' `call` can predict but not be trained.

    Parameters
    ----------
    **kwargs
        `name`, `dtype`, `trainable`: see `Layer`.

    Attributes
    ----------
    state_size : int or list of int
        Sizes of the states.
    output_size : int, optional
        Size of the output. Default: that of the first state.

    Examples
    --------
    A gated cell with one gate: ``f = sigmoid(x Wf + h' Uf)``, ``n = tanh(x Wn + (f*h') Un)``,
    ``h = h' + f*(n - h')``.

    >>> import numpy as np
    >>> from rnncore.layers import RNN, AbstractRNNCell
    >>> class MinimalGatedCell(AbstractRNNCell):
    ...     def __init__(self, units, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.units = self.state_size = units
    ...
    ...     def build(self, input_shape):
    ...         columns = 2 * self.units
    ...         self.W = self.add_weight("kernel", (input_shape[-1], columns), "glorot_uniform")
    ...         self.U = self.add_weight("recurrent_kernel", (self.units, columns), "orthogonal")
    ...
    ...     def forward(self, x, states):
    ...         (h,), (Uf, Un) = states, np.split(self.U.value, 2, axis=1)
    ...         xf, xn = np.split(x @ self.W.value, 2, axis=1)
    ...         f = 1 / (1 + np.exp(-(xf + h @ Uf)))
    ...         n = np.tanh(xn + (f * h) @ Un)
    ...         y = h + f * (n - h)
    ...         return y, [y], (x, h, f, n)
    ...
    ...     def backward(self, saved, dy, dstates):
    ...         (x, h, f, n), (Uf, Un) = saved, np.split(self.U.value, 2, axis=1)
    ...         dh = dy + dstates[0]
    ...         dn = dh * f * (1 - n * n)
    ...         dfh = dn @ Un.T
    ...         df = (dh * (n - h) + dfh * h) * f * (1 - f)
    ...         dgates = np.concatenate([df, dn], axis=1)
    ...         self.W.grad += x.T @ dgates
    ...         self.U.grad += np.concatenate([h.T @ df, (f * h).T @ dn], axis=1)
    ...         return dgates @ self.W.value.T, [dh * (1 - f) + df @ Uf.T + dfh * f]
    >>> x = np.ones((2, 5, 3))
    >>> RNN(MinimalGatedCell(4), return_sequences=True)(x).shape
    (2, 5, 4)

    `rnncore.testing.check_cell` compares such a backward with finite differences:

    >>> from rnncore.testing import check_cell
    >>> check_cell(MinimalGatedCell(4, dtype="float64"), features=3) < 1e-8
    True
    """

    fixed_axes = (-1,)
    state_size: Any = None
    output_size: Any = None

    def __init__(self, **kwargs: Any) -> None:
        if kwargs.get("activity_regularizer") is not None:
            raise ValueError(
                f"{type(self).__name__}: activity_regularizer: expected None (RNN takes one), "
                f"got {kwargs['activity_regularizer']!r}"
            )
        super().__init__(**kwargs)

    def check_methods(self) -> None:
        cls = type(self)
        if cls.forward is AbstractRNNCell.forward and cls.call is AbstractRNNCell.call:
            raise NotImplementedError(
                f"{cls.__name__}: expected a class that defines forward and backward, or only "
                "`call` if it is never trained"
            )

    # -- what subclasses give ------------------------------------------------------------

    def forward(  # type: ignore[override]
        self, inputs: NDArray[Any], states: list[NDArray[Any]]
    ) -> tuple[NDArray[Any], list[NDArray[Any]], Any]:
        """Compute one step; a cell may add an argument ``training``.

        Parameters
        ----------
        inputs : ndarray
            (B, features). Neither this nor the states may be written to.
        states : list of ndarray
            (B, size) each.

        Returns
        -------
        y : ndarray
            (B, output_size).
        states : list of ndarray
            The new ones.
        saved : object
            What `backward` needs from this step.
        """
        raise NotImplementedError(
            f"{self.name}: forward: expected a cell that defines it, got {type(self).__name__}"
        )

    def backward(  # type: ignore[override]
        self, saved: Any, dy: NDArray[Any], dstates: list[NDArray[Any]]
    ) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Compute the gradients of one step; `RNN` calls it from the last step to the first.

        Add the gradients of the weights to their `grad`, which `RNN` sets to zero beforehand. `dy`
        and `dstates` may not be written to.

        Parameters
        ----------
        saved : object
            What `forward` returned at this step.
        dy : ndarray
            (B, output_size).
        dstates : list of ndarray
            Gradients with respect to the states that `forward` returned.

        Returns
        -------
        dx : ndarray
            (B, features).
        dstates : list of ndarray
            Gradients with respect to the states that `forward` was given.
        """
        raise NotImplementedError(
            f"{self.name}: backward: expected a cell that defines it, got {type(self).__name__}"
        )

    def call(
        self, inputs: NDArray[Any], states: list[NDArray[Any]]
    ) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        """Compute one step, keeping nothing for the backward; by default calls `forward`."""
        y, new_states, _ = self.forward(inputs, states)
        return y, new_states

    def get_initial_state(self, batch_size: int | None = None) -> Any:
        """Return the initial states of sequences, by default zeros.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        ndarray or list of ndarray
            (batch_size, size), nested like `state_size`.
        """
        batch = check_count(f"{self.name}: get_initial_state", "batch_size", batch_size)
        flat = [np.zeros((batch, size), self.dtype) for size in state_sizes(self)]
        return nest(state_structure(self), flat)

    # -- use -----------------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], output_size(self))

    def connect(self, x: Any, **arguments: Any) -> NoReturn:
        raise TypeError(f"{self.name}: x: expected an array; use RNN(cell) in a graph of layers")

    def __call__(  # type: ignore[override]
        self, inputs: Any, states: Any, *, training: bool | None = None
    ) -> tuple[NDArray[Any], Any]:
        """Compute one step; the first call makes the weights.

        Parameters
        ----------
        inputs : array_like
            (B, features).
        states : list of array_like
            (B, size) each, as `get_initial_state` returns them; a single state need not be in a
            list.
        training : bool, optional
            Whether dropout is active; by default it is not.

        Returns
        -------
        y : ndarray
            (B, output_size).
        states : list of ndarray
            Nested as they were given.

        Raises
        ------
        ValueError, TypeError
            If a shape or dtype is wrong.
        """
        if is_symbolic(inputs):
            self.connect(inputs)
        x = self.convert_input(inputs, "inputs")
        if x.ndim != 2:
            raise ValueError(
                f"{self.name}: inputs: expected 2 axes (batch, features), got shape {x.shape}"
            )
        self.make_weights((None, x.shape[1]))
        given = checked_states(
            f"{self.name}: states", states, state_sizes(self), len(x), self.dtype
        )
        flag = check_flag(self.name, "training", False if training is None else training)
        y, new, _ = CellSteps(self, self.dtype).forward(x, given, flag)
        taken = [x, *given]
        y, *new = (detached(one, taken) for one in (y, *new))
        return y, nest(states, new)
