"""`fundalloc extract`: the scenario that travels inside a workbook, as files again."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from fundalloc.cli.options import output_options
from fundalloc.cli.output import Output


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
    from fundalloc.doors.writing import check_empty

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
