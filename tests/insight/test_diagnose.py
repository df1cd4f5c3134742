import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import Infeasible
from fundalloc.insight.diagnose import find_conflict, is_feasible
from fundalloc.insight.unallocated import explain_unallocated
from fundalloc.labels import Words
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def amount(partnership: str, figure: str) -> dict:
    return {
        "kind": "amount",
        "says": f"{partnership} floor",
        "source": "assumption",
        "money": {"partnership": partnership},
        "at_least": figure,
    }


def test_floors_above_the_ceilings_are_named_with_them(tmp_path):
    # North 9 and South 8 need 17, but A gives 10 and B 6 for South: North + South can be at most 16.
    scenario = load(write(tmp_path, {**TWO_BY_TWO, "rules": {"n": amount("north", "9"), "s": amount("south", "8")}}))
    assert not is_feasible(scenario)
    with pytest.raises(Infeasible):
        solve(scenario)
    conflict = find_conflict(scenario)
    assert {c.rule for c in conflict} == {"n", "s", "ceiling"}
    assert [c.says for c in conflict if c.rule == "n"] == ["north floor: at least EUR 9.0 million"]
    assert len(conflict) == 4  # both floors and both ceilings: without any one of them a plan exists


def test_rules_that_do_not_matter_are_not_blamed(tmp_path):
    rules = {"n": amount("north", "11"), "s": amount("south", "1")}
    conflict = find_conflict(load(write(tmp_path, {**TWO_BY_TWO, "rules": rules})))
    assert {c.rule for c in conflict} == {"n", "ceiling"}
    assert len(conflict) == 2


def test_decided_money_is_part_of_the_conflict_when_it_is_needed(tmp_path):
    decided = [{"instrument": "a", "partnership": "south", "area": "returns", "year": "2026", "amount": "4", "state": "committed"}]
    rules = {"n": amount("north", "7")}
    conflict = find_conflict(load(write(tmp_path, {**TWO_BY_TWO, "decided": decided, "rules": rules})))
    assert [c.rule for c in conflict] == ["n", "ceiling", "decided money"]


def test_a_feasible_scenario_has_no_conflict():
    assert find_conflict(load(TINY)) == []


def test_absorption_is_named():
    conflict = find_conflict(load(TINY, settings=["rules.packages.at_least.tunisia=80"]))
    assert sorted((c.rule, c.says) for c in conflict) == [
        ("absorption", "Tunisia: absorption 2025: at most EUR 14.0 million"),
        ("absorption", "Tunisia: absorption 2026: at most EUR 14.0 million"),
        ("packages", "Tunisia: signed package: at least EUR 80.0 million"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"needs": [{"partnership": "north", "area": "returns", "need": "2"}]}, "every need that it may fund is met"),
        (
            {
                "partnerships": [
                    {"id": "north", "name": "North", "level": "bilateral", "absorption": "1"},
                    {"id": "south", "name": "South", "level": "bilateral", "absorption": "2"},
                ]
            },
            "the partnerships with unmet need are at their absorption limit",
        ),
    ],
)
def test_why_money_stays(tmp_path, change, reason):
    left = explain_unallocated(solve(load(write(tmp_path, {**TWO_BY_TWO, **change}))), Words())
    assert {u.reason for u in left} == {reason}
    assert {u.instrument for u in left} <= {"a", "b"}
