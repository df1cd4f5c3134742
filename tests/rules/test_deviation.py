from fractions import Fraction
from math import inf

import pytest
from paper import AT_LEAST, AT_MOST, exact, limits, lines_like, measured, rule, terms

from cases import TWO_BY_TWO, write
from fundalloc.insight.doctor.examine import worth_knowing
from fundalloc.run import solve
from fundalloc.scenario.loading import load

HEADING = "instrument,partnership,area,year,amount\n"


@pytest.fixture(scope="module")
def planned(request):
    """The tiny case with a plan to start from: 7.3 for Tunisia, 4 for Egypt."""
    tiny = request.getfixturevalue("tiny")
    plan = {("ndici", "tunisia", "smuggling", "2025"): Fraction("7.3"), ("amif", "egypt", "returns", "2026"): Fraction(4)}
    return tiny.starting_from(plan)


def test_rows_within_a_share_and_an_amount_whichever_is_smaller(planned):
    near = rule(planned, "deviation", for_each="partnership", within="20 %", amount="1")
    assert limits(near, planned.lines) == {
        ("tunisia", AT_LEAST): (pytest.approx(6.3), inf),  # 20 % of 7.3 is 1.46: the 1 is smaller
        ("egypt", AT_LEAST): (pytest.approx(3.2), inf),  # 20 % of 4 is 0.8
        ("sahel", AT_LEAST): (0.0, inf),  # nothing was planned: nothing may come
        ("global", AT_LEAST): (0.0, inf),
        ("tunisia", AT_MOST): (-inf, pytest.approx(8.3)),
        ("egypt", AT_MOST): (-inf, pytest.approx(4.8)),
        ("sahel", AT_MOST): (-inf, 0.0),
        ("global", AT_MOST): (-inf, 0.0),
    }
    for (member, _), row in terms(near, planned.lines).items():
        assert row == dict.fromkeys(lines_like(planned.lines, f"*|{member}|*"), 1.0)


def test_findings_by_hand(planned):
    assert measured(rule(planned, "deviation", for_each="partnership", within="20 %", amount="1"), planned.lines) == {
        ("tunisia", AT_LEAST): exact("9", "6.3", "2.7"),
        ("egypt", AT_LEAST): exact("6.5", "3.2", "3.3"),
        ("sahel", AT_LEAST): exact("10", "0", "10"),
        ("global", AT_LEAST): exact("2", "0", "2"),
        ("tunisia", AT_MOST): exact("9", "8.3", "-0.7"),
        ("egypt", AT_MOST): exact("6.5", "4.8", "-1.7"),
        ("sahel", AT_MOST): exact("10", "0", "-10"),
        ("global", AT_MOST): exact("2", "0", "-2"),
    }


@pytest.mark.parametrize(
    ("fields", "low", "high"),
    [({"within": "20 %"}, "9.04", "13.56"), ({"amount": "3"}, "8.3", "14.3"), ({"within": "0 %"}, "11.3", "11.3")],  # the plan holds 11.3
    ids=str,
)
def test_one_of_both_suffices(planned, fields, low, high):
    found = measured(rule(planned, "deviation", **fields), planned.lines)
    assert (found["", AT_LEAST][1], found["", AT_MOST][1]) == exact(low, high)


def test_more_than_the_plan_may_be_taken_away(planned):
    # An amount above the plan leaves a limit below zero, which no money can break.
    assert measured(rule(planned, "deviation", amount="20"), planned.lines, {})["", AT_LEAST] == exact("0", "-8.7", "8.7")


def test_one_sided_shares_of_the_plan(planned):
    more = rule(planned, "deviation", for_each="partnership", at_least={"tunisia": "120 %"}, at_most={"egypt": "90 %", "sahel": "90 %"})
    assert measured(more, planned.lines) == {
        ("tunisia", AT_LEAST): exact("9", "8.76", "0.24"),  # 120 % of 7.3
        ("egypt", AT_MOST): exact("6.5", "3.6", "-2.9"),
        ("sahel", AT_MOST): exact("10", "0", "-10"),  # 90 % of nothing
    }


def test_marker_weights_count_on_both_sides(planned):
    oda = rule(planned, "deviation", money={"marker": "oda"}, unless={"partnership": "sahel"}, at_least="50 %")
    # The plan: 0.6 × 7.3 + 0.7 × 4 = 7.18. The ledger: 0.6 × (5 + 2) + 0.7 × (3 + 2) + 4 + 1.5 = 13.2.
    assert measured(oda, planned.lines) == {("", AT_LEAST): exact("13.2", "3.59", "9.61")}


def test_the_plan_is_the_base_of_a_finding(planned):
    near = rule(planned, "deviation", for_each="partnership", within="20 %")
    demands = near.demands(planned.lines)
    measures = near.check(planned.lines, demands, planned.lines.decided)
    base = [Fraction(b, measures.scale) * planned.facts.step for b in measures.base]
    assert base[:4] == list(exact("7.3", "4", "0", "0"))


def test_a_plan_finer_than_the_rounding_step_is_kept_exactly(tiny):
    fine = tiny.starting_from({("amif", "egypt", "returns", "2026"): Fraction("3.333333")})
    found = measured(rule(fine, "deviation", money={"partnership": "egypt"}, within="10 %"), fine.lines)
    assert (found["", AT_LEAST][1], found["", AT_MOST][1]) == exact("2.9999997", "3.6666663")


# In the tiny case AMIF may not spend on returns in the Sahel in 2025, and the Member States' money is given: no such lines.
GONE = {("amif", "sahel", "returns", "2025"): Fraction(6), ("member-states", "tunisia", "returns", "2026"): Fraction(5)}


def test_money_on_lines_that_are_none_any_more_is_part_of_the_plan(tiny):
    here = {("ndici", "tunisia", "smuggling", "2025"): Fraction("7.3")}
    start = tiny.starting_from({**here, **GONE})
    assert not {"|".join(key) for key in GONE} & set(start.lines.keys)
    assert [limit for _, limit, _ in measured(rule(start, "deviation", at_most="100 %"), start.lines).values()] == [Fraction("18.3")]
    near = measured(rule(start, "deviation", for_each="partnership", within="10 %"), start.lines)
    assert [near[member, AT_MOST][1] for member in ("tunisia", "egypt", "sahel")] == list(exact("13.53", "0", "6.6"))
    # Selections, markers and exceptions see it like any other money.
    amif = rule(start, "deviation", money={"instrument": "amif", "marker": "oda"}, at_most="100 %")
    assert measured(amif, start.lines)["", AT_MOST][1] == Fraction("4.2")  # returns count 0.7
    left = rule(start, "deviation", unless={"partnership": "sahel"}, at_most="100 %")
    assert measured(left, start.lines)["", AT_MOST][1] == Fraction("12.3")


def test_it_is_said_where_the_plan_has_money_and_this_scenario_no_line(tiny):
    start = tiny.starting_from({**GONE, ("ispa", "tunisia", "returns", "2025"): Fraction("2.5")})
    assert [notice for notice in worth_knowing(start) if "baseline" in notice] == [
        "EUR 11 million of the baseline plan lie where this scenario has no line; rules of kind deviation count them:"
        " amif|sahel|returns|2025, member-states|tunisia|returns|2026",
        "EUR 2.5 million of the baseline plan have ids that this scenario does not know: left out",
    ]
    assert not [notice for notice in worth_knowing(tiny.starting_from({})) if "baseline" in notice]


def test_what_an_ineligible_line_gave_may_go_elsewhere(tmp_path):
    # B gave North 2 and South 2; it may not serve North any more. All of B within 25 % of 4: from 3 to 5, of its 6, all for South.
    (tmp_path / "plan.csv").write_text(HEADING + "b,north,returns,2026,2\nb,south,returns,2026,2\n", "utf-8")
    near = {"kind": "deviation", "says": "Near", "source": "assumption", "money": {"instrument": "b"}, "within": "25 %"}
    plan = solve(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"near": near}, "baseline": "plan.csv"})))
    assert plan.total("instrument")["b"] == pytest.approx(5)


def test_without_a_plan_nothing_can_deviate(variant, complaints):
    text = "rules:\n  near: {kind: deviation, says: Near, source: assumption, within: 20 %}\n"
    (said,) = complaints(variant(("rules:\n", text)))
    assert said.endswith("a deviation without a plan to start from (write baseline: … in the scenario)")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "no limit"),
        ({"within": "20 %", "at_most": "90 %"}, "'within' or 'amount' beside a one-sided limit"),
        ({"amount": "2", "at_least": "90 %"}, "'within' or 'amount' beside a one-sided limit"),
        ({"exactly": "100 %"}, "a deviation has no 'exactly'"),
        ({"exactly": "100 %", "at_least": "90 %"}, "a deviation has no 'exactly'"),
        ({"amount": "20 %"}, "expected an amount in EUR million"),
        ({"within": "-5 %"}, "cannot be negative"),
    ],
    ids=str,
)
def test_bad_limits(planned, fields, said):
    with pytest.raises(ValueError, match=said):
        rule(planned, "deviation", **fields)


def case(tmp_path, **fields):
    """The two-by-two case, starting from 4 for North and 8 for South."""
    (tmp_path / "plan.csv").write_text(HEADING + "a,north,returns,2026,4\na,south,returns,2026,6\nb,south,returns,2026,2\n", "utf-8")
    near = {"kind": "deviation", "says": "Near the plan", "source": "assumption", "for_each": "partnership", **fields}
    return load(write(tmp_path, {**TWO_BY_TWO, "rules": {"near": near}, "baseline": "plan.csv"}))


def test_a_plan_inside_the_flexibility_clause(tmp_path):
    # North 4 ± 0.4, South 8 ± 0.8, and 8.8 of that is best.
    # North 3.6: A 6.4 and B 2.4 for South meet 7.6: 12 + 1.6 × 1.2 + 3.6 = 17.52.
    # North 4.0: A 6.0 and B 2.8 meet 7.4: 12 + 1.68 + 4 = 17.68.
    # Beyond 4 North earns 0.6 where South loses half a euro at 1.2: as good, so the plan stays at the 4 it started from.
    plan = solve(case(tmp_path, within="10 %"))
    assert plan.total("partnership").to_dict() == {"north": pytest.approx(4.0), "south": pytest.approx(8.8)}
    assert plan.score == pytest.approx(17.68)


def test_a_soft_deviation_pays_for_every_euro_outside(tmp_path):
    # Half a point a euro. From North 4, South 8.8 (17.68) on, B may bring 3.2 more: 1.6 met at 1.2 = 0.6 a euro, less 0.5.
    # A euro of A from North (1.0) to South (1.2) earns 0.2 and costs 0.5 more: no. All of B: 17.68 + 3.2 × 0.1 = 18.0.
    plan = solve(case(tmp_path, within="10 %", soft="0.5"))
    assert plan.score == pytest.approx(18.0)
    assert plan.penalty == pytest.approx(1.6)
    assert plan.total("instrument")["b"] == pytest.approx(6)
