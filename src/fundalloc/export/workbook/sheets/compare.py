"""This plan against the baseline: by partnership and by instrument, with a waterfall for each. EU budget only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor, log10

from fundalloc.export.workbook.book import Book, array, quoted
from fundalloc.export.workbook.content import Cell, Chart, Column, ColumnSum, Formula, Series, Sheet
from fundalloc.plan.sums import PLACES

Amounts = Sequence[float]
WATERFALL, COMPARED = "Waterfall", ("partnership", "instrument")
MOST_BARS = 12
FIRST, LAST = -1, -2
"""Stand for the totals at both ends of a waterfall."""


@dataclass(frozen=True)
class Compared:
    """One way of comparing: by partnership or by instrument. Positions in falling order of what changes."""

    dimension: str
    table: str
    members: tuple[int, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def sheet(self) -> str:
        """The key of its sheet."""
        return f"compare_{self.dimension}"

    @property
    def changes(self) -> tuple[float, ...]:
        """What changes of every member."""
        return tuple(b - a for a, b in zip(self.before, self.after, strict=True))

    @property
    def bars(self) -> int:
        """How many members have a bar of their own in the waterfall."""
        return min(sum(abs(change) > 1e-9 for change in self.changes), MOST_BARS)

    @property
    def steps(self) -> list[int | None]:
        """The bars of the waterfall, where anything changes: positions between the two totals, None for all others together."""
        rest = any(abs(change) > 1e-9 for change in self.changes[self.bars :])
        return [FIRST, *range(self.bars), *([None] if rest else []), LAST] if self.bars else []


def _side(book: Book, dimension: str) -> Compared:
    was, now = book.baseline_by(dimension), [book.eur(steps) for steps in book.budget_by(dimension, book.plan.steps)]
    members = book.of_kind("budget") if dimension == "instrument" else book.leaves
    order = sorted((k for k in members if was[k] or now[k]), key=lambda k: (-abs(now[k] - was[k]), k))
    return Compared(
        dimension, f"Compare{dimension.capitalize()}s", tuple(order), tuple(was[k] for k in order), tuple(now[k] for k in order)
    )


def changes(
    book: Book, table: str, dimension: str, before: Amounts, after: Amounts, keys: tuple[str, str], style: str, width: float
) -> tuple[Column, Column, Column]:
    """Return what was, what the plan gives, and the change, by member: EU budget, live over the allocation."""
    key, change = keys
    here, was, now = (book.own(table, dimension), book.kind_is("budget")), sum(before), sum(after)
    text = f"={book.here(table, 'this_plan')}-{book.here(table, key)}"
    moved = [Formula(text, round(b - a, PLACES)) for a, b in zip(before, after, strict=True)]
    first, second = ([book.sum_if("Allocation", c, *here, value=v) for v in amounts] for c, amounts in ((key, before), ("planned", after)))
    return (
        book.column(key, "money", first, (ColumnSum(was),), width=18),
        book.column("this_plan", style, second, (ColumnSum(now),), width=18),
        book.column(change, "change", moved, (ColumnSum(round(now - was, PLACES)),), width=width, mark="change"),
    )


def build(book: Book, name: str) -> Sheet | None:
    """Return the comparison by one of COMPARED, with its waterfall, stacked columns on an invisible base; None without a baseline."""
    if not book.has_baseline:
        return None
    side, first = _side(book, name), sum(len(_side(book, other).steps) for other in COMPARED[: COMPARED.index(name)])
    table, none = side.table, quoted(book.say("not_applicable"))
    part = f"=IFERROR({book.here(table, 'change')}/{book.here(table, 'baseline')},{none})"
    whole = f"=IFERROR(SUM({book.all(table, 'change')})/SUM({book.all(table, 'baseline')}),{none})"
    parts = [Formula(part, _part(book, a, b)) for a, b in zip(side.before, side.after, strict=True)]
    columns = (
        book.names_of(name, side.members, 40, total="all"),
        *changes(book, table, name, side.before, side.after, ("baseline", "change"), "money", 30),
        book.column("change_share", "change_share", parts, (Formula(whole, _part(book, sum(side.before), sum(side.after))),), width=14),
        book.ids_of(name, side.members),
    )
    charts = (_chart(book, side, (first, first + len(side.steps) - 1)),) if side.bars else ()
    return book.sheet(side.sheet, table, columns, charts=charts, portrait=len(side.members) > 16, one_page=True)


def _part(book: Book, before: float, after: float) -> float | str:
    return (after - before) / before if before else book.say("not_applicable")


def _chart(book: Book, side: Compared, rows: tuple[int, int]) -> Chart:
    series = tuple(Series(WATERFALL, rows, (k, k), (-1, k), hidden=k == 2) for k in (2, 3, 4, 5))
    least, key = _least(side), f"waterfall_{side.dimension}"
    said = f" ({book.say('chart.not_from_zero')})" if least else ""
    return book.chart("column", key, Series(WATERFALL, rows, (0, 0)), series, said=said, height=400, least=least)


def _least(side: Compared) -> float | None:
    """Return where the axis starts so that the changes can be seen: a round number somewhat below them, or None for zero."""
    levels = [sum(side.after), *accumulate(side.changes[: side.bars], initial=sum(side.before))]
    spread = max(levels) - min(levels)
    if spread <= 0 or min(levels) < 3 * spread:
        return None
    unit = 10.0 ** floor(log10(spread))
    return floor((min(levels) - spread / 3) / unit) * unit


def waterfall(book: Book) -> Sheet | None:
    """Return the figures behind the waterfalls; None without a baseline."""
    if not book.has_baseline:
        return None
    rows = [row for name in COMPARED for row in _bars(book, _side(book, name))]
    look = {"label": ("text", 32), "shown_in": ("note", 24)}
    columns = []
    for key in ("label", "shown_in", "invisible", "whole", "rise", "fall", "change", "level_reached"):
        style, width = look.get(key, ("money", 15))
        columns.append(book.column(key, style, [row.get(key, 0) for row in rows], width=width))
    return book.sheet("waterfall", WATERFALL, columns, colour="rest")


def _bars(book: Book, side: Compared) -> Iterator[dict[str, Cell]]:
    """Yield the bars of one waterfall: the baseline, every change on top of what stands before it, this plan."""
    level, name = sum(side.before), {"shown_in": book.sheet_text(side.sheet, "name")}
    change, here = book.here(WATERFALL, "change"), book.here(WATERFALL, "level_reached")
    for k in side.steps:
        if k in (FIRST, LAST):
            key, value = ("baseline", sum(side.before)) if k == FIRST else ("this_plan", sum(side.after))
            whole = Formula(f"=SUM({book.all(side.table, key)})", value)
            level_reached = Formula(f"={book.here(WATERFALL, 'whole')}", value)
            yield {**name, "label": book.title(key), "whole": whole, "level_reached": level_reached}
            continue
        moved = round(sum(side.changes[side.bars :]) if k is None else side.changes[k], PLACES)
        base, level = min(level, level + moved), level + moved
        yield {
            **name,
            "label": book.say("chart.all_others") if k is None else book.label(side.dimension, side.members[k]),
            "invisible": Formula(f"=MIN({here},{here}-{change})", round(base, PLACES)),
            "rise": Formula(f"=MAX(0,{change})", max(0.0, moved)),
            "fall": Formula(f"=MAX(0,-{change})", max(0.0, -moved)),
            "change": Formula(f"={_moved(book, side, k)}", moved),
            "level_reached": Formula(f"=ABOVE(1)+{change}", round(level, PLACES)),
        }


def _moved(book: Book, side: Compared, k: int | None) -> str:
    """The change of one member, found by its id, or of all that have no bar."""
    name, change = side.dimension, book.all(side.table, "change")
    if k is not None:
        return book.sum_if_text(side.table, "change", book.is_(name, side.members[k]))
    shown = array(book.is_(name, member)[1] for member in side.members[: side.bars])
    return f"SUM({change})-SUMPRODUCT({book.sum_if_text(side.table, 'change', (f'{name}_id', shown))})"
