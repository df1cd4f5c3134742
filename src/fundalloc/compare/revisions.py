"""`REV:FILE`: a file as it was in a revision of the git repository, with everything beside it."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path

from fundalloc.errors import UsageError

_REVISION = re.compile(r"^(?P<revision>[^:]{2,}):(?P<file>.+)$")


def is_revision(given: str) -> bool:
    """Return whether an argument means a file of a revision: `HEAD~1:plan.yaml`, but not a file that is there by that name."""
    return bool(_REVISION.match(given)) and not Path(given).exists()


def check_out(given: str, folder: Path) -> Path:
    """Unpack the folder of REV:FILE as it was in that revision into `folder`; return the file there. Raises UsageError."""
    match = _REVISION.match(given)
    if match is None:
        raise UsageError(f"'{given}' is not REVISION:FILE")
    revision, file = match["revision"], Path(match["file"])
    start = file.parent if file.is_absolute() and file.parent.is_dir() else Path.cwd()
    top = Path(_git(start, given, "rev-parse", "--show-toplevel"))
    commit = _commit(start, given, revision)
    named = _named(top, start, file, given, commit)
    beside = named.rsplit("/", 1)[0] if "/" in named else "."
    packed = _run(top, "archive", "--format=zip", commit, "--", beside)
    if packed.returncode:
        raise UsageError(f"{given}: git cannot unpack it: {_said(packed)}")
    with zipfile.ZipFile(io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder)
    return folder / named


def _named(top: Path, start: Path, file: Path, given: str, commit: str) -> str:
    """Return the path inside the repository: as seen from here, or else from the top as git itself has it."""
    here = (start / file).resolve()
    candidates = [here.relative_to(top.resolve()).as_posix()] if here.is_relative_to(top.resolve()) else []
    candidates += [] if file.is_absolute() else [file.as_posix().removeprefix("./")]
    for name in candidates:
        if _run(top, "cat-file", "-e", f"{commit}:{name}").returncode == 0:
            return name
    listing = f"git ls-tree -r --name-only {given.partition(':')[0]}"
    raise UsageError(f"{given}: that revision has no file '{file.as_posix()}'; {listing} lists what it has")


def _commit(start: Path, given: str, revision: str) -> str:
    found = _run(start, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        raise UsageError(f"{given}: no such file, and git knows no revision '{revision}'")
    return found.stdout.decode().strip()


def _git(start: Path, given: str, *arguments: str) -> str:
    done = _run(start, *arguments)
    if done.returncode:
        raise UsageError(f"{given}: no such file, and {start} is not in a git repository")
    return done.stdout.decode().strip()


def _run(start: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(start), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is not installed: REVISION:FILE needs it") from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip().splitlines()[0] if done.stderr.strip() else f"code {done.returncode}"
