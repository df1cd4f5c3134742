"""`fundalloc verify`: recompute every rule of a result from its amounts, in exact integers and without a solver."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from fundalloc.cli.common import Output, named_scenario, output_options, read, scenario_options

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan
    from fundalloc.scenario.plans import PlanAmounts
    from fundalloc.scenario.scenario import Scenario

_FIGURES = ("score", "impact", "penalty")
_LISTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rules": (("rule", "member", "sense"), ("amount", "base", "limit", "headroom", "status")),
    "allocation": (("key",), ("decided", "counts")),
    "free_money": (("instrument", "year"), ("ceiling", "reserve", "decided", "planned", "free")),
}
"""Lists of our JSON: by which keys their rows are found, and what they state."""


@click.command()
@click.argument("result", metavar="RESULT")
@click.argument("scenario_file", metavar="[SCENARIO]", required=False)
@output_options
@scenario_options
def verify(result: str, scenario_file: str | None, settings: tuple[str, ...], allow_outside: bool, out: Output) -> None:
    """Recompute every rule of a result from its amounts, in exact integers and without a solver.

    RESULT is a workbook, a JSON result or a CSV table (or the folder that holds it). SCENARIO is the scenario file; for
    a JSON result the file that it names is the default. Whatever the result states (fingerprint, score, amount, limit
    and status of every demand) is compared with what is recomputed.

    \b
    fundalloc verify plan.xlsx scenarios/mff-2021-2027/baseline.yaml
    fundalloc verify plan.json
    """
    from fundalloc.errors import NotVerified
    from fundalloc.plan.handmade import ledger_of, measure_steps
    from fundalloc.scenario.plans import read_plan

    scenario = read(scenario_file or named_scenario(result), settings, allow_outside, out)
    if scenario.baseline is not None:
        scenario = _with_baseline(scenario, out)
    amounts = read_plan(result, scenario.facts.dimensions, strict=False)
    with out.progress("Verifying"):
        steps, problems = ledger_of(scenario, amounts)
        plan = measure_steps(scenario, steps)
        wrong = [*_fingerprint(amounts, scenario), *(f"{p.message}: {p.hint}" if p.hint else p.message for p in problems)]
        wrong += [*_broken(plan), *differences(amounts.stated, plan)]
    hard = sum(finding.rule.hard for finding in plan.findings)
    decided = sum(finding.status == "decided" for finding in plan.findings)
    out.json({"verified": not wrong, "demands": len(plan.findings), "hard": hard, "by_decision": decided, "wrong": wrong})
    if wrong:
        count = f"{len(wrong)} thing{'s' if len(wrong) > 1 else ''}"
        raise NotVerified("\n".join([f"not verified: {count} wrong in {result}", *(f"  {what}" for what in wrong)]))
    if not amounts.digest:
        out.say(f"{result} carries no fingerprint of its scenario: nothing to compare with {scenario.file}")
    but = f", {decided} of them broken by decided money alone" if decided else ""
    out.say(f"verified: {len(plan.findings)} demands recomputed, {hard} hard, all hold{but}")


def _with_baseline(scenario: Scenario, out: Output) -> Scenario:
    """Solve the scenario that this one starts from: what may change depends on its plan."""
    from fundalloc.run import with_baseline

    out.note("The baseline is a scenario, so it is solved first; name a plan as baseline to verify without a solver.")
    return with_baseline(scenario, progress=out.progress)


def _fingerprint(amounts: PlanAmounts, scenario: Scenario) -> Iterator[str]:
    if amounts.digest and amounts.digest != scenario.digest:
        yield (
            f"fingerprint: the result was made from {amounts.digest[:12]}…, {scenario.file} is {scenario.digest[:12]}…: "
            "the scenario was changed since, or --set was used"
        )


def _broken(plan: Plan) -> Iterator[str]:
    """Name every decision and every demand of a hard rule that the amounts break."""
    from fundalloc.cli.handmade import how_broken
    from fundalloc.plan.handmade import broken_entries, broken_rules

    names = plan.scenario.names()
    yield from (str(entry) for entry in broken_entries(plan))
    for finding in broken_rules(plan):
        said = finding.rule.sentence(finding.member, names)
        yield f"{finding.rule.id}: {said}: {how_broken(finding, plan.scenario.decimals)}"


def differences(stated: Mapping[str, Any], plan: Plan) -> Iterator[str]:
    """Compare what a result states with what its amounts come to; the order of rows does not matter."""
    from fundalloc.export.tables import as_dict

    found = as_dict(plan)
    for figure in _FIGURES:
        if figure in stated and not _same(stated[figure], found[figure]):
            yield f"{figure}: stated {stated[figure]}, recomputed {found[figure]}"
    for name, (keys, fields) in _LISTS.items():
        if isinstance(stated.get(name), list):
            yield from _compare(name, stated[name], found[name], keys, fields)


def _compare(name: str, stated: list[Any], found: list[dict[str, Any]], keys: tuple[str, ...], fields: tuple[str, ...]) -> Iterator[str]:
    rows = [row if isinstance(row, dict) else {} for row in stated]
    said = {tuple(str(row.get(key)) for key in keys): row for row in rows}
    recomputed = {tuple(str(row[key]) for key in keys): row for row in found}
    if len(said) < len(rows):
        twice = len(rows) - len(said)
        yield f"{name}: {twice} row{'s stand' if twice > 1 else ' stands'} twice"
    for key in (*recomputed, *(key for key in said if key not in recomputed)):
        where = f"{name} {' '.join(filter(None, key))}"
        if key not in recomputed:
            if name != "allocation" or any(said[key].get(field) for field in ("amount", "decided")):
                yield f"{where}: stated, but there is no such row"
        elif key not in said:
            yield f"{where}: not stated, although there is such a row"
        else:
            for field in fields:
                if not _same(said[key].get(field), recomputed[key][field]):
                    yield f"{where}: {field} stated {said[key].get(field)}, recomputed {recomputed[key][field]}"


def _same(stated: Any, found: Any) -> bool:
    """Compare two values of our JSON; numbers are written with 12 digits."""
    if isinstance(stated, int | float) and isinstance(found, int | float):
        return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-9)
    return bool(stated == found)
