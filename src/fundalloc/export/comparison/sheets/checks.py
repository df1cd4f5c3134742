"""Live arithmetic checks: every table against the lines, and the shares against the changes that they explain."""

from __future__ import annotations

from collections.abc import Iterator

from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets import why
from fundalloc.export.comparison.sheets.side_by_side import TABLES
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Fact, Formula, Sheet, Styled

TABLE = "Checks"
TOLERANCE = 0.0005
"""EUR million: half of the smallest amount that is ever printed with three decimals."""


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    checks = list(_checks(pages))
    passed, failed = pages.word("check.passed"), pages.word("check.failed")
    result = f"=IF(ABS({pages.here(TABLE, pages.title('difference'))})<=Tolerance,{quoted(passed)},{quoted(failed)})"
    columns = (
        pages.column("check", "text", [says for says, _ in checks], width=78),
        pages.column("difference", "difference", [Formula(f"={text}", 0) for _, text in checks], width=16),
        pages.column("must_be", "note", [pages.word("check.must_be")] * len(checks), width=24),
        pages.column("result", "text", [Formula(result, passed)] * len(checks), width=13, flags=((passed, "pass"), (failed, "breach"))),
    )
    failures = Formula(f"=COUNTIF({pages.all(TABLE, pages.title('result'))},{quoted(failed)})", 0)
    facts = (
        Fact(pages.word("check.failures"), Styled(failures, "integer"), "FailedChecks"),
        Fact(pages.word("check.tolerance"), Styled(TOLERANCE, "input"), "Tolerance"),
    )
    return pages.sheet("checks", TABLE, columns, money=False, colour="check", facts=facts, one_page=True)


def _checks(pages: Pages) -> Iterator[tuple[str, str]]:
    for k, side in enumerate(pages.sides):
        for dimension in ("partnership", "area", "year"):
            says = pages.say("check.adds_up", table=pages.sheet_text(f"by_{dimension}", "name"), side=side)
            yield says, f"SUM({pages.all(TABLES[dimension], side)})-{pages.sum_of_lines(k)}"
        says = pages.say("check.adds_up", table=pages.sheet_text("by_instrument", "name"), side=side)
        yield says, f"SUM({pages.all(TABLES['instrument'], side)})-{pages.sum_of_lines(k, kind=None)}"
    for pair, found in pages.attributions:
        position = pages.found.sides.index(pair.b)
        heading = pages.moving(position) if found.needed else pages.changes[position - 1]
        for dimension in ("area", "partnership"):
            if not found.by(dimension):
                continue
            columns = [pages.all(why.PARTS, pages.title(key)) for key in ("amount", "variant", "by")]
            shares = f"SUMIFS({columns[0]},{columns[1]},{quoted(pages.short(pair))},{columns[2]},{quoted(pages.title(dimension))})"
            says = pages.say("check.shares", side=pages.short(pair), table=pages.sheet_text(f"by_{dimension}", "name"))
            yield says, f"{shares}-SUM({pages.all(TABLES[dimension], heading)})"
