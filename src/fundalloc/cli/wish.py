"""What becomes of the plan of `fundalloc run`: what is computed beside it, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fundalloc.cli.options import check_page, new_book
from fundalloc.cli.output import Output
from fundalloc.doors.writing import check_folder, check_writable

if TYPE_CHECKING:
    from fundalloc.run import Wanted


@dataclass(frozen=True)
class Wish:
    """What becomes of a plan: what is computed beside it, and where it is written."""

    output: str | None
    html: str | None
    note: str | None
    csv_folder: str | None
    csv_style: str
    write_lp: str | None
    audience: Literal["inside", "outside"]
    ranges: bool
    prices: bool
    quick: bool
    dry_run: bool
    open_file: bool
    force: bool
    repairs: str | None

    @property
    def asks(self) -> bool:
        """Whether more is computed than the plan."""
        return self.ranges or self.prices

    def evidence(self, out: Output) -> Wanted:
        """Return how much is found by solving again: all that files and JSON hold, else what the terminal shows."""
        written = not self.dry_run and (self.output or self.html or self.note or self.csv_folder)
        return "" if self.quick else "all" if written or out.as_json else "dearest"

    @property
    def files(self) -> bool:
        """Whether anything is written or opened beside the workbook."""
        return bool(self.html or self.note or self.csv_folder or self.write_lp or self.open_file)

    def book(self) -> Path | None:
        """Return the workbook to write. Raises UsageError or OutputError."""
        return None if self.output is None or self.dry_run else new_book(self.output, self.force)

    def unwritten(self) -> str:
        """Say what a dry run leaves unwritten, and what of it would take another file's place."""
        asked = [path for path in (self.output, self.html, self.note, self.csv_folder, self.write_lp) if path is not None]
        shown = [f"{path}{' (in place of the one that is there)' if Path(path).exists() else ''}" for path in asked]
        return f"Nothing was written; without -n: {', '.join(shown)}" if shown else "Nothing was written."

    def check_places(self) -> None:
        """Refuse what cannot be written before anything is solved."""
        check_page(self.html, write=not self.dry_run)
        ends_in = (("--write-lp", self.write_lp, (".lp", ".mps")), ("--note", self.note, (".docx",)))
        for option, name, ends in ends_in:
            if name is not None and Path(name).suffix.lower() not in ends:
                raise click.UsageError(f"{option} {name}: the file ends in {' or '.join(ends)}")
        if self.note is not None:
            from fundalloc.export.note import needs_word

            needs_word()
        if self.dry_run:
            return
        for _, name, _ in ends_in:
            if name is not None:
                check_writable(Path(name))
        if self.csv_folder is not None:
            check_folder(Path(self.csv_folder))
