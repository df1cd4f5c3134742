"""Text files as they are opened: in their encoding, of modest size, without what no program could show."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from fundalloc.doors.reading import FAILURES, read_bytes, why
from fundalloc.doors.terminal import CONTROLS
from fundalloc.errors import Place, Problems, ScenarioError, did_you_mean

MAX_BYTES = 2_000_000
MOST_CHARACTERS = 32_767
"""Characters of one text: a cell of a workbook holds no more."""
WORKBOOK, _OLD, _OPEN_DOCUMENT = b"PK", b"\xd0\xcf\x11\xe0", b"mimetypeapplication/vnd.oasis.opendocument"
"""How zip files, and so workbooks, begin; .xls files and workbooks with a password; what stands at the head of .ods files."""
_CONFLICT = re.compile(r"^(<{7}|>{7}) .*$", re.MULTILINE)
"""Lines that git leaves where two versions were merged."""
END_OF_LINE = re.compile(r"\r\n|\r|\n")


def display_name(path: Path) -> str:
    """Return the name under which messages speak of a file: relative to here when it lies below, else as given."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except FAILURES:
        return str(path)


def read_text(path: Path, name: str, limit: int = MAX_BYTES, encoding: str = "utf-8") -> str:
    """Read a file in UTF-8, with or without byte-order mark, or in another encoding; raise ScenarioError with one clear problem."""
    text = _decoded(bytes_of(path, Place(name), limit), name, limit, encoding)
    if found := _CONFLICT.search(text):
        hint = "keep one of the two versions, and delete the lines <<<<<<<, ======= and >>>>>>>"
        raise ScenarioError.of(_place_at(text[: found.start()], name), "two versions that git could not merge", hint)
    if not text.strip():
        hint = "a scenario starts with `fundalloc new`, a table with the names of its columns"
        raise ScenarioError.of(Place(name), "the file is empty", hint)
    return text


def bytes_of(path: Path, place: Place, limit: int) -> bytes:
    """Return what a file holds. Raises ScenarioError where it cannot be read, or is longer."""
    try:
        if path.is_dir():
            raise ScenarioError.of(place, "this is a folder, not a file", "name the file inside it")
        raw = read_bytes(path, limit)
        if len(raw) > limit:
            size = f"{path.stat().st_size / 1e6:.1f} MB" if path.is_file() else "more"
            message = f"the file has {size}; the limit is {limit / 1e6:.0f} MB"
            raise ScenarioError.of(place, message, "put long tables into CSV files" if limit == MAX_BYTES else "split the table")
        return raw
    except FileNotFoundError:
        raise ScenarioError.of(place, "no such file", named_alike(path, f"*{path.suffix}")) from None
    except FAILURES as error:
        raise ScenarioError.of(place, f"cannot be read: {why(error)}") from None


def named_alike(path: Path, pattern: str = "*") -> str:
    """Return a hint to the files beside a missing one that it may mean."""
    return did_you_mean(path.name, [near.name for near in path.parent.glob(pattern)] if path.parent.is_dir() else [])


def _decoded(raw: bytes, name: str, limit: int, encoding: str) -> str:
    try:
        return raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        if other := other_program(raw):
            raise ScenarioError.of(Place(name), *other) from None
        if raw.startswith(WORKBOOK):
            hint = "`fundalloc extract FILE` writes the scenario that travels in a workbook; `fundalloc verify FILE` checks its plan"
            raise ScenarioError.of(Place(name), "this is a workbook, and a text file is expected here", hint) from None
        own = "; a table may say its own with encoding: cp1252" if limit != MAX_BYTES else ""
        place = _place_at(error.object[: error.start].decode(encoding), name)
        raise ScenarioError.of(place, f"the file is not {encoding.upper()}", f"save it as UTF-8; from Excel: CSV UTF-8{own}") from None
    except FAILURES as error:
        raise ScenarioError.of(Place(name), f"cannot be read: {why(error)}") from None


def other_program(raw: bytes) -> tuple[str, str] | None:
    """Return what a file is that another program must save anew, and how; None of any other file."""
    if raw.startswith(_OLD):
        return "an old .xls file, or one with a password", "save it as .xlsx without a password"
    return ("an OpenDocument file (.ods)", "save it as .xlsx") if _OPEN_DOCUMENT in raw[:100] else None


def _place_at(before: str, name: str) -> Place:
    """Return the place that follows a text."""
    lines = END_OF_LINE.split(before)
    return Place(name, len(lines), len(lines[-1]) + 1)


def controls(text: str, name: str) -> Problems:
    """Return a problem for every control character, at its place."""
    problems = Problems()
    for found in islice(CONTROLS.finditer(text), 20):
        problems.add(_place_at(text[: found.start()], name), *control(found[0]))
    return problems


def control(character: str) -> tuple[str, str]:
    """Return what to say of a control character."""
    return f"an invisible control character (#x{ord(character):04x})", "delete it"


def too_long(text: str) -> tuple[str, str] | None:
    """Return what to say of a text that no cell of a workbook holds; None of any other."""
    if len(text) <= MOST_CHARACTERS // 2 or (size := len(text.encode("utf-16-le", "replace")) // 2) <= MOST_CHARACTERS:
        return None
    return f"a text of {size} characters; a cell of a workbook holds {MOST_CHARACTERS}", "shorten it, and name the file that says the rest"
