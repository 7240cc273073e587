"""Did the compiler keep the sums of the tiles in registers? Counts instructions of object files.

    python tools/check_tiles.py build-c/CMakeFiles/rnncore_kernels_*.dir/csrc/kernels/kernels.c.o
    python tools/check_tiles.py --objdump aarch64-linux-gnu-objdump OBJECT

A tile of `rows` x `panels` x `width` vectors (csrc/kernels/tile.inc.h) spends its time in a loop
over the depth. Each round has one multiply-add for each sum, so their number is a multiple of the
number of sums. No vector is stored: sums in memory would be, and so would those that spill.
Baseline kernels cannot be checked, for SSE2 has no multiply-add. Ends with status 1 when a tile
fails.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

FUNCTION = re.compile(r"^[0-9a-f]+ <tile_(\d)_(\d)_(\d)_(f\d\d)>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\s+(\S+)\s*(.*)$")
BRANCH = re.compile(r"^(j\w+|b|b\.\w+|cbn?z|tbn?z)$")
MULTIPLY_ADD = re.compile(r"^(vfn?m(add|sub)\w+|fmla)$")


class Instruction(NamedTuple):
    address: int
    name: str
    operands: str

    def stores_vector(self) -> bool:
        if self.name.startswith("vmov"):
            return re.match(r"%[xyz]mm\d+,.*\)$", self.operands) is not None
        return self.name.startswith("st") and re.match(r"[qdsv{]", self.operands) is not None


def tiles(text: str) -> dict[tuple[str, ...], list[Instruction]]:
    """The instructions of each tile, by (rows, panels, width, dtype)."""
    found: dict[tuple[str, ...], list[Instruction]] = {}
    current: list[Instruction] = []
    for line in text.splitlines():
        if match := FUNCTION.match(line):
            current = found[match.groups()] = []
        elif match := INSTRUCTION.match(line):
            current.append(Instruction(int(match[1], 16), match[2], match[3]))
        else:
            current = []  # another function
    return found


def innermost_loops(code: list[Instruction]) -> list[list[Instruction]]:
    """What stands between a branch and the earlier instruction that it leads to.

    Not where the function returns in between: then a part of a loop was moved behind the end.
    """
    index = {one.address: i for i, one in enumerate(code)}
    loops: list[tuple[int, int]] = []
    for end, one in enumerate(code):
        target = re.search(r"([0-9a-f]+) <", one.operands)
        if target and BRANCH.match(one.name):
            start = index.get(int(target[1], 16), end + 1)
            returns = any(between.name.startswith("ret") for between in code[start:end])
            if start <= end and not returns and not any(start <= other for other, _ in loops):
                loops.append((start, end))
    return [code[start : end + 1] for start, end in loops]


def complaint(sums: int, code: list[Instruction]) -> str | None:
    counts = []
    for loop in innermost_loops(code):
        multiply_adds = sum(bool(MULTIPLY_ADD.match(one.name)) for one in loop)
        stores = sum(one.stores_vector() for one in loop)
        if multiply_adds:
            counts.append((multiply_adds, stores))
    if counts and all(number % sums == 0 and stores == 0 for number, stores in counts):
        return None
    loops = ", ".join(f"{number} with {stores} stores" for number, stores in counts)
    return f"expected a multiple of {sums} multiply-adds a loop, got {loops or 'no such loop'}"


def check(objdump: str, path: Path) -> bool:
    command = [objdump, "-d", "--no-show-raw-insn", str(path)]
    found = tiles(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    failed = 0
    for (rows, panels, width, dtype), code in found.items():
        text = complaint(int(rows) * int(panels) * int(width), code)
        if text:
            failed += 1
            print(f"{path}: tile of {rows}x{panels}x{width}, {dtype}: {text}")
    print(f"{path}: {len(found)} tiles, {failed} failed")
    return failed == 0 and len(found) > 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("objects", nargs="+", type=Path)
    options = parser.parse_args()
    passed = [check(options.objdump, path) for path in options.objects]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
