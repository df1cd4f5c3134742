"""Each file and each folder that is written is, at any moment, the old one or the new one.

New content grows in a folder beside its target, which is locked as long as its process lives, and is renamed into place when
all of it is there; what is finished inside `together` is renamed at the end of it, one after the other, and no signal comes
between. A killed run leaves such folders behind: the next one that writes there sweeps them.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fundalloc.errors import OutputError, and_more, counted, some

PACKAGE = "datapackage.json"
"""Lists the tables of a folder, each with the command that made it and the digest of the scenario it was made from."""
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
written: list[Path] = []
"""What has been put into place, since the command line last emptied the list."""
_PREFIX = ".fundalloc-"
SCRATCH, _SCRATCH = "fundalloc-", Path(tempfile.gettempdir()).resolve()
"""How temporary folders of ours are named, and where they lie: what is written there is not written for anybody."""
_EXCHANGE, _HERE = 2, -100
"""Flag and folder that Linux and macOS know: two names change places; names are relative to the current folder."""


class _Stage:
    """New content that grows beside its target."""

    def __init__(self, named: Path, target: Path) -> None:
        self.named, self.target = named, target
        home = next(folder for folder in target.absolute().parents if folder.is_dir())
        _sweep(home)
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
        self._lock = _locked(self.folder)
        (self.folder / "new").mkdir()
        self.fresh = self.folder / "new" / target.name

    def put(self) -> None:
        """Let the new content take the place of the old."""
        with _told(self.named):
            if self.target.exists():
                shutil.copymode(self.target, self.fresh)
            if not self.fresh.is_dir():
                os.replace(self.fresh, self.target)
            elif not self.target.exists():
                self.target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(self.fresh, self.target)
            elif not _exchanged(self.fresh, self.target):
                (self.folder / "old").mkdir()
                aside = self.folder / "old" / self.target.name
                os.rename(self.target, aside)
                try:
                    os.rename(self.fresh, self.target)
                except OSError:
                    os.rename(aside, self.target)
                    raise
        if not self.target.resolve().is_relative_to(_SCRATCH) or not any(part.startswith(SCRATCH) for part in self.target.parts):
            written.append(self.named)

    def remove(self) -> None:
        """Take away what is left."""
        if self._lock is not None:
            self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_held: list[_Stage] | None = None


@contextmanager
def together() -> Iterator[None]:
    """Hold back every file and folder that is finished inside, and put all of them into place at the end, or none.

    Raises OutputError when one of them cannot be put into place; it names those that were.
    """
    global _held
    if _held is not None:
        yield
        return
    _held = []
    with _signals(_interrupt, signal.SIGTERM):
        try:
            yield
            with _undisturbed():
                _put(_held)
        finally:
            stages, _held = _held, None
            with _undisturbed():
                for stage in stages:
                    stage.remove()


def _put(stages: list[_Stage]) -> None:
    for number, stage in enumerate(stages):
        try:
            stage.put()
        except OutputError as error:
            done = [str(s.named) for s in stages[:number]]
            raise OutputError(f"{error} Written before: {some(done)}." if done else str(error)) from None


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield the name of a file that takes the place of `path` when it is finished. Raises OutputError."""
    target = check_writable(path)
    with together(), _told(path):
        yield _staged(path, target).fresh


@contextmanager
def new_folder(path: Path, made_by: str = "", digest: str = "", about: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `path` when it is filled. Raises OutputError.

    With `made_by` its tables are listed, with what is said `about` each; tables that another command put there before stay in it.
    """
    target = check_folder(path)
    with together(), _told(path):
        fresh = _staged(path, target).fresh
        fresh.mkdir()
        yield fresh
        if made_by:
            files = sorted(file.name for file in fresh.glob("*.csv"))
            made = [
                {"name": name[:-4], "path": name, **(about or {}).get(name, {}), "made_by": made_by, "digest": digest} for name in files
            ]
            names = [table["path"] for table in made]
            kept = [table for table in _listed(target) if table.get("made_by") != made_by and table["path"] not in names]
            for table in kept:
                shutil.copy2(target / table["path"], fresh / table["path"])
            package = {"$schema": PROFILE, "name": "fundalloc-tables", "resources": [*kept, *made]}
            (fresh / PACKAGE).write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _staged(path: Path, target: Path) -> _Stage:
    assert _held is not None
    _held.append(_Stage(path, target))
    return _held[-1]


def check_writable(path: Path) -> Path:
    """Return the file that is written when `path` is named: links are followed. Raises OutputError when it cannot become one."""
    with _told(path):
        target = _through(path)
        if target.is_dir():
            raise OutputError(f"Cannot write {path}: it is a folder. Name a file inside it.")
        if target.exists() and not target.is_file():
            raise OutputError(f"Cannot write {path}: it is no regular file. Choose another name.")
        if not target.parent.is_dir():
            raise OutputError(f"Cannot write {path}: the folder {target.parent} does not exist.")
        if not os.access(target.parent, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
            raise OutputError(f"Cannot write {path}: no permission. Choose another place.")
    return target


def check_folder(path: Path) -> Path:
    """Return the folder that is filled when `path` is named. Raises OutputError unless it is new, empty, or lists all that it holds."""
    with _told(path):
        target = _through(path)
        if not target.exists():
            return target
        if not target.is_dir():
            raise OutputError(f"Cannot write into {path}: it is no folder. Choose another name.")
        if target.resolve() in (Path.cwd(), *Path.cwd().parents):
            raise OutputError(f"Cannot write into {path}: you are in it, and it would be replaced. Name a folder inside it.")
        known = {PACKAGE, *(table["path"] for table in _listed(target))}
        foreign = sorted(file.name for file in target.iterdir() if file.name not in known or not file.is_file())
        if foreign:
            holds = f"it holds {some(foreign, 2)}, which {PACKAGE} does not list"
            raise OutputError(f"Cannot write into {path}: {holds}. Choose a new or empty folder.")
    return target


def check_empty(folder: Path) -> None:
    """Raise OutputError when a folder holds something, or cannot be one."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"Cannot write into {folder}: it exists and is not an empty folder. Choose another name.")


def refuse_loss(path: Path, lost: Sequence[str], instead: str = "choose another name,") -> None:
    """Raise OutputError when something would be lost with a file."""
    if lost:
        listed = "\n  ".join([*lost[:3], *and_more(lost, 3)])
        raise OutputError(f"Cannot write {path}: {counted(len(lost), 'changes')} would be lost; {instead} or add --force:\n  {listed}")


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Make a folder when it is missing, and turn what the system refuses inside into an OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror}.") from None


def _listed(folder: Path) -> list[dict[str, Any]]:
    """Return the tables that a folder lists as ours and that are there."""
    try:
        tables = json.loads((folder / PACKAGE).read_text("utf-8"))["resources"]
        return [table for table in tables if Path(table["path"]).name == table["path"] and (folder / table["path"]).is_file()]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _through(path: Path) -> Path:
    """Follow links, so that what they lead to is written and they stay."""
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OutputError(f"Cannot write {path}: it is a link that leads in a circle.")
    return target


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise OutputError(f"Cannot write {path}: it may be open in another program. Close it, or choose another name.") from None
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror}.") from None


# --- what the system can do ------------------------------------------------------------------------------------------


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot."""
    try:
        library = ctypes.CDLL(None)
        names = os.fsencode(one), os.fsencode(other)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, _EXCHANGE) == 0)
        return bool(library.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0)
    except (OSError, AttributeError, TypeError):
        return False


def _locked(folder: Path) -> sqlite3.Connection | None:
    """Lock a folder of ours until this process ends, on any system; None when another process holds it."""
    try:
        lock = sqlite3.connect(folder / "lock", timeout=0, isolation_level=None, check_same_thread=False)
        lock.execute("begin exclusive")
    except sqlite3.Error:
        return None
    return lock


def _sweep(home: Path) -> None:
    """Take away what killed runs left; a folder that one of them had put aside comes back."""
    for left in home.glob(f"{_PREFIX}*"):
        if left.is_symlink() or not left.is_dir() or (lock := _locked(left)) is None:
            continue
        for aside in (left / "old").glob("*"):
            if not (home / aside.name).exists():
                os.rename(aside, home / aside.name)
        lock.close()
        shutil.rmtree(left, ignore_errors=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the end."""
    came: list[object] = []
    with _signals(lambda *signals: came.append(signals), signal.SIGINT, signal.SIGTERM):
        yield
    if came:
        raise KeyboardInterrupt


@contextmanager
def _signals(handler: Any, *numbers: int) -> Iterator[None]:
    """Give signals another handler for a while; only the main thread can."""
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, handler) for number in numbers if main}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former or signal.SIG_DFL)
