"""`fundalloc import` and `fundalloc extract`: what a workbook that went round brings back, and the scenario inside it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from fundalloc.cli.options import output_options
from fundalloc.cli.output import Output
from fundalloc.doors.writing import check_empty
from fundalloc.errors import and_more

_SHOWN = 20
"""Broken and missed demands that are printed one by one."""


@click.command("import")
@click.argument("books", nargs=-1, required=True, metavar="BOOK.xlsx...")
@click.option("-o", "--output", metavar="FILE.yaml", help="Write a scenario that extends the original and keeps these changes.")
@output_options
def import_(books: tuple[str, ...], output: str | None, out: Output) -> None:
    """Return what colleagues changed and said in copies of one workbook: adjustments, limits, rules, comments.

    The result is scenario text: a variant that extends the original. `fundalloc run` on it keeps every adjusted amount
    exactly and completes the plan around them. Copies are merged; a cell that two of them changed differently is a
    conflict that names both (exit code 3). What the changes break, and by how much, is said on stderr.

    \b
    fundalloc import plan_JD.xlsx
    fundalloc import plan_JD.xlsx plan_MK.xlsx -o adjusted.yaml
    fundalloc run adjusted.yaml -o next.xlsx
    """
    from fundalloc.back.edits import as_values
    from fundalloc.back.import_copies import bring_back

    if output is not None:
        _check_place(Path(output))
    with out.progress("Reading"):
        returned = bring_back([Path(book) for book in books])
    written = [] if output is None else returned.write(Path(output))
    broken, missed = returned.broken, returned.missed
    out.result(**as_values(returned.edits), broken=broken, missed=missed, written=[str(path) for path in written])
    if output is None:
        out.say(returned.text().rstrip("\n"))
    for path in written:
        out.say(f"Wrote {path}")
    if not returned.edits:
        out.note("Nothing was changed or said.")
        return
    _note_demands(broken, "1 demand that must hold is broken", f"{len(broken)} demands that must hold are broken", out)
    _note_demands(missed, "1 target is missed, or missed by more", f"{len(missed)} targets are missed, or missed by more", out)
    if returned.edits.changes and not broken:
        out.note("With these changes alone, everything that must hold still holds.")
    if returned.edits.changes and output is None:
        out.note("Run with -o FILE.yaml to keep these changes and to complete the plan around them.")
    elif output is not None:
        out.note(f"Next: fundalloc run {output} -o {Path(output).stem}.xlsx")


def _check_place(output: Path) -> None:
    from fundalloc.back.import_copies import made_by_import

    if output.suffix.lower() not in (".yaml", ".yml"):
        raise click.UsageError(f"-o {output}: a scenario ends in .yaml")
    if output.exists() and not made_by_import(output):
        raise click.UsageError(f"-o {output}: this file is there and was not written by `fundalloc import`; choose another name")


def _note_demands(texts: list[str], one: str, many: str, out: Output) -> None:
    if texts:
        out.note(f"With these changes alone, {one if len(texts) == 1 else many}:")
        for text in [*texts[:_SHOWN], *and_more(texts, _SHOWN)]:
            out.note(f"  {text}")


@click.command()
@click.argument("book", metavar="BOOK.xlsx")
@click.argument("folder", metavar="DIR")
@output_options
def extract(book: str, folder: str, out: Output) -> None:
    """Write the scenario that travels inside BOOK.xlsx into DIR, file by file as it was.

    DIR must be new or empty. `fundalloc run` on the files writes the same workbook again, byte for byte (with the same
    versions of fundalloc and of the solver).

    \b
    fundalloc extract plan.xlsx scenario-of-the-plan
    """
    from fundalloc.back.circulated import open_circulated

    circulated = open_circulated(Path(book))
    target = Path(folder)
    check_empty(target)
    with out.progress("Writing"):
        written = circulated.sources.restore(target)
    command = ["fundalloc", "run", *circulated.sources.arguments(target), "-o", Path(book).name]
    if circulated.scenario().head.output.language != circulated.language:
        command += ["--lang", circulated.language]
    out.result(files=[str(path) for path in written], command=command)
    for path in written:
        out.say(f"Wrote {path}")
    out.say(f"Next: {shlex.join(command)}")
