"""Files with programs that are broken or hostile: refused with a sentence, or run."""

from __future__ import annotations

import importlib.util
import struct
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from rnncore import Input, Sequential, _core
from rnncore.layers import LSTM, Dense
from rnncore.models import load_model

HERE = Path(__file__).parent / "c"
FILES = {path.name: path.read_bytes() for path in sorted((HERE / "corpus/model").iterdir())}
MOST_NUMBERS = 2**14
# Of all kinds of numbers in the records, in 8 bytes; the first 4 are those of an int32 too.
ODD = [0, 1, 2, 3, 7, 64, -1, -2, 2**31 - 1, -(2**31), 2**32, 2**62, 2**63 - 1, -(2**63)]


def make_corpus() -> Any:
    spec = importlib.util.spec_from_file_location("make_corpus", HERE / "make_corpus.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def message_of(call: Callable[[], Any]) -> str:
    """What a call raises, if it is an error of an allowed kind; else nothing."""
    try:
        call()
    except (ValueError, MemoryError, OverflowError) as error:
        return str(error) or type(error).__name__
    return ""


def refuse_or_run(content: bytes) -> bool:
    """Whether a file was opened; then it ran, or said why not."""
    tracemalloc.start()
    message = message_of(lambda: _core.Model(content))
    assert tracemalloc.get_traced_memory()[1] < 64 * len(content) + 2**21
    tracemalloc.stop()
    if message:
        assert message.startswith("model: ") and len(message) > 20
        return False
    model = _core.Model(content)
    shapes = [tuple(3 if size is None else size for size in shape) for _, _, shape in model.inputs]
    if max(np.prod(shape, dtype=float) for shape in shapes) < MOST_NUMBERS:
        run(model, shapes)
    if model.can_stream:
        step(model)
    return True


def ones(model: Any, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.ones((2, *s), one[1]) for one, s in zip(model.inputs, shapes, strict=True)]


def run(model: Any, shapes: list[tuple[int, ...]]) -> None:
    found: list[np.ndarray] = []
    message = message_of(lambda: found.extend(model.run(ones(model, shapes))))
    assert message or len(found) == len(model.outputs)
    for y, (_, dtype, _) in zip(found, model.outputs, strict=False):
        assert len(y) == 2 and y.dtype == dtype


def step(model: Any) -> None:
    if max(np.prod(shape, dtype=float) for shape in model.step_shapes[0]) > MOST_NUMBERS:
        return
    stream = _core.Stream(model, 2)
    x = ones(model, model.step_shapes[0])
    message = message_of(lambda: stream.step(x[0] if len(x) == 1 else x))
    assert not message or "vocabulary" in message
    stream.state = stream.state


def test_the_corpus_has_all_models() -> None:
    """`python tests/fuzz/c/make_corpus.py` after a change that this test notices."""
    corpus = make_corpus()
    for name, content in corpus.files():
        assert len(content) <= corpus.LARGEST
        assert f"{name}.rnnc" in FILES, name
        (end,) = struct.unpack_from("<Q", content, 64 + 16)  # of the program; weights follow
        assert FILES[f"{name}.rnnc"][: 64 + end] == content[: 64 + end], name


@pytest.mark.parametrize("name", FILES)
def test_the_corpus(name: str) -> None:
    refuse_or_run(FILES[name])


def test_every_length() -> None:
    content = FILES["stack.rnnc"]
    assert refuse_or_run(content)
    for size in range(0, len(content), 7):
        assert not refuse_or_run(content[:size])
    assert not refuse_or_run(content + b"\0")


@settings(max_examples=3 * settings.default.max_examples)
@given(st.data())
def test_numbers_of_records(data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 3))):
        wide = data.draw(st.booleans())
        step = 8 if wide else 4
        place = step * data.draw(st.integers(64 // step, len(content) // step - 1))
        number = struct.pack("<q", data.draw(st.sampled_from(ODD)))
        content[place : place + step] = number[:step]
    refuse_or_run(bytes(content))


def test_names_that_are_no_text() -> None:
    content = bytearray(FILES["dense.rnnc"])
    model = _core.Model(bytes(content))
    place = content.index(model.inputs[0][0].encode())
    content[place] = 0xFF
    assert _core.Model(bytes(content)).inputs[0][0].startswith("\ufffd")


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 8, b"\xff" * 200, bytes(72)])
def test_what_is_no_file(content: bytes) -> None:
    with pytest.raises(ValueError, match="model: expected a model"):
        _core.Model(content)


def test_a_saved_file_that_was_changed(tmp_path: Path) -> None:
    """Its checksum covers the program, too."""
    model = Sequential([Input((None, 2)), LSTM(3), Dense(1)])
    path = tmp_path / "m"
    model.save(path, runtime=True)
    whole = path.read_bytes()
    assert refuse_or_run(whole) and load_model(path).built
    begin = 8 + struct.unpack("<Q", whole[:8])[0]
    for place in range(begin, len(whole), 31):
        changed = bytearray(whole)
        changed[place] ^= 0x10
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"m: "):
            load_model(path)
        refuse_or_run(bytes(changed))


@pytest.mark.parametrize("rank", [10, 11, 32])
def test_nodes_have_so_many_axes(rank: int) -> None:
    with pytest.raises(ValueError, match="unary: expected an array of at most 9 axes"):
        _core.run_node(
            "unary", 20, [np.ones((1,) * rank, np.float32)], [], [1], [], 1, np.dtype("f4")
        )


def test_nodes_have_so_many_inputs_and_options() -> None:
    x = np.ones((1, 2, 3), np.float32)
    for inputs, tensors, attributes, numbers, outputs in (
        ([x] * 65, [], [], [], 1),
        ([x], [x] * 5, [], [], 1),
        ([x], [], [1] * 13, [], 1),
        ([x], [], [1], [1.0] * 4, 1),
        ([x], [], [1], [], 4),
    ):
        with pytest.raises(ValueError, match="unary: expected at most"):
            _core.run_node("unary", 20, inputs, tensors, attributes, numbers, outputs, x.dtype)
    for kind in (-1, 0, 99, 2**31 - 1):
        with pytest.raises(ValueError, match="none: expected inputs"):
            _core.run_node("none", kind, [x], [], [], [], 1, x.dtype)
