"""Train one library on the tasks, some seeds each, and write what it reached to a JSON file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tasks import TASKS


def measure(api: ModuleType, set_seed: Callable[[int], None], facts: dict[str, Any]) -> None:
    """Run the tasks named on the command line with `api` and write the results.

    Parameters
    ----------
    api : module
        ``keras`` or ``rnncore``.
    set_seed : callable
        Fixes everything random in that library.
    facts : dict
        Versions and settings of the library; written beside the results.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(TASKS)}; all")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 on")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.tasks or TASKS:
        task = TASKS[name]()
        scores, seconds, losses = [], [], []
        for seed in range(arguments.seeds):
            set_seed(seed)
            start = time.perf_counter()
            model = task.build(api)
            history = model.fit(
                task.x_train,
                task.y_train,
                epochs=task.epochs,
                batch_size=task.batch_size,
                verbose=0,
            )
            seconds.append(round(time.perf_counter() - start, 2))
            losses.append([round(loss, 5) for loss in history.history["loss"]])
            scores.append(task.score(task.y_test, model.predict(task.x_test, verbose=0)))
            print(f"{name} {api.__name__} seed {seed}: {scores[-1]:.4f} in {seconds[-1]:.1f} s")
        result = {
            "task": name,
            "library": api.__name__,
            **facts,
            "python": platform.python_version(),
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "scores": scores,
            "seconds": seconds,
            "losses": losses,
        }
        file = arguments.out / f"{name}-{api.__name__}.json"
        file.write_text(_as_text(result), encoding="utf-8")


def _as_text(result: dict[str, Any]) -> str:
    """JSON with one fact a line, so that a list of numbers stays on its line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in result.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _cpu() -> str:
    """Name of the processor where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
