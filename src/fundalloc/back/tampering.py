"""What is not as it was written: a workbook compared, cell by cell, with the one that its own scenario and record give.

Wrong are values, formulas and texts that say something else. Sheets and rows that stand elsewhere, another name of a sheet, and what was
added beside ours change no meaning: they are named, not blamed. Adjustments and comments are what the workbook is for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from fundalloc.back import pairing
from fundalloc.back.circulated import Circulated
from fundalloc.back.own_rules import COLUMNS as OWN_RULES
from fundalloc.doors.reading import read_bytes
from fundalloc.errors import ScenarioError, and_more
from fundalloc.export.on_request import unpack
from fundalloc.export.workbook import workbook_bytes
from fundalloc.plan.plan import Plan
from fundalloc.scenario.workbooks.cells import BookFile, Grid, find_grid, in_languages
from fundalloc.scenario.workbooks.embedded import CHANGED
from fundalloc.scenario.workbooks.sheet import NOTHING, Cell

MOST = 20
"""Differences that are named per sheet."""
SORTED = {"allocation": ("line_key",), "rules": ("rule", "member", "side")}
"""Sheets whose rows staff may sort, and the columns that tell their rows apart."""
OWN = {"adjustment", "comment_input", "author_input"}
"""Columns of these sheets that belong to staff."""


@dataclass
class BookComparison:
    """What was found."""

    wrong: list[str] = field(default_factory=list)
    adjusted: int = 0
    """Cells of staff's own columns that hold something."""
    harmless: list[str] = field(default_factory=list)
    """What stands elsewhere, or was added, and changes no meaning."""
    added: int = 0
    """Cells and rows where nothing was written, among what is harmless."""
    identical: bool = False
    """Whether the file is as written, byte for byte."""


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
        sheets = [(theirs, list(self._pairs(ours, theirs))) for ours, theirs in self.titles.items() if theirs is not None]
        changed = any(p.key == "limit_input" and not _same(p.expected, p.found) for _, pairs in sheets for p in pairs)
        live = self.result.adjusted == 0 and not changed
        for title, pairs in sheets:
            self._note(self.result.wrong, title, self._differences(title, pairs, live))
        return self.result

    def _note(self, where: list[str], title: str, texts: Iterable[str]) -> int:
        """Note the first of what was found on a sheet, and how much more there is; return how much it is."""
        listed = list(texts)
        where += [*listed[:MOST], *(f"{title}: {more}" for more in and_more(listed, MOST, " cells of this sheet"))]
        return len(listed)

    def _compare_titles(self) -> None:
        """Note sheets that are gone, and those that have another name or place, or are not ours."""
        result, there = self.result, [theirs for theirs in self.titles.values() if theirs is not None]
        result.wrong += [f"sheet '{ours}' is missing" for ours, theirs in self.titles.items() if theirs is None]
        result.harmless += [
            f"sheet '{ours}' is now called '{theirs}'" for ours, theirs in self.titles.items() if theirs not in (None, ours)
        ]
        own = [title for title in self.found.titles if title not in there and title not in self.expected.titles]
        result.harmless += [f"sheet '{title}' was added" for title in own]
        if [title for title in self.found.titles if title in there] != there:
            result.harmless.append("the sheets stand in another order")

    def _pairs(self, wanted: str, title: str) -> Iterator[_Pair]:
        """Pair the cells of a sheet: rows of tables that staff sort by their ids, all others by where they stand."""
        for key, ids in SORTED.items():
            if wanted in in_languages(f"sheet.{key}.name").values():
                try:
                    ours, theirs = (find_grid(book, key, ids, OWN_AND_LIMITS) for book in (self.expected, self.found))
                except ScenarioError as error:
                    self.result.wrong += [f"{p.place.cell}: {p.message}" for p in error.problems]
                    return
                if ours is not None and theirs is not None:
                    yield from self._by_ids(ours, theirs, ids)
                    return
        typed: set[tuple[int, int]] = set()  # cells that are there to be typed into
        if wanted in in_languages("sheet.own_rules.name").values():
            ours, theirs = (find_grid(book, "own_rules", OWN_RULES, ("author_input",)) for book in (self.expected, self.found))
            if ours is not None:
                typed = {(row, column) for row in ours.body for column in ours.columns.values()}
            if theirs is not None:
                self.result.adjusted += sum(not theirs.cell(row, "own_limit").empty for row in theirs.body)
        yield from self._by_rows(wanted, title, typed)

    def _by_rows(self, wanted: str, title: str, typed: set[tuple[int, int]]) -> Iterator[_Pair]:
        """Pair the cells of rows that say the same, and name rows that only one of the sheets has."""
        ours, theirs = self.expected.rows(wanted), self.found.rows(title)
        pairs = list(pairing.rows(ours, theirs))
        if not pairing.in_order(pairs):
            self.result.harmless.append(f"{title}: the rows stand in another order")
        lost = [row for row, there in pairs if there is None and not any((row, k) in typed for k in range(len(ours[row or 0])))]
        self._note(self.result.wrong, title, (f"{title}: the row '{_first(ours[row or 0])}' is missing" for row in lost))
        for row, there in pairs:
            cells, others = ours[row] if row is not None else (), theirs[there] if there is not None else ()
            found = [*others, *[NOTHING] * (len(cells) - len(others))]
            for k, other in enumerate(found if there is not None else ()):
                if (row, k) not in typed:
                    yield _Pair(there or 0, k, cells[k] if k < len(cells) else NOTHING, other, row=row)

    def _by_ids(self, ours: Grid, theirs: Grid, ids: tuple[str, ...]) -> Iterator[_Pair]:
        """Pair the rows of a table by ids and its columns by headings."""
        headings = self.expected.rows(ours.title)[ours.heading]
        texts = [cell.text for cell in self.found.rows(theirs.title)[theirs.heading]]
        at = [texts.index(cell.text) if cell.text in texts else -1 for cell in headings]
        for column, there in enumerate(at):
            if there < 0 and not headings[column].empty:
                self.result.wrong.append(f"{theirs.title}!A{theirs.heading + 1}: no column '{headings[column].text}'")
        keys = {column: key for key, column in ours.columns.items()}
        rows = {_id(theirs, row, ids): row for row in reversed(theirs.body)}
        for row in ours.body:
            own = _id(ours, row, ids)
            if not any(own):
                continue
            there_row = rows.pop(own, None)
            if there_row is None:
                self.result.wrong.append(f"{theirs.title}: the row {' '.join(filter(None, own))} is missing")
                continue
            others = self.found.rows(theirs.title)[there_row]
            for column, (position, cell) in enumerate(zip(at, self.expected.rows(ours.title)[row], strict=False)):
                other, key = others[position] if position < len(others) else NOTHING, keys.get(column, "")
                if position >= 0 and key in OWN:
                    self.result.adjusted += not (other.empty or other.number == 0)
                elif position >= 0:
                    yield _Pair(there_row, position, cell, other, key, row)
        more = (
            f"{theirs.place(row, ids[0]).cell}: a row was added: {' '.join(filter(None, own))}" for own, row in rows.items() if any(own)
        )
        self.result.added += self._note(self.result.harmless, theirs.title, more)

    def _differences(self, title: str, pairs: list[_Pair], live: bool) -> Iterator[str]:
        added = []
        for pair in pairs:
            place = self.found.place(title, pair.there, pair.column).cell
            if pair.expected.empty and not pair.found.empty:
                added.append(f"{place}: added: {_shown(pair.found)}")
            elif said := self._difference(pair, live):
                yield f"{place}: {said}"
        self.result.added += self._note(self.result.harmless, title, added)

    def _difference(self, pair: _Pair, live: bool) -> str:
        """Say how a cell differs; `live`: stored values of formulas must be as written, because nothing that they follow was changed."""
        expected, found = pair.expected, pair.found
        if expected.empty:
            return ""
        if expected.formula is not None:
            if found.formula is None:
                return f"the formula was replaced: found {_shown(found)}, expected {expected.formula}"
            theirs = pairing.plain_formula(found.formula, pair.there)
            if theirs != pairing.plain_formula(expected.formula, pair.there if pair.row is None else pair.row):
                return f"the formula was changed: found {found.formula}, expected {expected.formula}"
            same = not live or found.value is None or _same_value(expected, found)
            return "" if same else f"the stored value was changed: found {found.text}, expected {expected.text}"
        if _same(expected, found):
            return ""
        what = {"optimised": "the optimised amount was changed: ", "limit_input": "the limit was changed: "}.get(pair.key, "")
        return f"{what}found {_shown(found)}, expected {_shown(expected)}"


def _id(grid: Grid, row: int, ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(grid.cell(row, key).text for key in ids)


OWN_AND_LIMITS = (*sorted(OWN), "optimised", "limit_input")


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
