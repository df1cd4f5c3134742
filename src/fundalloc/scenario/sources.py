"""The files that a scenario was read from, byte by byte: what another reader needs to read the same scenario again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fundalloc.doors.reading import is_file, read_bytes
from fundalloc.doors.writing import PACKAGE, new_folder
from fundalloc.errors import OutputError

BASELINE_FOLDER = "baseline"
"""Where a baseline goes that the command line named and that lies outside the scenario's folders."""
MOST_CARRIED = 300_000_000
"""Bytes of a file that travels with the scenario: no smaller than any limit of the readers."""


@dataclass(frozen=True)
class Sources:
    """Everything that `load` read, by name relative to one folder, and what the command line added."""

    main: str
    files: Mapping[str, bytes]
    """Name → content; the scenario file first, then the others by name."""
    settings: tuple[str, ...] = ()
    """`KEY=VALUE` overrides."""
    baseline: str = ""
    """The file or folder that the command line named as baseline, or empty."""

    @property
    def outside(self) -> bool:
        """Whether the scenario names files outside its own folder."""
        own = PurePosixPath(self.main).parent
        given = PurePosixPath(self.baseline) if self.baseline else None
        named = [path for path in map(PurePosixPath, self.files) if given is None or not path.is_relative_to(given.parent)]
        return any(not path.is_relative_to(own) for path in named)

    def arguments(self, folder: Path) -> list[str]:
        """Return the arguments of `fundalloc run` that read the same scenario from files restored into a folder."""
        settings = [word for setting in self.settings for word in ("--set", setting)]
        start = ["--baseline", str(folder / self.baseline)] if self.baseline else []
        return [str(folder / self.main), *settings, *start, *(["--allow-outside"] if self.outside else [])]

    def restore(self, folder: Path) -> list[Path]:
        """Write the files as a new folder, none outside it (a workbook may come from anywhere), the scenario first. Raises OutputError."""
        unsafe = [name for name in self.files if not is_safe(name)]
        if unsafe:
            raise OutputError(f"Cannot write '{unsafe[0]}': the name leaves the folder.")
        with new_folder(folder) as inside:
            for name, content in self.files.items():
                (inside / name).parent.mkdir(parents=True, exist_ok=True)
                (inside / name).write_bytes(content)
        return [folder / name for name in self.files]


def is_safe(name: str) -> bool:
    """Return whether a name stays below the folder in which it is written, on any system."""
    path = PurePosixPath(name)
    odd = any(c in name for c in '\\:*?"<>|') or any(ord(c) < 32 for c in name)
    return bool(name) and not odd and not path.is_absolute() and ".." not in path.parts and "." not in name.split("/")


def gather(main: Path, read: Iterable[Path], settings: Iterable[str], baseline: Path | None) -> Sources:
    """Take up the content of the files that were read; `baseline` is the one that the command line named."""
    first = main.resolve() if is_file(main) else Path.cwd() / main.name
    wanted = [first, *(file for path in read for file in with_companions(path.resolve()))]
    given = None if baseline is None else baseline.resolve()
    names = _names(wanted, given)
    start = names[given] if given else ""
    ordered = sorted(set(wanted), key=lambda p: (p != first, names[p]))
    content = {names[path]: read_bytes(main if path == first else path, MOST_CARRIED) for path in ordered}
    return Sources(names[wanted[0]], content, tuple(settings), start)


def _names(wanted: list[Path], given: Path | None) -> dict[Path, str]:
    """Return what every file is called inside: below the folder that they share, a baseline given apart in a folder of its own."""
    if given is None:
        return _named_below(_common(wanted), wanted)
    beside = given if given.is_dir() else given.parent
    names = _named_below(_common([wanted[0], *(path for path in wanted[1:] if not path.is_relative_to(beside))]), [*wanted, given])
    if given not in names:
        elsewhere = [*(path for path in wanted if path not in names), given]
        names |= {path: f"{BASELINE_FOLDER}/{name}" for path, name in _named_below(_common(elsewhere), elsewhere).items()}
    return names


def _common(files: list[Path]) -> Path:
    return Path(os.path.commonpath([path.parent for path in files]))


def _named_below(folder: Path, files: Iterable[Path]) -> dict[Path, str]:
    return {path: path.relative_to(folder).as_posix() for path in files if path.is_relative_to(folder)}


def stacked(sources: Sources, main: Path, variants: Sequence[Path]) -> Sources:
    """Return sources in which a file of its own stacks variants on the scenario: it lists all of them under `extends`."""
    root = main.resolve().parents[len(PurePosixPath(sources.main).parts) - 1]
    folder = PurePosixPath(sources.main).parent
    names = [Path(os.path.relpath(path.resolve(), root / folder)).as_posix() for path in (main, *variants)]
    together = (folder / f"{'+'.join(path.stem for path in (main, *variants))}.yaml").as_posix()
    text = f"# {' with '.join(names)}\nextends: {json.dumps(names, ensure_ascii=False)}\n"
    return replace(sources, main=together, files={together: text.encode(), **dict(sorted(sources.files.items()))})


def with_companions(path: Path) -> list[Path]:
    """Return the files behind a name: the plan in a folder, and what stands beside an allocation: moves, and what describes both."""
    path = path / "allocation.csv" if path.is_dir() else path
    beside = ("moves.csv", PACKAGE) if path.name == "allocation.csv" else ()
    return [file for name in (path.name, *beside) if is_file(file := path.with_name(name))]


def fingerprint(*parts: str | bytes) -> str:
    """Return the SHA-256 of texts and bytes, each marked off from the next."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()
