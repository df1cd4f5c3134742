"""Totals in a table that others laid out, held against the rows that they add up, in exact numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from fundalloc.errors import Problems, counted
from fundalloc.money import NotANumber, parse_figure, plain
from fundalloc.scenario.tables.table import Table


def hold(table: Table, column: int, totals: list[int], within: Fraction, problems: Problems, told: list[str]) -> int:
    """Hold the totals of a column against its rows: those since the total before, those so far, or all. Return how many were equal."""
    exact = _amounts(table, column, totals, problems)
    if exact is None:
        return 0
    held = {k: sums for k, sums in _sums(exact, totals).items() if table.cells[k][column]}
    nearest = {k: min((exact[k] - rows for rows in sums), key=abs) for k, sums in held.items()}
    apart = {k: difference for k, difference in nearest.items() if difference}
    most = max(map(abs, apart.values()), default=Fraction(0))
    if most > within:
        k = next(k for k, difference in apart.items() if abs(difference) > within)
        says = _apart(table.cells[k][column], apart[k], *held[k][:2])
        says += f"; {counted(len(apart) - 1, 'totals')} more differ" if len(apart) > 1 else ""
        hint = f"correct the figure that is wrong; where rows were rounded: totals: {{like: …, within: {plain(most)}}}"
        problems.add(table.place(k, column), says, hint)
    elif apart:
        told.append(f"{counted(len(apart), 'totals')} in '{table.columns[column]}' differ from their rows, by at most {plain(most)}")
    return len(held) - len(apart)


def _amounts(table: Table, column: int, totals: list[int], problems: Problems) -> list[Fraction] | None:
    """Return the numbers of a column; None where a cell is none, which is said where its column is read, and here of a total."""
    amounts = [value_of(cells[column] or "0") for cells in table.cells]
    for k in (k for k in totals if amounts[k] is None):
        problems.add(table.place(k, column), f"the total '{table.cells[k][column]}' is not a number", "write the sum")
    exact = [amount for amount in amounts if amount is not None]
    return exact if len(exact) == len(amounts) else None


def _sums(amounts: list[Fraction], totals: list[int]) -> dict[int, tuple[Fraction, Fraction, Fraction]]:
    """Return, for the row of each total, what the rows since the one before, those so far, and all of them add up to."""
    sums = set(totals)
    so_far = [Fraction(0), *accumulate(Fraction(0) if k in sums else amount for k, amount in enumerate(amounts))]
    return {k: (so_far[k] - so_far[start], so_far[k], so_far[-1]) for k, start in zip(totals, [0, *totals], strict=False)}


def _apart(total: str, difference: Fraction, since: Fraction, so_far: Fraction) -> str:
    says = f"the total {total} is {plain(abs(difference))} {'more' if difference > 0 else 'less'} than its rows: "
    return f"{says}those since the total before add up to {plain(since)}, all above it to {plain(so_far)}"


def value_of(text: str) -> Fraction | None:
    """Return the number that a cell says, or None."""
    try:
        return parse_figure(text).value
    except NotANumber:
        return None
