"""On or off: minimum sizes make things whole, counts limit how many there are."""

import random
from fractions import Fraction
from itertools import product

import pytest
from encoding import TOLERANCE, case, plan_of, text
from exact import maximise

from fundalloc.rules import kinds

pytestmark = pytest.mark.skipif(not {"minimum_size", "count"} <= set(kinds()), reason="no integer kinds yet")


def test_california_manufacturing(tmp_path):
    # After Hillier and Lieberman, section 11.1: factories in Los Angeles and San Francisco earn 9 and 5 for 6 and 3, warehouses 6 and 4 for
    # 5 and 2 (millions); capital 10, at most one warehouse, and only beside a new factory. Optimum 14: both factories, no warehouse.
    worth = {("la", "factory"): 9, ("sf", "factory"): 5, ("la", "warehouse"): 6, ("sf", "warehouse"): 4}
    capital = {("la", "factory"): 6, ("sf", "factory"): 3, ("la", "warehouse"): 5, ("sf", "warehouse"): 2}
    by_trying = {
        chosen: sum(x * worth[w] for x, w in zip(chosen, worth, strict=True))
        for chosen in product((0, 1), repeat=4)
        if sum(x * capital[w] for x, w in zip(chosen, worth, strict=True)) <= 10
        and chosen[2] + chosen[3] <= 1
        and chosen[2] <= chosen[0]
        and chosen[3] <= chosen[1]
    }
    assert max(by_trying, key=by_trying.__getitem__) == (1, 1, 0, 0)
    assert max(by_trying.values()) == 14
    problem = case(
        areas=["factory", "warehouse"],
        instruments={"capital": 10},
        eligibility={("capital", "factory"): 1, ("capital", "warehouse"): 1},
        partnerships=["la", "sf"],
        needs={w: (capital[w], Fraction(worth[w], capital[w])) for w in worth},
        rules={
            "whole": {
                "kind": "minimum_size",
                "for_each": ["partnership", "area"],
                "at_least": {"|".join(w): str(c) for w, c in capital.items()},
            },
            "one-warehouse": {"kind": "count", "money": {"area": "warehouse"}, "counting": "partnership", "at_most": "1"},
            "beside": {
                "kind": "share",
                "for_each": "partnership",
                "money": {"area": "warehouse"},
                "at_most": "100 %",
                "of": {"area": "factory"},
            },
        },
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(14, abs=TOLERANCE)
    assert plan.total("partnership", "area").to_dict() == {
        ("la", "factory"): 6,
        ("la", "warehouse"): 0,
        ("sf", "factory"): 3,
        ("sf", "warehouse"): 0,
    }


def test_good_products_company(tmp_path):
    # After Hillier and Lieberman, section 11.4: three products earn 5, 7 and 3; at most two of them are made, in one of two plants
    # with 30 and 40 hours; at most 7, 5 and 9 can be sold. Optimum 54.5: 5.5 of product 1 and 9 of product 3, in plant 2.
    earns, sold = {"p1": 5, "p2": 7, "p3": 3}, {"p1": 7, "p2": 5, "p3": 9}
    hours = {"plant-1": ({"p1": 3, "p2": 4, "p3": 2}, 30), "plant-2": ({"p1": 4, "p2": 6, "p3": 2}, 40)}
    answers = {}
    for plant, (use, available) in hours.items():  # every choice, each a small linear program
        for left_out in earns:
            rows = [(list(use.values()), "<=", available)]
            rows += [([int(p == q) for q in earns], "<=", 0 if p == left_out else sold[p]) for p in earns]
            answers[plant, left_out] = maximise(list(earns.values()), rows)
    best = max(answers.values(), key=lambda answer: answer.value)
    assert best == answers["plant-2", "p2"]
    assert (best.value, best.x) == (Fraction(109, 2), [Fraction(11, 2), 0, 9])
    problem = case(
        areas=earns,
        instruments=dict.fromkeys(hours, 100),
        eligibility={(plant, p): earns[p] for plant in hours for p in earns},
        markers={"hours": {(p, plant): Fraction(h, 10) for plant, (use, _) in hours.items() for p, h in use.items()}},
        rules={
            "hours": {
                "kind": "amount",
                "for_each": "instrument",
                "money": {"marker": "hours"},
                "at_most": {plant: text(Fraction(available, 10)) for plant, (_, available) in hours.items()},
            },
            "sold": {"kind": "amount", "for_each": "area", "at_most": {p: str(s) for p, s in sold.items()}},
            "two-products": {"kind": "count", "counting": "area", "at_most": "2"},
            "one-plant": {"kind": "count", "counting": "instrument", "at_most": "1"},
        },
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(54.5, abs=TOLERANCE)
    made = plan.total("instrument", "area")
    assert made[made > 0].to_dict() == {("plant-2", "p1"): 5.5, ("plant-2", "p3"): 9}


def test_optimal_means_proved(tmp_path):
    # A strongly correlated knapsack (after Martello and Toth, 2.10): profit is weight + 100, so that many fillings are nearly as good.
    # Its optimum by dynamic programming (R. Bellman, 1957) is 10583.
    draw = random.Random(0)
    weights = [draw.randint(100, 1000) for _ in range(30)]
    capacity = sum(weights) // 2
    best = [0] * (capacity + 1)
    for w in weights:
        for room in range(capacity, w - 1, -1):
            best[room] = max(best[room], best[room - w] + w + 100)
    assert best[capacity] == 10583
    items = [f"item-{k}" for k in range(30)]
    problem = case(
        areas=["filling"],
        instruments={"knapsack": capacity},
        eligibility={("knapsack", "filling"): 1},
        partnerships=items,
        needs={(item, "filling"): (w, Fraction(w + 100, w)) for item, w in zip(items, weights, strict=True)},
        rules={
            "whole": {
                "kind": "minimum_size",
                "for_each": "partnership",
                "at_least": {item: str(w) for item, w in zip(items, weights, strict=True)},
            }
        },
        round_to="1",
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(10583, abs=1e-3)  # priorities have nine decimals
    assert plan.log.bound == pytest.approx(10583, abs=1e-3)
