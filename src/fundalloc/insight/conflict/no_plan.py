"""Why a scenario has no plan: its conflicts and its repairs, written as scenario files when asked; the same for every command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fundalloc.doors.writing import new_file, together, writing_into
from fundalloc.errors import Infeasible
from fundalloc.insight.conflict.diagnose import NoPlan, diagnose
from fundalloc.insight.conflict.repairs import Repair, find_repairs
from fundalloc.optimise.stages import Progress
from fundalloc.run import with_baseline
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.starters.rolling import copy_originals
from fundalloc.scenario.starters.variants import variant_text
from fundalloc.solvers import Options

Loader = Callable[[tuple[str, ...]], Scenario]
"""Reads a scenario again with further KEY=VALUE settings."""


def why_no_plan(
    scenario: Scenario,
    again: Loader,
    files: Sequence[str],
    settings: Sequence[str] = (),
    *,
    allow_outside: bool,
    folder: str | None,
    of: str,
    options: Options | None,
    progress: Progress,
) -> NoPlan:
    """Return the error to raise when a scenario has no plan; when it is the baseline that has none, the error is about that.

    `files` are the scenario file and the variants laid over it, `settings` those it was read with: repairs written into
    `folder` extend the ones and repeat the others.
    """
    try:
        scenario = with_baseline(scenario, options)
    except Infeasible:
        start, outside = scenario.baseline, allow_outside
        assert start is not None
        again, of = (lambda more: load(start.file, settings=more, allow_outside=outside, recorded=True)), f"the baseline {start.file}"
        return why_no_plan(start, again, [start.file], allow_outside=outside, folder=folder, of=of, options=options, progress=progress)
    with progress("Diagnosing"):
        diagnosis = diagnose(scenario, options=options)
    if not diagnosis.clashes:
        return NoPlan(diagnosis, [], [], of, scenario.id)
    with progress("Repairing"):
        repairs = find_repairs(scenario, lambda changes: again(tuple(_written(changes))), diagnosis, options=options)
    written = [] if folder is None else _write(scenario, [Path(file) for file in files], settings, repairs, Path(folder))
    return NoPlan(diagnosis, repairs, written, of, scenario.id)


def as_dict(error: NoPlan) -> dict[str, Any]:
    """Return conflicts and repairs as plain values."""
    conflicts = []
    for clash in error.diagnosis.clashes:
        members = [{name: getattr(member, name) for name in ("rule", "says", "place", "source", "negotiable")} for member in clash.members]
        conflicts.append({"members": members, "bottleneck": clash.bottleneck, "like": clash.like})
    repairs = []
    for repair in error.repairs:
        figures = {"moved": float(repair.moved), **{name: getattr(repair, name) for name in ("score", "stopped", "members", "touches")}}
        repairs.append({"says": repair.says, **figures, "settings": _written(repair.values)})

    head = {"scenario": error.scenario, "status": "infeasible", "complete": error.diagnosis.complete}
    return {**head, "conflicts": conflicts, "repairs": repairs, "files": error.files}


def _written(changes: Sequence[tuple[str, object]]) -> list[str]:
    return [f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in changes]


def _write(scenario: Scenario, sources: Sequence[Path], settings: Sequence[str], repairs: Sequence[Repair], folder: Path) -> list[str]:
    """Write one scenario file per repair. They extend the scenario and its variants, or copies of them when these lie elsewhere.

    So every file runs as it is: a scenario may only name what lies in its own folder or below. Raises OutputError.
    """
    main, written = sources[0], []
    with writing_into(folder), together():
        extends = _named(sources, folder)
        for number, repair in enumerate(repairs, start=1):
            head = f"Repair {number} of {len(repairs)} of {main.name}: EUR {float(repair.moved):,.6g} million ({repair.touches})."
            comments, made = [head, *(f"- {change.says}" for change in repair.changes)], [*settings, *_written(repair.values)]
            target = folder / f"{main.stem}-repair-{number}.yaml"
            with new_file(target) as fresh:
                fresh.write_text(variant_text(extends, f"{scenario.id}-repair-{number}", made, comments), "utf-8")
            written.append(str(target))
    return written


def _named(sources: Sequence[Path], folder: Path) -> list[str]:
    """Return the sources as a file in this folder may name them, copied into it when they lie elsewhere."""
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
