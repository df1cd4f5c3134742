import pytest

from cases import ROOT, TINY, TWO_BY_TWO, spaced, write
from fundalloc.errors import Infeasible
from fundalloc.insight.conflict.diagnose import diagnose, find_conflict, is_feasible
from fundalloc.insight.explain.unallocated import explain_unallocated
from fundalloc.labels import Words
from fundalloc.run import solve
from fundalloc.scenario.loading import load

TINY_NAME = str(TINY.relative_to(ROOT))


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)  # places are named relative to here


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
    assert [spaced(c.says) for c in conflict if c.rule == "n"] == ["north floor: at least EUR 9.0 million"]
    assert len(conflict) == 4  # both floors and both ceilings: without any one of them a plan exists


def test_rules_that_do_not_matter_are_not_blamed(tmp_path):
    rules = {"n": amount("north", "11"), "s": amount("south", "1")}
    conflict = find_conflict(load(write(tmp_path, {**TWO_BY_TWO, "rules": rules})))
    assert [c.rule for c in conflict] == ["n", "ceiling", "eligibility"]  # B has 6 to spare, but may not serve North
    assert conflict[-1].says == "only A may fund this"


def test_decided_money_is_part_of_the_conflict_when_it_is_needed(tmp_path):
    decided = [{"instrument": "a", "partnership": "south", "area": "returns", "year": "2026", "amount": "4", "state": "committed"}]
    rules = {"n": amount("north", "7")}
    conflict = find_conflict(load(write(tmp_path, {**TWO_BY_TWO, "decided": decided, "rules": rules})))
    assert [c.rule for c in conflict] == ["n", "ceiling", "decided money", "eligibility"]
    assert spaced(conflict[2].says) == "A for South, Returns, 2026: at least EUR 4.0 million"


def test_a_feasible_scenario_has_no_conflict():
    assert find_conflict(load(TINY)) == []


def test_absorption_is_named():
    conflict = find_conflict(load(TINY, settings=["rules.packages.at_least.tunisia=80"]))
    assert sorted((c.rule, spaced(c.says)) for c in conflict) == [
        ("absorption", "Tunisia: absorption 2025-2026: at most EUR 14.0 million in each"),
        ("packages", "Tunisia: signed package: at least EUR 80.0 million"),
    ]


def test_every_conflict_of_a_scenario_comes_with_its_bottleneck():
    # Tunisia's 80: absorption leaves 28; without it the ceilings would leave 52.2 + 20 = 72.2
    found = diagnose(load(TINY, settings=["rules.packages.at_least.tunisia=80"]))
    assert found.complete
    assert [[m.rule for m in clash.members] for clash in found.clashes] == [["packages", "absorption"], ["packages", "ceiling", "ceiling"]]
    assert spaced(found.clashes[0].bottleneck) == (
        "“Tunisia: signed package” asks for EUR 80.0 million. It can only be reached through two instruments, NDICI-Global Europe and"
        " AMIF thematic facility, and no more than 28.0 can get there: the absorption of Tunisia leaves 28.0."
    )


def test_members_say_where_they_stand_and_on_whose_word():
    found = diagnose(load(TINY, settings=["rules.packages.at_least.egypt=80"]))
    places = {(m.rule, spaced(m.says)): (m.place, m.source, m.negotiable) for clash in found.clashes for m in clash.members}
    ceiling = "NDICI-Global Europe: ceiling in total: at most EUR 52.2 million after the reserve of 5 %"
    assert places["ceiling", ceiling] == (f"{TINY_NAME}:22:50", "assumption", "law")
    assert places["absorption", "Egypt: absorption 2025-2026: at most EUR 20.0 million in each"] == (f"{TINY_NAME}:46:93", "", "practice")
    assert places["packages", "Egypt: signed package: at least EUR 80.0 million"] == (
        "--set rules.packages.at_least.egypt",
        "assumption",
        "political",
    )


def test_sets_that_differ_only_in_members_of_a_rule_count_once(tmp_path):
    # 4 for each of three partnerships, of 10: any three clash only together; of 7: any two do, three pairs
    names = ["p0", "p1", "p2"]
    case = {
        **TWO_BY_TWO,
        "partnerships": [{"id": n, "name": n, "level": "bilateral"} for n in names],
        "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "7"}},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "needs": [{"partnership": n, "area": "returns", "need": "8"} for n in names],
        "rules": {"f": {"kind": "amount", "says": "{partnership}", "source": "assumption", "for_each": "partnership", "at_least": "4"}},
    }
    found = diagnose(load(write(tmp_path, case)))
    assert [([m.rule for m in clash.members], clash.like) for clash in found.clashes] == [(["f", "f", "ceiling"], 2)]
    assert found.complete


def test_a_transfer_of_nothing_helps_nobody(tmp_path):
    # A has 10 and B 6; 0 % of A may go to B, so B cannot bring South to 7.
    case = {**TWO_BY_TWO, "transfers": {"home": {"from": "a", "to": "b", "at_most": "0 %", "source": "assumption"}}}
    case["rules"] = {"s": {**amount("south", "7"), "money": {"partnership": "south", "instrument": "b"}}}
    (clash,) = diagnose(load(write(tmp_path, case))).clashes
    assert {m.rule for m in clash.members} == {"s", "ceiling"}


def test_a_soft_count_rules_out_small_amounts(tmp_path):
    # There are 16 in all, so no partnership can have the 20 that make it active; North's floor cannot be met by 4 alone.
    few = {
        "kind": "count",
        "says": "big ones",
        "source": "assumption",
        "counting": "partnership",
        "at_least": "1",
        "active": "20",
        "soft": "1",
    }
    case = {**TWO_BY_TWO, "rules": {"floor": amount("north", "4"), "few": few}}
    (clash,) = diagnose(load(write(tmp_path, case))).clashes
    assert {m.rule for m in clash.members} >= {"floor", "few"}
    assert "big ones (soft): nothing, or at least EUR 20.0 million, whatever the count" in [m.says for m in clash.members]
    eased = {**case, "rules": {**case["rules"], "few": {**few, "active": "4"}}}
    assert diagnose(load(write(tmp_path, eased))).clashes == ()


def test_the_search_says_when_it_was_cut_off(tmp_path):
    # each of six partnerships has a floor above its own cap: six conflicts, of which five are shown
    names = [f"p{k}" for k in range(6)]
    rules = {f"floor-{n}": amount(n, "2") for n in names} | {f"cap-{n}": {**amount(n, "1"), "at_least": "1", "at_most": "1"} for n in names}
    for rule in rules.values():
        if "at_most" in rule:
            del rule["at_least"]
    case = {
        **TWO_BY_TWO,
        "partnerships": [{"id": n, "name": n, "level": "bilateral"} for n in names],
        "instruments": {"a": TWO_BY_TWO["instruments"]["a"]},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "needs": [{"partnership": n, "area": "returns", "need": "8"} for n in names],
        "rules": rules,
    }
    found = diagnose(load(write(tmp_path, case)))
    assert not found.complete
    assert len(found.clashes) == 5
    assert all({m.rule[:-3] for m in clash.members} == {"floor", "cap"} for clash in found.clashes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"needs": [{"partnership": "north", "area": "returns", "need": "2"}]}, "every need that its open lines serve is met"),
        (
            {
                "partnerships": [
                    {"id": "north", "name": "North", "level": "bilateral", "absorption": "1"},
                    {"id": "south", "name": "South", "level": "bilateral", "absorption": "2"},
                ]
            },
            "held back by the limits of absorption",
        ),
    ],
)
def test_why_money_stays(tmp_path, change, reason):
    left = explain_unallocated(solve(load(write(tmp_path, {**TWO_BY_TWO, **change}))), Words())
    assert {u.reason for u in left} == {reason}
    assert {u.instrument for u in left} <= {"a", "b"}
