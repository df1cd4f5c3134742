"""Three input tables that need no formulas: eligibility, exceptions and markers."""

from __future__ import annotations

from collections.abc import Sequence

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.facts.dimensions import Choice
from fundalloc.facts.selection import Clause


def eligibility(book: Book) -> Sheet | None:
    """Return who may fund what, with effectiveness and reason; None when the table is empty."""
    entries = book.facts.eligibility
    if not entries:
        return None
    labels = book.labels
    columns = (
        book.column("instrument", "text", [labels["instrument"][e.keys[0]] for e in entries]),
        book.column("area", "text", [labels["area"][e.keys[1]] for e in entries]),
        book.column("effectiveness", "factor", [float(e.value) for e in entries], width=14),
        book.column("reason", "text", [book.within(e.reason) for e in entries], width=60),
        *book.founded(entries),
    )
    return book.sheet("eligibility", "Eligibility", columns, money=False, filtered=True, colour="input")


def exceptions(book: Book) -> Sheet | None:
    """Return what is barred or opened against the eligibility table; None when nothing is."""
    facts = book.facts
    entries = [("exclude", c) for c in facts.exclude] + [("allow", c) for c in facts.allow]
    if not entries:
        return None
    columns = (
        book.column("exception", "strong", [c.id for _, c in entries], width=26),
        book.column("effect", "text", [book.word("effect", word) for word, _ in entries], width=12),
        book.column("concerns", "text", [_concerns(book, c) for _, c in entries], width=56),
        book.column("reason", "text", [book.within(c.reason) for _, c in entries], width=56),
        *book.founded([c for _, c in entries], 40),
    )
    return book.sheet("exceptions", "Exceptions", columns, money=False, colour="input")


def markers(book: Book) -> Sheet | None:
    """Return how much of a euro counts towards what; None when there are no markers."""
    entries = book.facts.coefficients
    if not entries:
        return None
    labels, everything = book.labels, book.say("all")
    columns = (
        book.column("marker", "strong", [book.word("marker", e.keys[0]) for e in entries], width=24),
        book.column("area", "text", [labels["area"].get(e.keys[1], everything) for e in entries]),
        book.column("instrument", "text", [labels["instrument"].get(e.keys[2], everything) for e in entries]),
        book.column("coefficient", "factor", [float(e.value) for e in entries], width=13),
        *book.founded(entries, 70),
    )
    return book.sheet("markers", "Markers", columns, money=False, filtered=True, colour="input")


def _concerns(book: Book, clause: Clause) -> str:
    """Return in words what an exception is about: names where there are any, tags as written."""
    parts = []
    for name in ("instrument", "partnership", "area", "year"):
        choice = getattr(clause, name)
        if choice is not None:
            parts.append(", ".join(_choice(book, name, choice)))
    return " · ".join(parts)


def _choice(book: Book, dimension: str, choice: Choice) -> Sequence[str]:
    if dimension == "year":
        years = sorted(str(word) for word in choice)
        return [f"{years[0]}-{years[-1]}"] if len(years) > 1 and int(years[-1]) - int(years[0]) == len(years) - 1 else years
    names = book.labels[dimension]
    return [
        names.get(word) or _tag(book, word) if isinstance(word, str) else " + ".join(_tag(book, f"{g}:{v}") for g, vs in word for v in vs)
        for word in choice
    ]


def _tag(book: Book, word: str) -> str:
    """Return the name of a tag, or the tag as written."""
    group, _, value = word.partition(":")
    return book.names.get(group, {}).get(value, word)
