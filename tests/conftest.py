"""What every test may use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import rnncore
from rnncore import _core, _runtime

# Helpers that several folders share (calls.py) are plain modules beside this file; those that the
# makers of golden files need too are beside these.
sys.path[:0] = map(str, (Path(__file__).parent, Path(__file__).parent / "golden" / "make"))

# The same examples on every run and every machine, however slow it is; more with the option
# --hypothesis-profile.
for name, examples in (("quick", 20), ("thorough", 100), ("long", 2000)):
    settings.register_profile(name, derandomize=True, deadline=None, max_examples=examples)
settings.load_profile("quick")


def pytest_runtest_setup() -> None:
    """Default names and random numbers begin anew in each test, whatever ran before."""
    rnncore.utils.clear_session()
    rnncore.utils.set_random_seed(0)


@pytest.fixture
def runtime() -> Iterator[None]:
    """Puts back the number of threads and the choice of kernels that a test changes."""
    threads, isa = rnncore.get_num_threads(), _runtime._max_isa
    yield
    rnncore.set_max_isa(isa)
    rnncore.set_num_threads(threads)


@pytest.fixture(scope="module", params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs a test with every table of kernels that this CPU can run."""
    before = _runtime._max_isa
    rnncore.set_max_isa(request.param)
    assert rnncore.info()["isa"] == request.param
    yield request.param
    rnncore.set_max_isa(before)
