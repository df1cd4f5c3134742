"""Options that several commands take, each declared once, and what reads their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fundalloc.cli.output import Output
from fundalloc.doors.writing import check_folder, check_writable, refuse_loss, together
from fundalloc.errors import OutputError, ScenarioError
from fundalloc.labels import languages
from fundalloc.money import NotANumber, parse_figure

if TYPE_CHECKING:
    from fundalloc.export.studies.report import Report
    from fundalloc.insight.conflict.diagnose import NoPlan
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options
    from fundalloc.studies.variants import Source

F = TypeVar("F", bound=Callable[..., Any])


class Digits(click.IntRange):
    """A whole number in the digits 0 to 9; Python would read `1_0` and the digits of other scripts too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        if isinstance(value, str) and not re.fullmatch("[+-]?[0-9]+", value.strip()):
            self.fail(f"{value!r} is not a valid integer.", param, ctx)
        return super().convert(value, param, ctx)


def gathered(**groups: type) -> Callable[[F], F]:
    """Return a decorator that passes options in groups: each dataclass takes those that are named as its fields."""

    def decorate(command: F) -> F:
        @wraps(command)
        def wrapped(**given: Any) -> Any:
            for name, group in groups.items():
                given[name] = group(**{field.name: given.pop(field.name) for field in fields(group) if field.name in given})
            return command(**given)

        return wrapped  # type: ignore[return-value]

    return decorate


def named(_: click.Context, __: click.Parameter, given: Any) -> Any:
    """Put the files of plans into the place of their names; what is the name of a file stays."""
    if isinstance(given, tuple):
        return tuple(named(_, __, one) for one in given)
    if given is None or Path(given).exists():
        return given
    from fundalloc.studies.named import file_of

    return file_of(given)


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@dataclass(frozen=True)
class Inputs:
    """How scenario files are read: what is laid over them, the plan they start from, and whether they may name files outside."""

    settings: tuple[str, ...] = ()
    allow_outside: bool = False
    baseline: str | None = None
    variants: tuple[str, ...] = ()

    def read(self, file: str, out: Output, *, recorded: bool = False) -> Scenario:
        """Read a scenario with progress, and say on stderr what looks wrong in it; variants are laid over it in order."""
        with out.progress("Reading"):
            scenario = self.load(file, recorded=recorded)
        for remark in scenario.remarks:
            out.note(f"warning: {remark}")
        return scenario

    def load(self, file: str, more: tuple[str, ...] = (), *, recorded: bool = False) -> Scenario:
        """Read a scenario, with further settings on top."""
        from fundalloc.scenario.loading import load

        settings = (*self.settings, *more)
        outside, start, over = self.allow_outside, self.baseline, self.variants
        return load(file, settings=settings, allow_outside=outside, baseline=start, variants=over, recorded=recorded)

    def why_no_plan(
        self, scenario: Scenario, file: str, out: Output, folder: str | None = None, of: str = "", options: Options | None = None
    ) -> NoPlan:
        """Return the error to raise when a scenario has no plan: its conflicts and its repairs, written as files when asked."""
        from fundalloc.insight.conflict.no_plan import why_no_plan

        read, files, outside = partial(self.load, file), [file, *self.variants], self.allow_outside
        return why_no_plan(
            scenario, read, files, self.settings, allow_outside=outside, folder=folder, of=of, options=options, progress=out.progress
        )

    def source(self, file: str) -> Source:
        """Return a scenario file as it is to be read, without variants."""
        from fundalloc.studies.variants import Source

        return Source(file, self.settings, self.allow_outside, self.baseline)


SOLVER = click.option("--solver", default="highs", show_default=True, help="highs, or a solver that PuLP reaches: cbc, highs-pulp …")
FORCE = click.option("--force", is_flag=True, help="Replace a file although something that was typed into it is lost.")
HTML = click.option("--html", metavar="FILE.html", help="Write one page for the browser, which loads nothing.")
BASELINE = click.option(
    "--baseline",
    metavar="PLAN",
    callback=named,
    help="The plan to start from: a scenario, a plan as .json, .csv or .xlsx, or the name of one (`fundalloc runs name`).",
)
REPAIRS = click.option(
    "--repairs", metavar="DIR", help="When no plan exists: write the repairs into this folder, as scenarios that extend this one."
)
VARIANTS = click.option(
    "--with",
    "variants",
    multiple=True,
    metavar="FILE",
    help="Lay this variant over the scenario, as under `extends`; later ones win. May be repeated.",
)
_SETTINGS = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override one value, such as rules.legal-floor.at_least=20%. May be repeated.",
)


def allow_outside_option(what: str = "the scenario name files outside its project") -> Callable[[F], F]:
    """Return --allow-outside."""
    return click.option("--allow-outside", is_flag=True, help=f"Let {what}.")


output_options = _all(
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
    click.option("-v", "--verbose", is_flag=True, help="Say how long each step took; `run` also shows payments by year."),
    click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR=1)."),
    click.option(
        "--lang", "language", type=click.Choice(languages()), help="Language of what is printed and written; by default the scenario's own."
    ),
    gathered(out=Output),
)
"""Adds --json, -q, -v, --no-color and --lang, and passes an Output as `out`."""
scenario_options = _all(allow_outside_option(), _SETTINGS, gathered(inputs=Inputs))
"""Adds --set and --allow-outside, and passes them with --baseline and --with, where the command has them, as `inputs`."""


@dataclass(frozen=True)
class Study:
    """What all commands that solve many programs are given: how scenarios are read and solved, and where the result goes."""

    out: Output
    inputs: Inputs
    output: str | None
    html: str | None
    csv_folder: str | None
    solver: str
    force: bool

    def __post_init__(self) -> None:
        """Refuse an output that cannot be written before anything is solved."""
        if self.output is not None:
            new_book(self.output, self.force)
        check_page(self.html)
        if self.csv_folder is not None:
            check_folder(Path(self.csv_folder))

    @property
    def options(self) -> Options:
        """How to solve."""
        from fundalloc.solvers import Options

        return Options(solver=self.solver)

    def say_title(self, scenario: Scenario) -> None:
        """Print the scenario's title, whether its data are illustrative, and what of the past is planned anew."""
        self.out.say(f"{scenario.head.title}{'  (illustrative data)' if scenario.head.illustrative else ''}")
        if past := scenario.head.said_of_past("en"):
            self.out.say(past)

    def write(self, scenario: Scenario, make: Callable[[str], Report]) -> None:
        """Write what was asked for: workbook, CSV, JSON on stdout. `make` takes the language."""
        out = self.out
        if self.output is None and self.csv_folder is None and self.html is None and not out.as_json:
            return
        from fundalloc.export.studies.report import as_dict, write_book, write_tables

        report = make(out.words(scenario).language)
        with out.progress("Writing"), together():
            files = write_tables(report, self.csv_folder) if self.csv_folder is not None else []
            files += [write_book(report, self.output)] if self.output is not None else []
            if self.html is not None:
                from fundalloc.export.page import write_report_page

                files.append(write_report_page(report, self.html))
        for path in files:
            out.say(f"Wrote {path}")
        out.result(**as_dict(report))


study_options = _all(
    click.option("-o", "--output", metavar="FILE.xlsx", help="Write a workbook with tables and charts."),
    HTML,
    click.option("--csv", "csv_folder", metavar="DIR", help="Write the tables as CSV into this folder."),
    FORCE,
    SOLVER,
    BASELINE,
    output_options,
    scenario_options,
    gathered(study=Study),
)
"""Adds -o, --csv, --force, --solver, --baseline and the options of all commands, and passes them as a Study."""


def new_book(output: str | Path, force: bool) -> Path:
    """Return the name of a workbook to write. Raises click.UsageError, or OutputError where one would be lost into which somebody typed."""
    path = Path(output)
    if path.suffix.lower() != ".xlsx":
        raise click.UsageError(f"-o {output}: a workbook ends in .xlsx")
    check_writable(path)
    if path.exists() and not force:
        from fundalloc.back.replacing import lost_with

        try:
            lost = lost_with(path)
        except ScenarioError as error:
            said = f"nothing is known of what it holds ({error.problems[0].message})"
            raise OutputError(f"Cannot write {path}: {said}. Choose another name, or add --force.") from None
        refuse_loss(path, lost, f"bring them back with fundalloc import {path}, choose another name,")
    return path


def check_page(name: str | None, *, write: bool = True) -> None:
    """Refuse a page that cannot be written. Raises click.UsageError or OutputError."""
    if name is not None and Path(name).suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"--html {name}: a page ends in .html")
    if name is not None and write:
        check_writable(Path(name))


def words_of(text: str) -> tuple[str, ...]:
    """Take a text apart at its commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def share_of(text: str, option: str) -> Fraction:
    """Read a share such as `1%` from an option. Raises click.UsageError."""
    try:
        figure = parse_figure(text)
    except NotANumber as error:
        raise click.UsageError(f"{option} {text}: {error}; write a share such as 1%") from None
    if not 0 <= figure.value < 1:
        raise click.UsageError(f"{option} {text}: write a share from 0% to below 100%, such as 1%")
    return figure.value
