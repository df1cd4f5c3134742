"""One partnership on one page: readers choose it in a cell, and every figure follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet, Styled, Validation, plain
from fundalloc.export.workbook.live_rules import about_one, said_live
from fundalloc.export.workbook.sheets.inputs import NEEDS
from fundalloc.export.workbook.sheets.money_by import PARTNERSHIP
from fundalloc.money import IntArray

CHOSEN = "ChosenHere"
MOST = 14
"""Demands about one partnership that are shown."""
Row = tuple[Cell, ...]
"""What kind of thing, what it is called, decided and planned money, and what is needed or asked."""


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
    says = book.sheet_text("fiche", "says")
    entry = Validation(says, says, listed=(PARTNERSHIP, "partnership"))
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
        picked = (needs.partnership == chosen) & (True if area is None else areas.covers[area][needs.area])
        return book.sum_if(NEEDS, "need", own, *only, value=float(coverage.need[picked].sum())) if len(needs) else None

    is_budget, areas = book.kind_is("budget"), book.facts.dimensions.area
    yield book.say("total.all"), book.word("counts", "budget"), *amounts([c[budget] for c in cubes], is_budget), need()
    for k in (*budget, *book.of_kind("partner")):
        yield book.title("instrument"), book.label("instrument", k), *amounts([c[k] for c in cubes], book.is_("instrument", k)), None
    for a in book.areas:
        only = ("area_id", quoted(book.code("area", a)))
        parts = [c[budget][:, areas.covers[a]] for c in cubes]
        yield book.title("area"), book.label("area", a), *amounts(parts, only, is_budget), need(only, area=a)
    for a in (k for k in range(len(areas.ids)) if areas.ids[k] in areas.within):
        yield (
            book.title("action"),
            book.label("action", a),
            *amounts([c[budget][:, a] for c in cubes], book.is_("action", a), is_budget),
            None,
        )
    for t, year in enumerate(book.facts.years):
        yield book.title("year"), str(year), *amounts([c[budget][:, :, t] for c in cubes], book.is_("year", t), is_budget), None


def _demands(book: Book, chosen: int) -> Iterator[Row]:
    """Pledges, and what leaves nothing to spare or is missed, found by the numbers that were stored on the sheet Rules."""
    known, findings = {key: k for k, key in enumerate(about_one(book)) if key}, book.plan.findings
    most = max((int(key.rpartition("|")[2]) for key in known), default=0)
    for n in range(1, min(most, MOST) + 1):
        at = known.get(f"{book.code('partnership', chosen)}|{n}")
        place = f'MATCH({_id(book)}&"|{n}",{book.all("Rules", "fiche_key")},0)'

        finding = None if at is None else findings[at]
        says = "" if finding is None else str(plain(said_live(book, finding)))
        status = "" if finding is None else book.status(finding.status)
        amount, limit = (0.0, 0.0) if finding is None else (float(finding.amount), float(finding.limit))
        shown = (("status", status), ("says", says), ("amount", amount), ("limit", limit))
        cells = [Formula(f'=IFERROR(INDEX({book.all("Rules", key)},{place}),"")', "" if at is None else value) for key, value in shown]
        yield cells[0], cells[1], None, cells[2], cells[3]
