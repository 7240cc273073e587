"""Windows over a time series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore.utils._arrays import plain_array
from rnncore.utils._checks import check_count


def sliding_windows(
    series: ArrayLike,
    window: int,
    horizon: int = 1,
    stride: int = 1,
    *,
    target: int | Sequence[int] | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut a series into windows and the steps that follow each, as samples for forecasting.

    Sample ``i`` begins at step ``i * stride``: ``x[i]`` holds `window` steps, and ``y[i]`` the next
    `horizon` steps. There are ``N = (T - window - horizon) // stride + 1`` samples; the rest of the
    series is not used.

    Parameters
    ----------
    series : array_like, shape (T,) or (T, F)
        One number or F numbers per step.
    window : int
        Steps that the network sees.
    horizon : int, default 1
        Steps that it forecasts.
    stride : int, default 1
        Steps between the starts of neighbouring samples.
    target : int or sequence of int, optional
        Which of the F numbers to forecast. Default: all.

    Returns
    -------
    x : ndarray, shape (N, window, F)
        F is 1 for a series with one axis. A read-only view, which takes no memory.
    y : ndarray, shape (N, horizon) or (N, horizon, K)
        The former for a series with one axis or a single `target`; K is the number of targets. Also
        a view, unless `target` is a sequence.

    Raises
    ------
    TypeError
        If the series is not an array, or a size is not an integer.
    ValueError
        If the series has other axes or is too short, a size is below 1, or a target does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.preprocessing import sliding_windows
    >>> x, y = sliding_windows(np.arange(7), window=3, horizon=2)
    >>> x.shape, y.shape
    ((3, 3, 1), (3, 2))
    >>> x[1, :, 0], y[1]
    (array([1, 2, 3]), array([4, 5]))
    """
    owner = "sliding_windows"
    array = plain_array(f"{owner}: series", series)
    window = check_count(owner, "window", window)
    horizon = check_count(owner, "horizon", horizon)
    stride = check_count(owner, "stride", stride)
    if array.ndim not in (1, 2):
        raise ValueError(f"{owner}: series: expected shape (T,) or (T, F), got {array.shape}")
    if len(array) < window + horizon:
        raise ValueError(
            f"{owner}: series: expected at least window + horizon = {window + horizon} steps, "
            f"got {len(array)}"
        )
    rows = array if array.ndim == 2 else array[:, None]
    x = _windows(rows[: len(rows) - horizon], window)[::stride]
    y = _windows(rows[window:], horizon)[::stride]
    if target is not None:
        y = y[:, :, _columns(owner, target, rows.shape[1])]
    elif array.ndim == 1:
        y = y[:, :, 0]
    return x, y


def _windows(rows: NDArray[Any], length: int) -> NDArray[Any]:
    """All stretches of `length` rows, shape (N, length, F)."""
    return np.lib.stride_tricks.sliding_window_view(rows, length, axis=0).transpose(0, 2, 1)


def _columns(owner: str, target: int | Sequence[int], count: int) -> Any:
    columns = np.asarray(target)
    if columns.dtype.kind not in "iu" or columns.ndim > 1:
        raise TypeError(f"{owner}: target: expected an integer or a list of them, got {target!r}")
    if columns.size == 0 or columns.min() < 0 or columns.max() >= count:
        raise ValueError(f"{owner}: target: expected numbers from 0 to {count - 1}, got {target!r}")
    return int(columns) if columns.ndim == 0 else columns
