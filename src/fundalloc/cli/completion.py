"""`fundalloc completion`: what a shell proposes. Ids and keys come from the raw files; no model is built."""

from __future__ import annotations

import csv
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

import fundalloc
from fundalloc.cli import ASKS
from fundalloc.cli.options import output_options
from fundalloc.cli.output import Output
from fundalloc.cli.terminal import echo
from fundalloc.doors.text import read_text
from fundalloc.errors import ScenarioError
from fundalloc.scenario.document import Tree, read_document, texts

DEEPEST = 20
"""Files that extend each other, one after the other."""
_SECTIONS = ("partnerships", "instruments", "areas", "rules")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@output_options
def completion(shell: str, out: Output) -> None:
    """Print what makes a shell complete commands, options, files, kinds of rules, ids and keys.

    \b
    eval "$(fundalloc completion bash)"      in ~/.bashrc
    eval "$(fundalloc completion zsh)"       in ~/.zshrc
    fundalloc completion fish | source       in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    script = made(click.get_current_context().find_root().command, {}, "fundalloc", ASKS).source()
    out.result(script=script)
    if not out.as_json:
        echo(script)


def completing(command: click.Command) -> click.Command:
    """Let the parameters of a command, and of those below it, propose what they take."""
    for parameter in command.params:
        known = PROPOSALS.get(parameter.name or "")
        if known is not None:
            vars(parameter)["shell_complete"] = _matching(known)
    for below in getattr(command, "commands", {}).values():
        completing(below)
    return command


Proposals = str | Callable[[click.Context, str], Iterable[str]]


def _matching(known: Proposals) -> Callable[[click.Context, str], list[CompletionItem]]:
    """Return what answers a shell: files and folders it finds itself; a scenario that cannot be read has nothing to propose."""

    def complete(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if isinstance(known, str):
            return [CompletionItem(incomplete, type=known)]
        try:
            return [CompletionItem(text) for text in dict.fromkeys(known(ctx, incomplete)) if text.startswith(incomplete)]
        except (ScenarioError, OSError):
            return []

    return complete


def _kinds(_: click.Context, __: str) -> Iterator[str]:
    folder = Path(fundalloc.__file__).parent / "rules"
    yield from (m.name for m in pkgutil.iter_modules([str(folder)]) if not m.name.startswith("_") and m.name not in ("kind", "statement"))
    yield from (point.name for point in entry_points(group="fundalloc.rules"))


def _written(ctx: click.Context) -> Iterator[Tree]:
    """Return what the scenario that the line names already says, and those that it extends, the nearest first."""
    named = ctx.params.get("file") or ctx.params.get("files") or ctx.args  # args: an option waits for its value
    given = named if isinstance(named, str) else next(iter(named), None)
    path = None if given is None else Path(given)
    for _ in range(DEEPEST):
        if path is None:
            return
        tree = read_document(path, path.name)
        yield tree
        above = texts(tree.get("extends"))
        path = path.parent / above[-1] if above else None


def _ids(ctx: click.Context, _: str) -> Iterator[str]:
    """Return the ids of partnerships, instruments, areas and rules, of the file and of those that it extends."""
    for tree in _written(ctx):
        for section in filter(None, map(tree.mapping, _SECTIONS)):
            file = section.text("file")
            yield from _first_column((tree.folder or Path()) / file) if file else section.items


def _first_column(path: Path) -> Iterator[str]:
    """Return the ids of a table in CSV: its column `id`, or the first."""
    if path.suffix.lower() != ".csv":
        return
    rows = csv.reader(read_text(path, path.name, encoding="utf-8-sig").splitlines())
    heading = next(rows, [])
    at = heading.index("id") if "id" in heading else 0
    yield from (row[at] for row in rows if len(row) > at and row[at])


def _keys(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """Return the keys one level below what is typed, each with its dots, and `=` behind those that hold one value."""
    *above, _ = incomplete.split(".")
    for tree in _written(ctx):
        below: Any = tree
        for key in above:
            below = below.get(key) if isinstance(below, Tree) else None
        for key, value in below.items.items() if isinstance(below, Tree) else ():
            yield ".".join([*above, key]) + ("." if isinstance(value, Tree) else "=")


PROPOSALS: dict[str, Proposals] = {
    **dict.fromkeys(("file", "files", "baseline", "variants", "output", "result", "scenario_file", "books", "book"), "file"),
    **dict.fromkeys(("plan_file", "write_lp", "ledger", "origin", "scenario", "against", "html", "note"), "file"),
    **dict.fromkeys(("folder", "csv_folder", "repairs"), "dir"),
    "kind": _kinds,
    "what": _ids,
    "key": _keys,
    "settings": _keys,
}
"""What a parameter takes, by its name."""
