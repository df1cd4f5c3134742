"""What `fundalloc run --plan` adds to the report: what the hand-made plan breaks, and how far it is from the best plan."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from fundalloc.cli.common import Output, new_table
from fundalloc.errors import FundallocError, Infeasible, NotRoundable, SolverFailed
from fundalloc.money import euro
from fundalloc.plan.handmade import broken_entries, broken_rules
from fundalloc.plan.verify import Finding
from fundalloc.rules._rows import Sense

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan
    from fundalloc.solvers import Options

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
        out.say(f"Best plan    there is none to compare with: {_first_line(error)}")
    else:
        report["best"] = _print_distance(plan, best, out)
    return report, len(broken)


def _first_line(error: FundallocError) -> str:
    return str(error).splitlines()[0]


def _print_broken(plan: Plan, out: Output) -> list[dict[str, Any]]:
    """Print every hard demand and decision that the plan breaks, and by how much."""
    names, places = plan.scenario.names(), plan.scenario.decimals
    rules, entries = broken_rules(plan), broken_entries(plan)
    count = len(rules) + len(entries)
    out.say(f"Broken       {count} that must hold" if count else "Broken       nothing: every hard rule and decision holds")
    found: list[dict[str, Any]] = []
    for finding in rules:
        said = finding.rule.sentence(finding.member, names)
        out.say(f"  broken     {said}: {how_broken(finding, places)} ({finding.rule.id})")
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
        out.say(f"  broken     {entry}")
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


def how_broken(finding: Finding, places: int) -> str:
    """Say what the amount is, what it must be, and by how much it misses that."""
    side = {Sense.AT_LEAST: "too little", Sense.AT_MOST: "too much", Sense.EXACTLY: "off"}[finding.sense]
    amount, limit, by = (exactly(value, places) for value in (finding.amount, finding.limit, -finding.headroom))
    return f"{amount} instead of {finding.sense} {limit}, EUR {by} million {side}"


def exactly(value: Fraction, places: int) -> str:
    """Print an amount with the decimals of a rounding step, or with three more when it does not end there."""
    return euro(value, places if (value * 10**places).denominator == 1 else places + 3)


def _print_distance(plan: Plan, best: Plan, out: Output) -> dict[str, Any]:
    """Print the difference in score, the money to move, and the partnerships that differ most."""
    scenario = plan.scenario
    facts, names = scenario.facts, scenario.names()["partnership"]
    change = best.steps - plan.steps
    move = Fraction(int(np.abs(change).sum()), 2) * facts.step
    missing = best.score - plan.score
    word = f"{euro(missing, 1)} more" if missing >= 0 else f"{euro(-missing, 1)} less, as it keeps every hard rule"
    out.say(f"Best plan    {euro(best.score, 1)} points, {word}")
    out.say(f"Distance     EUR {exactly(move, scenario.decimals)} million would have to move (half the sum of all differences)")
    rows = _by_partnership(plan, best)
    table = new_table("Partnership", "this plan", "best plan", "difference", numbers=3)
    for row in rows[:TOP]:
        table.add_row(names[row["partnership"]], *(euro(row[key], scenario.decimals) for key in ("plan", "best", "difference")))
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
