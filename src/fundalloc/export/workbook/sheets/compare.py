"""This plan against the baseline: by partnership and by instrument, with a waterfall for each. EU budget only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Chart, Column, ColumnSum, Formula, Series, Sheet
from fundalloc.export.workbook.plan_sums import PLACES

WATERFALL = "Waterfall"
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
    def bars(self) -> int:
        """How many members have a bar of their own in the waterfall."""
        moved = [k for k, (a, b) in enumerate(zip(self.before, self.after, strict=True)) if abs(b - a) > 1e-9]
        return min(len(moved), MOST_BARS)


def sides(book: Book) -> list[Compared]:
    """Return both ways of comparing; nothing without a baseline."""
    return [_side(book, name, table) for name, table in (("partnership", "ComparePartnerships"), ("instrument", "CompareInstruments"))] * (
        book.has_baseline
    )


def _side(book: Book, dimension: str, table: str) -> Compared:
    was, now = book.baseline_by(dimension), [book.eur(steps) for steps in book.budget_by(dimension, book.plan.steps)]
    members = book.of_kind("budget") if dimension == "instrument" else book.leaves
    order = sorted((k for k in members if was[k] or now[k]), key=lambda k: (-abs(now[k] - was[k]), k))
    return Compared(dimension, table, tuple(order), tuple(was[k] for k in order), tuple(now[k] for k in order))


def changes(
    book: Book,
    table: str,
    dimension: str,
    before: Sequence[float],
    after: Sequence[float],
    *,
    key: str = "baseline",
    change: str = "change",
    style: str = "money",
    width: float = 30,
) -> tuple[Column, Column, Column]:
    """Return what was, what the plan gives, and the change, by member: EU budget, live over the allocation."""
    here, was, now = (book.own(table, dimension), book.kind_is("budget")), sum(before), sum(after)
    text = f"={book.here(table, 'this_plan')}-{book.here(table, key)}"
    moved = [Formula(text, round(b - a, PLACES)) for a, b in zip(before, after, strict=True)]
    first, second = ([book.sum_if("Allocation", c, *here, value=v) for v in amounts] for c, amounts in ((key, before), ("planned", after)))
    return (
        book.column(key, "money", first, (ColumnSum(was),), width=18),
        book.column("this_plan", style, second, (ColumnSum(now),), width=18),
        book.column(change, "change", moved, (ColumnSum(round(now - was, PLACES)),), width=width, mark="change"),
    )


def by_partnership(book: Book) -> Sheet | None:
    """Return the comparison by partnership; None without a baseline."""
    return _sheet(book, "partnership")


def by_instrument(book: Book) -> Sheet | None:
    """Return the comparison by instrument; None without a baseline."""
    return _sheet(book, "instrument")


def _sheet(book: Book, name: str) -> Sheet | None:
    side = next((side for side in sides(book) if side.dimension == name), None)
    if side is None:
        return None
    table, none = side.table, quoted(book.say("not_applicable"))
    part = f"=IFERROR({book.here(table, 'change')}/{book.here(table, 'baseline')},{none})"
    whole = f"=IFERROR(SUM({book.all(table, 'change')})/SUM({book.all(table, 'baseline')}),{none})"
    parts = [Formula(part, _part(book, a, b)) for a, b in zip(side.before, side.after, strict=True)]
    columns = (
        book.names_of(name, side.members, 40, total="all"),
        *changes(book, table, name, side.before, side.after),
        book.column("change_share", "change_share", parts, (Formula(whole, _part(book, sum(side.before), sum(side.after))),), width=14),
        book.ids_of(name, side.members),
    )
    return book.sheet(side.sheet, table, columns, charts=_charts(book, side), portrait=len(side.members) > 16, one_page=True)


def _part(book: Book, before: float, after: float) -> float | str:
    return (after - before) / before if before else book.say("not_applicable")


def _charts(book: Book, side: Compared) -> tuple[Chart, ...]:
    """The waterfall: stacked columns on an invisible base."""
    if not side.bars:
        return ()
    first = 0
    for other in sides(book):
        if other.dimension == side.dimension:
            break
        first += len(_steps(other)) if other.bars else 0
    rows = (first, first + len(_steps(side)) - 1)
    series = tuple(Series(WATERFALL, rows, (k, k), (-1, k), hidden=k == 2) for k in (2, 3, 4, 5))
    least = _least(side)
    said = f" ({book.say('chart.not_from_zero')})" if least else ""
    return (
        book.chart("column", f"waterfall_{side.dimension}", Series(WATERFALL, rows, (0, 0)), series, said=said, height=400, least=least),
    )


def _least(side: Compared) -> float | None:
    """Return where the axis starts so that the changes can be seen: a round number somewhat below them, or None for zero."""
    level = sum(side.before)
    levels = [level, sum(side.after)]
    for k in range(side.bars):
        level += side.after[k] - side.before[k]
        levels.append(level)
    spread = max(levels) - min(levels)
    if spread <= 0 or min(levels) < 3 * spread:
        return None
    unit = 10.0 ** floor(log10(spread))
    return floor((min(levels) - spread / 3) / unit) * unit


def _steps(side: Compared) -> list[int | None]:
    """The bars between the two totals: positions in the comparison, None for all others together."""
    rest = [k for k in range(side.bars, len(side.members)) if abs(side.after[k] - side.before[k]) > 1e-9]
    return [FIRST, *range(side.bars), *([None] if rest else []), LAST]


def waterfall(book: Book) -> Sheet | None:
    """Return the figures behind the waterfalls; None without a baseline or a change."""
    shown = [side for side in sides(book) if side.bars]
    if not shown:
        return None
    columns: dict[str, list[Cell]] = {
        key: [] for key in ("label", "shown_in", "invisible", "whole", "rise", "fall", "change", "level_reached")
    }
    for side in shown:
        _waterfall_rows(book, side, columns)
    styles = {"label": "text", "shown_in": "note"}
    widths = {"label": 32, "shown_in": 24}
    shown_as = [book.column(key, styles.get(key, "money"), cells, width=widths.get(key, 15)) for key, cells in columns.items()]
    return book.sheet("waterfall", WATERFALL, shown_as, colour="rest")


def _waterfall_rows(book: Book, side: Compared, columns: dict[str, list[Cell]]) -> None:
    """Add the bars of one waterfall: the baseline, every change on top of what stands before it, this plan."""
    level, ids = sum(side.before), book.facts.dimensions[side.dimension].ids
    steps = _steps(side)
    change, here = book.here(WATERFALL, "change"), book.here(WATERFALL, "level_reached")
    shown = [k for k in steps if k is not None and k >= 0]
    for k in steps:
        columns["shown_in"].append(book.sheet_text(side.sheet, "name"))
        if k in (FIRST, LAST):
            key, value = ("baseline", sum(side.before)) if k == FIRST else ("this_plan", sum(side.after))
            columns["label"].append(book.title(key))
            for empty in ("invisible", "rise", "fall", "change"):
                columns[empty].append(0)
            columns["whole"].append(Formula(f"=SUM({book.all(side.table, key)})", value))
            columns["level_reached"].append(Formula(f"={book.here(WATERFALL, 'whole')}", value))
            continue
        moved = round(_rest(side) if k is None else side.after[k] - side.before[k], PLACES)
        columns["label"].append(book.say("chart.all_others") if k is None else book.labels[side.dimension][ids[side.members[k]]])
        columns["invisible"].append(Formula(f"=MIN({here},{here}-{change})", round(min(level, level + moved), PLACES)))
        columns["whole"].append(0)
        columns["rise"].append(Formula(f"=MAX(0,{change})", max(0.0, moved)))
        columns["fall"].append(Formula(f"=MAX(0,-{change})", max(0.0, -moved)))
        columns["change"].append(Formula(f"={_moved(book, side, k, shown)}", moved))
        level += moved
        columns["level_reached"].append(Formula(f"=ABOVE(1)+{change}", round(level, PLACES)))


def _rest(side: Compared) -> float:
    return sum(side.after[k] - side.before[k] for k in range(side.bars, len(side.members)))


def _moved(book: Book, side: Compared, k: int | None, shown: Sequence[int]) -> str:
    """The change of one member, found by its id, or of all that have no bar."""
    name, change = side.dimension, book.all(side.table, "change")
    ids = [book.is_(name, side.members[n])[1] for n in (shown if k is None else [k])]
    each = [book.sum_if_text(side.table, "change", (f"{name}_id", "{" + ",".join(ids) + "}" if k is None else ids[0]))]
    return f"SUM({change})-SUMPRODUCT({each[0]})" if k is None else each[0]
