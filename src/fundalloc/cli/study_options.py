"""What the commands that solve many programs share: options, a counter, and writing what they found."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fundalloc.cli.common import Output, book_name, output_options, scenario_options, wrapping
from fundalloc.cli.terminal import echo

if TYPE_CHECKING:
    from fundalloc.export.studies.report import Report
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options
    from fundalloc.studies.variants import Source

F = TypeVar("F", bound=Callable[..., Any])
Tick = Callable[[int, int], None]


def solver_options(command: F) -> F:
    """Add --solver and --baseline."""
    solver = click.option("--solver", default="highs", show_default=True, help="highs, or a solver that PuLP reaches: cbc, highs-pulp …")
    baseline = click.option("--baseline", metavar="FILE", help="The plan to start from: a scenario, or a plan as .json, .csv or .xlsx.")
    return solver(baseline(command))


@contextmanager
def counting(out: Output, what: str) -> Iterator[Tick]:
    """Yield a counter that says on stderr how far a study is, once it takes longer than a second and someone watches."""
    started = last = time.perf_counter()
    watched = (sys.stderr.isatty() or out.verbose) and not out.quiet

    def tick(done: int, of: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if watched and now - last > 1.0:
            last = now
            echo(f"{done} of {of} {what} …", err=True)

    yield tick
    if out.verbose:
        echo(f"{'Solving':<12} {time.perf_counter() - started:8.2f} s", err=True)


@dataclass(frozen=True)
class Study:
    """What all these commands are given: how scenarios are read and solved, and where the result goes."""

    out: Output
    output: str | None
    csv_folder: str | None
    solver: str
    baseline: str | None
    settings: tuple[str, ...]
    allow_outside: bool

    @property
    def options(self) -> Options:
        """How to solve."""
        from fundalloc.solvers import Options

        return Options(solver=self.solver)

    def source(self, file: str) -> Source:
        """Return a scenario file as it is to be read."""
        from fundalloc.studies.variants import Source

        return Source(file, self.settings, self.allow_outside, self.baseline)

    def say_title(self, scenario: Scenario) -> None:
        """Print the scenario's title, and whether its data are illustrative."""
        self.out.say(f"{scenario.head.title}{'  (illustrative data)' if scenario.head.illustrative else ''}")

    def write(self, scenario: Scenario, make: Callable[[str], Report]) -> None:
        """Write what was asked for: workbook, CSV, JSON on stdout. `make` takes the language."""
        out = self.out
        if self.output is None and self.csv_folder is None and not out.as_json:
            return
        from fundalloc.doors.writing import together
        from fundalloc.export.studies.report import as_dict, write_book, write_tables

        report = make(out.words(scenario).language)
        with out.progress("Writing"), together():
            files = write_tables(report, self.csv_folder) if self.csv_folder is not None else []
            files += [write_book(report, self.output)] if self.output is not None else []
        for path in files:
            out.say(f"Wrote {path}")
        out.json(as_dict(report) if out.as_json else None)


def study_options(command: F) -> F:
    """Add -o, --csv, --solver, --baseline and the options of all commands, and pass them as a Study.

    An output that cannot be written is refused before anything is solved.
    """

    @click.option("-o", "--output", metavar="FILE.xlsx", help="Write a workbook with tables and charts.")
    @click.option("--csv", "csv_folder", metavar="DIR", help="Write the tables as CSV into this folder.")
    @solver_options
    @output_options
    @scenario_options
    def wrapped(
        *args: Any,
        out: Output,
        output: str | None,
        csv_folder: str | None,
        solver: str,
        baseline: str | None,
        settings: tuple[str, ...],
        allow_outside: bool,
        **kwargs: Any,
    ) -> Any:
        from fundalloc.doors.writing import check_folder, check_writable

        if output is not None:
            check_writable(book_name(output))
        if csv_folder is not None:
            check_folder(Path(csv_folder))
        return command(*args, study=Study(out, output, csv_folder, solver, baseline, settings, allow_outside), **kwargs)

    return wrapping(command, wrapped)


def words_of(text: str) -> tuple[str, ...]:
    """Take a text apart at its commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def share_of(text: str, option: str) -> Fraction:
    """Read a share such as `1%` from an option. Raises click.UsageError."""
    from fundalloc.money import NotANumber, parse_figure

    try:
        figure = parse_figure(text)
    except NotANumber as error:
        raise click.UsageError(f"{option} {text}: {error}; write a share such as 1%") from None
    if not 0 <= figure.value < 1:
        raise click.UsageError(f"{option} {text}: write a share from 0% to below 100%, such as 1%")
    return figure.value
