"""`fundalloc new`: copy a starter scenario that runs at once, or roll a plan forward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from fundalloc.cli.common import Output, output_options, read

_PLANS = (".json", ".csv", ".xlsx", ".xlsm")


@click.command()
@click.argument("folder", metavar="DIR")
@click.option(
    "--from", "origin", default="mff-2021-2027", show_default=True, metavar="NAME|PLAN", help="Which starter (`list` names them) or plan."
)
@click.option("--year", type=int, metavar="YEAR", help="From a plan: the first year that stays open.")
@click.option("--scenario", "scenario_file", metavar="FILE", help="From a plan: its scenario. JSON names its own, a workbook carries it.")
@click.option(
    "--tables",
    type=click.Choice(["csv", "xlsx"]),
    default="csv",
    show_default=True,
    help="From a starter: keep the tables as CSV files or in one workbook.",
)
@click.option("--allow-outside", is_flag=True, help="Let the scenario name files outside its folder.")
@output_options
def new(folder: str, origin: str, year: int | None, scenario_file: str | None, tables: str, allow_outside: bool, out: Output) -> None:
    """Copy a shipped scenario with its tables and comments into DIR, and the schema for your editor.

    From a plan, roll it forward: DIR extends a copy of the plan's scenario, in which the years before YEAR are closed
    and hold what the plan gave them.

    \b
    fundalloc new my-plan
    fundalloc new my-plan --from global-europe-2028-2034 --tables xlsx
    fundalloc new next-year --from plan.xlsx --year 2027
    """
    from fundalloc.scenario.starters.shipped import copy_starter, starters

    if Path(origin).suffix.lower() in _PLANS or (Path(origin) / "allocation.csv").is_file():
        if year is None:
            raise click.UsageError("--year is missing: the first year that the plan leaves open.")
        with _scenario_of(origin, scenario_file) as source:
            written = _roll(Path(folder), origin, year, source, allow_outside, out)
    elif year is not None or scenario_file is not None:
        raise click.UsageError("--year and --scenario belong to a plan: name one with --from PLAN.json")
    elif origin == "list":
        out.json(starters())
        for name in starters():
            out.say(name)
        return
    else:
        written = copy_starter(origin, Path(folder), as_workbook=tables == "xlsx")
        written.sort(key=lambda path: path.name != "baseline.yaml")
    out.json([str(path) for path in written])
    for path in written:
        out.say(f"Wrote {path}")
    out.say(f"Next: fundalloc check {written[0]}")


@contextmanager
def _scenario_of(origin: str, scenario_file: str | None) -> Iterator[str]:
    """Yield the scenario file of a plan: the one named, the one that a result names, or the one that travels inside a workbook."""
    from fundalloc.back.circulated import open_circulated
    from fundalloc.cli.common import named_scenario
    from fundalloc.errors import UsageError

    if scenario_file is not None or Path(origin).suffix.lower() != ".xlsx":
        yield scenario_file or named_scenario(origin)
        return
    sources = open_circulated(Path(origin)).sources
    if sources.settings or sources.baseline:
        raise UsageError(f"{origin} was run with --set or --baseline: extract its scenario, and name it with --scenario.")
    with TemporaryDirectory(prefix="fundalloc-") as name:
        sources.restore(Path(name))
        yield str(Path(name) / sources.main)


def _roll(folder: Path, origin: str, year: int, source: str, allow_outside: bool, out: Output) -> list[Path]:
    """Roll a plan forward; what makes the new scenario differ from the old one is said on stderr."""
    from fundalloc.plan.handmade import broken_entries, broken_rules, measure_plan
    from fundalloc.run import with_baseline
    from fundalloc.scenario.plans.amounts import read_plan
    from fundalloc.scenario.starters.rolling import check_year, roll_forward

    scenario = read(source, (), allow_outside, out)
    check_year(scenario, year)
    amounts = read_plan(origin, scenario.facts.dimensions)
    plan = measure_plan(with_baseline(scenario, progress=out.progress), amounts)
    if amounts.digest and amounts.digest != scenario.digest:
        out.note(f"Note: the plan was made from another state of {source}, or with --set.")
    broken = len(broken_rules(plan)) + len(broken_entries(plan))
    if broken:
        out.note(f"Note: the plan breaks {broken} demands that must hold; fundalloc run {source} --plan {origin} names them.")
    return roll_forward(scenario, Path(source), amounts, Path(origin), year, folder)
