from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import SHIPPED, TINY, TWO_BY_TWO, cases, relaxed_shipped, write
from fundalloc.model.compile import compile_program
from fundalloc.plan.certificate import certify, column_bounds
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, solve_program


def test_bound_by_hand(tmp_path):
    # Prices: A's ceiling 1.0, B's 0.5, coverage of north 1.0 and of south 1.0 per unit of met need (from the score's point of view).
    # Bound = 10 x 1.0 + 6 x 0.5 + what each met-need column can still gain: south (2-1) x 6 + (1.2-1) x 3.6 = 19.72.
    scenario = load(write(tmp_path, TWO_BY_TWO))
    program = compile_program(scenario)
    certificate = certify(program, np.array([1.0, 1.0, 1.0, 0.5]), scenario.lines, 19.0)
    assert float(certificate.bound) == pytest.approx(19.72, abs=1e-9)
    assert certificate.bound >= Fraction("19.72") - Fraction(1, 10**12)
    assert certificate.gap == pytest.approx(0.72)


def test_no_prices_still_prove_something(tmp_path):
    # Without prices every met need counts in full: north 4 + 1.44 + 0.48, south 12 + 4.32 + 1.44.
    scenario = load(write(tmp_path, TWO_BY_TWO))
    certificate = certify(compile_program(scenario), np.zeros(4), scenario.lines, 0.0)
    assert float(certificate.bound) == pytest.approx(5.92 + 17.76)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}/{p.stem}")
@pytest.mark.parametrize(
    "options", [Options(method="simplex"), Options(method="ipm"), Options(solver="cbc")], ids=lambda o: o.method or o.solver
)
def test_tight_on_shipped_scenarios_whatever_the_solver(path, options):
    scenario, program = relaxed_shipped(path)
    solution = solve_program(program, options)
    certificate = certify(program, solution.prices, scenario.lines, solution.objective)
    assert float(certificate.bound) >= solution.objective - (1e-6 * solution.objective if options.solver == "cbc" else 0)
    assert certificate.gap < (1e-5 if options.solver == "cbc" else 1e-8) * solution.objective


@given(seed=st.integers(0, 10_000), noise=st.floats(0.001, 2))
@settings(max_examples=60, deadline=None)
def test_perturbed_prices_give_a_valid_weaker_bound(seed, noise):
    scenario = load(TINY)
    program = compile_program(scenario)
    solution = solve_program(program)
    best = certify(program, solution.prices, scenario.lines, solution.objective)
    perturbed = solution.prices + noise * np.random.default_rng(seed).standard_normal(len(solution.prices))
    worse = certify(program, perturbed, scenario.lines, solution.objective)
    assert worse.bound >= best.bound - Fraction(1, 10**9)
    assert float(worse.bound) >= solution.objective - 1e-9


@given(case=cases())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_random_plans_never_exceed_their_bound(case, tmp_path):
    plan = solve(load(write(tmp_path, case)))
    assert plan.score <= float(plan.certificate.bound) + 1e-9
    assert float(plan.certificate.bound) <= plan.log.program_score * (1 + 1e-6) + 1e-6


def test_every_column_is_bounded():
    scenario = load(TINY)
    program = compile_program(scenario)
    lower, upper = column_bounds(program, scenario.lines)
    assert np.isfinite(lower).all()
    assert np.isfinite(upper).all()
