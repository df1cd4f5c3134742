"""What is not as it was written: a workbook compared, cell by cell, with the one that its own scenario and record give.

Rows of the two sheets that staff sort and filter are found by their ids. Adjustments, comments and rows that were added
are what the workbook is for; they are counted, not blamed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

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
_WHOLE = re.compile(r"(?<![\w.])(\d+)\.0+(?![\d.])")


@dataclass
class Comparison:
    """What was found."""

    wrong: list[str] = field(default_factory=list)
    adjusted: int = 0
    """Cells of staff's own columns that hold something."""
    added: int = 0
    """Cells where nothing was written."""
    identical: bool = False
    """Whether the file is as written, byte for byte."""


def compare_with_original(circulated: Circulated, plan: Plan) -> Comparison:
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
        return Comparison(identical=True)
    with TemporaryDirectory(prefix="fundalloc-") as folder:
        path = Path(folder) / "original.xlsx"
        path.write_bytes(original)
        return _Comparer(book, BookFile(path)).run()


@dataclass
class _Comparer:
    found: BookFile
    expected: BookFile
    result: Comparison = field(default_factory=Comparison)

    def run(self) -> Comparison:
        skipped = set(in_languages("sheet.scenario_files.name").values())  # each file there has a fingerprint
        titles = [(wanted, self._title(k, wanted)) for k, wanted in enumerate(self.expected.titles) if wanted not in skipped]
        sheets = [(title, list(self._pairs(wanted, title))) for wanted, title in titles if title is not None]
        changed = any(p.key == "limit_input" and not _same(p.expected, p.found) for _, pairs in sheets for p in pairs)
        live = self.result.adjusted == 0 and not changed
        for title, pairs in sheets:
            texts = list(self._differences(title, pairs, live))
            self.result.wrong += [*texts[:MOST], *(f"{title}: {more}" for more in and_more(texts, MOST, " cells of this sheet"))]
        return self.result

    def _title(self, position: int, wanted: str) -> str | None:
        """Return the sheet that stands for one of ours; a renamed one is found by its position."""
        titles = self.found.titles
        if wanted in titles:
            return wanted
        there = titles[position] if position < len(titles) else None
        if there is not None and there not in self.expected.titles:
            self.result.wrong.append(f"sheet '{wanted}' is now called '{there}'")
            return there
        self.result.wrong.append(f"sheet '{wanted}' is missing")
        return None

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
        yield from self._by_position(self.expected.rows(wanted), self.found.rows(title), typed)

    def _by_position(
        self, ours: Sequence[Sequence[Cell]], theirs: Sequence[Sequence[Cell]], typed: set[tuple[int, int]]
    ) -> Iterator[_Pair]:
        for row, (cells, others) in enumerate(zip_longest(ours, theirs, fillvalue=())):
            found = [*others, *[NOTHING] * (len(cells) - len(others))]
            yield from (_Pair(row, k, cell, found[k]) for k, cell in enumerate(cells) if (row, k) not in typed)
            self.result.added += sum(not cell.empty for cell in found[len(cells) :])

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
                    yield _Pair(there_row, position, cell, other, key)
        self.result.added += sum(any(own) for own in rows)

    def _differences(self, title: str, pairs: list[_Pair], live: bool) -> Iterator[str]:
        for pair in pairs:
            if pair.expected.empty and not pair.found.empty:
                self.result.added += 1
            elif said := _difference(pair, live):
                yield f"{self.found.place(title, pair.row, pair.column).cell}: {said}"


def _id(grid: Grid, row: int, ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(grid.cell(row, key).text for key in ids)


OWN_AND_LIMITS = (*sorted(OWN), "optimised", "limit_input")


@dataclass(frozen=True)
class _Pair:
    row: int
    column: int
    """Where the cell stands in the file, from 0."""
    expected: Cell
    found: Cell
    key: str = ""


def _difference(pair: _Pair, live: bool) -> str:
    """Say how a cell differs; `live`: stored values of formulas must be as written, because nothing that they follow was changed."""
    expected, found = pair.expected, pair.found
    if expected.empty:
        return ""
    if expected.formula is not None:
        if found.formula is None:
            return f"the formula was replaced: found {_shown(found)}, expected {expected.formula}"
        if _plain(found.formula) != _plain(expected.formula):
            return f"the formula was changed: found {found.formula}, expected {expected.formula}"
        same = not live or found.value is None or _same_value(expected, found)
        return "" if same else f"the stored value was changed: found {found.text}, expected {expected.text}"
    if _same(expected, found):
        return ""
    what = {"optimised": "the optimised amount was changed: ", "limit_input": "the limit was changed: "}.get(pair.key, "")
    return f"{what}found {_shown(found)}, expected {_shown(expected)}"


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


def _plain(formula: str) -> str:
    """Return a formula as every program writes it: no spaces outside texts, whole numbers without decimals."""
    parts = formula.split('"')
    parts[::2] = [_WHOLE.sub(r"\1", re.sub(r"\s+", "", part)).replace("_xlfn.", "") for part in parts[::2]]
    return '"'.join(parts)
