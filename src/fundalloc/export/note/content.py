"""What the note says, part by part, from what is told of a plan everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fundalloc.export.workbook.book import FOUNDED, Book
from fundalloc.facts.citation import cited
from fundalloc.insight.brief import Recipient
from fundalloc.versions import VERSION

MOST = 10
"""Partnerships and shortfalls that are listed; what is left out is counted."""
FIRM = ("rules", "proof", "proof_below")
"""The sentences about what holds; the others say what there is."""
TERMS = ("kinds_of_money", "decided", "need", "coverage")


class Paragraphs(NamedTuple):
    """Paragraphs of one style."""

    style: str
    texts: list[str]


class NoteTable(NamedTuple):
    """A table: its title, what it shows in one sentence, headings, rows: a text and figures; whether the last is a total."""

    title: str
    alt: str
    headings: list[str]
    rows: list[list[str]]
    total: bool = False


def parts_of(book: Book) -> Iterator[tuple[str, Paragraphs | NoteTable]]:
    """Yield the parts of the note, each below its heading; without one, below the heading before."""
    brief, words = book.brief, book.words
    told, firm = ([s.text(words) for s in brief.sentences if (s.key in FIRM) is firm] for firm in (False, True))
    yield "note.asked", Paragraphs("Intense Quote", [brief.asked.text(words)])
    yield "page.brief", Paragraphs("List Bullet", told)
    yield "note.standing", Paragraphs("Normal", [said.text(words) for said in brief.standing])
    yield "", _partnerships(book)
    yield "page.missed", _missed(book) if brief.missed else Paragraphs("Normal", [words("note.none_missed")])
    if len(brief.missed) > MOST:
        yield "", Paragraphs("Normal", [words("note.more", count=len(brief.missed) - MOST)])
    yield "note.firm", Paragraphs("List Bullet", [*firm, *_firmness(book), *filter(None, [brief.fairness])])
    yield "page.caveats", Paragraphs("List Number", [*brief.caveats])
    yield (
        "note.terms",
        Paragraphs(
            "List Bullet", [words("page.colon").join(book.say(f"note.{term}.{part}") for part in ("term", "means")) for term in TERMS]
        ),
    )
    yield "note.sources", Paragraphs("List Bullet", [*_sources(book)])


def _partnerships(book: Book) -> NoteTable:
    """Return decided and new money, and the need that is not met: the largest, the others together, and the total."""
    words, places = book.words, book.plan.scenario.decimals
    changes = book.has_baseline

    def figures(row: Recipient) -> list[float]:
        return [round(figure, places) for figure in (row.decided, row.new, row.missing, *([row.change] if changes else []))]

    def shown(name: str, values: list[float]) -> list[str]:
        return [name, *(words.number(v, places) for v in values[:3]), *(words.signed(v, places) for v in values[3:])]

    rows = [(row.label, figures(row)) for row in book.brief.rows]
    listed, rest = (rows, []) if len(rows) <= MOST + 1 else (rows[:MOST], rows[MOST:])
    if rest:
        listed = [*listed, (words("page.others", count=len(rest)), [sum(column) for column in zip(*(v for _, v in rest), strict=True)])]
    total = [sum(column) for column in zip(*(values for _, values in rows), strict=True)]
    headings = [book.title(key) for key in ("partnership", "decided", "newly_planned")] + [words("page.not_met")]
    table = [shown(name, values) for name, values in [*listed, (book.say("total.all"), total)]]
    headings += [book.title("change")] * changes
    return NoteTable(words("note.table_title"), words("note.table_alt"), headings, table, total=True)


def _missed(book: Book) -> NoteTable:
    words, pledge = book.words, book.title("pledge")
    rows = [[f"{m.says} · {pledge}" if m.pledge else m.says, m.amount, m.limit] for m in book.brief.missed[:MOST]]
    headings = [words("page.asked_for"), book.title("planned"), words("note.limit")]
    return NoteTable(words("note.missed_title"), words("page.missed"), headings, rows)


def _firmness(book: Book) -> list[str]:
    """What is known of how far amounts could move: of partnerships, of every amount where that was asked, or that nothing is."""
    ranges = book.asked.ranges
    every = "" if ranges is None else book.words("report.ranges", firm=int(ranges["firm"].sum()), count=len(ranges))
    return [said for said in (book.brief.firmness, every) if said] or [book.words("note.not_computed")]


def _sources(book: Book) -> Iterator[str]:
    """Yield the sources of ceilings and of what is missed, each once, and how the note came about."""
    of_ceilings = [i.source for i in book.facts.instruments if i.counts == "budget"]
    of_missed = [book.plan.findings[m.at].rule.source for m in book.brief.missed[:MOST]]
    said = dict.fromkeys(cited(source, book.language) for source in (*of_ceilings, *of_missed) if source not in ("", *FOUNDED))
    yield from ["; ".join(said)] * bool(said)
    yield book.words("note.origin", scenario=book.head.scenario, digest=book.plan.log.digest[:12], version=VERSION)
