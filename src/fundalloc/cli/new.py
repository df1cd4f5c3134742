"""`fundalloc new`: copy a starter scenario that runs at once, or roll a plan forward."""

from __future__ import annotations

from pathlib import Path

import click

from fundalloc.cli.options import Digits, allow_outside_option, output_options
from fundalloc.cli.output import Output

_PLANS = (".json", ".csv", ".xlsx", ".xlsm")


@click.command()
@click.argument("folder", metavar="DIR")
@click.option(
    "--from",
    "origin",
    default="mff-2021-2027",
    show_default=True,
    metavar="NAME|PLAN",
    help="Which starter (`list` names them) or plan.",
)
@click.option("--year", type=Digits(), metavar="YEAR", help="From a plan: the first year that stays open.")
@click.option("--scenario", "scenario_file", metavar="FILE", help="From a plan: its scenario. JSON names its own, a workbook carries it.")
@click.option(
    "--tables",
    type=click.Choice(["csv", "xlsx"]),
    default="csv",
    show_default=True,
    help="From a starter: keep the tables as CSV files or in one workbook.",
)
@allow_outside_option()
@output_options
def new(folder: str, origin: str, year: int | None, scenario_file: str | None, tables: str, allow_outside: bool, out: Output) -> None:
    """Copy a shipped scenario with its tables and comments into DIR, and the schema for your editor.

    From a plan, roll it forward: DIR extends a copy of the plan's scenario, in which the years before YEAR are closed
    and hold what the plan gave them.

    \b
    fundalloc new my-plan
    fundalloc new my-plan --from blank
    fundalloc new my-plan --from global-europe-2028-2034 --tables xlsx
    fundalloc new next-year --from plan.xlsx --year 2027
    """
    from fundalloc.scenario.starters.shipped import copy_starter, starters

    if origin not in (*starters(), "list") and not Path(origin).exists():
        from fundalloc.studies.named import file_of

        origin = file_of(origin)
    if Path(origin).suffix.lower() in _PLANS or (Path(origin) / "allocation.csv").is_file():
        if year is None:
            raise click.UsageError("--year is missing: the first year that the plan leaves open.")
        from fundalloc.back.next_year import next_year

        written, notes = next_year(Path(folder), origin, year, scenario_file, allow_outside=allow_outside, progress=out.progress)
        for note in notes:
            out.note(note)
    elif year is not None or scenario_file is not None:
        raise click.UsageError("--year and --scenario belong to a plan: name one with --from PLAN.json")
    elif origin == "list":
        out.result(starters=list(starters()))
        for name in starters():
            out.say(name)
        return
    else:
        written = copy_starter(origin, Path(folder), as_workbook=tables == "xlsx")
    out.result(files=[str(path) for path in written])
    for path in written:
        out.say(f"Wrote {path}")
    out.say(f"Next: fundalloc check {written[0]}")
