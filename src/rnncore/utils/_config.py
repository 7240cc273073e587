"""Configurations: objects as the arguments that make equal ones.

Every class that takes part in a model derives from `Configurable` and keeps each argument of its
constructor as an attribute of the same name. Nothing else is needed.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np

from rnncore.utils._registry import (
    add_library_class,
    custom_object_scope,
    find,
    get_registered_name,
    in_library,
    public_module,
)

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)

# Old names of arguments and their current names, if any, which are spelt too differently to be
# suggested by similarity.
_OLDER = {
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "batch_shape": "batch_input_shape",
    "border_mode": "padding",
    "decay": "learning_rate=InverseTimeDecay(learning_rate, 1, decay)",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "epsilon": "min_delta",
    "filter_length": "kernel_size",
    "init": "kernel_initializer",
    "inner_activation": "recurrent_activation",
    "inner_init": "recurrent_initializer",
    "lr": "learning_rate",
    "nb_epoch": "epochs",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "period": "save_freq",
    "subsample_length": "strides",
    "U_regularizer": "recurrent_regularizer",
}


class Configurable:
    """Base of the classes with `get_config` and `from_config`.

    The configuration of a built-in class is read from its attributes. A user's class with its own
    constructor need not store its arguments: they are remembered as given. If it overrides
    `get_config`, as in Keras programs, ``super().get_config()`` returns the part of the built-in
    base class.
    """

    # Constructor arguments that are not part of the configuration, here and in derived classes, and
    # exceptions to these.
    not_configured: ClassVar[frozenset[str]] = frozenset()
    also_configured: ClassVar[frozenset[str]] = frozenset()
    # Whether a model may use one object in several places.
    may_be_shared: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        add_library_class(cls)
        if "__init__" in vars(cls):
            cls.__init__ = _constructor(cls.__init__, own=not in_library(cls))  # type: ignore[method-assign]

    # Methods of Keras that nothing calls here, each with the one to override in its place or "".
    not_called: ClassVar[Mapping[str, str]] = {}

    def check_methods(self) -> None:
        """Raise NotImplementedError for a class that lacks a method or has one nothing calls."""
        cls = type(self)
        for name, instead in self.not_called.items():
            ignored = name in dir(cls) and not in_library(getattr(cls, name))
            if ignored and (not instead or in_library(getattr(cls, instead))):
                hint = f"; override {instead} instead" if instead else ""
                raise NotImplementedError(
                    f"{cls.__name__}: {name}: expected a class without this method, which nothing "
                    f"calls here{hint}"
                )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal object, as `from_config` takes them."""
        found = {}
        for name, value in self.own_arguments().items():
            try:
                found[name] = serialize(value)
            except (TypeError, ValueError) as error:
                owner = getattr(self, "name", type(self).__name__)
                raise type(error)(f"{owner}: {name}: {error}") from None
        return found

    def own_arguments(self) -> dict[str, Any]:
        """Like `get_config`, but with the objects themselves."""
        cls = type(self)
        if self.is_remembered:
            return self._remembered()
        nearest = next(base for base in cls.__mro__ if in_library(base))
        left_out = self.left_out()
        found = self.current_arguments()
        for name, default in constructor_arguments(nearest).items():
            if name not in found and name not in left_out:
                # An argument without attribute only accepts its default.
                found[name] = getattr(self, name, default)
                if found[name] is inspect.Parameter.empty:
                    raise TypeError(f"{cls.__name__}: expected an attribute {name!r}")
        return found

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from the result of `get_config`."""
        return cls(**deserialize_items(config))

    @classmethod
    def left_out(cls) -> set[str]:
        """Return the constructor arguments that are not part of the configuration."""
        found = (vars(base).get("not_configured", ()) for base in cls.__mro__)
        return set().union(*found) - cls.also_configured

    def current_arguments(self) -> dict[str, Any]:
        """Return the arguments that are not simply attributes of the same name."""
        return {}

    @property
    def is_remembered(self) -> bool:
        """Whether the configuration is the arguments of a user's constructor."""
        own = type(self).get_config.__module__.split(".")[0] == "rnncore"
        return own and "_given" in vars(self)

    def serialized(self) -> Any:
        """Return what represents the object in another object's configuration."""
        return record(self)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.own_arguments().items())
        return f"{type(self).__name__}({arguments})"

    def _remembered(self) -> dict[str, Any]:
        """Return the arguments of the call of a user's constructor."""
        args, kwargs = vars(self)["_given"]
        bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs)
        bound.apply_defaults()
        _self, *parameters = bound.signature.parameters.values()
        arguments: dict[str, Any] = {}
        takes_others = False
        for one in parameters:
            value = bound.arguments[one.name]
            if one.kind is one.VAR_KEYWORD:
                takes_others = True
                arguments |= value
            elif one.kind is not one.VAR_POSITIONAL:
                arguments[one.name] = value
            elif value:
                raise TypeError(
                    f"{type(self).__name__}: *{one.name}: expected arguments with names, or a "
                    f"get_config of its own, got {value!r}"
                )
        current = self.current_arguments().items()
        return arguments | {k: v for k, v in current if takes_others or k in arguments}


def constructor_arguments(cls: type) -> dict[str, Any]:
    """Return the constructor arguments of `cls` and its bases, with defaults.

    ``inspect.Parameter.empty`` marks a missing default. Required arguments of a base that `cls`
    does not take are left out, since `cls` passes them.
    """
    found: dict[str, Any] = {}
    own = True
    for base in cls.__mro__:
        if base is object or "__init__" not in vars(base):
            continue
        _self, *parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        for one in parameters:
            if one.kind not in _VARIADIC and (own or one.default is not one.empty):
                found.setdefault(one.name, one.default)
        own = False
        if all(one.kind is not inspect.Parameter.VAR_KEYWORD for one in parameters):
            break
    return found


def passed_on(scope: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    """Return a constructor's arguments from its ``locals()``, to pass to its base class."""
    given = {**scope, **({} if "kwargs" in left_out else scope.get("kwargs", {}))}
    return {
        name: value
        for name, value in given.items()
        if name not in ("self", "__class__", "kwargs", *left_out)
    }


# -- calls with other arguments than a function has ----------------------------------------------


def unknown_argument(
    owner: str, argument: str, known: Iterable[str], also: Iterable[str] = ()
) -> TypeError:
    """Return the error for an unknown argument, suggesting the one that was meant.

    Suggestions come from `known`, which the message lists, or from `also`.
    """
    listed = list(known)
    meant = _OLDER.get(argument, "")
    if meant.partition("=")[0] not in listed:
        meant = next(iter(difflib.get_close_matches(argument, [*listed, *also], n=1)), "")
    hint = f"; did you mean {meant!r}?" if meant else ""
    return TypeError(
        f"{owner}: expected only the arguments {', '.join(listed)}, got {argument!r}{hint}"
    )


def explained(function: F) -> F:
    """Wrap a function or constructor to explain calls with wrong arguments.

    Its TypeError lists the arguments and suggests the one that was meant.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            owner, known = function.__name__, [one for one in signature.parameters if one != "self"]
            if owner == "__init__":
                owner, known = type(args[0]).__name__, list(constructor_arguments(type(args[0])))
            for name in kwargs:
                if name not in known:
                    raise unknown_argument(owner, name, known) from None
            raise TypeError(f"{owner}: {error}") from None
        return function(*args, **kwargs)

    return cast("F", call)


def _constructor(constructor: Callable[..., None], *, own: bool) -> Callable[..., None]:
    """Wrap a constructor with checks; for user classes also remember its arguments."""
    constructor = explained(constructor)

    @functools.wraps(constructor)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        if own and "_given" not in vars(self):  # else called by a derived class
            vars(self)["_given"] = (args, kwargs)
        constructor(self, *args, **kwargs)
        if type(self).__init__ is construct:
            self.check_methods()

    return construct


# -- objects to configurations -----------------------------------------------------------------

# Numbers of written layers by identity, and layers read by number.
_written: ContextVar[dict[int, Any] | None] = ContextVar("written", default=None)
_read: ContextVar[dict[int, Any] | None] = ContextVar("read", default=None)


def written_as_one(write: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the result of `write`, with a common number for each layer that recurs."""
    if _written.get() is not None:
        return write()
    found = _with_table(_written, write)
    numbered = [one for one in records_in(found) if "shared_object_id" in one]
    counts = Counter(one["shared_object_id"] for one in numbered)
    for one in numbered:
        if counts[one["shared_object_id"]] == 1:
            del one["shared_object_id"]
    return found


def read_as_one(read: Callable[[], T]) -> T:
    """Return the result of `read`; layers with a common number are made once."""
    return read() if _read.get() is not None else _with_table(_read, read)


def _with_table(table: ContextVar[dict[int, Any] | None], function: Callable[[], T]) -> T:
    token = table.set({})
    try:
        return function()
    finally:
        table.reset(token)


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the records in a configuration, and what other dicts it has."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from records_in(item)


def record(thing: Any) -> dict[str, Any]:
    """Return ``{"module", "class_name", "config", "registered_name"}`` of an object."""
    cls = type(thing)
    made = _entry(cls, cls.__name__, serialize(thing.get_config()))
    shape = thing.get_build_config() if hasattr(thing, "get_build_config") else None
    if shape is not None:
        made["build_config"] = shape
    written = _written.get()
    if written is not None and getattr(thing, "may_be_shared", False):
        # Keep the object in the table, so that its id is not reused.
        made["shared_object_id"] = written.setdefault(id(thing), (len(written), thing))[0]
    return made


def serialize(value: Any) -> Any:
    """Return `value` with objects replaced by records; see `serialize_keras_object`."""
    if value is None or isinstance(value, (str, bool, int, float, np.ndarray)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, Mapping):
        return {key: serialize(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (list if isinstance(value, list) else tuple)(map(serialize, value))
    if isinstance(value, Configurable):
        return value.serialized()
    if inspect.isclass(value) or inspect.isroutine(value) or isinstance(value, np.ufunc):
        return _by_name(value)
    if hasattr(value, "get_config"):
        return record(value)
    raise TypeError(
        f"expected values, lists, dicts, functions, or objects with get_config, got {value!r}"
    )


def _by_name(thing: Any) -> dict[str, Any]:
    if get_registered_name(thing) == "<lambda>":
        raise ValueError(
            "expected a function with a name, as files hold no code, got a lambda: write it with "
            "def, or save the weights alone"
        )
    return _entry(thing, "class" if inspect.isclass(thing) else "function", thing.__name__)


def _entry(thing: Any, class_name: str, config: Any) -> dict[str, Any]:
    """Return the record of a class or function, by which `find` finds it again."""
    name = get_registered_name(thing)
    return {
        "module": public_module(thing),
        "class_name": class_name,
        "config": config,
        "registered_name": None if in_library(thing) and name == thing.__name__ else name,
    }


# -- configurations to objects -----------------------------------------------------------------


def deserialize_items(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments in a configuration, with records replaced by objects."""
    return {name: deserialize(value) for name, value in config.items()}


def deserialize(value: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return `value` with records replaced by objects; see `deserialize_keras_object`."""
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(value)
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            return _made(value)
        return deserialize_items(value)
    if isinstance(value, (list, tuple)):
        return type(value)(deserialize(item) for item in value)
    return value


def _made(found: Mapping[str, Any]) -> Any:
    number, read = found.get("shared_object_id"), _read.get()
    if number is not None and read is not None and number in read:
        return read[number]
    module, registered = found.get("module"), found.get("registered_name")
    name, config = found["class_name"], found["config"]
    if name in ("class", "function"):
        return find(module, config, registered)
    cls = find(module, name, registered)
    if not inspect.isclass(cls):  # making it would call a function
        raise ValueError(f"{name}: expected a class, got {cls!r}")
    if not isinstance(config, Mapping):
        raise ValueError(f"{name}: config: expected a dict, got {config!r}")
    # An argument from a later version may be unknown here if it is at its default.
    named = found.get("defaults")
    if isinstance(named, list) and in_library(cls):
        known = constructor_arguments(cls)
        config = {key: one for key, one in config.items() if key not in named or key in known}
    if hasattr(cls, "from_config"):
        made = cls.from_config(dict(config))
    else:
        made = cls(**deserialize_items(config))
    if found.get("build_config") is not None:
        made.build_from_config(found["build_config"])
    if number is not None and read is not None:
        read[number] = made
    return made
