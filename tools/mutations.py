"""Do the tests notice mistakes? Make them one at a time in a copy of the tree, and see.

    python tools/mutations.py                     every mutation, against the quick tests
    python tools/mutations.py --tests all adam    those with "adam" in their name, slow tests too
    python tools/mutations.py --find              only look whether each text is still found once

mutations.toml beside this file lists them. An ``old`` text has to occur exactly once in src/ and
csrc/, in whichever file; white space counts as one blank, so that a new line break does not matter.
One that is not found is an error: renew it where the code has changed. ``near`` are names of test
files that are tried first (with wildcards; below tests/); only what passes them meets the whole
selection. A C mutation rebuilds the core in the copy. First of all the tests have to pass without
any mistake, unless --unchecked takes that for granted.

Needs what CONTRIBUTING.md sets up. Ends with status 1 when a mutation survives or is not found.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = (".py", ".pyx", ".pxi", ".c", ".h")
SELECTIONS = {"quick": ["-m", "not slow"], "all": ["-m", ""]}
SECONDS = 1800  # of one run of tests; a mutation that makes them hang is caught
# An editable install would put the tree itself before the copy.
SITE = """import sys
sys.meta_path[:] = [one for one in sys.meta_path if "Redirecting" not in type(one).__name__]
"""


@dataclass
class Mutation:
    """One mistake: `old` becomes `new`."""

    name: str
    old: str
    new: str
    near: list[str]

    def find(self, tree: Path) -> tuple[Path, str]:
        """Return the file and what it becomes."""
        pattern = re.compile(r"\s+".join(map(re.escape, self.old.split())))
        found = [
            (path, text, match)
            for folder in ("src", "csrc")
            for path in sorted((tree / folder).rglob("*"))
            if path.suffix in SOURCES
            for text in [path.read_text()]
            for match in pattern.finditer(text)
        ]
        if len(found) != 1:
            raise LookupError(f"{self.name}: expected its text once, found it {len(found)} times")
        path, text, match = found[0]
        return path, text[: match.start()] + self.new + text[match.end() :]

    def near_tests(self, tree: Path) -> list[str]:
        """Return the files of `near`."""
        found = [str(path) for name in self.near for path in sorted((tree / "tests").rglob(name))]
        if not found:
            raise LookupError(f"{self.name}: no test file is named {' or '.join(self.near)}")
        return found


class Copy:
    """A copy of the tree with a core of its own, in which tests run."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.tree, self.build = folder / "tree", folder / "build"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=tree, check=True, capture_output=True).stdout
        for name in filter(None, names.decode().split("\0")):
            if (tree / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(tree / name, self.tree / name)
        site = folder / "site"
        site.mkdir(parents=True)
        (site / "sitecustomize.py").write_text(SITE)
        self.environment = {**os.environ, "PYTHONPATH": f"{self.tree / 'src'}:{site}"}
        self._make()

    def _make(self) -> None:
        import cython_cmake

        about = self.tree / "src" / "rnncore.egg-info"
        about.mkdir()
        version = (self.tree / "src/rnncore/_version.py").read_text().split('"')[-2]
        about.joinpath("PKG-INFO").write_text(
            f"Metadata-Version: 2.1\nName: rnncore\nVersion: {version}\n"
        )
        modules = Path(cython_cmake.__file__).parent / "cmake"
        options = (
            "RNNCORE_PYTHON=ON",
            f"CMAKE_MODULE_PATH={modules}",
            f"Python_EXECUTABLE={sys.executable}",
        )
        defined = [f"-D{option}" for option in options]
        self._run("cmake", "-S", str(self.tree), "-B", str(self.build), "-G", "Ninja", *defined)
        if not self.rebuild():
            raise RuntimeError("the core of the copy could not be built")
        package = self.tree / "src" / "rnncore"
        (package / "_lib").mkdir(exist_ok=True)
        for built in self.build.iterdir():
            if built.name.startswith("_core.") and built.suffix == ".so":
                (package / built.name).symlink_to(built)
            elif built.name.startswith(("librnncore_openblas", "LICENSE-openblas")):
                (package / "_lib" / built.name).symlink_to(built)

    def _run(self, *command: str) -> bool:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def rebuild(self) -> bool:
        return self._run("cmake", "--build", str(self.build), "-j", "2")

    def test(self, arguments: list[str]) -> str | None:
        """Return the first test that fails, or None."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        try:
            done = subprocess.run(
                command + arguments,
                cwd=self.tree,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"(no end after {SECONDS} s)"
        if done.returncode in (0, 5):  # 5: none of the near tests is in the selection
            return None
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
        return failed[0] if failed else f"(pytest ended with status {done.returncode})"

    def meet(self, mutation: Mutation, selection: list[str]) -> tuple[str, str]:
        """Return what became of a mutation, and the test that caught it or the error."""
        try:
            path, text = mutation.find(self.tree)
            near = mutation.near_tests(self.tree)
        except LookupError as error:
            return "error", str(error)
        before = path.read_text()
        try:
            self._write(path, text)
            # After a C mutation also to be rid of that one; else there is nothing to do.
            if not self.rebuild():
                return "error", f"{mutation.name}: it does not compile"
            caught = self.test([*selection, *near]) or self.test(selection)
            return ("caught", caught) if caught else ("survived", "")
        finally:
            self._write(path, before)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        # Its time stamp may be that of the version before, to the second that Python looks at.
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


def listed(names: list[str]) -> list[Mutation]:
    """Return the mutations with one of these words in their names; all without words."""
    with (HERE / "mutations.toml").open("rb") as file:
        found = [Mutation(**one) for one in tomllib.load(file)["mutation"]]
    return [one for one in found if not names or any(name in one.name for name in names)]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only mutations with one of these in their name")
    parser.add_argument("--tests", choices=SELECTIONS, default="quick")
    parser.add_argument("--tree", type=Path, default=HERE.parent, help="what is mutated")
    parser.add_argument("--jobs", type=int, default=1, help="copies in which tests run")
    parser.add_argument("--unchecked", action="store_true", help="take for granted that tests pass")
    parser.add_argument("--find", action="store_true", help="run nothing")
    return parser.parse_args()


def main() -> int:
    given = parsed()
    tree, chosen = given.tree.resolve(), listed(given.names)
    if given.find:
        missing = 0
        for mutation in chosen:
            try:
                print(f"{mutation.name}: {mutation.find(tree)[0].relative_to(tree)}")
                mutation.near_tests(tree)
            except LookupError as error:
                print(f"ERROR  {error}")
                missing += 1
        return missing > 0

    waiting: queue.Queue[Mutation] = queue.Queue()
    for mutation in chosen:
        waiting.put(mutation)
    counts = dict.fromkeys(("caught", "survived", "error"), 0)
    width = max(len(mutation.name) for mutation in chosen)

    selection = SELECTIONS[given.tests]

    def work(copy: Copy) -> None:
        while True:
            try:
                mutation = waiting.get_nowait()
            except queue.Empty:
                return
            start = time.perf_counter()
            fate, what = copy.meet(mutation, selection)
            counts[fate] += 1
            seconds = time.perf_counter() - start
            print(f"{fate:8}  {seconds:6.1f} s  {mutation.name:{width}}  {what}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        copies = [Copy(tree, Path(folder, str(job))) for job in range(given.jobs)]
        failed = None if given.unchecked else copies[0].test(selection)
        if failed:
            print(f"without any mistake a test fails: {failed}")
            return 1
        threads = [threading.Thread(target=work, args=(copy,)) for copy in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(", ".join(f"{count} {fate}" for fate, count in counts.items()))
    return counts["caught"] < len(chosen)


if __name__ == "__main__":
    sys.exit(main())
