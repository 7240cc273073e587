"""Utterances of nine speakers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnncore.datasets._files import DATA

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
