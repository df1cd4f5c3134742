"""Money that does not stay where it is: carried over, transferred, kept in reserve, or used as a last resort."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Column, Sheet
from fundalloc.export.workbook.moving_money import TABLE
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.moves import CARRY


@dataclass(frozen=True)
class _Move:
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


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when nothing can move and nothing is kept back."""
    rows = [*_moves(book), *_reserves(book), *_last_resorts(book)]
    if not rows:
        return None
    giving, taking, none = [r.source for r in rows], [r.target for r in rows], book.say("not_applicable")

    def told(key: str, style: str, name: str, width: float, given: bool = False) -> Column:
        return book.column(key, style, [getattr(r, name) for r in rows], width=width, given=given)

    columns = (
        book.column("kind", "text", [book.word("move", r.kind) for r in rows], width=16),
        book.column("from", "text", [book.label("instrument", k) for k in giving], width=27),
        book.column("to", "text", [none if k is None else book.label("instrument", k) for k in taking], width=27),
        told("year", "label", "year", 15),
        told("year_in", "label", "year_in", 11),
        told("at_most", "money", "most", 13, given=True),
        told("amount", "total", "amount", 13, given=True),
        told("source", "note", "legal", 66),
        book.column("move", "code", [r.name for r in rows], printed=False),
        book.ids_of("instrument", giving, "from_id"),
        book.column("to_id", "code", ["" if k is None else book.code("instrument", k) for k in taking], printed=False),
    )
    return book.sheet("moves", TABLE, columns, filtered=True)


def _moves(book: Book) -> Iterator[_Move]:
    """Every possible carry-over and transfer, with what the plan moves."""
    facts, moves = book.facts, book.lines.moves
    for k, kind in enumerate(moves.kind):
        carry = kind == CARRY
        t = int(moves.year[k])
        transfer = None if carry else facts.transfers[int(moves.transfer[k])]
        instrument = facts.instruments[int(moves.source[k])]
        yield _Move(
            kind,
            instrument.id if transfer is None else transfer.id,
            int(moves.source[k]),
            int(moves.target[k]),
            facts.years[t],
            facts.years[t + 1] if carry else facts.years[t],
            book.eur(moves.upper[k]),
            book.eur(book.moves[k]),
            instrument.source if transfer is None else transfer.source,
        )


def _reserves(book: Book) -> Iterator[_Move]:
    """What instruments keep back, over the whole period."""
    facts, whole = book.facts, book.say("whole_period")
    for k, instrument in enumerate(facts.instruments):
        usable = book.usable_in_all(k)
        if instrument.planned and instrument.reserve and usable != NO_LIMIT:
            amount = book.eur(int(facts.ceilings.full_over()[k]) - usable)
            yield _Move("reserve", instrument.id, k, None, whole, book.say("not_applicable"), amount, amount, instrument.source)


def _last_resorts(book: Book) -> Iterator[_Move]:
    """What the plan takes from instruments that come last."""
    facts, whole = book.facts, book.say("whole_period")
    for k, instrument in enumerate(facts.instruments):
        if instrument.planned and instrument.last_resort:
            criteria = book.own(TABLE, "instrument", "from_id")
            used = book.sum_if("Allocation", "planned", criteria, value=book.eur(book.cube[k].sum()))
            total = book.usable_in_all(k)
            most: Cell = book.say("none") if total == NO_LIMIT else book.eur(total)
            yield _Move("last_resort", instrument.id, k, None, whole, book.say("not_applicable"), most, used, instrument.source)
