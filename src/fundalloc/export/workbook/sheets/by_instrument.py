"""What each instrument spends per year, against its ceiling. Budget, partner and memo money are never added together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fundalloc.export.workbook.book import KINDS, Book, Steps, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet
from fundalloc.export.workbook.sheets.decided_money import TABLE as DECIDED
from fundalloc.export.workbook.sheets.free_money import TABLE as FREE
from fundalloc.export.workbook.sheets.free_money import after_use, whole_period

TABLE = "ByInstrument"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.facts
    order = [k for counts in KINDS for k in book.of_kind(counts)]
    instruments = [facts.instruments[k] for k in order]
    money = _money(book)
    across = f"=SUM({TABLE}[[#This Row],[{facts.years[0]}]:[{facts.years[-1]}]])"
    totals = [Formula(across, book.eur(money[k].sum())) for k in order]
    columns = (
        book.column(
            "instrument",
            "text",
            [book.labels["instrument"][i.id] for i in instruments],
            tuple(book.say(f"total.{c}") for c in _kinds(book)),
            width=32,
        ),
        book.column("kind_of_money", "note", [book.word("counts", i.counts) for i in instruments], width=16),
        *(_year_column(book, order, money, t) for t in range(len(facts.years))),
        book.column("total", "total", totals, _kind_totals(book, book.title("total"), money.sum(axis=1))),
        *_ceiling_columns(book, order, money),
        book.column("instrument_id", "code", [book.code("instrument", k) for k in order], printed=False),
    )
    return book.sheet("by_instrument", TABLE, columns, one_page=len(order) <= 24)


def _kinds(book: Book) -> list[str]:
    return [counts for counts in KINDS if book.of_kind(counts)]


def _money(book: Book) -> Steps:
    """Planned money, and decided memo money. Shape: (instruments, years)."""
    facts = book.facts
    return np.asarray(book.cube.sum(axis=(1, 2)), dtype=np.int64) + facts.by_year(facts.memo.instrument, facts.memo.year, facts.memo.amount)


def _year_column(book: Book, order: Sequence[int], money: Steps, t: int) -> Column:
    facts = book.facts
    cells: list[Cell] = []
    for k in order:
        criteria = [("instrument_id", book.here(TABLE, "instrument_id")), book.is_("year", t)]
        value = book.eur(money[k, t])
        if facts.instruments[k].counts != "memo":
            cells.append(book.sum_if("Allocation", "planned", *criteria, value=value))
        else:
            cells.append(book.sum_if(DECIDED, "amount", *criteria, value=value) if len(facts.memo) else 0)
    title = str(facts.years[t])
    return Column(title, "money", tuple(cells), _kind_totals(book, title, money[:, t]))


def _kind_totals(book: Book, title: str, money: Steps) -> tuple[Cell, ...]:
    """One total per kind of money: they are never added together."""
    return tuple(_kind_total(book, title, counts, book.eur(money[book.of_kind(counts)].sum())) for counts in _kinds(book))


def _kind_total(book: Book, title: str, counts: str, value: float) -> Formula:
    name, criterion = book.kind_is(counts)
    return Formula(f"=SUMIFS({TABLE}[{title}],{book.all(TABLE, name)},{criterion})", value)


def _ceiling_columns(book: Book, order: Sequence[int], money: Steps) -> tuple[Column, ...]:
    """Usable ceiling, lapsed and free money and use over the whole period; nothing for money without a ceiling."""
    limits = whole_period(book)
    known = [k for k in order if k in limits]
    budget = [k for k in known if book.facts.instruments[k].counts == "budget"]
    most, spent = sum(limits[k] for k in budget), int(money[budget].sum())
    criteria = ("instrument_id", book.here(TABLE, "instrument_id")), ("year", quoted(book.say("whole_period")))
    usable = {k: book.sum_if(FREE, "usable", *criteria, value=book.eur(limits[k])) for k in known}
    part = f"=IFERROR({book.here(TABLE, 'total')}/{book.here(TABLE, 'usable')},0)"
    used = {k: Formula(part, int(money[k].sum()) / limits[k] if limits[k] else 0) for k in known}
    usable_total = _kind_total(book, book.title("usable"), "budget", book.eur(most))
    spent_total = _kind_total(book, book.title("total"), "budget", book.eur(money[book.of_kind("budget")].sum()))
    used_total = Formula(f"=IFERROR(({spent_total.text[1:]})/({usable_total.text[1:]}),0)", spent / most if most else 0)
    none, after = book.say("not_applicable"), []
    for key, found in after_use(book, [criteria] * len(known), lambda table: table[known, -1]):
        cells = dict(zip(known, found, strict=True))
        whole = sum(float(cells[k].value) for k in budget)
        after.append(book.column(key, "money", [cells.get(k, none) for k in order], (_kind_total(book, book.title(key), "budget", whole),)))
    return (
        book.column("usable", "money", [usable.get(k, none) for k in order], (usable_total,)),
        *after,
        book.column("used", "share", [used.get(k, none) for k in order], (used_total,), width=11, mark="bar"),
    )
