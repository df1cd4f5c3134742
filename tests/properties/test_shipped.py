"""The shipped scenarios give the same amounts whatever the solver, to one rounding step."""

from __future__ import annotations

import numpy as np
import pytest
from richer import amounts, largest_difference

from cases import SHIPPED
from fundalloc.model.compile import compile_program
from fundalloc.model.settling import settling_program
from fundalloc.model.stages import hold
from fundalloc.run import solve, wishes
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, solve_program

CHOSEN = [path for path in SHIPPED if path.match("global-europe-2028-2034/baseline.yaml")]
"""Without switches: among equally good switches the solver's own choice still stays."""


def name(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", CHOSEN, ids=name)
def test_simplex_and_interior_point_give_the_same_amounts(path):
    scenario = load(path)
    simplex, interior = (solve(scenario, Options(method=method)) for method in ("simplex", "ipm"))
    assert interior.log.program_score == pytest.approx(simplex.log.program_score, rel=1e-9)
    assert largest_difference(amounts(simplex), amounts(interior)) <= 1


@pytest.mark.xfail(
    strict=False,
    reason="CBC's answer comes back through PuLP with 7 or 8 digits: rows are missed by 3e-4 and the score is off by up to 5e-6 of it, "
    "far more than settling holds (1e-9), so that another plan is settled on; and rounding does not break ties",
)
def test_cbc_gives_the_same_amounts():
    differences = {}
    for path in CHOSEN:
        scenario = load(path)
        simplex, cbc = solve(scenario, Options(method="simplex")), solve(scenario, Options(solver="cbc"))
        differences[name(path)] = largest_difference(amounts(simplex), amounts(cbc))
    assert max(differences.values()) <= 1, differences


@pytest.mark.xfail(
    strict=False,
    reason="swapping the years of two partnerships may change the settling cost by less than the solver's dual tolerance of 1e-7 "
    "(4e-8 in global-europe/baseline): weights that differ by at most 1e-3 do not single out one plan",
)
def test_settling_by_either_method_gives_the_same_plan():
    differences = {}
    for path in CHOSEN:
        scenario = load(path)
        program = compile_program(scenario)
        best = solve_program(program, Options(method="simplex")).objective
        settling = settling_program(hold(program, program.cost, best, 0.0), scenario.lines, wishes(scenario).reference)
        plans = [settling.values(solve_program(settling.program, Options(method=m)).values)[: program.lines] for m in ("simplex", "ipm")]
        differences[name(path)] = float(np.abs(plans[0] - plans[1]).max() / float(scenario.facts.step))
    assert max(differences.values()) <= 1, differences
