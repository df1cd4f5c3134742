"""`fundalloc show`: the scenario after `extends`, with the origin of every value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from fundalloc.cli.common import Output, output_options, read, scenario_options, variants_option


@click.command()
@click.argument("file")
@click.argument("key", required=False)
@variants_option
@output_options
@scenario_options
def show(file: str, key: str | None, variants: tuple[str, ...], settings: tuple[str, ...], allow_outside: bool, out: Output) -> None:
    """Print the scenario as it is solved, and where every value was written.

    KEY is a dotted path such as rules.legal-floor or instruments.ipa-iii.ceiling, or a table such as needs. A result
    (.xlsx, .json) is printed as text that diffs well: status of every rule, amount of every line.

    \b
    fundalloc show scenario.yaml instruments.ipa-iii
    fundalloc show plan.xlsx
    git config diff.fundalloc.textconv "fundalloc show"
    """
    from fundalloc.compare.text import RESULTS, result_text
    from fundalloc.errors import UsageError, did_you_mean
    from fundalloc.scenario.document import Tree

    if Path(file).suffix.lower() in RESULTS:
        if key or variants or settings or out.as_json:
            raise click.UsageError("a result is shown whole, as text: leave KEY, --with, --set and --json out.")
        out.say(result_text(Path(file)).rstrip("\n"))
        return

    scenario = read(file, settings, allow_outside, out, variants=variants)
    parts = key.split(".") if key else []
    if parts and parts[0] in scenario.tables:
        rows = list(_table(scenario.tables[parts[0]], parts[1:]))
    else:
        node: Any = scenario.tree
        for k, part in enumerate(parts):
            if not isinstance(node, Tree) or part not in node.items:
                known = node.items if isinstance(node, Tree) else []
                raise UsageError(f"No '{'.'.join(parts[: k + 1])}' in {file}. {did_you_mean(part, known)}".rstrip())
            node = node.items[part]
        rows = list(_values(node, key or "", scenario.tables))
    out.json([{"key": k, "value": v, "origin": o} for k, v, o in rows])
    width = min(max((len(k) for k, _, _ in rows), default=0), 60)
    for name, value, origin in rows:
        out.say(f"{name:<{width}}  {value:<30}  {origin}")


def _values(node: Any, path: str, tables: Any) -> Iterator[tuple[str, str, str]]:
    from fundalloc.scenario.document import ListNode, Scalar, Tree

    if isinstance(node, Scalar):
        yield path, node.text, str(node.place)
    elif isinstance(node, ListNode):
        for k, item in enumerate(node.items):
            yield from _values(item, f"{path}.{k}", tables)
    elif isinstance(node, Tree):
        for key, value in node.items.items():
            if not path and key in tables:
                yield key, f"{len(tables[key].cells)} rows", f"{tables[key].name} (fundalloc show FILE {key})"
            else:
                yield from _values(value, f"{path}.{key}" if path else key, tables)


def _table(table: Any, wanted: list[str]) -> Iterator[tuple[str, str, str]]:
    for row, cells in enumerate(table.cells):
        if wanted and not set(wanted) <= set(cells):
            continue
        for column, text in zip(table.columns, cells, strict=True):
            if text:
                yield f"{row + 1}.{column}", text, str(table.place(row, column))
