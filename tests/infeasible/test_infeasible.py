"""Scenarios without a plan: the conflicts and the cheapest repair are those worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from cases import spaced, write
from fundalloc.insight.conflict.diagnose import Clash, diagnose, is_feasible, system_of
from fundalloc.insight.conflict.minimal_sets import find_sets, group_of
from fundalloc.insight.conflict.repairs import Repair, find_repairs
from fundalloc.insight.conflict.suspects import CARRIED, CLOSED, DECIDED, Suspect
from fundalloc.run import solve, with_baseline
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Status, solve_program
from infeasible.scenarios import CASES, Case


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def path(case: Case, tmp_path: Path) -> Path:
    for name, text in case.files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return write(tmp_path, case.scenario)


def reloading(path: Path) -> Callable[[Sequence[tuple[str, object]]], Scenario]:
    return lambda changes: load(path, settings=[f"{key}={json.dumps(value)}" for key, value in changes])


def name(suspect: Suspect) -> str:
    """The short name under which the cases speak of a suspect."""
    if suspect.owner in (DECIDED, CLOSED, CARRIED):
        return suspect.owner
    if suspect.rule is not None and suspect.rule.built_in:
        return f"{suspect.owner} {suspect.member[0]}"
    group = group_of(suspect)[1]
    return suspect.owner if suspect.rule is None or "year" not in suspect.rule.for_each else f"{suspect.owner} {group[0]}"  # type: ignore[index]


def members(clash: Clash) -> set[str]:
    found = {name(suspect) for suspect in clash.suspects}
    return found | {m.rule for m in clash.members if m.rule == "eligibility" or m.rule.startswith("exclude")}


def test_there_are_twenty():
    assert len(CASES) >= 20
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_conflicts_are_those_found_by_hand(case: Case, path: Path):
    scenario = load(path)
    assert not is_feasible(scenario)
    found = diagnose(scenario)
    assert sorted(map(sorted, map(members, found.clashes))) == sorted(map(sorted, case.conflicts))
    assert found.complete
    assert found.thinned


def test_every_conflict_is_a_conflict_and_needs_every_member(case: Case, path: Path):
    # asked of another solver (CBC), member by member; it writes numbers with about eight digits
    scenario = with_baseline(load(path))
    system, options = system_of(scenario), Options(solver="cbc")

    def holds(positions: list[int]) -> bool:
        return solve_program(system.only(positions), options).status is not Status.INFEASIBLE

    for groups in find_sets(system).sets:
        everyone = [k for group in groups for k in group]
        assert not holds(everyone)
        for left_out in everyone:
            assert holds([k for k in everyone if k != left_out]), system.suspects[left_out]


def test_the_cheapest_repair_is_the_one_found_by_hand(case: Case, path: Path):
    scenario = load(path)
    repairs = find_repairs(scenario, reloading(path), diagnose(scenario))
    assert repairs
    first = repairs[0]
    assert any(words in spaced(first.says) for words in case.repair), [r.says for r in repairs]
    assert (first.moved, first.members) == (Fraction(case.moved), case.members)
    assert [r.by_tier for r in repairs] == sorted(r.by_tier for r in repairs)  # law last, then politics, then the amount


def test_every_repair_gives_a_plan(case: Case, path: Path):
    scenario = load(path)
    again = reloading(path)
    repairs: list[Repair] = find_repairs(scenario, again, diagnose(scenario))
    for repair in repairs:
        repaired = again([(change.path, change.value) for change in repair.changes])
        assert solve(replace(repaired)).status == "optimal", repair.says
