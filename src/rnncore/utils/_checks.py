"""Checks of scalar arguments, the look-up of objects by name, and warnings."""

from __future__ import annotations

import contextlib
import inspect
import math
import operator
import sys
import warnings
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import numpy as np

from rnncore.utils._config import deserialize

_T = TypeVar("_T")

DTYPES = ("float32", "float64")
# Types that float() accepts or whose errors say little.
_NO_REAL_NUMBERS = (bool, np.bool_, str, bytes, complex, np.complexfloating, type(None))


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn with the location of the caller outside the library."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("rnncore."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)


def check_number(
    owner: str,
    name: str,
    value: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return ``value`` as a float if it is a finite number between ``low`` and ``high``.

    Raises TypeError if it is not a number and ValueError if it is out of range; both name ``owner``
    and the argument.
    """
    expected = _describe_range(low, high, open_low, open_high)
    if isinstance(value, _NO_REAL_NUMBERS):
        raise TypeError(f"{owner}: {name}: expected {expected}, got {value!r}")
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{owner}: {name}: expected {expected}, got {value!r}") from None
    above = number > low if open_low else number >= low
    below = number < high if open_high else number <= high
    if not (math.isfinite(number) and above and below):
        raise ValueError(f"{owner}: {name}: expected {expected}, got {value!r}")
    return number


def check_optional_number(owner: str, name: str, value: object, **limits: Any) -> float | None:
    """Like `check_number`, but None stays None."""
    return None if value is None else check_number(owner, name, value, **limits)


def check_type(owner: str, name: str, value: _T, kind: Any, expected: str) -> _T:
    """Return ``value`` if `isinstance` says that it is of this kind, else raise TypeError."""
    if not isinstance(value, kind):
        raise TypeError(f"{owner}: {name}: expected {expected}, got {value!r}")
    return value


def check_choice(owner: str, name: str, value: Any, known: Collection[str | None]) -> Any:
    """Return ``value`` if it is one of ``known``, else raise ValueError."""
    if not isinstance(value, str | None) or value not in known:
        expected = ", ".join(map(str, known))
        raise ValueError(f"{owner}: {name}: expected one of {expected}, got {value!r}")
    return value


def _describe_range(low: float, high: float, open_low: bool, open_high: bool) -> str:
    bounds = []
    if low != -math.inf:
        bounds.append(f"{'>' if open_low else '>='} {low:g}")
    if high != math.inf:
        bounds.append(f"{'<' if open_high else '<='} {high:g}")
    return "a finite number" + (f" {' and '.join(bounds)}" if bounds else "")


def check_flag(owner: str, name: str, value: object) -> bool:
    """Return ``value`` as a bool if it is one (or NumPy's), else raise TypeError."""
    return bool(check_type(owner, name, value, (bool, np.bool_), "True or False"))


def check_optional_int(owner: str, name: str, value: object) -> int | None:
    """Return ``value`` as an int, or None if it is None, else raise TypeError."""
    return None if value is None else _integer(owner, name, value, "an integer or None")


def _integer(owner: str, name: str, value: object, expected: str) -> int:
    if not isinstance(value, (bool, np.bool_)):
        with contextlib.suppress(TypeError):
            return operator.index(value)  # type: ignore[arg-type]
    raise TypeError(f"{owner}: {name}: expected {expected}, got {value!r}")


def check_seed(owner: str, value: object) -> int | None:
    """Return ``value`` as an int of at least 0, or None if it is None, else raise."""
    expected = "an integer >= 0 or None"
    return None if value is None else check_count(owner, "seed", value, expected, least=0)


def float_dtype(owner: str, value: Any) -> np.dtype[Any]:
    """Return ``value`` as one of the two dtypes that a network can have."""
    expected = f"one of {', '.join(DTYPES)}"
    try:
        dtype: np.dtype[Any] = np.dtype(value)
    except TypeError:
        raise TypeError(f"{owner}: dtype: expected {expected}, got {value!r}") from None
    if dtype.name not in DTYPES:
        raise ValueError(f"{owner}: dtype: expected {expected}, got {value!r}")
    if not dtype.isnative:
        raise ValueError(f"{owner}: dtype: expected native byte order, got {value!r}")
    return dtype


def check_shape(owner: str, shape: object) -> tuple[int, ...]:
    """Return ``shape`` as a tuple of ints, or raise."""
    expected = "a sequence of integers >= 0"
    try:
        sizes = tuple(operator.index(size) for size in shape)  # type: ignore[attr-defined]
    except TypeError:
        raise TypeError(f"{owner}: shape: expected {expected}, got {shape!r}") from None
    if any(size < 0 for size in sizes):
        raise ValueError(f"{owner}: shape: expected {expected}, got {shape!r}")
    return sizes


def check_name(owner: str, value: object, default: str) -> str:
    """Return ``value`` if it is a non-empty string, ``default`` for None, else raise."""
    if value is None:
        return default
    if not isinstance(value, str) or not value:
        raise TypeError(f"{owner}: name: expected a non-empty string or None, got {value!r}")
    return value


def check_count(
    owner: str,
    name: str,
    value: object,
    expected: str = "a positive integer",
    *,
    least: int = 1,
    most: float = math.inf,
) -> int:
    """Return ``value`` as an int from ``least`` to ``most``, or raise."""
    count = _integer(owner, name, value, expected)
    if not least <= count <= most:
        raise ValueError(f"{owner}: {name}: expected {expected}, got {count}")
    return count


def lookup(
    kind: str,
    identifier: object,
    table: Mapping[str, Any],
    base: type,
    *,
    or_callable: bool = False,
) -> Any:
    """Resolve a name, a class or an object of class ``base`` into an object.

    A class, given or found by name, is called without arguments; a dict is a configuration. With
    `or_callable` any callable is accepted too. Raises ValueError for an unknown name (listing the
    known ones) and TypeError for anything else.
    """
    if isinstance(identifier, Mapping):
        identifier = configured(kind, identifier, table)
    found = identifier
    if isinstance(identifier, str):
        if identifier not in table:
            known = ", ".join(sorted(table))
            raise ValueError(f"{kind}: expected one of {known}; got {identifier!r}")
        found = table[identifier]
    if inspect.isclass(found) and (or_callable or issubclass(found, base)):
        found = found()
    if not (isinstance(found, base) or (or_callable and callable(found))):
        raise TypeError(
            f"{kind}: expected a name or an object of class {base.__name__}, got {identifier!r}"
        )
    return found


def configured(owner: str, config: Mapping[str, Any], table: Mapping[str, Any]) -> Any:
    """Make the object described by a dict in Keras' format.

    The dict holds ``class_name``, a name in `table` or of a registered class, and ``config``, the
    arguments of the class.
    """
    name, arguments = config.get("class_name"), config.get("config", {})
    if not isinstance(name, str) or not isinstance(arguments, Mapping):
        raise ValueError(
            f"{owner}: expected a dict with a class_name and a config, got {dict(config)!r}"
        )
    if name not in table:
        try:
            return deserialize({"config": {}, **config})
        except ValueError:
            known = ", ".join(sorted(table))
            raise ValueError(
                f"{owner}: expected one of {known}, or a registered class; got {name!r}"
            ) from None
    made = table[name]
    try:
        cls: Any = made if inspect.isclass(made) else type(made)
        return cls.from_config(arguments)
    except TypeError as error:
        raise TypeError(f"{owner}: config: {error}") from None
