"""`fundalloc explain`: why, and why not."""

from __future__ import annotations

import click

from fundalloc.cli.options import BASELINE, REPAIRS, Inputs, named, output_options, scenario_options
from fundalloc.cli.output import Output
from fundalloc.errors import Infeasible


@click.command()
@click.argument("file")
@click.argument("what", nargs=-1)
@click.option("--against", metavar="FILE", callback=named, help="Why it gets another amount than in this scenario or plan.")
@click.option("--as-if-hard", is_flag=True, help="Treat soft rules (all, or those named) as hard, and say which of them clash.")
@click.option("--prices", is_flag=True, help="The price list of rules: what each costs in score and in money.")
@click.option("--value", is_flag=True, help="What one million more or less of every instrument is worth, and the budget ladder 80 … 120 %.")
@BASELINE
@REPAIRS
@output_options
@scenario_options
def explain(
    file: str,
    what: tuple[str, ...],
    against: str | None,
    as_if_hard: bool,
    prices: bool,
    value: bool,
    repairs: str | None,
    inputs: Inputs,
    out: Output,
) -> None:
    """Say why a line, pair, partnership, instrument, area or rule gets what it gets; without WHAT, what binds as a whole.

    WHAT is ids or names in any order. Every figure is found by solving again; amounts are those of the settled plan, before
    rounding. When no plan exists: why not, and what could be done.

    \b
    fundalloc explain scenarios/mff-2021-2027/baseline.yaml
    fundalloc explain scenarios/mff-2021-2027/baseline.yaml amif/tunisia/returns/2025
    fundalloc explain scenarios/mff-2021-2027/baseline.yaml Egypt "Legal migration"
    fundalloc explain scenarios/mff-2021-2027/baseline.yaml cushion-small
    fundalloc explain scenarios/mff-2021-2027/baseline.yaml --prices
    """
    from fundalloc.cli import explain_reports
    from fundalloc.insight.explain.bench import Bench
    from fundalloc.insight.explain.target import find_target

    _refuse(what, {"--prices": prices, "--value": value, "--as-if-hard": as_if_hard, "--against": against is not None})
    scenario = inputs.read(file, out)
    if as_if_hard:
        explain_reports.as_if_hard(scenario, what, out)
        return
    if what:
        find_target(scenario, what)  # a word that means nothing is told before anything is solved
    try:
        if against is not None:
            explain_reports.against(scenario, what, against, inputs.allow_outside, out)
            return
        with out.progress("Solving"):
            bench = Bench(scenario)
    except Infeasible:
        raise inputs.why_no_plan(scenario, file, out, repairs) from None
    with out.progress("Asking"):
        if prices:
            explain_reports.prices(bench, out)
        elif value:
            explain_reports.value(bench, out)
        else:
            explain_reports.answer(bench, what, out)


def _refuse(what: tuple[str, ...], questions: dict[str, bool]) -> None:
    asked = [option for option, given in questions.items() if given]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} are different questions: ask one at a time.")
    if what and asked in (["--prices"], ["--value"]):
        raise click.UsageError(f"{asked[0]} is about the whole scenario: leave {' '.join(what)} out.")
    if any(not word.strip() for word in what):
        raise click.UsageError("WHAT is empty: name a line, partnership, instrument, area, year or rule.")
