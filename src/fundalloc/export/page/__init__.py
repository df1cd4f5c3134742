"""One page for the browser: a file that loads nothing, with pictures, and tables that can be sorted and searched.

Content (`content.py`, `plan.py`) and look (`page.html`, `page.css`, `page.js`) are apart. Tables and charts are those of the workbooks:
the same figures, the same words. Nothing that comes from a scenario is markup; what runs and what styles is named by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from fundalloc.compare.comparison import Comparison
from fundalloc.doors.terminal import UNSEEN
from fundalloc.doors.writing import new_file
from fundalloc.export.comparison import pages_of, paper_of
from fundalloc.export.comparison.sheets import build_sheets
from fundalloc.export.on_request import Asked
from fundalloc.export.page.charts import pictures_of
from fundalloc.export.page.content import Formats, Section, section_of
from fundalloc.export.page.plan import sections_of
from fundalloc.export.studies.report import Report, sheets_of
from fundalloc.export.workbook import Audience
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.paper import Paper
from fundalloc.labels import Words
from fundalloc.plan.plan import Plan

BEHIND, LONG = ("lines", "waterfall", "checks"), 60
"""Sheets that only charts and formulas need, and the rows from which on a table is closed until it is opened."""


def write_page(plan: Plan, path: str | Path, language: str, audience: Audience = "inside", asked: Asked | None = None) -> Path:
    """Write a plan as a page and return its path; the same plan gives the same bytes. Raises OutputError."""
    book = Book(plan, plan.scenario.speaks(language), audience == "outside", asked or Asked())
    head, digest = book.head, plan.log.digest
    subject = book.sheet_text("cover", "says", period=book.period)
    paper = Paper.of(head, digest, "", book.within(head.title), subject, book.language, plan.scenario.decimals)
    base, *year = head.prices.base.split()
    amounts = book.say("cover.amounts_are", prices=" ".join([book.word("prices", base), *year]))
    subtitle = " · ".join(filter(None, [book.period, amounts, head.author, head.as_of]))
    return _write(path, paper, list(sections_of(book)), subtitle, [*book.brief.caveats, *(text for _, text in book.footnotes)])


def page_bytes(paper: Paper, sections: Sequence[Section], subtitle: str, caveats: Sequence[str]) -> bytes:
    """Return the bytes of a page."""
    here = resources.files(__name__)
    template, style, script = ((here / f"page.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    room = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, loader=DictLoader({"page": template}), finalize=_seen)
    words = Words(paper.language)
    marks = [text for text, said in ((words("workbook.cover.illustrative"), paper.illustrative), (paper.marking, paper.marking)) if said]
    page = room.get_template("page").render(
        paper=paper,
        sections=sections,
        subtitle=subtitle,
        caveats=caveats,
        marks=marks,
        words=words,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    return page.encode("utf-8")


def _seen(value: Any) -> Any:
    """Take out of a text what would not be shown, or would turn the order of letters round."""
    return UNSEEN.sub(" ", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def write_comparison_page(found: Comparison, path: str | Path, language: str | None = None) -> Path:
    """Write a comparison as a page and return its path. Raises OutputError."""
    pages = pages_of(found, language)
    return _write_sheets(path, paper_of(pages), build_sheets(pages), last=True)


def write_report_page(report: Report, path: str | Path) -> Path:
    """Write a study as a page and return its path. Raises OutputError."""
    return _write_sheets(path, report.paper, sheets_of(report))


def _write_sheets(path: str | Path, paper: Paper, sheets: Sequence[Sheet], *, last: bool = False) -> Path:
    """Write the sheets of a workbook as a page, what its cover says first, or last; what only charts and formulas need is left out."""
    words, formats, cover = Words(paper.language), Formats(Words(paper.language), paper.decimals), sheets[0]
    shown = [sheet for sheet in sheets[1:] if sheet.key not in BEHIND and sheet.table.height]
    sections = [section_of(sheet, formats, pictures_of(sheet, sheets, formats)) for sheet in shown]
    long = {sheet.key for sheet in shown if sheet.table.height > LONG or sheet.key in ("notes", "sources")}
    folded = [replace(s, tables=[replace(t, closed=s.key in long) for t in s.tables], printed=s.key not in long) for s in sections]
    told = section_of(cover, formats)
    about = replace(told, title=words("workbook.cover.about"), key="about", says=told.says[1:], tables=())
    caveats = [text for text in (paper.past, words("proof.inputs")) if text]
    return _write(path, paper, [*folded, about] if last else [about, *folded], cover.says, caveats)


def _write(path: str | Path, paper: Paper, sections: Sequence[Section], subtitle: str, caveats: Sequence[str]) -> Path:
    with new_file(Path(path)) as fresh:
        fresh.write_bytes(page_bytes(paper, sections, subtitle, caveats))
    return Path(path)
