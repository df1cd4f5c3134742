"""The workbook that staff read, check and circulate.

Content (`sheets/`, `content.py`), look (`theme.py`, `layout.py`) and writer (`writer.py`, `charts.py`) are apart. Every
figure is a live formula over the sheet Allocation, stored with the value that the program has computed exactly. A plan
with more lines than a sheet has rows is written with values alone, and its allocation as CSV beside the workbook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fundalloc.doors.writing import new_file
from fundalloc.errors import UsageError, counted, did_you_mean, sized
from fundalloc.export.on_request import Asked
from fundalloc.export.tables import write_allocation
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.outside import for_outside
from fundalloc.export.workbook.plan_sums import PlanSums
from fundalloc.export.workbook.sheets import build_sheets
from fundalloc.export.workbook.spelling import allocation_file, sheet_names
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
    Raises OutputError when the file cannot be written, and then leaves nothing behind; UsageError for a language without labels.
    """
    with new_file(Path(path)) as fresh:
        with sized(lambda: f"a workbook of {counted(len(plan.steps), 'lines')}, which --csv writes in less"):
            fresh.write_bytes(workbook_bytes(plan, language, audience, asked))
        if not PlanSums(plan).live:
            write_allocation(plan, Path(path).parent / allocation_file(plan.scenario.id))
    return Path(path)


def workbook_bytes(plan: Plan, language: str | None = None, audience: Audience = "inside", asked: Asked | None = None) -> bytes:
    """Return the workbook as bytes."""
    chosen = language or plan.scenario.head.output.language
    if chosen not in languages():
        raise UsageError(f"no labels in '{chosen}': {did_you_mean(chosen, languages())}")
    book = Book(plan, plan.scenario.speaks(chosen), audience == "outside", asked or Asked())
    sheets = build_sheets(book)
    sheets = for_outside(book, sheets) if book.outside else sheets
    names = sheet_names({sheet.key: book.sheet_text(sheet.key, "name") for sheet in sheets})
    head, digest, subject = book.head, plan.log.digest, book.sheet_text("cover", "says", period=book.period)
    keywords, title, decimals = f"{head.scenario}, {digest}", book.within(head.title), plan.scenario.decimals
    return render(sheets, names, Paper.of(head, digest, keywords, title, subject, book.language, decimals, book.live))
