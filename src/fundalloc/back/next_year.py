"""A plan rolled forward: a folder with a scenario in which the years before a year are closed and hold what the plan gave them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from fundalloc.back.circulated import open_circulated
from fundalloc.errors import ScenarioError, UsageError, year_ranges
from fundalloc.insight.doctor.examine import uncommitted_money
from fundalloc.money import euro
from fundalloc.optimise.stages import Progress
from fundalloc.plan.handmade import broken_entries, broken_rules, measure_plan
from fundalloc.rules.kind import Kind
from fundalloc.run import with_baseline
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import read_plan
from fundalloc.scenario.plans.files import named_scenario
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.starters.rolling import check_year, roll_forward


def next_year(
    folder: Path, plan: str, year: int, scenario_file: str | None, *, allow_outside: bool, progress: Progress
) -> tuple[list[Path], list[str]]:
    """Write the scenario that goes on from a plan; return the files, and what the reader should know about the plan.

    The plan's own scenario is the one named, the one that a result names, or the one that travels inside a workbook.
    """
    with _scenario_of(plan, scenario_file) as source:
        with progress("Reading"):
            scenario = load(source, allow_outside=allow_outside, recorded=True)
        check_year(scenario, year)
        amounts = read_plan(plan, scenario.facts.dimensions)
        measured = measure_plan(with_baseline(scenario, progress=progress), amounts)
        notes = []
        if amounts.said("digest") and amounts.said("digest") != scenario.digest:
            notes.append(f"Note: the plan was made from another state of {source}, or with --set.")
        if broken := len(broken_rules(measured)) + len(broken_entries(measured)):
            notes.append(f"Note: the plan breaks {broken} demands that must hold; fundalloc run {source} --plan {plan} names them.")
        return roll_forward(scenario, Path(source), amounts, year, folder, lambda rolled: _outlook(rolled, year, notes)), notes


@contextmanager
def _scenario_of(plan: str, scenario_file: str | None) -> Iterator[str]:
    if scenario_file is not None or Path(plan).suffix.lower() != ".xlsx":
        yield scenario_file or named_scenario(plan)
        return
    sources = open_circulated(Path(plan)).sources
    if sources.settings or sources.baseline:
        raise UsageError(f"{plan} was run with --set or --baseline: extract its scenario, and name it with --scenario.")
    with TemporaryDirectory(prefix="fundalloc-") as name:
        sources.restore(Path(name))
        yield str(Path(name) / sources.main)


def _outlook(rolled: Path, year: int, notes: list[str]) -> str:
    """Return a line of what is open, and how rules read from the year on; nothing of a scenario that must be mended first."""
    try:
        scenario = load(rolled, recorded=True)
    except ScenarioError:
        return ""
    rules = {rule.id: change for rule in scenario.written_rules if (change := _recast(rule, scenario, year))}
    if not any(map(_flexible, scenario.written_rules)):
        rules |= {name: {**_PREPARED, **limb, "money": {"year": year}} for name, limb in _CLAUSE.items()}
    free = [(row["name"], row["total"]) for row in uncommitted_money(scenario) if row["total"]]
    named = ", ".join(f"{name} {euro(amount, scenario.decimals)}" for name, amount in free)
    notes.insert(0, f"Open: EUR {euro(sum(amount for _, amount in free), scenario.decimals)} million from {year} on ({named}).")
    changes = "".join(f"  {name}: {json.dumps(change, ensure_ascii=False)}\n" for name, change in rules.items())
    return f"# {notes[0]}\n" + (f"rules:\n{changes}" if changes else "")


def _flexible(rule: Kind) -> bool:
    """Whether a rule leaves some room around the plan, as the flexibility clause does."""
    return rule.from_baseline and (rule.corridor is None or 0 not in rule.corridor)


def _recast(rule: Kind, scenario: Scenario, year: int) -> dict[str, Any]:
    """Return how a rule changes when the years before are closed: the clause moves on, what is over is switched off, the past drops out."""
    lines, taken = scenario.lines, rule.taken_of(scenario.lines)
    picked = np.logical_or.reduce([lines.select(money) for money in (rule.money, *([taken.money] if taken else []))])
    years = [t for t, on in zip(scenario.facts.years, rule.money.masks(scenario.facts.dimensions)[-1], strict=True) if on]
    ahead = [t for t in years if t >= year]
    if not (picked & ~lines.fixed).any():
        return {"money": {"year": year}} if _flexible(rule) and rule.money.year else {"off": True, "reason": "its years are over"}
    return {"money": {"year": year_ranges(ahead)}} if "year" in rule.for_each and ahead != years and ahead else {}


_CLAUSE: dict[str, dict[str, Any]] = {
    "flexibility-clause": {"kind": "deviation", "within": "20 %", "amount": 10, "says": "{member}: within {limit} of the plan"},
    "moves-between-areas": {"kind": "reassignment", "between": "area", "at_most": "20 %", "says": "{member}: at most {limit} moved"},
}
"""Both limbs, to switch on where the decisions of a year are adopted."""
_PREPARED = {
    "off": True,
    "reason": "the clause binds decisions that are adopted: drop `off` and this once they are",
    "for_each": ["instrument", "partnership", "year"],
    "source": "Flexibility clause of financing decisions; one decision per instrument, partnership and year: assumption",
}
