"""What the commands share: options, progress, tables, reading scenarios."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fundalloc.cli.terminal import echo

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from fundalloc.labels import Words
    from fundalloc.scenario.scenario import Scenario

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Output:
    """How a command speaks: results to stdout, messages to stderr."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    language: str | None = None
    """Asked for with --lang; absent: the scenario's own."""

    def words(self, scenario: Scenario) -> Words:
        """Return the words of the language asked for, else of the scenario's `output.language`, else English."""
        from fundalloc.labels import Words

        return Words(self.language or scenario.head.output.language)

    @property
    def console(self) -> Console:
        """A console for tables; when nobody looks 110 columns wide, or as wide as a table needs."""
        from fundalloc.cli.terminal import console

        plain = not self.color or bool(os.environ.get("NO_COLOR"))
        return console(
            no_color=plain, highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 110, emoji=False, markup=False
        )

    def say(self, text: str = "") -> None:
        """Print a result line, unless JSON or silence was asked for."""
        if not self.as_json and not self.quiet:
            echo(text)

    def table(self, table: Table) -> None:
        """Print a table, unless JSON or silence was asked for."""
        if not self.as_json and not self.quiet:
            console = self.console
            if not sys.stdout.isatty():
                console.width = max(console.width, console.measure(table).maximum)
            console.print(table)

    def note(self, text: str) -> None:
        """Print a message on stderr, unless silence was asked for."""
        if not self.quiet:
            echo(text, err=True)

    def json(self, value: Any) -> None:
        """Print one JSON object, keys sorted, when JSON was asked for."""
        if self.as_json:
            echo(json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1))

    @contextmanager
    def progress(self, step: str) -> Iterator[None]:
        """Say on stderr what is being done when it takes longer than a second and someone watches."""
        started = time.perf_counter()
        watched = (sys.stderr.isatty() or self.verbose) and not self.quiet
        timer = threading.Timer(1.0, lambda: echo(f"{step} …", err=True)) if watched else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            if timer:
                timer.cancel()
        if self.verbose:
            echo(f"{step:<12} {time.perf_counter() - started:8.2f} s", err=True)


class Positive(click.FloatRange):
    """A float in a range; `nan`, which no comparison puts outside, is refused too."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


def output_options(command: F) -> F:
    """Add --json, -q, -v, --no-color and --lang, and pass an Output as `out`."""
    from fundalloc.labels import languages

    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
    @click.option("-v", "--verbose", is_flag=True, help="Say how long each step took; `run` also shows payments by year.")
    @click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR=1).")
    @click.option("--lang", type=click.Choice(languages()), help="Language of what is printed and written; by default the scenario's own.")
    def wrapped(*args: Any, as_json: bool, quiet: bool, verbose: bool, no_color: bool, lang: str | None, **kwargs: Any) -> Any:
        return command(*args, out=Output(as_json, quiet, verbose, not no_color, lang), **kwargs)

    return wrapping(command, wrapped)


def wrapping(command: F, wrapped: Any) -> F:
    """Give a function that calls a command its name, its help and, before its own, its options."""
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__click_params__ = [*getattr(command, "__click_params__", []), *wrapped.__click_params__]
    return wrapped  # type: ignore[no-any-return]


def scenario_options(command: F) -> F:
    """Add --set and --allow-outside."""
    outside = click.option("--allow-outside", is_flag=True, help="Let the scenario name files outside its folder.")
    settings = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override one value, such as rules.legal-floor.at_least=20%. May be repeated.",
    )
    return outside(settings(command))


def variants_option(command: F) -> F:
    """Add --with."""
    return click.option(
        "--with",
        "variants",
        multiple=True,
        metavar="FILE",
        help="Lay this variant over the scenario, as under `extends`; later ones win. May be repeated.",
    )(command)


def read(
    path: str,
    settings: tuple[str, ...],
    allow_outside: bool,
    out: Output,
    baseline: str | None = None,
    variants: tuple[str, ...] = (),
) -> Scenario:
    """Read a scenario with progress; variants are laid over it in order."""
    from fundalloc.scenario.loading import load

    with out.progress("Reading"):
        return load(path, settings=settings, allow_outside=allow_outside, baseline=baseline, variants=variants)


def book_name(output: str) -> Path:
    """Return the name of a workbook to write. Raises click.UsageError."""
    if Path(output).suffix.lower() != ".xlsx":
        raise click.UsageError(f"-o {output}: a workbook ends in .xlsx")
    return Path(output)


def named_scenario(result: str) -> str:
    """Return the scenario file that a result names, seen from here or from where the result lies. Raises UsageError."""
    from fundalloc.errors import UsageError
    from fundalloc.scenario.plans.files import read_plan_file

    scenario = read_plan_file(Path(result)).stated.get("scenario")
    named = str(scenario.get("file") or "") if isinstance(scenario, dict) else ""
    found = [path for path in (Path(named), Path(result).parent / named) if named and path.is_file()]
    if not found:
        raise UsageError(f"{result} names no scenario file that is here: name the scenario too.")
    return str(found[0])


def new_table(*columns: str, numbers: int = 0) -> Table:
    """Return an empty table; the last `numbers` columns are right-aligned."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for k, column in enumerate(columns):
        right = k >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    return table
