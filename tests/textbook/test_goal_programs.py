"""Goals are soft rules: points are lost for every unit that a goal is missed, on either side."""

from fractions import Fraction

import pytest
from encoding import PLENTY, TOLERANCE, case, plan_of, text
from exact import minimise

PROFIT, EMPLOYMENT, INVESTMENT = [12, 9, 15], [5, 3, 4], [5, 7, 8]
PRODUCTS = ["p1", "p2", "p3"]
UNIT = 100
"""Goals are counted in hundreds, as a marker's coefficient is at most 1."""


def dewright(penalties):
    """After Hillier and Lieberman, chapter "Goal programming" (7th ed. 2001, section 7.5), the Dewright Company.

    Profit at least 125, employment exactly 40, investment at most 55. A penalty of None makes the goal hard.
    """
    goals = {
        "profit": (PROFIT, "at_least", 125),
        "keep-jobs": (EMPLOYMENT, "at_least", 40),
        "no-new-jobs": (EMPLOYMENT, "at_most", 40),
        "investment": (INVESTMENT, "at_most", 55),
    }
    return case(
        areas=PRODUCTS,
        instruments={"firm": PLENTY},
        eligibility={("firm", p): 1 for p in PRODUCTS},
        needs={},
        markers={g: {p: Fraction(c, UNIT) for p, c in zip(PRODUCTS, use, strict=True)} for g, (use, _, _) in goals.items()},
        rules={
            g: {
                "kind": "amount",
                "money": {"marker": g},
                sense: text(Fraction(goal, UNIT)),
                **({} if penalties[g] is None else {"soft": str(penalties[g] * UNIT)}),
            }
            for g, (_, sense, goal) in goals.items()
        },
    )


def textbook_answer(penalties):
    """Write out the deviations: x1..x3, then short and over of profit, employment, investment."""
    big = 10**6
    jobs = [penalties["keep-jobs"], penalties["no-new-jobs"] or big]
    cost = [0, 0, 0, penalties["profit"], 0, *jobs, 0, penalties["investment"] or big]
    rows = [
        ([*use, *(sign * (k == goal) for k in range(3) for sign in (1, -1))], "=", limit)
        for goal, (use, limit) in enumerate(((PROFIT, 125), (EMPLOYMENT, 40), (INVESTMENT, 55)))
    ]
    return minimise(cost, rows)


def missed(plan):
    return {f.rule.id: float(-f.headroom) * UNIT for f in plan.findings if f.status == "missed"}


def test_weighted_goals(tmp_path):
    # Published answer: x = (25/3, 0, 5/3); employment exceeds 40 by 25/3, all else is met; 2 x 25/3 = 50/3 points.
    penalties = {"profit": 5, "keep-jobs": 4, "no-new-jobs": 2, "investment": 3}
    answer = textbook_answer(penalties)
    assert answer.value == Fraction(50, 3)
    assert answer.x[:3] == [Fraction(25, 3), 0, Fraction(5, 3)]
    plan = plan_of(tmp_path, dewright(penalties))
    assert -plan.log.program_score == pytest.approx(50 / 3, abs=TOLERANCE)
    assert plan.total("area").to_dict() == pytest.approx({"p1": 25 / 3, "p2": 0, "p3": 5 / 3}, abs=0.005)
    assert missed(plan)["no-new-jobs"] == pytest.approx(25 / 3, abs=0.05)


def test_goals_in_order(tmp_path):
    # Preemptive version: no more than 40 employed and no more than 55 invested come before everything. Published answer:
    # x = (5, 0, 15/4), profit 35/4 below its goal.
    penalties = {"profit": 5, "keep-jobs": 4, "no-new-jobs": None, "investment": None}
    answer = textbook_answer(penalties)
    assert answer.x[:3] == [5, 0, Fraction(15, 4)]
    assert answer.value == 5 * Fraction(35, 4)
    plan = plan_of(tmp_path, dewright(penalties))
    assert -plan.log.program_score == pytest.approx(43.75, abs=TOLERANCE)
    assert plan.total("area").to_dict() == {"p1": 5, "p2": 0, "p3": 3.75}
    assert missed(plan) == {"profit": pytest.approx(8.75)}
