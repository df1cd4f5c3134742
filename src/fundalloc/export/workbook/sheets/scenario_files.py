"""The scenario that travels inside the workbook: its files as they were, line by line, and the record of the run.

Plainly visible and last. `fundalloc verify`, `import` and `extract` need nothing but this sheet and the tables.
"""

from __future__ import annotations

import hashlib

from fundalloc.export import on_request as asked
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.plan.record import Record
from fundalloc.scenario.workbooks.embedded import RECORD, pack

TABLE = "ScenarioFiles"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None for a scenario that was not read from files."""
    sources = book.plan.scenario.sources
    if sources is None:
        return None
    carrier = {
        "scenario": sources.main,
        "settings": list(sources.settings),
        "baseline": sources.baseline,
        "language": book.language,
        "asked": asked.pack(book.asked),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sources.files.items()},
    }
    record = Record.of(book.plan, carrier).text()
    rows = list(pack({**sources.files, RECORD: record.encode()}))
    columns = (
        book.column("file_name", "code", [row.file for row in rows], width=34),
        book.column("file_line", "integer", [row.number for row in rows], width=10),
        book.column("file_form", "code", [row.form for row in rows], width=10),
        book.column("file_content", "code", [row.content for row in rows], width=110),
    )
    return book.sheet("scenario_files", TABLE, columns, filtered=True, money=False, colour="rest")
