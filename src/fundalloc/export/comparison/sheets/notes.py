"""What the words mean, and how movements are classed and changes shared out."""

from __future__ import annotations

from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets.movements import clause_text
from fundalloc.export.workbook.content import Sheet

TERMS = ("amounts", "change", "movement", "flexible", "beyond", "decision", "shares", "set", "nearest", "asked", "markers", "score", "zero")


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    words = {"clause": clause_text(pages, pages.found.pairs[0].movements.clause), "zero": "–", "first": pages.sides[0]}
    columns = (
        pages.column("term", "strong", [pages.say(f"note.{term}.term", **words) for term in TERMS], width=30),
        pages.column("means", "text", [pages.say(f"note.{term}.means", **words) for term in TERMS], width=112),
    )
    return pages.sheet("notes", "Notes", columns, money=False, colour="rest")
