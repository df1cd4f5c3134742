"""What `fundalloc run --plan` adds to the report: what the hand-made plan breaks, and how far it is from the best plan."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from fundalloc.cli.common import Output, new_table
from fundalloc.cli.report import report_on
from fundalloc.errors import Infeasible, NotRoundable, SolverFailed
from fundalloc.labels import Words
from fundalloc.money import finer
from fundalloc.plan.handmade import broken_entries, broken_rules
from fundalloc.plan.proof import PLACES
from fundalloc.plan.verify import Finding

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan
    from fundalloc.solvers import Options

ENGLISH = Words()
TOP = 10
"""Partnerships that the table of differences names."""


def print_comparison(plan: Plan, options: Options, out: Output) -> tuple[dict[str, Any], int]:
    """Print what is broken and the distance from the best plan; return both as plain values, and the number broken."""
    from fundalloc.run import solve

    broken = _print_broken(plan, out)
    report: dict[str, Any] = {"broken": broken, "best": None}
    try:
        best = solve(plan.scenario, options, out.progress)
    except (Infeasible, NotRoundable, SolverFailed) as error:
        report_on(plan, out).line("best_plan", out.words(plan.scenario)("report.says.no_best", reason=str(error).splitlines()[0]))
    else:
        report["best"] = _print_distance(plan, best, out)
    return report, len(broken)


def _print_broken(plan: Plan, out: Output) -> list[dict[str, Any]]:
    """Print every hard demand and decision that the plan breaks, and by how much."""
    report, places = report_on(plan, out), plan.scenario.decimals
    words = report.words
    rules, entries = broken_rules(plan), broken_entries(plan)
    count = len(rules) + len(entries)
    report.line("broken", words("report.says.broken", count=count) if count else words("report.says.broken_none"))
    found: list[dict[str, Any]] = []
    for finding in rules:
        said = finding.said(report.names, words.language)
        report.line("broken_one", f"{said}: {how_broken(finding, places, words)} ({finding.rule.id})", within=True)
        found.append(
            {
                "rule": finding.rule.id,
                "member": "|".join(finding.member),
                "says": said,
                "amount": float(finding.amount),
                "limit": float(finding.limit),
                "by": float(-finding.headroom),
            }
        )
    for entry in entries:
        report.line("broken_one", str(entry), within=True)
        found.append(
            {
                "rule": "decided",
                "member": entry.key,
                "says": str(entry),
                "amount": float(entry.amount),
                "limit": float(entry.limit),
                "by": float(abs(entry.amount - entry.limit)),
            }
        )
    return found


def how_broken(finding: Finding, places: int, words: Words = ENGLISH) -> str:
    """Say what the amount is, what it must be, and by how much it misses that, in the unit that it is counted in."""
    money = finding.rule.in_money
    amount, limit, by = (finer(places, value) if money else 0 for value in (finding.amount, finding.limit, finding.headroom))
    missed = words.money(-finding.headroom, by) if money else finding.rule.written(-finding.headroom, 0, words.language)
    said = {"amount": words.number(finding.amount, amount), "limit": finding.asks(limit, words.language), "by": missed}
    return words(f"report.says.{finding.sense.field}", **said)


def _print_distance(plan: Plan, best: Plan, out: Output) -> dict[str, Any]:
    """Print the difference in score, the money to move, and the partnerships that differ most."""
    scenario, report = plan.scenario, report_on(plan, out)
    facts, words, names = scenario.facts, report.words, report.names["partnership"]
    change = best.steps - plan.steps
    move = Fraction(int(np.abs(change).sum()), 2) * facts.step
    missing = best.score - plan.score
    key = "report.says.best_more" if missing >= 0 else "report.says.best_less"
    report.line("best_plan", words(key, score=words.number(best.score, PLACES), difference=words.number(abs(missing), PLACES)))
    report.line("distance", words("report.says.distance", amount=words.money(move, finer(scenario.decimals, move))))
    rows = _by_partnership(plan, best)
    table = new_table(*report.column("partnership", "this_plan", "best_plan", "difference"), numbers=3)
    for row in rows[:TOP]:
        table.add_row(names[row["partnership"]], *(report.eur(row[column]) for column in ("plan", "best", "difference")))
    if rows:
        out.say()
        out.table(table)
    return {"score": best.score, "difference": missing, "move": float(move), "status": best.status, "partnerships": rows[:TOP]}


def _by_partnership(plan: Plan, best: Plan) -> list[dict[str, Any]]:
    """Return the partnerships whose totals differ, largest difference first."""
    lines, facts = plan.scenario.lines, plan.scenario.facts
    totals = np.zeros((2, len(facts.partnerships)), dtype=np.int64)
    for k, made in enumerate((plan, best)):
        np.add.at(totals[k], lines.partnership, made.steps)
    change = totals[1] - totals[0]
    order = sorted(np.flatnonzero(change), key=lambda k: (-abs(int(change[k])), facts.partnerships[k].id))
    return [
        {
            "partnership": facts.partnerships[k].id,
            "plan": float(facts.euro(int(totals[0, k]))),
            "best": float(facts.euro(int(totals[1, k]))),
            "difference": float(facts.euro(int(change[k]))),
        }
        for k in order
    ]
