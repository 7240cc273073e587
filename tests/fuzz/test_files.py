"""Files that are broken or hostile: one clear error, nothing changed, no memory wasted."""

import io
import json
import math
import os
import struct
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rnncore import Sequential
from rnncore.layers import LSTM, Bidirectional, Dense, Dropout
from rnncore.models import load_model
from rnncore.saving.archive import LARGEST_HEADER


def small() -> Sequential:
    model = Sequential([Bidirectional(LSTM(3), input_shape=(5, 2)), Dropout(0.5), Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def whole() -> bytes:
    model = small()
    model.fit(np.ones((4, 5, 2)), np.ones((4, 1)), verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "m"))
        return Path(folder, "m").read_bytes()


@pytest.fixture(scope="module")
def target() -> Sequential:
    return small()


def parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: Any, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def unchecked(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The parts without the checksum, so that what follows from it is not all that is tested."""
    header, data = parts(content)
    del header["__metadata__"]["crc32"]
    return header, data


def attempt(content: bytes, model: Sequential) -> bool:
    """Load a file in every way; return whether all were refused, and properly."""
    before = [weight.tobytes() for weight in model.get_weights()]
    refused = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m")
        path.write_bytes(content)
        for load in (lambda: load_model(path), lambda: model.load_weights(path)):
            tracemalloc.start()
            try:
                load()
                message = None
            except ValueError as error:
                message = str(error)
            refused.append(message is not None)
            assert message is None or str(path) in message
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 64 * len(content) + 2**21, peak
            if refused[-1]:
                assert [weight.tobytes() for weight in model.get_weights()] == before
        assert os.listdir(folder) == ["m"]
    return all(refused)


def test_the_file_is_good(whole: bytes, target: Sequential) -> None:
    assert not attempt(whole, small())
    assert not attempt(joined(*unchecked(whole)), small())


@pytest.mark.parametrize("stride", [401, pytest.param(97, marks=pytest.mark.slow)])
def test_every_length(stride: int, whole: bytes, target: Sequential) -> None:
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    cuts = {
        *range(0, 40, stride // 97),
        *range(0, len(whole), stride),
        header - 1,
        header,
        header + 1,
    }
    for size in sorted(cuts - {len(whole)}):
        assert attempt(whole[:size], target), size
    assert attempt(whole + b"\0", target)


@pytest.mark.parametrize("stride", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_every_region_with_a_byte_changed(stride: int, whole: bytes, target: Sequential) -> None:
    name = whole.index(b"crc32")
    for place in [*range(0, 120, stride), *range(120, len(whole), 41 * stride)]:
        for flip in (0x01, 0x80):
            changed = bytearray(whole)
            changed[place] ^= flip
            if not name <= place < name + 5:  # without its name there is no checksum to fail
                assert attempt(bytes(changed), target), place


@settings(max_examples=settings.default.max_examples // 2)
@given(st.data())
def test_mutations_without_a_checksum(whole: bytes, target: Sequential, data: Any) -> None:
    """Here a change may go unnoticed; what must not happen is another error than ValueError."""
    content = bytearray(joined(*unchecked(whole)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["set", "cut", "insert", "copy"]))
        piece = data.draw(st.binary(min_size=1, max_size=6))
        if kind == "set":
            content[place : place + len(piece)] = piece
        elif kind == "cut":
            del content[place : place + 5]
        elif kind == "insert":
            content[place:place] = piece
        else:
            content[place:place] = content[place // 2 : place // 2 + 30]
        if not content:
            break
    attempt(bytes(content), small())


def headers(content: bytes) -> Iterator[tuple[str, Any]]:
    """Headers that lie, each with a name; the data are those of the file."""

    def changed(**entry: Any) -> Any:
        header, _ = unchecked(content)
        header["weights/dense/kernel"] |= entry
        return header

    header, data = unchecked(content)
    begin, end = header["weights/dense/kernel"]["data_offsets"]
    yield "no offsets", changed(data_offsets=None)
    yield "negative", changed(data_offsets=[-4, end])
    yield "backwards", changed(data_offsets=[end, begin])
    yield "overlap", changed(data_offsets=[begin - 4, end - 4])
    yield "outside", changed(data_offsets=[begin, len(data) + 8])
    yield "far outside", changed(data_offsets=[2**63, 2**63 + end - begin])
    yield "huge", changed(shape=[2**62, 4])
    yield "huge empty", changed(shape=[2**62, 0], data_offsets=[begin, begin])
    yield "many axes", changed(shape=[1] * 100)
    yield "long product", changed(shape=[2**62] * 30)
    yield "floats", changed(shape=[6.0, 1])
    yield "booleans", changed(shape=[True, 6])
    yield "text", changed(shape="6")
    yield "nested shape", changed(shape=[[6], [1]])
    yield "other shape", changed(shape=[1, 6])
    yield "unknown dtype", changed(dtype="F128")
    yield "list as dtype", changed(dtype=["F32"])
    yield "integers", changed(dtype="I32")
    yield "entry", {**header, "weights/dense/kernel": 3}
    yield "metadata", {**header, "__metadata__": {"format": 3}}
    yield "no metadata", {k: v for k, v in header.items() if k != "__metadata__"}
    yield "list", []
    yield "number", b"12"
    yield "NaN", b"NaN"
    yield "empty", b""
    yield "not UTF-8", b'{"\xff": 1}'
    yield "twice", b'{"a": 1, "a": 2}'
    yield "deep", b"[" * 200_000
    yield "deep objects", b'{"a":' * 100_000
    yield "many lists", b"[" + b"[]," * 50_000 + b"[]]"
    yield "long number", b'{"a": ' + b"9" * 50_000 + b"}"
    yield "surrogate", b'{"__metadata__": {"crc32": "\\ud800"}}'
    for key, text in metadata_texts():
        yield (
            f"{key}: {text[:30]}",
            {**header, "__metadata__": {**header["__metadata__"], key: text}},
        )


def metadata_texts() -> Iterator[tuple[str, str]]:
    layer = {"module": "rnncore.layers", "class_name": "Dense", "config": {"units": 2**40}}
    chain = {"name": "a", "layers": [layer], "build_input_shape": [None, 2**20]}
    for config in (
        chain,
        {"layers": [{**layer, "config": {"units": -1}}]},
        {"layers": [{**layer, "config": {"nothing": 1}}]},
        {"layers": [{**layer, "class_name": "Bidirectional", "config": {"layer": 3}}]},
        {"layers": 3},
        {"layers": [3]},
        {},
        3,
    ):
        for name in ("Sequential", "Functional", "Model", "LSTM", "system", "function"):
            module = "os" if name == "system" else "rnncore.models"
            record = {"module": module, "class_name": name, "config": config}
            yield "model", json.dumps(record)
    loop = {
        "name": "a",
        "layers": [
            {
                "module": "rnncore.layers",
                "class_name": "Dense",
                "config": {"units": 1},
                "name": "a",
                "inbound_nodes": [
                    {
                        "args": [
                            {
                                "class_name": "__keras_tensor__",
                                "config": {"keras_history": ["a", 0, 0]},
                            }
                        ],
                        "kwargs": {},
                    }
                ],
            }
        ],
        "input_layers": ["a", 0, 0],
        "output_layers": ["a", 0, 0],
    }
    yield (
        "model",
        json.dumps({"module": "rnncore.models", "class_name": "Functional", "config": loop}),
    )
    yield "model", "[" * 50_000
    yield "model", '{"class_name": NaN}'
    yield "model", '{"class_name": "__numpy__", "dtype": "O", "shape": [1], "items": [1]}'
    yield "model", '{"class_name": "__numpy__", "dtype": "f8", "shape": [1000000000], "items": [1]}'
    yield "model", '{"class_name": "__tuple__"}'
    yield "version", "2.0"
    yield "format", "pt"


def test_headers_that_lie(whole: bytes, target: Sequential) -> None:
    data = parts(whole)[1]
    only_model = ("model: ",)
    for name, header in headers(whole):
        content = joined(header, data)
        if name.startswith(only_model):  # the weights are fine
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "m")
                path.write_bytes(content)
                tracemalloc.start()
                with pytest.raises(ValueError, match="m: "):
                    load_model(path)
                assert tracemalloc.get_traced_memory()[1] < 64 * len(content) + 2**21, name
                tracemalloc.stop()
        else:
            assert attempt(content, target), name


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**62, 2**63, 2**64 - 1])
def test_lengths_of_the_header(length: int, whole: bytes, target: Sequential) -> None:
    assert attempt(struct.pack("<Q", length) + whole[8:], target)


def test_a_header_that_is_too_long(target: Sequential) -> None:
    header = b"[" + b"[]," * (LARGEST_HEADER // 3) + b"[]]"
    assert attempt(joined(header, b""), target)


@pytest.mark.parametrize("section", ["compile", "training"])
@pytest.mark.parametrize("text", ["3", "{}", "[", "null", '{"optimizer": 3}', '{"layers": {}}'])
def test_sections_that_lie(section: str, text: str, whole: bytes, tmp_path: Path) -> None:
    header, data = unchecked(whole)
    header["__metadata__"][section] = text
    path = tmp_path / "m"
    path.write_bytes(joined(header, data))
    with pytest.raises(ValueError, match="m: "):
        load_model(path)
    assert load_model(path, compile=False).built


def test_numbers_that_no_weight_has(whole: bytes, tmp_path: Path) -> None:
    """NaN and infinity are numbers: a model that went astray can be looked at."""
    header, data = unchecked(whole)
    content = bytearray(data)
    begin, end = header["weights/dense/bias"]["data_offsets"]
    content[begin:end] = struct.pack("<f", math.nan)
    (tmp_path / "m").write_bytes(joined(header, bytes(content)))
    assert np.isnan(load_model(tmp_path / "m").get_weights()[-1]).all()


def test_what_is_no_file(tmp_path: Path, target: Sequential) -> None:
    for load in (load_model, target.load_weights):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none")
        with pytest.raises(OSError, match="directory"):
            load(tmp_path)
        os.symlink(tmp_path / "loop", tmp_path / "loop")
        with pytest.raises(OSError, match="symbolic"):
            load(tmp_path / "loop")
        os.unlink(tmp_path / "loop")
        with pytest.raises(TypeError):
            load(io.BytesIO())
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="pipe: expected a regular file"):
            load_model(tmp_path / "pipe")


def test_a_link_is_followed(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(whole)
    os.symlink(tmp_path / "m", tmp_path / "link")
    assert load_model(tmp_path / "link").built
