import numpy as np
import pytest

from cases import TWO_BY_TWO, write
from fundalloc.plan.ledger import measure_coverage
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def test_coverage_fills_the_steps_in_order(tmp_path):
    scenario = load(write(tmp_path, TWO_BY_TWO))
    # Lines: a|north, a|south, b|south. North 5 from A; South 7 from A and 6 from B, which meets 3: 10 of 12.
    steps = np.array([50, 70, 60])
    coverage = measure_coverage(scenario.lines, steps)
    assert coverage.met.tolist() == [5.0, 10.0]
    north = 4 * 1.0 + 1 * 0.6
    south = 2 * (6 * 1.0 + 3.6 * 0.6 + 0.4 * 0.3)
    assert coverage.impact == pytest.approx([north, south])


def test_money_beyond_the_need_earns_nothing(tmp_path):
    scenario = load(write(tmp_path, TWO_BY_TWO))
    coverage = measure_coverage(scenario.lines, np.array([100, 0, 0]))
    assert coverage.met.tolist() == [8.0, 0.0]
    assert coverage.impact[0] == pytest.approx(4 + 2.4 * 0.6 + 1.6 * 0.3)


def test_money_without_need_stays(tmp_path):
    plan = solve(load(write(tmp_path, {**TWO_BY_TWO, "needs": [{"partnership": "north", "area": "returns", "need": "2"}]})))
    assert plan.total("partnership").to_dict() == {"north": 2.0, "south": 0.0}


def test_steps_of_one_area_may_differ(tmp_path):
    areas = {"returns": {"name": "Returns", "steps": [{"share": "100 %", "value": "1"}]}}
    scenario = load(write(tmp_path, {**TWO_BY_TWO, "areas": areas}))
    coverage = measure_coverage(scenario.lines, np.array([60, 0, 0]))
    assert coverage.impact.tolist() == [6.0, 0.0]


def test_soft_rules_cost_what_they_miss(tmp_path):
    rule = {
        "kind": "amount",
        "says": "More for North",
        "source": "assumption",
        "money": {"partnership": "north"},
        "at_least": "9",
        "soft": "0.1",
    }
    plan = solve(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"north": rule}})))
    # A tenth of a point per missing million is too little to pull money from South at 1.2 or to go beyond North's own steps.
    assert plan.total("partnership")["north"] == pytest.approx(3.4)
    assert plan.penalty == pytest.approx(0.56)
    assert plan.score == pytest.approx(19.72 - 0.56)
