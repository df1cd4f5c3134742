"""Names for plans: `adopted-2026-11` is known wherever a plan is taken. Each is a copy of the plan in a folder beside the ledger."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fundalloc.doors.text import bytes_of, display_name
from fundalloc.doors.writing import new_file, writing_into
from fundalloc.errors import FundallocError, OutputError, Place, UsageError, did_you_mean, nearest
from fundalloc.money import NotANumber, parse_figure, plain
from fundalloc.plan.plan import Plan
from fundalloc.scenario.plans.files import PlanFile, read_plan_file, said
from fundalloc.scenario.tables.raw import MAX_TABLE_BYTES
from fundalloc.studies.batch import read_back
from fundalloc.studies.ledger import Ledger, default_ledger
from fundalloc.studies.variants import Source

_NAME = re.compile(r"^[a-z0-9][a-z0-9.-]{0,59}$")
SUFFIXES = (".json", ".xlsx")
"""Of what is kept under a name."""


@dataclass(frozen=True)
class NamedPlan:
    """A plan that has a name."""

    name: str
    file: str
    scenario: str
    """Its id; empty when the file does not say."""
    digest: str
    """Of the scenario's resolved inputs, SHA-256; empty when the file does not say."""
    plan: str
    """SHA-256 of its amounts: the same for the same plan, in whatever format."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def _folder() -> Path:
    return default_ledger().parent / "plans"


def _files() -> dict[str, Path]:
    folder = _folder()
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.stem: path for path in found if path.suffix in SUFFIXES and _NAME.match(path.stem)}


def named_plans() -> Iterator[NamedPlan]:
    """Yield the plans that have a name. Raises ScenarioError for a file that is no plan any more."""
    for name, path in _files().items():
        yield _described(name, path)


def file_of(given: str) -> str:
    """Return the file of the plan with this name, and any other text as it is: a file of this name comes first.

    Raises UsageError for a word that is nearly a name.
    """
    if Path(given).exists() or not _NAME.match(given):
        return given
    files = _files()
    if given in files:
        return str(files[given])
    if not Path(given).suffix and (near := nearest(given, files)):
        raise UsageError(f"No file '{given}', and no plan of this name; did you mean '{near}'? See: fundalloc runs names")
    return given


def name_plan(run: str, name: str, to_json: Callable[[Plan], str], *, ledger: Path | None = None, replace: bool = False) -> NamedPlan:
    """Keep a plan under a name: a result (.json, .xlsx), or a run of the ledger, which is verified again.

    Raises UsageError, OutputError where the name is taken, ScenarioError.
    """
    if not _NAME.match(name):
        raise UsageError(f"'{name}' is no name for a plan: write small letters, digits, points and hyphens, such as adopted-2026-11.")
    taken = _files().get(name)
    if taken is not None and not replace:
        raise OutputError(f"'{name}' is the name of another plan ({taken}). Choose another name, or add --force.")
    suffix = Path(run).suffix.lower()
    if suffix in SUFFIXES:
        read_plan_file(Path(run))
        content = bytes_of(Path(run), Place(display_name(Path(run))), MAX_TABLE_BYTES)
    else:
        suffix, content = ".json", to_json(_kept(run, ledger or default_ledger())).encode()
    target = _folder() / f"{name}{suffix}"
    with writing_into(target.parent), new_file(target) as fresh:
        fresh.write_bytes(content)
    if taken is not None and taken != target:
        taken.unlink()
    return _described(name, target)


def forget(name: str) -> NamedPlan:
    """Take a name away, with the copy that it stands for. Raises UsageError."""
    path = _files().get(name)
    if path is None:
        raise UsageError(f"No plan of the name '{name}'. {did_you_mean(name, _files())}".rstrip())
    found = _described(name, path)
    path.unlink()
    return found


def _kept(run: str, ledger: Path) -> Plan:
    """Build the plan of a run again from its scenario, as long as that is what it was."""
    with Ledger(ledger) as kept:
        found = kept.find(run)
        if not found:
            raise UsageError(f"'{run}' is no result (.json, .xlsx) and no run in {ledger}. See: fundalloc runs list")
        entry, record = found[0], kept.plan(found[0].key)
    if record is None:
        raise UsageError(f"The run {entry.key[:8]} has no plan in the ledger: name a file that it wrote, or run {entry.file} again.")
    try:
        scenario = Source(entry.file).load()
        changed = scenario.digest != entry.digest
    except FundallocError:
        changed = True
    if changed:
        raise UsageError(
            f"{entry.file} is not any more what the run {entry.key[:8]} was made from: name a file that it wrote, or run it again."
        )
    return read_back(record, scenario, str(ledger))


def _described(name: str, path: Path) -> NamedPlan:
    plan = read_plan_file(path)
    return NamedPlan(name, str(path), said(plan.stated, "id"), said(plan.stated, "digest"), _digest(plan))


def _digest(plan: PlanFile) -> str:
    """Return the hash of the amounts by line, exact, those of zero left out."""
    rows = ((tuple(row[:-1]), _exact(row[-1])) for row in plan.lines.cells)
    return hashlib.sha256("\n".join(f"{'|'.join(key)} {amount}" for key, amount in sorted(rows) if amount != "0").encode()).hexdigest()


def _exact(text: str) -> str:
    try:
        return plain(parse_figure(text).value)
    except NotANumber:
        return text
