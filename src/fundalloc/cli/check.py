"""`fundalloc check`: read, validate, test; nothing is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from fundalloc.cli.envelope import INFEASIBLE
from fundalloc.cli.failures import report as tell
from fundalloc.cli.options import REPAIRS, Inputs, output_options, scenario_options
from fundalloc.cli.output import Output, new_table
from fundalloc.errors import Infeasible, Place, Problem, ScenarioError, counted, year_ranges
from fundalloc.labels import Words
from fundalloc.money import euro

if TYPE_CHECKING:
    from fundalloc.insight.conflict.diagnose import NoPlan
    from fundalloc.scenario.scenario import Scenario


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--strict", is_flag=True, help="Warnings of the data doctor count as problems: exit code 3.")
@click.option("--tables", is_flag=True, help="Say what was read of every table: where it stands, rows, sums, and what changes made of it.")
@REPAIRS
@output_options
@scenario_options
def check(files: tuple[str, ...], strict: bool, tables: bool, repairs: str | None, inputs: Inputs, out: Output) -> None:
    """Read scenario files, report every problem, and say whether a plan exists.

    The data doctor looks for contradictions (errors) and for what is probably a mistake (warnings): floors above ceilings,
    needs that nobody may meet, figures a thousand times off, names that stand twice, missing years, rules without effect.
    Shows the money that decisions leave free, per instrument and year. Nothing is solved to the end or written.

    \b
    fundalloc check scenarios/mff-2021-2027/baseline.yaml
    fundalloc check my-plan.yaml --strict
    """
    from fundalloc.insight.doctor import WARNING
    from fundalloc.run import with_baseline

    problems: list[Problem] = []
    without: list[NoPlan] = []
    reports: list[dict[str, Any]] = []
    for file in files:
        try:
            with out.progress("Reading"):
                scenario = inputs.load(file)
            scenario = with_baseline(scenario)
        except ScenarioError as error:
            problems += error.problems
            continue
        except Infeasible:
            without.append(inputs.why_no_plan(scenario, file, out))
            continue
        report = _report(scenario, out)
        reports.append(report)
        _print(report, scenario, out)
        if tables:
            _print_tables(report["tables"], out)
        if strict:
            problems += [Problem(Place(r["place"]), r["says"], r["hint"]) for r in report["doctor"] if r["severity"] == WARNING]
        if report["feasible"]:
            out.say(_exists(report))
            out.say(f"Next: fundalloc run {file} -o plan.xlsx\n")
        else:
            without.append(inputs.why_no_plan(scenario, file, out, repairs, of=file if len(files) > 1 else ""))
            from fundalloc.insight.conflict.no_plan import as_dict

            report["infeasible"] = as_dict(without[-1])
    out.result(scenarios=reports)
    for found in without:
        tell(found)
    if problems:
        raise ScenarioError(problems)
    if without:
        click.get_current_context().exit(INFEASIBLE)


def _report(scenario: Scenario, out: Output) -> dict[str, Any]:
    """Return what there is to say about a scenario, and whether a plan exists."""
    from fundalloc.insight.conflict.diagnose import is_feasible
    from fundalloc.insight.doctor.examine import examine, uncommitted_money, worth_knowing
    from fundalloc.plan.naming import named_by_decision
    from fundalloc.plan.verify import broken_by_decision

    broken = broken_by_decision(scenario)
    with out.progress("Examining"):
        remarks = examine(scenario)
    with out.progress("Testing"):
        feasible = is_feasible(scenario)
    return {
        "scenario": scenario.id,
        "title": str(scenario.head.title),
        "file": scenario.file,
        "extends": scenario.tree.text("extends") or "",
        **scenario.summary(),
        "switched_off": {f"{section}.{key}": reason for section, off in scenario.switched_off.items() for key, reason in off.items()},
        "notices": worth_knowing(scenario),
        "tables": scenario.passports,
        "closed": sorted(scenario.facts.closed),
        "free": uncommitted_money(scenario),
        "decimals": scenario.decimals,
        "broken_by_decision": [f"{f.rule.id} {'|'.join(f.member)} {f.sense}" for f in broken],
        "by_decision": named_by_decision(broken, scenario, Words(scenario.speaks())),
        "doctor": [asdict(remark) for remark in remarks],
        "feasible": feasible,
    }


def _print_tables(passports: dict[str, dict[str, Any]], out: Output) -> None:
    """Print what was read of every table; what changes did, formulas and hidden rows only where there are any."""
    for name, read in passports.items():
        where = f"{read['file']} {read['range']}".strip()
        sums = "".join(f", {column} {total}" for column, total in read["sums"].items())
        done = [
            f"{read[what]} {what.replace('_', ' ')}" for what in ("added", "changed", "switched_off", "formulas", "hidden") if read[what]
        ]
        done += ["replaces the inherited table"] if read["replaced"] else []
        out.say(f"  {name}: {where}: {counted(read['rows'], 'rows')}{sums}{'; ' + ', '.join(done) if done else ''}")
        out.say(f"      columns: {', '.join(read['columns'])}")


def _exists(report: dict[str, Any]) -> str:
    if not (count := len(report["broken_by_decision"])):
        return "A plan that satisfies all hard rules exists, before rounding."
    noun = "1 demand that is" if count == 1 else f"{count} demands that are"
    return f"A plan exists that satisfies all hard rules but for {noun} broken by decision, before rounding: {report['by_decision']}"


def _print(report: dict[str, Any], scenario: Scenario, out: Output) -> None:
    out.say(f"{report['title']}  ({report['file']})")
    out.say(
        f"  {', '.join(scenario.own(counted(report[what], what)) for what in ('instruments', 'partnerships', 'areas', 'years'))}: "
        f"{counted(report['lines'], 'allocation lines')}, {counted(report['rules'], 'rules')} with {counted(report['demands'], 'demands')}"
    )
    if found := Counter(f"{remark['severity']}s" for remark in report["doctor"]):
        out.say(f"  {', '.join(counted(found[what], what) for what in sorted(found))}, named below")
    for key, reason in report["switched_off"].items():
        out.say(f"  switched off: {key} ({reason})")
    for notice in report["notices"]:
        out.say(f"  note: {notice}")
    for remark in report["doctor"]:
        out.say(f"  {remark['severity']}: {remark['place']}: {remark['says']}\n      {remark['hint']}")
    open_years = [year for year in (report["free"][0]["years"] if report["free"] else []) if int(year) not in report["closed"]]
    closed = ["Lapsed"] if report["closed"] else []
    table = new_table("Free money, million EUR", *open_years, "Total", *closed, numbers=len(open_years) + 1 + len(closed))
    for row in report["free"]:
        cells = [*(row["years"][year] for year in open_years), row["total"], *([row["lapsed"]] if closed else [])]
        table.add_row(row["name"], *("-" if cell is None else euro(cell, report["decimals"]) for cell in cells))
    out.table(table)
    if closed:
        out.say(f"Lapsed: what the closed years ({year_ranges(report['closed'])}) left and nobody can plan any more.")
