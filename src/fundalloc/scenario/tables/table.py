"""The one form of every table of numbers: rows of text in which each cell knows its place, read by the specification of its column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from fundalloc.errors import MANY, Place, Problems, did_you_mean, nearest
from fundalloc.facts.dimensions import Dimensions
from fundalloc.facts.fields import is_year
from fundalloc.money import IntArray, is_date
from fundalloc.scenario.document import Scalar
from fundalloc.scenario.inherited import builds_on_inherited, inherit_text, overwritten
from fundalloc.scenario.validation import refused

HEADING, WHOLE_ROW = -1, -1


@dataclass
class Table:
    """Rows of text with places. `cells[r][c]` is the text of row r in column c."""

    name: str
    columns: list[str]
    cells: list[list[str]]
    where: Callable[[int, int], Place]
    """Place of a cell by row and column; row -1 is the heading."""
    hidden: list[Place] = field(default_factory=list)
    """Where rows and columns begin that are hidden in the worksheet: they are read like all others."""
    formulas: int = 0
    """Cells of the worksheet that are formulas; their stored values are read."""
    commas: frozenset[str] = frozenset()
    """Columns that were written with decimal commas; here they have points."""
    added: int = 0
    """The rows at the end that changes added."""
    replaced: bool = False
    """Whether it stands in place of an inherited table."""
    moved: dict[tuple[int, int], Place] = field(default_factory=dict)
    """Cells (and rows, as column WHOLE_ROW) that were written elsewhere, by `change` or `adjust`."""
    dropped: list[dict[str, str]] = field(default_factory=list)
    """The rows that were switched off."""
    told: list[str] = field(default_factory=list)
    """What was left out, added up or rounded when the table of others was read."""
    figures: Sequence[str] = ()
    """The columns of figures; a control total is of the first."""

    def place(self, row: int, column: int | str) -> Place:
        """Return where a cell was written."""
        if isinstance(column, str):
            column = self.columns.index(column) if column in self.columns else 0
        return self.moved.get((row, column)) or self.moved.get((row, WHOLE_ROW)) or self.where(row, column)

    @property
    def as_written(self) -> list[list[str]]:
        """The cells with their decimal commas, as earlier versions kept them: fingerprints stay what they were."""
        if not self.commas:
            return self.cells
        commas = [name in self.commas for name in self.columns]
        point = re.compile(r"(?<!\.)\.(?!\.)")
        return [[point.sub(",", text) if comma else text for text, comma in zip(row, commas, strict=True)] for row in self.cells]

    def changed(self, row: int, name: str) -> bool:
        """Return whether `change` or `adjust` wrote a cell."""
        return name in self.columns and (row, self.columns.index(name)) in self.moved

    def column(self, name: str) -> list[str]:
        """Return the texts of a column, empty ones where it is missing."""
        index = self.columns.index(name) if name in self.columns else None
        return ["" if index is None else row[index] for row in self.cells]

    def variants(self, name: str) -> list[str]:
        """Return the columns of a name, those of a year or a language included."""
        return [full for full in self.columns if full.partition(".")[0] == name]

    def put(self, row: int, name: str, text: str, place: Place) -> None:
        """Write a cell, adding the column when it is new."""
        if name not in self.columns:
            self.columns.append(name)
            self.moved[HEADING, len(self.columns) - 1] = place
            for cells in self.cells:
                cells.append("")
        index = self.columns.index(name)
        self.cells[row][index] = text
        self.moved[row, index] = place

    def write(self, row: int, name: str, value: Scalar, default: str, problems: Problems) -> None:
        """Write what a change says over a cell, where `default` stands for an empty one; tell what an earlier change loses by it."""
        old = self.column(name)[row]
        text = inherit_text(old or default, value, problems)
        earlier = self.moved.get((row, self.columns.index(name))) if name in self.columns else None
        if earlier and text != old and not builds_on_inherited(value):
            overwritten(f"{name} '{old}'", earlier, value.place, problems)
        self.put(row, name, text, value.place)

    def append(self, place: Place) -> int:
        """Add an empty row and return its number."""
        self.cells.append([""] * len(self.columns))
        self.added += 1
        self.moved[len(self.cells) - 1, WHOLE_ROW] = place
        return len(self.cells) - 1

    def drop(self, rows: set[int]) -> None:
        """Take rows out, and remember what they said."""
        self.dropped += [dict(zip(self.columns, self.cells[r], strict=True)) for r in sorted(rows)]
        kept = [r for r in range(len(self.cells)) if r not in rows]
        position = {r: k for k, r in enumerate(kept)} | {HEADING: HEADING}
        self.moved = {(position[r], c): place for (r, c), place in self.moved.items() if r in position}
        before, self.cells = self.where, [self.cells[r] for r in kept]
        self.where = lambda row, column: before(kept[row] if row >= 0 else row, column)


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a table: how its cells are read, whether every row needs one, and what an empty cell means."""

    read: Callable[[str], Any]
    required: bool = False
    empty: Any = ""
    number: bool = False
    money: bool = False
    """Whether its numbers are EUR million, so that units and rates apply."""
    per: str = ""
    """"year", "language" or "key": the column may be repeated as `name.2024` or `name.bg`."""
    told: bool = False
    """Whether no amount of any plan depends on it."""


def read_columns(table: Table, spec: dict[str, ColumnSpec], problems: Problems) -> dict[str, list[Any]]:
    """Read every column of a table by its specification; problems are added to the list. Missing optional columns are filled."""
    unknown = _unknown_columns(table, spec, problems)
    for name, column in spec.items():
        if column.required and name not in table.columns and table.columns and not nearest(name, unknown):
            problems.add(table.place(HEADING, 0), f"the column '{name}' is missing", f"expected columns: {', '.join(spec)}")
    return {name: _read(table, name, column, problems) for name, column in spec.items()}


def _unknown_columns(table: Table, spec: dict[str, ColumnSpec], problems: Problems) -> list[str]:
    unknown = []
    for k, name in enumerate(table.columns):
        base, _, variant = name.partition(".")
        if not name:
            problems.add(table.place(HEADING, k), "a column without a name", "name it, or delete it")
        elif base not in spec or (variant and not spec[base].per):
            unknown.append(name)
            hint = did_you_mean(base, spec) if len(unknown) < MANY else ""
            problems.add(table.place(HEADING, k), f"unknown column '{name}'", hint)
    return unknown


def read_variants(table: Table, name: str, column: ColumnSpec, problems: Problems) -> list[dict[str, Any]]:
    """Read the columns `name.variant` (a language, a year) as one mapping per row, empty cells left out."""
    out: list[dict[str, Any]] = [{} for _ in table.cells]
    for full in (full for full in table.variants(name) if full != name):
        for row, value in enumerate(_read(table, full, ColumnSpec(column.read, empty=None), problems)):
            if value is not None:
                out[row][full.partition(".")[2]] = value
    return out


def _read(table: Table, name: str, column: ColumnSpec, problems: Problems) -> list[Any]:
    known: dict[str, Any] = {"": column.empty}
    texts = table.column(name)
    for row, text in enumerate(texts):
        if not text and column.required and name in table.columns:
            problems.add(table.place(row, name), f"'{name}' is missing", "fill it in")
        if text not in known:
            try:
                known[text] = column.read(text)
            except PydanticCustomError as error:
                problems.append(refused(error, table.place(row, name)))
    return [known.get(text, column.empty) for text in texts]


@dataclass
class References:
    """Looks up ids in tables; every unknown one is a problem, ids that are switched off drop the row."""

    dimensions: Dimensions
    off: Mapping[str, Iterable[str]]
    """Dimension → ids that are switched off."""
    problems: Problems

    def rows(self, table: Table, columns: dict[str, list[Any]], words: Iterable[str]) -> tuple[list[int], dict[str, IntArray]]:
        """Return the rows whose references hold, and the positions they refer to."""
        kept = []
        found: dict[str, list[int]] = {word: [] for word in words}
        lookup = {word: {member: k for k, member in enumerate(self.dimensions[word].ids)} for word in found}
        for row in range(len(table.cells)):
            position = {word: self._find(table, row, word, columns[word][row], lookup[word]) for word in found}
            known = {word: k for word, k in position.items() if k is not None}
            if len(known) == len(found):
                kept.append(row)
                for word, k in known.items():
                    found[word].append(k)
        return kept, {word: np.array(positions, dtype=np.int64) for word, positions in found.items()}

    def _find(self, table: Table, row: int, word: str, text: str, lookup: Mapping[str, int]) -> int | None:
        if not text or text in self.off.get(word, ()):
            return None
        dimension = self.dimensions[word]
        if text not in lookup:
            if word != "year":
                self.problems.unknown(table.place(row, word), word, text, dimension.ids)
                return None
            message, hint = f"the year '{text}' is outside the period", f"the years are {dimension.ids[0]} to {dimension.ids[-1]}"
            if not is_year(text):
                shown, what = text.removesuffix(" 00:00:00"), "a date, not a year" if is_date(text) else "not a year"
                message, hint = f"'{shown}' is {what}", "write it as 2025"
            self.problems.add(table.place(row, word), message, hint)
            return None
        if text in dimension.groupings:
            hint = "name a partnership within it; a regional programme is a partnership of its own"
            self.problems.add(table.place(row, word), f"'{text}' is a grouping and holds no money or need itself", hint)
            return None
        return lookup[text]
