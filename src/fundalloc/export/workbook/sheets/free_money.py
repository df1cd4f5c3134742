"""Free money: per instrument and year, what the ceiling allows, what is kept back, decided, planned, lapsed and still free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet
from fundalloc.export.workbook.sheets.instruments import written_in_year
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.money import IntArray
from fundalloc.plan.plan import MOVED
from fundalloc.rules.statement import WHOLE_PERIOD

TABLE = "FreeMoney"
Criteria = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _YearOfInstrument:
    """One row: an instrument in one year, or in the whole period (year None)."""

    instrument: int
    year: int | None
    ceiling: Cell
    reserve: Cell
    usable: Cell
    decided: Cell
    planned: Cell
    usable_steps: int
    planned_steps: int
    lapsed: int
    free: int
    carried_in: int
    carried_out: int
    transferred_in: int
    transferred_out: int


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.facts
    rows = [row for k, i in enumerate(facts.instruments) if i.planned for row in _rows(book, k)]
    instruments, none = [r.instrument for r in rows], quoted(book.say("none"))
    used = f"=IFERROR({book.here(TABLE, 'planned')}/{book.here(TABLE, 'usable')},{none})"
    prices, years = _prices(book), [book.say("whole_period") if r.year is None else facts.years[r.year] for r in rows]
    columns = (
        book.names_of("instrument", instruments, 32),
        book.column("year", "label", years, width=15),
        book.column("ceiling", "money", [r.ceiling for r in rows]),
        book.column("reserve", "share", [r.reserve for r in rows], width=11),
        book.column("usable", "money", [r.usable for r in rows]),
        *_spent(book, rows),
        book.column("used", "share", [Formula(used, _part(book, r)) for r in rows], width=11, mark="bar"),
        book.column("shadow_price", "price", [prices.get((r.instrument, r.year)) for r in rows], width=11),
        book.kinds_of(instruments, printed=False),
        book.ids_of("instrument", instruments),
    )
    return book.sheet("free_money", TABLE, columns, strong=frozenset(k for k, r in enumerate(rows) if r.year is None), portrait=True)


def _spent(book: Book, rows: Sequence[_YearOfInstrument]) -> Iterator[Column]:
    """What moves in and out, what is decided and planned, what has lapsed if any year is closed, and what is still free."""
    shown = shown_moves(book)
    for name in shown:
        yield book.column(name, "money", [book.eur(getattr(r, name)) for r in rows], width=12, given=True)
    yield book.column("decided", "money", [r.decided for r in rows])
    yield book.column("planned", "money", [r.planned for r in rows])
    moved = "".join(f"{'+' if name.endswith('in') else '-'}{book.here(TABLE, name)}" for name in shown)
    left = f"{book.here(TABLE, 'usable')}{moved}-{book.here(TABLE, 'planned')}"
    lapsed = any(r.lapsed for r in rows) or bool(book.facts.closed)
    if lapsed:
        yield book.column("lapsed", "money", [_lapsed(book, r, left) for r in rows])
    yield book.column("free", "total", [_free(book, r, left, lapsed) for r in rows])


def shown_moves(book: Book) -> list[str]:
    """Return which of the columns of moved money there are."""
    planned = [k for k, i in enumerate(book.facts.instruments) if i.planned]
    return [name for name in MOVED if np.any(book.plan.moved[name][planned])]


def after_use(book: Book, rows: Sequence[Criteria], money: Callable[[IntArray], IntArray]) -> Iterator[tuple[str, list[Formula]]]:
    """Yield (key, cells) of the columns that lead from usable and planned to free money, looked up on this sheet; empty ones are left out.

    `rows` says where each row finds its money, `money` what a table of steps comes to in each row.
    """
    left = book.plan.money_left
    if np.any(money(left.moved)):
        signs = {name: "+" if name.endswith("in") else "-" for name in shown_moves(book)}
        texts = ["".join(f"{sign}{book.sum_if_text(TABLE, name, *row)}" for name, sign in signs.items()) for row in rows]
        yield "moved", [Formula(f"=0{text}", book.eur(steps)) for text, steps in zip(texts, money(left.moved), strict=True)]
    for key, table in (("lapsed", left.lapsed), ("free", left.free)):
        if key == "free" or book.facts.closed:
            yield key, [book.sum_if(TABLE, key, *row, value=book.eur(steps)) for row, steps in zip(rows, money(table), strict=True)]


def whole_period(book: Book) -> dict[int, int]:
    """Return {position of a planned instrument: usable ceiling of the whole period, in steps}, where there is one."""
    limits = {k: book.usable_in_all(k) for k, i in enumerate(book.facts.instruments) if i.planned}
    return {k: limit for k, limit in limits.items() if limit != NO_LIMIT}


def _rows(book: Book, k: int) -> Iterator[_YearOfInstrument]:
    """Yield the years of one instrument, then its whole period."""
    facts = book.facts
    instrument, none = facts.instruments[k], book.say("none")
    lines = book.lines
    decided, planned = (lines.by_year(steps)[k] for steps in (lines.decided, book.plan.steps))
    moves, money = book.plan.moved, book.plan.money_left
    reserve = Formula(f"={_looked_up(book, book.all('Instruments', 'reserve'))}", float(instrument.reserve))
    for t, year in enumerate(facts.years):
        written = written_in_year(facts, k, t)
        usable = int(facts.ceilings.usable[k, t])
        criteria = book.own(TABLE, "instrument"), book.is_("year", t)
        yield _YearOfInstrument(
            k,
            t,
            Formula(f"={_looked_up(book, f'Instruments[{year}]')}", none if written is None else float(written)),
            reserve,
            _usable(book, k, str(year), usable, _whole_steps(book, book.here(TABLE, "ceiling"))),
            book.sum_if("Allocation", "decided", *criteria, value=book.eur(decided[t])),
            book.sum_if("Allocation", "planned", *criteria, value=book.eur(planned[t])),
            usable,
            int(planned[t]),
            int(money.lapsed[k, t]),
            int(money.free[k, t]),
            *(int(moves[name][k, t]) for name in MOVED),
        )
    ceiling, usable_cell, steps = _whole(book, k)
    count = len(facts.years)
    sums = [Formula(f"=SUM(ABOVE({count}))", book.eur(money.sum())) for money in (decided, planned)]
    left = int(planned.sum()), int(money.lapsed[k, -1]), int(money.free[k, -1])
    yield _YearOfInstrument(
        k, None, ceiling, reserve, usable_cell, sums[0], sums[1], steps, *left, *(int(moves[name][k].sum()) for name in MOVED)
    )


def _whole(book: Book, k: int) -> tuple[Cell, Cell, int]:
    """Return ceiling and usable ceiling of the whole period: the total, the sum of the years, or the smaller of both."""
    facts = book.facts
    instrument, count = facts.instruments[k], len(facts.years)
    ceiling = instrument.ceiling
    yearly = [ceiling.in_year(year) if ceiling else None for year, on in zip(facts.years, facts.commits[k], strict=True) if on]
    total = ceiling.total if ceiling else None
    complete = None not in yearly
    written = [sum((y for y in yearly if y is not None), Fraction(0))] * complete + ([total] if total is not None else [])
    usable = whole_period(book).get(k)
    if not written or usable is None:
        return book.say("none"), book.say("none"), NO_LIMIT
    looked_up = _looked_up(book, book.all("Instruments", "total_ceiling"))
    in_rules = _in_rules(book, instrument.id, WHOLE_PERIOD)
    formulas = []
    for part in (looked_up, in_rules or _whole_steps(book, looked_up)):
        if complete and total is not None:
            formulas.append(f"=MIN(SUM(ABOVE({count})),{part})")
        else:
            formulas.append(f"=SUM(ABOVE({count}))" if complete else f"={part}")
    return Formula(formulas[0], float(min(written))), Formula(formulas[1], book.eur(usable)), usable


def _usable(book: Book, k: int, year: str, steps: int, by_itself: str) -> Cell:
    """Return what may be spent: the limit on the sheet Rules, where readers may change it; otherwise what the ceiling gives."""
    none = book.say("none")
    if steps == NO_LIMIT:
        return none
    return Formula(f"={_in_rules(book, book.facts.instruments[k].id, year) or by_itself}", book.eur(steps))


def _in_rules(book: Book, instrument: str, year: str) -> str | None:
    """Return the formula that finds a ceiling's limit on the sheet Rules, where the ceiling makes a demand."""
    demand = book.ceiling_demands.get((instrument, year))
    return None if demand is None else book.of_demand(demand, "limit_input")


def _looked_up(book: Book, column: str) -> str:
    """Return the formula that finds an instrument's figure on the sheet Instruments."""
    return f"INDEX({column},MATCH({book.here(TABLE, 'instrument_id')},{book.all('Instruments', 'instrument_id')},0))"


def _whole_steps(book: Book, ceiling: str) -> str:
    """Return the formula that takes the reserve off a ceiling and cuts it down to whole rounding steps."""
    return f"ROUNDDOWN(ROUND({ceiling}*(1-{book.here(TABLE, 'reserve')})/RoundingStep,6),0)*RoundingStep"


def _lapsed(book: Book, row: _YearOfInstrument, left: str) -> Cell:
    """What a closed year leaves; over the whole period, what is left and not free."""
    if row.usable_steps == NO_LIMIT:
        return book.say("none")
    facts = book.facts
    if row.year is None:
        return Formula(f"={left}-{book.here(TABLE, 'free')}", book.eur(row.lapsed))
    return Formula(f"=MAX({left},0)", book.eur(row.lapsed)) if facts.years[row.year] in facts.closed else 0


def _free(book: Book, row: _YearOfInstrument, left: str, lapsed: bool) -> Cell:
    """What is still free: what is left, less what has lapsed; over the whole period no more than the years have free."""
    none, facts = book.say("none"), book.facts
    if row.usable_steps == NO_LIMIT:
        return Formula(f"=IFERROR({left},{quoted(none)})", none)
    less = f"-{book.here(TABLE, 'lapsed')}" if lapsed else ""
    if row.year is None:
        less = ""
        limits = zip(facts.years, facts.commits[row.instrument], facts.ceilings.usable[row.instrument], strict=True)
        if lapsed and all(limit != NO_LIMIT for year, on, limit in limits if on and year not in facts.closed):
            return Formula(f"=MIN({left},SUM(ABOVE({len(facts.years)})))", book.eur(row.free))
    return Formula(f"=IFERROR({left}{less},{quoted(none)})", book.eur(row.free))


def _part(book: Book, row: _YearOfInstrument) -> float | str:
    return book.say("none") if row.usable_steps in (NO_LIMIT, 0) else row.planned_steps / row.usable_steps


def _prices(book: Book) -> dict[tuple[int, int | None], float]:
    """Return the shadow prices of ceilings, by instrument and year."""
    facts, plan = book.facts, book.plan
    prices = plan.free_money
    years = {0: None, **{year: t for t, year in enumerate(facts.years)}}
    found = zip(prices["instrument"], prices["year"], prices["price"], strict=True)
    return {(facts.dimensions.instrument.index(str(i)), years[int(y)]): round(float(p), 6) + 0.0 for i, y, p in found if not np.isnan(p)}
