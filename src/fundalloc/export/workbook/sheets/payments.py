"""Payments and outstanding commitments: what commitments cost in cash, by the instruments' payment profiles.

Below the instruments stand, for every year, the sum of payments, what is still outstanding at its end (RAL), and what
must be contracted by then or is decommitted (n+3).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

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
    facts, by_year = book.facts, payments_by_year(cash)
    names = {c.instrument for c in cash}
    chosen = [k for k, i in enumerate(facts.instruments) if i.id in names]
    instruments = [facts.instruments[k] for k in chosen]
    paid = {(c.instrument, c.year): c.paid for c in cash}
    risks = any(c.at_risk is not None for c in by_year)
    labels = (book.say("total.all"), book.say("total.outstanding"), *([book.say("total.at_risk")] if risks else []))
    columns = (
        book.column("instrument", "text", [book.label("instrument", k) for k in chosen], labels),
        *_over_period(book, chosen, by_year, [sum((paid[i.id, year] for year in facts.years), Fraction(0)) for i in instruments], paid),
        book.column("profile", "note", [_profile(i) for i in instruments], printed=False),
        book.ids_of("instrument", chosen),
    )
    return book.sheet("payments", TABLE, columns, one_page=len(chosen) <= 30)


def _over_period(
    book: Book, chosen: list[int], by_year: list[Cash], within: list[Fraction], paid: dict[tuple[str, int], Fraction]
) -> Iterator[Column]:
    """What is committed, what is paid in every year and within the period, and what is outstanding at its end."""
    facts, instruments = book.facts, [book.facts.instruments[k] for k in chosen]
    earlier, committed = [_earlier(i) for i in instruments], [book.eur(book.cube[k].sum()) for k in chosen]
    inside = f"=SUM({TABLE}[[#This Row],[{by_year[0].year}]:[{facts.years[-1]}]])"
    left = f"={book.here(TABLE, 'committed')}-{book.here(TABLE, 'paid_in_period')}"
    rest = [c + float(e - part) for c, e, part in zip(committed, earlier, within, strict=True)]
    lefts = [Formula(left + _plus(e), value) for e, value in zip(earlier, rest, strict=True)]
    cells = [book.sum_if("Allocation", "planned", book.own(TABLE, "instrument"), value=v) for v in committed]
    yield book.column("committed", "money", cells, (ColumnSum(sum(committed)),), width=12)
    for k, cash in enumerate(by_year):
        yield _year(book, chosen, cash, k, [paid[i.id, cash.year] for i in instruments])
    yield book.column("paid_in_period", "total", [Formula(inside, float(v)) for v in within], (ColumnSum(float(sum(within))),), width=12)
    yield book.column("outstanding", "money", lefts, (ColumnSum(sum(rest)),), width=12)


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
    beyond = any(not isinstance(cell, Formula) for cell in cells)  # of some nothing is due from the period: only what is outstanding
    return book.column("", "money", cells, tuple(totals), width=10.5, heading=str(cash.year), given=beyond)


def _new(book: Book, chosen: list[int], year: int) -> str:
    """Return the commitments of a year, as a term of a formula."""
    facts = book.facts
    if year not in facts.years:
        return ""
    text = Boxes(book).total(book.box(instrument=chosen, year=[facts.years.index(year)]))
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
            terms.append(f"{float(late)!r}*{book.planned(book.is_('instrument', k), book.is_('year', year))}")
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
    text = book.planned(book.own(TABLE, "instrument"), ("year", years))
    return Formula(f"=SUMPRODUCT({text}*{parts}){_plus(due)}", float(value))


def _plus(amount: Fraction) -> str:
    return f"+{float(amount)!r}" if amount else ""


def _earlier(instrument: Instrument) -> Fraction:
    return sum(instrument.outstanding.values(), Fraction(0))


def _profile(instrument: Instrument) -> str:
    return ", ".join(f"{float(share) * 100:g} %" for share in instrument.payment_profile)
