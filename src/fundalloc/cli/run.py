"""`fundalloc run`: solve, verify, print, write."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fundalloc.cli.batch import Many, run_many
from fundalloc.cli.envelope import NOT_VERIFIED, STOPPED
from fundalloc.cli.options import (
    BASELINE,
    FORCE,
    HTML,
    REPAIRS,
    SOLVER,
    VARIANTS,
    Digits,
    Inputs,
    gathered,
    named,
    output_options,
    scenario_options,
)
from fundalloc.cli.output import Output
from fundalloc.cli.wish import Wish
from fundalloc.doors.writing import together
from fundalloc.errors import Infeasible, NotRoundable, SolverFailed, counted

if TYPE_CHECKING:
    from fundalloc.export.on_request import Asked
    from fundalloc.plan.plan import Plan
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options


class _Positive(click.FloatRange):
    """A float in a range, in the digits 0 to 9; `nan`, which no comparison puts outside, is refused too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number) or (isinstance(value, str) and not re.fullmatch(r"[-+0-9.eE]+|inf", value.strip())):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", metavar="FILE.xlsx", help="Write the workbook (one scenario) or, for several, a folder.")
@HTML
@click.option("--note", metavar="FILE.docx", help="Write a note of two pages for those who decide (extra `note`).")
@click.option("--csv", "csv_folder", metavar="DIR", help="Write tidy CSV tables into this folder.")
@click.option(
    "--csv-style", type=click.Choice(["plain", "excel"]), default="plain", help="excel: as Excel in the language of --lang opens them."
)
@click.option("--write-lp", metavar="FILE", help="Write the linear program as .lp or .mps, with a table of names.")
@SOLVER
@click.option("--time-limit", type=_Positive(min=0, min_open=True), metavar="SECONDS", help="Stop the solver after this time.")
@click.option("--gap", type=_Positive(min=0), help="Relative gap at which a search may stop.")
@BASELINE
@click.option("--stay-close", metavar="SHARE", help="Score that may be given up to move less money, such as 0.1%.")
@click.option(
    "--plan",
    "plan_file",
    metavar="PLAN",
    callback=named,
    help="Score this hand-made plan (.xlsx, .json, .csv, a name) without optimising it.",
)
@REPAIRS
@VARIANTS
@click.option(
    "--for",
    "audience",
    type=click.Choice(["inside", "outside"]),
    default="inside",
    show_default=True,
    help="Who reads workbook, page and note: outside, they leave out priorities, penalties, prices, comments and the scenario.",
)
@click.option("--ranges", is_flag=True, help="Also how firm every amount is: its range at no loss and within 0.1 % of the score.")
@click.option("--prices", is_flag=True, help="Also the price list of rules, the value of money and the budget ladder.")
@click.option("--quick", is_flag=True, help="Leave out what is found by solving again: what limits are worth, and how firm amounts are.")
@click.option("-n", "--dry-run", is_flag=True, help="Solve and print, write nothing.")
@click.option("--open", "open_file", is_flag=True, help="Open the workbook when it is written.")
@FORCE
@click.option("-j", "--jobs", type=Digits(min=1), metavar="N", help="Several files: how many at once; all cores by default.")
@click.option("--cluster", metavar="tcp://HOST:PORT", help="Solve on the workers of this Dask scheduler, or tls://HOST:PORT.")
@click.option("--ledger", metavar="FILE", help="Keep the run in this ledger; several files always enter the user's own (FUNDALLOC_LEDGER).")
@click.option("--fresh", is_flag=True, help="Several files: solve again what the ledger has.")
@output_options
@scenario_options
@gathered(wish=Wish, many=Many)
def run(
    files: tuple[str, ...],
    plan_file: str | None,
    stay_close: str | None,
    inputs: Inputs,
    wish: Wish,
    many: Many,
    out: Output,
    **limits: Any,
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

    _refuse(files, plan_file is not None, inputs, wish, many)
    if stay_close is not None:
        inputs = replace(inputs, settings=(*inputs.settings, f"settle.stay_close={stay_close}"))
    options = Options(**limits)
    if plan_file is not None:
        _measure(inputs.read(files[0], out), plan_file, options.begun(), out)
    elif len(files) > 1 or many.asked:
        folder = None if wish.output is None or wish.dry_run else Path(wish.output)
        target = wish.book() if len(files) == 1 else folder
        wanted = "" if target is None else wish.evidence(out)
        click.get_current_context().exit(
            run_many([inputs.source(file) for file in files], target, options, many, out, force=wish.force, evidence=wanted)
        )
    else:
        _run_one(files[0], inputs, options, wish, out)


def _refuse(files: tuple[str, ...], measured: bool, inputs: Inputs, wish: Wish, many: Many) -> None:
    several = len(files) > 1
    batch = several or many.asked
    refused = {
        "--for outside is about one workbook, page or note: name it with -o, --html or --note, and leave --csv and --write-lp out.": (
            wish.audience == "outside" and any((several, not (wish.output or wish.html or wish.note), wish.csv_folder, wish.write_lp))
        ),
        "--csv-style is about the tables of --csv: name a folder for them.": wish.csv_style != "plain" and not wish.csv_folder,
        "--ranges and --prices take one scenario at a time, and the best plan of it.": wish.asks
        and any((several, measured, many.cluster is not None)),
        "--quick leaves ranges and prices out: ask without it.": wish.quick and wish.asks,
        "--with stacks variants on one scenario; for several runs write files that extend them.": inputs.variants and batch,
        "--plan takes one scenario at a time.": measured and several,
        "--plan only measures: leave -o, --html, --note, --csv, --write-lp and --open out.": measured and (wish.output or wish.files),
        "--html, --note, --csv, --write-lp and --open take one scenario at a time, without --ledger and --cluster.": batch and wish.files,
    }
    for words, wrong in refused.items():
        if wrong:
            raise click.UsageError(words)


def _run_one(file: str, inputs: Inputs, options: Options, wish: Wish, out: Output) -> None:
    """Solve one scenario, print and write its plan; exit with 5 when the search was stopped at its limit."""
    from fundalloc.cli.report import print_plan

    book = wish.book()
    wish.check_places()
    scenario = inputs.read(file, out)
    options = options.begun()
    plan = _solve(scenario, file, inputs, options, wish, out)
    print_plan(plan, out)
    asked = _ask(plan, options, wish, out) if wish.asks else None
    if wish.dry_run:
        out.say(wish.unwritten())
    else:
        _write(plan, book, wish, out, asked)
        if wish.open_file and book is not None:
            click.launch(str(book))
    if out.as_json:
        from fundalloc.export.on_request import as_dict as asked_as_dict
        from fundalloc.export.tables import as_dict

        out.result(**as_dict(plan), **(asked_as_dict(asked) if asked else {}))
    if asked is None and wish.asks:
        out.end(STOPPED, "The time ran out before the ranges and prices that were asked for were known; they are left out.")
    if plan.log.stopped:
        left = "not proved optimal" if plan.status == "feasible" else "not all that the scenario asks was searched for"
        out.end(STOPPED, f"The search was stopped at its limit; the best plan found is verified, but {left}.")


def _measure(scenario: Scenario, plan_file: str, options: Options, out: Output) -> None:
    """Measure a hand-made plan and compare it with the best one; exit with 7 when it breaks what must hold."""
    from fundalloc.cli.report import print_broken, print_distance, print_plan
    from fundalloc.export.tables import as_dict
    from fundalloc.insight.handmade import broken_demands, distance
    from fundalloc.plan.handmade import measure_plan
    from fundalloc.run import with_baseline
    from fundalloc.scenario.plans.amounts import read_plan

    scenario = with_baseline(scenario, options, out.progress)
    with out.progress("Measuring"):
        plan = measure_plan(scenario, read_plan(plan_file, scenario.facts.dimensions))
    print_plan(plan, out)
    broken = broken_demands(plan, out.words(scenario))
    print_broken(plan, broken, out)
    best = distance(plan, options, out.progress)
    print_distance(plan, best, out)
    out.result(**as_dict(plan), broken=[one.as_dict() for one in broken], best=best.as_dict())
    if broken:
        out.end(NOT_VERIFIED, f"The plan breaks {counted(len(broken), 'demands')} that must hold.")


def _solve(scenario: Scenario, file: str, inputs: Inputs, options: Options, wish: Wish, out: Output) -> Plan:
    """Solve; when no plan exists, or none in whole steps and none in smaller ones either, say why."""
    from fundalloc.run import solve

    try:
        return solve(scenario, options, out.progress, evidence=wish.evidence(out))
    except (Infeasible, NotRoundable) as error:
        reason = inputs.why_no_plan(scenario, file, out, wish.repairs, options=options)
        raise (reason if isinstance(error, Infeasible) or reason.diagnosis.clashes else error) from None


def _ask(plan: Plan, options: Options, wish: Wish, out: Output) -> Asked | None:
    """Compute what was asked for and say how many amounts are firm; the tables stand in the workbook, in CSV and in JSON.

    None when the time ran out.
    """
    from fundalloc.export.on_request import ask

    try:
        asked = ask(plan, options, ranges=wish.ranges, prices=wish.prices, progress=out.progress)
    except SolverFailed:
        if not options.over:
            raise
    if options.over:
        return None
    if asked.ranges is not None:
        out.say(out.words(plan.scenario)("report.ranges", firm=int(asked.ranges["firm"].sum()), count=len(asked.ranges)))
    return asked


def _write(plan: Plan, book: Path | None, wish: Wish, out: Output, asked: Asked | None) -> None:
    words, files = out.words(plan.scenario), list[Path]()
    with out.progress("Writing"), together():
        if wish.write_lp is not None:
            from fundalloc.export.program import write_program_files

            files += write_program_files(plan.scenario, Path(wish.write_lp))
        if wish.csv_folder is not None:
            from fundalloc.export.package import excel_style
            from fundalloc.export.tables import write_csv

            style = excel_style(words.language) if wish.csv_style == "excel" else None
            files += write_csv(plan, wish.csv_folder, asked, style, words.language)
        if book is not None:
            from fundalloc.export.workbook import write_workbook

            files.append(write_workbook(plan, book, words.language, wish.audience, asked))
        if wish.html is not None:
            from fundalloc.export.page import write_page

            files.append(write_page(plan, wish.html, words.language, wish.audience, asked))
        if wish.note is not None:
            from fundalloc.export.note import write_note

            files.append(write_note(plan, wish.note, words.language, wish.audience, asked))
    for path in files:
        out.say(words("report.written", file=path))
