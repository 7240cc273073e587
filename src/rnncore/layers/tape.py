"""Where a forward pass in training keeps what its backward needs."""

from __future__ import annotations

from typing import Any

from rnncore import _core
from rnncore.layers._buffers import Buffers


class Tape(Buffers):
    """What one forward pass leaves for its backward, and the arrays that both write to.

    A layer keeps the tapes that have been used and records the next passes on them, so that a
    training step allocates nothing that the one before had. A pass that no backward follows
    simply drops its tape.

    Attributes
    ----------
    saved : object
        What the backward needs, in whatever form the layer likes.
    scratch : _core.Scratch
        Memory that the kernels keep from one call to the next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.saved: Any = None
        self.scratch = _core.Scratch()
