"""Input: the declared shape of what a model is fed with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.layers._arguments import feature_shape, without_batch
from rnncore.layers.base import Layer
from rnncore.layers.symbolic import Node, SymbolicTensor


class InputLayer(Layer):
    """Holds the shape of a model's input; it computes nothing.

    Parameters
    ----------
    shape : tuple
        Shape of one sample, None for an axis of any size.
    batch_size : None
        Only None, any batch size, is supported so far.
    dtype : optional
        dtype of the data, any numeric one: the model converts what it is fed with.
    name : str, optional
    batch_shape : tuple, optional
        Instead of `shape`: the same with a None in front.

    Raises
    ------
    ValueError, TypeError
        For a shape that is none, or a fixed batch size.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: None = None,
        dtype: Any = None,
        name: str | None = None,
        batch_shape: Any = None,
    ) -> None:
        super().__init__(name=name)
        if (shape is None) == (batch_shape is None):
            raise ValueError("Input: expected one of shape and batch_shape")
        if batch_size is not None:
            raise ValueError(
                "Input: batch_size: expected None (a fixed size is not supported yet), "
                f"got {batch_size!r}"
            )
        if dtype is not None:
            _check_numeric(dtype)
        self.declared_input_shape = (
            without_batch("Input", "batch_shape", batch_shape)
            if shape is None
            else feature_shape("Input", "shape", shape)
        )
        self.built = True
        self.input_shape = (None, *self.declared_input_shape)
        data = np.dtype(np.float32 if dtype is None else dtype)
        self._nodes.append(Node(self, (), self.input_shape, data))

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        return x

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        return dy


def _check_numeric(dtype: Any) -> None:
    try:
        kind = np.dtype(dtype).kind
    except TypeError:
        raise TypeError(f"Input: dtype: expected a numeric dtype, got {dtype!r}") from None
    if kind not in "biuf":
        raise ValueError(f"Input: dtype: expected a numeric dtype, got {dtype!r}")


def Input(
    shape: Any = None,
    batch_size: None = None,
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
    batch_size : None
        Only None, any batch size, is supported so far.
    dtype : optional
        dtype of the data, any numeric one: the model converts what it is fed with.
    name : str, optional
    batch_shape : tuple, optional
        Instead of `shape`: the same with a None in front.

    Returns
    -------
    SymbolicTensor
        A layer that is called on it returns another one.

    Raises
    ------
    ValueError, TypeError
        For a shape that is none, or a fixed batch size.

    Examples
    --------
    >>> from rnncore import Input, Sequential
    >>> from rnncore.layers import LSTM
    >>> Sequential([Input(shape=(10, 3)), LSTM(4)]).output_shape
    (None, 4)
    >>> LSTM(4)(Input(shape=(10, 3))).shape
    (None, 4)
    """
    tensor: SymbolicTensor = InputLayer(shape, batch_size, dtype, name, batch_shape).output
    return tensor
