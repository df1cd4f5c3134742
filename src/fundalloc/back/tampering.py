"""What is not as it was written: a workbook compared, cell by cell, with the one that its own scenario and record give.

Wrong are values, formulas and texts that say something else. Sheets and rows that stand elsewhere, another name of a sheet, and what was
added beside ours change no meaning: they are named, not blamed. Adjustments and comments are what the workbook is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from fundalloc.back import pairing
from fundalloc.back.circulated import Circulated
from fundalloc.back.own_rules import COLUMNS as OWN_RULES
from fundalloc.back.pairing import same, same_value, shown
from fundalloc.doors.reading import read_bytes
from fundalloc.errors import ScenarioError, and_more
from fundalloc.export.on_request import unpack
from fundalloc.export.workbook import workbook_bytes
from fundalloc.labels import spellings
from fundalloc.plan.plan import Plan
from fundalloc.scenario.workbooks.cells import BookFile, Grid, grid_on
from fundalloc.scenario.workbooks.embedded import CHANGED
from fundalloc.scenario.workbooks.seal import CHOICE
from fundalloc.scenario.workbooks.sheet import NOTHING, Cell

MOST = 20
"""Differences that are named per sheet."""
OWN = ("adjustment", "comment_input", "author_input")
KNOWN = {  # sheet: the columns that tell its rows apart, those to be typed into
    "allocation": (("line_key",), OWN),
    "rules": (("rule", "member", "side"), OWN),
    "own_rules": ((), (*OWN_RULES, "author_input")),
    "needs": (("partnership_id", "area_id", "action_id"), ()),
    "instruments": (("instrument_id",), ()),
    "sources": (("what", "concerns"), ()),
    "fiche": ((), ()),
}
SORTED = ("allocation", "rules", "own_rules")
"""Sheets whose rows staff may sort without a word."""
SAID = {"optimised": "the optimised amount was changed: ", "limit_input": "the limit was changed: "}


class CellDifference(NamedTuple):
    """What is not as it was written."""

    sheet: str
    cell: str
    """Where it is typed, as `Needs!C7`; empty for what has no cell."""
    says: str
    found: Cell = NOTHING
    at: tuple[str, ...] = ()
    """The sheet, the ids of the row and the heading, where rows have ids."""

    def __str__(self) -> str:
        return f"{self.cell}: {self.says}" if self.cell else self.says


@dataclass
class BookComparison:
    """What was found."""

    wrong: list[CellDifference] = field(default_factory=list)
    typed: list[CellDifference] = field(default_factory=list)
    """Cells of staff's own columns that hold something."""
    harmless: list[CellDifference] = field(default_factory=list)
    """What stands elsewhere, or was added, and changes no meaning."""
    added: int = 0
    """Cells and rows where nothing was written, among what is harmless."""
    identical: bool = False
    """Whether the file is as written, byte for byte."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, without what is wrong."""
        return {"adjusted": len(self.typed), "added": self.added, "harmless": told(self.harmless), "identical": self.identical}


def told(differences: Sequence[CellDifference]) -> list[str]:
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
    chosen: set[str] = field(default_factory=set)
    """Sheets that show another choice than as written."""

    @cached_property
    def titles(self) -> dict[str, str | None]:
        """Sheet of ours → its name in the file; without the files of the scenario, each of which has a fingerprint."""
        skipped = set(spellings("sheet.scenario_files.name"))
        return {ours: theirs for ours, theirs in pairing.sheets(self.expected, self.found).items() if ours not in skipped}

    def run(self) -> BookComparison:
        self._compare_titles()
        sheets = {theirs: list(self._pairs(ours, theirs)) for ours, theirs in self.titles.items() if theirs is not None}
        for live in (False, True):  # stored values must be as written only where nothing that they follow was changed
            if not (live and (self.result.typed or self.result.wrong)):
                shown = ((title, pairs) for title, pairs in sheets.items() if not (live and title in self.chosen))
                self.result.wrong += [found for title, pairs in shown for found in self._differences(pairs, title, live)]
        return self.result

    def _compare_titles(self) -> None:
        """Note sheets that are gone, and those that have another name or place, or are not ours."""
        result, there = self.result, {theirs: ours for ours, theirs in self.titles.items() if theirs is not None}
        result.wrong += [CellDifference(ours, "", f"sheet '{ours}' is missing") for ours, theirs in self.titles.items() if theirs is None]
        renamed = ((ours, theirs) for theirs, ours in there.items() if ours != theirs)
        result.harmless += [CellDifference(theirs, "", f"sheet '{ours}' is now called '{theirs}'") for ours, theirs in renamed]
        own = [title for title in self.found.titles if title not in there and title not in self.expected.titles]
        result.harmless += [CellDifference(title, f"{title}!A1", f"sheet '{title}' was added") for title in own]
        if [title for title in self.found.titles if title in there] != list(there):
            result.harmless.append(CellDifference("", "", "the sheets stand in another order"))

    def _pairs(self, wanted: str, title: str) -> Iterator[_Pair]:
        """Pair the cells of a sheet; what is there to be typed into is noted instead, as are rows and columns that are gone or added."""
        result, found = self.result, self.found
        try:
            sheet = _Sheet(self.expected, found, wanted, title)
        except ScenarioError as error:
            result.wrong += [CellDifference(title, p.place.cell, p.message) for p in error.problems]
            return
        result.wrong += [CellDifference(title, found.place(title, sheet.heading, 0).cell, f"no column '{text}'") for text in sheet.gone]
        pairs = list(pairing.rows(sheet.ours, sheet.theirs, sheet.names))
        if sheet.sheet not in SORTED and not pairing.in_order(pairs):
            result.harmless.append(CellDifference(title, "", f"{title}: the rows stand in another order"))
        for row, there in pairs:
            if there is None:
                result.wrong += [CellDifference(title, "", f"{title}: the row {sheet.name(row or 0)} is missing")] * (
                    row not in sheet.prepared
                )
            elif row is None and there in sheet.names[1]:
                says = f"a row was added: {' '.join(filter(None, sheet.names[1][there]))}"
                self._added(CellDifference(title, found.place(title, there, sheet.order[sheet.ids[0]]).cell, says))
                for pair in sheet.cells(row, there):
                    self._typed(title, pair)
            else:
                cells = (pair for pair in sheet.cells(row, there) if not self._typed(title, pair))
                yield from (pair for pair in cells if sheet.sheet != "fiche" or not self._chosen(title, pair))

    def _chosen(self, title: str, pair: _Pair) -> bool:
        """Note that another partnership was chosen on the page that follows a choice."""
        choice = (pair.row, pair.column) == CHOICE
        if choice and not same(pair.expected, pair.found):
            self.chosen.add(title)
            cell = self.found.place(title, pair.there, pair.column).cell
            self.result.harmless.append(CellDifference(title, cell, f"another choice: {shown(pair.found)}"))
        return choice

    def _typed(self, title: str, pair: _Pair) -> bool:
        """Note what stands in a cell that is there to be typed into."""
        empty = pair.found.empty or pair.found.number == 0 or same(pair.expected, pair.found)
        if pair.typed and not empty:
            cell = self.found.place(title, pair.there, pair.column).cell
            self.result.typed.append(CellDifference(title, cell, f"typed: {shown(pair.found)}"))
        return pair.typed

    def _added(self, found: CellDifference) -> None:
        self.result.harmless.append(found)
        self.result.added += 1

    def _differences(self, pairs: Iterable[_Pair], title: str, live: bool) -> Iterator[CellDifference]:
        """Name what is written otherwise, and what was added; when `live`, stored values of formulas that are not as written."""
        for pair in pairs:
            place = self.found.place(title, pair.there, pair.column).cell
            if pair.expected.empty and not pair.found.empty and not live:
                self._added(CellDifference(title, place, f"added: {shown(pair.found)}"))
            elif not pair.expected.empty and (says := _difference(pair, live)):
                yield CellDifference(title, place, says, pair.found, pair.at)


def _difference(pair: _Pair, live: bool) -> str:
    """Say how a cell differs, when `live` the stored value of a formula; nothing when it does not."""
    expected, found = pair.expected, pair.found
    if live:
        alike = expected.formula is None or found.value is None or same_value(expected, found)
        return "" if alike else f"the stored value was changed: found {found.text}, expected {expected.text}"
    if expected.formula is None:
        return "" if same(expected, found) else f"{SAID.get(pair.key, '')}found {shown(found)}, expected {shown(expected)}"
    if found.formula is None:
        return f"the formula was replaced: found {shown(found)}, expected {expected.formula}"
    theirs = pairing.plain_formula(found.formula, pair.there)
    alike = theirs == pairing.plain_formula(expected.formula, pair.there if pair.row is None else pair.row)
    return "" if alike else f"the formula was changed: found {found.formula}, expected {expected.formula}"


class _Sheet:
    """A sheet as we wrote it and as it stands in the file, the columns of its table arranged as ours where its rows have ids."""

    def __init__(self, expected: BookFile, found: BookFile, wanted: str, title: str) -> None:
        self.sheet = next((key for key in KNOWN if wanted in spellings(f"sheet.{key}.name")), "")
        ids, self.own = KNOWN.get(self.sheet, ((), ()))
        self.ours, self.theirs, self.heading = expected.rows(wanted), found.rows(title), len(found.rows(title))
        self.names: tuple[pairing.Names, pairing.Names] = ({}, {})
        self.order, self.ids, self.gone, self.prepared, self.keys = list[int](), list[int](), list[str](), range(0), dict[int, str]()
        self.headings = list[str]()
        needed = [key for key in ids if key != "action_id"] or self.own
        more = (*self.own, *SAID, *ids)
        ours, theirs = (grid_on(*of, needed, more) if needed else None for of in ((expected, wanted), (found, title)))
        if ours is not None and theirs is not None:
            ids = tuple(key for key in ids if key in ours.columns)
            self.heading, self.keys = theirs.heading, {column: key for key, column in reversed(ours.columns.items())}
            self.ids, self.prepared = [ours.columns[key] for key in ids], range(0) if ids else ours.body
            self.order = self._order(self.ours[ours.heading], self.theirs[theirs.heading])
            self.names = _named(ours, ids), _named(theirs, ids)
            self.theirs = [[_at(row, k) for k in self.order] if at >= self.heading else row for at, row in enumerate(self.theirs)]

    def _order(self, ours: pairing.Cells, theirs: pairing.Cells) -> list[int]:
        """Return where our columns stand in the file, renamed ones where they stood, -1 for none; then those that are not ours."""
        headings = self.headings = [cell.text for cell in ours]
        texts, most = [cell.text for cell in theirs], max(map(len, self.theirs))
        if not self.ids:
            return list(range(most))
        self.gone = [text for text in headings if text not in texts]
        there = {text: k for k, text in reversed(list(enumerate(texts)))}
        at = [there.get(text, k if texts[k : k + 1] and texts[k] not in headings else -1) for k, text in enumerate(headings)]
        return [*at, *(k for k in range(most) if k not in at)]

    def name(self, row: int) -> str:
        """Return the ids of a row of ours, or else the first text in it."""
        own = self.names[0].get(row)
        return " ".join(filter(None, own)) if own else f"'{next((cell.text for cell in self.ours[row] if cell.text), '')}'"

    def cells(self, row: int | None, there: int) -> Iterator[_Pair]:
        """Pair the cells of a row with those of one in the file."""
        line, found = () if row is None else self.ours[row], self.theirs[there]
        body, named = there > self.heading, row is not None or not self.ids or there in self.names[1]
        at = (self.sheet, *self.names[0][row]) if row is not None and row in self.names[0] else ()
        for k in range(max(len(line), len(found))):
            column = k if there < self.heading else self.order[k] if k < len(self.order) else -1
            if column >= 0 and not (there == self.heading and self.ids and k < len(line)):  # headings that are gone are named
                key = self.keys.get(k, "")
                yield _Pair(
                    there,
                    column,
                    _at(line, k),
                    _at(found, k),
                    key,
                    row,
                    (*at, *self.headings[k : k + 1]),
                    body and named and key in self.own,
                )


def _named(grid: Grid, ids: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
    """Return the rows that have ids, with them."""
    return {row: found for row in grid.body if any(found := tuple(grid.cell(row, key).text for key in ids))}


def _at(cells: pairing.Cells, place: int) -> Cell:
    return cells[place] if 0 <= place < len(cells) else NOTHING


class _Pair(NamedTuple):
    there: int
    column: int
    """Where the cell stands in the file, from 0."""
    expected: Cell
    found: Cell
    key: str
    row: int | None
    """The row in which we wrote it."""
    at: tuple[str, ...]
    typed: bool
    """Whether it is there to be typed into."""
