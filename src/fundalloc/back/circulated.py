"""A circulated workbook opened from itself alone: the scenario that travels inside, and the plan as it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fundalloc.errors import Place, Problem, ScenarioError
from fundalloc.plan.plan import Plan
from fundalloc.plan.record import Record, plan_of
from fundalloc.scenario.books import NOT_OURS, BookFile, Grid, find_grid, in_languages
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import Sources, is_safe
from fundalloc.scenario.travelling import RECORD, Line, unpack

COLUMNS = ("file_name", "file_line", "file_form", "file_content")
_CHANGED = "the sheet was changed: ask for the file again"


@dataclass(frozen=True)
class Circulated:
    """A workbook of ours with what travels inside."""

    book: BookFile
    place: Place
    """Where the travelling files stand."""
    record: Record
    run: str
    """Fingerprint of the record: copies of one run have the same."""
    sources: Sources

    @property
    def language(self) -> str:
        """The language in which the workbook was written."""
        return str(self.record.other["language"])

    def scenario(self) -> Scenario:
        """Read the scenario that travels inside. Raises ScenarioError."""
        with TemporaryDirectory(prefix="fundalloc-") as name:
            folder = Path(name)
            self.sources.restore(folder)
            baseline = folder / self.sources.baseline if self.sources.baseline else None
            main = folder / self.sources.main
            try:
                scenario = load(main, settings=self.sources.settings, allow_outside=True, baseline=baseline)
            except ScenarioError as error:
                raise ScenarioError([replace(p, place=self._inside(p.place, folder)) for p in error.problems]) from None
            return replace(scenario, file=self.sources.main, sources=self.sources)

    def plan(self, scenario: Scenario) -> Plan:
        """Build the plan as it was written, its rules measured and its certificate proved anew. Raises ScenarioError."""
        return plan_of(self.record, scenario, self.place)

    def _inside(self, place: Place, folder: Path) -> Place:
        """Name a restored file as a part of the workbook."""
        path = Path(place.file)
        inner = path.resolve().relative_to(folder.resolve()).as_posix() if path.resolve().is_relative_to(folder.resolve()) else place.file
        return replace(place, file=f"{self.book.name} ({inner})")


def open_circulated(path: Path) -> Circulated:
    """Open a workbook and take out what travels inside. Raises ScenarioError with every problem of the travelling files."""
    book = BookFile(path)
    grid = find_grid(book, "scenario_files", COLUMNS)
    if grid is None:
        raise ScenarioError([Problem(Place(book.name), *_why_empty(book))])
    problems: list[Problem] = []
    files = unpack(_lines(grid, problems), problems)
    if problems:
        raise ScenarioError(problems)
    place = grid.heading_place("file_name")
    if RECORD not in files:
        raise ScenarioError([Problem(place, f"the record of the run ({RECORD}) is missing", _CHANGED)])
    raw = files.pop(RECORD)
    record = Record.read(raw.decode("utf-8", "replace"), place)
    return Circulated(book, place, record, hashlib.sha256(raw).hexdigest(), _sources(record.other, files, place))


def _why_empty(book: BookFile) -> tuple[str, str]:
    allocation = find_grid(book, "allocation", ("line_key",))
    if allocation is None:
        return "not a workbook of fundalloc: no sheet has the headings of an allocation", NOT_OURS
    outside = set(in_languages("workbook.cover.for_outside").values())
    first = book.rows(book.titles[0])
    if any(cell.value in outside for row in first for cell in row):
        message = "this workbook was written for outside: it carries no scenario, no priorities, no prices and no duals"
        return message, "ask its author for the inside copy, or name the scenario too: fundalloc verify BOOK.xlsx SCENARIO.yaml"
    name = in_languages("sheet.scenario_files.name")["en"]
    return f"this workbook carries no scenario: the sheet '{name}' is missing", "ask for the file again, or name the scenario too"


def _lines(grid: Grid, problems: list[Problem]) -> list[tuple[Line, Place]]:
    out = []
    for row in grid.body:
        name, number, form, content = (grid.cell(row, key) for key in COLUMNS)
        if name.empty and number.empty and content.empty:
            continue
        live = next((key for key in COLUMNS if grid.cell(row, key).formula is not None), None)
        if live is not None:
            problems.append(Problem(grid.place(row, live), "a formula in a file that travels along", _CHANGED))
        elif name.empty or number.number is None or number.number % 1:
            problems.append(Problem(grid.place(row, "file_line"), f"'{number.text}' is no line number of a file", _CHANGED))
        else:
            line = Line(name.text, int(number.number), form.text, "" if content.value is None else str(content.value))
            out.append((line, grid.place(row, "file_content")))
    return out


def _sources(other: Mapping[str, Any], files: Mapping[str, bytes], place: Place) -> Sources:
    """Put the files in the order of the record. Raises ScenarioError for names, and for files that are not as they were written."""
    hashes, settings = other.get("files"), other.get("settings")
    main, baseline = other.get("scenario"), other.get("baseline")
    whole = isinstance(hashes, dict) and isinstance(settings, list) and isinstance(main, str) and isinstance(baseline, str)
    if not whole or not isinstance(other.get("language"), str):
        raise ScenarioError([Problem(place, "the record of the run does not name its files", _CHANGED)])
    assert isinstance(hashes, dict)
    assert isinstance(settings, list)
    problems = [Problem(place, f"'{name}' is no name of a file inside a folder", _CHANGED) for name in files if not is_safe(name)]
    problems += [Problem(place, f"the file {name} is missing", _CHANGED) for name in hashes if name not in files]
    problems += [Problem(place, f"the file {name} was added", _CHANGED) for name in files if name not in hashes]
    for name, content in files.items():
        if name in hashes and hashlib.sha256(content).hexdigest() != hashes[name]:
            problems.append(Problem(place, f"the file {name} is not as it was written", _CHANGED))
    if problems:
        raise ScenarioError(problems)
    return Sources(
        str(main), {name: files[name] for name in [str(main), *sorted(set(files) - {main})]}, tuple(map(str, settings)), str(baseline)
    )
