"""The five tables of a scenario: which columns each has, how its cells are read, and which keys tell its rows apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from fundalloc.errors import Problems, did_you_mean
from fundalloc.facts.fields import read_amount, read_coefficient, read_factor, read_id, read_iso3, read_tags, read_years, refuse
from fundalloc.money import plain
from fundalloc.scenario.document import ListNode, Tree
from fundalloc.scenario.tables.reading import read_table
from fundalloc.scenario.tables.table import ColumnSpec, Table, read_columns

STATES = ("committed", "locked", "given")
LEVELS = ("bilateral", "regional", "global")


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        raise refuse(f"'{text}' is not allowed here", did_you_mean(text, words))

    return read


ID = ColumnSpec(read_id, required=True)
TEXTS = ColumnSpec(str, per="language", told=True)
ORIGIN = {"source": ColumnSpec(str, told=True), "confidence": ColumnSpec(str, told=True)}
SPECS: dict[str, dict[str, ColumnSpec]] = {
    "partnerships": {
        "id": ID,
        "name": replace(TEXTS, required=True),
        "short": TEXTS,
        "footnote": TEXTS,
        "level": ColumnSpec(_one_of(*LEVELS)),
        "within": ColumnSpec(str),
        "iso3": ColumnSpec(read_iso3, told=True),
        "absorption": ColumnSpec(read_amount, number=True, empty=None, per="year"),
        "tags": ColumnSpec(lambda text: read_tags(text.split()), empty=()),
        "status": ColumnSpec(str),
        "years": ColumnSpec(read_years, empty=None),
        **ORIGIN,
    },
    "needs": {
        "partnership": ID,
        "area": ID,
        "need": ColumnSpec(read_amount, required=True, number=True, empty=Fraction(0)),
        "priority": ColumnSpec(read_factor, number=True, empty=Fraction(1)),
        **ORIGIN,
    },
    "eligibility": {
        "instrument": ID,
        "area": ID,
        "effectiveness": ColumnSpec(read_factor, number=True, empty=Fraction(1)),
        "reason": TEXTS,
        **ORIGIN,
    },
    "markers": {
        "marker": ID,
        "area": ID,
        "instrument": ColumnSpec(read_id),
        "coefficient": ColumnSpec(read_coefficient, required=True, number=True, empty=Fraction(0)),
        **ORIGIN,
    },
    "decided": {
        "instrument": ID,
        "partnership": ID,
        "area": ID,
        "year": ColumnSpec(str, required=True),
        "amount": ColumnSpec(read_amount, required=True, number=True, empty=Fraction(0)),
        "state": ColumnSpec(_one_of(*STATES), required=True, empty="given"),
        "decision": TEXTS,
        **ORIGIN,
    },
}
KEYS = {
    "partnerships": ("id",),
    "needs": ("partnership", "area"),
    "eligibility": ("instrument", "area"),
    "markers": ("marker", "area"),
    "decided": ("instrument", "partnership", "area", "year"),
}
"""The columns by which a change finds its rows."""
UNIQUE = {**{name: KEYS[name] for name in ("partnerships", "needs", "eligibility")}, "markers": (*KEYS["markers"], "instrument")}
"""The columns whose cells together no two rows may share; one line may have several decisions."""
DEFAULTS = {
    table: {name: plain(column.empty) for name, column in columns.items() if isinstance(column.empty, Fraction) and not column.required}
    for table, columns in SPECS.items()
}
"""What an empty cell means, where `inherited` can build on it."""


def read_tables(tree: Tree, folder: Path, allowed: Callable[[Path], bool], problems: Problems) -> dict[str, Table]:
    """Read the five tables as text with places; a missing or unreadable one is empty."""
    out = {}
    for name in SPECS:
        nothing = ListNode([], tree.place)
        out[name] = read_table(nothing, (), folder, allowed)
        with problems.noted():
            out[name] = read_table(tree.get(name) or nothing, KEYS[name], folder, allowed, DEFAULTS[name])
    return out


def read_rows(name: str, table: Table, problems: Problems) -> dict[str, list[Any]]:
    """Read every column of one of the five tables, and report rows whose keys stand twice."""
    columns = read_columns(table, SPECS[name], problems)
    if name in UNIQUE:
        _report_duplicates(table, UNIQUE[name], problems)
    return columns


def _report_duplicates(table: Table, keys: tuple[str, ...], problems: Problems) -> None:
    seen: dict[tuple[str, ...], int] = {}
    columns = [table.column(key) for key in keys]
    for row in range(len(table.cells)):
        key = tuple(c[row] for c in columns)
        if key in seen:
            first = table.place(seen[key], 0)
            message = f"'{' | '.join(filter(None, key))}' stands twice; first at {first}"
            problems.add(table.place(row, keys[0]), message, "keep one of the two")
        seen.setdefault(key, row)
