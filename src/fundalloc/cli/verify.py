"""`fundalloc verify`: recompute every rule of a result from its amounts, in exact integers and without a solver."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fundalloc.cli.common import Output, named_scenario, output_options, read, scenario_options

if TYPE_CHECKING:
    from fundalloc.back.circulated import Circulated
    from fundalloc.plan.plan import Plan
    from fundalloc.scenario.plans.amounts import PlanAmounts
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.versions import Meaning

_FIGURES = ("score", "impact", "penalty")
_LISTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rules": (("rule", "member", "sense"), ("amount", "base", "limit", "headroom", "status")),
    "allocation": (("key",), ("decided", "counts")),
    "free_money": (("instrument", "year"), ("ceiling", "reserve", "decided", "planned", "lapsed", "free")),
}
"""Lists of our JSON: by which keys their rows are found, and what they state."""


@click.command()
@click.argument("result", metavar="RESULT")
@click.argument("scenario_file", metavar="[SCENARIO]", required=False)
@output_options
@scenario_options
def verify(result: str, scenario_file: str | None, settings: tuple[str, ...], allow_outside: bool, out: Output) -> None:
    """Recompute every rule of a result from its amounts, in exact integers and without a solver.

    RESULT is a workbook, a JSON result or a CSV table (or the folder that holds it). A workbook is verified from itself
    alone, down to every cell: changed amounts, limits and formulas are named. Otherwise SCENARIO is the scenario file;
    for a JSON result the file that it names is the default. Whatever the result states (fingerprint, score, certificate,
    amount, limit and status of every demand) is compared with what is recomputed.

    \b
    fundalloc verify plan.xlsx
    fundalloc verify plan.json
    fundalloc verify allocation.csv scenarios/mff-2021-2027/baseline.yaml
    """
    from fundalloc.plan.handmade import ledger_of, measure_steps
    from fundalloc.scenario.plans.amounts import read_plan
    from fundalloc.versions import later

    if scenario_file is None and Path(result).suffix.lower() in (".xlsx", ".xlsm"):
        if settings:
            raise click.UsageError("a workbook is verified with the scenario inside it: name SCENARIO too, or leave --set out.")
        _verify_book(Path(result), out)
        return
    scenario = read(scenario_file or named_scenario(result), settings, allow_outside, out)
    amounts = read_plan(result, scenario.facts.dimensions, strict=False)
    if scenario.baseline is not None:
        scenario = _with_baseline(scenario, amounts, out)
    with out.progress("Verifying"):
        steps, problems = ledger_of(scenario, amounts)
        plan = measure_steps(scenario, steps)
        wrong = [*_fingerprint(amounts, scenario), *(f"{p.message}: {p.hint}" if p.hint else p.message for p in problems)]
        wrong += _broken(plan)
        plan, remarks = _certified(plan, amounts.stated)
        meanings = later(_written_by(amounts.stated))
        excused = {figure for meaning in meanings for figure in meaning.figures}
        remarks = [*differences(amounts.stated, plan), *remarks]
        wrong += [said for figure, said in remarks if figure not in excused]
    _say_meanings(meanings, [said for figure, said in remarks if figure in excused], result, out)
    say_verdict(plan, wrong, result, out, {"older_meanings": [meaning.says for meaning in meanings]})
    if not amounts.digest:
        out.say(f"{result} carries no fingerprint of its scenario: nothing to compare with {scenario.file}")


def _verify_book(path: Path, out: Output) -> None:
    """Verify a workbook from itself alone: its rules, its certificate, and every cell against what it should be."""

    from fundalloc.back.circulated import open_circulated
    from fundalloc.back.tampering import Comparison, compare_with_original
    from fundalloc.versions import VERSION, later

    circulated = open_circulated(path)
    with out.progress("Verifying"):
        scenario = circulated.scenario()
        plan = circulated.plan(scenario)
        wrong = list(_broken(plan))
        if plan.log.digest != scenario.digest:
            wrong.append(f"fingerprint: the record says {plan.log.digest[:12]}…, the scenario inside has {scenario.digest[:12]}…")
    written_by = plan.log.version
    comparison, meanings = Comparison(), later(written_by)
    if written_by == VERSION:
        with out.progress("Comparing"):
            comparison = compare_with_original(circulated.book, plan, circulated.language, circulated.asked)
        wrong += comparison.wrong
    else:
        out.note(f"{path} was written by fundalloc {written_by}, this is {VERSION}: only amounts and limits are compared.")
        wrong += _typed_over(circulated, plan)
    if comparison.adjusted:
        cells = f"{comparison.adjusted} cell{'s' if comparison.adjusted > 1 else ''}"
        out.note(f"{cells} of the columns for adjustments and comments are filled in: fundalloc import {path}")
    if comparison.added:
        out.note(f"{comparison.added} cells or rows were added where nothing was written.")
    _say_meanings(meanings, [], str(path), out)
    counts = {"adjusted": comparison.adjusted, "added": comparison.added, "identical": comparison.identical}
    say_verdict(plan, wrong, str(path), out, {**counts, "older_meanings": [meaning.says for meaning in meanings]})
    if comparison.identical:
        out.say("the file is, byte for byte, the one that its scenario and record give")
    elif written_by == VERSION:
        out.say("every formula, amount and limit is as it was written")
    else:
        out.say("every amount and limit is as it was written")


def _written_by(stated: Mapping[str, Any]) -> str:
    log = stated.get("log")
    return str(log.get("version") or "") if isinstance(log, dict) else ""


def _say_meanings(meanings: Sequence[Meaning], otherwise: Sequence[str], result: str, out: Output) -> None:
    """Say what has been meant otherwise since the result was written, and which of its figures differ for that reason."""
    if meanings:
        out.note("\n  ".join([f"{result} was made under older meanings. Since then:", *(meaning.says for meaning in meanings)]))
    if otherwise:
        out.note("\n  ".join(["What it therefore states otherwise:", *otherwise]))


def _typed_over(circulated: Circulated, plan: Plan) -> list[str]:
    """Name the optimised amounts and limits that are not as the record has them, whatever version wrote the workbook."""
    from fundalloc.back.reading_edits import read_edits
    from fundalloc.errors import ScenarioError

    try:
        edits = read_edits(circulated, plan)
    except ScenarioError as error:
        return [f"{problem.place.cell or problem.place}: {problem.message}" for problem in error.problems]
    return [f"{e.said.places[0].cell}: the limit was changed: found {e.what}, expected {e.figure(e.before)}" for e in edits.limits.values()]


def say_verdict(plan: Plan, wrong: list[str], result: str, out: Output, extra: Mapping[str, Any] | None = None) -> None:
    """Print what was recomputed; raise NotVerified with everything that is wrong."""
    from fundalloc.errors import NotVerified
    from fundalloc.labels import Words
    from fundalloc.plan.naming import named_by_decision
    from fundalloc.plan.verify import DECIDED

    counts, limits = plan.tally, plan.limits_tally
    proof = None if plan.certificate is None else plan.proof.as_dict()
    found = {"verified": not wrong, "demands": counts.demands, "hard": counts.hard, "built_in": limits.demands, "wrong": wrong}
    found["by_decision"] = counts.by_decision
    out.json({**found, "certificate": proof, **(extra or {})})
    if wrong:
        count = f"{len(wrong)} thing{'s' if len(wrong) > 1 else ''}"
        raise NotVerified("\n".join([f"not verified: {count} wrong in {result}", *(f"  {what}" for what in wrong)]))
    besides = f"{limits.demands} ceilings, absorption and transfer limits"
    hold = f"all hold but {counts.by_decision} broken by decision" if counts.by_decision else "all hold"
    out.say(f"verified: {counts.demands} demands of rules recomputed, {counts.hard} hard, and {besides}: {hold}")
    if counts.by_decision:
        broken = [f for f in plan.findings if f.status == DECIDED]
        out.say(f"by decision: {named_by_decision(broken, plan.scenario, Words())}")
    out.say(_proof(plan))


def _proof(plan: Plan) -> str:
    """Say what the certificate comes to, or that there is none."""
    from fundalloc.labels import Words

    if plan.certificate is None:
        return "no certificate: the result carries no duals, so nothing is proved about better plans"
    return f"proved: {plan.proof.bound_text(Words())}"


def _certified(plan: Plan, stated: Mapping[str, Any]) -> tuple[Plan, list[tuple[str, str]]]:
    """Recompute the certificate from the duals that a result carries, in exact rational arithmetic; no solver is asked."""
    from dataclasses import replace

    from fundalloc.model.compile import compile_program
    from fundalloc.plan.certificate import certify_again

    rows = stated.get("duals")
    if not isinstance(rows, list) or not rows:
        return plan, []
    duals = {str(row["row"]): float(row["dual"]) for row in rows if _is_dual(row)}
    remarks = [("duals", f"duals: {len(rows) - len(duals)} of {len(rows)} are no row with a number")] if len(duals) < len(rows) else []
    proved = certify_again(compile_program(plan.scenario), duals, plan.scenario.lines, plan.score)
    claimed = stated.get("certificate")
    bound = claimed.get("bound") if isinstance(claimed, dict) else None
    if bound is not None and not (isinstance(bound, int | float) and _same(bound, float(proved.bound))):
        remarks.append(("certificate", f"certificate: the bound is stated as {bound}, but its duals prove {float(proved.bound):.12g}"))
    return replace(plan, certificate=proved), remarks


def _is_dual(row: object) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("row"), str):
        return False
    return type(row.get("dual")) in (int, float) and math.isfinite(row["dual"])


def _with_baseline(scenario: Scenario, amounts: PlanAmounts, out: Output) -> Scenario:
    """Return the scenario with the plan that it starts from: as the result carries it, otherwise solved again."""
    from dataclasses import replace

    from fundalloc.run import with_baseline
    from fundalloc.scenario.plans.amounts import stated_baseline

    carried = stated_baseline(amounts.stated)
    if carried is not None:
        return replace(scenario.starting_from(carried), baseline=None)
    out.note("The baseline is a scenario and the result does not carry its plan, so it is solved first.")
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
        said = finding.said(names)
        yield f"{finding.rule.id}: {said}: {how_broken(finding, plan.scenario.decimals)}"


def differences(stated: Mapping[str, Any], plan: Plan) -> Iterator[tuple[str, str]]:
    """Compare what a result states with what its amounts come to; the order of rows does not matter.

    Yields the name of the figure (`score`, `rules.status`, `rules` for a row that one of them lacks) and what differs.
    """
    from fundalloc.export.tables import as_dict

    found = as_dict(plan)
    if isinstance(stated.get("free_money"), list) and not any("lapsed" in row for row in stated["free_money"] if isinstance(row, dict)):
        rows = found["free_money"]  # version 0.1.0 counted as free what closed years left
        found["free_money"] = [row | {"lapsed": None, "free": None if row["free"] is None else row["free"] + row["lapsed"]} for row in rows]
    for figure in _FIGURES:
        if figure in stated and not _same(stated[figure], found[figure]):
            yield figure, f"{figure}: stated {stated[figure]}, recomputed {found[figure]}"
    for name, (keys, fields) in _LISTS.items():
        if isinstance(stated.get(name), list):
            yield from _compare(name, stated[name], found[name], keys, fields)


def _compare(
    name: str, stated: list[Any], found: list[dict[str, Any]], keys: tuple[str, ...], fields: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    rows = [row if isinstance(row, dict) else {} for row in stated]
    said = {tuple(str(row.get(key)) for key in keys): row for row in rows}
    recomputed = {tuple(str(row[key]) for key in keys): row for row in found}
    if len(said) < len(rows):
        twice = len(rows) - len(said)
        yield name, f"{name}: {twice} row{'s stand' if twice > 1 else ' stands'} twice"
    for key in (*recomputed, *(key for key in said if key not in recomputed)):
        where = f"{name} {' '.join(filter(None, key))}"
        if key not in recomputed:
            if name != "allocation" or any(said[key].get(field) for field in ("amount", "decided")):
                yield name, f"{where}: stated, but there is no such row"
        elif key not in said:
            yield name, f"{where}: not stated, although there is such a row"
        else:
            for field in fields:
                if not _same(said[key].get(field), recomputed[key][field]):
                    yield f"{name}.{field}", f"{where}: {field} stated {said[key].get(field)}, recomputed {recomputed[key][field]}"


def _same(stated: Any, found: Any) -> bool:
    """Compare two values of our JSON; numbers are written with 12 digits."""
    if isinstance(stated, int | float) and isinstance(found, int | float):
        return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-9)
    return bool(stated == found)
