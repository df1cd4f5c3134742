"""The ledger: every run with the hash of its inputs, status, impact, files and, for proved plans, the plan itself.

One SQLite file. A run is known by its key: the hash of the resolved inputs, of the program's own code and of the options.
The same key is not solved again. Clock times stand here only, never in a result.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from fundalloc.doors.reading import read_bytes
from fundalloc.errors import OutputError
from fundalloc.scenario.workbooks.container import LARGEST_FILE

FORMAT = 1
"""Part of every key: what is kept under another one is not reused."""
SCHEMA = 1
"""Version of the table, kept in the file; files from before there was one say 0 and have the same columns."""


@dataclass(frozen=True)
class RecordedRun:
    """One run as the ledger keeps it."""

    key: str
    digest: str
    """SHA-256 of the resolved inputs; empty when they could not be read."""
    code: str
    """Fingerprint of the program's own code."""
    version: str
    options: str
    file: str
    scenario: str
    title: str
    ended: str
    """UTC, to the second."""
    seconds: float
    status: str
    exit_code: int
    score: float | None = None
    impact: float | None = None
    message: str = ""
    """What went wrong, in one line; empty when nothing did."""
    files: tuple[str, ...] = ()
    """What was written."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**vars(self), "files": list(self.files)}


COLUMNS = tuple(field.name for field in fields(RecordedRun))
_KINDS = {"int": "integer not null", "float": "real not null", "float | None": "real"}
_TABLE = ", ".join(f"{field.name} {_KINDS.get(str(field.type), 'text not null')}" for field in fields(RecordedRun))
_SCHEMA = f"""
create table if not exists runs ({_TABLE}, record blob, primary key (key));
create index if not exists by_time on runs (ended);
create table if not exists books (path text primary key, made text not null, held text not null);
pragma user_version = {SCHEMA};
"""
PATIENCE = 30
"""Seconds to wait for another process that writes."""


@cache
def code_fingerprint() -> str:
    """Return a hash of the program's own source files: another version may give another plan."""
    digest = hashlib.sha256()
    root = resources.files("fundalloc")
    with resources.as_file(root) as folder:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml"):
                digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run_key(digest: str, options: str) -> str:
    """Return the key of a run."""
    return hashlib.sha256(f"{FORMAT}|{digest}|{code_fingerprint()}|{options}".encode()).hexdigest()[:24]


def default_ledger() -> Path:
    """Return where the ledger of this user lies: FUNDALLOC_LEDGER, or the system's folder for application data."""
    import platformdirs

    if named := os.environ.get("FUNDALLOC_LEDGER"):
        return Path(named)
    return Path(platformdirs.user_data_path("fundalloc", appauthor=False)) / "runs.sqlite"


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """An open ledger; use it as a context manager. Raises OutputError for a file that is none, and where it cannot be read.

    One that a newer version wrote is not written; `newer` says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._said("use"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path, timeout=PATIENCE)
            self.newer = self._base.execute("pragma user_version").fetchone()[0] > SCHEMA
            if not self.newer:
                self._base.execute("pragma journal_mode = wal")
                self._base.executescript(_SCHEMA)
            self._base.execute(f"select {','.join(COLUMNS)}, record from runs limit 0")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def record(self, entry: RecordedRun, record: str | None = None) -> None:
        """Keep a run and the record of its plan, in place of an earlier one with the same key."""
        packed = None if record is None else zlib.compress(record.encode(), 6)
        values = [getattr(entry, name) for name in COLUMNS[:-1]] + [json.dumps(entry.files), packed]
        marks = ",".join("?" * len(values))
        with self._writing() as base:
            base.execute(f"insert or replace into runs ({','.join(COLUMNS)}, record) values ({marks})", values)

    def plan(self, key: str) -> str | None:
        """Return the record of the plan that was kept under a key, or None."""
        try:
            row = self._base.execute("select record from runs where key = ? and record is not null", (key,)).fetchone()
            return None if row is None else zlib.decompress(row[0]).decode()
        except (sqlite3.Error, zlib.error, ValueError, TypeError):  # damaged: solved again
            return None

    def wrote(self, book: Path, made: str) -> None:
        """Keep what a workbook was made from, and what it held then. A ledger that cannot be written has it written again."""
        with suppress(OSError, ValueError, OutputError), self._writing() as base:
            base.execute("insert or replace into books values (?, ?, ?)", (str(book.resolve()), made, _held(book)))

    def as_written(self, book: Path, made: str | None = None) -> bool:
        """Return whether a workbook is as it was written last, and (`made`) was made from the same."""
        with suppress(OSError, ValueError, sqlite3.Error):
            row = self._base.execute("select made, held from books where path = ?", (str(book.resolve()),)).fetchone()
            return row is not None and made in (None, row[0]) and _held(book) == row[1]
        return False

    def entries(self, limit: int | None = None) -> list[RecordedRun]:
        """Return the runs, newest first."""
        return self._selected("order by ended desc, file limit ?", -1 if limit is None else limit)

    def find(self, start: str) -> list[RecordedRun]:
        """Return the runs whose key starts so, or whose scenario or file is named so; newest first."""
        wanted = f"{start.replace('%', '').replace('_', chr(92) + '_')}%"
        return self._selected("where key like ? escape char(92) or scenario = ? or file = ? order by ended desc", wanted, start, start)

    def _selected(self, how: str, *values: object) -> list[RecordedRun]:
        with self._said("read"):
            found = self._base.execute(f"select {','.join(COLUMNS)} from runs {how}", values).fetchall()
        return [replace(RecordedRun(*row), files=_listed(row[-1])) for row in found]

    def prune(self, older_than: timedelta | None, *, missing: bool = False) -> int:
        """Drop runs that ended longer ago, or (`missing`) whose files are gone; None: all. Returns how many."""
        entries = self.entries()
        limit = "9999" if older_than is None else (datetime.now(UTC) - older_than).strftime("%Y-%m-%dT%H:%M:%SZ")
        gone = [e.key for e in entries if e.ended < limit and not missing]
        if missing:
            gone = [e.key for e in entries if e.files and not any(Path(f).exists() for f in e.files)]
        with self._writing() as base:
            base.executemany("delete from runs where key = ?", [(key,) for key in gone])
        with self._said("write"):
            self._base.execute("vacuum")
        return len(gone)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self.newer:
            raise OutputError(
                f"Cannot write the ledger {self.path}: a newer version of fundalloc wrote it. Name another one with --ledger."
            )
        with self._said("write"), self._base:
            yield self._base

    @contextmanager
    def _said(self, do: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"Cannot {do} the ledger {self.path}: {error}. Name another one with --ledger.") from None


def _held(book: Path) -> str:
    return hashlib.sha256(read_bytes(book, LARGEST_FILE)).hexdigest()


def _listed(files: object) -> tuple[str, ...]:
    """Return the files of a row; none where the row is damaged."""
    try:
        listed = json.loads(str(files))
    except ValueError:
        return ()
    return tuple(map(str, listed)) if isinstance(listed, list) else ()
