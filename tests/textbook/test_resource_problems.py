"""Product mix and blending: products are areas, profit is effectiveness, a resource is a marker with an amount at most.

A marker's coefficients lie between 0 and 1, so resources are counted in tens or thousands where a product uses more.
"""

from fractions import Fraction

import pytest
from encoding import PLENTY, TOLERANCE, case, plan_of, price, text
from exact import maximise


def product_mix(profit, resources, scale, rules=None):
    """State a product mix; resources: name → (use per product, available), counted in units of `scale`."""
    return case(
        areas=profit,
        instruments={"firm": PLENTY},
        eligibility={("firm", product): c for product, c in profit.items()},
        markers={r: {p: Fraction(u, scale) for p, u in use.items() if u} for r, (use, _) in resources.items()},
        rules={r: {"kind": "amount", "money": {"marker": r}, "at_most": text(Fraction(b, scale))} for r, (_, b) in resources.items()}
        | (rules or {}),
    )


def product_rows(profit, resources):
    return [([use.get(p, 0) for p in profit], "<=", available) for use, available in resources.values()]


def test_wyndor_glass(tmp_path):
    # After Hillier and Lieberman, section 3.1: doors earn 3, windows 5 (thousand dollars a batch). Optimum 36 at (2, 6);
    # section 6.1 has the shadow prices 0, 3/2 and 1 of the hours in plants 1, 2 and 3.
    profit = {"doors": 3, "windows": 5}
    hours = {"plant-1": ({"doors": 1}, 4), "plant-2": ({"windows": 2}, 12), "plant-3": ({"doors": 3, "windows": 2}, 18)}
    assert maximise(list(profit.values()), product_rows(profit, hours)) == (36, [2, 6], [0, Fraction(3, 2), 1])
    plan = plan_of(tmp_path, product_mix(profit, hours, 10))
    assert plan.log.program_score == pytest.approx(36, abs=TOLERANCE)
    assert plan.total("area").to_dict() == {"doors": 2, "windows": 6}
    assert [price(plan, plant) / 10 for plant in hours] == pytest.approx([0, 1.5, 1], abs=TOLERANCE)
    headroom = {f.rule.id: 10 * f.headroom for f in plan.findings if not f.rule.built_in}
    assert headroom == {"plant-1": 2, "plant-2": 0, "plant-3": 0}


def test_dakota_furniture(tmp_path):
    # After Winston, sections 4.5 and 6.6: desks, tables and chairs earn 60, 30 and 20. Optimum 280: 2 desks, 8 chairs;
    # shadow prices 0 for lumber, 10 for finishing, 10 for carpentry, 0 for the market for tables.
    profit = {"desks": 60, "tables": 30, "chairs": 20}
    halves = {  # hours counted in halves, to stay with whole numbers
        "lumber": ({"desks": 8, "tables": 6, "chairs": 1}, 48),
        "finishing": ({"desks": 8, "tables": 4, "chairs": 3}, 40),
        "carpentry": ({"desks": 4, "tables": 3, "chairs": 1}, 16),
        "market": ({"tables": 1}, 5),
    }
    answer = maximise(list(profit.values()), product_rows(profit, halves))
    assert answer == (280, [2, 0, 8], [0, 5, 5, 0])  # a half hour is worth 5
    plan = plan_of(tmp_path, product_mix(profit, halves, 10))
    assert plan.log.program_score == pytest.approx(280, abs=TOLERANCE)
    assert plan.total("area").to_dict() == {"desks": 2, "tables": 0, "chairs": 8}
    per_hour = [price(plan, "finishing") / 10 * 2, price(plan, "carpentry") / 10 * 2]
    assert per_hour == pytest.approx([10, 10], abs=TOLERANCE)
    assert [price(plan, "lumber"), price(plan, "market")] == pytest.approx([0, 0], abs=TOLERANCE)


MATERIALS = {"m1": ({"exterior": 6, "interior": 4}, 24), "m2": ({"exterior": 1, "interior": 2}, 6)}
SURPLUS = {"kind": "change", "at_most": "100 %", "plus": "1"}


def paint(profit, market):
    """State Reddy Mikks: 2025 makes exterior and 2026 interior paint, so that their difference is a change between years."""
    problem = product_mix(profit, MATERIALS | market, 10, {"surplus": SURPLUS})
    problem["years"] = "2025-2026"
    problem["exclude"] = {
        "later": {"area": "exterior", "year": "2026", "reason": "made in 2025"},
        "earlier": {"area": "interior", "year": "2025", "reason": "made in 2026"},
    }
    return problem


def test_reddy_mikks_with_a_change_rule(tmp_path):
    # After H. A. Taha, Operations Research: An Introduction (8th ed. 2007), 2.1: exterior paint earns 5, interior 4; interior at most
    # 1 ton above exterior, and at most 2. Optimum 21 at (3, 3/2); the duals are 3/4, 1/2, 0, 0.
    rows = [([6, 4], "<=", 24), ([1, 2], "<=", 6), ([-1, 1], "<=", 1), ([0, 1], "<=", 2)]
    assert maximise([5, 4], rows) == (21, [3, Fraction(3, 2)], [Fraction(3, 4), Fraction(1, 2), 0, 0])
    plan = plan_of(tmp_path, paint({"exterior": 5, "interior": 4}, {"market": ({"interior": 1}, 2)}))
    assert plan.log.program_score == pytest.approx(21, abs=TOLERANCE)
    assert plan.total("area").to_dict() == {"exterior": 3, "interior": 1.5}
    prices = [price(plan, "m1") / 10, price(plan, "m2") / 10, price(plan, "surplus", "2026"), price(plan, "market") / 10]
    assert prices == pytest.approx([0.75, 0.5, 0, 0], abs=TOLERANCE)


def test_reddy_mikks_when_the_change_rule_binds(tmp_path):
    # A variant without the market's limit, exterior at 2 and interior at 14: both x2 <= x1 + 1 and x1 + 2 x2 <= 6 bind, so
    # x1 = 4/3 and x2 = 7/3, score 106/3; y2 - y3 = 2 and 2 y2 + y3 = 14 give the prices 16/3 and 10/3.
    rows = [([6, 4], "<=", 24), ([1, 2], "<=", 6), ([-1, 1], "<=", 1)]
    assert maximise([2, 14], rows) == (Fraction(106, 3), [Fraction(4, 3), Fraction(7, 3)], [0, Fraction(16, 3), Fraction(10, 3)])
    plan = plan_of(tmp_path, paint({"exterior": 2, "interior": 14}, {}))
    assert plan.log.program_score == pytest.approx(106 / 3, abs=TOLERANCE)
    assert price(plan, "m2") / 10 == pytest.approx(16 / 3, abs=TOLERANCE)
    assert price(plan, "surplus", "2026") == pytest.approx(10 / 3, abs=TOLERANCE)
    assert plan.score == pytest.approx(106 / 3, abs=14 * 0.001)  # whole thousandths


def test_southern_confederation_of_kibbutzim(tmp_path):
    # After Hillier and Lieberman, section 3.4, regional planning: usable land and water of three kibbutzim, quotas of three crops, and the
    # same share of the land planted everywhere. Optimum 633 333 1/3 dollars.
    land, water = {"k1": 400, "k2": 600, "k3": 300}, {"k1": 600, "k2": 800, "k3": 375}
    quota = {"beets": 600, "cotton": 500, "sorghum": 325}
    earns, drinks = {"beets": 1000, "cotton": 750, "sorghum": 250}, {"beets": 3, "cotton": 2, "sorghum": 1}
    fields = [(c, k) for c in quota for k in land]
    rows = [([int(k == at) for _, k in fields], "<=", b) for at, b in land.items()]
    rows += [([drinks[c] * (k == at) for c, k in fields], "<=", b) for at, b in water.items()]
    rows += [([int(c == crop) for c, _ in fields], "<=", b) for crop, b in quota.items()]
    rows += [
        ([(k == at) - ratio * (k == "k1") for _, k in fields], "=", 0) for at, ratio in (("k2", Fraction(3, 2)), ("k3", Fraction(3, 4)))
    ]
    answer = maximise([earns[c] for c, _ in fields], rows)
    assert answer.value == Fraction(1_900_000, 3)
    problem = case(
        areas=quota,
        instruments=land,
        eligibility={(k, c): earns[c] for c, k in fields},
        markers={"water": {c: Fraction(w, 10) for c, w in drinks.items()}},
        rules={
            "water": {
                "kind": "amount",
                "for_each": "instrument",
                "money": {"marker": "water"},
                "at_most": {k: text(Fraction(w, 10)) for k, w in water.items()},
            },
            "quota": {"kind": "amount", "for_each": "area", "at_most": {c: text(q) for c, q in quota.items()}},
            "same-share-2": {"kind": "share", "money": {"instrument": "k2"}, "exactly": "150 %", "of": {"instrument": "k1"}},
            "same-share-3": {"kind": "share", "money": {"instrument": "k3"}, "exactly": "75 %", "of": {"instrument": "k1"}},
        },
        needs={("place", c): (10_000_000, 1) for c in quota},
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(1_900_000 / 3, abs=TOLERANCE)
    assert plan.total("area").to_dict() == pytest.approx({"beets": 775 / 3, "cotton": 500, "sorghum": 0}, abs=0.005)
    for at, dual in zip(water, answer.duals[3:6], strict=True):  # an acre-foot of water is worth 333 1/3 everywhere
        assert dual == Fraction(1000, 3)
        assert price(plan, "water", at) / 10 == pytest.approx(float(dual), abs=TOLERANCE)
    assert price(plan, "quota", "cotton") == pytest.approx(250 / 3, abs=TOLERANCE)


def test_save_it_company(tmp_path):
    # After Hillier and Lieberman, section 3.4, reclaiming solid wastes: four materials blended into three grades. Shares bind from both
    # sides, half of every material must be used, and exactly 30 000 dollars go into treatment. Optimum 35 109.65 dollars a week.
    available, treatment = {"m1": 3000, "m2": 2000, "m3": 4000, "m4": 1000}, {"m1": 3, "m2": 6, "m3": 4, "m4": 5}
    profit = {"a": "5.5", "b": "4.5", "c": "3.5"}  # selling price less amalgamation
    shares = [
        ("a", "m1", "at_most", 30),
        ("a", "m2", "at_least", 40),
        ("a", "m3", "at_most", 50),
        ("a", "m4", "exactly", 20),
        ("b", "m1", "at_most", 50),
        ("b", "m2", "at_least", 10),
        ("b", "m4", "exactly", 10),
        ("c", "m1", "at_most", 70),
    ]
    room = Fraction("0.001")  # an exact share leaves its amount one rounding step
    sides = {"at_most": [("<=", 0)], "at_least": [(">=", 0)], "exactly": [("<=", room), (">=", -room)]}
    blend = [(g, m) for g in profit for m in available]
    rows = [
        ([(g == grade) * ((m == material) - Fraction(percent, 100)) for g, m in blend], side, limit)
        for grade, material, sense, percent in shares
        for side, limit in sides[sense]
    ]
    rows += [([int(m == material) for _, m in blend], "<=", b) for material, b in available.items()]
    rows += [([int(m == material) for _, m in blend], ">=", b // 2) for material, b in available.items()]
    rows += [([treatment[m] for _, m in blend], "=", 30_000)]
    answer = maximise([Fraction(profit[g]) for g, _ in blend], rows)
    assert round(float(answer.value), 2) == 35109.65
    problem = case(
        areas=profit,
        instruments=available,
        eligibility={(m, g): profit[g] for g, m in blend},
        markers={"treatment": {(g, m): Fraction(treatment[m], 10) for g, m in blend}},
        rules={
            f"{grade}-{material}": {
                "kind": "share",
                "money": {"area": grade, "instrument": material},
                sense: f"{percent} %",
                "of": {"area": grade},
            }
            for grade, material, sense, percent in shares
        }
        | {
            "half": {"kind": "share", "for_each": "instrument", "at_least": "50 %", "of": {"ceiling": {}}},
            "grants": {"kind": "amount", "money": {"marker": "treatment"}, "exactly": "3000"},
        },
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(float(answer.value), abs=TOLERANCE)
    grades = {"a": 2149.1, "b": 5175.4, "c": 0}
    assert plan.total("area").to_dict() == pytest.approx(grades, abs=0.05)
    assert price(plan, "grants") / 10 == pytest.approx(float(answer.duals[-1]), abs=TOLERANCE)
