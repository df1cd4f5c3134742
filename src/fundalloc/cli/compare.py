"""`fundalloc compare`: what differs between scenarios, in inputs and in results, and which change moved what."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fundalloc.cli.envelope import DIFFERS
from fundalloc.cli.options import FORCE, HTML, Digits, allow_outside_option, check_page, named, new_book, output_options
from fundalloc.cli.output import Output
from fundalloc.doors.writing import together
from fundalloc.labels import label
from fundalloc.money import NotANumber, parse_figure

if TYPE_CHECKING:
    from fundalloc.compare.comparison import Comparison


def _share(_: click.Context, __: click.Parameter, text: str) -> Fraction:
    try:
        figure = parse_figure(text)
    except NotANumber as error:
        raise click.BadParameter(f"{error}; {error.hint}".rstrip("; ")) from None
    if figure.value < 0:
        raise click.BadParameter("must not be negative")
    return figure.value


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="A B [C]...", callback=named)
@click.option("-o", "--output", metavar="FILE.xlsx", help="Write the comparison as a workbook.")
@HTML
@click.option(
    "--by",
    type=click.Choice(["partnership", "instrument", "area", "year", "marker", "rule"]),
    help="Only this, with every row that differs.",
)
@click.option("--min", "least", default="0", metavar="EUR", callback=_share, help="Leave out smaller changes (EUR million).")
@click.option("--tolerance", default="0", metavar="SHARE", callback=_share, help="Relative difference of inputs that counts as none.")
@click.option("--attribution/--no-attribution", "attributed", default=None, help="Which change moved what; for two scenarios the default.")
@click.option("--nearest", is_flag=True, help="Show the others' equally good plans closest to the first, not their own.")
@click.option("--seed", type=Digits(), default=0, show_default=True, help="For attributions with more than eight changes.")
@click.option("--exit-code", is_flag=True, help=f"Exit with {DIFFERS} when anything but texts differs.")
@allow_outside_option("scenarios name files outside their folder")
@FORCE
@output_options
def compare(
    files: tuple[str, ...],
    output: str | None,
    html: str | None,
    by: str | None,
    least: Fraction,
    tolerance: Fraction,
    attributed: bool | None,
    nearest: bool,
    seed: int,
    exit_code: bool,
    allow_outside: bool,
    force: bool,
    out: Output,
) -> None:
    """Compare scenarios, each with the first: what differs in the inputs, what in the results, and which change moved what.

    A, B, C are scenario files, files of a git revision (REV:FILE), or results (.xlsx, .json, .csv, or a
    name that `fundalloc runs name` gave), in any mix.

    \b
    fundalloc compare baseline.yaml variant.yaml
    fundalloc compare HEAD~1:baseline.yaml baseline.yaml --exit-code
    fundalloc compare last-year.xlsx a.yaml b.yaml -o comparison.xlsx
    """
    from fundalloc.cli.compare_report import print_comparison
    from fundalloc.compare import compare_files
    from fundalloc.compare.records import as_dict

    if output is not None:
        new_book(output, force)
    check_page(html)
    with out.counting("programs", "Comparing") as tick:
        found = compare_files(
            *files,
            attributed=attributed,
            tolerance=tolerance,
            seed=seed,
            allow_outside=allow_outside,
            nearest=nearest,
            progress=out.progress,
            tick=lambda _, done, of: tick(done, of),
            language=out.language or "",
        )
    print_comparison(found, out, by, least)
    out.result(**as_dict(found, by=by, least=least))
    for path in _written(found, output, html, out):
        out.say(label("report.written", found.language, file=path))
    if exit_code and found.differs:
        click.get_current_context().exit(DIFFERS)


def _written(found: Comparison, output: str | None, html: str | None, out: Output) -> list[Path]:
    """Write workbook and page where they are asked for."""
    files = list[Path]()
    with out.progress("Writing"), together():
        if output is not None:
            from fundalloc.export.comparison import write_comparison

            files.append(write_comparison(found, output))
        if html is not None:
            from fundalloc.export.page import write_comparison_page

            files.append(write_comparison_page(found, html))
    return files
