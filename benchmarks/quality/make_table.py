"""Print the quality table, in Markdown, from the JSON files in ``results``."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

RESULTS = Path(__file__).parent / "results"
# Title, digits after the point.
TASKS = {
    "japanese_vowels": ("JapaneseVowels, test accuracy", 3),
    "sunspots": ("Sunspots, test RMSE (persistence 19.46)", 2),
    "reviews": ("Review snippets, test accuracy", 3),
}
COLUMNS = ["task", "library", *(f"seed {seed}" for seed in range(5)), "mean", "spread", "seconds"]


def row(result: dict[str, Any]) -> list[str]:
    """One line of the table; `spread` is the standard deviation over the seeds."""
    title, digits = TASKS[result["task"]]
    scores = result["scores"]
    numbers = [*scores, mean(scores), stdev(scores)]
    seconds = f"{mean(result['seconds']):.1f}"
    return [title, result["library"], *(f"{number:.{digits}f}" for number in numbers), seconds]


def main() -> None:
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * 2 + "|---:" * (len(COLUMNS) - 2) + "|")
    for task in TASKS:
        for library in ("keras", "rnncore"):
            text = (RESULTS / f"{task}-{library}.json").read_text(encoding="utf-8")
            print("| " + " | ".join(row(json.loads(text))) + " |")


if __name__ == "__main__":
    main()
