"""Copies of one workbook brought back: read, merged, measured, and written as a variant of the original."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np

from fundalloc.back.circulated import Circulated, open_circulated
from fundalloc.back.edits import Edits, merge_copies
from fundalloc.back.reading_edits import read_edits
from fundalloc.back.tampering import BookComparison, CellDifference, compare_with_original
from fundalloc.back.variant import MARK, check_stated, variant_text
from fundalloc.doors.reading import FAILURES, read_bytes
from fundalloc.doors.text import MAX_BYTES
from fundalloc.doors.writing import check_empty, new_file, refuse_loss, together
from fundalloc.errors import Place, Problems, ScenarioError
from fundalloc.facts.dimensions import NAMES
from fundalloc.insight.handmade import broken_demands
from fundalloc.labels import Words
from fundalloc.money import plain
from fundalloc.plan.handmade import measure_steps
from fundalloc.plan.naming import how_broken
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import MISSED
from fundalloc.scenario.loading import load
from fundalloc.scenario.sources import fingerprint
from fundalloc.versions import VERSION

DIGEST = "# Digest of the lines above, by which import knows whether they were edited:"
_ORIGINAL, _PLAN, _VARIANT = "-original", ".plan.csv", "fundalloc-variant.yaml"


@dataclass(frozen=True)
class Returned:
    """What came back: the run that was circulated, and what the copies together change in it."""

    circulated: Circulated
    plan: Plan
    """The plan as it was circulated."""
    edits: Edits
    adjusted: Plan
    """The plan with the adjustments, measured against the changed limits and figures and the added rules; nothing is optimised."""
    left: Sequence[CellDifference] = ()
    """What was changed and is not taken over."""
    harmless: Sequence[CellDifference] = ()
    """What was moved or added, and is not taken over either."""
    unseen: bool = False
    """Whether the copies are of another version, of which only what can be taken over is read."""

    @property
    def broken(self) -> list[str]:
        """What must hold and does not hold in the adjusted plan, by how much."""
        return [one.how for one in broken_demands(self.adjusted, Words(self.adjusted.scenario.speaks()))]

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

    def write(self, path: Path, *, force: bool = False) -> list[Path]:
        """Write the variant, and beside it what it needs: the plan as circulated, and the original unless it lies there already.

        Raises OutputError when something cannot be written, or unless `force` is given would take lines away that somebody has edited.
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
            refuse_loss(path, [] if force else edited_lines(path, text))
            with new_file(path) as fresh:
                fresh.write_text(f"{text}{DIGEST} {fingerprint(text)}\n", "utf-8")
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
    """Return whether a file is a variant that this module wrote: only such a file is replaced."""
    return MARK in _text(path)


def edited_lines(path: Path, text: str) -> list[str]:
    """Return the lines of a variant that somebody has edited which are not in the text that is to replace it."""
    above, _, digest = (there := _text(path)).rpartition(DIGEST)
    if above and digest.strip() == fingerprint(above):
        return []
    kept = {*text.splitlines(), ""}
    return [line for line in there.splitlines() if line.rstrip() not in kept and not line.startswith((MARK, DIGEST))]


def _text(path: Path) -> str:
    try:
        return read_bytes(path, MAX_BYTES).decode("utf-8", "replace").replace("\r\n", "\n")
    except FAILURES:
        return ""


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
    plans = [plan, *(other.plan(other.scenario()) for other in opened[1:])]  # each with what was found beside it
    copies, comparisons = [], [compare_with_original(*each) for each in zip(opened, plans, strict=True)]
    for circulated, comparison in zip(opened, comparisons, strict=True):
        with problems.noted():
            copies.append(read_edits(circulated, plan, comparison))
    problems.tell()
    edits = merge_copies(copies)
    adjusted = _adjusted(first, plan, edits)
    if plan.log.version != VERSION:
        return Returned(first, plan, edits, adjusted, unseen=True)
    left, harmless = _left(opened, comparisons, {str(place) for place in edits.places})
    return Returned(first, plan, edits, adjusted, left, harmless)


def _left(opened: Sequence[Circulated], comparisons: Sequence[BookComparison], taken: set[str]) -> Iterator[list[CellDifference]]:
    """Yield what is wrong and what is harmless in all copies, but for the cells that are taken over; cells are named with their file."""
    for kind in ("wrong", "harmless"):
        found = [
            (one.book.name, difference) for one, compared in zip(opened, comparisons, strict=True) for difference in getattr(compared, kind)
        ]
        left = [(name, difference) for name, difference in found if str(Place(name, cell=difference.cell)) not in taken]
        several = len(opened) > 1
        yield [difference._replace(cell="", says=f"{name}: {difference}") if several else difference for name, difference in left]


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
    before, lines = plan.scenario.lines, scenario.lines
    amounts = dict(zip([*before.keys, *before.moves.keys], [*plan.steps, *plan.moves], strict=True))
    amounts |= {line: int(adjustment.after / scenario.facts.step) for (line,), adjustment in edits.adjustments.items()}
    steps = np.array([amounts.get(key, 0) for key in (*lines.keys, *lines.moves.keys)], dtype=np.int64)
    adjusted = measure_steps(scenario, steps)
    check_stated(edits, scenario, adjusted.findings)
    return adjusted
