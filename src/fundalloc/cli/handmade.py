"""What `fundalloc run --plan` adds to the report: what the hand-made plan breaks, and how far it is from the best plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fundalloc.cli.output import Output, new_table
from fundalloc.cli.report import report_on
from fundalloc.money import finer
from fundalloc.plan.proof import PLACES

if TYPE_CHECKING:
    from fundalloc.insight.handmade import Broken, Distance
    from fundalloc.plan.plan import Plan


def print_broken(plan: Plan, broken: Sequence[Broken], out: Output) -> None:
    """Print every hard demand and decision that the plan breaks, and by how much."""
    report = report_on(plan, out)
    report.line("broken", report.words("report.says.broken", count=len(broken)) if broken else report.words("report.says.broken_none"))
    for one in broken:
        report.line("broken_one", one.how, within=True)


def print_distance(plan: Plan, found: Distance, out: Output) -> None:
    """Print the difference in score, the money to move, and the partnerships that differ most."""
    report = report_on(plan, out)
    words, names = report.words, report.names["partnership"]
    if found.best is None:
        report.line("best_plan", words("report.says.no_best", reason=found.reason))
        return
    key = "report.says.best_more" if found.missing >= 0 else "report.says.best_less"
    report.line("best_plan", words(key, score=words.number(found.best.score, PLACES), difference=words.number(abs(found.missing), PLACES)))
    report.line("distance", words("report.says.distance", amount=words.money(found.move, finer(plan.scenario.decimals, found.move))))
    table = new_table(*report.column("partnership", "this_plan", "best_plan", "difference"), numbers=3)
    for partnership, *amounts in found.partnerships:
        table.add_row(names[partnership], *map(report.eur, amounts))
    if found.partnerships:
        out.say()
        out.table(table)
