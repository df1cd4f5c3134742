"""What every command does when no plan exists: find out why, price repairs, write them as scenario files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fundalloc.cli.common import Output

if TYPE_CHECKING:
    from fundalloc.insight.diagnose import NoPlan
    from fundalloc.insight.repairs import Repair
    from fundalloc.scenario.scenario import Scenario

F = TypeVar("F", bound=Callable[..., Any])


def repair_option(command: F) -> F:
    """Add --repairs."""
    return click.option(
        "--repairs", metavar="DIR", help="When no plan exists: write the repairs into this folder, as scenarios that extend this one."
    )(command)


def why_no_plan(
    scenario: Scenario,
    file: str,
    settings: Sequence[str] = (),
    allow_outside: bool = False,
    baseline: str | None = None,
    out: Output | None = None,
    folder: str | None = None,
) -> NoPlan:
    """Return the error to raise when a scenario has no plan: its conflicts and its repairs, written as files when asked."""
    from fundalloc.insight.diagnose import NoPlan, diagnose
    from fundalloc.insight.repairs import find_repairs
    from fundalloc.run import with_baseline
    from fundalloc.scenario.loading import load

    out = out or Output()
    scenario = with_baseline(scenario)
    with out.progress("Diagnosing"):
        diagnosis = diagnose(scenario)
    if not diagnosis.clashes:
        return NoPlan(diagnosis)

    def reload(changes: Sequence[tuple[str, object]]) -> Scenario:
        return load(file, settings=[*settings, *_written(changes)], allow_outside=allow_outside, baseline=baseline)

    with out.progress("Repairing"):
        repairs = find_repairs(scenario, reload, diagnosis)
    files = _write(scenario, Path(file), settings, repairs, Path(folder)) if folder is not None else []
    error = NoPlan(diagnosis, repairs, files)
    out.json(as_dict(scenario, error))
    return error


def as_dict(scenario: Scenario, error: NoPlan) -> dict[str, Any]:
    """Return the diagnosis for --json."""
    found = error.diagnosis
    return {
        "scenario": scenario.id,
        "status": "infeasible",
        "complete": found.complete,
        "conflicts": [
            {
                "members": [
                    {"rule": m.rule, "says": m.says, "place": m.place, "source": m.source, "negotiable": m.negotiable}
                    for m in clash.members
                ],
                "bottleneck": clash.bottleneck,
            }
            for clash in found.clashes
        ],
        "repairs": [
            {
                "says": repair.says,
                "moved": float(repair.moved),
                "members": repair.members,
                "touches": repair.touches,
                "settings": _written([(c.path, c.value) for c in repair.changes]),
            }
            for repair in error.repairs
        ],
        "files": error.files,
    }


def _written(changes: Sequence[tuple[str, object]]) -> list[str]:
    """Return changes as KEY=VALUE settings."""
    return [f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in changes]


def _write(scenario: Scenario, source: Path, settings: Sequence[str], repairs: Sequence[Repair], folder: Path) -> list[str]:
    """Write one scenario file per repair; outside the scenario's own folder they extend a copy of it, so that they run as they are."""
    from fundalloc.errors import OutputError
    from fundalloc.scenario.rolling import copy_originals
    from fundalloc.scenario.variants import variant_text

    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        inside = source.resolve().is_relative_to(folder.resolve())
        original = source.resolve() if inside else copy_originals(source, folder)[source.resolve()].resolve()
        extends = original.relative_to(folder.resolve()).as_posix()
        for number, repair in enumerate(repairs, start=1):
            name = f"{scenario.id}-repair-{number}"
            comments = [
                f"Repair {number} of {len(repairs)} of {source.name}: EUR {float(repair.moved):,.6g} million ({repair.touches}).",
                *(f"- {change.says}" for change in repair.changes),
            ]
            target = folder / f"{source.stem}-repair-{number}.yaml"
            text = variant_text(extends, name, [*settings, *_written([(c.path, c.value) for c in repair.changes])], comments)
            target.write_text(text, "utf-8")
            written.append(str(target))
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror}.") from None
    return written
