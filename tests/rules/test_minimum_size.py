from math import inf

import pytest
from paper import AT_LEAST, exact, limits, lines_like, rule
from paper_switches import LEDGER, decision, findings, rows, switches, two_by_two

from cases import TINY, write
from fundalloc.errors import Infeasible
from fundalloc.run import solve
from fundalloc.scenario.loading import load

VIABLE = {"for_each": "partnership", "money": {"area": "smuggling"}, "at_least": "12"}


def test_rows_and_switches_on_paper(tiny):
    viable = rule(tiny, "minimum_size", **VIABLE)
    members = ["tunisia", "egypt", "sahel", "global"]
    stated = rows(viable, tiny.lines)
    assert list(stated) == [(member, AT_LEAST) for member in members]
    for k, member in enumerate(members):
        money = dict.fromkeys(lines_like(tiny.lines, f"*|{member}|smuggling|*"), 1.0)
        assert stated[member, AT_LEAST] == (money, {k: -12.0})
    assert set(limits(viable, tiny.lines).values()) == {(0.0, inf)}
    assert switches(viable, tiny.lines) == [
        # What can flow at the most, by its three limits: the lines' own, the ceilings' (28.5 and 10 a year), the absorption.
        (dict.fromkeys(lines_like(tiny.lines, "*|tunisia|smuggling|*"), 1.0), pytest.approx(28), 0.0),  # absorption 14 a year
        (dict.fromkeys(lines_like(tiny.lines, "*|egypt|smuggling|*"), 1.0), pytest.approx(40), 0.0),  # absorption 20 a year
        (dict.fromkeys(lines_like(tiny.lines, "*|sahel|smuggling|*"), 1.0), pytest.approx(40), 0.0),
        (dict.fromkeys(lines_like(tiny.lines, "*|global|smuggling|*"), 1.0), pytest.approx(48.5), 0.0),  # 10 + 10, NDICI's 2026 alone
    ]


def test_findings_by_hand(tiny):
    assert findings(rule(tiny, "minimum_size", **VIABLE), tiny.lines, LEDGER) == {
        ("tunisia", AT_LEAST): (*exact("5", "12", "-7"), "breach"),
        ("egypt", AT_LEAST): (*exact("2", "12", "-10"), "breach"),
        ("sahel", AT_LEAST): (*exact("10", "12", "-2"), "breach"),
        ("global", AT_LEAST): (*exact("0", "0", "0"), "ok"),  # nothing is lawful, and nothing presses against the rule
    }
    assert findings(rule(tiny, "minimum_size", **{**VIABLE, "at_least": "10"}), tiny.lines, LEDGER)["sahel", AT_LEAST][3] == "at limit"
    watched = rule(tiny, "minimum_size", watch="true", **VIABLE)
    assert findings(watched, tiny.lines, LEDGER)["sahel", AT_LEAST][3] == "missed"


def test_marker_weights(tiny):
    # AMIF for Tunisia, as development aid: 0.6, 0.7 and 0.5 a euro. By the ceilings at most 20 × 0.7, by its lines 10 × 1.8 × 2.
    aid = rule(tiny, "minimum_size", money={"instrument": "amif", "partnership": "tunisia", "marker": "oda"}, at_least="4.5")
    ((money, capacity, _),) = switches(aid, tiny.lines)
    assert {key.split("|")[2]: weight for key, weight in money.items()} == {"smuggling": 0.6, "returns": 0.7, "legal-pathways": 0.5}
    assert capacity == pytest.approx(14)
    one = {"amif|tunisia|smuggling|2025": "5", "amif|tunisia|returns|2026": "2"}
    assert findings(aid, tiny.lines, one)["", AT_LEAST] == (*exact("4.4", "4.5", "-0.1"), "breach")  # 3 + 1.4


def test_capacity_counts_what_may_move_in():
    scenario = load(
        TINY,
        settings=["instruments.amif.carry_over={share: 50 %}", "transfers.t={from: ndici, to: amif, at_most: 10 %, source: assumption}"],
    )
    # AMIF for the global programme: 10 a year, 5 carried into 2026, and in both years up to 5.5 from NDICI.
    size = rule(scenario, "minimum_size", money={"instrument": "amif", "partnership": "global"}, at_least="3")
    ((_, capacity, _),) = switches(size, scenario.lines)
    assert capacity == pytest.approx(15.5 + 20.5)


def test_a_minimum_above_all_that_can_flow_switches_off(tiny):
    # Tunisia takes 28 at the most: 30 can only mean nothing, and the capacity is not below the minimum.
    (_, capacity, _), *_ = switches(rule(tiny, "minimum_size", **{**VIABLE, "at_least": "30"}), tiny.lines)
    assert capacity == 30


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"soft": "1"}, (("soft",), "a minimum size is always hard", "take 'soft' out")),
        ({"at_least": None, "at_most": "3"}, (("at_most",), "a minimum size only has a lower limit", "write at_least")),
        ({"at_least": None, "exactly": "3"}, (("exactly",), "a minimum size only has a lower limit", "write at_least")),
        ({"at_most": "30"}, (("at_most",), "a minimum size only has a lower limit", "write at_least")),
    ],
    ids=str,
)
def test_problems_of_the_rule(tiny, fields, said):
    written = {key: value for key, value in {**VIABLE, **fields}.items() if value is not None}
    assert list(rule(tiny, "minimum_size", **written).problems_in(tiny.lines)) == [said]


def test_a_soft_minimum_size_is_refused_in_a_scenario(variant, complaints):
    text = "rules:\n  viable: {kind: minimum_size, says: Viable, source: assumption, at_least: 3, soft: 2}\n"
    (said,) = complaints(variant(("rules:\n", text)))
    assert said.endswith("a minimum size is always hard (take 'soft' out)")


# --- Solved on paper: without a rule North gets 3.4 from A, South 6.6 from A and 6 from B; score 19.72 ---------------


def solved(tmp_path, least, money=None, **changes):
    size = {"kind": "minimum_size", "for_each": "partnership", "money": money or {}, "at_least": least}
    return solve(load(write(tmp_path, two_by_two({"size": size}, **changes))))


def test_a_little_more_to_be_viable(tmp_path):
    # North needs 4: 0.6 from South, which loses them at 1.2; North gains them at 1.0. Nothing for North: 3.4 more for South, of
    # which 2.4 at 0.6 and 1.0 without need: 12 + 4.32 + 1.44 = 17.76.
    plan = solved(tmp_path, "4")
    assert plan.total("partnership").to_dict() == {"north": pytest.approx(4), "south": pytest.approx(12)}
    assert plan.score == pytest.approx(19.72 - 0.6 * 0.2)
    assert plan.log.switches == 2


def test_nothing_where_too_much_would_be_needed(tmp_path):
    # North 9: A's last euro for South, B's 6 meet 3. 1 + 3 met at 2.0 = 8; North 4 + 2.4 × 0.6 + 1.6 × 0.3 = 5.92: 13.92 < 17.76.
    plan = solved(tmp_path, "9")
    assert plan.total("partnership").get("north") == 0
    assert plan.score == pytest.approx(17.76)


def test_committed_money_has_to_grow(tmp_path):
    # 0.5 is committed for North, so it cannot be nothing: it becomes 4.
    plan = solved(tmp_path, "4", {"partnership": "north"}, decided=[decision("0.5", "committed", "a", "north")])
    assert plan.total("partnership")["north"] == pytest.approx(4)


def test_committed_money_that_cannot_grow_is_a_clash(tmp_path):
    north = {"id": "north", "name": "North", "level": "bilateral", "absorption": "3"}
    south = {"id": "south", "name": "South", "level": "bilateral"}
    with pytest.raises(Infeasible):
        solved(tmp_path, "4", decided=[decision("0.5", "committed", "a", "north")], partnerships=[north, south])


def test_fixed_money_alone_breaks_nothing_that_could_be_kept(tmp_path):
    # B's only line is locked at 0.5: too little for the rule, and nobody's fault. The plan says so.
    plan = solved(tmp_path, "4", {"instrument": "b"}, decided=[decision("0.5", "locked")])
    (found,) = [f for f in plan.findings if f.rule.id == "size" and f.amount]
    assert (found.amount, found.limit, found.status) == (*exact("0.5", "4"), "decided")


def test_fixed_money_counts_towards_the_minimum(tmp_path):
    # South has 3 locked from B, and may only have A's money beside it: 3 + 1 make 4.
    plan = solved(tmp_path, "9.7", {"partnership": "south"}, decided=[decision("3", "locked")])
    # A's best without the rule: South meets 1.5 from B, 4.5 + 3.6 from A = 11.1 in all: the rule is kept anyway.
    assert plan.total("partnership")["south"] == pytest.approx(11.1)
    assert plan.score == pytest.approx(12 + 4.32 + 1.9)
