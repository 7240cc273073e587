"""Checks of shapes and of where the features stand."""

from __future__ import annotations

from typing import Any


def expect_axes(owner: str, shape: tuple[int | None, ...], axes: tuple[str, ...]) -> None:
    """Raise ValueError unless `shape` has the named axes."""
    if len(shape) != len(axes):
        raise ValueError(
            f"{owner}: x: expected {len(axes)} axes ({', '.join(axes)}), got shape {shape}"
        )


def expect_steps(owner: str, shape: tuple[int | None, ...]) -> None:
    """Raise ValueError unless `shape` is that of sequences."""
    expect_axes(owner, shape, ("batch", "timesteps", "features"))


def expect_channels_last(owner: str, data_format: Any) -> None:
    """Raise ValueError for any order of the axes but the one with the features last."""
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{owner}: data_format: expected 'channels_last' or None (no other value is "
            f"supported yet), got {data_format!r}"
        )
