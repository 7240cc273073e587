"""Files that are written whole, by several writers at once too; pictures that cannot be."""

import os
import signal
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnncore import Sequential
from rnncore.bench.results import Results
from rnncore.callbacks import CSVLogger
from rnncore.layers import Dense
from rnncore.utils._files import check_picture, expect_writable, replacing, save_figure


def together(*writers: Callable[[], object]) -> None:
    """Run functions in threads that begin at the same moment; what one raises is raised here."""
    start, errors = threading.Barrier(len(writers)), []

    def run(write: Callable[[], object]) -> None:
        start.wait()
        try:
            write()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(write,)) for write in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def in_child(work: Callable[[], object]) -> int:
    """Start a process that does `work`, and return its id."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def write(path: Path, content: bytes) -> None:
    with replacing(path) as file:
        for start in range(0, len(content), 1000):
            file.write(content[start : start + 1000])


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="stop"), replacing(path) as file:  # noqa: PT012
        file.write(b"half")
        raise RuntimeError("stop")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]
    write(path, b"new")
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["file"]


def test_writers_in_threads_and_processes_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([65 + index]) * 5000 for index in range(4)]

    def in_threads(chosen: list[bytes]) -> None:
        for _ in range(5):
            together(*(lambda content=content: write(path, content) for content in chosen))

    child = in_child(lambda: in_threads(contents[:2]))
    in_threads(contents[2:])
    assert os.waitpid(child, 0)[1] == 0
    assert path.read_bytes() in contents and os.listdir(tmp_path) == ["file"]


def test_what_a_killed_writer_left_is_removed_and_what_another_one_writes_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"

    def die() -> None:
        with replacing(path):
            os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(in_child(die), 0)
    assert len(os.listdir(tmp_path)) == 1
    with replacing(path) as first:
        first.write(b"first")
        write(path, b"second")
        assert path.read_bytes() == b"second" and len(os.listdir(tmp_path)) == 2
    assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["file"]


def test_permissions_links_long_names_and_devices(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write(tmp_path / ("ä" * 120), b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / ("ä" * 120)).stat().st_mode) == 0o640
    (tmp_path / "link").symlink_to("aim")
    write(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "aim").read_bytes() == b"x"
    write(Path(os.devnull), b"x")
    with pytest.raises(IsADirectoryError):
        write(tmp_path, b"x")
    assert len(os.listdir(tmp_path)) == 3


class Figure:
    """Stands in for a figure of matplotlib; it fails half way for one format."""

    def savefig(self, file: object, format: str) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        if format == "svg":
            raise OSError("full")


def test_figures_and_results_of_the_benchmark_are_written_whole(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_bytes(b"old")
    with pytest.raises(OSError, match="full"):
        save_figure(Figure(), tmp_path / "a.svg")
    save_figure(Figure(), tmp_path / "b")
    Results().save(tmp_path / "c.json")
    assert sorted(os.listdir(tmp_path)) == ["a.svg", "b.png", "c.json"]
    assert (tmp_path / "a.svg").read_bytes() == b"old"


def trained(path: Path, epochs: int, *, append: bool = False) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    log = CSVLogger(path, append=append)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=epochs, verbose=0, callbacks=[log])


def test_the_log_of_one_of_several_trainings_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    lengths = [11, 14, 17]
    together(*(lambda n=n: trained(path, n) for n in lengths))
    epochs = [line.split(",")[0] for line in path.read_text().splitlines()]
    assert epochs[1:] in [list(map(str, range(n))) for n in lengths]
    path.unlink()
    together(*(lambda n=n: trained(path, n, append=True) for n in lengths))
    lines = path.read_text().splitlines()
    assert len(lines) == 1 + sum(lengths) and lines[0] == "epoch,loss,val_loss"
    assert all(line.count(",") == 2 for line in lines) and os.listdir(tmp_path) == ["log.csv"]


@pytest.mark.parametrize("path", ["missing/a.rnnc", ""])
def test_a_place_that_cannot_be_written_is_named(path: str) -> None:
    with pytest.raises(OSError, match=f"^path: expected a file that can be written, got '{path}'"):
        Sequential([Dense(1, input_shape=(2,))]).save(path)


def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expect_writable("--json", str(tmp_path / "a.json"))
    for path in (tmp_path, tmp_path / "missing" / "a.json"):
        with pytest.raises(OSError, match=r"^--json: expected a file that can be written, got"):
            expect_writable("--json", str(path))
    # Root may write anywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match=r"^--json: .* no file can be made in"):
        expect_writable("--json", str(tmp_path / "a.json"))


def test_pictures_of_unknown_kinds(tmp_path: Path) -> None:
    check_picture("--plot", tmp_path / "a.SVG")
    with pytest.raises(ValueError, match=r"^--plot: expected a name that ends in .png, .svg, .pdf"):
        check_picture("--plot", tmp_path / "a.txt")
