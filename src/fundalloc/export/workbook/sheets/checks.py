"""Live arithmetic checks: every figure of the workbook against the allocation, and the allocation against the export."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Fact, Formula, Sheet, Styled
from fundalloc.plan.verify import BREACH

TABLE = "Checks"
TOLERANCE = 0.0005
"""EUR million, or half a rounding step where that is less."""

Check = tuple[str, str, float]
"""Key in the catalogue, formula of the difference, its value."""


def build(book: Book) -> Sheet:
    """Return the sheet."""
    checks = list(_checks(book))
    passed, failed = book.say("check.passed"), book.say("check.failed")
    result = f"=IF(ABS({book.here(TABLE, 'difference')})<=Tolerance,{quoted(passed)},{quoted(failed)})"
    results = [passed if abs(value) <= _tolerance(book) else failed for _, _, value in checks]
    columns = (
        book.column("check", "text", [book.say(f"check.{key}.says") for key, _, _ in checks], width=56),
        book.column("difference", "difference", [Formula(f"={text}", value) for _, text, value in checks], width=16),
        book.column("must_be", "note", [book.say("check.must_be")] * len(checks), width=24),
        book.column("result", "text", [Formula(result, word) for word in results], width=13, flags=((passed, "pass"), (failed, "breach"))),
        book.column("measured_as", "note", [book.say(f"check.{key}.measures") for key, _, _ in checks], width=72),
    )
    failures = Formula(f"=COUNTIF({book.all(TABLE, 'result')},{quoted(failed)})", results.count(failed))
    facts = (
        Fact(book.say("check.failures"), Styled(failures, "integer"), "FailedChecks"),
        Fact(book.say("check.tolerance"), Styled(_tolerance(book), "input"), "Tolerance", entry=book.entry("tolerance", least=0)),
        Fact(book.say("check.step"), Styled(float(book.facts.step), "strong_factor"), "RoundingStep"),
    )
    return book.sheet("checks", TABLE, columns, money=False, colour="check", facts=facts, one_page=True)


def failures(book: Book) -> int:
    """Return how many checks fail in the workbook as written."""
    return sum(1 for _, _, value in _checks(book) if abs(value) > _tolerance(book))


def _checks(book: Book) -> Iterator[Check]:
    plan = book.plan
    planned, decided = book.all("Allocation", "planned"), book.all("Allocation", "decided")
    optimised, adjustment = book.all("Allocation", "optimised"), book.all("Allocation", "adjustment")
    yield from _sums(book)
    yield "not_negative", f'COUNTIF({planned},"<0")', int((plan.steps < 0).sum())
    yield "decided_kept", f"SUMPRODUCT(--({planned}<{decided}-Tolerance))", int((plan.steps < plan.scenario.lines.decided).sum())
    yield "whole_steps", f"SUMPRODUCT(ABS({planned}-ROUND({planned}/RoundingStep,0)*RoundingStep))", 0
    yield "lines_kept", f"ROWS({planned})-{len(plan.steps)}", 0
    yield "sum_kept", f"SUM({optimised})-{_exact(book, plan.steps.sum())}", 0
    squares = float(sum(int(s) ** 2 for s in plan.steps) * plan.scenario.facts.step**2)
    yield "lines_unchanged", f"SUMSQ({optimised})-{squares!r}", 0
    yield "adjustments_cancel", f"SUM({adjustment})", 0
    free = [row for row in plan.free_money["free"] if not np.isnan(row)]
    yield "within_ceilings", f"SUMPRODUCT(--({book.all('FreeMoney', 'free')}<-Tolerance))", sum(1 for x in free if x < -_tolerance(book))
    broken = sum(1 for f in plan.findings if f.status == BREACH)
    yield "no_breach", f"COUNTIF({book.all('Rules', 'status')},{quoted(book.status(BREACH))})", broken


def _sums(book: Book) -> Iterator[Check]:
    """Every table of results against the allocation."""
    budget = book.planned(book.kind_is("budget"))
    everything = book.planned()
    total = {name: book.all(name, "total") for name in ("ByInstrument", "ByPartnership", "ByArea", "HeatMap")}
    not_memo = f"{book.all('ByInstrument', 'kind_of_money')},{quoted('<>' + book.word('counts', 'memo'))}"
    yield "by_instrument", f"SUMIFS({total['ByInstrument']},{not_memo})-{everything}", 0
    for key, table in (("by_partnership", "ByPartnership"), ("by_area", "ByArea"), ("heat_map", "HeatMap")):
        yield key, f"SUM({total[table]})-{budget}", 0
    if book.of_kind("partner"):
        partner = book.planned(book.kind_is("partner"))
        yield "partner", f"SUM({book.all('ByArea', 'partner_money')})-{partner}", 0
    whole = book.sum_if_text("FreeMoney", "planned", ("year", quoted(book.say("whole_period"))))
    yield "free_money", f"{whole}-{_planned_instruments(book)}", 0


def _planned_instruments(book: Book) -> str:
    """Return the sum of the allocation of the instruments that the plan decides."""
    given = [k for k, i in enumerate(book.facts.instruments) if i.counts == "partner" and not i.planned]
    text = book.planned()
    return "(" + "-".join([text, *(book.planned(book.is_("instrument", k)) for k in given)]) + ")"


def _tolerance(book: Book) -> float:
    return min(TOLERANCE, float(book.facts.step) / 2)


def _exact(book: Book, steps: int) -> str:
    return repr(float(Fraction(int(steps)) * book.facts.step))
