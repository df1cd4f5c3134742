"""What a table comes to: control totals that a planner states beside it (`expect`), and the passport that says what was read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from fundalloc.errors import Problems, did_you_mean
from fundalloc.money import NotANumber, parse_figure, parse_spread, plain
from fundalloc.scenario.document import Node, Scalar, Tree
from fundalloc.scenario.tables.table import HEADING, WHOLE_ROW, Table


def check_control(table: Table, control: Node, figures: Sequence[str], without: Collection[int], problems: Problems) -> None:
    """Hold a table against `{rows: 9, sum: 100.5}`; a sum is of the first of the figures, or of what it names. Rows `without` are off."""
    if not isinstance(control, Tree) or not control.items or control.items.keys() - {"rows", "sum"}:
        problems.add(control.place, "a control total has other keys", "write expect: {rows: 9, sum: 100.5}, or sum: {need: 100.5}")
        return
    stated = control.get("sum")
    columns = stated.items if isinstance(stated, Tree) else {} if stated is None else {"".join(figures[:1]): stated}
    rows = [row for row in range(len(table.cells)) if row not in without]
    if (count := control.get("rows")) is not None:
        _compare("rows", Fraction(len(rows)), count, problems)
    for name, total in columns.items():
        if name not in table.columns:
            problems.add(total.place, f"no column '{name}' to add up", did_you_mean(name, table.columns))
        elif (found := added_up(table, name, rows)) is None:
            problems.add(total.place, f"'{name}' cannot be added up: not all of it are figures", "name a column of figures")
        else:
            _compare(f"the sum of '{name}'", found, total, problems)


def _compare(what: str, found: Fraction, stated: Node, problems: Problems) -> None:
    try:
        expected = parse_figure(stated.text if isinstance(stated, Scalar) else "").value
    except NotANumber as error:
        problems.add(stated.place, str(error), error.hint)
        return
    if found != expected:
        difference = f"{plain(abs(found - expected))} {'more' if found > expected else 'less'}"
        message = f"control total of {what}: found {plain(found)}, expected {plain(expected)}, {difference}"
        problems.add(stated.place, message, "correct the table, or what is expected of it; it counts what `change` says here and before")


def added_up(table: Table, name: str, rows: Iterable[int]) -> Fraction | None:
    """Return the exact sum of a column, of ranges the most likely figure; None where a cell is no figure."""
    texts, whole = table.column(name), Fraction(0)
    try:
        for text in (texts[row] for row in rows if texts[row]):
            spread = parse_spread(text)
            whole += parse_figure(text).value if spread is None else spread.likely
    except NotANumber:
        return None
    return whole


def passports(tables: Mapping[str, Table]) -> dict[str, dict[str, Any]]:
    """Return what was read of every table: where it stands, what it holds and comes to, and what changes made of it."""
    return {name: _passport(table) for name, table in tables.items() if table.cells or table.dropped}


def _passport(table: Table) -> dict[str, Any]:
    last = len(table.cells) - table.added - 1, len(table.columns) - 1
    corners = [table.where(*corner) for corner in ((HEADING, 0), last) if table.cells and table.columns]
    places = filter(None, (place.cell or str(place.line or "") for place in corners))
    numbers = [name for name in table.columns if name.partition(".")[0] in table.figures]
    sums = {name: total for name in numbers if (total := added_up(table, name, range(len(table.cells)))) is not None}
    new = {row for row, column in table.moved if column == WHOLE_ROW}
    return {
        "file": PurePath(table.name).name,
        "range": ":".join(dict.fromkeys(places)),
        "rows": len(table.cells),
        "columns": [*filter(None, table.columns)],
        "sums": {name: plain(total) for name, total in sums.items()},
        "added": table.added,
        "changed": len({row for row, _ in table.moved} - {HEADING} - new),
        "switched_off": len(table.dropped),
        "replaced": table.replaced,
        "formulas": table.formulas,
        "hidden": len(table.hidden),
    }
