"""Totals in a table that others laid out, held against the rows that they add up, in exact numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from fundalloc.errors import Problems, counted
from fundalloc.money import NotANumber, parse_figure, plain
from fundalloc.scenario.tables.table import Table


def hold(table: Table, column: int, totals: list[int], within: Fraction, problems: Problems, told: list[str]) -> int:
    """Hold the totals of a column against its rows: those since the total before, those so far, or all. Return how many were equal."""
    amounts = [value_of(cells[column] or "0") for cells in table.cells]
    for k in totals:
        if amounts[k] is None:
            problems.add(table.place(k, column), f"the total '{table.cells[k][column]}' is not a number", "write the sum")
    if None in amounts:
        return 0  # what is no number is said where its column is read
    exact = [amount or Fraction(0) for amount in amounts]
    sums = set(totals)
    so_far = [Fraction(0), *accumulate(Fraction(0) if k in sums else amount for k, amount in enumerate(exact))]
    since = {k: so_far[k] - so_far[start] for k, start in zip(totals, [0, *totals], strict=False)}
    held = [k for k in totals if table.cells[k][column]]
    apart = {k: min((exact[k] - rows for rows in (since[k], so_far[k], so_far[-1])), key=abs) for k in held}
    apart = {k: difference for k, difference in apart.items() if difference}
    most = max(map(abs, apart.values()), default=Fraction(0))
    if most > within:
        k = next(k for k, difference in apart.items() if abs(difference) > within)
        says = _apart(table.cells[k][column], apart[k], since[k], so_far[k])
        says += f"; {counted(len(apart) - 1, 'totals')} more differ" if len(apart) > 1 else ""
        hint = f"correct the figure that is wrong; where rows were rounded: totals: {{like: …, within: {plain(most)}}}"
        problems.add(table.place(k, column), says, hint)
    elif apart:
        told.append(f"{counted(len(apart), 'totals')} in '{table.columns[column]}' differ from their rows, by at most {plain(most)}")
    return len(held) - len(apart)


def _apart(total: str, difference: Fraction, since: Fraction, so_far: Fraction) -> str:
    says = f"the total {total} is {plain(abs(difference))} {'more' if difference > 0 else 'less'} than its rows: "
    return f"{says}those since the total before add up to {plain(since)}, all above it to {plain(so_far)}"


def value_of(text: str) -> Fraction | None:
    """Return the number that a cell says, or None."""
    try:
        return parse_figure(text).value
    except NotANumber:
        return None
