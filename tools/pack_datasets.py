"""Make the packaged data from the originals; the same input gives the same bytes.

    python tools/pack_datasets.py DIRECTORY

DIRECTORY holds ``JapaneseVowels_TRAIN.ts`` and ``JapaneseVowels_TEST.ts`` (the UCI data set in
the time series classification format), ``sunspots_monthly.dat``, ``co2_weekly.csv`` and
``movie_review_snippets.tsv``. The two series are copied as they are.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
PACKAGED = ROOT / "src/rnncore/datasets/data"
EXAMPLES = ROOT / "examples/data"


def read_ts(path: Path) -> tuple[list[np.ndarray], list[int]]:
    """Sequences (steps, 12) in whole millionths, and their labels, 1 to 9."""
    _, data = path.read_text(encoding="ascii").split("@data\n")
    sequences, labels = [], []
    for line in data.splitlines():
        *dimensions, label = line.split(":")
        values = np.array([dimension.split(",") for dimension in dimensions], dtype=np.float64)
        sequences.append(np.rint(values.T * 1e6).astype(np.int32))
        labels.append(int(label))
    return sequences, labels


def main() -> None:
    """Write the packaged files."""
    originals = Path(sys.argv[1])
    arrays = {}
    for part in ("train", "test"):
        sequences, labels = read_ts(originals / f"JapaneseVowels_{part.upper()}.ts")
        arrays[f"{part}_frames"] = np.concatenate(sequences)
        arrays[f"{part}_lengths"] = np.array([len(s) for s in sequences], np.uint8)
        arrays[f"{part}_labels"] = np.array(labels, np.uint8) - 1
    np.savez_compressed(PACKAGED / "japanese_vowels.npz", **arrays)
    for name in ("sunspots_monthly.dat", "co2_weekly.csv"):
        shutil.copyfile(originals / name, PACKAGED / name)
    # Without a time stamp, so that the bytes depend on the text alone.
    text = (originals / "movie_review_snippets.tsv").read_bytes()
    (EXAMPLES / "movie_review_snippets.tsv.gz").write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main()
