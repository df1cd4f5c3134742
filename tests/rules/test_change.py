from math import inf

import pytest
from paper import AT_LEAST, AT_MOST, EXACTLY, exact, limits, lines_like, measured, rule, terms

from fundalloc.scenario.loading import load

STEADY = {"for_each": "partnership", "at_least": "80 %", "at_most": "130 %", "plus": "2"}


def test_rows(tiny):
    steady = rule(tiny, "change", **STEADY)
    rows, bounds = terms(steady, tiny.lines), limits(steady, tiny.lines)
    assert list(bounds) == [(f"{p}|2026", sense) for sense in (AT_LEAST, AT_MOST) for p in ("tunisia", "egypt", "sahel", "global")]
    now, past = lines_like(tiny.lines, "*|egypt|*|2026"), lines_like(tiny.lines, "*|egypt|*|2025")
    assert (len(now), len(past)) == (6, 7)
    assert rows["egypt|2026", AT_LEAST] == pytest.approx(dict.fromkeys(now, 1.0) | dict.fromkeys(past, -0.8))
    assert rows["egypt|2026", AT_MOST] == pytest.approx(dict.fromkeys(now, 1.0) | dict.fromkeys(past, -1.3))
    assert bounds["egypt|2026", AT_LEAST] == (-2.0, inf)
    assert bounds["egypt|2026", AT_MOST] == (-inf, 2.0)


def test_findings_by_hand(tiny):
    found = measured(rule(tiny, "change", **STEADY), tiny.lines)
    assert found["tunisia|2026", AT_LEAST] == exact("4", "2", "2")  # 80 % of 5, less 2
    assert found["tunisia|2026", AT_MOST] == exact("4", "8.5", "4.5")  # 130 % of 5, and 2
    assert found["egypt|2026", AT_LEAST] == exact("2", "1.6", "0.4")  # 80 % of 3 + 1.5, less 2
    assert found["sahel|2026", AT_LEAST] == exact("0", "6", "-6")
    assert found["global|2026", AT_LEAST] == exact("0", "-0.4", "0.4")


def test_without_for_each_all_money_together(tiny):
    growth = rule(tiny, "change", at_most="30 %")
    assert measured(growth, tiny.lines) == {("2026", AT_MOST): exact("6", "6.45", "0.45")}  # 30 % of 21.5


def test_marker_weights(tiny):
    oda = rule(tiny, "change", for_each="instrument", money={"marker": "oda"}, at_most="150 %")
    assert measured(oda, tiny.lines)["ndici|2026", AT_MOST] == exact("4", "16.65", "12.65")  # 1.5 × (0.6 × 15 + 0.7 × 3)
    row = terms(oda, tiny.lines)["amif|2026", AT_MOST]
    assert row["amif|egypt|legal-pathways|2026"] == pytest.approx(0.5)
    assert row["amif|egypt|legal-pathways|2025"] == pytest.approx(-0.75)


def test_a_figure_per_member(tiny):
    one = rule(tiny, "change", for_each="partnership", at_most={"tunisia": "50 %"})
    assert measured(one, tiny.lines) == {("tunisia|2026", AT_MOST): exact("4", "2.5", "-1.5")}


def test_a_member_with_lines_in_one_year_only(tiny):
    returns = rule(tiny, "change", for_each="partnership", money={"area": "returns"}, at_most="100 %", plus="1")
    assert terms(returns, tiny.lines)["sahel|2026", AT_MOST] == dict.fromkeys(lines_like(tiny.lines, "*|sahel|returns|2026"), 1.0)
    assert measured(returns, tiny.lines)["sahel|2026", AT_MOST] == exact("0", "1", "1")
    campaign = rule(tiny, "change", money={"instrument": "ndici", "partnership": "global"}, at_least="50 %")
    assert terms(campaign, tiny.lines) == {("2026", AT_LEAST): {"ndici|global|smuggling|2026": 1.0}}


def test_exactly_holds_to_within_one_step(tiny):
    level = rule(tiny, "change", exactly="100 %", plus="5")  # `plus` gives no room to an equality
    key = "ndici|tunisia|smuggling|"
    assert limits(level, tiny.lines) == {("2026", EXACTLY): (-0.1, 0.1)}
    assert measured(level, tiny.lines, {key + "2025": "3", key + "2026": "3.1"})["2026", EXACTLY] == exact("3.1", "3", "0")
    assert measured(level, tiny.lines, {key + "2025": "3", key + "2026": "3.2"})["2026", EXACTLY] == exact("3.2", "3", "-0.1")


def test_limit_zero(tiny):
    stop = rule(tiny, "change", at_most="0 %")
    assert measured(stop, tiny.lines) == {("2026", AT_MOST): exact("6", "0", "-6")}


def test_each_pair_of_years_that_is_named(variant):
    scenario = load(variant(("years: 2025-2026", "years: 2025-2028"), ("{2025: 30, 2026: 30}", "{2025-2028: 30}")))
    pairs = rule(scenario, "change", money={"year": "2026-2028"}, at_most="100 %")
    assert [member for member, _ in limits(pairs, scenario.lines)] == ["2027", "2028"]
    gap = rule(scenario, "change", money={"year": ["2025", "2027-2028"]}, at_most="100 %")
    assert [member for member, _ in limits(gap, scenario.lines)] == ["2028"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"for_each": "year"}, "a change runs over the years already"),
        ({"money": {"year": "2025"}}, "a change needs two years that follow each other"),
    ],
    ids=str,
)
def test_problems_of_the_rule(tiny, fields, message):
    assert [said for _, said, _ in rule(tiny, "change", at_most="100 %", **fields).problems_in(tiny.lines)] == [message]


def test_sentence_names_the_year(tiny):
    steady = rule(tiny, "change", for_each="partnership", at_most="130 %", says="{partnership} in {year}: {member}")
    assert steady.sentence(("egypt", "2026"), tiny.names()) == "Egypt in 2026: Egypt × 2026"
