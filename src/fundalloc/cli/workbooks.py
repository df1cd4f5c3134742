"""`fundalloc import` and `fundalloc extract`: what a workbook that went round brings back, and the scenario inside it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fundalloc.cli.envelope import NOT_VERIFIED
from fundalloc.cli.options import FORCE, output_options
from fundalloc.cli.output import Output
from fundalloc.doors.writing import check_empty
from fundalloc.errors import and_more, counted
from fundalloc.versions import VERSION

if TYPE_CHECKING:
    from fundalloc.back.import_copies import Returned

_SHOWN = 20
"""Broken and missed demands that are printed one by one."""


@click.command("import")
@click.argument("books", nargs=-1, required=True, metavar="BOOK.xlsx...")
@click.option("-o", "--output", metavar="FILE.yaml", help="Write a scenario that extends the original and keeps these changes.")
@FORCE
@output_options
def import_(books: tuple[str, ...], output: str | None, force: bool, out: Output) -> None:
    """Return what colleagues changed and said in copies of one workbook.

    Adjustments, limits, needs, priorities, ceilings, rules and comments are taken over. Whatever else is not as it was
    written is named with its cell, old and new, and not taken over (exit code 7, unless it changes no meaning).

    The result is scenario text: a variant that extends the original. `fundalloc run` on it keeps every adjusted amount
    exactly and completes the plan around them. Copies are merged; a cell that two of them changed differently is a
    conflict that names both (exit code 3), and so is a figure that two sheets then show differently. What the changes
    break, and by how much, is said on stderr.

    \b
    fundalloc import plan_JD.xlsx
    fundalloc import plan_JD.xlsx plan_MK.xlsx -o adjusted.yaml
    fundalloc run adjusted.yaml -o next.xlsx
    """
    from fundalloc.back.edits import as_values
    from fundalloc.back.import_copies import bring_back
    from fundalloc.back.tampering import told

    if output is not None:
        _check_place(Path(output), force)
    with out.progress("Reading"):
        returned = bring_back([Path(book) for book in books])
    written = [] if output is None else returned.write(Path(output), force=force)
    left, harmless = map(told, (returned.left, returned.harmless))
    said = {"broken": returned.broken, "missed": returned.missed, "left": [*map(str, returned.left)], "harmless": harmless}
    out.result(**as_values(returned.edits), **said, written=[str(path) for path in written])
    if output is None:
        out.say(returned.text().rstrip("\n"))
    for path in written:
        out.say(f"Wrote {path}")
    _note_edits(returned, output, out)
    if returned.unseen:
        out.note(f"Of another version than {VERSION}: what cannot be taken over is not known.")
    if harmless:
        out.note("\n  ".join([f"{counted(len(harmless), 'harmless differences')}, not taken over:", *harmless]))
    if left:
        out.end(NOT_VERIFIED, "\n  ".join([f"{counted(len(returned.left), 'changes')} not taken over:", *left]))


def _note_edits(returned: Returned, output: str | None, out: Output) -> None:
    """Say what the edits break, and what to do with them."""
    if not returned.edits:
        out.note("Nothing was changed or said." if not returned.left else "Nothing of what was changed can be taken over.")
        return
    broken, missed = returned.broken, returned.missed
    _note_demands(broken, "1 demand that must hold is broken", f"{len(broken)} demands that must hold are broken", out)
    _note_demands(missed, "1 target is missed, or missed by more", f"{len(missed)} targets are missed, or missed by more", out)
    if returned.edits.changes and not broken:
        out.note("With these changes alone, everything that must hold still holds.")
    if returned.edits.changes and output is None:
        out.note("Run with -o FILE.yaml to keep these changes and to complete the plan around them.")
    elif output is not None:
        out.note(f"Next: fundalloc run {output} -o {Path(output).stem}.xlsx")


def _check_place(output: Path, force: bool) -> None:
    from fundalloc.back.import_copies import made_by_import

    if output.suffix.lower() not in (".yaml", ".yml"):
        raise click.UsageError(f"-o {output}: a scenario ends in .yaml")
    if output.exists() and not force and not made_by_import(output):
        text = "this file is there and was not written by `fundalloc import`; choose another name, or add --force"
        raise click.UsageError(f"-o {output}: {text}")


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
    command += circulated.asked_for
    out.result(files=[str(path) for path in written], command=command)
    for path in written:
        out.say(f"Wrote {path}")
    out.say(f"Next: {shlex.join(command)}")
