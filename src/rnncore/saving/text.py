"""Configurations as JSON text.

What JSON lacks (tuples, NaN and infinity, arrays, dicts with other keys than strings) becomes an
object whose ``class_name`` begins with two underscores.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

_KINDS = "biuf"


def to_text(owner: str, value: Any, **options: Any) -> str:
    """Return a configuration as JSON.

    Parameters
    ----------
    owner : str
        Start of error messages.
    value
        As `serialize_keras_object` returns it.
    **options
        Of :func:`json.dumps`.

    Raises
    ------
    TypeError
        If something cannot be written.
    """
    try:
        return json.dumps(_plain(value), **{"allow_nan": False, **options})
    except TypeError as error:
        raise TypeError(f"{owner}: {error}") from None


def from_text(text: str) -> Any:
    """Return the configuration in a text of `to_text`; ValueError for any other text."""
    try:
        return parsed(text, _restored)
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(f"expected the JSON of a configuration: {error!r}") from None


def parsed(text: str, make: Callable[[dict[str, Any]], Any] = dict) -> Any:
    """Return what JSON says, with what `make` returns for each object, the innermost first.

    Raises
    ------
    ValueError
        If the text is not JSON, contains NaN, repeats a key, or is nested too deeply.
    """

    def made(pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("expected each key of a JSON object once, got one twice")
        return make(found)

    try:
        return json.loads(text, object_pairs_hook=made, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("expected JSON, got one that is nested too deeply") from None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"class_name": "__float__", "value": repr(value)}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: _plain(item) for key, item in value.items()}
        items = [[_plain(key), _plain(item)] for key, item in value.items()]
        return {"class_name": "__dict__", "items": items}
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        return items if isinstance(value, list) else {"class_name": "__tuple__", "items": items}
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        return {
            "class_name": "__numpy__",
            "dtype": value.dtype.newbyteorder("=").str[1:],
            "shape": list(value.shape),
            "items": [_plain(item) for item in value.ravel().tolist()],
        }
    raise TypeError(f"expected what JSON can hold, got {value!r}")


def _restored(value: dict[str, Any]) -> Any:
    """Return what an object stands for; what is inside it has been restored."""
    name = value.get("class_name")
    if name == "__float__":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[value["value"]]
    if name == "__tuple__":
        return tuple(value["items"])
    if name == "__dict__":
        return dict(value["items"])
    if name == "__numpy__":
        dtype = np.dtype(str(value["dtype"]))
        if dtype.kind not in _KINDS:
            raise ValueError(f"expected the dtype of an array of numbers, got {dtype}")
        return np.array(value["items"], dtype).reshape(value["shape"])
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"expected JSON, got {constant}, which it does not have")
