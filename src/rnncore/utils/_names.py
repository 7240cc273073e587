"""Default names of layers and models, as Keras numbers them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

# A counter for each name. No lock, which a forked child could inherit while held: setdefault and
# next are atomic.
_counts: dict[str, Iterator[int]] = {}


def snake_case(name: str) -> str:
    """Turn a class name into Keras' layer name: ``SimpleRNN`` -> ``simple_rnn``."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def public(namespace: Mapping[str, Any], *others: str) -> list[str]:
    """Return the names of what a package, or a file, defines itself, and `others`: `__all__`."""
    own = namespace["__name__"]
    return sorted(
        name
        for name, value in namespace.items()
        if name in others
        or (name[0] != "_" and str(getattr(value, "__module__", "")).startswith(own))
    )


def named(
    namespace: Mapping[str, Any], base: type, without: Collection[type] = ()
) -> dict[str, Any]:
    """Return the classes in a namespace that derive from `base`, by both their names.

    These are the name of the class and the same in snake case: ``MaxNorm`` and ``max_norm``.
    """
    found = {}
    for cls in namespace.values():
        if isinstance(cls, type) and issubclass(cls, base) and cls not in (base, *without):
            found[cls.__name__] = found[snake_case(cls.__name__)] = cls
    return found


def free_name(name: str, taken: Collection[str]) -> str:
    """Return `name`, with a number appended if it is taken."""
    numbered = (f"{name}_{n}" for n in itertools.count(1))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)


def default_name(cls: type) -> str:
    """Return the next name for an object of a class: ``lstm``, ``lstm_1`` and so on."""
    name = snake_case(cls.__name__)
    number = next(_counts.setdefault(name, itertools.count()))
    return f"{name}_{number}" if number else name


def clear_session(free_memory: bool = True) -> None:
    """Restart default names: the next LSTM without a name is ``lstm`` again.

    Default names are numbered in the order in which layers and models are made, throughout the
    program. Existing objects keep their names. Seeds are not affected; see `set_random_seed`.

    Parameters
    ----------
    free_memory : bool, default True
        Without effect: nothing is kept that could be freed.

    Examples
    --------
    >>> from rnncore.layers import LSTM
    >>> from rnncore.utils import clear_session
    >>> clear_session()
    >>> LSTM(4).name, LSTM(4).name
    ('lstm', 'lstm_1')
    >>> clear_session()
    >>> LSTM(4).name
    'lstm'
    """
    _counts.clear()
