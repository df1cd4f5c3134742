"""Free money: per instrument and year, what the ceiling allows, what is kept back, decided, planned, lapsed and still free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet
from fundalloc.export.workbook.sheets.inputs import written_in_year
from fundalloc.export.workbook.sheets.rules import priced, whole_steps
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.money import IntArray
from fundalloc.plan.plan import MOVED
from fundalloc.rules.statement import WHOLE_PERIOD

TABLE = "FreeMoney"
Criteria = tuple[tuple[str, str], ...]


class _Row(NamedTuple):
    """An instrument in one year, or in the whole period (year None), by position; its usable ceiling in steps too."""

    instrument: int
    year: int | None
    ceiling: Cell
    usable: Cell
    limit: int

    @property
    def place(self) -> tuple[int, int]:
        """Where tables of years and the whole period, in the last column, have its amount."""
        return self.instrument, -1 if self.year is None else self.year


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts, none = book.facts, book.say("none")
    open_, spent = _by_rest(book)
    rows = [row for k in (*open_, *spent) for row in _rows(book, k)]
    instruments, planned = [r.instrument for r in rows], _with_whole(book.lines.by_year(book.plan.steps))
    reserve = f"={_looked_up(book, book.all('Instruments', 'reserve'))}"
    used = f"=IFERROR({book.here(TABLE, 'planned')}/{book.here(TABLE, 'usable')},{quoted(none)})"
    parts = [none if r.limit in (NO_LIMIT, 0) else int(planned[r.place]) / r.limit for r in rows]
    years = [book.say("whole_period") if r.year is None else facts.years[r.year] for r in rows]
    worth = book.plan.free_money.set_index(["instrument", "year"])[["one_more", "one_less"]].T.to_dict()
    worths = [worth[facts.instruments[r.instrument].id, 0 if r.year is None else facts.years[r.year]] for r in rows]
    columns = (
        book.names_of("instrument", instruments, 32),
        book.column("year", "label", years, width=15),
        book.column("ceiling", "money", [r.ceiling for r in rows]),
        book.column("reserve", "share", [Formula(reserve, float(facts.instruments[k].reserve)) for k in instruments], width=11),
        book.column("usable", "money", [r.usable for r in rows]),
        *_spent(book, rows, planned),
        book.column("used", "share", [Formula(used, part) for part in parts], width=11),
        *(book.column(key, "price", [priced(worth[key]) for worth in worths], width=11) for key in ("one_more", "one_less")),
        book.kinds_of(instruments, printed=False),
        book.ids_of("instrument", instruments),
    )
    whole, printed = frozenset(k for k, r in enumerate(rows) if r.year is None), sum(r.instrument in open_ for r in rows)
    return book.sheet("free_money", TABLE, columns, strong=whole, printed_rows=printed or None)


def _by_rest(book: Book) -> tuple[list[int], list[int]]:
    """Return the planned instruments that leave money in a year, or have no ceiling, and those that are used up in each."""
    planned, left = [k for k, i in enumerate(book.facts.instruments) if i.planned], book.plan.money_left
    rest = (left.free != 0).any(axis=1) | (left.lapsed != 0).any(axis=1)
    rest |= np.array([book.usable_in_all(k) == NO_LIMIT for k in range(len(rest))])
    return [k for k in planned if rest[k]], [k for k in planned if not rest[k]]


def _with_whole(by_year: IntArray) -> IntArray:
    """Add a column for the whole period to amounts by instrument and year."""
    return np.column_stack([by_year, by_year.sum(axis=1)])


def _spent(book: Book, rows: Sequence[_Row], planned: IntArray) -> Iterator[Column]:
    """What moves in and out, what is decided and planned, what has lapsed if any year is closed, and what is still free."""
    shown, own, above = shown_moves(book), book.own(TABLE, "instrument"), f"=SUM(ABOVE({len(book.facts.years)}))"
    for name in shown:
        table = _with_whole(book.plan.moved[name])
        yield book.column(name, "money", [book.eur(table[r.place]) for r in rows], width=12, given=True)
    for key, table in (("decided", _with_whole(book.lines.by_year(book.lines.decided))), ("planned", planned)):
        texts = [above if r.year is None else f"={book.sum_if_text('Allocation', key, own, book.is_('year', r.year))}" for r in rows]
        yield book.column(key, "money", [Formula(text, book.eur(table[r.place])) for text, r in zip(texts, rows, strict=True)])
    moved = "".join(f"{'+' if name.endswith('in') else '-'}{book.here(TABLE, name)}" for name in shown)
    left = f"{book.here(TABLE, 'usable')}{moved}-{book.here(TABLE, 'planned')}"
    lapsed = bool(book.facts.closed) or any(book.plan.money_left.lapsed[r.place] for r in rows)
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


def _rows(book: Book, k: int) -> Iterator[_Row]:
    """Yield the years of one instrument, then its whole period. What may be spent is the limit on the sheet Rules, where there is one."""
    facts, none = book.facts, book.say("none")
    by_itself = _whole_steps(book, book.here(TABLE, "ceiling"))
    for t, year in enumerate(facts.years):
        written, limit = written_in_year(facts, k, t), int(facts.ceilings.usable[k, t])
        ceiling = Formula(f"={_looked_up(book, f'Instruments[{year}]')}", none if written is None else float(written))
        usable = Formula(f"={_in_rules(book, facts.instruments[k].id, str(year)) or by_itself}", book.eur(limit))
        yield _Row(k, t, ceiling, none if limit == NO_LIMIT else usable, limit)
    yield _whole(book, k)


def _whole(book: Book, k: int) -> _Row:
    """Return ceiling and usable ceiling of the whole period: the total, the sum of the years, or the smaller of both."""
    facts, usable = book.facts, book.limits.get(k)
    ceiling, count = facts.instruments[k].ceiling, len(facts.years)
    yearly = [ceiling.in_year(year) if ceiling else None for year, on in zip(facts.years, facts.commits[k], strict=True) if on]
    total, complete = ceiling.total if ceiling else None, None not in yearly
    written = [sum((y for y in yearly if y is not None), Fraction(0))] * complete + ([total] if total is not None else [])
    if not written or usable is None:
        return _Row(k, None, book.say("none"), book.say("none"), NO_LIMIT)
    looked_up = _looked_up(book, book.all("Instruments", "total_ceiling"))
    in_rules = _in_rules(book, facts.instruments[k].id, WHOLE_PERIOD)
    formulas = []
    for part in (looked_up, in_rules or _whole_steps(book, looked_up)):
        if complete and total is not None:
            formulas.append(f"=MIN(SUM(ABOVE({count})),{part})")
        else:
            formulas.append(f"=SUM(ABOVE({count}))" if complete else f"={part}")
    return _Row(k, None, Formula(formulas[0], float(min(written))), Formula(formulas[1], book.eur(usable)), usable)


def _in_rules(book: Book, instrument: str, year: str) -> str | None:
    """Return the formula that finds a ceiling's limit on the sheet Rules, where the ceiling makes a demand."""
    demand = book.ceiling_demands.get((instrument, year))
    return None if demand is None else book.of_demand(demand, "limit")


def _looked_up(book: Book, column: str) -> str:
    """Return the formula that finds an instrument's figure on the sheet Instruments."""
    return f"INDEX({column},MATCH({book.here(TABLE, 'instrument_id')},{book.all('Instruments', 'instrument_id')},0))"


def _whole_steps(book: Book, ceiling: str) -> str:
    """Return the formula that takes the reserve off a ceiling and cuts it down to whole rounding steps."""
    return whole_steps(ceiling, book.here(TABLE, "reserve"))


def _lapsed(book: Book, row: _Row, left: str) -> Cell:
    """What a closed year leaves; over the whole period, what is left and not free."""
    if row.limit == NO_LIMIT:
        return book.say("none")
    facts, value = book.facts, book.eur(book.plan.money_left.lapsed[row.place])
    if row.year is None:
        return Formula(f"={left}-{book.here(TABLE, 'free')}", value)
    return Formula(f"=MAX({left},0)", value) if facts.years[row.year] in facts.closed else 0


def _free(book: Book, row: _Row, left: str, lapsed: bool) -> Cell:
    """What is still free: what is left, less what has lapsed; over the whole period no more than the years have free."""
    facts, none = book.facts, book.say("none")
    if row.limit == NO_LIMIT:
        return Formula(f"=IFERROR({left},{quoted(none)})", none)
    value = book.eur(book.plan.money_left.free[row.place])
    if row.year is None and lapsed:
        limits = zip(facts.years, facts.commits[row.instrument], facts.ceilings.usable[row.instrument], strict=True)
        if all(limit != NO_LIMIT for year, on, limit in limits if on and year not in facts.closed):
            return Formula(f"=MIN({left},SUM(ABOVE({len(facts.years)})))", value)
    less = f"-{book.here(TABLE, 'lapsed')}" if lapsed and row.year is not None else ""
    return Formula(f"=IFERROR({left}{less},{quoted(none)})", value)
