"""How far a command is, on stderr: one line drawn anew on a terminal, a line a minute where nobody watches."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from fundalloc.cli.terminal import console, echo

Tick = Callable[[int, int], None]
PATIENCE = 1.0
"""Seconds before a terminal shows anything."""
MINUTE = 60.0
"""Seconds between two lines where stderr is no terminal."""


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

    shown = console(stderr=True)
    with Live(get_renderable=lambda: Text(line()), console=shown, transient=True, redirect_stdout=False, refresh_per_second=2):
        over.wait()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
