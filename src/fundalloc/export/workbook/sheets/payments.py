"""Payments and outstanding commitments: what commitments cost in cash, by the instruments' payment profiles.

Below the instruments stand, for every year, the sum of payments, what is still outstanding at its end (RAL), and what
must be contracted by then or is decommitted (n+3).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Column, ColumnSum, Formula, Sheet
from fundalloc.export.workbook.line_sums import Boxes
from fundalloc.facts.entities import Instrument
from fundalloc.insight.payments import Cash, payments, payments_by_year

TABLE = "Payments"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when no instrument has a payment profile."""
    cash = payments(book.plan)
    if not cash:
        return None
    facts = book.facts
    chosen = [k for k, i in enumerate(facts.instruments) if i.id in {c.instrument for c in cash}]
    by_year = payments_by_year(cash)
    years = [c.year for c in by_year]
    paid = {(c.instrument, c.year): c.paid for c in cash}
    here = ("instrument_id", book.here(TABLE, "instrument_id"))
    instruments = [facts.instruments[k] for k in chosen]
    committed = [book.eur(book.cube[k].sum()) for k in chosen]
    within = [sum((paid[i.id, year] for year in facts.years), Fraction(0)) for i in instruments]
    rest = [c + float(_earlier(i) - part) for c, i, part in zip(committed, instruments, within, strict=True)]
    inside = f"=SUM({TABLE}[[#This Row],[{years[0]}]:[{facts.years[-1]}]])"
    earlier = [_earlier(i) for i in instruments]
    lefts = [f"={book.here(TABLE, 'committed')}-{book.here(TABLE, 'paid_in_period')}{_plus(e)}" for e in earlier]
    risks = any(c.at_risk is not None for c in by_year)
    labels = (book.say("total.all"), book.say("total.outstanding"), *([book.say("total.at_risk")] if risks else []))
    columns = (
        book.column("instrument", "text", [book.labels["instrument"][i.id] for i in instruments], labels),
        book.column(
            "committed",
            "money",
            [book.sum_if("Allocation", "planned", here, value=v) for v in committed],
            (_sum(sum(committed)),),
            width=12,
        ),
        *(_year(book, chosen, c, k, [paid[i.id, c.year] for i in instruments]) for k, c in enumerate(by_year)),
        book.column("paid_in_period", "total", [Formula(inside, float(v)) for v in within], (_sum(float(sum(within))),), width=12),
        book.column("outstanding", "money", [Formula(t, v) for t, v in zip(lefts, rest, strict=True)], (_sum(sum(rest)),), width=12),
        book.column("profile", "note", [_profile(i) for i in instruments], printed=False),
        book.column("instrument_id", "code", [book.code("instrument", k) for k in chosen], printed=False),
    )
    return book.sheet("payments", TABLE, columns, one_page=len(chosen) <= 30)


def _sum(value: float) -> ColumnSum:
    return ColumnSum(value)


def _year(book: Book, chosen: list[int], cash: Cash, position: int, paid: list[Fraction]) -> Column:
    """One year: payments of every instrument; their sum, what is outstanding at its end, and what is at risk in it."""
    facts = book.facts
    cells: list[Cell] = [_cell(book, k, cash.year, value) for k, value in zip(chosen, paid, strict=True)]
    earlier = sum((_earlier(facts.instruments[k]) for k in chosen), Fraction(0))
    before = "BESIDE(1)" if position else repr(float(earlier))
    totals = [
        Formula(f"=SUM(ABOVE({len(chosen)}))", float(cash.paid)),
        Formula(f"={before}{_new(book, chosen, cash.year)}-ABOVE(1)", float(cash.outstanding)),
    ]
    if cash.at_risk is not None:
        totals.append(_risk(book, chosen, cash))
    return Column(str(cash.year), "money", tuple(cells), tuple(totals), width=10.5)


def _new(book: Book, chosen: list[int], year: int) -> str:
    """Return the commitments of a year, as a term of a formula."""
    facts = book.facts
    if year not in facts.years:
        return ""
    sizes = [len(d.ids) for d in facts.dimensions]
    everyone = np.ones(sizes[1], dtype=bool), np.ones(sizes[2], dtype=bool)
    text = Boxes(book).total((np.isin(np.arange(sizes[0]), chosen), *everyone, np.array(facts.years) == year))
    return "" if text == "0" else f"+{text}"


def _risk(book: Book, chosen: list[int], cash: Cash) -> Formula:
    """Return what is not contracted three years after its commitment."""
    facts = book.facts
    terms = []
    for k in chosen:
        instrument = facts.instruments[k]
        late = 1 - sum(instrument.contracting_profile[:4], Fraction(0)) if instrument.contracting_profile else Fraction(0)
        if late and cash.year - 3 in facts.years:
            year = facts.years.index(cash.year - 3)
            terms.append(f"{float(late)!r}*{book.sum_if_text('Allocation', 'planned', book.is_('instrument', k), book.is_('year', year))}")
    return Formula("=" + ("+".join(terms) or "0"), float(cash.at_risk or 0))


def _cell(book: Book, k: int, year: int, value: Fraction) -> Cell:
    facts = book.facts
    instrument = facts.instruments[k]
    profile = instrument.payment_profile
    shares = [(t, profile[year - t]) for t in facts.years if 0 <= year - t < len(profile) and profile[year - t]]
    due = instrument.outstanding.get(year, Fraction(0))
    if not shares:
        return float(due)
    years = "{" + ",".join(str(t) for t, _ in shares) + "}"
    parts = "{" + ",".join(repr(float(share)) for _, share in shares) + "}"
    text = book.sum_if_text("Allocation", "planned", ("instrument_id", book.here(TABLE, "instrument_id")), ("year", years))
    return Formula(f"=SUMPRODUCT({text}*{parts}){_plus(due)}", float(value))


def _plus(amount: Fraction) -> str:
    return f"+{float(amount)!r}" if amount else ""


def _earlier(instrument: Instrument) -> Fraction:
    return sum(instrument.outstanding.values(), Fraction(0))


def _profile(instrument: Instrument) -> str:
    return ", ".join(f"{float(share) * 100:g} %" for share in instrument.payment_profile)
