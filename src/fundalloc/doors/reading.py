"""What may be opened: files that a file names only inside the project and only regular ones; what a person names, also pipes."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from fundalloc.errors import Place, ScenarioError

STANDARD_INPUT = "-"
FAILURES = (OSError, ValueError, RuntimeError)
"""What a system says of a name that leads nowhere: too long, a circle of links, a NUL, no permission."""

OUTSIDE = "the project is the git top level, else the current folder above the scenario, else its own: move it there, or --allow-outside"

_held: ContextVar[Mapping[Path, bytes]] = ContextVar("held", default={})  # noqa: B039 (nobody changes it)
_streams: dict[str, bytes] = {}
"""What came through pipes: it comes only once, and travels in the workbook too."""


def project(folder: Path) -> Path:
    """Return what a scenario in this folder may read: the git top level, else the current folder when it lies in it, else its folder."""
    home = folder.resolve()
    top = next((parent for parent in (home, *home.parents) if (parent / ".git").exists()), None)
    here = Path.cwd()
    return top or (here if home.is_relative_to(here) and here != here.parent else home)


def admit(path: Path, written: str, place: Place, inside: Callable[[Path], bool]) -> None:
    """Raise ScenarioError unless a file that another file names at this place may be opened, once links are followed."""
    try:
        allowed = inside(path)
        odd = allowed and path.exists() and not (path.is_file() or path.is_dir())
    except FAILURES as error:
        raise ScenarioError.of(place, f"'{written}' cannot be read: {why(error)}") from None
    if not allowed:
        raise ScenarioError.of(place, f"'{written}' lies outside the project", OUTSIDE)
    if odd:
        raise ScenarioError.of(place, f"'{written}' is no regular file", "name a file on disk")


def reachable(path: Path) -> None:
    """Raise ScenarioError when a name that a person gave leads nowhere (in a circle, too long), or is no text."""
    try:
        path.resolve().exists()
        str(path).encode()
    except FAILURES as error:
        raise ScenarioError.of(Place(str(path)), f"cannot be read: {why(error)}") from None


def why(error: Exception) -> str:
    """Return what went wrong in the words of the system."""
    if isinstance(error, UnicodeEncodeError):
        return "its name is not UTF-8; rename it"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return "a link that leads in a circle" if "loop" in text or "levels of symbolic links" in text else text.replace("\x00", "")


@contextmanager
def held(files: Mapping[Path, bytes]) -> Iterator[None]:
    """Let files be read, inside, that are held in memory and lie nowhere."""
    before = _held.set(files)
    try:
        yield
    finally:
        _held.reset(before)


def is_file(path: Path) -> bool:
    """Return whether there is such a file, on disk or held in memory."""
    return path.absolute() in _held.get() or path.is_file()


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a file, or what a pipe or standard input (`-`) brings, up to one byte more than the limit. Raises OSError or ValueError."""
    if (content := _held.get().get(path.absolute())) is not None:
        return content[: limit + 1]
    if str(path) != STANDARD_INPUT and stat.S_ISREG(path.stat().st_mode):
        with path.open("rb") as file:
            return file.read(limit + 1)
    if str(path) not in _streams:
        with sys.stdin.buffer if str(path) == STANDARD_INPUT else path.open("rb") as stream:
            _streams[str(path)] = stream.read(limit + 1)
    return _streams[str(path)]
