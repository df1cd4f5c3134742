"""The workbook that staff read, check and circulate.

Content (`sheets/`, `content.py`), look (`theme.py`, `layout.py`) and writer (`writer.py`, `charts.py`) are apart. Every
figure is a live formula over the sheet Allocation, stored with the value that the program has computed exactly. A plan
with more lines than a sheet has rows is written with values alone, and its allocation as CSV beside the workbook.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from fundalloc.doors.writing import new_file
from fundalloc.errors import UsageError, did_you_mean
from fundalloc.export.on_request import Asked
from fundalloc.export.tables import write_allocation
from fundalloc.export.workbook.book import Book, sheet_name
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.outside import for_outside
from fundalloc.export.workbook.sheets import build_sheets
from fundalloc.export.workbook.spelling import allocation_file
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.labels import languages
from fundalloc.plan.plan import Plan

Audience = Literal["inside", "outside"]


def write_workbook(
    plan: Plan, path: str | Path, language: str | None = None, audience: Audience = "inside", asked: Asked | None = None
) -> Path:
    """Write a plan as an Excel workbook and return its path; the same plan gives the same bytes.

    `language` is the scenario's own unless given. For outside, priorities, penalties, prices, comments and the scenario
    itself are left out. `asked` adds sheets that are computed on request.
    Raises OutputError when the file cannot be written, and then leaves
    nothing behind; UsageError for a language without labels.
    """
    target = Path(path)
    with new_file(target) as fresh:
        fresh.write_bytes(workbook_bytes(plan, language, audience, asked))
        if not Book(plan, language or plan.scenario.head.output.language).live:
            write_allocation(plan, target.parent / allocation_file(plan.scenario.id))
    return target


def workbook_bytes(plan: Plan, language: str | None = None, audience: Audience = "inside", asked: Asked | None = None) -> bytes:
    """Return the workbook as bytes."""
    chosen = language or plan.scenario.head.output.language
    if chosen not in languages():
        raise UsageError(f"no labels in '{chosen}': {did_you_mean(chosen, languages())}")
    book = Book(plan, chosen, audience == "outside", asked or Asked())
    sheets = for_outside(book, build_sheets(book)) if book.outside else build_sheets(book)
    return render(sheets, _sheet_names(book, sheets), _paper(book))


def _sheet_names(book: Book, sheets: Sequence[Sheet]) -> dict[str, str]:
    """Return the names of the sheets: as in the catalogue, cut to what Excel takes, and different even when cut."""
    names: dict[str, str] = {}
    for sheet in sheets:
        names[sheet.key] = sheet_name(book.sheet_text(sheet.key, "name"), names.values())
    return names


def _paper(book: Book) -> Paper:
    head, log = book.head, book.plan.log
    return Paper(
        title=book.within(head.title),
        subject=book.sheet_text("cover", "says", period=book.period),
        author=head.author,
        comments=" ".join(filter(None, [book.say("cover.illustrative") if head.illustrative else "", book.say("cover.not_official")])),
        keywords=f"{head.scenario}, {log.digest}",
        created=datetime.fromisoformat(head.as_of),
        marking=book.within(head.output.marking) or book.word("scenario_state", head.state),
        footer=f"{head.scenario} · {head.as_of} · {log.digest[:12]}",
        page=book.say("page"),
        back=book.say("back"),
        decimals=book.plan.scenario.decimals,
        live=book.live,
    )
