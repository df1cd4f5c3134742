"""What stands around every sheet, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_range

from fundalloc.export.workbook import theme
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.layout import Geometry, fit
from fundalloc.labels import Words, label
from fundalloc.scenario.sections import Head

SMALL = f'&8&"{theme.FONT},Regular"'
"""Code for small print in headers and footers; it ends in a quotation mark, so that text may start with a digit."""
AS_IS = {"scale_with_doc": False}
"""Headers and footers keep their size where the sheet is made smaller."""


@dataclass(frozen=True)
class Paper:
    """What stands around every sheet: document properties, header and footer, words of the frame."""

    title: str
    subject: str
    author: str
    keywords: str
    as_of: str
    """ISO date."""
    marking: str
    footer: str
    past: str
    """What is said of years that are over and planned anew."""
    illustrative: bool
    language: str
    decimals: int
    live: bool = True
    """Whether formulas are written; otherwise only their values."""

    @classmethod
    def of(cls, head: Head, digest: str, keywords: str, title: str, subject: str, language: str, decimals: int, live: bool = True) -> Paper:
        """Return what stands around the sheets about one scenario."""
        marking = head.output.marking.within(language) if head.output.marking else ""
        marking = marking or Words(language).word("workbook.scenario_state", head.state)
        footer = f"{head.scenario} · {head.as_of} · {digest[:12]}"
        told = head.said_of_past(language), head.illustrative
        return cls(title, subject, head.author, keywords, head.as_of, marking, footer, *told, language, decimals, live)

    @property
    def comments(self) -> str:
        """What is said of the data."""
        said = ["illustrative"] * self.illustrative + ["not_official"]
        return " ".join([*(label(f"workbook.cover.{key}", self.language) for key in said), self.past]).strip()


def set_up_printing(to: Any, sheet: Sheet, place: Geometry, paper: Paper) -> None:
    """A4, one page wide, headings repeated, what it is and page numbers around it."""
    to.set_paper(9)
    if not sheet.portrait:
        to.set_landscape()
    to.set_margins(left=0.3, right=0.3, top=0.75, bottom=0.65)
    shape = fit(sheet, place)
    to.fit_to_pages(shape.wide, shape.tall)
    if shape.wide > 1:
        to.repeat_columns(0)
    last = place.last_row if sheet.printed_rows is None else place.header_row + sheet.printed_rows
    to.print_area(0, 0, last, place.printed - 1)
    marked = [paper.marking, *([label("workbook.cover.illustrative", paper.language)] if paper.illustrative else [])]
    to.set_header(f"&L{SMALL}{_printable(' · '.join(marked))}&R{SMALL}{_printable(place.name)}", AS_IS)
    page = _printable(label("workbook.page", paper.language)).replace("{page}", "&P").replace("{pages}", "&N")
    to.set_footer(f"&L{SMALL}{_printable(paper.footer)}&R{SMALL}{page}", AS_IS)
    if sheet.frozen:
        to.freeze_panes(place.first_row, 1)
    to.repeat_rows(place.header_row)
    to.ignore_errors({"number_stored_as_text": xl_range(0, 0, place.last_row, len(place.widths) - 1)})


def _printable(text: str) -> str:
    """Return a text for headers and footers, where & starts a code."""
    return text.replace("&", "&&")[:120]
