"""What a run of the benchmark found, and its JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rnncore.bench.cases import Case
from rnncore.bench.machine import Measured
from rnncore.utils._files import replacing

FORMAT = 1


@dataclass(frozen=True)
class Row:
    """One library on one case.

    Attributes
    ----------
    case : Case
    peer, variant : str
        The library, and which of its ways was the fastest.
    median, low, high : float
        Seconds a call, and their quartiles.
    samples, calls : int
        Samples, and calls in each.
    cpu : float
        Cores that were at work.
    error : float
        Largest difference from rnncore in units of the tolerance; above 1 it computes something
        else.
    flops, bytes : float
        As counted by `rnncore.bench.cases.count`.
    limit : float or None
        The least time of the machine in seconds.
    bound : str
        What sets it: "flops", "L1", "L2", "L3" or "DRAM".
    load : float or None
        Of the machine, when the case was done.
    share : float
        Of the steps of a full batch that are computed.
    """

    case: Case
    peer: str
    variant: str
    median: float
    low: float
    high: float
    samples: int
    calls: int
    cpu: float
    error: float
    flops: float
    bytes: float
    limit: float | None = None
    bound: str = ""
    load: float | None = None
    share: float = 1.0

    @property
    def rate(self) -> float:
        """Flops a second."""
        return self.flops / self.median

    @property
    def fraction(self) -> float | None:
        """Of the machine's limit that was reached."""
        return None if self.limit is None else self.limit / self.median

    @property
    def spread(self) -> float:
        """Quartile distance as a share of the median."""
        return (self.high - self.low) / self.median


@dataclass
class Results:
    """All that is saved."""

    created: str = ""
    command: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    fits: list[dict[str, Any]] = field(default_factory=list)
    memory: list[dict[str, Any]] = field(default_factory=list)
    hog: tuple[float, float] | None = None  # seconds: quiet, beside a busy process
    floors: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def find(self, case: Case, peer: str) -> Row | None:
        return self.of(case).get(peer)

    def of(self, case: Case) -> dict[str, Row]:
        """All rows of a case by library."""
        return {row.peer: row for row in self.rows if row.case == case}

    @property
    def cases(self) -> list[Case]:
        return list(dict.fromkeys(row.case for row in self.rows))

    def machine_for(self, case: Case) -> Measured | None:
        """What the machine can do with the threads, or all its CPUs, and the kernels of a case."""
        found = [
            measured
            for measured in self.measured
            if measured.threads <= case.threads and case.isa in (None, measured.isa)
        ]
        return max(found, key=lambda measured: measured.peak["float32"], default=None)

    def save(self, path: str | Path) -> None:
        with replacing(path) as file:
            file.write(f"{json.dumps({**asdict(self), 'format': FORMAT}, indent=1)}\n".encode())

    @classmethod
    def load(cls, path: str | Path) -> Results:
        """ValueError, which names the file, when it holds anything else; OSError without one."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            if values.pop("format") != FORMAT:
                raise ValueError(f'there is no "format": {FORMAT} in it')
            values["measured"] = [Measured(**measured) for measured in values["measured"]]
            values["rows"] = [row_of(row) for row in values["rows"]]
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{path}: expected what rnncore bench --json wrote, got another file ({error})"
            ) from error


def row_of(values: Mapping[str, Any]) -> Row:
    """A row from what `asdict` makes of it."""
    return Row(**{**values, "case": Case(**values["case"])})
