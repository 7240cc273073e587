"""Which cases of a large product are quick: a few in which every two values meet; the rest is slow.

Mistakes seldom need three options at once, so that a cover of the pairs finds nearly all of them.
`pytest -m ""` runs the whole product.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import combinations, product
from typing import Any

import pytest

FLAG = (False, True)


def covering(rows: Sequence[Mapping[str, Any]], loosely: Collection[str] = ()) -> set[int]:
    """Return the indices of some rows in which every two values that occur together still do.

    Of the names in `loosely` each value has to occur, with whatever others.
    """
    needs = []
    for row in rows:
        strict = [item for item in row.items() if item[0] not in loosely]
        needs.append({*combinations(strict, 2), *((name, row[name]) for name in loosely)})
    missing: set[Any] = set().union(*needs)
    chosen: set[int] = set()
    least = max(map(len, needs), default=0)
    while missing:
        for index, own in enumerate(needs):
            if index not in chosen and len(own & missing) >= least:
                chosen.add(index)
                missing -= own
        least = max(1, least * 2 // 3)
    return chosen


def _parametrize(names: list[str], rows: list[Any], quick: set[int]) -> pytest.MarkDecorator:
    params = [
        pytest.param(
            *row, id="-".join(map(str, row)), marks=() if index in quick else pytest.mark.slow
        )
        for index, row in enumerate(rows)
    ]
    # The kernels are set by a fixture, where they are one of the options.
    return pytest.mark.parametrize(names, params, indirect=[n for n in names if n == "isa"])


def pairwise(*, loosely: Collection[str] = (), **axes: Iterable[Any]) -> pytest.MarkDecorator:
    """Parametrize over the product of the values of each name."""
    values = [list(one) for one in axes.values()]
    numbers = product(*(range(len(one)) for one in values))
    quick = covering([dict(zip(axes, row, strict=True)) for row in numbers], loosely)
    return _parametrize(list(axes), list(product(*values)), quick)


def pairwise_cases(
    cases: Sequence[Any], *, isa: Sequence[str], loosely: Collection[str] = ()
) -> pytest.MarkDecorator:
    """Parametrize `isa`, and `case` over dataclasses, whose fields but the seed are options."""
    names = [field.name for field in fields(cases[0]) if field.name != "seed"]
    rows = list(product(isa, cases))
    told = [{"isa": one} | {name: getattr(case, name) for name in names} for one, case in rows]
    return _parametrize(["isa", "case"], rows, covering(told, loosely))
