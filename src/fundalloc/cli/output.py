"""How the commands speak: results on stdout as tables and lines or as JSON, on stderr messages and how far they are.

How far: one line drawn anew on a terminal, a line a minute where nobody watches.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click

from fundalloc.cli.envelope import Answer
from fundalloc.cli.terminal import console as new_console
from fundalloc.cli.terminal import echo
from fundalloc.labels import Words

if TYPE_CHECKING:
    from rich.table import Table

    from fundalloc.scenario.scenario import Scenario


Tick = Callable[[int, int], None]
PATIENCE = 1.0
"""Seconds before a terminal shows anything."""
MINUTE = 60.0
"""Seconds between two lines where stderr is no terminal."""


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
        return Words(scenario.speaks(self.language))

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


@dataclass
class Progress:
    """The steps that run, the innermost last, how many have ended, and how much of the innermost is done when that is counted."""

    quiet: bool = False
    verbose: bool = False
    running: list[str] = field(default_factory=list)
    ended: int = 0
    counted: str = ""
    done: int = 0
    of: int = 0
    began: float = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show that a step runs; with -v also how long it took."""
        started, outermost = time.perf_counter(), not self.running
        if outermost:
            self.began = started
        self.running.append(name)
        try:
            with _watched(self.line) if outermost and not self.quiet else nullcontext():
                yield
        finally:
            self.running.remove(name)
            self.ended += 1
        if self.verbose:
            echo(f"{name:<12} {time.perf_counter() - started:8.2f} s", err=True)

    @contextmanager
    def counting(self, what: str, step: str) -> Iterator[Tick]:
        """Show a step of which the parts are counted; yield what is told how many are done."""

        def tick(done: int, of: int) -> None:
            self.counted, self.done, self.of = what, done, of

        with self.step(step):
            yield tick
        self.counted = ""

    def line(self) -> str:
        """Return what runs, how much of it is done, since when, and how long it will take when that can be told."""
        elapsed = time.perf_counter() - self.began
        name = next(iter(self.running[-1:]), "")
        if not self.counted:
            return f"{name} … {self.ended} step{'' if self.ended == 1 else 's'} done, {_clock(elapsed)}"
        left = f", about {_clock(elapsed / self.done * (self.of - self.done))} left" if 0 < self.done < self.of else ""
        return f"{name} … {self.done} of {self.of} {self.counted} done, {_clock(elapsed)}{left}"


@contextmanager
def _watched(line: Callable[[], str]) -> Iterator[None]:
    """Show a line in a thread while the command works in its own; it is taken away before anything else is printed."""
    over = threading.Event()
    thread = threading.Thread(target=_on_terminal if sys.stderr.isatty() else _each_minute, args=(line, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _each_minute(line: Callable[[], str], over: threading.Event) -> None:
    while not over.wait(MINUTE):
        echo(line(), err=True)


def _on_terminal(line: Callable[[], str], over: threading.Event) -> None:
    if over.wait(PATIENCE):
        return
    from rich.live import Live
    from rich.text import Text

    shown = new_console(stderr=True)
    with Live(get_renderable=lambda: Text(line()), console=shown, transient=True, redirect_stdout=False, refresh_per_second=2):
        over.wait()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def new_table(*columns: str, numbers: int = 0, middle: range = range(0)) -> Table:
    """Return an empty table; the last `numbers` columns are right-aligned, and so are those at `middle`, which may wrap."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for k, column in enumerate(columns):
        right = k >= len(columns) - numbers
        table.add_column(column, justify="right" if right or k in middle else "left", no_wrap=right)
    return table
