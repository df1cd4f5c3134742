"""How the commands speak: results on stdout as tables and lines or as JSON, messages on stderr."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fundalloc.cli.envelope import Answer
from fundalloc.cli.progress import Progress, Tick
from fundalloc.cli.terminal import console as new_console
from fundalloc.cli.terminal import echo
from fundalloc.labels import Words

if TYPE_CHECKING:
    from rich.table import Table

    from fundalloc.scenario.scenario import Scenario


@dataclass(frozen=True)
class Output:
    """How a command speaks: results to stdout, messages to stderr."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False
    language: str | None = None
    """Asked for with --lang; absent: the scenario's own."""
    answer: Answer = field(default_factory=Answer.current)
    """What is printed at the end when JSON was asked for."""

    def __post_init__(self) -> None:
        """Let the answer know that it is wanted."""
        if self.as_json:
            self.answer.want(click.get_current_context())

    def words(self, scenario: Scenario) -> Words:
        """Return the words of the language asked for, else of the scenario's `output.language`, else English."""
        return Words(self.language or scenario.head.output.language)

    @property
    def speaks(self) -> bool:
        """Whether results are printed for people: neither JSON nor silence was asked for."""
        return not self.as_json and not self.quiet

    def say(self, text: str = "") -> None:
        """Print a result line, unless JSON or silence was asked for."""
        if self.speaks:
            echo(text)

    def table(self, table: Table) -> None:
        """Print a table, unless JSON or silence was asked for; when nobody looks 110 columns wide, or as wide as it needs."""
        if self.speaks:
            plain, seen = self.no_color or bool(os.environ.get("NO_COLOR")), sys.stdout.isatty()
            console = new_console(no_color=plain, highlight=False, soft_wrap=False, width=None if seen else 110, emoji=False, markup=False)
            if not seen:
                console.width = max(console.width, console.measure(table).maximum)
            console.print(table)

    def note(self, text: str) -> None:
        """Print a message on stderr, unless silence was asked for."""
        if not self.quiet:
            echo(text, err=True)

    def result(self, **values: Any) -> None:
        """Keep the result of the command, which is printed as JSON when that was asked for."""
        self.answer.result = values

    def end(self, exit_code: int, text: str) -> NoReturn:
        """End the command with a message on stderr that its result is not all that was asked for."""
        self.note(text)
        self.answer.problem(exit_code, text)
        click.get_current_context().exit(exit_code)

    def progress(self, step: str) -> AbstractContextManager[None]:
        """Say on stderr that a step is being done, when it takes long."""
        return self._progress.step(step)

    def counting(self, what: str, step: str = "Solving") -> AbstractContextManager[Tick]:
        """Say on stderr how many of the parts of a step are done, when it takes long."""
        return self._progress.counting(what, step)

    @cached_property
    def _progress(self) -> Progress:
        return Progress(self.quiet, self.verbose)


def new_table(*columns: str, numbers: int = 0, middle: range = range(0)) -> Table:
    """Return an empty table; the last `numbers` columns are right-aligned, and so are those at `middle`, which may wrap."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for k, column in enumerate(columns):
        right = k >= len(columns) - numbers
        table.add_column(column, justify="right" if right or k in middle else "left", no_wrap=right)
    return table
