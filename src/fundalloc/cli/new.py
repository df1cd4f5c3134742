"""`fundalloc new`: copy a starter scenario that runs at once."""

from __future__ import annotations

from pathlib import Path

import click

from fundalloc.cli.common import Output, output_options


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--from", "starter", default="mff-2021-2027", show_default=True, metavar="NAME", help="Which starter; `list` names them.")
@click.option(
    "--tables",
    type=click.Choice(["csv", "xlsx"]),
    default="csv",
    show_default=True,
    help="Keep the tables as CSV files or in one workbook.",
)
@output_options
def new(folder: str, starter: str, tables: str, out: Output) -> None:
    """Copy a shipped scenario with its tables and comments into DIR, and the schema for your editor.

    \b
    fundalloc new my-plan
    fundalloc new my-plan --from global-europe-2028-2034 --tables xlsx
    """
    from fundalloc.scenario.starters import copy_starter, starters

    if starter == "list":
        out.json(starters())
        for name in starters():
            out.say(name)
        return
    written = copy_starter(starter, Path(folder), as_workbook=tables == "xlsx")
    out.json([str(path) for path in written])
    for path in written:
        out.say(f"Wrote {path}")
    main = next((p for p in written if p.name == "baseline.yaml"), written[0])
    out.say(f"Next: fundalloc check {main}")
