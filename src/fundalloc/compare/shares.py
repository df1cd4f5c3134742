"""Who caused how much: the average over all orders in which changes can be made, in exact integers.

A game says what every set of changes is worth. The share of change i is its step, averaged over all orders:

    share_i  =  sum over sets S without i  of  paths(S) x paths on from S + i  x  ( v(S + i) - v(S) )  /  paths in all

With every set worth something this is the Shapley value (L. S. Shapley, A Value for n-Person Games, 1953). Sets that are
worth nothing at all, because no plan exists for them, are walked around: only orders whose every step exists count. The
shares add up exactly to v(all) - v(none), whatever the values are.

Controlled rounding makes whole numbers of a table of shares: every cell becomes its floor or its ceiling, so an exact zero
stays zero; every row keeps its whole sum; and wherever the cells allow it, every column adds up to its exact sum rounded.
"""

from __future__ import annotations

import operator
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, permutations
from math import floor

import numpy as np
from numpy.typing import NDArray

Value = NDArray[np.int64]
"""What a set of changes is worth: one whole number per figure."""
Between = Callable[[Sequence[int]], Mapping[int, Value]]
"""Values sets of changes, as far as they exist."""
Order = tuple[int, ...]
Row = Sequence[Fraction]

MOST_EXACT = 8
"""Changes up to which all sets are looked at."""


@dataclass(frozen=True)
class Shares:
    """The part of every change in every figure: `numerator[i][k] / orders`, exact."""

    numerator: Sequence[Sequence[int]]
    """Shape (changes, figures)."""
    orders: int
    """How many orders were averaged."""
    sampled: bool

    def fraction(self, change: int, figure: int) -> Fraction:
        """Return one share."""
        return Fraction(self.numerator[change][figure], self.orders)


def every_set(changes: int) -> list[int]:
    """Return all sets of so many changes, as bit masks, smaller ones first."""
    return sorted(range(1 << changes), key=lambda s: (s.bit_count(), s))


def exact_shares(changes: int, values: Mapping[int, Value]) -> Shares | None:
    """Average over all orders; `values` holds the sets (bit masks) that exist. None when no order leads from nothing to all."""
    everything = (1 << changes) - 1
    upward, downward = _paths(changes, values), _paths(changes, values, from_top=True)
    whole = upward.get(everything, 0)
    if not whole:
        return None
    figures = len(values[0])
    numerators = [[0] * figures for _ in range(changes)]
    for before, paths in upward.items():
        for i in range(changes):
            after = before | 1 << i
            weight = paths * downward.get(after, 0) if after != before else 0
            if weight:
                step = values[after] - values[before]
                numerators[i] = [n + weight * int(d) for n, d in zip(numerators[i], step, strict=True)]
    return Shares(numerators, whole, sampled=False)


def _paths(changes: int, values: Mapping[int, Value], *, from_top: bool = False) -> dict[int, int]:
    """Return in how many orders every set is reached from nothing, or everything from it, through sets that exist."""
    everything = (1 << changes) - 1
    paths = {everything if from_top else 0: 1} if 0 in values and everything in values else {}
    for one in every_set(changes)[::-1] if from_top else every_set(changes):
        if one not in values or one in paths:
            continue
        beside = (one ^ (1 << i) for i in range(changes) if bool(one >> i & 1) != from_top)
        count = sum(paths.get(other, 0) for other in beside)
        if count:
            paths[one] = count
    return paths


def sample_orders(changes: int, count: int, seed: int) -> list[Order]:
    """Return random orders, each followed by its reverse, which halves what chance does."""
    chance = random.Random(seed)
    orders: list[Order] = []
    while len(orders) < count:
        order = list(range(changes))
        chance.shuffle(order)
        orders += [tuple(order), tuple(reversed(order))]
    return orders[:count]


def prefixes(orders: Iterable[Order]) -> list[int]:
    """Return the sets that the orders pass through, as bit masks, each once."""
    return list(dict.fromkeys([0, *(one for order in orders for one in _path_of(order))]))


def _path_of(order: Order) -> list[int]:
    """Return the sets that an order passes through, from nothing to all."""
    return list(accumulate((1 << i for i in order), operator.or_, initial=0))


def sampled_shares(changes: int, orders: Sequence[Order], values: Mapping[int, Value]) -> Shares | None:
    """Average over some orders; those that pass through a set that does not exist are left out. None when none is left."""
    numerators, used = [[0] * len(values[0]) for _ in range(changes)], 0
    for order in orders:
        path = _path_of(order)
        if any(one not in values for one in path):
            continue
        used += 1
        for i, before, after in zip(order, path, path[1:], strict=False):
            numerators[i] = [n + int(d) for n, d in zip(numerators[i], values[after] - values[before], strict=True)]
    return Shares(numerators, used, sampled=True) if used else None


def attribute(changes: int, nothing: Value, everything: Value, between: Between, *, orders: int = 0, seed: int = 0) -> Shares | None:
    """Share what lies between nothing and everything out among the changes; `between` values other sets, as far as they exist.

    Up to MOST_EXACT changes all sets are valued; above, those that `orders` random orders pass through.
    """
    drawn = None if changes <= MOST_EXACT else sample_orders(changes, orders, seed)
    ends = {0: nothing, (1 << changes) - 1: everything}
    sets = every_set(changes) if drawn is None else prefixes(drawn)
    values = {**between([one for one in sets if one not in ends]), **ends}
    return exact_shares(changes, values) if drawn is None else sampled_shares(changes, drawn, values)


# -- controlled rounding ---------------------------------------------------------------------------------------------------


def apportion(parts: Row, whole: int | None = None) -> list[int]:
    """Round parts to add up to `whole`, by default their whole sum: up go largest remainders, then larger parts, then first ones."""
    low = [floor(part) for part in parts]
    total = sum(parts, Fraction(0)) if whole is None else Fraction(whole)
    if total.denominator != 1:
        raise ValueError(f"{total} is not whole")
    missing = int(total) - sum(low)
    order = sorted(range(len(parts)), key=lambda k: (low[k] - parts[k], -abs(parts[k]), k))
    for k in order[:missing]:
        low[k] += 1
    return low


def round_table(table: Sequence[Row], columns: Sequence[int] | None = None) -> list[list[int]]:
    """Round a table whose rows have whole sums; `columns` are the sums wanted, by default the exact ones apportioned."""
    if not table:
        return []
    rounded = [apportion(row) for row in table]
    sums = [sum((row[k] for row in table), Fraction(0)) for k in range(len(table[0]))]
    wanted = list(columns) if columns is not None else apportion(sums)
    while True:
        found = [sum(row[k] for row in rounded) for k in range(len(wanted))]
        path = _path(table, rounded, [f - w for f, w in zip(found, wanted, strict=True)])
        if path is None:
            return rounded
        for row, down, up in path:
            rounded[row][down] -= 1
            rounded[row][up] += 1


def _path(table: Sequence[Row], rounded: list[list[int]], surplus: list[int]) -> list[tuple[int, int, int]] | None:
    """Return swaps (row, column down, column up) that lead from a column with too much to one with too little; None if none does."""
    swaps: dict[tuple[int, int], int] = {}
    for r, (exact, whole) in enumerate(zip(table, rounded, strict=True)):
        off = [w - e for e, w in zip(exact, whole, strict=True)]
        for down, up in permutations(range(len(off)), 2):
            if off[down] > 0 > off[up]:
                swaps.setdefault((down, up), r)
    paths: dict[int, list[tuple[int, int, int]]] = {k: [] for k, s in enumerate(surplus) if s > 0}
    queue = deque(paths)
    while queue:
        here = queue.popleft()
        if surplus[here] < 0:
            return paths[here]
        for (down, up), row in swaps.items():
            if down == here and up not in paths:
                paths[up] = [*paths[here], (row, down, up)]
                queue.append(up)
    return None
