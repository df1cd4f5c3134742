"""Random scenarios with rules that are hard to keep: what is found is true, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import cases, write
from fundalloc.errors import ScenarioError
from fundalloc.insight.conflict.diagnose import diagnose, is_feasible, system_of
from fundalloc.insight.conflict.minimal_sets import find_sets
from fundalloc.insight.conflict.repairs import find_repairs
from fundalloc.insight.doctor import ERROR
from fundalloc.insight.doctor.examine import examine
from fundalloc.run import solve
from fundalloc.scenario.loading import load

SEARCH = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@st.composite
def demanding(draw: st.DrawFn) -> dict[str, Any]:
    """A random scenario with up to four more hard rules, most of them floors."""
    case = draw(cases())
    money = st.fixed_dictionaries(
        {},
        optional={
            "partnership": st.sampled_from([p["id"] for p in case["partnerships"]]),
            "area": st.sampled_from(list(case["areas"])),
            "instrument": st.sampled_from(list(case["instruments"])),
        },
    )
    kinds = st.sampled_from(
        [
            {"kind": "amount", "at_least": "25"},
            {"kind": "amount", "at_least": "6", "for_each": "partnership"},
            {"kind": "amount", "exactly": "4.5"},
            {"kind": "amount", "at_most": "3"},
            {"kind": "share", "at_least": "60 %", "of": {}},
            {"kind": "minimum_size", "at_least": "20", "for_each": "partnership"},
            {"kind": "count", "at_most": "1", "counting": "partnership", "active": "0.5"},
            {"kind": "change", "at_least": "90 %", "at_most": "120 %"},
        ]
    )
    whose = st.sampled_from(["law", "political", "practice"])
    for k in range(draw(st.integers(1, 4))):
        rule = {"says": f"r{k}", "source": "assumption", "money": draw(money), "negotiable": draw(whose), **draw(kinds)}
        case["rules"][f"r{k}"] = rule
    return case


@SEARCH
@given(case=demanding())
def test_conflicts_are_smallest_doctors_errors_are_real_and_repairs_work(case: dict[str, Any], tmp_path_factory):
    path = write(Path(tmp_path_factory.mktemp("random")), case)
    try:
        scenario = load(path)
    except ScenarioError:  # a rule without lines
        return
    system = system_of(scenario)
    found = find_sets(system)
    if not found.sets:
        assert not [remark for remark in examine(scenario) if remark.severity == ERROR]
        return
    assert len(set(found.sets)) == len(found.sets)
    for groups in found.sets:
        everyone = [k for group in groups for k in group]
        assert not system.feasible(everyone)
        assert all(system.feasible([k for k in everyone if k != left_out]) for left_out in everyone)
    for repair in find_repairs(
        scenario, lambda changes: load(path, settings=[f"{p}={json.dumps(v)}" for p, v in changes]), diagnose(scenario), most=3, tried=5
    ):
        repaired = load(path, settings=[f"{change.path}={json.dumps(change.value)}" for change in repair.changes])
        assert is_feasible(repaired)
        assert repair.moved > 0 or repair.members > 0
        assert solve(repaired).score == pytest.approx(repair.score, abs=1e-9)
