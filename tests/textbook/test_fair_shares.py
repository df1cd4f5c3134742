"""Fairness: the smallest coverage as large as can be."""

from fractions import Fraction

import pytest
from encoding import TOLERANCE, case, plan_of

CLAIMS = {"first": 100, "second": 200, "third": 300}
"""The three widows of the Talmud (Kethuboth 93a), as in R. J. Aumann and M. Maschler, Game theoretic analysis of a bankruptcy problem
from the Talmud (Journal of Economic Theory 36, 1985): an estate of 300 is split 50, 100, 150, in proportion to the claims."""
SHARES = {"first": 50, "second": 100, "third": 150}


def estate(amount, **more):
    return case(
        areas=["estate"],
        instruments={"husband": amount},
        eligibility={("husband", "estate"): 1},
        partnerships=CLAIMS,
        needs={("first", "estate"): (100, 3), ("second", "estate"): (200, 1), ("third", "estate"): (300, 2)},
        **more,
    )


def test_everybody_covered_alike_by_a_balance(tmp_path):
    # Without the rule the first and most of the third would be paid: 3 x 100 + 2 x 200. With it: 3 x 50 + 1 x 100 + 2 x 150.
    unequal = plan_of(tmp_path, estate(300))
    assert unequal.log.program_score == pytest.approx(700, abs=TOLERANCE)
    rule = {"kind": "balance", "for_each": "partnership", "at_least": "100 %"}
    plan = plan_of(tmp_path, estate(300, rules={"alike": rule}))
    assert plan.log.program_score == pytest.approx(550, abs=TOLERANCE)
    assert plan.total("partnership").to_dict() == SHARES
    # One more unit of estate is worth the average: 550 / 300.
    (ceiling,) = [p for f, p in zip(plan.findings, plan.prices, strict=True) if f.rule.id == "ceiling"]
    assert ceiling == pytest.approx(float(Fraction(550, 300)), abs=TOLERANCE)


LOWEST = {"lowest_coverage": {"for_each": "partnership"}}


def test_everybody_covered_alike_by_a_second_stage(tmp_path):
    # With equal priorities every split of 300 earns 300; the stage picks the one with the largest smallest coverage.
    problem = estate(300, objective=["impact", LOWEST])
    for need in problem["needs"]:
        need["priority"] = "1"
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(300, abs=TOLERANCE)
    assert plan.total("partnership").to_dict() == SHARES


def test_what_impact_may_give_goes_to_the_lowest_coverage(tmp_path):
    # 10 % of 700 may be given up. With a smallest coverage of m the second gets 200 m; the third loses it at 2 - 1 a unit, as the
    # first keeps its 100 while m <= 1/2: score 700 - 200 m >= 630, so m = 0.35 and the split is 100, 70, 130.
    problem = estate(300, objective=[{"impact": {"give": "10 %"}}, LOWEST])
    plan = plan_of(tmp_path, problem)
    assert plan.total("partnership").to_dict() == {"first": 100, "second": 70, "third": 130}
    assert plan.coverage_by("partnership")["coverage"].min() == pytest.approx(0.35, abs=TOLERANCE)
