"""A result held against what its amounts come to, in exact integers and without a solver: `fundalloc verify` as functions.

A workbook is held against what its own scenario and record give, down to every cell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fundalloc import versions
from fundalloc.back.circulated import Circulated, open_circulated
from fundalloc.errors import ScenarioError
from fundalloc.export.tables import as_dict
from fundalloc.labels import spellings
from fundalloc.model.compile import compile_program
from fundalloc.plan.certificate import certify_again
from fundalloc.plan.handmade import broken_entries, broken_rules, ledger_of, measure_steps
from fundalloc.plan.naming import how_broken
from fundalloc.plan.plan import Plan
from fundalloc.scenario.plans.amounts import PlanAmounts, read_plan, stated_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.workbooks.cells import BookFile, find_grid
from fundalloc.scenario.workbooks.embedded import carried_files
from fundalloc.scenario.workbooks.seal import changed_sheets
from fundalloc.versions import Meaning, later

if TYPE_CHECKING:
    from fundalloc.back.tampering import BookComparison
    from fundalloc.optimise.stages import Progress

_STUDIES = ("alternatives", "frontier", "robust", "sweep", "index")
_FIGURES = ("score", "impact", "penalty")
_LISTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rules": (("rule", "member", "sense"), ("amount", "base", "limit", "headroom", "status")),
    "allocation": (("key",), ("decided", "counts")),
    "free_money": (("instrument", "year"), ("ceiling", "reserve", "decided", "planned", "lapsed", "free")),
}
"""Lists of our JSON: by which keys their rows are found, and what they state."""


@dataclass(frozen=True)
class Verification:
    """What a result comes to when everything is recomputed from its amounts."""

    result: str
    plan: Plan
    """Measured anew."""
    wrong: tuple[str, ...]
    meanings: tuple[Meaning, ...] = ()
    """What has been meant otherwise since the result was written."""
    otherwise: tuple[str, ...] = ()
    """What the result states otherwise for that reason, and is forgiven."""
    fingerprint: bool = True
    """Whether the result carries the fingerprint of its scenario."""
    baseline_solved: bool = False
    """Whether the plan that the scenario starts from had to be solved, as the result does not carry it."""
    written_by: str = ""
    sealed: bool = False
    """Whether the cells of a workbook without inputs were held against the digests that it keeps."""
    book: BookComparison | None = None
    """How a workbook differs, cell by cell, from what its own scenario and record give; None where that was not compared."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        counts = self.plan.tally
        return {
            "verified": not self.wrong,
            "demands": counts.demands,
            "hard": counts.hard,
            "built_in": self.plan.limits_tally.demands,
            "wrong": list(self.wrong),
            "by_decision": counts.by_decision,
            "certificate": None if self.plan.certificate is None else self.plan.proof.as_dict(),
            **({} if self.book is None else self.book.as_dict()),
            "older_meanings": [meaning.says for meaning in self.meanings],
        }


def verify_book(path: Path, progress: Progress) -> Verification:
    """Verify a workbook from itself alone: its rules, its certificate, and every cell against what it should be."""
    from fundalloc.back.tampering import BookComparison, compare_with_original, told

    circulated = open_circulated(path)
    with progress("Verifying"):
        scenario = circulated.scenario()
        plan = circulated.plan(scenario)
        wrong, digest, written_by = list(broken(plan)), plan.log.digest, plan.log.version
        if digest != scenario.digest:
            wrong.append(f"fingerprint: the record says {digest[:12]}…, the scenario inside has {scenario.digest[:12]}…")
    comparison = BookComparison()
    if written_by == versions.VERSION:
        with progress("Comparing"):
            comparison = compare_with_original(circulated, plan)
        wrong += told(comparison.wrong)
    else:
        wrong += _typed_over(circulated, plan)
    return Verification(str(path), plan, tuple(wrong), later(written_by), written_by=written_by, book=comparison)


def _typed_over(circulated: Circulated, plan: Plan) -> list[str]:
    """Name the optimised amounts and limits that are not as the record has them, whatever version wrote the workbook."""
    from fundalloc.back.reading_edits import read_edits

    try:
        edits = read_edits(circulated, plan)
    except ScenarioError as error:
        return [f"{problem.place.cell or problem.place}: {problem.message}" for problem in error.problems]
    changed = [*(("the limit", e) for e in edits.limits.values()), *((e.about, e) for e in edits.figures.values())]
    return [f"{e.said.places[0].cell}: {about} was changed: found {e.what}, expected {e.was}" for about, e in changed]


def verify_result(result: str, scenario: Scenario, progress: Progress) -> Verification:
    """Compare whatever a JSON, CSV or workbook states with what its amounts come to in this scenario. Raises ScenarioError."""
    amounts = read_plan(result, scenario.facts.dimensions, strict=False)
    scenario, solved = _with_start(scenario, amounts, progress)
    with progress("Verifying"):
        steps, problems = ledger_of(scenario, amounts)
        plan = measure_steps(scenario, steps)
        wrong = [*(f"{p.message}: {p.hint}" if p.hint else p.message for p in problems), *broken(plan)]
        if amounts.said("digest") and amounts.said("digest") != scenario.digest:
            made = f"the result was made from {amounts.said('digest')[:12]}…, {scenario.file} is {scenario.digest[:12]}…"
            wrong.insert(0, f"fingerprint: {made}: the scenario was changed since, or --set was used")
        plan, doubts = _certified(plan, amounts.stated)
        meanings = later(_version(amounts))
        excused = {figure for meaning in meanings for figure in meaning.figures}
        doubts = [*differences(amounts.stated, plan), *doubts]
    wrong += [said for figure, said in doubts if figure not in excused]
    otherwise = tuple(said for figure, said in doubts if figure in excused)
    return Verification(result, plan, tuple(wrong), meanings, otherwise, bool(amounts.said("digest")), solved)


def _with_start(scenario: Scenario, amounts: PlanAmounts, progress: Progress) -> tuple[Scenario, bool]:
    """Return the scenario with the plan that it starts from, as the result carries it; else solved, which is said."""
    carried = None if scenario.baseline is None else stated_baseline(amounts.stated)
    if carried is not None:
        return replace(scenario.starting_from(carried), baseline=None), False
    if scenario.baseline is None:
        return scenario, False
    from fundalloc.run import with_baseline  # the only thing here that needs a solver

    return with_baseline(scenario, None, progress), True


def _version(amounts: PlanAmounts) -> str:
    log = amounts.stated.get("log")
    return str(log.get("version") or "") if isinstance(log, dict) else ""


def with_cells(found: Verification, path: Path, progress: Progress) -> Verification:
    """Add what a workbook says in its cells: held against what it carries, or else against its own digests. Raises ScenarioError."""
    book = BookFile(path)
    if carried_files(book) is not None:
        own = verify_book(path, progress)
        found = replace(found, book=own.book, written_by=own.written_by)
        return replace(found, wrong=tuple(dict.fromkeys((*found.wrong, *own.wrong))))
    changed = changed_sheets(book)
    wrong = (*found.wrong, *(f"sheet '{title}' is not as it was written" for title in changed or ()))
    return replace(found, wrong=wrong, sealed=changed is not None)


def other_book(path: Path) -> str:
    """Return which command other than `run` wrote a workbook, or `index`; empty for those of plans and all that is not ours."""
    book = BookFile(path)
    movements, first = spellings("comparison.sheet.movements.name"), book.rows(book.titles[0])[:1]
    if set(book.titles) & set(movements) and find_grid(book, "allocation", ("line_key", "optimised")) is None:
        return "compare"
    title = next((cell.text for row in first for cell in row), "")
    return next((kind for kind in _STUDIES if title.startswith(tuple(f"{t}: " for t in spellings(f"study.{kind}.title")))), "")


def verify_other(path: Path, kind: str, scenario: Scenario | None) -> tuple[list[str], list[str]]:
    """Return what is wrong in a workbook that carries no inputs, and what was compared of it: its sheets, and what it was made from."""
    book = BookFile(path)
    changed, keywords = changed_sheets(book), book.properties["keywords"]
    wrong = [f"sheet '{title}' is not as it was written" for title in changed or ()]
    says = [f"{path} was written by fundalloc {kind}: it carries no scenario and no plan, so none of its figures was recomputed"]
    as_written = "every text, figure and formula is as it was written, by the digests that it keeps; stored values were not compared"
    says.append("its cells were not compared: it keeps no digests of what was written" if changed is None else as_written)
    if scenario is not None and scenario.digest[:12] in keywords:
        says.append(f"it was made from {scenario.file} as it is")
    elif scenario is not None and re.search("[0-9a-f]{12}", keywords):
        wrong.append(f"fingerprint: it does not name that of {scenario.file}, {scenario.digest[:12]}…")
    elif scenario is not None:
        says.append(f"it does not say of which state of {scenario.file} it was made")
    return wrong, says


def _certified(plan: Plan, stated: Mapping[str, Any]) -> tuple[Plan, list[tuple[str, str]]]:
    """Recompute the certificate from the duals that a result carries, in exact rational arithmetic; no solver is asked."""
    rows = stated.get("duals")
    if not isinstance(rows, list) or not rows:
        return plan, []
    numbers = (row for row in rows if isinstance(row, dict) and type(row.get("dual")) in (int, float) and math.isfinite(row["dual"]))
    duals = {row["row"]: float(row["dual"]) for row in numbers if isinstance(row.get("row"), str)}
    doubts = [("duals", f"duals: {len(rows) - len(duals)} of {len(rows)} are no row with a number")] if len(duals) < len(rows) else []
    proved = certify_again(compile_program(plan.scenario), duals, plan.scenario.lines, plan.score)
    claimed = stated.get("certificate")
    bound = claimed.get("bound") if isinstance(claimed, dict) else None
    if bound is not None and not (isinstance(bound, int | float) and _same(bound, float(proved.bound))):
        doubts.append(("certificate", f"certificate: the bound is stated as {bound}, but its duals prove {float(proved.bound):.12g}"))
    return replace(plan, certificate=proved), doubts


def broken(plan: Plan) -> Iterator[str]:
    """Name every decision and every demand of a hard rule that the amounts break."""
    names, places = plan.scenario.names(), plan.scenario.decimals
    yield from (str(entry) for entry in broken_entries(plan))
    yield from (f"{finding.rule.id}: {finding.said(names)}: {how_broken(finding, places)}" for finding in broken_rules(plan))


def differences(stated: Mapping[str, Any], plan: Plan) -> Iterator[tuple[str, str]]:
    """Compare what a result states with what its amounts come to; the order of rows does not matter.

    Yields the name of the figure (`score`, `rules.status`, `rules` for a row that one of them lacks) and what differs.
    """
    found = as_dict(plan)
    if isinstance(stated.get("free_money"), list) and not any("lapsed" in row for row in stated["free_money"] if isinstance(row, dict)):
        rows = found["free_money"]  # version 0.1.0 counted as free what closed years left
        found["free_money"] = [row | {"lapsed": None, "free": None if row["free"] is None else row["free"] + row["lapsed"]} for row in rows]
    for figure in _FIGURES:
        if figure in stated and not _same(stated[figure], found[figure]):
            yield figure, f"{figure}: stated {stated[figure]}, recomputed {found[figure]}"
    for name in _LISTS:
        if isinstance(stated.get(name), list):
            yield from _compare(name, stated[name], found[name])


def _compare(name: str, stated: list[Any], found: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    keys, _ = _LISTS[name]
    rows = [row if isinstance(row, dict) else {} for row in stated]
    said = {tuple(str(row.get(key)) for key in keys): row for row in rows}
    recomputed = {tuple(str(row[key]) for key in keys): row for row in found}
    if twice := len(rows) - len(said):
        yield name, f"{name}: {twice} row{'s stand' if twice > 1 else ' stands'} twice"
    for key in (*recomputed, *(key for key in said if key not in recomputed)):
        yield from _compare_row(name, f"{name} {' '.join(filter(None, key))}", said.get(key), recomputed.get(key))


def _compare_row(name: str, where: str, one: dict[str, Any] | None, other: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Compare one row as stated and as recomputed; None where there is none."""
    if one is None:
        yield name, f"{where}: not stated, although there is such a row"
    elif other is not None:
        for field in (field for field in _LISTS[name][1] if not _same(one.get(field), other[field])):
            yield f"{name}.{field}", f"{where}: {field} stated {one.get(field)}, recomputed {other[field]}"
    elif name != "allocation" or one.get("amount") or one.get("decided"):
        yield name, f"{where}: stated, but there is no such row"


def _same(stated: Any, found: Any) -> bool:
    """Compare two values of our JSON; numbers are written with 12 digits."""
    if isinstance(stated, int | float) and isinstance(found, int | float):
        return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-9)
    return bool(stated == found)
