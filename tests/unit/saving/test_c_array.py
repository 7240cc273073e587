"""`rnncore export-c`: models as C arrays."""

import ctypes
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Sequential, _core, cli
from rnncore.layers import LSTM, BatchNormalization, Dense, Embedding, Rescaling
from rnncore.saving.archive import read_archive
from rnncore.saving.c_array import export_c


def trained(dtype: str = "float32") -> Sequential:
    """A model whose file has the state of an optimizer too."""
    layers = [LSTM(5, return_sequences=True), BatchNormalization(), Dense(2), Rescaling(3.0)]
    model = Sequential([Input((None, 3)), *layers], dtype=dtype)
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(dtype)
    model.fit(x, x[:, :, :2], epochs=1, verbose=0)
    return model


def array_in(source: Path, name: str) -> bytes:
    """What a C compiler makes of the two files, under the warnings that C and C++ have."""
    strict = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    library = source.with_suffix(".so")
    subprocess.run(["cc", "-std=c99", *strict, str(source), "-o", str(library)], check=True)
    found: Any = ctypes.CDLL(str(library))
    size = ctypes.c_size_t.in_dll(found, f"{name}_size").value
    array = (ctypes.c_ubyte * size).in_dll(found, name)
    assert ctypes.addressof(array) % 64 == 0
    return bytes(array)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_array_is_the_model_without_what_only_training_needs(
    tmp_path: Path, dtype: str
) -> None:
    model = trained(dtype)
    whole, source = tmp_path / "model.rnnc", tmp_path / "net.c"
    model.save(whole, runtime=True)
    assert cli.main(["export-c", str(whole), "-o", str(source)]) == 0
    data = array_in(source, "net")
    x = np.random.default_rng(1).normal(size=(2, 7, 3)).astype(dtype)
    assert np.array_equal(_core.Model(data).run([x])[0], model.predict(x, verbose=0))
    itemsize = np.dtype(dtype).itemsize
    weights = sum(weight.size for weight in model.weights) * itemsize
    assert weights < len(data) < weights + 3000 < whole.stat().st_size
    assert b"class_name" not in data and b"optimizer" not in data


def test_token_ids(tmp_path: Path) -> None:
    model = Sequential([Input((None,)), Embedding(40, 8), LSTM(4)])
    model.save(tmp_path / "a.rnnc", runtime=True)
    export_c(tmp_path / "a.rnnc", tmp_path / "a.c")
    data = array_in(tmp_path / "a.c", "a")
    ids = np.arange(12, dtype=np.int32).reshape(2, 6)
    assert np.array_equal(_core.Model(data).run([ids])[0], model.predict(ids, verbose=0))


def test_the_file_of_an_array_is_one_as_any_other(tmp_path: Path) -> None:
    trained().save(tmp_path / "a.rnnc", runtime=True)
    export_c(tmp_path / "a.rnnc", tmp_path / "a.c")
    data = array_in(tmp_path / "a.c", "a")
    (tmp_path / "b.rnnc").write_bytes(data)
    assert read_archive(tmp_path / "b.rnnc").arrays == {}  # the program's name is reserved
    export_c(tmp_path / "b.rnnc", tmp_path / "b.c")
    assert array_in(tmp_path / "b.c", "b") == data


@pytest.mark.parametrize(
    ("output", "options", "name"),
    [("my-model.v2.c", [], "my_model_v2"), ("a.c", ["--name", "weights_of"], "weights_of")],
)
def test_names(tmp_path: Path, output: str, options: list[str], name: str) -> None:
    model = tmp_path / "odd *" / "name.rnnc"
    model.parent.mkdir()
    trained().save(model, runtime=True)
    source = tmp_path / output
    assert cli.main(["export-c", str(model), "-o", str(source), *options]) == 0
    assert len(array_in(source, name)) > 0
    header = source.with_suffix(".h").read_text()
    assert f"extern const unsigned char {name}[];" in header
    assert f"extern const size_t {name}_size;" in header


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["whole.rnnc", "-o", "a.cpp"], r"expected a name of a file that ends in \.c, got 'a.cpp'"),
        (["whole.rnnc", "-o", "a.c", "--name", "a-b"], "expected an identifier of C, got 'a-b'"),
        (["whole.rnnc", "-o", "1.c"], "expected an identifier of C, got '1'"),
        (["plain.rnnc", "-o", "a.c"], r"plain\.rnnc: .*save\(path, runtime=True\) writes"),
        (["tiny.rnnc", "-o", "a.c"], r"tiny\.rnnc: .*save\(path, runtime=True\) writes"),
        (["text.rnnc", "-o", "a.c"], r"text\.rnnc: expected a file of rnncore"),
        (["cut.rnnc", "-o", "a.c"], r"cut\.rnnc: expected a file of rnncore"),
        (["other.rnnc", "-o", "a.c"], r"other\.rnnc: expected a model for this version"),
    ],
)
def test_what_it_refuses(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    model = trained()
    model.save("whole.rnnc", runtime=True)
    model.save("plain.rnnc")
    Sequential([Input((None, 1)), Dense(1)]).save("tiny.rnnc")
    Path("text.rnnc").write_text("a text that is no model")
    data = bytearray(Path("whole.rnnc").read_bytes())
    Path("cut.rnnc").write_bytes(data[:-1])
    data[data.index(b"RNNCPROG") + 8] = 99  # the version
    data = data.replace(b'"crc32"', b'"other"', 1)
    Path("other.rnnc").write_bytes(data)
    assert cli.main(["export-c", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("rnncore export-c: error: ") and error.count("\n") == 1
    assert re.search(message, error)
    assert not list(tmp_path.glob("*.[ch]"))


def test_files_that_cannot_be_read_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export-c", str(tmp_path / "none.rnnc"), "-o", str(tmp_path / "a.c")]) == 1
    assert "none.rnnc" in capsys.readouterr().err
    trained().save(tmp_path / "a.rnnc", runtime=True)
    output = str(tmp_path / "missing" / "a.c")
    assert cli.main(["export-c", str(tmp_path / "a.rnnc"), "-o", output]) == 1
    assert "there is no folder" in capsys.readouterr().err
