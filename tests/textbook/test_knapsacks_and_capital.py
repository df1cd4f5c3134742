"""One budget or several: what is worth most per euro comes first, and the last one in gets what is left."""

from fractions import Fraction

import pytest
from encoding import PLENTY, TOLERANCE, case, plan_of, price, text
from exact import maximise

from fundalloc.rules import kinds

# After S. Martello and P. Toth, Knapsack Problems (Chichester 1990), example 2.1.
PROFITS, WEIGHTS, CAPACITY = (15, 100, 90, 60, 40, 15, 10, 1), (2, 20, 20, 30, 40, 30, 60, 10), 102
ITEMS = [f"item-{k}" for k in range(1, 9)]


def knapsack(**more):
    """One instrument is the knapsack; an item's need is its weight and its priority the profit per unit of weight."""
    return case(
        areas=["filling"],
        instruments={"knapsack": CAPACITY},
        eligibility={("knapsack", "filling"): 1},
        partnerships=ITEMS,
        needs={(item, "filling"): (w, Fraction(p, w)) for item, p, w in zip(ITEMS, PROFITS, WEIGHTS, strict=True)},
        **more,
    )


def greedy():
    """Dantzig's rule (Discrete-variable extremum problems, 1957): by profit per weight, the last item in part."""
    left, value = Fraction(CAPACITY), Fraction(0)
    for p, w in sorted(zip(PROFITS, WEIGHTS, strict=True), key=lambda pw: Fraction(pw[0], pw[1]), reverse=True):
        taken = min(left, w)
        left, value = left - taken, value + taken * Fraction(p, w)
    return value


def test_continuous_knapsack(tmp_path):
    # Items 1 to 4 fit and fill 72 of 102; 30 of item 5's 40 follow, at one a unit: 265 + 30 = 295, the published bound.
    assert greedy() == 295
    plan = plan_of(tmp_path, knapsack())
    assert plan.log.program_score == pytest.approx(295, abs=TOLERANCE)
    assert list(plan.total("partnership")) == [2, 20, 20, 30, 30, 0, 0, 0]
    assert price(plan, "ceiling", "knapsack", "total") == pytest.approx(1, abs=TOLERANCE)


@pytest.mark.skipif("minimum_size" not in kinds(), reason="no kind minimum_size yet")
def test_whole_items(tmp_path):
    # An item goes in whole or not at all: a minimum size of its weight. Optimum 280 with items 1, 2, 3, 4 and 6, as published.
    by_trying = max(
        sum(p for k, p in enumerate(PROFITS) if chosen >> k & 1)
        for chosen in range(2 ** len(ITEMS))
        if sum(w for k, w in enumerate(WEIGHTS) if chosen >> k & 1) <= CAPACITY
    )
    assert by_trying == 280
    whole = {"kind": "minimum_size", "for_each": "partnership", "at_least": {i: str(w) for i, w in zip(ITEMS, WEIGHTS, strict=True)}}
    plan = plan_of(tmp_path, knapsack(rules={"whole": whole}))
    assert plan.log.program_score == pytest.approx(280, abs=TOLERANCE)
    assert list(plan.total("partnership")) == [2, 20, 20, 30, 0, 30, 0, 0]


# After J. H. Lorie and L. J. Savage, Three problems in rationing capital (Journal of Business, 1955): nine projects, present value and
# outlays in two years, budgets 50 and 20. The linear program and its duals: H. M. Weingartner, Mathematical Programming and the Analysis of
# Capital Budgeting Problems (1963), chapter 2.
VALUES = (14, 17, 17, 15, 40, 12, 14, 10, 12)
OUTLAYS = ((12, 54, 6, 6, 30, 6, 48, 36, 18), (3, 7, 6, 2, 35, 6, 4, 3, 3))
BUDGETS = (50, 20)
PROJECTS = [f"project-{k}" for k in range(1, 10)]
TAKEN = [1, 0, 1, 1, 0, Fraction(32, 33), Fraction(1, 22), 0, 1]
DUALS = [Fraction(3, 22), Fraction(41, 22)]
"""Published as .136 and 1.864, the projects in part as .97 and .045, the value as 70.27."""


def test_the_exact_answer_is_the_published_one():
    rows = [(outlays, "<=", b) for outlays, b in zip(OUTLAYS, BUDGETS, strict=True)]
    answer = maximise(VALUES, rows + [([int(j == k) for j in range(9)], "<=", 1) for k in range(9)])
    assert (round(float(answer.value), 2), answer.x, answer.duals[:2]) == (70.27, TAKEN, DUALS)
    assert [round(float(y), 3) for y in DUALS] == [0.136, 1.864]


OPTIMUM = float(sum(v * x for v, x in zip(VALUES, TAKEN, strict=True)))


def test_capital_rationing_by_project(tmp_path):
    # A project is an area; met need is present value, so that it cannot be done more than once. Outlays are markers.
    problem = case(
        areas=PROJECTS,
        instruments={"firm": PLENTY},
        eligibility={("firm", p): v for p, v in zip(PROJECTS, VALUES, strict=True)},
        needs={("place", p): (v, 1) for p, v in zip(PROJECTS, VALUES, strict=True)},
        markers={f"year-{t + 1}": {p: Fraction(c, 100) for p, c in zip(PROJECTS, OUTLAYS[t], strict=True)} for t in (0, 1)},
        rules={
            f"budget-{t + 1}": {"kind": "amount", "money": {"marker": f"year-{t + 1}"}, "at_most": text(Fraction(BUDGETS[t], 100))}
            for t in (0, 1)
        },
        round_to="0.000001",  # outlays are multiples of six: whole steps reach 49.9998 of a budget of 50 with a hundred times this
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(OPTIMUM, abs=TOLERANCE)
    assert list(plan.total("area")) == pytest.approx([float(x) for x in TAKEN], abs=0.0005)
    assert [price(plan, f"budget-{t}") / 100 for t in (1, 2)] == pytest.approx([float(y) for y in DUALS], abs=TOLERANCE)


def test_capital_rationing_by_payments(tmp_path):
    # A project is an instrument that is committed at once and paid over two years; the budgets are payment ceilings.
    total = [a + b for a, b in zip(*OUTLAYS, strict=True)]
    first = [text(Fraction(a, c)) for a, c in zip(OUTLAYS[0], total, strict=True)]  # nine decimals: 13 digits of 70.27 change
    problem = case(
        areas=["investment"],
        instruments={
            p: {"ceiling": str(c), "payment_profile": [f, text(1 - Fraction(f))], "years": "2025"}
            for p, c, f in zip(PROJECTS, total, first, strict=True)
        },
        eligibility={(p, "investment"): Fraction(v, c) for p, v, c in zip(PROJECTS, VALUES, total, strict=True)},
        rules={"budget": {"kind": "payments", "at_most": {"2025": "50", "2026": "20"}}},
        years="2025-2026",
    )
    plan = plan_of(tmp_path, problem)
    assert plan.log.program_score == pytest.approx(OPTIMUM, abs=TOLERANCE)
    assert list(plan.total("instrument")) == pytest.approx([float(x * c) for x, c in zip(TAKEN, total, strict=True)], abs=0.01)
    assert [price(plan, "budget", t) for t in ("2025", "2026")] == pytest.approx([float(y) for y in DUALS], abs=TOLERANCE)
