"""Which change moved what: the shares of every override, a waterfall per scenario, and all shares one by one.

Shared out is what must move; where that is not known, the whole difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from fundalloc.compare.attribution import Attribution, Part
from fundalloc.compare.comparison import Pair
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.workbook.book import quoted, shorten
from fundalloc.export.workbook.content import Cell, Chart, Formula, Series, Sheet

TABLE, PARTS, WATERFALL = "WhatMovedIt", "Parts", "Waterfall"
SHARED_BY = ("area", "partnership", "instrument", "year")
LONGEST = 46
"""Characters of a label beside a bar of a waterfall."""
ONE_PAGE = 30
"""Rows of the table up to which it is printed on one page with its waterfalls."""
BESIDE = 3
"""Waterfalls side by side."""


class _Line(NamedTuple):
    """One change in the file, or all of one side together: what it moves in every area."""

    variant: str
    key: str
    says: str
    areas: list[Cell]
    total: float
    score: float | None
    strong: bool = False


def build(pages: Pages) -> Sheet:
    """Return the table of overrides and areas with its waterfalls."""
    areas = [row.member for row in pages.found.rows("area")]
    lines = list(_lines(pages, areas))
    keys, scores = [line.key for line in lines], [line.score for line in lines]
    across, names = f"=SUM(BESIDE({len(areas)}))", [pages.found.name("area", area) for area in areas]
    columns = (
        pages.column("variant", "strong", [line.variant for line in lines], width=24),
        pages.column("override", "text", keys, width=36),
        pages.column("says", "note", [line.says for line in lines], width=58),
        *(pages.column("", "change", [line.areas[k] for line in lines], width=14, heading=name) for k, name in enumerate(names)),
        pages.column("total", "change", [Formula(across, line.total) for line in lines], width=12),
        *([pages.column("score_points", "change", scores, width=12, given=True)] if any(score is not None for score in scores) else []),
        pages.column("override_id", "code", keys, printed=False),
    )
    how = "; ".join(f"{pages.short(p)}: {_how(pages, a)}" for p, a in pages.attributions)
    strong, charts = frozenset(k for k, line in enumerate(lines) if line.strong), tuple(_charts(pages))
    return pages.sheet("why", TABLE, columns, words={"how": how}, strong=strong, charts=charts, one_page=len(keys) <= ONE_PAGE)


def _lines(pages: Pages, areas: Sequence[str]) -> Iterator[_Line]:
    """Yield the overrides of every pair, then what they come to together."""
    unshared = not _parts(pages)  # nothing has to move: there is no sheet to look shares up on
    for pair, found in pages.attributions:
        side, comparable = pages.short(pair), pair.scores.comparable
        for i, override in enumerate(found.overrides):
            shares = {part.member: part.parts[i] for part in found.by("area")}
            found_there = {area: Formula(f"={_look_up(pages, TABLE, area)}", float(shares.get(area, 0))) for area in areas}
            cells: list[Cell] = [0.0 if unshared else found_there[area] for area in areas]
            score = float(found.score.parts[i]) if comparable else None
            yield _Line(side, override.key, override.said(pages.language), cells, float(sum(shares.values())), score)
        changes = {part.member: part.change for part in found.by("area")}
        cells = [_difference(pages, pair, found, area, changes.get(area, Fraction(0))) for area in areas]
        says = pages.say("needed_against" if found.needed else "difference_of", first=pages.sides[0], side=side)
        score = float(found.score.change) if comparable else None
        yield _Line(side, pages.say("all_changes"), says, cells, float(sum(changes.values())), score, strong=True)


def _how(pages: Pages, found: Attribution) -> str:
    count, key = len(found.overrides), "sampled" if found.shares.sampled else "all_orders"
    how = pages.say(f"how.{key}", **({"orders": found.shares.orders, "seed": found.seed} if found.shares.sampled else {}), count=count)
    return pages.words(f"compare.says.{'of_needed' if found.needed else 'of_all'}", how=how)


def _look_up(pages: Pages, table: str, area: str) -> str:
    """Return the formula that finds the share of a row's own override among all shares."""
    amount, variant, override, dimension, member = (
        pages.all(PARTS, pages.title(key)) for key in ("amount", "variant", "override_id", "by", "member_id")
    )
    here = [pages.here(table, pages.title(key)) for key in ("variant", "override_id")]
    is_area = f"{dimension},{quoted(pages.title('area'))},{member},{quoted(pages.code('area', area))}"
    return f"SUMIFS({amount},{variant},{here[0]},{override},{here[1]},{is_area})"


def _difference(pages: Pages, pair: Pair, found: Attribution, area: str, value: Fraction) -> Formula:
    """Return what the shares of an area add up to: what must move there, or the whole difference."""
    criterion, side = ("area_id", quoted(pages.code("area", area))), pages.found.sides.index(pair.b)
    if found.needed:
        return Formula(f"={pages.sum_of_lines(pages.needed[side], criterion)}", float(value))
    return Formula(f"={pages.sum_of_lines(side, criterion)}-{pages.sum_of_lines(0, criterion)}", float(value))


def _parts(pages: Pages) -> list[tuple[str, str, str, str, Fraction]]:
    """Return all shares: side, override, dimension, member, amount."""
    return [
        (pages.short(pair), override.key, dimension, part.member, part.parts[i])
        for pair, found in pages.attributions
        for dimension in SHARED_BY
        for part in found.by(dimension)
        for i, override in enumerate(found.overrides)
        if part.parts[i]
    ]


def parts(pages: Pages) -> Sheet:
    """Return all shares, one per row."""
    rows = _parts(pages)
    columns = (
        pages.column("variant", "strong", [row[0] for row in rows], width=24),
        pages.column("override_id", "text", [row[1] for row in rows], width=38),
        pages.column("by", "text", [pages.title(row[2]) for row in rows], width=16),
        pages.column("member", "text", [row[3] if row[2] == "year" else pages.found.name(row[2], row[3]) for row in rows], width=42),
        pages.column("amount", "change", [float(row[4]) for row in rows], width=14, given=True),
        pages.column("member_id", "code", [pages.code(row[2], row[3]) for row in rows], printed=False),
    )
    return pages.sheet("parts", PARTS, columns, filtered=True)


def _shown(pages: Pages) -> Iterator[tuple[Pair, Attribution, Part]]:
    """Yield every pair with the area that changes most: the one that a waterfall shows."""
    yield from ((pair, found, found.by("area")[0]) for pair, found in pages.attributions if found.by("area"))


def waterfall(pages: Pages) -> Sheet:
    """Return the figures behind the waterfalls."""
    rows = [bar for pair, found, part in _shown(pages) for bar in _steps(pages, pair, found, part)]
    look = {"label": ("text", 34), "variant": ("note", 24), "area": ("note", 24), "change": ("change", 14), "override_id": ("code", 36)}
    columns = []
    for key in ("label", "variant", "area", "invisible", "whole", "rise", "fall", "change", "level", "override_id"):
        style, width = look.get(key, ("money", 14))
        columns.append(pages.column(key, style, [row.get(key, 0) for row in rows], width=width))
    return pages.sheet("waterfall", WATERFALL, columns, colour="rest")


def _steps(pages: Pages, pair: Pair, found: Attribution, part: Part) -> Iterator[dict[str, Cell]]:
    """Yield the bars of one waterfall: the first plan, every override, what lies among equally good plans, the other plan."""
    side = pages.found.sides.index(pair.b)
    amounts = next(row.amounts for row in pages.found.rows("area") if row.member == part.member)
    change, level_here = (pages.here(WATERFALL, pages.title(key)) for key in ("change", "level"))
    criterion = ("area_id", quoted(pages.code("area", part.member)))
    sums = {at: pages.sum_of_lines(at, criterion) for at in (0, side)}
    shares, look_up = zip(found.overrides, part.parts, strict=True), f"={_look_up(pages, WATERFALL, part.member)}"
    bars = [(override.said(pages.language), override.key, look_up, moved) for override, moved in shares]
    if found.needed:
        rest = f"={sums[side]}-{sums[0]}-{pages.sum_of_lines(pages.needed[side], criterion)}"
        bars.append((pages.say("reach.choice"), "", rest, amounts[side] - amounts[0] - part.change))
    whose: dict[str, Cell] = {"variant": pages.short(pair), "area": pages.found.name("area", part.member)}

    def end(at: int) -> dict[str, Cell]:
        whole, level = (Formula(f"={text}", float(amounts[at])) for text in (sums[at], pages.here(WATERFALL, pages.title("whole"))))
        return {**whose, "label": shorten(pages.sides[at], LONGEST), "override_id": "", "whole": whole, "level": level}

    yield end(0)
    level = amounts[0]
    for name, key, text, moved in bars:
        base, level = min(level, level + moved), level + moved
        yield {
            **whose,
            "label": shorten(name, LONGEST),
            "override_id": key,
            "change": Formula(text, float(moved)),
            "invisible": Formula(f"=MIN({level_here},{level_here}-{change})", float(base)),
            "rise": Formula(f"=MAX(0,{change})", float(max(moved, Fraction(0)))),
            "fall": Formula(f"=MAX(0,-{change})", float(max(-moved, Fraction(0)))),
            "level": Formula(f"=ABOVE(1)+{change}", float(level)),
        }
    yield end(side)


def _charts(pages: Pages) -> list[Chart]:
    charts, first, shown = [], 0, list(_shown(pages))
    most = max((len(found.overrides) + found.needed + 2 for _, found in pages.attributions), default=0)
    for pair, found, part in shown:
        rows = (first, first + len(found.overrides) + found.needed + 1)
        first = rows[1] + 1
        words = {"side": pages.short(pair), "area": pages.found.name("area", part.member), "first": pages.sides[0]}
        series = tuple(Series(WATERFALL, rows, (k, k), (-1, k), hidden=k == 3) for k in (3, 4, 5, 6))
        width, height = 1 / min(len(shown), BESIDE), 110 + 27 * most
        charts.append(pages.chart("bar", "waterfall", Series(WATERFALL, rows, (0, 0)), series, words=words, width=width, height=height))
    return charts
