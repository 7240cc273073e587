"""The base of activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import _core
from rnncore.utils._arrays import float_array, plain_array
from rnncore.utils._config import Configurable
from rnncore.utils._registry import in_library

Array = NDArray[Any]


# The kind of nodes that apply one; see `rnncore.layers.nodes`.
_UNARY = 20


class Activation(Configurable):
    """An activation ``y = f(x)``.

    Attributes
    ----------
    name : str
        The name under which :func:`get` finds it.
    from_input : bool
        Whether `backward` takes the input in place of the output.
    kernel : str or None
        What the kernels call it, None for one that they do not have. A subclass of one that they
        have is another function, whatever its `name`.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import activations
    >>> relu = activations.get("relu")
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    name = "activation"
    from_input = False
    kernel: str | None = None

    # What nodes call it (rnncore_unary), and the numbers that follow; 0: nodes cannot run it.
    function: int = 0

    @property
    def function_numbers(self) -> tuple[float, ...]:
        """The parameters of `function`."""
        return ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kernel = vars(cls).get("kernel")
        cls.function = vars(cls).get("function", 0)

    @property
    def __name__(self) -> str:
        """What the functions of Keras are called: `name`."""
        return self.name

    def forward(self, x: Array, out: Array | None = None) -> Array:
        """Return ``f(x)``, in ``out`` when given (``out`` may be ``x``).

        Parameters
        ----------
        x : ndarray, float32 or float64, any shape
        out : ndarray of the same shape and dtype, optional

        Raises
        ------
        TypeError
            When ``x`` is not a float32 or float64 array.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward")

    def backward(self, y: Array, dy: Array) -> Array:
        """Return the gradient of ``x``, given the output ``y`` and its gradient ``dy``.

        With `from_input`, the first argument is ``x`` instead of ``y``.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method backward")

    def backward_into(self, y: Array, dy: Array, out: Array) -> Array:
        """Return what `backward` returns: ``dy`` itself, or ``out`` written over."""
        out[...] = self.backward(y, dy)
        return out

    def __call__(self, x: ArrayLike, *args: Any, **kwargs: Any) -> Array:
        """Return ``f(x)`` of any numbers, in float64 for a float64 array, else in float32.

        Further arguments are those of the function in Keras: ``relu(x, max_value=6)``.
        """
        array = numeric(x)
        found = (self.variant(*args, **kwargs) if args or kwargs else self).forward(array)
        return np.asarray(found)[()]  # of a number a number, as NumPy's functions give

    def variant(self, *args: Any, **kwargs: Any) -> Activation:
        """Return the activation that the function is with these arguments."""
        return type(self)(*args, **kwargs)

    def serialized(self) -> Any:
        usual = in_library(type(self)) and self.get_config() == type(self)().get_config()
        return type(self).name if usual else super().serialized()

    def __repr__(self) -> str:
        return f"<activation {self.name}>"


def numeric(x: ArrayLike) -> Array:
    """Return numbers as an array of a dtype that `forward` takes."""
    array = plain_array("x", x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x: expected numbers, got dtype {array.dtype}")
    as_given = isinstance(x, np.ndarray) and array.dtype == np.float64
    return array if as_given else array.astype(np.float32, copy=False)


class Builtin(Activation):
    """Base of the built-in activations, which have a `function` and define `backward_into`."""

    def forward(self, x: Array, out: Array | None = None) -> Array:
        x = float_array("x", x)
        return self.forward_into(x, np.empty_like(x) if out is None else out)

    def forward_into(self, x: Array, out: Array) -> Array:
        """Return ``f(x)`` in ``out``, which may be ``x``."""
        if not x.size:
            return out
        rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1] if x.ndim else 1)

        def take(_: str, shape: tuple[int, ...], dtype: Any) -> Array:
            own = out is not x and out.flags.c_contiguous
            return out.reshape(shape) if own else np.empty(shape, dtype)

        attributes, numbers = [self.function], [*self.function_numbers]
        y = _core.run_node("unary", _UNARY, [rows], [], attributes, numbers, 1, x.dtype, take, "y")
        if not np.may_share_memory(y, out):
            out[...] = y.reshape(x.shape)
        return out

    def backward(self, y: Array, dy: Array) -> Array:
        return self.backward_into(y, dy, np.empty_like(dy))
