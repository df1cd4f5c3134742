"""A circulated workbook opened from itself alone: the scenario that travels inside, and the plan as it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fundalloc.errors import Place, Problem, ScenarioError
from fundalloc.labels import Language, label, spellings
from fundalloc.plan.plan import Plan
from fundalloc.plan.record import RunRecord, plan_of
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import Sources, is_safe
from fundalloc.scenario.workbooks.cells import NOT_OURS, BookFile, find_grid
from fundalloc.scenario.workbooks.embedded import CHANGED, RECORD, carried_files
from fundalloc.versions import before


@dataclass(frozen=True)
class Circulated:
    """A workbook of ours with what travels inside."""

    book: BookFile
    place: Place
    """Where the travelling files stand."""
    record: RunRecord
    run: str
    """Fingerprint of the record, whatever the language, the sheets asked for and the evidence: copies of one run have the same."""
    sources: Sources

    @property
    def language(self) -> Language:
        """The language in which the workbook was written, with the words of its scenario."""
        code, former = str(self.record.other["language"]), before(str(self.record.log.get("version") or ""), "0.2.0")
        return next((one for one in self.book.spoken if one == code and one.former == former), Language(code))

    @property
    def asked_for(self) -> list[str]:
        """The options with which `run` computed more, or less, than it does by itself."""
        asked, found = self.record.other.get("asked", {}), any(self.record.evidence.values())
        return [*(f"--{key}" for key in ("ranges", "prices") if key in asked), *([] if found else ["--quick"])]

    def scenario(self) -> Scenario:
        """Read the scenario that travels inside. Raises ScenarioError."""
        with TemporaryDirectory(prefix="fundalloc-") as name:
            folder = Path(name)
            self.sources.restore(folder)
            baseline = folder / self.sources.baseline if self.sources.baseline else None
            main = folder / self.sources.main
            try:
                scenario = load(main, settings=self.sources.settings, root=folder, baseline=baseline)
            except ScenarioError as error:
                raise ScenarioError([replace(p, place=self._inside(p.place, folder)) for p in error.problems]) from None
            self.book.spoken = [scenario.speaks(language) for language in self.book.spoken]  # whatever became of the run log
            return replace(scenario, file=self.sources.main, sources=self.sources)

    def plan(self, scenario: Scenario) -> Plan:
        """Build the plan as it was written, its rules measured and its certificate proved anew. Raises ScenarioError."""
        return plan_of(self.record, scenario, self.place)

    def _inside(self, place: Place, folder: Path) -> Place:
        path, root = Path(place.file).resolve(), folder.resolve()
        inner = path.relative_to(root).as_posix() if path.is_relative_to(root) else place.file
        return replace(place, file=f"{self.book.name} ({inner})")


def open_circulated(path: Path) -> Circulated:
    """Open a workbook and take out what travels inside. Raises ScenarioError with every problem of the travelling files."""
    book = BookFile(path)
    carried = carried_files(book)
    if carried is None:
        raise ScenarioError.of(Place(book.name), *_why_empty(book))
    files, place = carried
    if RECORD not in files:
        raise ScenarioError.of(place, f"the record of the run ({RECORD}) is missing", CHANGED)
    record = RunRecord.read(files.pop(RECORD).decode("utf-8", "replace"), place)
    sources = _sources(record.other, files, place)
    other = {key: value for key, value in record.other.items() if key not in ("language", "asked")}
    shared = replace(record, other=other, evidence={})
    return Circulated(book, place, record, hashlib.sha256(shared.text().encode()).hexdigest(), sources)


def _why_empty(book: BookFile) -> tuple[str, str]:
    allocation = find_grid(book, "allocation", ("line_key",))
    if allocation is None:
        return "not a workbook of fundalloc: no sheet has the headings of an allocation", NOT_OURS
    outside = set(spellings("workbook.cover.for_outside"))
    first = book.rows(book.titles[0])
    if any(cell.value in outside for row in first for cell in row):
        message = "this workbook was written for outside: it carries no scenario, no priorities, no prices and no duals"
        return message, "ask its author for the inside copy, or name the scenario too: fundalloc verify BOOK.xlsx SCENARIO.yaml"
    name = label("sheet.scenario_files.name")
    return f"this workbook carries no scenario: the sheet '{name}' is missing", "ask for the file again, or name the scenario too"


def _sources(other: Mapping[str, Any], files: Mapping[str, bytes], place: Place) -> Sources:
    """Put the files in the order of the record. Raises ScenarioError for names, and for files that are not as they were written."""
    match other:
        case {"files": dict(hashes), "settings": list(settings), "scenario": str(main), "baseline": str(baseline), "language": str()}:
            pass
        case _:
            raise ScenarioError.of(place, "the record of the run does not name its files", CHANGED)
    messages = [f"'{name}' is no name of a file inside a folder" for name in files if not is_safe(name)]
    messages += [f"the file {name} is missing" for name in hashes if name not in files]
    messages += [f"the file {name} was added" for name in files if name not in hashes]
    changed = (name for name, content in files.items() if name in hashes and hashlib.sha256(content).hexdigest() != hashes[name])
    messages += [f"the file {name} is not as it was written" for name in changed]
    if messages:
        raise ScenarioError([Problem(place, message, CHANGED) for message in messages])
    ordered = {name: files[name] for name in [main, *sorted(set(files) - {main})]}
    return Sources(main, ordered, tuple(map(str, settings)), baseline)
