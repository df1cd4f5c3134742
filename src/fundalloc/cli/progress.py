"""How far a command is, on stderr: one line drawn anew on a terminal, a line a minute where nobody watches."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        started, watch = time.perf_counter(), None
        if not self.running and not self.quiet:
            self.began, watch = started, _Watch(self.line)
        self.running.append(name)
        try:
            yield
        finally:
            if watch is not None:
                watch.end()
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


class _Watch:
    """A thread that shows a line while the command works in its own."""

    def __init__(self, line: Callable[[], str]) -> None:
        self._line, self._over = line, threading.Event()
        self._thread = threading.Thread(target=self._on_terminal if sys.stderr.isatty() else self._each_minute, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Take the line away, before anything else is printed."""
        self._over.set()
        self._thread.join()

    def _each_minute(self) -> None:
        while not self._over.wait(MINUTE):
            echo(self._line(), err=True)

    def _on_terminal(self) -> None:
        if self._over.wait(PATIENCE):
            return
        from rich.live import Live
        from rich.text import Text

        with Live(
            get_renderable=lambda: Text(self._line()),
            console=console(stderr=True),
            transient=True,
            redirect_stdout=False,
            refresh_per_second=2,
        ):
            self._over.wait()


def _clock(seconds: float) -> str:
    """Write a duration as 0:07 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
