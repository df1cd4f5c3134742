"""One page for the cabinet: what every scenario comes to, who gains, who loses, and what it takes to get there."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from fundalloc.compare.comparison import MemberRow
from fundalloc.compare.movements import CLASSES
from fundalloc.export.comparison.pages import LINES, Pages
from fundalloc.export.comparison.sheets.changes import MOVEMENTS
from fundalloc.export.comparison.sheets.side_by_side import TABLES, areas_chart, changes_chart, rows_of
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet, Styled
from fundalloc.labels import label
from fundalloc.plan.verify import BREACH, DECIDED, MISSED

NEARLY = Fraction(1, 200)
"""A change of an area that is smaller, relatively, would be printed as 0 %."""
Line = tuple[str, list[Cell], str]
"""What it is, a cell per side, and a comment."""


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    lines = [*_money(pages), *_who(pages), *_reach(pages), *_coverage(pages), *_kept(pages), *_scores(pages)]
    columns = [Column(name, "money", tuple(cells[k] for _, cells, _ in lines), width=26) for k, name in enumerate(pages.sides)]
    table = (
        pages.column("indicator", "text", [says for says, _, _ in lines], width=46),
        *columns,
        pages.column("comment", "note", [comment for _, _, comment in lines], width=max(58, 124 - 26 * len(columns))),
    )
    rows = rows_of(pages, "partnership")
    height = 330
    charts = (
        areas_chart(pages, len(pages.found.rows("area")), 0.48, height),
        changes_chart(pages, rows, 0.52, 10 if len(columns) < 4 else 7, height),
    )
    return pages.sheet("brief", "Brief", table, charts=charts, frozen=False, one_page=True)


def _line(pages: Pages, key: str, cells: list[Cell], **values: object) -> Line:
    return pages.say(f"brief.{key}.says", **values), cells, pages.say(f"brief.{key}.comment", **values)


def _money(pages: Pages) -> Iterator[Line]:
    """The EU budget in all, and by area."""
    found, sides = pages.found, range(len(pages.found.sides))
    total = found.total().amounts
    planned: list[Cell] = [Styled(Formula(f"={pages.sum_of_lines(k)}", float(total[k])), "total") for k in sides]
    yield _line(pages, "planned", planned, period=pages.period)
    whole = pages.say("brief.of_which")
    for row in found.rows("area"):
        name = found.name("area", row.member)
        cells: list[Cell] = []
        for k in sides:
            text = pages.sum_of_lines(k, ("area_id", quoted(pages.code("area", row.member))))
            cells.append(Formula(f"={text}", float(row.amounts[k])))
        yield whole.format(area=name), cells, _spread(pages, row)


def _spread(pages: Pages, row: MemberRow) -> str:
    """Say which scenario must change an area most; or changes it most, where it is not known what must."""
    moving = [_moving(row, k) for k in range(1, len(row.amounts))]
    if not any(moving):
        return pages.say("brief.same" if not row.largest else "brief.choice")
    k = 1 + max(range(len(moving)), key=lambda n: abs(moving[n]))
    change = moving[k - 1]
    if row.amounts[0] and abs(change) < NEARLY * row.amounts[0]:
        return pages.say("brief.nearly")
    relative = pages.words.share(abs(change) / row.amounts[0]) if row.amounts[0] else ""
    key = "most_up" if change > 0 else "most_down"
    return pages.say(f"brief.{key}" if relative else "brief.new", side=pages.sides[k], part=relative)


def _who(pages: Pages) -> Iterator[Line]:
    """Money that sits elsewhere, who gains and who loses."""
    table, pairs = TABLES["partnership"], pages.found.pairs
    rows = rows_of(pages, "partnership")
    moved: list[Cell] = [None]
    for k, pair in enumerate(pairs, start=1):
        first, other = (pages.all(LINES, pages.sides[n]) for n in (0, k))
        moved.append(Formula(f"=SUMPRODUCT(ABS({other}-{first}))/2", float(pair.moved)))
    yield _line(pages, "moved", moved, first=pages.sides[0])
    if pages.needed:
        needed: list[Cell] = [None] * len(pages.sides)
        for k, heading in pages.needed.items():
            needed[k] = Formula(f"=SUMPRODUCT(ABS({pages.all(LINES, heading)}))/2", float(pairs[k - 1].needed or 0))
        yield _line(pages, "needed", needed)
    headings = [pages.moving(k) for k in range(1, len(pages.sides))]
    for key, sign, sense in (("gain", 1, ">0"), ("lose", -1, "<0")):
        counts: list[Cell] = [None]
        for k, heading in enumerate(headings, start=1):
            count = sum(1 for row in rows if sign * _moving(row, k) > 0)
            counts.append(Styled(Formula(f"=COUNTIF({pages.all(table, heading)},{quoted(sense)})", count), "number"))
        yield _line(pages, key, counts)
    names = pages.all(table, pages.title("partnership"))
    for key, sign, function in (("most_gain", 1, "MAX"), ("most_loss", -1, "MIN")):
        cells: list[Cell] = [None]
        for k, heading in enumerate(headings, start=1):
            cells.append(_extreme(pages, rows, k, sign, f"{function}({pages.all(table, heading)})", names, pages.all(table, heading)))
        yield _line(pages, key, cells)


def _moving(row: MemberRow, side: int) -> Fraction:
    """Return what must move, or the whole change where that is not known."""
    needed = row.needed[side - 1]
    return row.changes[side - 1] if needed is None else needed


def _extreme(pages: Pages, rows: list[MemberRow], side: int, sign: int, best: str, names: str, changes: str) -> Cell:
    ends = [_moving(row, side) for row in rows]
    value = max(ends, key=lambda change: sign * change, default=Fraction(0))
    if not sign * value > 0:
        return Styled(pages.say("nobody"), "right_text")
    name = pages.found.name("partnership", rows[ends.index(value)].member)
    return Styled(Formula(f"=INDEX({names},MATCH({best},{changes},0))", name), "right_text")


def _reach(pages: Pages) -> Iterator[Line]:
    """How many movements reach how far; nothing where nothing moves, and no sheet lists any."""
    for reach in CLASSES if any(pair.movements.listed for pair in pages.found.pairs) else ():
        cells: list[Cell] = [None]
        for pair in pages.found.pairs:
            variant, column = (pages.all(MOVEMENTS, pages.title(key)) for key in ("variant", "reach"))
            text = f"=COUNTIFS({variant},{quoted(pages.short(pair))},{column},{quoted(pages.say(f'reach.{reach}'))})"
            cells.append(Styled(Formula(text, pair.movements.sums(reach)[0]), "number"))
        yield _line(pages, reach, cells)


def _coverage(pages: Pages) -> Iterator[Line]:
    """Coverage, as the program measured it."""
    plans = [side.outcome.plan for side in pages.found.sides]
    if all(plan is not None and plan.coverage.need.sum() > 0 for plan in plans):
        met = [float(plan.coverage.met.sum() / plan.coverage.need.sum()) for plan in plans if plan]
        yield _line(pages, "coverage", [Styled(value, "share") for value in met])


def _kept(pages: Pages) -> Iterator[Line]:
    """How many rules are missed, broken by decision, and broken, where that is known of every side."""
    sides = pages.found.sides
    measured = [side.outcome.rules for side in sides if side.outcome.rules is not None]
    for key, status in (("missed", MISSED), ("by_decision", DECIDED), ("broken", BREACH)) if len(measured) == len(sides) else ():
        counts = [sum(rule.status == status for rule in rules) for rules in measured]
        if key == "missed" or any(counts):
            yield _line(pages, key, [Styled(count, "number") for count in counts])


def _scores(pages: Pages) -> Iterator[Line]:
    """Scores side by side where they measure the same; others apart, with what the first plan scores by the same figures."""
    found, first = pages.found, pages.found.first.outcome.score
    alike = {k for k, pair in enumerate(found.pairs, start=1) if pair.scores.comparable}
    if alike:
        yield _line(pages, "score", [_points(s.outcome.score) if k in alike or not k else None for k, s in enumerate(found.sides)])
    elif first is not None:
        yield _own_score(pages, 0, first, "")
    for k, pair in enumerate(found.pairs, start=1):
        scores = pair.scores
        if k in alike or scores.after is None:
            continue
        differ = ", ".join(label(f"compare.yardstick.{word}", pages.language) for word in scores.differ)
        if scores.measured is None:
            yield _own_score(pages, k, scores.after, differ)
            continue
        cells: list[Cell] = [_points(scores.measured), *([None] * len(found.pairs))]
        cells[k] = _points(scores.after)
        yield pages.say("brief.score_by.says", side=pages.sides[k]), cells, pages.say("brief.score_by.comment", what=differ)


def _own_score(pages: Pages, side: int, score: float, differ: str) -> Line:
    cells: list[Cell] = [None] * len(pages.sides)
    cells[side] = _points(score)
    return (
        pages.say("brief.score_own.says", side=pages.sides[side]),
        cells,
        pages.say("brief.score_by.comment", what=differ) if differ else pages.say("brief.score_own.comment"),
    )


def _points(score: float | None) -> Cell:
    return None if score is None else Styled(score, "points")
