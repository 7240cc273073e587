"""GRU over a batch of sequences."""

from __future__ import annotations

from numpy.typing import ArrayLike

from rnncore import _core
from rnncore.ops._cells import Array, Gradients, State, Tape, Weights, checked


def gru(
    x: Array,
    kernel: Array | Weights,
    recurrent_kernel: Array | None = None,
    bias: Array | None = None,
    initial_state: State | None = None,
    *,
    reset_after: bool = True,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    lengths: ArrayLike | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: Array | None = None,
) -> tuple[Array, State]:
    """GRU over a batch of sequences.

    ``z, r = sigmoid(x W + h' U + b)``, ``h = z * h' + (1 - z) * n``, with h' of the step before and
    ``n = tanh(x Wn + bn + r * (h' Un + cn))`` (`reset_after`, the default: PyTorch, cuDNN) or
    ``n = tanh(x Wn + bn + (r * h') Un)`` (Cho et al. 2014).

    Parameters
    ----------
    x : ndarray
        (B, T, I), float32 or float64, any strides; T may be 0.
    kernel : ndarray or Weights
        (I, 3*H), gates side by side in the order z r n (n is the candidate). Or what
        `gru_weights` made of all three, in their place: quicker, as nothing is packed in the
        call. The other options must be those it was made with.
    recurrent_kernel : ndarray, optional
        (H, 3*H).
    bias : ndarray, optional
        (2, 3*H) with `reset_after`: a row for x W and one for h' U; else (3*H,). Default zeros.
    initial_state : tuple of ndarray, optional
        ``(h,)``, (B, H); an entry may be None. Default zeros.
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
    reset_after : bool, optional
        Apply the reset gate after the product with the recurrent kernel. Default True.
    activation : {"tanh", "relu", "sigmoid", "linear", "hard_sigmoid"}, optional
        Of the candidate n, instead of tanh. Default "tanh".
    recurrent_activation : {"sigmoid", "tanh", "relu", "linear", "hard_sigmoid"}, optional
        Of the gates z and r, instead of the sigmoid. Default "sigmoid".

    Returns
    -------
    y : ndarray
        (B, T, H): h of every step.
    state : tuple of ndarray
        ``(h,)`` after the last real step, each (B, H).

    Raises
    ------
    TypeError
        If an argument is not an array of the right dtype.
    ValueError
        If a shape, a length or a combination of arguments is wrong; the message names the
        argument, what was expected and what came.

    References
    ----------
    K. Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder for
    Statistical Machine Translation".

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import ops
    >>> x = np.zeros((2, 5, 3), np.float32)
    >>> kernel = np.zeros((3, 12), np.float32)
    >>> recurrent_kernel = np.zeros((4, 12), np.float32)
    >>> y, (h,) = ops.gru(x, kernel, recurrent_kernel, lengths=[5, 2])
    >>> y.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    y, state, _ = _core.run(_core.forward_call("gru", **checked(locals())))
    return y, state


def gru_weights(
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    *,
    reset_after: bool = True,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
) -> Weights:
    """Pack weights once, for many calls of `gru`.

    Parameters
    ----------
    kernel : ndarray
        (I, 3*H), float32 or float64.
    recurrent_kernel : ndarray
        (H, 3*H).
    bias : ndarray, optional
        (2, 3*H) with `reset_after`, else (3*H,). Default zeros.
    reset_after, activation, recurrent_activation
        As in `gru`.

    Returns
    -------
    Weights
        Copies: the arrays may change or go. ``weights.stream(batch)`` takes steps as they come.

    Raises
    ------
    TypeError, ValueError
        As `gru`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import ops
    >>> w = ops.gru_weights(np.zeros((3, 12), np.float32), np.zeros((4, 12), np.float32))
    >>> w
    <packed weights of gru: 3 inputs, 4 units, float32>
    >>> ops.gru(np.zeros((2, 5, 3), np.float32), w)[0].shape
    (2, 5, 4)
    """
    return _core.pack_weights("gru", **checked(locals()))


def gru_forward(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    initial_state: State | None = None,
    *,
    reset_after: bool = True,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    lengths: ArrayLike | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    time_major: bool = False,
    out: Array | None = None,
    recurrent_mask: Array | None = None,
) -> tuple[Array, State, Tape]:
    """As `gru`, and keep what `gru_backward` needs.

    Parameters
    ----------
    recurrent_mask : ndarray, optional
        (3, B, H): factors of h' before the recurrent kernel, separate for each gate and the same at
        every step, as drawn by recurrent dropout. Default ones.

    Returns
    -------
    y, state
        As `gru`, with the same bits.
    tape : Tape
        Holds copies of everything, so that the arguments may change; used once.
    """
    return _core.run(_core.forward_call("gru", training=True, **checked(locals())))


def gru_backward(
    tape: Tape, dy: Array | None, dstate: State | None = None, *, need_dx: bool = True
) -> Gradients:
    """Backpropagation through time over the tape of `gru_forward`.

    Parameters
    ----------
    tape : Tape
        Used up: the gradients of the gates overwrite it.
    dy : ndarray or None
        Gradient with respect to y, in its shape, any strides; None means zeros. Entries beyond
        `lengths` are ignored; those at a masked step flow to the step that it repeats.
    dstate : tuple of ndarray, optional
        Gradients with respect to the final state, ``(h,)``, (B, H); an entry may be None. Default
        zeros.
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
    >>> x, kernel = np.ones((2, 5, 3)), np.ones((3, 3 * 4))
    >>> y, _, tape = ops.gru_forward(x, kernel, np.ones((4, 3 * 4)))
    >>> ops.gru_backward(tape, np.ones_like(y)).dx.shape
    (2, 5, 3)
    """
    return Gradients(*_core.run(_core.backward_call("gru", tape, dy, dstate, need_dx)))
