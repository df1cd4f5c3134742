"""What would be lost if a workbook were replaced: what was typed into it since it was written."""

from __future__ import annotations

from pathlib import Path

from fundalloc.back.circulated import open_circulated
from fundalloc.back.reading_edits import read_edits
from fundalloc.back.tampering import compare_with_original
from fundalloc.scenario.workbooks.cells import BookFile
from fundalloc.scenario.workbooks.embedded import carried_files
from fundalloc.scenario.workbooks.seal import changed_sheets, untouched
from fundalloc.versions import VERSION


def lost_with(path: Path) -> list[str]:
    """Return what is lost with a workbook, cell by cell where that can be told. Raises ScenarioError for one that is not ours."""
    if untouched(path):
        return []
    book = BookFile(path)
    changed = changed_sheets(book)
    if changed == []:
        return []
    sheets = [f"sheet '{title}' was changed" for title in changed or ()]
    if sheets and carried_files(book) is None:
        return sheets
    circulated = open_circulated(path)
    plan = circulated.plan(circulated.scenario())
    if plan.log.version != VERSION:
        return [*(f"{place.cell}: typed" for place in read_edits(circulated, plan).places), *sheets]
    found = compare_with_original(circulated, plan)
    return [*map(str, (*found.typed, *found.wrong)), *(str(added) for added in found.harmless if added.cell)]
