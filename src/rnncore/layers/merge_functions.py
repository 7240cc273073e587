"""Merge layers as functions, for graphs: ``add([a, b])`` is ``Add()([a, b])``."""

from __future__ import annotations

from typing import Any

from rnncore.layers.concatenate import Concatenate
from rnncore.layers.merge import Add, Average, Multiply


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Add(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Add`.

    Examples
    --------
    >>> from rnncore.layers import add
    >>> add([[[1.0]], [[2.0]]])
    array([[3.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Average(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Average`.

    Examples
    --------
    >>> from rnncore.layers import average
    >>> average([[[1.0]], [[2.0]]])
    array([[1.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Multiply(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Multiply`.

    Examples
    --------
    >>> from rnncore.layers import multiply
    >>> multiply([[[3.0]], [[2.0]]])
    array([[6.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Return ``Concatenate(axis, **kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    axis : int, default -1
    **kwargs
        Arguments of `Concatenate`.

    Examples
    --------
    >>> from rnncore.layers import concatenate
    >>> concatenate([[[1.0]], [[2.0]]])
    array([[1., 2.]], dtype=float32)
    """
    return Concatenate(axis, **kwargs)(inputs)
