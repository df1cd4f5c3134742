"""Money in time: what commitments cost in cash; what is carried over, transferred, kept in reserve, or used as a last resort."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from fundalloc.export.workbook.book import Book, array
from fundalloc.export.workbook.candidate_sums import MOVES
from fundalloc.export.workbook.content import Cell, Column, ColumnSum, Formula, Sheet
from fundalloc.export.workbook.line_sums import Boxes
from fundalloc.facts.entities import Instrument
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.moves import CARRY
from fundalloc.insight.payments import Cash, missed, payments, payments_by_year

TABLE = "Payments"
Paid = dict[tuple[str, int], Fraction]
"""What is paid for an instrument, by id, in a year."""


def build(book: Book) -> Sheet | None:
    """Return payments and outstanding commitments, by the instruments' payment profiles; None when no instrument has one.

    Below the instruments stand, for every year, the sum of payments, what is still outstanding at its end (RAL), and what
    must be contracted or paid by then and is not.
    """
    cash = payments(book.plan)
    if not cash:
        return None
    by_year, paid = payments_by_year(cash), {(c.instrument, c.year): c.paid for c in cash}
    names = {c.instrument for c in cash}
    chosen = [k for k, i in enumerate(book.facts.instruments) if i.id in names]
    risks = any(c.at_risk is not None for c in by_year)
    labels = [book.say(f"total.{key}") for key in ("all", "outstanding", *(["at_risk"] if risks else []))]
    profiles = [book.facts.instruments[k].payment_profile for k in chosen]
    clocks = [i.contracting and book.word("contracting", i.contracting) for i in map(book.facts.instruments.__getitem__, chosen)]
    columns = (
        book.column("instrument", "text", [book.label("instrument", k) for k in chosen], tuple(labels)),
        *_over_period(book, chosen, by_year, paid),
        book.column("profile", "note", [", ".join(f"{float(s) * 100:g} %" for s in profile) for profile in profiles], printed=False),
        *[book.column("deadline", "note", clocks, printed=False)] * any(clocks),
        book.ids_of("instrument", chosen),
    )
    return book.sheet("payments", TABLE, columns, one_page=len(chosen) <= 30)


def _over_period(book: Book, chosen: list[int], by_year: list[Cash], paid: Paid) -> Iterator[Column]:
    """What is committed, what is paid in every year and within the period, and what is outstanding at its end."""
    years, instruments = book.facts.years, [book.facts.instruments[k] for k in chosen]
    within = [sum((paid[i.id, year] for year in years), Fraction(0)) for i in instruments]
    earlier, committed = [sum(i.outstanding.values(), Fraction(0)) for i in instruments], [book.eur(book.cube[k].sum()) for k in chosen]
    inside = f"=SUM({TABLE}[[#This Row],[{by_year[0].year}]:[{years[-1]}]])"
    left = f"={book.here(TABLE, 'committed')}-{book.here(TABLE, 'paid_in_period')}"
    rest = [c + float(e - part) for c, e, part in zip(committed, earlier, within, strict=True)]
    lefts = [Formula(left + _plus(e), value) for e, value in zip(earlier, rest, strict=True)]
    cells = [book.sum_if("Allocation", "planned", book.own(TABLE, "instrument"), value=v) for v in committed]
    yield book.column("committed", "money", cells, (ColumnSum(sum(committed)),), width=12)
    before = repr(float(sum(earlier, Fraction(0))))
    for cash in by_year:
        yield _year(book, chosen, cash, before, paid)
        before = "BESIDE(1)"
    yield book.column("paid_in_period", "total", [Formula(inside, float(v)) for v in within], (ColumnSum(float(sum(within))),), width=12)
    yield book.column("outstanding", "money", lefts, (ColumnSum(sum(rest)),), width=12)


def _year(book: Book, chosen: list[int], cash: Cash, before: str, paid: Paid) -> Column:
    """One year: payments of every instrument; their sum, what is outstanding at its end, and what is at risk in it."""
    years = book.facts.years
    cells = [_cell(book, book.facts.instruments[k], cash.year, paid) for k in chosen]
    new = Boxes(book).total(book.box(instrument=chosen, year=[years.index(cash.year)])) if cash.year in years else "0"
    totals = [
        Formula(f"=SUM(ABOVE({len(chosen)}))", float(cash.paid)),
        Formula(f"={before}{'' if new == '0' else f'+{new}'}-ABOVE(1)", float(cash.outstanding)),
    ]
    if cash.at_risk is not None:
        totals.append(Formula(_risk(book, chosen, cash.year), float(cash.at_risk)))
    beyond = any(not isinstance(cell, Formula) for cell in cells)  # of some nothing is due from the period: only what is outstanding
    return book.column("", "money", cells, tuple(totals), width=10.5, heading=str(cash.year), given=beyond)


def _risk(book: Book, chosen: list[int], year: int) -> str:
    """Return the formula of what of earlier commitments has its deadline in a year and misses it."""
    terms = []
    for k in chosen:
        after, late = missed(book.facts.instruments[k]) or (0, 0)
        if late and year - after in book.facts.years:
            terms.append(f"{float(late)!r}*{book.planned(book.is_('instrument', k), ('year', str(year - after)))}")
    return "=" + ("+".join(terms) or "0")


def _cell(book: Book, instrument: Instrument, year: int, paid: Paid) -> Cell:
    profile, due = instrument.payment_profile, instrument.outstanding.get(year, Fraction(0))
    shares = {t: profile[year - t] for t in book.facts.years if 0 <= year - t < len(profile) and profile[year - t]}
    if not shares:
        return float(due)
    text = book.planned(book.own(TABLE, "instrument"), ("year", array(shares)))
    return Formula(f"=SUMPRODUCT({text}*{array(map(float, shares.values()))}){_plus(due)}", float(paid[instrument.id, year]))


def _plus(amount: Fraction) -> str:
    return f"+{float(amount)!r}" if amount else ""


class _Move(NamedTuple):
    """One row: positions of the instruments, the years in which the money leaves and arrives, EUR million."""

    kind: str
    name: str
    source: int
    target: int | None
    year: Cell
    year_in: Cell
    most: Cell
    amount: Cell
    legal: str


def moves(book: Book) -> Sheet:
    """Return money that does not stay where it is: carried over, transferred, kept in reserve, or used as a last resort."""
    rows = [*_moves(book), *_kept_back(book)]
    giving, taking, none = [r.source for r in rows], [r.target for r in rows], book.say("not_applicable")
    columns = (
        book.column("kind", "text", [book.word("move", r.kind) for r in rows], width=16),
        book.column("from", "text", [book.label("instrument", k) for k in giving], width=27),
        book.column("to", "text", [none if k is None else book.label("instrument", k) for k in taking], width=27),
        book.column("year", "label", [r.year for r in rows], width=15),
        book.column("year_in", "label", [r.year_in for r in rows], width=11),
        book.column("at_most", "money", [r.most for r in rows], width=13, given=True),
        book.column("amount", "total", [r.amount for r in rows], width=13, given=True),
        book.column("source", "note", [r.legal for r in rows], width=66),
        book.column("move", "code", [r.name for r in rows], printed=False),
        book.ids_of("instrument", giving, "from_id"),
        book.column("to_id", "code", ["" if k is None else book.code("instrument", k) for k in taking], printed=False),
    )
    return book.sheet("moves", MOVES, columns, filtered=True)


def _moves(book: Book) -> Iterator[_Move]:
    """Every carry-over and transfer that the plan makes; of those it does not make, all years in one row."""
    facts, moves, unused = book.facts, book.lines.moves, dict[tuple[Any, ...], list[int]]()
    for k, kind in enumerate(moves.kind):
        source, made = int(moves.source[k]), k if book.moves[k] else None
        entry = facts.instruments[source] if kind == CARRY else facts.transfers[int(moves.transfer[k])]
        unused.setdefault((made, kind, entry.id, source, int(moves.target[k]), entry.source), []).append(k)
    for (_, kind, name, source, target, legal), same in unused.items():
        years = [facts.years[int(moves.year[k])] for k in same]
        arrives = [year + (kind == CARRY) for year in years]
        year, year_in = (years[0], arrives[0]) if len(same) == 1 else (book.years_said(years), book.years_said(arrives))
        yield _Move(kind, name, source, target, year, year_in, book.eur(moves.upper[same].sum()), book.eur(book.moves[same].sum()), legal)


def _kept_back(book: Book) -> Iterator[_Move]:
    """What instruments keep back, and what the plan takes from those that come last, over the whole period."""
    facts, planned = book.facts, [(k, i) for k, i in enumerate(book.facts.instruments) if i.planned]

    def row(kind: str, k: int, instrument: Instrument, most: Cell, amount: Cell) -> _Move:
        whole, none = book.say("whole_period"), book.say("not_applicable")
        return _Move(kind, instrument.id, k, None, whole, none, most, amount, instrument.source)

    for k, instrument in planned:
        if instrument.reserve and book.usable_in_all(k) != NO_LIMIT:
            kept = book.eur(int(facts.ceilings.full_over()[k]) - book.usable_in_all(k))
            yield row("reserve", k, instrument, kept, kept)
    for k, instrument in planned:
        if instrument.last_resort:
            used = book.sum_if("Allocation", "planned", book.own(MOVES, "instrument", "from_id"), value=book.eur(book.cube[k].sum()))
            total = book.usable_in_all(k)
            yield row("last_resort", k, instrument, book.say("none") if total == NO_LIMIT else book.eur(total), used)
