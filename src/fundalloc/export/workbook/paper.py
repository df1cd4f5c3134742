"""What stands around every sheet, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from xlsxwriter.utility import xl_range

from fundalloc.export.workbook import theme
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.geometry import Geometry

SMALL = f'&8&"{theme.FONT},Regular"'
"""Code for small print in headers and footers; it ends in a quotation mark, so that text may start with a digit."""


@dataclass(frozen=True)
class Paper:
    """What stands around every sheet: document properties, header and footer, words of the frame."""

    title: str
    subject: str
    author: str
    comments: str
    keywords: str
    created: datetime
    marking: str
    footer: str
    page: str
    """`Page {page} of {pages}` in the workbook's language."""
    back: str
    """Text of the link to the cover."""
    decimals: int
    live: bool = True
    """Whether formulas are written; otherwise only their values."""


def set_up_printing(to: Any, sheet: Sheet, place: Geometry, paper: Paper) -> None:
    """A4, one page wide, headings repeated, what it is and page numbers around it."""
    to.set_paper(9)
    if not sheet.portrait:
        to.set_landscape()
    to.set_margins(left=0.45, right=0.45, top=0.75, bottom=0.65)
    to.fit_to_pages(1, 1 if sheet.one_page else 0)
    to.print_area(0, 0, place.last_row, place.printed - 1)
    name = place.name
    to.set_header(f"&L{SMALL}{_printable(paper.marking)}&R{SMALL}{_printable(name)}")
    page = _printable(paper.page).replace("{page}", "&P").replace("{pages}", "&N")
    to.set_footer(f"&L{SMALL}{_printable(paper.footer)}&R{SMALL}{page}")
    if sheet.frozen:
        to.freeze_panes(place.first_row, 1)
    to.repeat_rows(place.header_row)
    to.ignore_errors({"number_stored_as_text": xl_range(0, 0, place.last_row, len(place.widths) - 1)})


def _printable(text: str) -> str:
    """Return a text for headers and footers, where & starts a code."""
    return text.replace("&", "&&")[:120]
