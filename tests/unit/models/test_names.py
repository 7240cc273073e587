"""Default names are numbered as layers are made, as in Keras 3, and stay."""

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore import Input, Model, Sequential, backend
from rnncore.callbacks import BackupAndRestore, load_checkpoint
from rnncore.callbacks.checkpoints import ModelCheckpoint
from rnncore.layers import GRU, LSTM, Bidirectional, Conv1D, Dense, Layer, SimpleRNN
from rnncore.utils import clear_session
from rnncore.utils._names import snake_case


def names(layers: Any) -> list[str]:
    return [layer.name for layer in layers]


def test_layers_are_numbered_class_by_class_over_all_models() -> None:
    """What Keras 3.15 says of the same lines."""
    one = Sequential([LSTM(4, input_shape=(3, 2)), Dense(1), Dense(2)])
    series = Input((3, 2))
    both = Bidirectional(LSTM(3))
    assert names([*one.layers, both, both.forward_layer, both.backward_layer, LSTM(2)]) == [
        *("lstm", "dense", "dense_1", "bidirectional"),
        *("forward_lstm_1", "backward_lstm_1", "lstm_2"),
    ]
    assert [one.inputs[0].name, series.name] == ["input_layer", "input_layer_1"]
    assert [one.name, Sequential().name] == ["sequential", "sequential_1"]
    two = Model(series, both(series)), Model(series, series, name="mine"), Model(series, series)
    assert names(two) == ["functional", "mine", "functional_1"]


@pytest.mark.parametrize(
    ("name", "expected"),  # Keras 3.15's to_snake_case
    [
        ("SimpleRNN", "simple_rnn"),
        ("Conv1D", "conv1d"),
        ("GlobalMaxPooling1D", "global_max_pooling1d"),
        ("StackedRNNCells", "stacked_rnn_cells"),
        ("GRUCell", "gru_cell"),
        ("LSTM2Head", "lstm2_head"),
        ("_Mine", "__mine"),
    ],
)
def test_names_of_classes(name: str, expected: str) -> None:
    assert snake_case(name) == expected


def test_a_model_renames_no_layer() -> None:
    spare = LSTM(4), Dense(1)
    series = Input((5, 3))
    inner, head = LSTM(4, return_sequences=True), Dense(1)
    first = Model(series, head(GRU(2)(inner(series))))
    before = names(first.layers)
    assert before == ["input_layer", "lstm_1", "gru", "dense_1"]
    second = Model(series, Dense(2)(inner(series)))
    chain = Sequential([Input((5, 3)), inner])
    assert names(first.layers) == before
    assert second.get_layer("lstm_1") is chain.get_layer("lstm_1") is inner
    assert names(spare) == ["lstm", "dense"]


def test_a_default_name_that_is_taken_is_an_error() -> None:
    x = Input((3,))
    with pytest.raises(ValueError, match="a unique name for each layer, got 'dense' twice"):
        Model(x, Dense(2)(Dense(2, name="dense")(x)))
    with pytest.raises(ValueError, match="a unique name, got 'dense_1' again"):
        Sequential([Dense(2, name="dense_1"), Dense(2)])


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_keep_the_name(again: Any) -> None:
    layer = SimpleRNN(2)
    assert again(layer).name == "simple_rnn"
    assert SimpleRNN(2).name == "simple_rnn_1"


def test_a_new_session_begins_anew() -> None:
    old = Conv1D(2, 2)
    backend.clear_session()
    assert names([old, Conv1D(2, 2)]) == ["conv1d", "conv1d"]
    clear_session()
    assert Conv1D(2, 2).name == "conv1d"


def test_threads_get_different_names() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Dense(1).name, range(400)))
    assert sorted(made) == sorted(["dense", *(f"dense_{i}" for i in range(1, 400))])


def test_a_child_process_goes_on_by_itself() -> None:
    code = (
        "import os\n"
        "from rnncore.layers import GRU\n"
        "GRU(1)\n"
        "child = os.fork()\n"
        "name = GRU(1).name\n"
        "if not child: os._exit(name != 'gru_1')\n"
        "print(name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    if hasattr(os, "fork"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.split() == [b"gru_1", b"0"]


def test_files_of_a_training_do_not_depend_on_names(tmp_path: Path) -> None:
    """A program that is run twice in one process has other names the second time."""
    x, y = np.ones((4, 5, 3)), np.ones((4, 1))

    def program(epochs: int, *callbacks: Any) -> Sequential:
        model = Sequential([Input((5, 3)), LSTM(4), Dense(1)])
        model.set_weights([np.full(w.shape, 0.1) for w in model.weights])
        model.compile("adam", "mse")
        model.fit(x, y, epochs=epochs, verbose=0, shuffle=False, callbacks=list(callbacks))
        return model

    backup = BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    file = tmp_path / "model.npz"
    first = program(2, backup, ModelCheckpoint(str(file)))
    second = program(4, BackupAndRestore(tmp_path / "backup"))
    assert first.layers[0].name != second.layers[0].name
    assert second.history is not None and second.history.epoch == [2, 3]
    for a, b in zip(second.get_weights(), program(4).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert load_checkpoint(second, file) == 2
    for a, b in zip(second.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_layer_of_ones_own_is_named_by_its_class() -> None:
    class MyHead(Layer):
        def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> Any:
            return x

    assert names([MyHead(), MyHead(), MyHead(name="x"), MyHead()]) == [
        *("my_head", "my_head_1", "x", "my_head_2"),
    ]
