"""Least cost: activities are areas, requirements are floors on markers, and every unit of cost loses a point."""

from fractions import Fraction

import pytest
from encoding import PLENTY, TOLERANCE, case, plan_of, price, spending_costs, text
from exact import minimise


def covering(cost, needs, scale, unit):
    """State a covering problem. needs: name → (amount per activity, at least), in `scale`; costs in `unit`."""
    return case(
        areas=cost,
        instruments={"purse": PLENTY},
        eligibility={("purse", a): 1 for a in cost},
        needs={},
        markers={"cost": {a: Fraction(c, unit) for a, c in cost.items()}}
        | {n: {a: Fraction(u, scale[n]) for a, u in use.items()} for n, (use, _) in needs.items()},
        rules={n: {"kind": "amount", "money": {"marker": n}, "at_least": text(Fraction(b, scale[n]))} for n, (_, b) in needs.items()}
        | {"cost": spending_costs("cost", str(unit))},
    )


def covering_rows(cost, needs):
    return [([use.get(a, 0) for a in cost], ">=", least) for use, least in needs.values()]


def test_diet(tmp_path):
    # After Winston, section 3.4: brownies, ice cream, cola and cheesecake cost 50, 20, 30 and 80 cents; 500 calories, 6 ounces of
    # chocolate, 10 of sugar and 8 of fat are wanted. Optimum 90 cents: 3 scoops, 1 cola. Section 6.8: duals 0, 2.5, 7.5, 0.
    cost = {"brownie": 50, "ice-cream": 20, "cola": 30, "cheesecake": 80}
    foods = {
        "calories": ({"brownie": 400, "ice-cream": 200, "cola": 150, "cheesecake": 500}, 500),
        "chocolate": ({"brownie": 3, "ice-cream": 2}, 6),
        "sugar": ({"brownie": 2, "ice-cream": 2, "cola": 4, "cheesecake": 4}, 10),
        "fat": ({"brownie": 2, "ice-cream": 4, "cola": 1, "cheesecake": 5}, 8),
    }
    assert minimise(list(cost.values()), covering_rows(cost, foods)) == (90, [0, 3, 1, 0], [0, Fraction(5, 2), Fraction(15, 2), 0])
    scale = {"calories": 1000, "chocolate": 10, "sugar": 10, "fat": 10}
    plan = plan_of(tmp_path, covering(cost, foods, scale, 100))
    assert -plan.log.program_score == pytest.approx(90, abs=TOLERANCE)
    assert plan.total("area").to_dict() == {"brownie": 0, "ice-cream": 3, "cola": 1, "cheesecake": 0}
    prices = [-price(plan, n) / scale[n] for n in foods]  # a floor's price is negative: raising it costs score
    assert prices == pytest.approx([0, 2.5, 7.5, 0], abs=TOLERANCE)


def test_shifts_at_union_airways(tmp_path):
    # After Hillier and Lieberman, section 3.4, personnel scheduling: five shifts at 170, 160, 175, 180 and 195 dollars cover ten periods of
    # the day. Optimum 30 610 dollars a day with 48, 31, 39, 43 and 15 agents.
    cost = {"6-14": 170, "8-16": 160, "12-20": 175, "16-24": 180, "22-6": 195}
    least = {6: 48, 8: 79, 10: 65, 12: 87, 14: 64, 16: 73, 18: 82, 20: 43, 22: 52, 0: 15}
    hours = {"6-14": (6, 8, 10, 12), "8-16": (8, 10, 12, 14), "12-20": (12, 14, 16, 18), "16-24": (16, 18, 20, 22), "22-6": (22, 0)}
    periods = {f"from-{h}": ({s: 1 for s in cost if h in hours[s]}, agents) for h, agents in least.items()}
    answer = minimise(list(cost.values()), covering_rows(cost, periods))
    assert answer[:2] == (30610, [48, 31, 39, 43, 15])
    plan = plan_of(tmp_path, covering(cost, periods, dict.fromkeys(periods, 1), 1000))
    assert -plan.log.program_score == pytest.approx(30610, abs=TOLERANCE)
    assert list(plan.total("area")) == [48, 31, 39, 43, 15]
    duals = [-price(plan, p) for p in periods]
    assert sum(y * b for y, b in zip(duals, least.values(), strict=True)) == pytest.approx(30610, abs=1e-5)
