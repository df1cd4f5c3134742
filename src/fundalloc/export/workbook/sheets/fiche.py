"""One partnership on one page: readers choose it in a cell, and every figure follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet, Styled
from fundalloc.export.workbook.sheets.inputs import NEEDS
from fundalloc.export.workbook.sheets.money_by import PARTNERSHIP
from fundalloc.insight.brief import promises
from fundalloc.money import IntArray
from fundalloc.plan.verify import OK, Finding

CHOSEN = "ChosenPartnership"
MOST = 14
"""Demands about one partnership that are shown."""
Row = tuple[str, Cell, Cell, Cell, Cell]
"""What kind of thing, what it is called, decided and planned money, and what is needed or asked."""


def about(book: Book) -> list[str]:
    """Return for every demand what finds it here: partnership and number, if it is a pledge or leaves nothing to spare; else nothing."""
    counts: dict[str, int] = {}
    return [_key(book, finding, counts) for finding in book.plan.findings]


def _key(book: Book, finding: Finding, counts: dict[str, int]) -> str:
    picked = finding.rule.money.partnership or ()
    whose = [book.codes["partnership"].get(str(word), "") for word in (*finding.member, *(picked if len(picked) == 1 else ()))]
    code = next(filter(None, whose), "")
    if not code or finding.rule.built_in or (finding.status == OK and not promises(finding)):
        return ""
    counts[code] = counts.get(code, 0) + 1
    return f"{code}|{counts[code]}"


def build(book: Book) -> Sheet | None:
    """Return the sheet; the partnership with most money is the first choice. None where nothing could be looked up."""
    if not book.live or not book.leaves:
        return None
    chosen = max(book.leaves, key=lambda p: int(book.budget[p].sum()))
    rows = [*_money(book, chosen), *_demands(book, chosen)]
    columns = (
        book.column("kind", "strong", [kind for kind, *_ in rows], width=20),
        book.column("concerns", "text", [row[1] for row in rows], width=62),
        *(book.column(key, "money", [row[k] for row in rows], width=13) for k, key in ((2, "decided"), (3, "planned"), (4, "asked"))),
    )
    entry = replace(book.entry("pick"), listed=(PARTNERSHIP, "partnership"))
    choice = Fact(book.title("partnership"), Styled(book.label("partnership", chosen), "input_text"), CHOSEN, entry=entry)
    return book.sheet("fiche", "Fiche", columns, facts=(choice,), portrait=True, one_page=True)


def _id(book: Book) -> str:
    return f"INDEX({book.all(PARTNERSHIP, 'partnership_id')},MATCH({CHOSEN},{book.all(PARTNERSHIP, 'partnership')},0))"


def _money(book: Book, chosen: int) -> Iterator[Row]:
    """The EU budget in all, by area, action and year, with needs, and all money by instrument."""
    own, cubes = ("partnership_id", _id(book)), [book.cube_of(amounts)[:, chosen] for amounts in (book.lines.decided, book.plan.steps)]
    budget, needs, coverage = book.of_kind("budget"), book.facts.needs, book.plan.coverage

    def amounts(parts: Sequence[IntArray], *only: tuple[str, str]) -> list[Formula]:
        keys = zip(("decided", "planned"), parts, strict=True)
        return [book.sum_if("Allocation", key, own, *only, value=book.eur(part.sum())) for key, part in keys]

    def need(*only: tuple[str, str], area: int | None = None) -> Cell:
        picked = needs.partnership == chosen if area is None else (needs.partnership == chosen) & book.facts.dimensions.area.covers[area][needs.area]
        return book.sum_if(NEEDS, "need", own, *only, value=float(coverage.need[picked].sum())) if len(needs) else None

    is_budget, area = book.kind_is("budget"), book.facts.dimensions.area
    yield book.say("total.all"), book.word("counts", "budget"), *amounts([c[budget] for c in cubes], is_budget), need()
    for k in (*budget, *book.of_kind("partner")):
        yield book.title("instrument"), book.label("instrument", k), *amounts([c[k] for c in cubes], book.is_("instrument", k)), None
    for a in book.areas:
        only = ("area_id", quoted(book.code("area", a)))
        parts = [c[budget][:, area.covers[a]] for c in cubes]
        yield book.title("area"), book.label("area", a), *amounts(parts, only, is_budget), need(only, area=a)
    for a in (k for k in range(len(area.ids)) if area.within and area.ids[k] in area.within):
        yield book.title("action"), book.label("action", a), *amounts([c[budget][:, a] for c in cubes], book.is_("action", a), is_budget), None
    for t, year in enumerate(book.facts.years):
        yield book.title("year"), str(year), *amounts([c[budget][:, :, t] for c in cubes], book.is_("year", t), is_budget), None


def _demands(book: Book, chosen: int) -> Iterator[Row]:
    """Pledges, and what leaves nothing to spare or is missed, found by the numbers that were stored on the sheet Rules."""
    known, findings = {key: k for k, key in enumerate(about(book)) if key}, book.plan.findings
    most = max((int(key.rpartition("|")[2]) for key in known), default=0)
    for n in range(1, min(most, MOST) + 1):
        at = known.get(f"{book.code('partnership', chosen)}|{n}")
        place = f'MATCH({_id(book)}&"|{n}",{book.all("Rules", "fiche_key")},0)'

        def found(column: str, value: float | str) -> Formula:
            return Formula(f'=IFERROR(INDEX({book.all("Rules", column)},{place}),"")', "" if at is None else value)

        finding = None if at is None else findings[at]
        says = "" if finding is None else finding.said(book.names, book.language)
        status = "" if finding is None else book.status(finding.status)
        amount, limit = (0.0, 0.0) if finding is None else (float(finding.amount), float(finding.limit))
        yield found("status", status), found("says", says), None, found("amount", amount), found("limit", limit)
