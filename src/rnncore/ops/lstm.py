"""LSTM over a batch of sequences."""

from __future__ import annotations

from numpy.typing import ArrayLike

from rnncore import _core
from rnncore.ops._cells import Array, Gradients, State, Tape, Weights, checked


def lstm(
    x: Array,
    kernel: Array | Weights,
    recurrent_kernel: Array | None = None,
    bias: Array | None = None,
    initial_state: State | None = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    lengths: ArrayLike | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: Array | None = None,
) -> tuple[Array, State]:
    """LSTM over a batch of sequences.

    ``i, f, o = sigmoid(x W + h' U + b)``, ``g = tanh(x W + h' U + b)``,
    ``c = f * c' + i * g``, ``h = o * tanh(c)``, with h' and c' of the step before.

    Parameters
    ----------
    x : ndarray
        (B, T, I), float32 or float64, any strides; T may be 0.
    kernel : ndarray or Weights
        (I, 4*H), gates side by side in the order i f g o (g is the candidate). Or what
        `lstm_weights` made of all three, in their place: quicker, as nothing is packed in the
        call. The other options must be those it was made with.
    recurrent_kernel : ndarray, optional
        (H, 4*H).
    bias : ndarray, optional
        (4*H,). Default zeros.
    initial_state : tuple of ndarray, optional
        ``(h, c)``, each (B, H); an entry may be None. Default zeros.
    lengths : array_like of int, optional
        (B,), values in 0..T: row b consists of its first ``lengths[b]`` steps. Outputs beyond
        are 0, and what lies in the padding of `x` (NaN included) changes nothing.
    mask : ndarray of bool, optional
        (B, T), any pattern, also for time-major arrays; True: a real step. A masked step keeps
        the state and repeats the output of the step processed before it (zeros if there is
        none). Not together with `lengths`.
    go_backwards : bool, optional
        Process each row from its last real step to its first; ``y[:, t]`` still belongs to ``x[:,
        t]``, and the state is the one after step 0. Default False.
    time_major : bool, optional
        `x`, `y` and `out` are (T, B, features). Default False.
    out : ndarray, optional
        (B, T, H): where to write `y`; writable, any strides, not overlapping the inputs.
    activation : {"tanh", "relu", "sigmoid", "linear", "hard_sigmoid"}, optional
        Of the candidate, and of c in h, instead of tanh. Default "tanh".
    recurrent_activation : {"sigmoid", "tanh", "relu", "linear", "hard_sigmoid"}, optional
        Of the gates i, f and o, instead of the sigmoid. Default "sigmoid".

    Returns
    -------
    y : ndarray
        (B, T, H): h of every step.
    state : tuple of ndarray
        ``(h, c)`` after the last real step, each (B, H).

    Raises
    ------
    TypeError
        If an argument is not an array of the right dtype.
    ValueError
        If a shape, a length or a combination of arguments is wrong; the message names the
        argument, what was expected and what came.

    References
    ----------
    S. Hochreiter, J. Schmidhuber (1997), "Long Short-Term Memory", with the forget gate of
    F. Gers, J. Schmidhuber, F. Cummins (2000), "Learning to Forget".

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import ops
    >>> x = np.zeros((2, 5, 3), np.float32)
    >>> kernel = np.zeros((3, 16), np.float32)
    >>> recurrent_kernel = np.zeros((4, 16), np.float32)
    >>> y, (h, c) = ops.lstm(x, kernel, recurrent_kernel, lengths=[5, 2])
    >>> y.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    y, state, _ = _core.run(_core.forward_call("lstm", **checked(locals())))
    return y, state


def lstm_weights(
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
) -> Weights:
    """Pack weights once, for many calls of `lstm`.

    Parameters
    ----------
    kernel : ndarray
        (I, 4*H), float32 or float64.
    recurrent_kernel : ndarray
        (H, 4*H).
    bias : ndarray, optional
        (4*H,). Default zeros.
    activation, recurrent_activation
        As in `lstm`.

    Returns
    -------
    Weights
        Copies: the arrays may change or go. ``weights.stream(batch)`` takes steps as they come.

    Raises
    ------
    TypeError, ValueError
        As `lstm`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import ops
    >>> w = ops.lstm_weights(np.zeros((3, 16), np.float32), np.zeros((4, 16), np.float32))
    >>> w
    <packed weights of lstm: 3 inputs, 4 units, float32>
    >>> ops.lstm(np.zeros((2, 5, 3), np.float32), w)[0].shape
    (2, 5, 4)
    """
    return _core.pack_weights("lstm", **checked(locals()))


def lstm_forward(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    initial_state: State | None = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    lengths: ArrayLike | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: Array | None = None,
    recurrent_mask: Array | None = None,
) -> tuple[Array, State, Tape]:
    """As `lstm`, and keep what `lstm_backward` needs.

    Parameters
    ----------
    recurrent_mask : ndarray, optional
        (4, B, H): factors of h' before the recurrent kernel, separate for each gate and the same at
        every step, as drawn by recurrent dropout. Default ones.

    Returns
    -------
    y, state
        As `lstm`, with the same bits.
    tape : Tape
        Holds copies of everything, so that the arguments may change; used once.
    """
    return _core.run(_core.forward_call("lstm", training=True, **checked(locals())))


def lstm_backward(
    tape: Tape, dy: Array | None, dstate: State | None = None, *, need_dx: bool = True
) -> Gradients:
    """Backpropagation through time over the tape of `lstm_forward`.

    Parameters
    ----------
    tape : Tape
        Used up: the gradients of the gates overwrite it.
    dy : ndarray or None
        Gradient with respect to y, in its shape, any strides; None means zeros. Entries beyond
        `lengths` are ignored; those at a masked step flow to the step that it repeats.
    dstate : tuple of ndarray, optional
        Gradients with respect to the final state, ``(h, c)``, each (B, H); an entry may be None.
        Default zeros.
    need_dx : bool, optional
        False skips the computation of `dx`. Default True.

    Returns
    -------
    Gradients

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit the forward pass, or the tape was used before.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import ops
    >>> x, kernel = np.ones((2, 5, 3)), np.ones((3, 4 * 4))
    >>> y, _, tape = ops.lstm_forward(x, kernel, np.ones((4, 4 * 4)))
    >>> ops.lstm_backward(tape, np.ones_like(y)).dx.shape
    (2, 5, 3)
    """
    return Gradients(*_core.run(_core.backward_call("lstm", tape, dy, dstate, need_dx)))
