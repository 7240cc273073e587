"""What lets a library read configurations of a later one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rnncore.utils._config import constructor_arguments
from rnncore.utils._registry import library_class


def name_defaults(config: Any) -> None:
    """Let every record of a class of the library say which of its arguments have their defaults.

    A library that does not know such an argument does what its default says.
    """
    for record, cls in _records(config):
        defaults = constructor_arguments(cls)
        record["defaults"] = [
            name
            for name, value in record["config"].items()
            if name in defaults and _same(value, defaults[name])
        ]


def drop_unknown_defaults(config: Any) -> None:
    """Remove the arguments that a class here does not have, where they have their defaults."""
    for record, cls in _records(config):
        named = record.pop("defaults", [])
        known = constructor_arguments(cls)
        for name in named if isinstance(named, list) else []:
            if isinstance(name, str) and name not in known:
                record["config"].pop(name, None)


def _records(config: Any) -> Iterator[tuple[dict[str, Any], type]]:
    rest = [config]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            cls = library_class(one.get("module"), one.get("class_name"))
            if cls is not None and isinstance(one.get("config"), dict):
                yield one, cls
            rest.extend(one.values())
        elif isinstance(one, (list, tuple)):
            rest.extend(one)


def _same(value: Any, default: Any) -> bool:
    plain = (type(None), bool, int, float, str)
    return isinstance(value, plain) and type(value) is type(default) and value == default
