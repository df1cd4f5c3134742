"""Columns: how the text cells of a table become values; all problems of a table are collected.

In a file with `;` amounts may have decimal commas, but then all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from fundalloc.errors import Problems, did_you_mean, nearest
from fundalloc.scenario.sections import refused
from fundalloc.scenario.tables.table import HEADING, Table


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a table: how its cells are read, whether every row needs one, and what an empty cell means."""

    read: Callable[[str], Any]
    required: bool = False
    empty: Any = ""
    number: bool = False
    per: str = ""
    """"year" or "language": the column may be repeated as `name.2024` or `name.bg`."""
    told: bool = False
    """Whether no amount of any plan depends on it."""


def read_columns(table: Table, spec: dict[str, ColumnSpec], problems: Problems) -> dict[str, list[Any]]:
    """Read every column of a table by its specification; problems are added to the list. Missing optional columns are filled."""
    unknown = _unknown_columns(table, spec, problems)
    for name, column in spec.items():
        if column.required and name not in table.columns and table.columns and not nearest(name, unknown):
            problems.add(table.place(HEADING, 0), f"the column '{name}' is missing", f"expected columns: {', '.join(spec)}")
    numbers = {name for name, column in spec.items() if column.number}
    _mixed_decimals(table, [name for name in table.columns if name.partition(".")[0] in numbers], problems)
    return {name: _read(table, name, column, problems) for name, column in spec.items()}


def _unknown_columns(table: Table, spec: dict[str, ColumnSpec], problems: Problems) -> list[str]:
    unknown = []
    for k, name in enumerate(table.columns):
        base, _, variant = name.partition(".")
        if not name:
            problems.add(table.place(HEADING, k), "a column without a name", "name it, or delete it")
        elif base not in spec or (variant and not spec[base].per):
            unknown.append(name)
            problems.add(table.place(HEADING, k), f"unknown column '{name}'", did_you_mean(base, spec))
    return unknown


def read_variants(table: Table, name: str, column: ColumnSpec, problems: Problems) -> list[dict[str, Any]]:
    """Read the columns `name.variant` (a language, a year) as one mapping per row, empty cells left out."""
    out: list[dict[str, Any]] = [{} for _ in table.cells]
    for full in table.columns:
        base, dot, variant = full.partition(".")
        if base == name and dot:
            for row, value in enumerate(_read(table, full, ColumnSpec(column.read, number=column.number, empty=None), problems)):
                if value is not None:
                    out[row][variant] = value
    return out


def _read(table: Table, name: str, column: ColumnSpec, problems: Problems) -> list[Any]:
    cache: dict[str, Any] = {}
    out: list[Any] = []
    present = name in table.columns
    for row, text in enumerate(table.column(name)):
        if not text:
            if column.required and present:
                problems.add(table.place(row, name), f"'{name}' is missing", "fill it in (a formula must have been saved with its value)")
            out.append(column.empty)
            continue
        if text not in cache:
            try:
                cache[text] = column.read(decimal_point(text) if table.semicolons and column.number else text)
            except PydanticCustomError as error:
                problems.append(refused(error, table.place(row, name)))
                out.append(column.empty)
                continue
        out.append(cache[text])
    return out


def decimal_point(text: str) -> str:
    """Turn a decimal comma into a point, in each part of a range; anything else stays as it is."""
    if ".." in text:
        return "..".join(map(decimal_point, text.split("..")))
    return text.replace(",", ".") if re.fullmatch(r"[^,.]*,[^,.]*", text) else text


def _mixed_decimals(table: Table, names: Iterable[str], problems: Problems) -> None:
    if not table.semicolons:
        return
    commas, points = [], []
    for name in names:
        for row, text in enumerate(table.column(name)):
            text = text.replace("..", " ")
            if "," in text:
                commas.append((row, name))
            elif "." in text:
                points.append((row, name))
    if commas and points:
        minority = min(commas, points, key=len)[0]
        problems.add(table.place(*minority), "decimal commas and decimal points in one file", "use one of them throughout")
