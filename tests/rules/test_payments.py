from fractions import Fraction
from math import inf

import pytest
from paper import AT_MOST, demanded, exact, limits, lines_like, measured, rule, terms

from cases import TINY, TWO_BY_TWO, write
from fundalloc.run import solve
from fundalloc.scenario.loading import load

NDICI = {"money": {"instrument": "ndici"}, "at_most": "9"}


def test_rows_follow_the_profile(tiny):
    # NDICI pays 20 %, 50 %, 30 %: the last falls after the period and stands in no row.
    cash = rule(tiny, "payments", **NDICI)
    now, before = lines_like(tiny.lines, "ndici|*|2026"), lines_like(tiny.lines, "ndici|*|2025")
    rows = terms(cash, tiny.lines)
    assert list(rows) == [("2025", AT_MOST), ("2026", AT_MOST)]
    assert rows["2025", AT_MOST] == pytest.approx(dict.fromkeys(before, 0.2))
    assert rows["2026", AT_MOST] == pytest.approx(dict.fromkeys(before, 0.5) | dict.fromkeys(now, 0.2))
    assert set(limits(cash, tiny.lines).values()) == {(-inf, 9.0)}


def test_findings_by_hand(tiny):
    both = {"money": {"instrument": ["ndici", "amif"]}, "for_each": "instrument", "at_most": "9"}
    assert measured(rule(tiny, "payments", **both), tiny.lines) == {
        ("ndici|2025", AT_MOST): exact("3.6", "9", "5.4"),  # 20 % of 18
        ("ndici|2026", AT_MOST): exact("9.8", "9", "-0.8"),  # 50 % of 18 and 20 % of 4
        ("amif|2025", AT_MOST): exact("1.2", "9", "7.8"),  # 60 % of 2
        ("amif|2026", AT_MOST): exact("2", "9", "7"),  # 40 % of 2 and 60 % of 2
    }


def test_outstanding_by_year_counts_in_the_amount(tiny):
    cash = rule(tiny, "payments", outstanding={"2025": "1", "2026": "0.5"}, **NDICI)
    assert limits(cash, tiny.lines) == {("2025", AT_MOST): (-inf, 8.0), ("2026", AT_MOST): (-inf, 8.5)}
    assert measured(cash, tiny.lines) == {
        ("2025", AT_MOST): exact("4.6", "9", "4.4"),
        ("2026", AT_MOST): exact("10.3", "9", "-1.3"),
    }


def test_one_figure_of_outstanding_holds_for_every_year_and_a_missing_year_has_none(tiny):
    every = rule(tiny, "payments", outstanding="2", **NDICI)
    assert [amount for amount, _, _ in measured(every, tiny.lines, {}).values()] == [2, 2]
    first = rule(tiny, "payments", outstanding={"2025": "2"}, **NDICI)
    assert [amount for amount, _, _ in measured(first, tiny.lines, {}).values()] == [2, 0]


def test_without_figures_of_its_own_a_rule_over_whole_instruments_takes_theirs():
    earlier = ["instruments.ndici.outstanding={2025: 2, 2026: 1, 2027: 5}", "instruments.amif.outstanding={2026: 0.3}"]
    scenario = load(
        TINY, settings=[*earlier, "instruments.guarantee.outstanding={2025: 99}", "instruments.guarantee.payment_profile=[100 %]"]
    )  # memo money is never added

    def amounts(**fields):
        cash = rule(scenario, "payments", **{"at_most": "9", "money": {"instrument": ["ndici", "amif", "guarantee"]}, **fields})
        assert limits(cash, scenario.lines) == {
            key: (-inf, pytest.approx(float(9 - amount))) for key, (amount, _, _) in measured(cash, scenario.lines, {}).items()
        }
        return {member: amount for (member, _), (amount, _, _) in measured(cash, scenario.lines, {}).items()}

    assert amounts() == {"2025": 2, "2026": Fraction("1.3")}
    assert amounts(for_each="instrument") == {"ndici|2025": 2, "ndici|2026": 1, "amif|2025": 0, "amif|2026": Fraction("0.3")}
    assert amounts(for_each="family")["external|2026"] == 1
    assert amounts(outstanding={"2026": "4"}) == {"2025": 0, "2026": 4}  # its own figures replace theirs
    # A part of an instrument: nobody knows its part of what is outstanding.
    assert set(amounts(for_each="partnership").values()) == {0}
    for part in (
        {"money": {"instrument": "ndici", "area": "returns"}},
        {"unless": {"area": "returns"}},
        {"money": {"marker": "oda", "instrument": "ndici"}},
    ):
        assert set(amounts(**part).values()) == {0}


def test_outstanding_in_fractions_of_a_step_is_exact(tiny):
    cash = rule(tiny, "payments", outstanding="0.000001", **NDICI)
    assert measured(cash, tiny.lines)["2026", AT_MOST] == exact("9.800001", "9", "-0.800001")


def test_figures_by_year_by_member_and_by_both(tiny):
    # The nearest figure counts: member and year, then the year, then the member.
    cash = rule(
        tiny,
        "payments",
        for_each="partnership",
        money={"instrument": "ndici"},
        at_most={"egypt|2025": "5", "egypt": "6", "2026": "7", "tunisia": "8"},
    )
    assert list(cash.problems_in(tiny.lines)) == []
    figures = dict(zip(demanded(cash.demands(tiny.lines)), cash.demands(tiny.lines).figure, strict=True))
    assert figures == {
        ("tunisia|2025", AT_MOST): 8,
        ("tunisia|2026", AT_MOST): 7,
        ("egypt|2025", AT_MOST): 5,
        ("egypt|2026", AT_MOST): 7,
        ("sahel|2026", AT_MOST): 7,
        ("global|2026", AT_MOST): 7,
    }
    assert measured(cash, tiny.lines)["sahel|2026", AT_MOST] == exact("5", "7", "2")  # half of 10


def test_ranges_of_years_are_spread(variant):
    text = (
        "rules:\n  cash: {kind: payments, says: Cash, source: assumption, money: {instrument: ndici},"
        " at_most: {2025-2026: 9}, outstanding: {2025-2026: 2}}\n"
    )
    scenario = load(
        variant(
            ("rules:\n", text),
            ("    reserve: 5 %\n", "    reserve: 5 %\n    payment_profile: [20 %, 50 %, 30 %]\n"),
        )
    )
    cash = scenario.rules[0]
    assert limits(cash, scenario.lines) == {("2025", AT_MOST): (-inf, 7.0), ("2026", AT_MOST): (-inf, 7.0)}


def test_marker_weights_and_unless(tiny):
    cash = rule(tiny, "payments", money={"instrument": "ndici", "marker": "oda"}, unless={"partnership": "sahel"}, at_most="9")
    assert terms(cash, tiny.lines)["2025", AT_MOST]["ndici|tunisia|smuggling|2025"] == pytest.approx(0.12)  # 20 % of 0.6
    assert measured(cash, tiny.lines) == {
        ("2025", AT_MOST): exact("1.02", "9", "7.98"),  # 20 % of 0.6 × 5 + 0.7 × 3
        ("2026", AT_MOST): exact("3.35", "9", "5.65"),  # 50 % of 5.1 and 20 % of 4
    }


def test_a_profile_longer_than_the_period_and_one_of_a_single_year(tmp_path):
    a, b = TWO_BY_TWO["instruments"].values()
    case = {**TWO_BY_TWO, "instruments": {"a": {**a, "payment_profile": ["0 %", "10 %", "90 %"]}, "b": {**b, "payment_profile": ["100 %"]}}}
    scenario = load(write(tmp_path, case))
    cash = rule(scenario, "payments", for_each="instrument", at_most="1")
    # A pays nothing in its own year, the only one there is: its row stands without terms, and money cannot break it.
    assert terms(cash, scenario.lines) == {("a|2026", AT_MOST): {}, ("b|2026", AT_MOST): {"b|south|returns|2026": 1.0}}
    assert measured(cash, scenario.lines, {"a|north|returns|2026": "8", "b|south|returns|2026": "3"}) == {
        ("a|2026", AT_MOST): exact("0", "1", "1"),
        ("b|2026", AT_MOST): exact("3", "1", "-2"),
    }


def test_an_instrument_without_a_profile_is_named(tiny):
    said = ("money",), "instrument 'member-states' has no payment_profile", "write one, such as [20 %, 50 %, 30 %]"
    assert list(rule(tiny, "payments", at_most="9").problems_in(tiny.lines)) == [said]
    assert list(rule(tiny, "payments", at_most="9", unless={"instrument": "member-states"}).problems_in(tiny.lines)) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"for_each": "year"}, (("for_each",), "payments run over the years already", "take 'year' out of for_each")),
        (
            {"outstanding": {"2030": "4"}},
            (("outstanding", "2030"), "the year 2030 is outside the period", "the years are 2025 to 2026"),
        ),
        ({"at_most": {"2030": "5"}}, (("at_most", "2030"), "unknown member '2030'", "expected one of: 2025, 2026")),
        ({"at_most": {"ndici|2025": "5"}}, (("at_most", "ndici|2025"), "unknown member 'ndici|2025'", "expected one of: 2025, 2026")),
    ],
    ids=str,
)
def test_problems_of_the_rule(tiny, fields, said):
    assert list(rule(tiny, "payments", **{**NDICI, **fields}).problems_in(tiny.lines)) == [said]


def test_a_share_is_refused(tiny):
    with pytest.raises(ValueError, match="a rule of kind 'payments' takes EUR million"):
        rule(tiny, "payments", money={"instrument": "ndici"}, at_most="50 %")


def test_a_plan_within_the_payments(tmp_path):
    # A pays half at once; 1 is outstanding; cash of 4 leaves 3, so A may commit 6 of its 10. B is left out of the rule.
    a, b = TWO_BY_TWO["instruments"].values()
    cash = {"kind": "payments", "says": "Cash {year}", "source": "x", "money": {"instrument": "a"}, "outstanding": "1", "at_most": "4"}
    case = {**TWO_BY_TWO, "instruments": {"a": {**a, "payment_profile": ["50 %", "50 %"]}, "b": b}, "rules": {"cash": cash}}
    plan = solve(load(write(tmp_path, case)))
    assert plan.total("instrument").to_dict() == {"a": 6.0, "b": 6.0}
    # B meets 3 of South, A 3 more at 2.0 and 3 at 1.2. A euro more of payments buys two euros at 1.2.
    assert plan.score == pytest.approx(12 + 3.6)
    (price,) = [p for f, p in zip(plan.findings, plan.prices, strict=True) if f.rule.id == "cash"]
    assert price == pytest.approx(2.4)
    # What is outstanding alone exceeds the cash: nobody can mend that, so A commits nothing that would be paid on top.
    plan = solve(load(tmp_path / "case.yaml", settings=["rules.cash.outstanding=4.1"]))
    assert plan.total("instrument").to_dict() == {"a": 0.0, "b": 6.0}
    (cash,) = [f for f in plan.findings if f.rule.id == "cash"]
    assert (cash.amount, cash.headroom, cash.status) == (*exact("4.1", "-0.1"), "decided")
