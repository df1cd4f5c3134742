"""A note of two pages for those who decide: what is sought, what the plan comes to, who gains and loses, what is missed, what is firm.

What is said (`content.py`) comes from `insight/brief`, as on the other pages; here it is laid out with Word's own styles, so that headings,
lists and tables can be navigated and read aloud. The same plan gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fundalloc.doors.terminal import visible
from fundalloc.doors.writing import new_file
from fundalloc.errors import UsageError
from fundalloc.export.note.content import NoteTable, Paragraphs, parts_of
from fundalloc.export.on_request import Asked
from fundalloc.export.workbook import Audience
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.paper import Paper
from fundalloc.export.workbook.theme import BLUE, FONT
from fundalloc.labels import label
from fundalloc.plan.plan import Plan

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table

OLDEST = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the first that a zip file knows."""
PROPERTY = 255
"""Characters that a property of a file may have."""
SIZES = {"Normal": 9.5, "Title": 20, "Subtitle": 10, "Heading 1": 12, "Intense Quote": 11, "Caption": 9, "Header": 8, "Footer": 8}
MARGIN, FIGURE = 1.9, 2.9
"""Centimetres: around the page, and of a column of figures."""
RIGHT, FIRST_ROW, LAST_ROW = 2, 0x0620, 0x0040
"""How figures stand; which parts of a table its style sets off, and no bands."""


def needs_word() -> None:
    """Refuse where the package that writes notes is not installed. Raises UsageError."""
    try:
        import docx  # noqa: F401
    except ImportError:
        raise UsageError("--note needs the package python-docx: python -m pip install 'fundalloc[note]'") from None


def write_note(plan: Plan, path: str | Path, language: str, audience: Audience = "inside", asked: Asked | None = None) -> Path:
    """Write the note about a plan and return its path. Raises OutputError, and UsageError without python-docx."""
    needs_word()
    book = Book(plan, plan.scenario.speaks(language), audience == "outside", asked or Asked())
    with new_file(Path(path)) as fresh:
        fresh.write_bytes(note_bytes(book))
    return Path(path)


def note_bytes(book: Book) -> bytes:
    """Return the note as bytes."""
    import docx

    document = docx.Document()
    subject = book.sheet_text("cover", "says", period=book.period)
    paper = Paper.of(book.head, book.plan.log.digest, "", book.within(book.head.title), subject, book.language, 0)
    _dress(document, paper)
    document.add_paragraph(_clean(paper.title), "Title")
    base, *year = book.head.prices.base.split()
    amounts = book.say("cover.amounts_are", prices=" ".join([book.word("prices", base), *year]))
    document.add_paragraph(_clean(" · ".join(filter(None, [book.period, amounts, paper.author, paper.as_of]))), "Subtitle")
    for heading, part in parts_of(book):
        if heading:
            document.add_heading(book.words(heading), 1)
        _add(document, part)
    out = io.BytesIO()
    document.save(out)
    return _undated(out.getvalue())


def _add(document: Document, part: Paragraphs | NoteTable) -> None:
    if isinstance(part, Paragraphs):
        for line in part.texts:
            document.add_paragraph(_clean(line), part.style)
        return
    document.add_paragraph(part.title, "Caption").paragraph_format.keep_with_next = True
    table = document.add_table(0, len(part.headings), "Light Shading")
    for texts in (part.headings, *part.rows):
        for k, (cell, value) in enumerate(zip(table.add_row().cells, texts, strict=True)):
            cell.text = _clean(value)
            form = cell.paragraphs[0].paragraph_format
            form.alignment, form.space_after = RIGHT * (k > 0), 0
    _arrange(table, part)


def _arrange(table: Table, part: NoteTable) -> None:
    """Set widths, the repeated heading, the bold last row, and what a screen reader says of the table."""
    from docx.shared import Cm

    first = Cm(21 - 2 * MARGIN - FIGURE * (len(part.headings) - 1))
    table.autofit = False
    for k, column in enumerate(table.columns):
        column.width = Cm(FIGURE) if k else first
        for cell in column.cells:
            cell.width = column.width
    for row in table.rows:
        _mark(row._tr.get_or_add_trPr(), "w:cantSplit")
    _mark(table.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")
    properties = table._tbl.tblPr
    properties.remove(properties.find(_name("w:tblLook")))
    _mark(properties, "w:tblLook", val=f"{FIRST_ROW + LAST_ROW * part.total:04X}")
    _mark(properties, "w:tblCaption", val=_clean(part.title))
    _mark(properties, "w:tblDescription", val=_clean(part.alt))


def _dress(document: Document, paper: Paper) -> None:
    """A4, one font, the language of the text, what stands around it, and what the file says of itself."""
    from docx.shared import Cm, Pt, RGBColor

    for name, size in SIZES.items():
        style: Any = document.styles[name]
        style.element.get_or_add_rPr().get_or_add_rFonts().attrib.clear()  # the fonts of a theme would go first
        style.font.size, style.font.name, style.paragraph_format.space_after = Pt(size), FONT, Pt(3)
        if name not in ("Normal", "Header", "Footer"):
            style.font.color.rgb = RGBColor.from_string(BLUE.lstrip("#"))
    document.styles["Heading 1"].paragraph_format.space_before = Pt(8)
    _mark(document.styles["Normal"].element.get_or_add_rPr(), "w:lang", val=paper.language)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN)
    section.header.paragraphs[0].text = _clean(f"{paper.marking} · {replace(paper, past='').comments}")
    foot = section.footer.paragraphs[0]
    before, _, after = label("workbook.page", paper.language).replace("{pages}", "{page}").partition("{page}")
    foot.add_run(_clean(f"{paper.footer} · {before}"))
    for field, text in (("PAGE", after.replace("{page}", "")), ("NUMPAGES", "")):
        _mark(foot._p, "w:fldSimple", instr=field)
        foot.add_run(text)
    own = document.core_properties
    for key in ("title", "subject", "author", "language", "comments"):
        setattr(own, key, _clean(getattr(paper, key))[:PROPERTY])
    own.created = own.modified = datetime.fromisoformat(paper.as_of)


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(tag))


def _mark(parent: Any, tag: str, **values: object) -> None:
    """Add an element of WordprocessingML that python-docx has no word for."""
    from docx.oxml import OxmlElement

    element = OxmlElement(tag)
    for key, value in values.items():
        element.set(_name(f"w:{key}"), str(value))
    parent.append(element)


def _clean(text: str) -> str:
    """Return a text on one line, in which nothing acts that should be seen."""
    return visible(" ".join(text.split("\n")))


def _undated(file: bytes) -> bytes:
    """Return the same file with one date for all its entries, so that the same plan gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return out.getvalue()
