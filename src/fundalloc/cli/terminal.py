"""The only way to standard output and standard error: texts are made visible, and an output that is closed or full ends nothing."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fundalloc.doors.terminal import visible
from fundalloc.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

_GONE = (errno.EPIPE, errno.EINVAL)
"""What a system says when nobody reads any more; Windows says the second."""


class Outlet(io.FileIO):
    """Standard output that swallows what nobody can take: a command finishes its files all the same."""

    failed: OSError | None = None

    def write(self, data: Any) -> int:
        """Write, or remember why that was impossible."""
        try:
            return super().write(data) if self.failed is None else len(data)
        except OSError as error:
            self.failed = error
            return len(data)


def open_outlet() -> Outlet | None:
    """Lead standard output to the results alone, and return its end when that can close or fill up.

    Solvers that greet write to file descriptor 1, past Python: it leads to stderr, and Python alone keeps the way to stdout.
    A character that a terminal lacks is replaced.
    """
    outlet = None
    if sys.stdout is sys.__stdout__ and sys.stdout is not None and sys.stderr is not None:
        encoding, own = sys.stdout.encoding, os.dup(1)
        if sys.stdout.isatty():
            sys.stdout = os.fdopen(own, "w", encoding=encoding)
        else:
            outlet = Outlet(own, "w")
            sys.stdout = io.TextIOWrapper(io.BufferedWriter(outlet), encoding=encoding)
        os.dup2(2, 1)
        if not sys.stderr.isatty():
            sys.stderr = io.TextIOWrapper(io.BufferedWriter(Outlet(2, "w", closefd=False)), encoding=encoding, line_buffering=True)
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    return outlet


def close_outlet(outlet: Outlet | None, code: Any) -> Any:
    """Hand over what is still held back, and return the exit code: 6 when it found no room; a reader who left changes nothing."""
    sys.stdout.flush()
    failed = outlet and outlet.failed
    if not failed or failed.errno in _GONE:
        return code
    echo(f"The output cannot be written: {'no space left' if failed.errno == errno.ENOSPC else failed.strerror}.", err=True)
    return code or OutputError.exit_code


def echo(text: str = "", *, err: bool = False, nl: bool = True, again: bool = False) -> None:
    """Print a text; `again` writes over the line before it."""
    click.echo("\r" * again + visible(text), err=err, nl=nl)


def console(**options: Any) -> Console:
    """Return a console whose texts are made visible, cell by cell."""
    from rich.console import Console

    class Visible(Console):
        def render_str(self, text: str, **given: Any) -> Any:
            return super().render_str(visible(text), **given)

    return Visible(**options)
