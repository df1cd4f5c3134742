"""The tests of a package with a kind of rule: the contract of all kinds, and what only this one says."""

from pathlib import Path

import pytest
from fundalloc_top_k import TopK

import fundalloc
from fundalloc.testing import check_kind

HERE = Path(__file__).parents[1]


def test_it_keeps_the_contract():
    check_kind(TopK)


def case(**rule):
    """Three places in need of 10 each, the first worth three points a million, the last one; 12 million to give."""
    return {
        "fundalloc": 1,
        "scenario": "three",
        "title": "Three places",
        "as_of": "2024-01-01",
        "years": 2026,
        "round_to": 0.1,
        "steps": [{"share": "100 %", "value": 1}],
        "kinds_from": {"top_k": "fundalloc-top-k"},
        "areas": {"aid": {"name": "Aid"}},
        "instruments": {"fund": {"name": "Fund", "source": "assumption", "ceiling": 12}},
        "partnerships": [{"id": place, "name": place, "level": "bilateral"} for place in ("north", "south", "west")],
        "eligibility": [{"instrument": "fund", "area": "aid"}],
        "needs": [
            {"partnership": place, "area": "aid", "need": 10, "priority": priority}
            for place, priority in (("north", 3), ("south", 2), ("west", 1))
        ],
        "rules": {"even": {"kind": "top_k", "says": "At most {limit}", "among": "partnership", "source": "assumption", **rule}},
    }


@pytest.mark.parametrize(
    ("largest", "share", "amounts", "score"),
    [
        (1, "100 %", [10, 2, 0], 34),
        (1, "50 %", [6, 6, 0], 30),
        (1, "40 %", [4.8, 4.8, 2.4], 26.4),
        (2, "75 %", [6, 3, 3], 27),  # the third has a quarter, and the second no less
        (2, "70 %", [4.8, 3.6, 3.6], 25.2),
    ],
)
def test_money_goes_as_far_as_the_limit_lets_it(largest, share, amounts, score):
    plan = fundalloc.solve(fundalloc.load(case(largest=largest, at_most=share)))
    assert plan.total("partnership").tolist() == pytest.approx(amounts)
    assert plan.score == pytest.approx(score)


def test_each_year_may_have_a_limit_of_its_own():
    scenario = case(for_each="year", largest=1, at_most={"2027": "50 %"}) | {"years": "2026-2027"}
    scenario["instruments"]["fund"]["ceiling"] = {"each": 6}
    plan = fundalloc.solve(fundalloc.load(scenario))
    by_year = plan.pivot("year", "partnership").loc[2027]
    assert by_year.max() <= 3
    assert plan.score == pytest.approx(3 * 9 + 2 * 3)  # north: 6 in the first year, 3 in the second


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"largest": 1, "at_least": "50 %"}, "the largest have an upper limit, and no other"),
        ({"largest": 1, "at_most": "50 %", "for_each": "partnership"}, "'partnership' stands in for_each and in among"),
        ({"largest": 0, "at_most": "50 %"}, "greater than or equal to 1"),
        ({"largest": 1, "at_most": 50}, "write 50.%"),
    ],
)
def test_what_cannot_be_meant_is_refused(rule, message):
    with pytest.raises(fundalloc.ScenarioError, match=message):
        fundalloc.load(case(**rule))


def test_the_scenario_of_this_folder_is_found_sound_and_solved():
    plan = fundalloc.solve(HERE / "concentrated.yaml")
    (demand,) = [finding for finding in plan.findings if finding.rule.id == "concentration"]
    assert demand.amount == pytest.approx(sum(sorted(plan.total("partnership"))[-2:]))
    assert demand.amount <= demand.limit
