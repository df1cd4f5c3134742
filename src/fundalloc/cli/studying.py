"""What the commands that solve many programs share: options, a counter, and writing what they found."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fundalloc.cli.common import Output

if TYPE_CHECKING:
    from fundalloc.export.studies.report import Report

F = TypeVar("F", bound=Callable[..., Any])
Tick = Callable[[int, int], None]

book_option = click.option("-o", "--output", metavar="FILE.xlsx", help="Write a workbook with tables and charts.")
csv_option = click.option("--csv", "csv_folder", metavar="DIR", help="Write the tables as CSV into this folder.")


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
            click.echo(f"{done} of {of} {what} …", err=True)

    yield tick
    if out.verbose:
        click.echo(f"{'Solving':<12} {time.perf_counter() - started:8.2f} s", err=True)


def check_targets(output: str | None) -> None:
    """Refuse an output that cannot be written before anything is solved. Raises OutputError, or click.UsageError."""
    from fundalloc.export.files import check_writable

    if output is not None:
        if Path(output).suffix.lower() != ".xlsx":
            raise click.UsageError(f"-o {output}: a workbook ends in .xlsx")
        check_writable(Path(output))


def write_report(make: Callable[[], Report], output: str | None, csv_folder: str | None, out: Output) -> None:
    """Write what was asked for: workbook, CSV, JSON on stdout."""
    if output is None and csv_folder is None and not out.as_json:
        return
    from fundalloc.export.studies.report import as_dict, write_book, write_tables

    report = make()
    if csv_folder is not None:
        for path in write_tables(report, csv_folder):
            out.say(f"Wrote {path}")
    if output is not None:
        with out.progress("Writing"):
            write_book(report, output)
        out.say(f"Wrote {output}")
    out.json(as_dict(report) if out.as_json else None)


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


@contextmanager
def writing_folder(folder: Path) -> Iterator[None]:
    """Turn what the system refuses into an OutputError."""
    from fundalloc.errors import OutputError

    try:
        yield
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror}.") from None
