"""How the inputs and the outputs of a model are given: one alone, a list or a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Structure:
    """The names and the form of several things.

    Parameters
    ----------
    names : sequence of str
        In the order of the list.
    as_dict : bool, default False
        Whether `restore` gives a dict by these names; else it gives a list, or the one alone.
    """

    def __init__(self, names: Sequence[str], *, as_dict: bool = False) -> None:
        self.names = tuple(names)
        self.as_dict = as_dict

    def __len__(self) -> int:
        return len(self.names)

    def flatten(
        self,
        argument: str,
        value: Any,
        *,
        whole: Callable[[Any], bool] = lambda _: False,
        missing: bool = False,
    ) -> list[Any]:
        """Return the parts of `value` in order.

        Parameters
        ----------
        argument : str
            What is to blame in errors.
        value
            One array where there is one part; a list or tuple in order; a dict by names. None
            where all may be missing.
        whole : callable, optional
            Whether an array that stands alone in a list is all samples, and not one of them.
        missing : bool, default False
            Whether a dict may leave parts out, which are None then.

        Raises
        ------
        TypeError, ValueError
            For another form, another number of parts, or names that are unknown or missing.
        """
        if value is None and missing:
            return [None] * len(self)
        if isinstance(value, Mapping):
            unknown = [key for key in value if key not in self.names]
            absent = [name for name in self.names if name not in value and not missing]
            if unknown or absent:
                raise ValueError(
                    f"{argument}: expected a dict with the keys {', '.join(self.names)}, "
                    f"got {', '.join(map(str, value)) or 'none'}"
                )
            return [value.get(name) for name in self.names]
        if len(self) == 1:
            alone = isinstance(value, (list, tuple)) and len(value) == 1
            inside = alone and hasattr(value[0], "ndim") and whole(value[0])
            return [value[0] if inside else value]
        if not isinstance(value, (list, tuple)):
            raise TypeError(
                f"{argument}: expected a list of {len(self)} or a dict with the keys "
                f"{', '.join(self.names)}, got {type(value).__name__}"
            )
        if len(value) != len(self):
            raise ValueError(f"{argument}: expected a list of {len(self)}, got {len(value)}")
        return list(value)

    def restore(self, parts: Sequence[Any]) -> Any:
        """Return `parts` in the form of this structure."""
        if self.as_dict:
            return dict(zip(self.names, parts, strict=True))
        return parts[0] if len(self) == 1 else list(parts)

    def argument(self, argument: str, index: int) -> str:
        """Return how errors name one part: as it is when there is one, else ``x['name']``."""
        return argument if len(self) == 1 else f"{argument}[{self.names[index]!r}]"
