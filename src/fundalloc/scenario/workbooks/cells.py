"""Workbooks read back: cells with formula and stored value; tables are found by their headings in any language, wherever they are."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from fundalloc.doors.reading import read_bytes
from fundalloc.doors.text import display_name
from fundalloc.errors import Place, Problem, ScenarioError
from fundalloc.labels import OWN, Language, label, languages, spellings
from fundalloc.scenario.workbooks.container import LARGEST_FILE, check_package
from fundalloc.scenario.workbooks.sheet import NOTHING, Cell, Row, SheetCells, Unreadable, read_sheet

NOT_OURS = "fundalloc reads the workbooks that it has written: fundalloc run FILE -o BOOK.xlsx"


@dataclass
class BookFile:
    """A workbook on disk; sheets are read when they are asked for. Opening it raises ScenarioError when it is no sound workbook."""

    path: Path
    name: str = field(init=False)
    _sheets: dict[str, SheetCells] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.name = display_name(self.path)
        check_package(self.path)
        if not self.titles:
            raise ScenarioError.of(Place(self.name), "the workbook has no worksheet", NOT_OURS)

    @cached_property
    def titles(self) -> list[str]:
        """The names of the worksheets, in order; sheets that are nothing but a chart are left out."""
        return [sheet.title for sheet in self._book.worksheets]

    @property
    def properties(self) -> dict[str, str]:
        """The properties of the workbook that are its own, and its keywords."""
        own = {prop.name: str(prop.value) for prop in self._book.custom_doc_props.props}
        return {"keywords": self._book.properties.keywords or "", **own}

    def rows(self, title: str) -> list[Row]:
        """Return all cells of a sheet by rows, from A1 on; rows may differ in length."""
        return self.sheet(title).rows

    def sheet(self, title: str) -> SheetCells:
        """Return a sheet as it stands in the file. Raises ScenarioError at the cell that cannot be read."""
        if title not in self._sheets:
            try:
                opened = self._book[title]
                with warnings.catch_warnings(), opened._get_source() as source:
                    warnings.simplefilter("ignore")
                    self._sheets[title] = read_sheet(source, self._book, opened._shared_strings)
            except Unreadable as error:
                cell, message, hint = error.args
                raise ScenarioError.of(Place(self.name, cell=f"{title}!{cell}"), message, hint) from None
            except Exception as error:  # a broken part
                place, hint = Place(self.name, cell=f"{title}!A1"), "open it in Excel and save it anew"
                raise ScenarioError.of(place, f"the sheet cannot be read: {error}", hint) from None
        return self._sheets[title]

    def place(self, title: str, row: int, column: int) -> Place:
        """Return the place of a cell; row and column count from 0."""
        from openpyxl.utils import get_column_letter

        return Place(self.name, cell=f"{title}!{get_column_letter(column + 1)}{row + 1}")

    @cached_property
    def spoken(self) -> list[Language]:
        """All languages, then as version 0.1.0 spoke them, with the words that its scenario has of its own, as the run log has them."""
        own: dict[str, str] = {}
        with suppress(ScenarioError, ValueError, AttributeError):  # whoever needs what is broken says so
            log = find_grid(self, "run_log", ("item", "what"), spoken=languages())
            items = {} if log is None else {log.cell(row, "item").text: log.cell(row, "what").text for row in log.body}
            said = next((items[word] for word in spellings("workbook.log.words") if word in items), "{}")
            words = {key: word for key, word in json.loads(said).items() if key in OWN and isinstance(word, str)}
            own = {key: word for key, word in words.items() if re.fullmatch(r"[^{}]+", word)}
        return [Language(language, own, former) for former in (False, True) for language in languages()]

    @cached_property
    def _book(self) -> Any:
        """The workbook as openpyxl opens it, without reading its sheets. The file itself is not kept open."""
        import openpyxl

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of charts and colours that it does not read
            try:
                return openpyxl.load_workbook(BytesIO(read_bytes(self.path, LARGEST_FILE)), read_only=True)
            except Exception as error:  # openpyxl raises many kinds for damaged files
                raise ScenarioError.of(Place(self.name), f"not a readable workbook: {error}", NOT_OURS) from None


@dataclass(frozen=True)
class Grid:
    """A table as found on a sheet: where its columns are, and its rows as they stand."""

    book: BookFile
    title: str
    language: str
    heading: int
    """Row of the headings, from 0."""
    columns: dict[str, int]
    """Column key → position."""

    @property
    def body(self) -> range:
        """Numbers of the rows below the headings."""
        return range(self.heading + 1, len(self.book.rows(self.title)))

    def cell(self, row: int, key: str) -> Cell:
        """Return a cell by row number and column key; an empty one beyond what was written."""
        cells, column = self.book.rows(self.title)[row], self.columns.get(key, -1)
        return cells[column] if 0 <= column < len(cells) else NOTHING

    def place(self, row: int, key: str) -> Place:
        """Return the place of a cell."""
        return self.book.place(self.title, row, max(self.columns.get(key, 0), 0))

    def heading_place(self, key: str = "") -> Place:
        """Return the place of a heading."""
        return self.place(self.heading, key)


def find_grid(
    book: BookFile, sheet: str, needed: Sequence[str], wanted: Sequence[str] = (), spoken: Sequence[str] | None = None
) -> Grid | None:
    """Find a table by its headings in any language, on its own sheet first; None where none has those `needed`. Raises ScenarioError."""
    spoken = book.spoken if spoken is None else spoken
    known = set(spellings(f"sheet.{sheet}.name"))
    for title in sorted(book.titles, key=lambda title: title not in known):
        found = grid_on(book, title, needed, wanted, spoken)
        if found is not None:
            return found
        if title in known:
            raise ScenarioError(list(_missing(book, title, needed, spoken)))
    return None


def titles(keys: Sequence[str], language: str) -> dict[str, str]:
    """Return the headings of columns by their keys."""
    return {key: label(f"workbook.column.{key}", language) for key in keys}


def grid_on(
    book: BookFile, title: str, needed: Sequence[str], wanted: Sequence[str] = (), spoken: Sequence[str] | None = None
) -> Grid | None:
    """Return the table of one sheet; None unless all headings that are needed stand in one row. Raises ScenarioError."""
    expected = [(language, titles([*needed, *wanted], language)) for language in spoken or book.spoken]
    for number, row in enumerate(book.rows(title)):
        texts = [cell.value.strip() if isinstance(cell.value, str) else None for cell in row]
        there = [(language, named) for language, named in expected if all(named[key] in texts for key in needed)]
        if not there:
            continue
        language, named = max(there, key=lambda one: sum(text in texts for text in one[1].values()))
        twice = [named[key] for key in needed if texts.count(named[key]) > 1]
        if twice:
            place, message = book.place(title, number, texts.index(twice[0])), f"the heading '{twice[0]}' stands twice"
            raise ScenarioError.of(place, message, "rename or delete the column that was added")
        return Grid(book, title, language, number, {key: texts.index(text) for key, text in named.items() if text in texts})
    return None


def _missing(book: BookFile, title: str, needed: Sequence[str], spoken: Sequence[str]) -> list[Problem]:
    """Say which headings a sheet lacks, measured against the row and language that have the most of them."""
    rows = [{cell.value.strip() for cell in row if isinstance(cell.value, str)} for row in book.rows(title)] or [set()]
    named = [titles(needed, language).values() for language in ("en", *spoken)]
    number, wanted = max(((k, texts) for k in range(len(rows)) for texts in named), key=lambda one: len(rows[one[0]].intersection(one[1])))
    hint = "keep the headings of the sheet as they were"
    return [Problem(book.place(title, number, 0), f"no column '{text}'", hint) for text in wanted if text not in rows[number]]
