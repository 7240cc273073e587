"""Monthly mean sunspot numbers."""

from __future__ import annotations

import numpy as np

from rnncore.datasets._files import DATA


def load_sunspots() -> tuple[np.ndarray, np.ndarray]:
    """Monthly mean sunspot numbers, January 1749 to June 2009.

    The number of sunspots rises and falls in cycles of about eleven years, and jumps about from
    one month to the next. No month is missing.

    Returns
    -------
    months : ndarray of datetime64[M], shape (3126,)
        Consecutive months, the first is ``1749-01``.
    values : ndarray of float64, shape (3126,)
        The mean sunspot number of each month, from 0.0 to 253.8, with one decimal.

    Notes
    -----
    Source: the table "Monthly mean sunspot numbers", packaged as it is, notes included
    (``data/sunspots_monthly.dat``). The scale is the one used before the revision of 2015, which
    multiplied the old values by 1/0.6. The table says of itself that the value of February 1824
    was interpolated and that the values after December 2008 are preliminary.

    Licence: public domain.

    Examples
    --------
    >>> from rnncore.datasets import load_sunspots
    >>> months, values = load_sunspots()
    >>> str(months[0]), float(values[0])
    ('1749-01', 58.0)
    """
    first_year = 0
    values: list[float] = []
    for line in (DATA / "sunspots_monthly.dat").read_text(encoding="ascii").splitlines():
        fields = line.split()
        # A row of data is a year and up to twelve numbers; everything else is title or footnote.
        if len(fields) > 1 and fields[0].isdigit() and len(fields[0]) == 4:
            first_year = first_year or int(fields[0])
            values.extend(map(float, fields[1:]))
    start = np.datetime64(f"{first_year}-01", "M")
    return start + np.arange(len(values)), np.array(values)
