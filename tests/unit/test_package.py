"""What `import rnncore` brings along, and what an installed package says about itself."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import rnncore
import rnncore._core

# Not needed before something is drawn, trained, loaded or timed; each would cost milliseconds.
HEAVY = [
    "matplotlib",
    "hypothesis",
    "argparse",
    "importlib.metadata",
    "multiprocessing",
    "asyncio",
    "rnncore._reference",
    "rnncore.cli",
    "rnncore.datasets",
    "rnncore.demo",
    "rnncore.layers",
    "rnncore.models",
    "rnncore.training",
]


def run_python(code: str) -> str:
    """Standard output of a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_version_is_the_same_everywhere() -> None:
    assert rnncore.__version__ == importlib.metadata.version("rnncore")


def test_import_brings_nothing_heavy() -> None:
    """Only what numpy has not loaded itself counts."""
    code = (
        "import sys, numpy; before = set(sys.modules); import rnncore; "
        "print(*(set(sys.modules) - before))"
    )
    loaded = set(run_python(code).split())
    assert "rnncore" in loaded
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)


def test_import_starts_no_thread_and_opens_no_blas() -> None:
    code = (
        "import sys, threading, numpy\n"
        "tasks = lambda: len(__import__('os').listdir('/proc/self/task'))\n"
        "maps = lambda: open('/proc/self/maps').read()\n"
        "before = tasks(); import rnncore, rnncore._core\n"
        "print(tasks() - before, 'librnncore_openblas' in maps())"
    )
    if Path("/proc/self/task").exists():
        assert run_python(code).split() == ["0", "False"]


def test_package_is_typed() -> None:
    package = Path(rnncore.__file__).parent
    assert (package / "py.typed").exists()
    assert (package / "_core.pyi").exists()


def test_every_public_name_resolves() -> None:
    for name in rnncore.__all__:
        assert getattr(rnncore, name) is not None
    assert set(rnncore.__all__) <= set(dir(rnncore))
