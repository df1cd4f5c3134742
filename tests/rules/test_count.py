import random
from math import inf

import pytest
from paper import AT_LEAST, AT_MOST, EXACTLY, limits, lines_like, rule
from paper_switches import LEDGER, decision, findings, rows, switches, two_by_two

from cases import write
from fundalloc.errors import Infeasible
from fundalloc.plan.verify import verify
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def test_rows_and_switches_on_paper(tiny):
    few = rule(tiny, "count", for_each="route", counting="instrument", at_most="2", active="0.15")
    assert rows(few, tiny.lines) == {
        ("central-med", AT_MOST): ({}, {0: 1.0, 1: 1.0, 2: 1.0}),
        ("east-med", AT_MOST): ({}, {3: 1.0, 4: 1.0, 5: 1.0}),
    }
    assert limits(few, tiny.lines) == {("central-med", AT_MOST): (-inf, 2.0), ("east-med", AT_MOST): (-inf, 2.0)}
    stated = switches(few, tiny.lines)
    central = ("tunisia", "egypt", "sahel")
    assert [money for money, _, _ in stated] == [
        dict.fromkeys(lines_like(tiny.lines, *(f"ndici|{p}|*" for p in central)), 1.0),
        dict.fromkeys(lines_like(tiny.lines, *(f"amif|{p}|*" for p in central)), 1.0),
        {"member-states|egypt|legal-pathways|2025": 1.0},
        dict.fromkeys(lines_like(tiny.lines, "ndici|egypt|*"), 1.0),  # Egypt lies on both routes
        dict.fromkeys(lines_like(tiny.lines, "amif|egypt|*"), 1.0),
        {"member-states|egypt|legal-pathways|2025": 1.0},
    ]
    # NDICI: 52.2 in total, for Egypt 20 a year by absorption; AMIF: 10 a year; the Member States' line is fixed.
    assert [capacity for _, capacity, _ in stated] == pytest.approx([52.2, 20, 1.5, 40, 20, 1.5])
    assert [least for _, _, least in stated] == pytest.approx([0.2, 0.2, 0.15] * 2)  # 0.15 in whole steps, where any are open


def test_findings_by_hand(tiny):
    few = rule(tiny, "count", for_each="route", counting="instrument", at_most="2")
    assert findings(few, tiny.lines, LEDGER) == {
        ("central-med", AT_MOST): (3, 2, -1, "breach"),  # NDICI, AMIF and the Member States for Egypt
        ("east-med", AT_MOST): (3, 2, -1, "breach"),
    }
    two = rule(tiny, "count", for_each="area", counting="partnership", at_least="2")
    assert findings(two, tiny.lines, LEDGER) == {
        ("smuggling", AT_LEAST): (3, 2, 1, "ok"),  # Tunisia, Egypt, Sahel
        ("returns", AT_LEAST): (2, 2, 0, "at limit"),  # Egypt, global
        ("legal-pathways", AT_LEAST): (2, 2, 0, "at limit"),  # Tunisia, Egypt
    }


def test_overlapping_tags_are_counted_each(tiny):
    # The ledger reaches both routes through Egypt; Tunisia only lies on the central one.
    routes = rule(tiny, "count", counting="route", exactly="2")
    assert findings(routes, tiny.lines, LEDGER)["", EXACTLY] == (2, 2, 0, "at limit")
    assert findings(routes, tiny.lines, {"ndici|tunisia|returns|2025": "1"})["", EXACTLY] == (1, 2, -1, "breach")
    assert findings(routes, tiny.lines, {"amif|global|returns|2025": "2"})["", EXACTLY][0] == 0  # on no route at all


def test_active_above_one_step(tiny):
    # Below `active` money still counts against an upper limit, and not towards a lower one.
    fields = {"for_each": "area", "counting": "partnership", "active": "3"}
    assert findings(rule(tiny, "count", at_least="2", **fields), tiny.lines, LEDGER) == {
        ("smuggling", AT_LEAST): (2, 2, 0, "at limit"),  # Tunisia 5, Sahel 10; Egypt's 2 are too little
        ("returns", AT_LEAST): (1, 2, -1, "breach"),  # Egypt 3, global 2
        ("legal-pathways", AT_LEAST): (1, 2, -1, "breach"),  # Tunisia 4, Egypt 1.5
    }
    assert [f[0] for f in findings(rule(tiny, "count", at_most="2", **fields), tiny.lines, LEDGER).values()] == [3, 2, 2]


def test_active_counts_weighted_money_as_it_is_written(tmp_path):
    # A quarter of every euro counts: 0.3 is reached with 1.2 of money, not only with 0.3 in whole millions of what counts.
    # South needs 1.2 to be active, which is worth less to it than to North: 8.8 x 1 + 1.2 x 0.5.
    case = two_by_two(
        {"both": {"kind": "count", "counting": "partnership", "money": {"marker": "some"}, "at_least": "2", "active": "0.3"}},
        markers=[{"marker": "some", "area": "returns", "coefficient": "0.25"}],
        instruments={"a": {"name": "A", "source": "assumption", "ceiling": "10"}},
        eligibility=[{"instrument": "a", "area": "returns"}],
        needs=[
            {"partnership": "north", "area": "returns", "need": "20", "priority": "1"},
            {"partnership": "south", "area": "returns", "need": "20", "priority": "0.5"},
        ],
        round_to="0.4",
    )
    plan = solve(load(write(tmp_path, case)))
    assert plan.amounts.tolist() == pytest.approx([8.8, 1.2])
    assert verify(plan.scenario, plan.steps)[0].status == "at limit"


def test_at_least_and_at_most_together(tiny):
    between = rule(tiny, "count", counting="area", at_least="1", at_most="2", unless={"instrument": "member-states"})
    assert limits(between, tiny.lines) == {("", AT_LEAST): (1.0, inf), ("", AT_MOST): (-inf, 2.0)}
    assert rows(between, tiny.lines) == {("", sense): ({}, {0: 1.0, 1: 1.0, 2: 1.0}) for sense in (AT_LEAST, AT_MOST)}
    assert {key: found[:3] for key, found in findings(between, tiny.lines, LEDGER).items()} == {
        ("", AT_LEAST): (3, 1, 2),
        ("", AT_MOST): (3, 2, -1),
    }


def test_figures_per_member(tiny):
    some = rule(tiny, "count", for_each="partnership", counting="area", at_most={"egypt": "1"})
    assert findings(some, tiny.lines, LEDGER) == {("egypt", AT_MOST): (3, 1, -2, "breach")}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"at_most": "2.5"}, (("at_most",), "2.5 is no whole number", "count members")),
        ({"for_each": "area"}, (("counting",), "'area' is repeated and counted", "count something else")),
        (
            {"for_each": "partnership", "at_most": {"egypt": "1.5"}},
            (("at_most", "egypt"), "1.5 is no whole number", "count members"),
        ),
    ],
    ids=str,
)
def test_problems_of_the_rule(tiny, fields, said):
    assert list(rule(tiny, "count", **{"counting": "area", "at_most": "2", **fields}).problems_in(tiny.lines)) == [said]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"counting": ["area", "year"]}, "count one thing at a time"),
        ({"counting": "aera"}, "cannot repeat for each 'aera'"),
        ({"at_most": "20 %"}, "not 20"),
        ({"active": "20 %"}, "expected an amount in EUR million"),
    ],
    ids=str,
)
def test_bad_fields(tiny, fields, said):
    with pytest.raises(ValueError, match=said):
        rule(tiny, "count", **{"counting": "area", "at_most": "2", **fields})


# --- Solved on paper: without a rule North gets 3.4 from A, South 6.6 from A and 6 from B; score 19.72 ---------------


def solved(tmp_path, *, settings=(), changes=None, **fields):
    case = two_by_two({"count": {"kind": "count", **fields}}, **(changes or {}))
    return solve(load(write(tmp_path, case), settings=settings))


def counted(plan):
    return [(str(f.sense), int(f.amount), int(f.limit), f.status) for f in plan.findings if f.rule.id == "count"]


def test_one_instrument_for_south(tmp_path):
    # A alone: 9.6 for South (12 + 4.32) and 0.4 for North: 16.72. B alone would leave South at 3 × 2.0, and North 5.92: 11.92.
    plan = solved(tmp_path, for_each="partnership", counting="instrument", at_most="1")
    assert plan.total("instrument").to_dict() == {"a": 10.0, "b": 0.0}
    assert plan.score == pytest.approx(16.72)
    assert counted(plan) == [("at most", 1, 1, "at limit"), ("at most", 1, 1, "at limit")]


def test_a_soft_count_pays_per_member_too_many(tmp_path):
    # Two instruments for South earn 3.0 more: with 2 points for the one too many, both.
    plan = solved(tmp_path, for_each="partnership", counting="instrument", at_most="1", soft="2")
    assert plan.score == pytest.approx(19.72 - 2)
    assert counted(plan) == [("at most", 1, 1, "at limit"), ("at most", 2, 1, "missed")]
    assert solved(tmp_path, for_each="partnership", counting="instrument", at_most="1", soft="4").score == pytest.approx(16.72)


def test_both_partnerships_or_one(tmp_path):
    # With `active` at 5 North has to grow from 3.4 to 5: 0.6 at 1.0 and 1.0 at 0.6 for 1.6 at 1.2.
    both = solved(tmp_path, counting="partnership", at_least="2", active="5")
    assert both.total("partnership").to_dict() == {"north": pytest.approx(5), "south": pytest.approx(11)}
    assert both.score == pytest.approx(19.72 + 0.6 + 0.6 - 1.92)
    one = solved(tmp_path, counting="partnership", exactly="1")
    # South alone takes 15 of the 16 that there are: 9 of A and 6 of B meet all its 12.
    assert one.score == pytest.approx(12 + 4.32 + 1.44)
    assert one.total("partnership")["north"] == 0


def test_no_dust_below_what_counts_as_active(tmp_path):
    # North may have 3.4 or nothing when `active` is 3.5: it gets 3.5, for South's last tenth at 1.2 against 1.0.
    plan = solved(tmp_path, counting="partnership", at_most="2", active="3.5")
    assert plan.total("partnership")["north"] == pytest.approx(3.5)
    assert plan.score == pytest.approx(19.72 - 0.02)
    tampered = plan.steps.copy()
    tampered[plan.scenario.lines.keys.index("a|north|returns|2026")] = 1
    assert [f.status for f in verify(plan.scenario, tampered) if f.rule.id == "count"] == [
        "at limit"
    ]  # money is money against an upper limit


def test_closed_years_without_money_are_not_active(tmp_path):
    # 2025 is closed and empty: two active years are out of reach, whatever the switches say.
    changes = {"years": "2025-2026"}
    settings = ["closed=2025", "instruments.a.ceiling={each: 10}", "instruments.b.ceiling={each: 6}"]
    with pytest.raises(Infeasible):
        solved(tmp_path, settings=settings, changes=changes, counting="year", at_least="2")
    missed = solved(tmp_path, settings=settings, changes=changes, counting="year", at_least="2", soft="3")
    assert missed.score == pytest.approx(19.72 - 3)
    assert missed.log.program_score == pytest.approx(missed.score)
    assert counted(missed) == [("at least", 1, 2, "missed")]
    assert counted(solved(tmp_path, settings=settings, changes=changes, counting="year", at_most="1")) == [("at most", 1, 1, "at limit")]


def test_fixed_money_below_active_does_not_count_towards_a_minimum(tmp_path):
    # B is locked at 0.5 of the 1 that makes it active.
    changes = {"decided": [decision("0.5", "locked")]}
    with pytest.raises(Infeasible):
        solved(tmp_path, changes=changes, counting="instrument", at_least="2", active="1")
    missed = solved(tmp_path, changes=changes, counting="instrument", at_least="2", active="1", soft="1")
    assert counted(missed) == [("at least", 1, 2, "missed")]
    # B meets 0.25; A 9.35 for South and 0.65 for North: 12 + 4.32 + 0.65, less the point. In tenths 0.01 less.
    assert missed.log.program_score == pytest.approx(16.97 - 1)
    assert missed.score == pytest.approx(16.96 - 1)
    assert counted(solved(tmp_path, changes=changes, counting="instrument", at_least="1", active="1")) == [("at least", 1, 1, "at limit")]


def test_fixed_money_below_active_counts_against_a_maximum(tmp_path):
    changes = {"decided": [decision("0.5", "locked")]}
    plan = solved(tmp_path, changes=changes, for_each="partnership", counting="instrument", at_most="1", active="1")
    # South has B's 0.5 already, so A's money is for North alone, which needs 8: 5.92, and 0.25 × 2.0.
    assert plan.total("partnership").to_dict() == {"north": pytest.approx(8), "south": pytest.approx(0.5)}
    assert plan.score == pytest.approx(5.92 + 0.5)


def test_decided_money_that_can_never_become_active_is_no_clash(tmp_path):
    # South takes 0.5 and has it: less than what counts as active, and it stays. Both may have money, and both have.
    north, south = ({"id": p, "name": p, "level": "bilateral"} for p in ("north", "south"))
    changes = {"decided": [decision("0.5", "committed")], "partnerships": [north, {**south, "absorption": "0.5"}]}
    plan = solved(tmp_path, changes=changes, counting="partnership", at_most="2", active="1")
    assert plan.score == pytest.approx(5.92 + 0.5)
    assert counted(plan) == [("at most", 2, 2, "at limit")]
    with pytest.raises(Infeasible):
        solved(tmp_path, changes=changes, counting="partnership", at_least="2", active="1")


def test_committed_money_grows_to_what_counts_as_active(tmp_path):
    # 0.5 of B is committed for South, and B would better stay at that: see last_resort. As it cannot be nothing it becomes 1.
    changes = {"decided": [decision("0.5", "committed")]}
    plan = solved(tmp_path, settings=["instruments.b.last_resort=9"], changes=changes, counting="instrument", at_most="2", active="1")
    assert plan.total("instrument")["b"] == pytest.approx(1)


# --- One euro counts -------------------------------------------------------------------------------------------------


def spread_thinly(seed):
    """Counts that clash with needs, and often with each other: many plans keep them only with one step where nobody needs any."""
    draw = random.Random(seed)
    partnerships, instruments, areas = (
        [f"{x}{k}" for k in range(draw.randint(a, b))] for x, a, b in (("p", 2, 5), ("i", 1, 3), ("a", 1, 3))
    )
    rules = {}
    for k in range(draw.randint(1, 3)):
        who = draw.choice(["", "partnership", "instrument", "area"])
        counting = draw.choice([word for word in ("partnership", "instrument", "area") if word != who])
        figure = {draw.choice(["at_least", "exactly", "at_most"]): str(draw.randint(1, 2))}
        rules[f"r{k}"] = {"kind": "count", "counting": counting, **figure, **({"for_each": who} if who else {})}
    if draw.random() < 0.5:
        rules["size"] = {"kind": "minimum_size", "for_each": "partnership", "at_least": str(draw.randint(1, 8))}
    return two_by_two(
        rules,
        areas={a: {"name": a} for a in areas},
        instruments={i: {"name": i, "source": "assumption", "ceiling": str(draw.randint(1, 40))} for i in instruments},
        partnerships=[{"id": p, "name": p, "level": "bilateral"} for p in partnerships],
        eligibility=[{"instrument": i, "area": a} for i in instruments for a in areas if a == areas[0] or draw.random() < 0.6],
        needs=[{"partnership": p, "area": a, "need": str(draw.randint(0, 20))} for p in partnerships for a in areas],
    )


@pytest.mark.parametrize("seed", range(25))
def test_one_euro_switches_on_like_any_other_step(tmp_path, seed):
    # At one euro the least amount that counts is 1e-6, as small as a solver's tolerance: the plan, or the clash, is that of 0.1.
    scores = []
    for step in ("0.1", "0.000001"):
        try:
            scores.append(solve(load(write(tmp_path, spread_thinly(seed)), settings=[f"round_to={step}"])).score)
        except Infeasible:
            scores.append(None)
    coarse, fine = scores
    assert (coarse is None) == (fine is None)
    assert coarse is None or coarse <= fine + 1e-6
