"""The quick cases of a large product hold every two values, and are few."""

from itertools import combinations, product

from choosing import covering

ROWS = [dict(zip("abc", row, strict=True)) for row in product(range(5), range(4), range(3))]


def test_every_two_values_meet() -> None:
    chosen = [ROWS[index] for index in covering(ROWS)]
    for one, other in combinations("abc", 2):
        assert len({(row[one], row[other]) for row in chosen}) == len(
            {(row[one], row[other]) for row in ROWS}
        )
    assert len(chosen) < 2 * 5 * 4


def test_of_some_names_each_value_occurs() -> None:
    chosen = [ROWS[index] for index in covering(ROWS, loosely=["b", "c"])]
    assert {row["b"] for row in chosen} == set(range(4))
    assert {row["c"] for row in chosen} == set(range(3))
    assert len(chosen) < 10


def test_nothing_is_covered_by_nothing() -> None:
    assert covering([]) == set()
