"""Many random scenarios: each rounds, verifies and certifies, and every ledger adds up once more by hand. With everything: `selftest`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from richer import solved

from cases import cases
from fundalloc.plan.verify import check_ledger, measure_rules


def ledger(plan):
    """Return the whole steps of every line, and after them what moves between years and instruments."""
    return np.concatenate([plan.steps, plan.moves])


def check(plan) -> None:
    """Hold a plan against what it promises."""
    scenario, lines = plan.scenario, plan.scenario.lines
    assert plan.status == "optimal"
    assert check_ledger(lines, ledger(plan)) == []
    assert not [f for f in plan.findings if f.status == "breach"]
    bound = float(plan.certificate.bound)
    assert plan.score <= bound + 1e-9
    assert plan.log.program_score <= bound * (1 + 1e-9) + 1e-6
    assert plan.certificate.decided <= plan.penalty + 1e-6  # no plan avoids it, so this one does not
    parts = plan.proof.parts
    assert parts.whole >= plan.certificate.bound - Fraction(plan.score)
    assert float(parts.gap) >= bound - plan.log.program_score - 1e-6
    whole = sum(map(int, plan.steps)) * scenario.facts.step
    for table in (plan.pivot("instrument", "year"), plan.pivot("partnership", "area")):
        assert Fraction(table.to_numpy().sum()).limit_denominator(10**6) == whole
    assert plan.coverage.met.max(initial=0) <= plan.coverage.need.max(initial=0)


@given(case=cases())
@settings(max_examples=500, deadline=None)
def test_five_hundred_scenarios(case):
    plan = solved(case)
    check(plan)
    assert plan.findings == tuple(measure_rules(plan.scenario, ledger(plan)))
    # Without switches the linear program's optimum is the bound.
    assert float(plan.certificate.bound) <= plan.log.program_score * (1 + 1e-6) + 1e-6
