"""The programs in README, guides and other documents run; guides print what they say."""

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def with_programs(paths: Iterable[Path]) -> list[Path]:
    return [path for path in sorted(paths) if "```python" in path.read_text(encoding="utf-8")]


GUIDES = with_programs((ROOT / "docs" / "guides").glob("*.md"))
OTHERS = with_programs([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_guide(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runtime: None,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    program = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    exec(compile(program, str(path), "exec"), {"__name__": path.stem})
    expected = re.findall(r"print\(.*\)  # (.*)$", program, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == expected


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_every_program_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    for program in re.findall(r"^ *```python\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(textwrap.dedent(program), str(path), "exec"), {"__name__": path.stem})


def test_links_lead_to_files() -> None:
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
            assert "://" in link or (path.parent / link).exists(), f"{path.name}: {link}"
