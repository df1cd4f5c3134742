"""Copies of one workbook brought back: read, merged, measured, and written as a variant of the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np

from fundalloc.back.circulated import Circulated, open_circulated
from fundalloc.back.edits import Edits, merge_copies
from fundalloc.back.reading_edits import read_edits
from fundalloc.back.variant import MARK, check_limits, variant_text
from fundalloc.doors.reading import FAILURES, read_bytes
from fundalloc.doors.writing import check_empty, new_file, together
from fundalloc.errors import Place, Problems, ScenarioError
from fundalloc.facts.dimensions import NAMES
from fundalloc.insight.handmade import broken_demands
from fundalloc.labels import Words
from fundalloc.money import plain
from fundalloc.plan.handmade import measure_steps
from fundalloc.plan.naming import how_broken
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import MISSED
from fundalloc.scenario.document import MAX_BYTES
from fundalloc.scenario.loading import load

_ORIGINAL, _PLAN, _VARIANT = "-original", ".plan.csv", "fundalloc-variant.yaml"


@dataclass(frozen=True)
class Returned:
    """What came back: the run that was circulated, and what the copies together change in it."""

    circulated: Circulated
    plan: Plan
    """The plan as it was circulated."""
    edits: Edits
    adjusted: Plan
    """The plan with the adjustments, measured against the changed limits and the added rules; nothing is optimised."""

    @property
    def broken(self) -> list[str]:
        """What must hold and does not hold in the adjusted plan, by how much."""
        return [one.how for one in broken_demands(self.adjusted, Words())]

    @property
    def missed(self) -> list[str]:
        """Targets that the adjusted plan misses and the circulated one met, or missed by less."""
        before = {(f.rule.id, f.member, f.sense): f.headroom for f in self.plan.findings if f.status == MISSED}
        now = [f for f in self.adjusted.findings if f.status == MISSED and f.headroom < before.get((f.rule.id, f.member, f.sense), 0)]
        names, places = self.adjusted.scenario.names(), self.adjusted.scenario.decimals
        return [f"{f.said(names)}: {how_broken(f, places)} ({f.rule.id})" for f in now]

    def text(self, extends: str = "", baseline: str = "") -> str:
        """Return the variant, to be saved beside the original unless it is told where that lies."""
        sources = self.circulated.sources
        extends = extends or PurePosixPath(sources.main).name
        return variant_text(self.edits, self.plan, extends=extends, baseline=baseline, settings=sources.settings)

    def write(self, path: Path) -> list[Path]:
        """Write the variant, and beside it what it needs: the plan as circulated, and the original unless it lies there already.

        Raises OutputError when something cannot be written.
        """
        sources, scenario = self.circulated.sources, self.plan.scenario
        beside = path.parent / PurePosixPath(sources.main).name
        written = []
        with together():
            if beside.resolve() != path.resolve() and self._is_original(beside):
                extends, start = beside.name, ""
            else:
                folder = path.with_name(path.stem + _ORIGINAL)
                if not all((folder / name).is_file() and read_bytes(folder / name, len(raw)) == raw for name, raw in sources.files.items()):
                    check_empty(folder)
                    written += sources.restore(folder)
                extends, start = f"{folder.name}/{sources.main}", self._own_baseline(folder.name)
            if scenario.facts.baseline is None:
                start = f"{path.stem}{_PLAN}"
                with new_file(path.with_name(start)) as fresh:
                    fresh.write_text(self._plan_table(), "utf-8")
                written.insert(0, path.with_name(start))
            text = self.text(extends, start)
            with new_file(path) as fresh:
                fresh.write_text(text, "utf-8")
        return [path, *written]

    def _is_original(self, beside: Path) -> bool:
        """Return whether a file is the scenario that was circulated, unchanged and run without other settings."""
        sources = self.circulated.sources
        if sources.baseline or sources.settings or not beside.is_file():
            return False
        try:
            return load(beside, recorded=True).digest == self.plan.scenario.digest
        except ScenarioError:
            return False

    def _own_baseline(self, folder: str) -> str:
        """Return where the baseline of the original lies, seen from the variant; empty without one."""
        sources = self.circulated.sources
        if sources.baseline:
            return f"{folder}/{sources.baseline}"
        named = self.plan.scenario.tree.text("baseline")
        return f"{folder}/{PurePosixPath(sources.main).parent / named}" if named else ""

    def _plan_table(self) -> str:
        step, lines = self.plan.scenario.facts.step, self.plan.scenario.lines
        rows = ((*ids, plain(int(n) * step)) for ids, n in zip(lines.ids, self.plan.steps, strict=True) if n)
        return "".join(f"{','.join(row)}\n" for row in ((*NAMES, "amount"), *rows))


def made_by_import(path: Path) -> bool:
    """Return whether a file is a variant that this module wrote: only such a file may be replaced."""
    try:
        return MARK.encode() in read_bytes(path, MAX_BYTES)
    except FAILURES:
        return False


def bring_back(paths: Sequence[Path]) -> Returned:
    """Read copies of one workbook. Raises ScenarioError with every problem: unreadable cells of all copies, then conflicts."""
    opened, problems = [], Problems()
    for path in paths:
        with problems.noted():
            opened.append(open_circulated(path))
    for other in opened[1:]:
        if other.run != opened[0].run:
            message = f"not a copy of the same run as {opened[0].book.name}"
            hint = f"its run is {other.run[:12]}…, that of the first {opened[0].run[:12]}…: import them one by one"
            problems.add(Place(other.book.name), message, hint)
    problems.tell()
    first = opened[0]
    scenario = first.scenario()
    plan = first.plan(scenario)
    copies = []
    for circulated in opened:
        with problems.noted():
            copies.append(read_edits(circulated, plan))
    problems.tell()
    edits = merge_copies(copies)
    return Returned(first, plan, edits, _adjusted(first, plan, edits))


def _adjusted(circulated: Circulated, plan: Plan, edits: Edits) -> Plan:
    """Measure the adjusted amounts against the variant's rules; moves of money stay as they were circulated."""
    scenario, sources = plan.scenario, circulated.sources
    if edits.changes:
        with TemporaryDirectory(prefix="fundalloc-") as name:
            folder = Path(name)
            sources.restore(folder)
            fresh = (folder / sources.main).with_name(_VARIANT)
            extends = PurePosixPath(sources.main).name
            fresh.write_text(variant_text(edits, plan, extends=extends, settings=sources.settings), "utf-8")
            variant = load(fresh, root=folder, baseline=folder / sources.baseline if sources.baseline else None)
        start = scenario.starting_amounts()
        scenario = replace(variant.starting_from(start) if scenario.facts.baseline is not None else variant, baseline=None)
    steps = np.concatenate([plan.steps, plan.moves])
    positions = {key: k for k, key in enumerate(plan.scenario.lines.keys)}
    for line, adjustment in edits.adjustments.items():
        steps[positions[line]] = int(adjustment.after / scenario.facts.step)
    adjusted = measure_steps(scenario, steps)
    check_limits(edits, scenario, adjusted.findings)
    return adjusted
