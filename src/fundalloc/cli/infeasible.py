"""What every command does when no plan exists: find out why, price repairs, write them as scenario files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fundalloc.cli.common import Output

if TYPE_CHECKING:
    from fundalloc.insight.conflict.diagnose import NoPlan
    from fundalloc.insight.conflict.repairs import Repair
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options

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
    of: str = "",
    variants: Sequence[str] = (),
    options: Options | None = None,
) -> NoPlan:
    """Return the error to raise when a scenario has no plan: its conflicts and its repairs, written as files when asked.

    When it is the baseline that has none, the error is about that.
    """
    from fundalloc.errors import Infeasible
    from fundalloc.insight.conflict.diagnose import NoPlan, diagnose
    from fundalloc.insight.conflict.repairs import find_repairs
    from fundalloc.run import with_baseline
    from fundalloc.scenario.loading import load

    out = out or Output()
    try:
        scenario = with_baseline(scenario, options)
    except Infeasible:
        assert scenario.baseline is not None
        start = scenario.baseline
        return why_no_plan(start, start.file, (), allow_outside, out=out, folder=folder, of=f"the baseline {start.file}", options=options)
    with out.progress("Diagnosing"):
        diagnosis = diagnose(scenario, options=options)
    if not diagnosis.clashes:
        return NoPlan(diagnosis, of=of)

    def reload(changes: Sequence[tuple[str, object]]) -> Scenario:
        return load(file, settings=[*settings, *_written(changes)], allow_outside=allow_outside, baseline=baseline, variants=variants)

    with out.progress("Repairing"):
        repairs = find_repairs(scenario, reload, diagnosis, options=options)
    files = _write(scenario, [Path(file), *map(Path, variants)], settings, repairs, Path(folder)) if folder is not None else []
    error = NoPlan(diagnosis, repairs, files, of)
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
                "like": clash.like,
            }
            for clash in found.clashes
        ],
        "repairs": [
            {
                "says": repair.says,
                "moved": float(repair.moved),
                "score": repair.score,
                "stopped": repair.stopped,
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


def _write(scenario: Scenario, sources: Sequence[Path], settings: Sequence[str], repairs: Sequence[Repair], folder: Path) -> list[str]:
    """Write one scenario file per repair. They extend the scenario and its variants, or copies of them when these lie elsewhere.

    So every file runs as it is: a scenario may only name what lies in its own folder or below. Raises OutputError.
    """
    from fundalloc.doors.writing import new_file, together, writing_into
    from fundalloc.scenario.starters.variants import variant_text

    main, written = sources[0], []
    with writing_into(folder), together():
        extends = _named(sources, folder)
        for number, repair in enumerate(repairs, start=1):
            comments = [
                f"Repair {number} of {len(repairs)} of {main.name}: EUR {float(repair.moved):,.6g} million ({repair.touches}).",
                *(f"- {change.says}" for change in repair.changes),
            ]
            changes = _written([(c.path, c.value) for c in repair.changes])
            target = folder / f"{main.stem}-repair-{number}.yaml"
            with new_file(target) as fresh:
                fresh.write_text(variant_text(extends, f"{scenario.id}-repair-{number}", [*settings, *changes], comments), "utf-8")
            written.append(str(target))
    return written


def _named(sources: Sequence[Path], folder: Path) -> list[str]:
    """Return the sources as a file in this folder may name them, copied into it when they lie elsewhere."""
    import shutil
    from tempfile import TemporaryDirectory

    from fundalloc.doors.writing import new_file
    from fundalloc.scenario.starters.rolling import copy_originals

    found = [path.resolve() for path in sources]
    if not all(path.is_relative_to(folder.resolve()) for path in found):
        with TemporaryDirectory(prefix="fundalloc-") as name:
            copied = copy_originals(Path(name), *sources)
            for path in copied.values():
                target = folder / path.relative_to(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with new_file(target) as fresh:
                    shutil.copy(path, fresh)
            found = [folder.resolve() / copied[path].relative_to(name) for path in found]
    return [path.relative_to(folder.resolve()).as_posix() for path in found]
