"""The merging layers as functions, for graphs: ``add([a, b])`` is ``Add()([a, b])``."""

from __future__ import annotations

from typing import Any

from rnncore.layers.merging.concatenate import Concatenate
from rnncore.layers.merging.dot import Dot
from rnncore.layers.merging.merge import Add, Average, Maximum, Minimum, Multiply, Subtract


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


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Subtract(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Subtract`.

    Examples
    --------
    >>> from rnncore.layers import subtract
    >>> subtract([[[3.0]], [[2.0]]])
    array([[1.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Maximum(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Maximum`.

    Examples
    --------
    >>> from rnncore.layers import maximum
    >>> maximum([[[3.0]], [[2.0]]])
    array([[3.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Return ``Minimum(**kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    **kwargs
        Arguments of `Minimum`.

    Examples
    --------
    >>> from rnncore.layers import minimum
    >>> minimum([[[3.0]], [[2.0]]])
    array([[2.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Return ``Dot(axes, **kwargs)(inputs)``.

    Parameters
    ----------
    inputs : list of array_like or of SymbolicTensor
    axes : int or pair of int, default -1
    **kwargs
        Arguments of `Dot`.

    Examples
    --------
    >>> from rnncore.layers import dot
    >>> dot([[[1.0, 2.0]], [[3.0, 4.0]]])
    array([[11.]], dtype=float32)
    """
    return Dot(axes, **kwargs)(inputs)
