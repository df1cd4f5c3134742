"""Fractions → whole numbers in a table whose rows and columns still add up (controlled rounding).

Every cell becomes its floor or its ceiling, so an exact zero stays zero; every row keeps its whole sum; and wherever the
cells allow it, every column adds up to its exact sum rounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from math import floor

Row = Sequence[Fraction]


def apportion(parts: Row, whole: int | None = None) -> list[int]:
    """Round parts to whole numbers that add up to `whole` (by default their sum, which must be whole then).

    Largest remainders go up; ties to the part that is larger, then to the one that comes first.
    """
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
        above = [k for k, (e, w) in enumerate(zip(exact, whole, strict=True)) if w > e]
        below = [k for k, (e, w) in enumerate(zip(exact, whole, strict=True)) if w < e]
        for down in above:
            for up in below:
                swaps.setdefault((down, up), r)
    reached: dict[int, tuple[int, int] | None] = {k: None for k, s in enumerate(surplus) if s > 0}
    queue = deque(reached)
    while queue:
        here = queue.popleft()
        if surplus[here] < 0:
            return _back(here, reached)
        for (down, up), row in swaps.items():
            if down == here and up not in reached:
                reached[up] = (row, down)
                queue.append(up)
    return None


def _back(end: int, reached: dict[int, tuple[int, int] | None]) -> list[tuple[int, int, int]]:
    path = []
    while (step := reached[end]) is not None:
        row, before = step
        path.append((row, before, end))
        end = before
    return path
