"""A workbook held against what its own scenario and record give, down to every cell."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from fundalloc import versions
from fundalloc.back.circulated import Circulated, open_circulated
from fundalloc.back.reading_edits import read_edits
from fundalloc.back.tampering import Comparison, compare_with_original
from fundalloc.back.verifying import Progress, Verification, broken
from fundalloc.errors import ScenarioError
from fundalloc.plan.plan import Plan


def verify_book(path: Path, progress: Progress | None = None) -> Verification:
    """Verify a workbook from itself alone: its rules, its certificate, and every cell against what it should be."""
    progress = progress or (lambda _: nullcontext())
    circulated = open_circulated(path)
    with progress("Verifying"):
        scenario = circulated.scenario()
        plan = circulated.plan(scenario)
        wrong = list(broken(plan))
        if plan.log.digest != scenario.digest:
            wrong.append(f"fingerprint: the record says {plan.log.digest[:12]}…, the scenario inside has {scenario.digest[:12]}…")
    written_by = plan.log.version
    if written_by == versions.VERSION:
        with progress("Comparing"):
            comparison = compare_with_original(circulated.book, plan, circulated.language, circulated.asked)
        wrong += comparison.wrong
    else:
        comparison = Comparison()
        wrong += _typed_over(circulated, plan)
    return Verification(str(path), plan, tuple(wrong), versions.later(written_by), written_by=written_by, book=comparison)


def _typed_over(circulated: Circulated, plan: Plan) -> list[str]:
    """Name the optimised amounts and limits that are not as the record has them, whatever version wrote the workbook."""
    try:
        edits = read_edits(circulated, plan)
    except ScenarioError as error:
        return [f"{problem.place.cell or problem.place}: {problem.message}" for problem in error.problems]
    return [f"{e.said.places[0].cell}: the limit was changed: found {e.what}, expected {e.figure(e.before)}" for e in edits.limits.values()]
