"""One page for the cabinet: what every scenario comes to, who gains, who loses, and what it takes to get there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from fundalloc.compare.comparison import MemberRow
from fundalloc.compare.movements import CLASSES
from fundalloc.export.comparison.pages import LINES, Pages
from fundalloc.export.comparison.sheets.changes import MOVEMENTS
from fundalloc.export.comparison.sheets.side_by_side import TABLES, areas_chart, changes_chart, rows_of
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Cell, Formula, Sheet, Styled
from fundalloc.insight.fairness import fairness
from fundalloc.plan.verify import BREACH, DECIDED, MISSED

NEARLY = Fraction(1, 200)
"""A change of an area that is smaller, relatively, would be printed as 0 %."""
Line = tuple[str, Sequence[Cell], str]
"""What it is, a cell per side, and a comment."""


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    lines = [*_money(pages), *_who(pages), *_reach(pages), *_coverage(pages), *_kept(pages), *_scores(pages)]
    count = len(pages.sides)
    table = (
        pages.column("indicator", "text", [says for says, _, _ in lines], width=46),
        *(pages.column("", "money", [cells[k] for _, cells, _ in lines], width=26, heading=name) for k, name in enumerate(pages.sides)),
        pages.column("comment", "note", [comment for _, _, comment in lines], width=max(58, 124 - 26 * count)),
    )
    areas = areas_chart(pages, len(pages.found.rows("area")), 0.48)
    charts = (areas, changes_chart(pages, rows_of(pages, "partnership"), 0.52, 10 if count < 4 else 7))
    return pages.sheet("brief", "Brief", table, charts=charts, frozen=False, one_page=True)


def _line(pages: Pages, key: str, cells: Sequence[Cell], **values: object) -> Line:
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
        own = "area_id", quoted(pages.code("area", row.member))
        cells: list[Cell] = [Formula(f"={pages.sum_of_lines(k, own)}", float(row.amounts[k])) for k in sides]
        yield whole.format(area=name), cells, _spread(pages, row)


def _spread(pages: Pages, row: MemberRow) -> str:
    """Say which scenario must change an area most; or changes it most, where it is not known what must."""
    moving = {k: _moving(row, k) for k in range(1, len(row.amounts))}
    if not any(moving.values()):
        return pages.say("brief.same" if not row.largest else "brief.choice")
    k, change = max(moving.items(), key=lambda entry: abs(entry[1]))
    if row.amounts[0] and abs(change) < NEARLY * row.amounts[0]:
        return pages.say("brief.nearly")
    relative = pages.words.share(abs(change) / row.amounts[0]) if row.amounts[0] else ""
    key = "most_up" if change > 0 else "most_down"
    return pages.say(f"brief.{key}" if relative else "brief.new", side=pages.sides[k], part=relative)


def _who(pages: Pages) -> Iterator[Line]:
    """Money that sits elsewhere, who gains and who loses."""
    table, pairs, rows = TABLES["partnership"], pages.found.pairs, rows_of(pages, "partnership")
    lines = [pages.all(LINES, side) for side in pages.sides]
    moved = [Formula(f"=SUMPRODUCT(ABS({lines[k]}-{lines[0]}))/2", float(pair.moved)) for k, pair in enumerate(pairs, start=1)]
    yield _line(pages, "moved", [None, *moved], first=pages.sides[0])
    if pages.needed:
        needed: list[Cell] = [None] * len(pages.sides)
        for k, heading in pages.needed.items():
            needed[k] = Formula(f"=SUMPRODUCT(ABS({pages.all(LINES, heading)}))/2", float(pairs[k - 1].needed or 0))
        yield _line(pages, "needed", needed)
    changes = {k: pages.all(table, pages.moving(k)) for k in range(1, len(pages.sides))}
    for key, sign, sense in (("gain", 1, ">0"), ("lose", -1, "<0")):
        counts = {k: sum(sign * _moving(row, k) > 0 for row in rows) for k in changes}
        texts = {k: f"=COUNTIF({column},{quoted(sense)})" for k, column in changes.items()}
        yield _line(pages, key, [None, *(Styled(Formula(texts[k], counts[k]), "number") for k in changes)])
    for key, sign, function in (("most_gain", 1, "MAX"), ("most_loss", -1, "MIN")):
        yield _line(pages, key, [None, *(_extreme(pages, rows, k, sign, function, column) for k, column in changes.items())])


def _moving(row: MemberRow, side: int) -> Fraction:
    """Return what must move, or the whole change where that is not known."""
    needed = row.needed[side - 1]
    return row.changes[side - 1] if needed is None else needed


def _extreme(pages: Pages, rows: list[MemberRow], side: int, sign: int, function: str, changes: str) -> Cell:
    ends = [_moving(row, side) for row in rows]
    value = max(ends, key=lambda change: sign * change, default=Fraction(0))
    if not sign * value > 0:
        return Styled(pages.say("nobody"), "right_text")
    name = pages.found.name("partnership", rows[ends.index(value)].member)
    names = pages.all(TABLES["partnership"], pages.title("partnership"))
    return Styled(Formula(f"=INDEX({names},MATCH({function}({changes}),{changes},0))", name), "right_text")


def _reach(pages: Pages) -> Iterator[Line]:
    """How many movements reach how far; nothing where nothing moves, and no sheet lists any."""
    pairs, (variant, column) = pages.found.pairs, (pages.all(MOVEMENTS, pages.title(key)) for key in ("variant", "reach"))
    for reach in CLASSES if any(pair.movements.listed for pair in pairs) else ():
        is_reach = f"{column},{quoted(pages.say(f'reach.{reach}'))}"
        texts = [f"=COUNTIFS({variant},{quoted(pages.short(pair))},{is_reach})" for pair in pairs]
        counts = [Formula(text, pair.movements.sums(reach)[0]) for text, pair in zip(texts, pairs, strict=True)]
        yield _line(pages, reach, [None, *(Styled(count, "number") for count in counts)])


def _coverage(pages: Pages) -> Iterator[Line]:
    plans = [side.outcome.plan for side in pages.found.sides]
    if all(plan is not None and plan.coverage.need.sum() > 0 for plan in plans):
        met = [float(plan.coverage.met.sum() / plan.coverage.need.sum()) for plan in plans if plan]
        yield _line(pages, "coverage", [Styled(value, "share") for value in met])
        found = [one for plan in plans if plan and (one := fairness(plan)[0])]
        if len(found) == len(plans):
            yield pages.words("workbook.summary.gini.says"), [Styled(one.gini, "factor") for one in found], ""
            names = [f"{pages.found.name('partnership', one.worst_off)}, {pages.words.share(one.coverage)}" for one in found]
            yield pages.words("workbook.summary.lowest_coverage.says"), [Styled(name, "right_text") for name in names], ""


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
        yield _score(pages, 0, None, first, "")
    for k, pair in enumerate(found.pairs, start=1):
        if k not in alike and pair.scores.after is not None:
            differ = ", ".join(pages.words(f"compare.yardstick.{word}") for word in pair.scores.differ)
            yield _score(pages, k, pair.scores.measured, pair.scores.after, differ)


def _score(pages: Pages, side: int, measured: float | None, score: float, differ: str) -> Line:
    """Return one side's score, and what the first plan scores by its figures where that is known."""
    cells = [_points(measured), *([None] * len(pages.found.pairs))]
    cells[side] = _points(score)
    says = pages.say(f"brief.score_{'own' if measured is None else 'by'}.says", side=pages.sides[side])
    return says, cells, pages.say(f"brief.score_{'by' if differ else 'own'}.comment", what=differ)


def _points(score: float | None) -> Cell:
    return None if score is None else Styled(score, "points")
