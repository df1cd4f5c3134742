"""This plan against the baseline: by partnership and by instrument, with a waterfall for each. EU budget only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from fundalloc.export.workbook.book import Book, Steps
from fundalloc.export.workbook.content import Cell, Chart, ColumnSum, Formula, Series, Sheet, Table

WATERFALL = "Waterfall"
MOST_BARS = 12
FIRST, LAST = -1, -2
"""Stand for the totals at both ends of a waterfall."""
PLACES = 9


@dataclass(frozen=True)
class Side:
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


def sides(book: Book) -> list[Side]:
    """Return both ways of comparing; nothing without a baseline."""
    return [_side(book, name, table) for name, table in (("partnership", "ComparePartnerships"), ("instrument", "CompareInstruments"))] * (
        book.has_baseline
    )


def _side(book: Book, dimension: str, table: str) -> Side:
    lines = book.plan.scenario.lines
    count = len(lines.facts.dimensions[dimension].ids)
    budget = np.isin(lines.instrument, book.of_kind("budget"))
    position = getattr(lines, dimension)[budget]
    after: Steps = np.zeros(count, dtype=np.int64)
    np.add.at(after, position, book.plan.steps[budget])
    before = np.zeros(count, dtype=np.int64)
    np.add.at(before, position, lines.baseline.numerator[budget])
    was = [round(int(b) / lines.baseline.denominator, PLACES) for b in before]
    now = [book.eur(steps) for steps in after]
    members = book.of_kind("budget") if dimension == "instrument" else book.leaves
    order = sorted((k for k in members if was[k] or now[k]), key=lambda k: (-abs(now[k] - was[k]), k))
    return Side(dimension, table, tuple(order), tuple(was[k] for k in order), tuple(now[k] for k in order))


def by_partnership(book: Book) -> Sheet | None:
    """Return the comparison by partnership; None without a baseline."""
    return next((_sheet(book, side) for side in sides(book) if side.dimension == "partnership"), None)


def by_instrument(book: Book) -> Sheet | None:
    """Return the comparison by instrument; None without a baseline."""
    return next((_sheet(book, side) for side in sides(book) if side.dimension == "instrument"), None)


def _sheet(book: Book, side: Side) -> Sheet:
    name, ids = side.dimension, book.plan.scenario.facts.dimensions[side.dimension].ids
    here = (f"{name}_id", book.here(side.table, f"{name}_id")), book.kind_is("budget")
    change = f"={book.here(side.table, 'this_plan')}-{book.here(side.table, 'baseline')}"
    part = f"=IFERROR({book.here(side.table, 'change')}/{book.here(side.table, 'baseline')},{_none(book)})"
    was, now = sum(side.before), sum(side.after)
    total_part = f"=IFERROR(SUM({book.all(side.table, 'change')})/SUM({book.all(side.table, 'baseline')}),{_none(book)})"
    table = Table(
        side.table,
        (
            book.column(name, "text", [book.labels[name][ids[k]] for k in side.members], (book.say("total.all"),), width=40),
            book.column(
                "baseline",
                "money",
                [book.sum_if("Allocation", "baseline", *here, value=v) for v in side.before],
                (ColumnSum(was),),
                width=18,
            ),
            book.column(
                "this_plan",
                "money",
                [book.sum_if("Allocation", "planned", *here, value=v) for v in side.after],
                (ColumnSum(now),),
                width=18,
            ),
            book.column(
                "change",
                "change",
                [Formula(change, round(b - a, PLACES)) for a, b in zip(side.before, side.after, strict=True)],
                (ColumnSum(round(now - was, PLACES)),),
                width=30,
                mark="change",
            ),
            book.column(
                "change_share",
                "change_share",
                [Formula(part, _part(book, a, b)) for a, b in zip(side.before, side.after, strict=True)],
                (Formula(total_part, _part(book, was, now)),),
                width=14,
            ),
            book.column(f"{name}_id", "code", [book.code(name, k) for k in side.members], printed=False),
        ),
    )
    says = book.sheet_text(side.sheet, "says", period=book.period)
    return Sheet(
        side.sheet,
        book.sheet_text(side.sheet, "title"),
        says,
        table,
        unit=book.say("unit"),
        charts=_charts(book, side),
        portrait=len(side.members) > 16,
        one_page=True,
    )


def _part(book: Book, before: float, after: float) -> float | str:
    return (after - before) / before if before else book.say("not_applicable")


def _none(book: Book) -> str:
    return '"' + book.say("not_applicable") + '"'


def _charts(book: Book, side: Side) -> tuple[Chart, ...]:
    """The waterfall: stacked columns on an invisible base."""
    if not side.bars:
        return ()
    first = 0
    for other in sides(book):
        if other.dimension == side.dimension:
            break
        first += len(_steps(other)) if other.bars else 0
    rows = (first, first + len(_steps(side)) - 1)
    words = {"period": book.period}
    series = tuple(Series(WATERFALL, rows, (k, k), (-1, k), hidden=k == 2) for k in (2, 3, 4, 5))
    least = _least(side)
    title = book.say(f"chart.waterfall_{side.dimension}_title", **words) + (f" ({book.say('chart.not_from_zero')})" if least else "")
    alt = book.say(f"chart.waterfall_{side.dimension}_alt", **words)
    return (Chart("column", title, alt, Series(WATERFALL, rows, (0, 0)), series, height=400, least=least),)


def _least(side: Side) -> float | None:
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


def _steps(side: Side) -> list[int | None]:
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
    table = Table(
        WATERFALL, tuple(book.column(key, styles.get(key, "money"), cells, width=widths.get(key, 15)) for key, cells in columns.items())
    )
    return Sheet(
        "waterfall",
        book.sheet_text("waterfall", "title"),
        book.sheet_text("waterfall", "says"),
        table,
        unit=book.say("unit"),
        colour="rest",
    )


def _waterfall_rows(book: Book, side: Side, columns: dict[str, list[Cell]]) -> None:
    """Add the bars of one waterfall: the baseline, every change on top of what stands before it, this plan."""
    level, ids = sum(side.before), book.plan.scenario.facts.dimensions[side.dimension].ids
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


def _rest(side: Side) -> float:
    return sum(side.after[k] - side.before[k] for k in range(side.bars, len(side.members)))


def _moved(book: Book, side: Side, k: int | None, shown: Sequence[int]) -> str:
    """The change of one member, found by its id, or of all that have no bar."""
    name, change = side.dimension, book.all(side.table, "change")
    ids = [book.is_(name, side.members[n])[1] for n in (shown if k is None else [k])]
    each = [book.sum_if_text(side.table, "change", (f"{name}_id", "{" + ",".join(ids) + "}" if k is None else ids[0]))]
    return f"SUM({change})-SUMPRODUCT({each[0]})" if k is None else each[0]
