"""The shipped scenarios give the same amounts whatever the solver, to one rounding step."""

from __future__ import annotations

import pytest
from richer import amounts, largest_difference

from cases import SHIPPED
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options

CHOSEN = [path for path in SHIPPED if path.match("global-europe-2028-2034/baseline.yaml")]
"""Without switches: among equally good switches the solver's own choice still stays."""


def name(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.xfail(strict=False, reason="settling weights that differ by at most 1e-3 do not always single out one plan")
@pytest.mark.parametrize("path", CHOSEN, ids=name)
def test_simplex_and_interior_point_give_the_same_amounts(path):
    scenario = load(path)
    simplex, interior = (solve(scenario, Options(method=method)) for method in ("simplex", "ipm"))
    assert interior.log.program_score == pytest.approx(simplex.log.program_score, rel=1e-9)
    assert largest_difference(amounts(simplex), amounts(interior)) <= 1
