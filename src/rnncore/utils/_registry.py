"""Which classes and functions a configuration may name.

For a record such as ``{"module": "rnncore.layers", "class_name": "LSTM", ...}`` only what is found
here is ever called: rnncore's own classes, and what the user has registered.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

# The parts of the library whose classes have a configuration.
MODULES = (
    "rnncore.activations",
    "rnncore.constraints",
    "rnncore.initializers",
    "rnncore.layers",
    "rnncore.losses",
    "rnncore.metrics",
    "rnncore.models",
    "rnncore.optimizers",
    "rnncore.regularizers",
)

_library: dict[tuple[str, str], type] = {}
_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_scoped: ContextVar[Mapping[str, Any]] = ContextVar("custom objects", default={})  # noqa: B039


def add_library_class(cls: type) -> None:
    """Let configurations name a class, if it belongs to rnncore."""
    if in_library(cls):
        _library[public_module(cls), cls.__name__] = cls


def in_library(thing: Any) -> bool:
    """Whether a class or function is defined in this library."""
    return public_module(thing) in MODULES


def public_module(thing: Any) -> str:
    """Return the part of the library that a class or function belongs to, else its module."""
    module: str = getattr(thing, "__module__", None) or ""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "rnncore" else module


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Any:
    """Decorator that lets files name your class or function.

    Parameters
    ----------
    package : str, default "Custom"
        Files know the class as ``"package>name"``.
    name : str, optional
        Default: its own name.

    Returns
    -------
    callable
        Registers its argument and returns it. A class derived from one of rnncore's needs no
        further methods, as its constructor arguments are remembered; any other class needs
        `get_config`.

    Raises
    ------
    TypeError
        If `package` or `name` is not a string, the argument is neither a class nor a function, or a
        class lacks `get_config`.

    Examples
    --------
    >>> from rnncore.layers import Layer
    >>> from rnncore.saving import get_registered_name, register_keras_serializable
    >>> @register_keras_serializable(package="Mine")
    ... class Doubled(Layer):
    ...     def forward(self, x, *, mask=None, training=False):
    ...         return 2 * x
    >>> get_registered_name(Doubled)
    'Mine>Doubled'
    """
    owner = "register_keras_serializable"
    if not all(isinstance(one, str) for one in (package, "" if name is None else name)):
        raise TypeError(f"{owner}: expected strings, got package={package!r}, name={name!r}")

    def register(thing: Any) -> Any:
        if not callable(thing) or not hasattr(thing, "__name__"):
            raise TypeError(f"{owner}: expected a class or a function, got {thing!r}")
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise TypeError(f"{owner}: expected a class with get_config, got {thing!r}")
        full = f"{package}>{thing.__name__ if name is None else name}"
        _registered[full] = thing
        _names[thing] = full
        return thing

    return register


def get_custom_objects() -> dict[str, Any]:
    """Return the dict of registered objects; adding to it registers them.

    Examples
    --------
    >>> from rnncore.saving import get_custom_objects
    >>> get_custom_objects()["identity"] = lambda x: x
    >>> del get_custom_objects()["identity"]
    """
    return _registered


@contextlib.contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Iterator[None]:
    """Register classes and functions by name within a ``with`` block, in this thread.

    Parameters
    ----------
    custom_objects : dict of str to class or function

    Raises
    ------
    TypeError
        If it is not a dict by name.

    Examples
    --------
    >>> from rnncore.layers import Layer
    >>> from rnncore.saving import custom_object_scope, get_registered_object
    >>> class Doubled(Layer): ...
    >>> with custom_object_scope({"Doubled": Doubled}):
    ...     get_registered_object("Doubled") is Doubled
    True
    """
    if not isinstance(custom_objects, Mapping) or not all(
        isinstance(name, str) for name in custom_objects
    ):
        raise TypeError(f"custom_objects: expected a dict by names, got {custom_objects!r}")
    token = _scoped.set({**_scoped.get(), **custom_objects})
    try:
        yield
    finally:
        _scoped.reset(token)


def get_registered_name(obj: Any) -> str:
    """Return the name under which a class or function was registered, else its own.

    Examples
    --------
    >>> from rnncore.layers import LSTM
    >>> from rnncore.saving import get_registered_name
    >>> get_registered_name(LSTM)
    'LSTM'
    """
    return _names.get(obj, obj.__name__)


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Any = None
) -> Any:
    """Return the class or function registered under a name, or None.

    Parameters
    ----------
    name : str
    custom_objects, module_objects : dict, optional
        Where else to look; the scope of `custom_object_scope` comes first.

    Examples
    --------
    >>> from rnncore.saving import get_registered_object
    >>> get_registered_object("nothing") is None
    True
    """
    for table in (_scoped.get(), _registered, custom_objects or {}, module_objects or {}):
        if name in table:
            return table[name]
    return None


def library_class(module: Any, name: Any) -> type | None:
    """Return the rnncore class that a configuration names, or None."""
    if not isinstance(module, str) or not isinstance(name, str) or module not in MODULES:
        return None
    importlib.import_module(module)
    return _library.get((module, name))


def find(module: Any, name: Any, registered_name: Any) -> Any:
    """Return the class or function that a configuration names.

    Raises
    ------
    ValueError
        When there is none.
    """
    # A registered object never replaces a class of the library with the same name.
    for key in (registered_name, None if module in MODULES else name):
        found = get_registered_object(key) if isinstance(key, str) else None
        if found is not None:
            return found
    if (cls := library_class(module, name)) is not None:
        return cls
    if module in MODULES:
        raise ValueError(f"expected a class of {module}, got {name!r}, which it does not have")
    if module is None:  # as older versions of Keras write it
        found = [cls for (_, key), cls in _library.items() if key == name]
        if len(found) == 1:
            return found[0]
    raise ValueError(
        "expected a class or function of rnncore, registered (register_keras_serializable), or "
        f"in custom_objects, got {name!r} of {module!r}"
    )
