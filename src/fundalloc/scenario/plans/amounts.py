"""Plans read back: amounts per allocation line from our JSON, CSV or workbook, exact, for a baseline or a hand-made plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from fundalloc.doors.text import display_name
from fundalloc.errors import Place, Problems
from fundalloc.facts.dimensions import NAMES, Dimensions, Line
from fundalloc.facts.fields import read_id, refuse
from fundalloc.facts.lines import Lines
from fundalloc.money import DECIMALS, LARGEST, NotANumber, parse_figure
from fundalloc.scenario.plans.files import read_plan_file, said
from fundalloc.scenario.tables.table import ColumnSpec, References, Table, read_columns

LineKey = Line


def read_money(text: str) -> Fraction:
    """Read EUR million exactly; a negative amount is a number too (whoever uses the plan refuses it)."""
    try:
        figure = parse_figure(text)
    except NotANumber as error:
        raise refuse(str(error), error.hint) from None
    if figure.percent or abs(figure.value) > LARGEST or (figure.value * 10**DECIMALS).denominator != 1:
        raise refuse(f"'{text}' is not an amount in EUR million", f"write it without percent sign and with at most {DECIMALS} decimals")
    return figure.value


_ID, _AMOUNT = ColumnSpec(read_id, required=True), ColumnSpec(read_money, required=True, number=True, empty=Fraction(0))
_LINES = {**dict.fromkeys(NAMES[:3], _ID), "year": ColumnSpec(str, required=True), "amount": _AMOUNT}
_MOVES = {"key": ColumnSpec(str, required=True), "amount": _AMOUNT}


@dataclass(frozen=True)
class PlanAmounts:
    """The amounts of a plan, EUR million per line; lines that it does not name hold nothing."""

    file: str
    amounts: Mapping[LineKey, Fraction]
    unknown: Mapping[LineKey, Fraction]
    """Amounts whose ids the scenario does not have; always empty when the plan was read strictly."""
    moves: Mapping[str, Fraction] | None
    """Carried and transferred amounts by key; None when the file says nothing about them."""
    stated: Mapping[str, Any]
    """Whatever else the file says, in the words of our JSON: scenario, score, rules …"""
    table: Table
    rows: Mapping[LineKey, int]

    def said(self, key: str) -> str:
        """Return what the file says of the scenario that the plan was made from: its digest, id, file or as_of; empty if nothing."""
        return said(self.stated, key)

    def place(self, key: LineKey, column: str = "amount") -> Place:
        """Return where the amount of a line was written."""
        return self.table.place(self.rows[key], column)

    def by_line(self, lines: Lines) -> tuple[list[Fraction], dict[LineKey, Fraction]]:
        """Return the amount of every line in order, and the money that stands where the scenario has no line."""
        known = dict.fromkeys(lines.ids)
        stray = {key: amount for key, amount in self.amounts.items() if key not in known and amount != 0}
        return [self.amounts.get(key, Fraction(0)) for key in lines.ids], {**self.unknown, **stray}


def read_plan(path: str | Path, dimensions: Dimensions, *, strict: bool = True) -> PlanAmounts:
    """Read a plan; ids that the scenario does not have are problems when `strict`, else their money is `unknown`. Raises ScenarioError."""
    file = read_plan_file(Path(path))
    problems = Problems()
    columns = read_columns(file.lines, _LINES, problems)
    misnamed = Problems()
    within, written = file.within, list(zip(*(columns[name] for name in NAMES), strict=True))
    columns["area"] = [dimensions.area.here(area, within) for area in columns["area"]]
    kept, _ = References(dimensions, {}, misnamed).rows(file.lines, columns, NAMES)
    keys: list[LineKey] = list(zip(*(columns[name] for name in NAMES), strict=True))
    rows = _first_rows(file.lines, written, problems)
    rows = {key: rows[first] for key, first in zip(keys[::-1], written[::-1], strict=True)}
    problems += misnamed if strict else []
    moved = None if file.moves is None else read_columns(file.moves, _MOVES, problems)
    moves = None if moved is None else dict(zip(moved["key"], moved["amount"], strict=True))
    problems.tell()
    amounts = dimensions.known(dict(zip(written, columns["amount"], strict=True)), within)
    known = {keys[row] for row in kept}
    named = {key: amount for key, amount in amounts.items() if key in known}
    unknown = {key: amount for key, amount in amounts.items() if key not in known and amount != 0}
    return PlanAmounts(display_name(Path(path)), named, unknown, moves, file.stated, file.lines, rows)


def _first_rows(table: Table, keys: list[LineKey], problems: Problems) -> dict[LineKey, int]:
    rows: dict[LineKey, int] = {}
    for row, key in enumerate(keys):
        if key in rows and all(key):
            first = table.place(rows[key], 0)
            problems.add(table.place(row, 0), f"'{'|'.join(key)}' stands twice; first at {first}", "keep one of the two")
        rows.setdefault(key, row)
    return rows


def stated_baseline(stated: Mapping[str, Any]) -> dict[LineKey, Fraction] | None:
    """Return the baseline plan that a result carries; None when it carries none, or nothing that can be read as one."""
    rows = stated.get("baseline")
    if not isinstance(rows, list) or not rows:
        return None
    out: dict[LineKey, Fraction] = {}
    try:
        for row in rows:
            i, p, a, t = row["key"].split("|")
            out[i, p, a, t] = read_money(str(row["amount"]))
    except (AttributeError, LookupError, TypeError, ValueError, PydanticCustomError):
        return None
    return out
