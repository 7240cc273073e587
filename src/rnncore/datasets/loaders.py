"""Functions that load the packaged data."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

DATA = Path(__file__).parent / "data"


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
    rows = np.genfromtxt(DATA / "co2_weekly.csv", "U8,f8", delimiter=",", skip_header=1)
    days = [f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in rows["f0"]]
    return np.array(days, dtype="datetime64[D]"), rows["f1"].copy()


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
    values: list[float] = []
    for line in (DATA / "sunspots_monthly.dat").read_text(encoding="ascii").splitlines():
        fields = line.split()
        # A row of data is a year and up to twelve numbers; everything else is title or footnote.
        if len(fields) > 1 and fields[0].isdigit() and len(fields[0]) == 4:
            values.extend(map(float, fields[1:]))
    return np.datetime64("1749-01") + np.arange(len(values)), np.array(values)


# The file holds the coefficients as whole millionths: the source has six decimals, so nothing is
# lost, and integers compress better than floats.
_UNIT = 1e-6
_STEPS = 29


class Utterances(NamedTuple):
    """Sequences of unequal length in one zero-padded array.

    Attributes
    ----------
    x : ndarray of float32, shape (N, 29, 12)
        Frames of 12 coefficients; zeros from each sequence's length on.
    y : ndarray of int64, shape (N,)
        The speaker, 0 to 8.
    lengths : ndarray of int64, shape (N,)
        The number of frames of each sequence, 7 to 29.
    """

    x: np.ndarray
    y: np.ndarray
    lengths: np.ndarray


def load_japanese_vowels() -> tuple[Utterances, Utterances]:
    """Nine men saying /ae/: who is speaking? 270 utterances to train on and 370 to test on.

    Each utterance is a sequence of 7 to 29 frames of 12 LPC cepstrum coefficients. The split is
    the data set's own: 30 utterances of each speaker to train on, and 24 to 88 of each, taken on
    other occasions, to test on.

    Returns
    -------
    train : Utterances, 270 sequences
    test : Utterances, 370 sequences
        Named tuples ``(x, y, lengths)``: `x` float32 of shape (N, 29, 12), padded behind with
        zeros; `y` int64 of shape (N,), the speaker from 0 to 8 (1 to 9 in the source); `lengths`
        int64 of shape (N,). No real frame is all zeros, so a ``Masking()`` layer finds the
        padding by itself.

    Notes
    -----
    Source: M. Kudo, J. Toyama and M. Shimbo, "Japanese Vowels", UCI Machine Learning Repository,
    doi:10.24432/C5NS47, described in "Multidimensional Curve Classification Using
    Passing-Through Regions", Pattern Recognition Letters 20 (11-13), 1103-1111, 1999. Repacked
    here without change of any value (``data/japanese_vowels.npz``).

    Licence: Creative Commons Attribution 4.0 International (CC BY 4.0),
    https://creativecommons.org/licenses/by/4.0/. Whoever passes the data on names its authors.

    Examples
    --------
    >>> from rnncore.datasets import load_japanese_vowels
    >>> train, test = load_japanese_vowels()
    >>> train.x.shape, test.x.shape, train.lengths[:3].tolist()
    ((270, 29, 12), (370, 29, 12), [20, 26, 22])
    """
    with np.load(DATA / "japanese_vowels.npz") as stored:
        return _unpack(stored, "train"), _unpack(stored, "test")


def _unpack(stored: np.lib.npyio.NpzFile, part: str) -> Utterances:
    frames, lengths = stored[f"{part}_frames"], stored[f"{part}_lengths"].astype(np.int64)
    x = np.zeros((len(lengths), _STEPS, frames.shape[1]), np.float32)
    # A boolean index walks row by row, the order in which the frames were concatenated.
    x[np.arange(_STEPS) < lengths[:, None]] = frames * _UNIT
    return Utterances(x, stored[f"{part}_labels"].astype(np.int64), lengths)
