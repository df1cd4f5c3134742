"""Definitions, status words, rounding: what a reader must know to trust the figures."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.money import HARD_SPACE

TERMS = (
    "commitments",
    "migration_money",
    "kinds_of_money",
    "ceiling",
    "decided",
    "need",
    "effectiveness",
    "coverage",
    "priority",
    "rule",
    "force",
    "status_ok",
    "status_at_limit",
    "status_missed",
    "status_decided",
    "status_breach",
    "shadow_price",
    "score",
    "proof",
    "live",
    "try_it",
    "own_rules",
    "rounding",
    "zero",
    "not_applicable",
    "codes",
    "confidence",
)


def build(book: Book) -> Sheet:
    """Return the sheet."""
    head = book.head
    own = {"migration_money": book.within(head.migration_money)}
    step = f"{round(float(book.facts.step) * 1_000_000):,}".replace(",", HARD_SPACE)
    words = {"step": step, "zero": "–", "none": book.say("none"), "na": book.say("not_applicable")}
    texts = [own.get(term) or book.say(f"note.{term}.means", **words) for term in TERMS]
    footnotes = dict(book.footnotes)
    columns = (
        book.column("term", "strong", [*(book.say(f"note.{term}.term", **words) for term in TERMS), *footnotes], width=30),
        book.column("means", "text", [*texts, *footnotes.values()], width=112),
    )
    return book.sheet("notes", "Notes", columns, money=False, colour="rest")
