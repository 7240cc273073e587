"""Threads and kernels of the default context: settings, environment variables and info()."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import rnncore
from rnncore import _core

INFO = {"version", "isa", "isas", "blas", "num_threads", "cpus", "cpu_quota", "environment"}


def in_a_process(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("RNNCORE_")}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=own | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("n", [1, 2, 7, 256, np.int64(3), np.uint8(2)])
def test_number_of_threads(runtime: None, n: Any) -> None:
    rnncore.set_num_threads(n)
    assert rnncore.get_num_threads() == n
    assert isinstance(rnncore.get_num_threads(), int)
    assert rnncore.info()["num_threads"] == n


@pytest.mark.parametrize(
    ("n", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (257, ValueError),
        (10**9, ValueError),
        (10**30, ValueError),
        (1.5, TypeError),
        (2.0, TypeError),
        (np.float32(2), TypeError),
        ("2", TypeError),
        (True, TypeError),
        (None, TypeError),
        ([2], TypeError),
        (np.array([1, 2]), TypeError),
    ],
    ids=repr,
)
def test_wrong_number_of_threads(runtime: None, n: Any, error: type[Exception]) -> None:
    before = rnncore.get_num_threads()
    with pytest.raises(error, match=r"^n: expected .*, got "):
        rnncore.set_num_threads(n)
    assert rnncore.get_num_threads() == before


@pytest.mark.parametrize("name", ["x", "", "AVX2", "sse2", "avx", 2, 2.0, b"avx2", ["avx2"], {}])
def test_wrong_isa(runtime: None, name: Any) -> None:
    before = rnncore.info()["isa"]
    with pytest.raises((TypeError, ValueError), match=r"^name: expected .*, got "):
        rnncore.set_max_isa(name)
    assert rnncore.info()["isa"] == before


def test_settings_do_not_disturb_each_other(runtime: None) -> None:
    lowest = _core.available_isas()[0]
    rnncore.set_num_threads(3)
    rnncore.set_max_isa(lowest)
    assert (rnncore.get_num_threads(), rnncore.info()["isa"]) == (3, lowest)
    rnncore.set_num_threads(2)
    assert rnncore.info()["isa"] == lowest


def test_info() -> None:
    info = rnncore.info()
    assert set(info) == INFO
    assert info["version"] == rnncore.__version__
    assert info["isa"] in info["isas"]
    assert info["isas"] == _core.available_isas()
    assert info["blas"] == "none" or "OpenBLAS" in info["blas"] or "BLAS" in info["blas"]
    assert all(name.startswith(("OPENBLAS_", "RNNCORE_")) for name in info["environment"])


def test_the_default_is_a_thread_for_every_usable_cpu() -> None:
    done = in_a_process("import rnncore; print(rnncore.get_num_threads())")
    cpus, quota = rnncore.info()["cpus"], rnncore.info()["cpu_quota"]
    if hasattr(os, "sched_getaffinity"):
        assert cpus == len(os.sched_getaffinity(0))
    assert int(done.stdout) == min(cpus, math.ceil(quota or cpus), 256), done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux'")
def test_threads_that_the_system_refuses() -> None:
    """No stack of a thread fits into the address space that is left."""
    program = """if True:
        import resource, rnncore
        rnncore.set_num_threads(1)
        rnncore.info()
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**19, resource.RLIM_INFINITY))
        rnncore.set_num_threads(3)
        before = rnncore.get_num_threads()
        print(before, rnncore.info()["num_threads"], rnncore.get_num_threads())"""
    done = in_a_process(program)
    assert done.stdout.split() == ["3", "1", "1"], done.stderr


def test_environment_variables() -> None:
    lowest = _core.available_isas()[0]
    program = (
        "import rnncore; i = rnncore.info(); print(i['num_threads'], i['isa'], *i['environment'])"
    )
    done = in_a_process(program, RNNCORE_NUM_THREADS="3", RNNCORE_MAX_ISA=lowest.upper())
    names = done.stdout.split()
    assert names[:2] == ["3", lowest], done.stderr
    assert {"RNNCORE_NUM_THREADS", "RNNCORE_MAX_ISA"} <= set(names[2:])
    done = in_a_process(program, RNNCORE_NUM_THREADS="", RNNCORE_MAX_ISA="")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RNNCORE_NUM_THREADS", "0"),
        pytest.param("RNNCORE_NUM_THREADS", "-2", marks=pytest.mark.slow),
        pytest.param("RNNCORE_NUM_THREADS", "1.5", marks=pytest.mark.slow),
        ("RNNCORE_NUM_THREADS", "many"),
        pytest.param("RNNCORE_NUM_THREADS", "1000000", marks=pytest.mark.slow),
        ("RNNCORE_NUM_THREADS", "99999999999999999999"),
        ("RNNCORE_MAX_ISA", "sse9"),
    ],
)
def test_wrong_environment_variables(variable: str, value: str) -> None:
    done = in_a_process("import rnncore", **{variable: value})
    assert done.returncode == 1
    assert f"ValueError: {variable}: expected " in done.stderr
    assert value in done.stderr


@pytest.mark.skipif(rnncore.info()["blas"] == "none", reason="this build carries no BLAS")
def test_a_blas_that_cannot_be_loaded(runtime: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "__file__", "/nowhere/_core.so")
    rnncore.set_num_threads(1)
    x, weights = np.ones((1, 2, 1)), np.ones((1, 1))
    _, _, tape = rnncore.ops.simple_rnn_forward(x, weights, weights)
    with pytest.raises(OSError, match="BLAS library could not be loaded"):
        rnncore.ops.simple_rnn_backward(tape, x)


def test_a_context_that_is_asked_too_much(runtime: None) -> None:
    for threads in (-1, 257, 2**31 - 1):
        with pytest.raises(ValueError, match="argument"):
            _core.Context(threads)
    with pytest.raises((OverflowError, ValueError)):
        _core.Context(2**40)
    with pytest.raises(KeyError):
        _core.Context(1, "sse9")
    with pytest.raises(TypeError):
        _core.set_context(None)


def test_a_layer_may_outlive_the_module() -> None:
    """It ends after the names of the extension are gone, as globals of a program may."""
    program = (
        "import codecs, numpy, rnncore\n"
        "from rnncore.layers import LSTM\n"
        "layer = LSTM(2)\n"
        "layer(numpy.zeros((1, 1, 1)))\n"
        "rnncore.set_num_threads(1)\n"  # the layer alone holds the context of before
        "codecs.register(lambda name, kept=layer: None)\n"
    )
    ended = in_a_process(program)
    assert (ended.returncode, ended.stderr) == (0, "")
