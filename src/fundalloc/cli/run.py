"""`fundalloc run`: solve, verify, print, write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fundalloc.cli.common import Output, Positive, book_name, output_options, read, scenario_options, variants_option
from fundalloc.cli.infeasible import repair_option, why_no_plan

if TYPE_CHECKING:
    from fundalloc.export.on_request import Asked
    from fundalloc.insight.conflict.diagnose import NoPlan
    from fundalloc.plan.plan import Plan
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", metavar="FILE.xlsx", help="Write the workbook (one scenario) or, for several, a folder.")
@click.option("--csv", "csv_folder", metavar="DIR", help="Write tidy CSV tables into this folder.")
@click.option("--write-lp", metavar="FILE", help="Write the linear program as .lp or .mps, with a table of names.")
@click.option("--solver", default="highs", show_default=True, help="highs, or a solver that PuLP reaches: cbc, highs-pulp …")
@click.option("--time-limit", type=Positive(min=0, min_open=True), metavar="SECONDS", help="Stop the solver after this time.")
@click.option("--gap", type=Positive(min=0), help="Relative gap at which a search may stop.")
@click.option("--baseline", metavar="FILE", help="The plan to start from: a scenario, or a plan as .json, .csv or .xlsx.")
@click.option("--stay-close", metavar="SHARE", help="Score that may be given up to move less money, such as 0.1%.")
@click.option("--plan", "plan_file", metavar="PLAN", help="Score this hand-made plan (.xlsx, .json, .csv) without optimising it.")
@repair_option
@variants_option
@click.option(
    "--for",
    "audience",
    type=click.Choice(["inside", "outside"]),
    default="inside",
    show_default=True,
    help="Who reads the workbook: outside, it leaves out priorities, penalties, prices, comments and the scenario.",
)
@click.option("--ranges", is_flag=True, help="Also how firm every amount is: its range at no loss and within 1 % of the score.")
@click.option("--prices", is_flag=True, help="Also the price list of rules, the value of money and the budget ladder.")
@click.option("-n", "--dry-run", is_flag=True, help="Solve and print, write nothing.")
@click.option("--open", "open_file", is_flag=True, help="Open the workbook when it is written.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Several files: how many at once; all cores by default.")
@click.option("--cluster", metavar="tcp://HOST:PORT", help="Solve on the workers of this Dask scheduler.")
@click.option("--ledger", metavar="FILE", help="Keep the run in this ledger; several files always enter the user's own (FUNDALLOC_LEDGER).")
@click.option("--fresh", is_flag=True, help="Several files: solve again what the ledger has.")
@output_options
@scenario_options
def run(
    files: tuple[str, ...],
    output: str | None,
    csv_folder: str | None,
    write_lp: str | None,
    solver: str,
    time_limit: float | None,
    gap: float | None,
    baseline: str | None,
    stay_close: str | None,
    plan_file: str | None,
    repairs: str | None,
    variants: tuple[str, ...],
    audience: Literal["inside", "outside"],
    ranges: bool,
    prices: bool,
    dry_run: bool,
    open_file: bool,
    jobs: int | None,
    cluster: str | None,
    ledger: str | None,
    fresh: bool,
    settings: tuple[str, ...],
    allow_outside: bool,
    out: Output,
) -> None:
    """Solve scenarios, verify every rule on the rounded amounts, and write the results.

    \b
    fundalloc run scenarios/mff-2021-2027/baseline.yaml -o plan.xlsx
    fundalloc run plan.yaml --set rules.legal-pathways-floor.at_least=20% -n
    fundalloc run baseline.yaml --with more-legal-migration.yaml --with ten-percent-cut.yaml
    fundalloc run plan.yaml --plan my-own-plan.xlsx
    fundalloc run variants/*.yaml -o results
    fundalloc run plan.yaml -o for-the-partners.xlsx --for outside
    """
    from fundalloc.solvers import Options

    if audience == "outside" and (output is None or csv_folder or write_lp or len(files) > 1):
        raise click.UsageError("--for outside is about one workbook: name it with -o, and leave --csv and --write-lp out.")
    if (ranges or prices) and (len(files) > 1 or plan_file is not None or cluster is not None):
        raise click.UsageError("--ranges and --prices take one scenario at a time, and the best plan of it.")
    if variants and (len(files) > 1 or ledger is not None or cluster is not None):
        raise click.UsageError("--with stacks variants on one scenario; for several runs write files that extend them.")
    if stay_close is not None:
        settings = (*settings, f"settle.stay_close={stay_close}")
    options = Options(solver=solver, time_limit=time_limit, gap=gap)
    if plan_file is not None:
        if len(files) > 1:
            raise click.UsageError("--plan takes one scenario at a time.")
        if output or csv_folder or write_lp or open_file:
            raise click.UsageError("--plan only measures: leave -o, --csv, --write-lp and --open out.")
        _score(read(files[0], settings, allow_outside, out, baseline, variants), plan_file, options.begun(), out)
        return
    if len(files) > 1 or ledger is not None or cluster is not None:
        from fundalloc.cli.batch import Batch, run_many
        from fundalloc.studies.variants import Source

        if csv_folder or write_lp or open_file:
            raise click.UsageError("--csv, --write-lp and --open take one scenario at a time, without --ledger and --cluster.")
        sources = [Source(file, settings, allow_outside, baseline) for file in files]
        target = None if output is None or dry_run else book_name(output) if len(files) == 1 else Path(output)
        click.get_current_context().exit(run_many(sources, target, Batch(options, jobs, cluster, ledger, fresh), out))
    book = None if output is None or dry_run else book_name(output)
    _check_places(book, csv_folder, write_lp, dry_run)
    scenario = read(files[0], settings, allow_outside, out, baseline, variants)

    options = options.begun()

    def why() -> NoPlan:
        return why_no_plan(scenario, files[0], settings, allow_outside, baseline, out, repairs, variants=variants, options=options)

    plan = _solve(scenario, options, out, why)
    _print(plan, out)
    asked = _asked(plan, options, ranges, prices, out)
    if not dry_run:
        _write(plan, book, csv_folder, write_lp, out, audience, asked)
        if open_file and book is not None:
            click.launch(str(book))
    if out.as_json:
        from fundalloc.export.on_request import as_dict as asked_as_dict
        from fundalloc.export.tables import as_dict

        out.json({**as_dict(plan), **(asked_as_dict(asked) if asked else {})})
    if asked is None and (ranges or prices):
        out.note("The time ran out before the ranges and prices that were asked for were known; they are left out.")
        click.get_current_context().exit(5)
    if plan.log.stopped:
        left = "not proved optimal" if plan.status == "feasible" else "not all that the scenario asks was searched for"
        out.note(f"The search was stopped at its limit; the best plan found is verified, but {left}.")
        click.get_current_context().exit(5)


def _check_places(book: Path | None, csv_folder: str | None, write_lp: str | None, dry_run: bool) -> None:
    """Refuse what cannot be written before anything is solved."""
    from fundalloc.doors.writing import check_folder, check_writable

    if write_lp is not None and Path(write_lp).suffix.lower() not in (".lp", ".mps"):
        raise click.UsageError(f"--write-lp {write_lp}: the file ends in .lp or .mps")
    for place in () if dry_run else (p for p in (book, write_lp) if p is not None):
        check_writable(Path(place))
    if csv_folder is not None and not dry_run:
        check_folder(Path(csv_folder))


def _score(scenario: Scenario, plan_file: str, options: Options, out: Output) -> None:
    """Measure a hand-made plan and compare it with the best one; exit with 7 when it breaks what must hold."""
    from fundalloc.cli.handmade import print_comparison
    from fundalloc.export.tables import as_dict
    from fundalloc.plan.handmade import measure_plan
    from fundalloc.run import with_baseline
    from fundalloc.scenario.plans.amounts import read_plan

    scenario = with_baseline(scenario, options, out.progress)
    with out.progress("Measuring"):
        plan = measure_plan(scenario, read_plan(plan_file, scenario.facts.dimensions))
    _print(plan, out)
    report, broken = print_comparison(plan, options, out)
    out.json({**as_dict(plan), **report})
    if broken:
        out.note(f"The plan breaks {broken} demand{'s' if broken > 1 else ''} that must hold.")
        click.get_current_context().exit(7)


def _solve(scenario: Scenario, options: Options, out: Output, why: Callable[[], NoPlan]) -> Plan:
    """Solve; when no plan exists, or none in whole steps and none in smaller ones either, say why."""
    from fundalloc.errors import Infeasible, NotRoundable
    from fundalloc.run import solve

    try:
        return solve(scenario, options, out.progress, dearest=True)
    except Infeasible:
        raise why() from None
    except NotRoundable as error:
        reason = why()
        raise (reason if reason.diagnosis.clashes else error) from None


def _print(plan: Plan, out: Output) -> None:
    from fundalloc.cli.report import print_plan

    if not out.quiet and not out.as_json:
        print_plan(plan, out)


def _asked(plan: Plan, options: Options, ranges: bool, prices: bool, out: Output) -> Asked | None:
    """Compute what was asked for and say how many amounts are firm; the tables stand in the workbook, in CSV and in JSON.

    None when nothing was asked for, or the time ran out.
    """
    if not (ranges or prices):
        return None
    from fundalloc.errors import SolverFailed
    from fundalloc.export.on_request import ask

    try:
        asked = ask(plan, options, ranges=ranges, prices=prices, progress=out.progress)
    except SolverFailed:
        if not options.over:
            raise
    if options.over:
        return None
    if asked.ranges is not None:
        out.say(out.words(plan.scenario)("report.ranges", firm=int(asked.ranges["firm"].sum()), count=len(asked.ranges)))
    return asked


def _write(
    plan: Plan,
    book: Path | None,
    csv_folder: str | None,
    write_lp: str | None,
    out: Output,
    audience: Literal["inside", "outside"],
    asked: Asked | None,
) -> None:
    """Write all that was asked for, or nothing, and say what was written."""
    from fundalloc.doors.writing import together

    words, files = out.words(plan.scenario), list[Path]()
    with out.progress("Writing"), together():
        if write_lp is not None:
            from fundalloc.export.program import write_program_files

            files += write_program_files(plan.scenario, Path(write_lp))
        if csv_folder is not None:
            from fundalloc.export.tables import write_csv

            files += write_csv(plan, csv_folder, asked)
        if book is not None:
            from fundalloc.export.workbook import write_workbook

            files.append(write_workbook(plan, book, words.language, audience, asked))
    for path in files:
        out.say(words("report.written", file=path))
