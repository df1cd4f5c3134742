"""The workbook that staff read, check and circulate.

Content (`sheets/`, `content.py`), look (`theme.py`, `layout.py`) and writer (`writer.py`, `charts.py`) are apart. Every
figure is a live formula over the sheet Allocation, stored with the value that the program has computed exactly.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from fundalloc.errors import UsageError, did_you_mean
from fundalloc.export.files import replacing
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.sheets import build_sheets
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.labels import languages
from fundalloc.plan.plan import Plan


def write_workbook(plan: Plan, path: str | Path, language: str | None = None) -> Path:
    """Write a plan as an Excel workbook and return its path; the same plan gives the same bytes.

    `language` is the scenario's own unless given. Raises OutputError when the file cannot be written, and then leaves
    nothing behind; UsageError for a language without labels.
    """
    target = Path(path)
    with replacing(target) as temporary:
        temporary.write_bytes(workbook_bytes(plan, language))
    return target


def workbook_bytes(plan: Plan, language: str | None = None) -> bytes:
    """Return the workbook as bytes."""
    chosen = language or plan.scenario.head.output.language
    if chosen not in languages():
        raise UsageError(f"no labels in '{chosen}': {did_you_mean(chosen, languages())}")
    book = Book(plan, chosen)
    sheets = build_sheets(book)
    return render(sheets, {sheet.key: book.sheet_text(sheet.key, "name") for sheet in sheets}, _paper(book))


def _paper(book: Book) -> Paper:
    head, log = book.plan.scenario.head, book.plan.log
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
    )
