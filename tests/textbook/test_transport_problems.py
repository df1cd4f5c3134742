"""Transport, assignment and production planning: sources are instruments, destinations areas, cost lowers effectiveness.

A unit sent from i to j earns K - c_ij, and exactly what is demanded must be sent: score = K x demand - cost.
"""

from fractions import Fraction
from itertools import permutations

import pytest
from encoding import TOLERANCE, case, plan_of, price, text
from exact import minimise

CANNERIES = {  # dollars per case: 0.09 a case and thousand miles
    ("seattle", "new-york"): "0.225",
    ("seattle", "chicago"): "0.153",
    ("seattle", "topeka"): "0.162",
    ("san-diego", "new-york"): "0.225",
    ("san-diego", "chicago"): "0.162",
    ("san-diego", "topeka"): "0.126",
}
DANTZIG = ({"seattle": 350, "san-diego": 600}, {"new-york": 325, "chicago": 300, "topeka": 275}, CANNERIES)


def table(rows, columns, costs):
    return {(i, j): c for i, line in zip(rows, costs, strict=True) for j, c in zip(columns, line, strict=True) if c is not None}


P_AND_T = (
    {"bellingham": 75, "eugene": 125, "albert-lea": 100},
    {"sacramento": 80, "salt-lake-city": 65, "rapid-city": 70, "albuquerque": 85},
    table(
        ["bellingham", "eugene", "albert-lea"],
        ["sacramento", "salt-lake-city", "rapid-city", "albuquerque"],
        [[464, 513, 654, 867], [352, 416, 690, 791], [995, 682, 388, 685]],
    ),
)
POWERCO = (
    {"plant-1": 35, "plant-2": 50, "plant-3": 40},
    {"city-1": 45, "city-2": 20, "city-3": 30, "city-4": 30},
    table(["plant-1", "plant-2", "plant-3"], ["city-1", "city-2", "city-3", "city-4"], [[8, 6, 10, 9], [9, 12, 13, 7], [14, 9, 16, 5]]),
)
JOB_SHOP = (
    {"machine-1": 1, "machine-2": 1, "machine-3": 1},
    {"location-1": 1, "location-2": 1, "location-3": 1, "location-4": 1},
    table(
        ["machine-1", "machine-2", "machine-3"],
        ["location-1", "location-2", "location-3", "location-4"],
        [[13, 16, 12, 11], [15, None, 13, 20], [5, 7, 10, 6]],
    ),
)


def shipping(supply, demand, cost, unit, sense="exactly"):
    """State a transport problem; `unit` is K, what a delivered unit is worth before its cost."""
    return case(
        instruments=supply,
        areas=demand,
        eligibility={route: Fraction(unit) - Fraction(c) for route, c in cost.items()},
        rules={"demand": {"kind": "amount", "for_each": "area", sense: {j: text(d) for j, d in demand.items()}}},
    )


def textbook_answer(supply, demand, cost, sense="="):
    routes = list(cost)
    rows = [([int(i == s) for i, _ in routes], "<=", capacity) for s, capacity in supply.items()]
    rows += [([int(j == d) for _, j in routes], sense, amount) for d, amount in demand.items()]
    return minimise(list(cost.values()), rows)


@pytest.mark.parametrize(
    ("problem", "unit", "published"),
    [
        # G. B. Dantzig, Linear Programming and Extensions (Princeton 1963), section 3.3; data as in R. E. Rosenthal's GAMS tutorial.
        pytest.param(DANTZIG, 1, "153.675", id="dantzig canneries"),
        # After F. S. Hillier, G. J. Lieberman, Introduction to Operations Research (9th ed. 2010), section 8.1, the P & T Company.
        pytest.param(P_AND_T, 1000, 152535, id="P & T Company"),
        # After W. L. Winston, Operations Research: Applications and Algorithms (4th ed. 2004), section 7.1, Powerco.
        pytest.param(POWERCO, 20, 1020, id="Powerco"),
    ],
)
def test_transport(tmp_path, problem, unit, published):
    supply, demand, cost = problem
    assert textbook_answer(*problem).value == Fraction(published)
    plan = plan_of(tmp_path, shipping(*problem, unit))
    spent = sum(Fraction(cost[i, a]) * round(amount) for (i, a), amount in plan.total("instrument", "area").items())
    assert unit * sum(demand.values()) - plan.log.program_score == pytest.approx(float(Fraction(published)), abs=TOLERANCE)
    assert spent == Fraction(published)
    assert plan.total("area").to_dict() == demand
    assert all(plan.total("instrument")[i] <= capacity for i, capacity in supply.items())


def test_prices_of_the_canneries(tmp_path):
    # As the GAMS tutorial prints them: a case more in New York costs 0.225, in Chicago 0.153, in Topeka 0.126; capacity is worth nothing.
    published = {"new-york": "0.225", "chicago": "0.153", "topeka": "0.126"}
    assert textbook_answer(*DANTZIG).duals == [0, 0, *map(Fraction, published.values())]
    plan = plan_of(tmp_path, shipping(*DANTZIG, 1))
    for market, cost in published.items():  # a case more earns K = 1 less its cost
        assert price(plan, "demand", market) == pytest.approx(1 - float(cost), abs=TOLERANCE)
    for plant in ("seattle", "san-diego"):
        assert price(plan, "ceiling", plant, "total") == pytest.approx(0, abs=TOLERANCE)
    free = plan.free_money.set_index(["instrument", "year"])
    assert free.loc["san-diego", 0]["free"] == pytest.approx(50)
    assert free.loc["seattle", 0]["free"] == pytest.approx(0)


def test_assignment(tmp_path):
    # After Hillier and Lieberman, section 8.3: the Job Shop Company places three machines in four locations; machine 2 cannot stand in
    # location 2, which is a row that the eligibility table does not have. Optimum 29: machines 1, 2, 3 in locations 4, 3, 1.
    machines, locations, cost = JOB_SHOP
    by_trying = min(
        sum(cost[m, place] for m, place in zip(machines, places, strict=True))
        for places in permutations(locations, 3)
        if all((m, place) in cost for m, place in zip(machines, places, strict=True))
    )
    assert by_trying == 29
    unit = 100
    plan = plan_of(tmp_path, shipping(*JOB_SHOP, unit, "at_most"))
    assert unit * 3 - plan.log.program_score == pytest.approx(29, abs=TOLERANCE)
    placed = plan.total("instrument", "area")
    assert placed[placed > 0].to_dict() == {
        ("machine-1", "location-4"): 1.0,
        ("machine-2", "location-3"): 1.0,
        ("machine-3", "location-1"): 1.0,
    }


def test_production_over_four_quarters(tmp_path):
    # After Winston, section 3.10 and, as a transport problem, section 7.1: Sailco builds at most 40 boats a quarter at 400 dollars, more in
    # overtime at 450, and keeps a boat for 20 a quarter; 10 boats are there. Demand 40, 60, 75, 25. Optimum 78 450 dollars.
    demand = {"quarter-1": 40, "quarter-2": 60, "quarter-3": 75, "quarter-4": 25}
    supply = {("stock", 1): (10, 0)}
    supply |= {("regular", t): (40, 400) for t in range(1, 5)} | {("overtime", t): (150, 450) for t in range(1, 5)}
    sources = {f"{kind}-{t}": (t, capacity, cost) for (kind, t), (capacity, cost) in supply.items()}
    cost = {(s, f"quarter-{q}"): c + 20 * (q - t) for s, (t, _, c) in sources.items() for q in range(t, 5)}
    answer = textbook_answer({s: capacity for s, (_, capacity, _) in sources.items()}, demand, cost)
    assert answer.value == 78450
    unit = 1000
    problem = shipping(dict.fromkeys(sources, 0), demand, cost, unit)
    problem["years"] = "2021-2024"  # a year stands for a quarter: what is made in t is committed in t
    for source, (t, capacity, _) in sources.items():
        problem["instruments"][source] |= {"years": str(2020 + t), "ceiling": {"each": text(capacity)}}
    plan = plan_of(tmp_path, problem)
    assert unit * 200 - plan.log.program_score == pytest.approx(78450, abs=TOLERANCE)
    made = plan.total("instrument")
    assert [made[f"regular-{t}"] for t in range(1, 5)] == [40, 40, 40, 25]
    assert [made[f"overtime-{t}"] for t in range(1, 5)] == [0, 10, 35, 0]
    # The exact duals say what one more regular boat saves: against overtime, 50 in quarters 2 and 3, and in quarter 1 thirty (one is kept).
    for t, saved in ((1, 30), (2, 50), (3, 50), (4, 0)):
        assert -answer.duals[list(sources).index(f"regular-{t}")] == saved
        assert price(plan, "ceiling", f"regular-{t}", str(2020 + t)) == pytest.approx(saved, abs=TOLERANCE)
