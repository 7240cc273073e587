"""Every cell on every ISA against the reference: outputs, final states and all gradients."""

from __future__ import annotations

from itertools import cycle, product

import numpy as np
import pytest
from calls import (
    CELLS,
    ISAS,
    ROWS,
    Case,
    assert_agrees,
    assert_same_bits,
    make_call,
    reference_result,
)
from choosing import pairwise, pairwise_cases

from rnncore import _core

DTYPES = ("float32", "float64")
SIZES = ("batch", "steps", "inputs", "units")


def random_cases(count: int) -> list[Case]:
    """Shapes that fit no tile, with everything else at random too."""
    rng = np.random.default_rng(2024)
    cases = []
    for seed, cell in product(range(count), CELLS):
        cases.append(
            Case(
                cell,
                batch=int(rng.choice([1, 2, 3, 4, 5, 7, 8, 13, 20])),
                steps=int(rng.choice([0, 1, 2, 5, 17])),
                inputs=int(rng.choice([1, 2, 3, 5, 12, 33])),
                units=int(rng.choice([1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 50])),
                dtype=DTYPES[seed % 2],
                rows=ROWS[int(rng.integers(len(ROWS)))],
                go_backwards=bool(rng.integers(2)),
                time_major=bool(rng.integers(2)),
                bias=bool(rng.random() < 0.8),
                states=bool(rng.random() < 0.8),
                seed=seed,
            )
        )
    return cases


def edge_cases(**lists: list[int]) -> list[Case]:
    """Every cell and dtype with each of the sizes, and the other options in turn."""
    rest = cycle(product(("full", "lengths", "holes", "front"), (False, True)))
    sizes = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
    cases = []
    for cell, dtype, size in product(CELLS, DTYPES, sizes):
        rows, go_backwards = next(rest)
        shape = {"batch": 2, "steps": 3, "inputs": 3, "units": 9} | size
        cases.append(Case(cell, dtype=dtype, rows=rows, go_backwards=go_backwards, **shape))
    return cases


# Vectors hold 2 to 16 numbers, panels 2 or 4 vectors; the 3 gates of a GRU come in groups of up to
# 4 vectors of units.
UNITS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129]
# Tiles have 6 rows; rows are divided evenly among tiles.
BATCHES = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 18, 19]
INPUTS = [1, 2, 7, 8, 9, 64, 65, 130]
# Chunks of 512 rows: one more and one fewer, chunks of several steps, and a step above 512 rows.
CHUNKS = [
    (1, 511),
    (1, 513),
    (2, 700),
    (8, 64),
    (8, 65),
    (7, 147),
    (511, 1),
    (512, 2),
    (513, 2),
    (600, 3),
]
# The products of training go in blocks of 96 rows and 256 deep; dx in slices of 256 rows.
BLOCKS = [(5, 51, 4, 95), (4, 64, 96, 96), (1, 257, 97, 3), (19, 27, 3, 64), (2, 128, 5, 97)]


def check(case: Case) -> None:
    call = make_call(case)
    actual = call.train()
    assert_agrees(actual, reference_result(case), case)
    # Inference takes other buffers, and its own path: the bits are those of training.
    assert_same_bits(call.infer(), actual)


@pairwise_cases(random_cases(30), isa=ISAS, loosely=SIZES)
def test_random_shapes(isa: str, case: Case) -> None:
    check(case)


@pairwise_cases(edge_cases(units=UNITS), isa=ISAS)
def test_units_around_vectors_and_panels(isa: str, case: Case) -> None:
    check(case)


@pairwise(
    isa=ISAS,
    dtype=DTYPES,
    cell=CELLS,
    shape=[(1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (1, 4)],
)
def test_a_few_row_steps(isa: str, dtype: str, cell: str, shape: tuple[int, int]) -> None:
    """So few that weights are not packed for them."""
    batch, steps = shape
    for units in (1, 2, 3, 4, 7, 8, 9, 16, 17, 33, 129):
        rows = "full" if units % 2 or batch == 1 else "lengths"
        check(Case(cell, batch, steps, 1 + units % 5, units, dtype, rows, bias=units % 3 > 0))


@pairwise_cases(edge_cases(batch=BATCHES), isa=ISAS)
def test_rows_around_tiles(isa: str, case: Case) -> None:
    check(case)


@pairwise_cases(edge_cases(inputs=INPUTS), isa=ISAS)
def test_input_sizes(isa: str, case: Case) -> None:
    check(case)


@pairwise(isa=ISAS, cell=CELLS, steps=[0, 1, 4], rows=ROWS, go_backwards=[False, True])
def test_lengths_and_masks(isa: str, cell: str, steps: int, rows: str, go_backwards: bool) -> None:
    for batch, dtype in ((1, "float32"), (7, "float64")):
        check(Case(cell, batch, steps, 2, 5, dtype, rows, go_backwards))


@pairwise(
    isa=ISAS,
    cell=["lstm", "gru", "gru_before", "rnn_tanh"],
    rows=["full", "lengths", "holes"],
    size=CHUNKS,
    loosely=["isa", "cell", "rows"],
)
def test_rows_around_chunks(isa: str, cell: str, rows: str, size: tuple[int, int]) -> None:
    check(Case(cell, size[0], size[1], 2, 3, "float32", rows, go_backwards=size[0] == 8))


@pairwise(
    isa=ISAS,
    cell=["lstm", "gru", "gru_before", "rnn_tanh"],
    dtype=DTYPES,
    size=BLOCKS,
    blas=[True, False],
    loosely=["cell"],
)
def test_products_around_blocks(
    isa: str, cell: str, dtype: str, size: tuple[int, int, int, int], blas: bool
) -> None:
    before = _core.get_context()
    _core.set_context(_core.Context(before.num_threads, isa, blas))
    try:
        check(Case(cell, *size, dtype=dtype))
    finally:
        _core.set_context(before)


@pytest.mark.slow
@pytest.mark.parametrize("case", random_cases(100)[30 * len(CELLS) :], ids=str)
def test_more_random_shapes(isa: str, case: Case) -> None:
    check(case)
