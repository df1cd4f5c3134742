"""`fundalloc show`: the scenario after `extends`, with the origin of every value."""

from __future__ import annotations

from pathlib import Path

import click

from fundalloc.cli.options import VARIANTS, Inputs, named, output_options, scenario_options
from fundalloc.cli.output import Output


@click.command()
@click.argument("file", callback=named)
@click.argument("key", required=False)
@VARIANTS
@output_options
@scenario_options
def show(file: str, key: str | None, inputs: Inputs, out: Output) -> None:
    """Print the scenario as it is solved, and where every value was written.

    KEY is a dotted path such as rules.legal-floor or instruments.ipa-iii.ceiling, or a table such as needs. A result
    (.xlsx, .json) is printed as text that diffs well: status of every rule, amount of every line.

    \b
    fundalloc show scenario.yaml instruments.ipa-iii
    fundalloc show plan.xlsx
    git config diff.fundalloc.textconv "fundalloc show"
    """
    from fundalloc.compare.results import RESULTS, result_text
    from fundalloc.scenario.scenario import origins

    if Path(file).suffix.lower() in RESULTS:
        if key or inputs.variants or inputs.settings or out.as_json:
            raise click.UsageError("a result is shown whole, as text: leave KEY, --with, --set and --json out.")
        out.say(result_text(Path(file)).rstrip("\n"))
        return

    found = origins(inputs.read(file, out), key, file)
    out.result(values=[row._asdict() for row in found])
    width = min(max((len(row.key) for row in found), default=0), 60)
    for row in found:
        out.say(f"{row.key:<{width}}  {row.value:<30}  {row.origin}")
