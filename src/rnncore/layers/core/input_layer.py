"""Input: the declared shape of a model's input."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.layers._arguments import feature_shape, split_batch
from rnncore.layers.core.scaling import Identity
from rnncore.layers.graph.symbolic import Node, SymbolicTensor
from rnncore.utils._checks import check_count
from rnncore.utils._config import explained


class InputLayer(Identity):
    """Holds the shape of a model's input; it computes nothing.

    Parameters
    ----------
    shape : tuple
        Shape of one sample, None for an axis of any size.
    batch_size : int, optional
        Batch size for stateful layers; other layers take any, as in Keras.
    dtype : optional
        dtype of the data, any numeric one; the model converts its inputs.
    name : str, optional
    batch_shape : tuple, optional
        `shape` with the batch size in front (None for any), instead of `shape`.

    Raises
    ------
    ValueError, TypeError
        If the shape or the batch size is invalid.
    """

    not_configured = frozenset({"shape", "batch_size"})

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
        batch_shape: Any = None,
    ) -> None:
        super().__init__(name=name)
        if (shape is None) == (batch_shape is None):
            raise ValueError("Input: expected one of shape and batch_shape")
        if batch_size is not None and batch_shape is not None:
            raise ValueError("Input: batch_size: expected None with batch_shape, got both")
        try:
            self.data_dtype = np.dtype(np.float32 if dtype is None else dtype)
        except TypeError:
            raise TypeError(f"Input: dtype: expected a numeric dtype, got {dtype!r}") from None
        if self.data_dtype.kind not in "biuf":
            raise ValueError(f"Input: dtype: expected a numeric dtype, got {dtype!r}")
        if shape is None:
            size, sizes = split_batch("Input", "batch_shape", batch_shape)
        else:
            size = None if batch_size is None else check_count("Input", "batch_size", batch_size)
            sizes = feature_shape("Input", "shape", shape)
        self.declared_batch_size, self.declared_input_shape = size, sizes
        self.built = True
        self.input_shape = (size, *sizes)
        self._nodes.append(Node(self, (), self.input_shape, self.data_dtype))

    def current_arguments(self) -> dict[str, Any]:
        return {
            "batch_shape": self.input_shape,
            "dtype": self.data_dtype.name,
            "name": self.name,
        }


@explained
def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    batch_shape: Any = None,
) -> SymbolicTensor:
    """Declare an input of a model: put it first in a `Sequential`, or call layers on it.

    Parameters
    ----------
    shape : tuple
        Shape of one sample without the batch: ``(timesteps, features)``, None for an axis of
        any size.
    batch_size : int, optional
        Batch size for stateful layers; other layers take any, as in Keras.
    dtype : optional
        dtype of the data, any numeric one; the model converts its inputs.
    name : str, optional
    batch_shape : tuple, optional
        `shape` with the batch size in front (None for any), instead of `shape`.

    Returns
    -------
    SymbolicTensor
        Layers called on it return further symbolic tensors.

    Raises
    ------
    ValueError, TypeError
        If the shape or the batch size is invalid.

    Examples
    --------
    >>> from rnncore import Input, Sequential
    >>> from rnncore.layers import LSTM
    >>> Sequential([Input(shape=(10, 3)), LSTM(4)]).output_shape
    (None, 4)
    >>> LSTM(4)(Input(shape=(10, 3))).shape
    (None, 4)
    """
    return InputLayer(shape, batch_size, dtype, name, batch_shape).output
