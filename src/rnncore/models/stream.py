"""Streams: sequences whose steps come one after another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import _core
from rnncore.layers._arguments import numeric_array
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import check_count


class Stream(_core.Stream):
    """A batch of sequences that a model gets step by step; made by ``model.stream(batch)``.

    However the sequences are cut into calls of `step` and `run`, the results are those of
    ``model.predict`` on whole sequences, bit for bit. The stream keeps the weights as they were
    when it was made. One thread may use it at a time. It can be copied and pickled, with its
    states.

    Attributes
    ----------
    batch : int
        Number of rows B.
    state_size : int
        Numbers of one row's state.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.layers import GRU, Dense
    >>> model = Sequential([GRU(4, return_sequences=True, input_shape=(None, 2)), Dense(1)])
    >>> x = np.ones((1, 6, 2), np.float32)
    >>> stream = model.stream()
    >>> parts = [stream.step(x[:, 0])[:, None], stream.run(x[:, 1:])]
    >>> bool((np.concatenate(parts, axis=1) == model.predict(x, verbose=0)).all())
    True
    """

    _file: bytes

    def __new__(cls, file: bytes, batch: int = 1) -> Stream:
        """Make a stream of the model in the bytes of a file."""
        model = _core.Model(file)
        if not model.can_stream:
            raise ValueError(
                "stream: expected a model whose layers need only past steps, got one with a layer "
                "that needs the whole sequence or changes the number of steps"
            )
        stream = super().__new__(cls, model, check_count("stream", "batch", batch))
        stream._file = file
        return stream

    def reset(self, rows: Any = None) -> None:
        """Start rows anew.

        Parameters
        ----------
        rows : int, slice or array_like of int or bool, optional
            An index of the rows; by default all.
        """
        for row in self._rows(rows):
            self.reset_row(row)

    def _rows(self, rows: Any) -> list[int]:
        every = np.arange(self.batch)
        try:
            chosen = every if rows is None else np.atleast_1d(every[rows])
        except (IndexError, TypeError, ValueError):
            raise ValueError(
                f"stream: rows: expected an index of {self.batch} rows, got {rows!r}"
            ) from None
        return [int(row) for row in chosen]

    @property
    def state(self) -> NDArray[Any]:
        """The states of all rows, ``(B, state_size)``: a copy, or set from such an array.

        Layer by layer: h (and c) of recurrent layers, the last steps of convolutions. A state fits
        every stream of the same model: ``other.state = stream.state``.
        """
        found: NDArray[Any] = self.get_state()
        return found

    @state.setter
    def state(self, value: ArrayLike) -> None:
        self.set_rows(None, value)

    def set_rows(self, rows: Any, state: ArrayLike) -> None:
        """Set the states of some rows.

        Parameters
        ----------
        rows : int, slice or array_like of int or bool
            An index of the rows, as for `reset`.
        state : array_like, shape (number of rows, state_size) or (state_size,)
        """
        chosen = self._rows(rows)
        dtype = self.model.outputs[0][1]
        array = narrowed("stream: state", numeric_array("stream: state", state), dtype)
        expected = (len(chosen), self.state_size)
        if array.shape not in (expected, expected[1:]):
            raise ValueError(f"stream: state: expected shape {expected}, got {array.shape}")
        for row, one in zip(chosen, np.broadcast_to(array, expected), strict=True):
            self.set_state(row, np.ascontiguousarray(one))

    def copy(self) -> Stream:
        """Return a stream of its own in the same state."""
        return _restored(self._file, self.batch, self.state)

    __copy__ = copy

    def __deepcopy__(self, _: Any) -> Stream:
        return self.copy()

    def __reduce__(self) -> Any:
        return _restored, (self._file, self.batch, self.state)

    def __repr__(self) -> str:
        return f"<Stream batch={self.batch} state_size={self.state_size}>"


def _restored(file: bytes, batch: int, state: NDArray[Any]) -> Stream:
    stream = Stream(file, batch)
    stream.state = state
    return stream
