"""What is not as it was written: a workbook compared, cell by cell, with the one that its own scenario and record give.

Wrong are values, formulas and texts that say something else. Sheets and rows that stand elsewhere, another name of a sheet, and what was
added beside ours change no meaning: they are named, not blamed. Adjustments and comments are what the workbook is for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from fundalloc.back import pairing
from fundalloc.back.circulated import Circulated
from fundalloc.back.own_rules import COLUMNS as OWN_RULES
from fundalloc.doors.reading import read_bytes
from fundalloc.errors import ScenarioError, and_more
from fundalloc.export.on_request import unpack
from fundalloc.export.workbook import workbook_bytes
from fundalloc.plan.plan import Plan
from fundalloc.scenario.workbooks.cells import BookFile, Grid, grid_on, in_languages
from fundalloc.scenario.workbooks.embedded import CHANGED
from fundalloc.scenario.workbooks.sheet import NOTHING, Cell

MOST = 20
"""Differences that are named per sheet."""
OWN = ("adjustment", "comment_input", "author_input")
"""Columns of the first two sheets that belong to staff."""


class _Known(NamedTuple):
    """A sheet whose rows or columns are known by more than their places."""

    ids: tuple[str, ...] = ()
    """The columns that tell its rows apart."""
    own: tuple[str, ...] = ()
    """Those that are there to be typed into."""
    figures: tuple[str, ...] = ()
    sorted: bool = False
    """Whether staff may sort its rows without a word."""


_NOBODY: tuple[pairing.Names, pairing.Names] = ({}, {})
KNOWN = {
    "allocation": _Known(("line_key",), OWN, ("optimised",), True),
    "rules": _Known(("rule", "member", "side"), OWN, ("limit_input",), True),
    "own_rules": _Known(own=(*OWN_RULES, "author_input")),
    "needs": _Known(("partnership_id", "area_id")),
    "instruments": _Known(("instrument_id",)),
}


class Difference(NamedTuple):
    """What is not as it was written."""

    sheet: str
    cell: str
    """Where it is typed, as `Needs!C7`; empty for what has no cell."""
    says: str

    def __str__(self) -> str:
        return f"{self.cell}: {self.says}" if self.cell else self.says


@dataclass
class BookComparison:
    """What was found."""

    wrong: list[Difference] = field(default_factory=list)
    typed: list[Difference] = field(default_factory=list)
    """Cells of staff's own columns that hold something."""
    harmless: list[Difference] = field(default_factory=list)
    """What stands elsewhere, or was added, and changes no meaning."""
    added: int = 0
    """Cells and rows where nothing was written, among what is harmless."""
    identical: bool = False
    """Whether the file is as written, byte for byte."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, without what is wrong."""
        return {"adjusted": len(self.typed), "added": self.added, "harmless": told(self.harmless), "identical": self.identical}


def told(differences: Sequence[Difference]) -> list[str]:
    """Return the first differences of every sheet, and how many more there are."""
    out = []
    for sheet in dict.fromkeys(found.sheet for found in differences):
        listed = [str(found) for found in differences if found.sheet == sheet]
        out += [*listed[:MOST], *(f"{sheet}: {more}" for more in and_more(listed, MOST, " cells of this sheet"))]
    return out


def compare_with_original(circulated: Circulated, plan: Plan) -> BookComparison:
    """Write the workbook anew, with the sheets that were asked for, and compare.

    Raises ScenarioError when a sheet of the file, or what was asked for, cannot be read.
    """
    book = circulated.book
    try:
        asked = unpack(circulated.record.other.get("asked", {}))
    except ValueError:
        raise ScenarioError.of(circulated.place, "the record of the run does not hold the tables asked for", CHANGED) from None
    original = workbook_bytes(plan, circulated.language, asked=asked)
    if read_bytes(book.path, len(original)) == original:
        return BookComparison(identical=True)
    with TemporaryDirectory(prefix="fundalloc-") as folder:
        path = Path(folder) / "original.xlsx"
        path.write_bytes(original)
        return _Comparer(book, BookFile(path)).run()


@dataclass
class _Comparer:
    found: BookFile
    expected: BookFile
    result: BookComparison = field(default_factory=BookComparison)

    @cached_property
    def titles(self) -> dict[str, str | None]:
        """Sheet of ours → its name in the file; without the files of the scenario, each of which has a fingerprint."""
        skipped = set(in_languages("sheet.scenario_files.name").values())
        return {ours: theirs for ours, theirs in pairing.sheets(self.expected, self.found).items() if ours not in skipped}

    def run(self) -> BookComparison:
        self._compare_titles()
        sheets = {theirs: list(self._pairs(ours, theirs)) for ours, theirs in self.titles.items() if theirs is not None}
        for live in (False, True):  # stored values must be as written only where nothing that they follow was changed
            if not (live and (self.result.typed or self.result.wrong)):
                self.result.wrong += [found for title, pairs in sheets.items() for found in self._differences(pairs, title, live)]
        return self.result

    def _compare_titles(self) -> None:
        """Note sheets that are gone, and those that have another name or place, or are not ours."""
        there = [theirs for theirs in self.titles.values() if theirs is not None]
        for ours, theirs in self.titles.items():
            if theirs is None:
                self.result.wrong.append(Difference(ours, "", f"sheet '{ours}' is missing"))
            elif theirs != ours:
                self.result.harmless.append(Difference(theirs, "", f"sheet '{ours}' is now called '{theirs}'"))
        for title in self.found.titles:
            if title not in there and title not in self.expected.titles:
                self.result.harmless.append(Difference(title, f"{title}!A1", f"sheet '{title}' was added"))
        if [title for title in self.found.titles if title in there] != there:
            self.result.harmless.append(Difference("", "", "the sheets stand in another order"))

    def _pairs(self, wanted: str, title: str) -> Iterator[_Pair]:
        """Pair the cells of a sheet: rows by their ids, else by what they say; columns by their headings where rows have ids."""
        table, cells, arranged, names = self._table(wanted, title), self.expected.rows(wanted), self.found.rows(title), _NOBODY
        if table is not None:
            self.result.wrong += table.gone()
            arranged = [table.arranged(row, number) for number, row in enumerate(arranged)]
            names = table.named(table.ours), table.named(table.theirs)
        pairs = list(pairing.rows(cells, arranged, names))
        if not (table is not None and table.known.sorted) and not pairing.in_order(pairs):
            self.result.harmless.append(Difference(title, "", f"{title}: the rows stand in another order"))
        for row, there in pairs:
            if there is None:
                self._missing(title, cells, row or 0, table)
            elif row is None and table is not None and (name := table.name(table.theirs, there)):
                self._added(Difference(title, table.theirs.place(there, table.known.ids[0]).cell, f"a row was added: {name}"))
            else:
                yield from self._row(row, there, () if row is None else cells[row], arranged[there], table)

    def _row(self, row: int | None, there: int, line: pairing.Cells, found: pairing.Cells, table: _Table | None) -> Iterator[_Pair]:
        """Pair the cells of a row but those that are there to be typed into, which are counted."""
        for k in range(max(len(line), len(found))):
            column, key, typed = (k, "", False) if table is None else table.place(k, there, row)
            expected, other = _at(line, k), _at(found, k)
            if typed and not (other.empty or other.number == 0 or _same(expected, other)):
                place = self.found.place(table.theirs.title if table else "", there, column)
                self.result.typed.append(Difference(table.theirs.title if table else "", place.cell, f"typed: {_shown(other)}"))
            elif not typed and column >= 0:
                yield _Pair(there, column, expected, other, key, row)

    def _table(self, wanted: str, title: str) -> _Table | None:
        """Return the table of a sheet that is known by more than its places; None for others, and where its headings are gone."""
        known = next((known for key, known in KNOWN.items() if wanted in in_languages(f"sheet.{key}.name").values()), None)
        if known is None:
            return None
        needed, others = known.ids or known.own, (*known.own, *known.figures)
        try:
            ours, theirs = grid_on(self.expected, wanted, needed, others), grid_on(self.found, title, needed, others)
        except ScenarioError as error:
            self.result.wrong += [Difference(title, p.place.cell, p.message) for p in error.problems]
            return None
        return None if ours is None or theirs is None else _Table(known, ours, theirs)

    def _missing(self, title: str, cells: Sequence[pairing.Cells], row: int, table: _Table | None) -> None:
        """Note a row that is gone, unless it was prepared for what readers type."""
        if table is None or table.known.ids or row <= table.ours.heading:
            name = "" if table is None else table.name(table.ours, row)
            says = f"{title}: the row {name or repr(_first(cells[row]))} is missing"
            self.result.wrong.append(Difference(title, "", says))

    def _added(self, found: Difference) -> None:
        self.result.harmless.append(found)
        self.result.added += 1

    def _differences(self, pairs: Iterable[_Pair], title: str, live: bool) -> Iterator[Difference]:
        """Name what is written otherwise, and what was added; when `live`, stored values of formulas that are not as written."""
        for pair in pairs:
            place = self.found.place(title, pair.there, pair.column).cell
            if pair.expected.empty and not pair.found.empty and not live:
                self._added(Difference(title, place, f"added: {_shown(pair.found)}"))
            elif not pair.expected.empty and (says := _stored(pair) if live else _difference(pair)):
                yield Difference(title, place, says)


def _difference(pair: _Pair) -> str:
    """Say how a cell differs, but for the stored value of a formula; nothing when it does not."""
    expected, found = pair.expected, pair.found
    if expected.formula is None:
        what = {"optimised": "the optimised amount was changed: ", "limit_input": "the limit was changed: "}.get(pair.key, "")
        return "" if _same(expected, found) else f"{what}found {_shown(found)}, expected {_shown(expected)}"
    if found.formula is None:
        return f"the formula was replaced: found {_shown(found)}, expected {expected.formula}"
    theirs = pairing.plain_formula(found.formula, pair.there)
    same = theirs == pairing.plain_formula(expected.formula, pair.there if pair.row is None else pair.row)
    return "" if same else f"the formula was changed: found {found.formula}, expected {expected.formula}"


def _stored(pair: _Pair) -> str:
    expected, found = pair.expected, pair.found
    same = expected.formula is None or found.value is None or _same_value(expected, found)
    return "" if same else f"the stored value was changed: found {found.text}, expected {expected.text}"


def _headings(grid: Grid) -> list[str]:
    return [cell.text for cell in grid.book.rows(grid.title)[grid.heading]]


def _at(cells: pairing.Cells, place: int) -> Cell:
    return cells[place] if 0 <= place < len(cells) else NOTHING


@dataclass(frozen=True)
class _Table:
    """The table of a sheet that is known by more than its places, as we wrote it and as it stands in the file."""

    known: _Known
    ours: Grid
    theirs: Grid

    @cached_property
    def order(self) -> list[int]:
        """Where our columns stand in the file, those under another heading where they stood, -1 for none; then those that are not ours."""
        headings, texts = _headings(self.ours), _headings(self.theirs)
        renamed = {k for k, text in enumerate(texts) if text not in headings}
        at = [texts.index(text) if text in texts else k if k in renamed else -1 for k, text in enumerate(headings)]
        most = max(map(len, self.theirs.book.rows(self.theirs.title)))
        return [*at, *(k for k in range(most) if k not in at)] if self.known.ids else list(range(most))

    @cached_property
    def keys(self) -> dict[int, str]:
        """Our column → its key."""
        return {column: key for key, column in self.ours.columns.items()}

    def gone(self) -> Iterator[Difference]:
        """Name the columns of which the heading is gone."""
        cell, texts = self.theirs.heading_place("").cell, set(_headings(self.theirs))
        lost = [text for text in _headings(self.ours) if text not in texts] if self.known.ids else []
        yield from (Difference(self.theirs.title, cell, f"no column '{text}'") for text in lost)

    def arranged(self, row: pairing.Cells, number: int) -> pairing.Cells:
        """Return a row of the file in the order of our columns."""
        return row if number < self.theirs.heading else [_at(row, place) for place in self.order]

    def place(self, k: int, there: int, row: int | None) -> tuple[int, str, bool]:
        """Return where one of our columns stands in a row of the file (-1: nowhere), its key, and whether that cell is to be typed into."""
        below, key = there - self.theirs.heading, self.keys.get(k, "")
        compared = below or not self.known.ids or k >= len(_headings(self.ours))  # else `gone` has named it
        column = k if below < 0 else self.order[k] if k < len(self.order) and compared else -1
        return column, key, below > 0 and key in self.known.own and (row is not None or not self.known.ids)

    def named(self, grid: Grid) -> dict[int, tuple[str, ...]]:
        """Return the rows of one of the two that have ids, with them."""
        return {row: ids for row in grid.body if any(ids := tuple(grid.cell(row, key).text for key in self.known.ids))}

    def name(self, grid: Grid, row: int) -> str:
        """Return the ids of a row, if it has any."""
        return " ".join(filter(None, (grid.cell(row, key).text for key in self.known.ids if row in grid.body)))


@dataclass(frozen=True)
class _Pair:
    there: int
    column: int
    """Where the cell stands in the file, from 0."""
    expected: Cell
    found: Cell
    key: str = ""
    row: int | None = None
    """The row in which we wrote it."""


def _first(cells: Iterable[Cell]) -> str:
    return next((cell.text for cell in cells if cell.text), "")


def _same(expected: Cell, found: Cell) -> bool:
    return found.formula is None and _same_value(expected, found)


def _same_value(expected: Cell, found: Cell) -> bool:
    if (expected.number is None) != (found.number is None):
        return False
    if expected.number is not None and found.number is not None:
        return math.isclose(expected.number, found.number, rel_tol=1e-9, abs_tol=1e-9)
    return expected.text.replace("\r\n", "\n") == found.text.replace("\r\n", "\n")


def _shown(cell: Cell) -> str:
    if cell.empty:
        return "nothing"
    return cell.formula or (cell.text if cell.number is not None else f"'{cell.text}'")
