"""`fundalloc intake`: a first mapping for a table that others laid out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from fundalloc.cli.options import output_options
from fundalloc.cli.output import Output
from fundalloc.scenario.sections import TABLES


@click.command()
@click.argument("file", metavar="FILE[#SHEET]")
@click.option("--as", "table", type=click.Choice(("instruments", *TABLES)), required=True, help="The table of a scenario that it becomes.")
@click.option("--in", "scenario", metavar="SCENARIO", help="Whose instruments, partnerships and areas it speaks of.")
@click.option("-o", "--output", metavar="FILE.yaml", help="Write the mapping into a new file.")
@output_options
def intake(file: str, table: str, scenario: str | None, output: str | None, out: Output) -> None:
    """Find headings, columns, units, totals and members of a foreign table, and write the mapping for you to look through.

    Where something must be said that the file does not say stands an ellipsis (…), and `check` refuses it until it is filled in.

    \b
    fundalloc intake annex.xlsx#Annex --as decided --in scenario.yaml
    fundalloc intake appeals.csv --as needs -o needs.yaml
    """
    from fundalloc.doors.writing import new_file
    from fundalloc.scenario.loading import load_names
    from fundalloc.scenario.tables.intake import propose
    from fundalloc.scenario.tables.specs import TARGETS

    if output is not None and (Path(output).suffix.lower() not in (".yaml", ".yml") or Path(output).exists()):
        raise click.UsageError(f"-o {output}: name a new file that ends in .yaml")
    names = {} if scenario is None else load_names(Path(scenario))
    folder = Path(output or scenario or ".").parent if output or scenario else Path()
    text = propose(file, folder, table, replace(TARGETS[table], names=names))
    out.result(mapping=text, files=[output] if output else [])
    if output is None:
        out.say(text.rstrip("\n"))
        return
    with new_file(Path(output)) as fresh:
        fresh.write_text(text, "utf-8")
    out.say(f"Wrote {output}")
