"""How the inputs or outputs of a model are given: a single one, a list or a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Structure:
    """The names and structure of several things.

    Parameters
    ----------
    names : sequence of str
        In the order of the list.
    as_dict : bool, default False
        Whether `restore` returns a dict by these names; otherwise a list, or a single part.
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
            The name for errors.
        value
            An array if there is one part; a list or tuple in order; a dict by name; or None if all
            may be missing.
        whole : callable, optional
            Whether the only array in a list holds all samples, rather than one sample.
        missing : bool, default False
            Whether a dict may omit parts, which are then None.

        Raises
        ------
        TypeError, ValueError
            If the structure or number of parts is wrong, or names are unknown or missing.
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
        """Return `parts` in this structure."""
        if self.as_dict:
            return dict(zip(self.names, parts, strict=True))
        return parts[0] if len(self) == 1 else list(parts)

    def argument(self, argument: str, index: int) -> str:
        """Return the name of a part in errors: ``x`` if there is only one, else ``x['name']``."""
        return argument if len(self) == 1 else f"{argument}[{self.names[index]!r}]"
