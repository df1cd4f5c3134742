"""What each instrument spends per year, against its ceiling. Budget, partner and memo money are never added together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fundalloc.export.workbook.book import KINDS, Book, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet
from fundalloc.export.workbook.sheets.decided_money import TABLE as DECIDED
from fundalloc.export.workbook.sheets.free_money import TABLE as FREE
from fundalloc.export.workbook.sheets.free_money import after_use, whole_period
from fundalloc.money import IntArray

TABLE = "ByInstrument"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    years, order = book.facts.years, [k for counts in KINDS for k in book.of_kind(counts)]
    money, words = _money(book), tuple(book.say(f"total.{counts}") for counts in _kinds(book))
    across, total = f"=SUM({TABLE}[[#This Row],[{years[0]}]:[{years[-1]}]])", money.sum(axis=1)
    columns = (
        book.column("instrument", "text", [book.label("instrument", k) for k in order], words, width=32),
        book.kinds_of(order, width=16),
        *(_year_column(book, order, money, t) for t in range(len(years))),
        book.column("total", "total", [Formula(across, book.eur(total[k])) for k in order], _kind_totals(book, book.title("total"), total)),
        *_ceiling_columns(book, order, total),
        book.ids_of("instrument", order),
    )
    return book.sheet("by_instrument", TABLE, columns, one_page=len(order) <= 24)


def _kinds(book: Book) -> list[str]:
    return [counts for counts in KINDS if book.of_kind(counts)]


def _money(book: Book) -> IntArray:
    """Planned money, and decided memo money. Shape: (instruments, years)."""
    facts = book.facts
    return np.asarray(book.cube.sum(axis=(1, 2)), dtype=np.int64) + facts.by_year(facts.memo.instrument, facts.memo.year, facts.memo.amount)


def _year_column(book: Book, order: Sequence[int], money: IntArray, t: int) -> Column:
    here, heading = (book.own(TABLE, "instrument"), book.is_("year", t)), str(book.facts.years[t])
    planned = book.planned(*here)
    memo = book.sum_if_text(DECIDED, "amount", *here) if len(book.facts.memo) else ""
    texts = [memo if book.facts.instruments[k].counts == "memo" else planned for k in order]
    cells = [Formula(f"={text}", book.eur(money[k, t])) if text else 0 for k, text in zip(order, texts, strict=True)]
    return book.column("", "money", cells, _kind_totals(book, heading, money[:, t]), heading=heading)


def _kind_totals(book: Book, title: str, money: IntArray) -> tuple[Cell, ...]:
    """One total per kind of money: they are never added together."""
    return tuple(_kind_total(book, title, counts, book.eur(money[book.of_kind(counts)].sum())) for counts in _kinds(book))


def _kind_total(book: Book, title: str, counts: str, value: float) -> Formula:
    name, criterion = book.kind_is(counts)
    return Formula(f"=SUMIFS({TABLE}[{title}],{book.all(TABLE, name)},{criterion})", value)


def _ceiling_columns(book: Book, order: Sequence[int], money: IntArray) -> Iterator[Column]:
    """Usable ceiling, lapsed and free money and use over the whole period; nothing for money without a ceiling."""
    limits, none = whole_period(book), book.say("not_applicable")
    known = [k for k in order if k in limits]
    budget = [k for k in known if book.facts.instruments[k].counts == "budget"]

    def column(key: str, style: str, found: Iterable[Formula], total: Formula, **look: Any) -> Column:
        cells = dict(zip(known, found, strict=True))
        return book.column(key, style, [cells.get(k, none) for k in order], (total,), **look)

    most, spent = sum(limits[k] for k in budget), int(money[budget].sum())
    here = book.own(TABLE, "instrument"), ("year", quoted(book.say("whole_period")))
    usable = _kind_total(book, book.title("usable"), "budget", book.eur(most))
    yield column("usable", "money", [book.sum_if(FREE, "usable", *here, value=book.eur(limits[k])) for k in known], usable)
    for key, found in after_use(book, [here] * len(known), lambda table: table[known, -1]):
        whole = sum(float(cell.value) for k, cell in zip(known, found, strict=True) if k in budget)
        yield column(key, "money", found, _kind_total(book, book.title(key), "budget", whole))
    part = f"=IFERROR({book.here(TABLE, 'total')}/{book.here(TABLE, 'usable')},0)"
    all_spent = _kind_total(book, book.title("total"), "budget", 0)
    used = Formula(f"=IFERROR(({all_spent.text[1:]})/({usable.text[1:]}),0)", spent / most if most else 0)
    parts = [Formula(part, int(money[k]) / limits[k] if limits[k] else 0) for k in known]
    yield column("used", "share", parts, used, width=11, mark="bar")
