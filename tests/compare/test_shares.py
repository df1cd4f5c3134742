"""Shares of changes: against the definition, order by order, and always adding up to the last whole number."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fundalloc.compare.shares import (
    MOST_EXACT,
    apportion,
    attribute,
    every_set,
    exact_shares,
    prefixes,
    round_table,
    sample_orders,
    sampled_shares,
)

FIGURES = 3


@st.composite
def games(draw: st.DrawFn, most: int = 4) -> tuple[int, dict[int, np.ndarray]]:
    """Random games; some sets between nothing and everything may be worth nothing at all."""
    changes = draw(st.integers(1, most))
    values = {}
    for one in every_set(changes):
        ends = one in (0, (1 << changes) - 1)
        if ends or draw(st.integers(0, 4)):
            values[one] = np.array(draw(st.lists(st.integers(-(10**9), 10**9), min_size=FIGURES, max_size=FIGURES)))
    return changes, values


def walk(order: tuple[int, ...]) -> list[int]:
    path = [0]
    for i in order:
        path.append(path[-1] | 1 << i)
    return path


def by_definition(changes: int, values: dict[int, np.ndarray]) -> tuple[int, list[list[Fraction]]]:
    """Every order that exists, one after another: how many there are, and the mean step of every change."""
    orders = [order for order in permutations(range(changes)) if all(one in values for one in walk(order))]
    sums = [[Fraction(0)] * FIGURES for _ in range(changes)]
    for order in orders:
        path = walk(order)
        for i, before, after in zip(order, path, path[1:], strict=False):
            for k in range(FIGURES):
                sums[i][k] += int(values[after][k]) - int(values[before][k])
    return len(orders), [[s / max(len(orders), 1) for s in row] for row in sums]


def test_a_game_solved_on_paper() -> None:
    # alone the first moves 6 and the second 2; together they move 10, so that 2 are nobody's own and are halved
    values = {0: np.array([100]), 1: np.array([106]), 2: np.array([102]), 3: np.array([110])}
    shares = exact_shares(2, values)
    assert shares is not None
    assert [shares.fraction(i, 0) for i in (0, 1)] == [7, 3]
    assert shares.orders == 2


def test_orders_through_sets_without_a_plan_do_not_count() -> None:
    # without the second change made first there is no plan, so only one order is left: 2 then 8
    shares = exact_shares(2, {0: np.array([0]), 2: np.array([2]), 3: np.array([10])})
    assert shares is not None
    assert (shares.fraction(0, 0), shares.fraction(1, 0), shares.orders) == (8, 2, 1)
    assert exact_shares(2, {0: np.array([0]), 3: np.array([10])}) is None


@given(games())
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_shares_are_the_mean_over_all_orders_and_add_up_exactly(game: tuple[int, dict[int, np.ndarray]]) -> None:
    changes, values = game
    count, expected = by_definition(changes, values)
    shares = exact_shares(changes, values)
    if shares is None:
        assert count == 0
        return
    assert shares.orders == count
    whole = values[(1 << changes) - 1] - values[0]
    for k in range(FIGURES):
        found = [shares.fraction(i, k) for i in range(changes)]
        assert found == [row[k] for row in expected]
        assert sum(found) == int(whole[k])


@given(games(), st.randoms(use_true_random=False))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_the_order_of_the_changes_does_not_matter(game: tuple[int, dict[int, np.ndarray]], chance: object) -> None:
    changes, values = game
    names = list(range(changes))
    chance.shuffle(names)  # type: ignore[attr-defined]
    renamed = {sum(1 << names[i] for i in range(changes) if one >> i & 1): value for one, value in values.items()}
    first, second = exact_shares(changes, values), exact_shares(changes, renamed)
    if first is None or second is None:
        assert first is second
        return
    for i in range(changes):
        assert [first.fraction(i, k) for k in range(FIGURES)] == [second.fraction(names[i], k) for k in range(FIGURES)]


@given(games(5), st.integers(0, 99))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_sampled_shares_add_up_exactly_too(game: tuple[int, dict[int, np.ndarray]], seed: int) -> None:
    changes, values = game
    orders = sample_orders(changes, 6, seed)
    shares = sampled_shares(changes, orders, values)
    lawful = [order for order in orders if all(one in values for one in walk(order))]
    assert (shares is None) == (not lawful)
    if shares is not None:
        whole = values[(1 << changes) - 1] - values[0]
        assert [sum(shares.fraction(i, k) for i in range(changes)) for k in range(FIGURES)] == list(map(int, whole))


def test_above_eight_changes_orders_are_sampled_with_a_seed() -> None:
    changes = MOST_EXACT + 2
    asked: list[int] = []

    def game(sets: list[int]) -> dict[int, np.ndarray]:
        asked.extend(sets)
        return {one: np.array([sum(10 * (i + 1) for i in range(changes) if one >> i & 1)]) for one in sets}

    ends = game([0, (1 << changes) - 1])
    asked.clear()
    shares = attribute(changes, ends[0], ends[(1 << changes) - 1], game, orders=4, seed=7)
    assert shares is not None
    assert shares.sampled
    assert shares.orders == 4
    # every change adds its own amount whatever is there already, so any sample is right
    assert [shares.fraction(i, 0) for i in range(changes)] == [10 * (i + 1) for i in range(changes)]
    assert asked == [one for one in prefixes(sample_orders(changes, 4, 7)) if one not in ends]  # the ends are known
    assert len(asked) <= 4 * changes
    assert sample_orders(changes, 4, 7) != sample_orders(changes, 4, 8)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([Fraction(1, 3)] * 3, [1, 0, 0]),
        ([Fraction(3, 2), Fraction(-1, 2)], [2, -1]),
        ([Fraction(0), Fraction(5, 2), Fraction(1, 2)], [0, 3, 0]),
    ],
)
def test_apportioning_keeps_the_sum(parts: list[Fraction], expected: list[int]) -> None:
    assert apportion(parts) == expected


def test_a_sum_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="not whole"):
        apportion([Fraction(1, 2), Fraction(1, 3)])


@st.composite
def tables(draw: st.DrawFn) -> list[list[Fraction]]:
    """Tables of fractions whose rows have whole sums; about a third of the cells are exact zeros."""
    columns = draw(st.integers(1, 5))
    cell = st.one_of(st.just(Fraction(0)), st.fractions(-50, 50, max_denominator=12), st.fractions(-50, 50, max_denominator=12))
    rows = draw(st.lists(st.lists(cell, min_size=columns - 1, max_size=columns - 1), min_size=1, max_size=9))
    return [[*row, draw(st.integers(-99, 99)) - sum(row, Fraction(0))] for row in rows]


@given(tables())
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_rounded_tables_keep_row_sums_zeros_and_neighbours(table: list[list[Fraction]]) -> None:
    rounded = round_table(table)
    for exact, whole in zip(table, rounded, strict=True):
        assert sum(whole) == sum(exact)
        assert all(abs(e - w) < 1 for e, w in zip(exact, whole, strict=True))
    exact_sums = [sum((row[k] for row in table), Fraction(0)) for k in range(len(table[0]))]
    found = [sum(row[k] for row in rounded) for k in range(len(table[0]))]
    if len(table) == 1 or len(table[0]) == 2:
        assert found == apportion(exact_sums)


def test_columns_add_up_where_rounding_row_by_row_would_not() -> None:
    third = Fraction(1, 3)
    table = [[third, third, third]] * 3
    assert [sum(row[k] for row in round_table(table)) for k in range(3)] == [1, 1, 1]
