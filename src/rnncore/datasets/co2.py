"""Weekly carbon dioxide in the air."""

from __future__ import annotations

import numpy as np

from rnncore.datasets._files import DATA


def load_co2() -> tuple[np.ndarray, np.ndarray]:
    """Weekly concentration of carbon dioxide in the air, March 1958 to December 2001.

    A yearly wave on a rising trend. 59 of the 2284 weeks have no value; they are NaN here, so
    that a program decides for itself whether to fill, mask or skip them.

    Returns
    -------
    weeks : ndarray of datetime64[D], shape (2284,)
        Every seventh day without a gap, from 1958-03-29 to 2001-12-29.
    values : ndarray of float64, shape (2284,)
        Parts per million by volume, from 313.0 to 373.9, with one decimal; NaN where missing.

    Notes
    -----
    Source: continuous air samples at the Mauna Loa Observatory, Hawaii, by C. D. Keeling and
    T. P. Whorf, Scripps Institution of Oceanography; packaged as ``data/co2_weekly.csv``.

    Licence: public domain.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore.datasets import load_co2
    >>> weeks, values = load_co2()
    >>> str(weeks[0]), float(values[0]), int(np.isnan(values).sum())
    ('1958-03-29', 316.1, 59)
    """
    lines = (DATA / "co2_weekly.csv").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    days = [f"{day[:4]}-{day[4:6]}-{day[6:]}" for day, _ in rows]
    values = [float(value) if value else np.nan for _, value in rows]
    return np.array(days, dtype="datetime64[D]"), np.array(values)
