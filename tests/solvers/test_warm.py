"""The warm solver must answer like a fresh one; its ranges are compared with those worked out by hand and by solving again."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import SHIPPED, relaxed_shipped
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.optimise.stage_programs import append, hold
from fundalloc.solvers import Options, Status, solve_program
from fundalloc.solvers.warm import WarmSolver

BASELINE = next(p for p in SHIPPED if p.parent.name == "mff-2021-2027" and p.stem == "baseline")


def program(cost, rows, upper, row_lower, row_upper, integer=None) -> LinearProgram:
    dense = np.array(rows, dtype=float)
    row, column = np.nonzero(np.ones_like(dense))
    return LinearProgram(
        np.array(cost, dtype=float),
        np.zeros(len(cost)),
        np.array(upper, dtype=float),
        np.array(row_lower, dtype=float),
        np.array(row_upper, dtype=float),
        stack([(len(row_lower), Terms(row, column, dense[row, column]))]),
        integer=integer,
    )


def windows() -> LinearProgram:
    """F. S. Hillier, G. J. Lieberman, Introduction to Operations Research: the Wyndor Glass example. x = 2, y = 6, score 36."""
    free = [-np.inf] * 3
    return program([3, 5], [[1, 0], [0, 2], [3, 2]], [np.inf, np.inf], free, [4, 12, 18])


@st.composite
def chains(draw):
    """A feasible program, then changes of it: costs, limits, bounds, coefficients, appended rows and columns, another shape."""
    whole = st.integers(1, 9)
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    many = lambda k: draw(st.lists(whole, min_size=k, max_size=k))  # noqa: E731
    start = program(many(n), [many(n) for _ in range(m)], [20] * n, [-np.inf] * m, [10 * v for v in many(m)])
    chain = [start]
    for change in draw(st.lists(st.sampled_from(["cost", "limit", "floor", "bound", "coefficient", "row", "column", "new"]), max_size=8)):
        chain.append(changed(chain[-1], change, draw))
    return chain


def changed(p: LinearProgram, change: str, draw) -> LinearProgram:
    rows, columns = p.shape
    new = float(draw(st.integers(1, 9)))
    row, column = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
    if change == "cost":
        return replace(p, cost=at(p.cost, column, new - 4))
    if change == "limit":
        return replace(p, row_upper=at(p.row_upper, row, 10 * new))
    if change == "floor":
        return replace(p, row_lower=at(p.row_lower, row, 12 * new))
    if change == "bound":
        return replace(p, upper=at(p.upper, column, new), lower=at(p.lower, column, 0.0))
    if change == "coefficient":
        k = draw(st.integers(0, p.terms - 1))
        return replace(p, matrix=replace(p.matrix, value=at(p.matrix.value, k, new)))
    none, one = np.zeros(0), np.zeros(1)
    if change == "row":
        terms = Terms(np.zeros(columns, dtype=int), np.arange(columns), np.ones(columns))
        return append(p, none, none, none, one - np.inf, one + 10 * new, terms)
    if change == "column":
        terms = Terms(np.zeros(1, dtype=int), np.array([columns]), np.ones(1))
        return append(p, one + 1, one, one + new, one - np.inf, one + 5, terms)
    return program([new, 1], [[1, new]], [5, 5], [-np.inf], [3 * new])


def at(array, position, value):
    out = np.array(array, dtype=float)
    out[position] = value
    return out


@given(chains())
@settings(max_examples=60, deadline=None)
def test_every_solve_of_a_chain_is_that_of_a_fresh_solver(chain):
    warm = WarmSolver()
    for p in chain:
        mine, fresh = warm.solve(p), solve_program(p)
        assert mine.status == fresh.status
        if fresh.usable:
            assert mine.objective == pytest.approx(fresh.objective, rel=1e-9, abs=1e-7)
            activity = p.matrix.times(mine.values)
            assert np.all(activity <= p.row_upper + 1e-6)
            assert np.all(activity >= p.row_lower - 1e-6)
            assert mine.prices.shape == (p.shape[0],)


def test_programs_with_switches_and_other_solvers_are_solved_afresh():
    whole = program([1], [[2]], [np.inf], [-np.inf], [5], np.array([True]))
    assert WarmSolver().solve(whole).values == pytest.approx([2])
    warm = WarmSolver(Options(solver="cbc"))
    assert warm.solve(windows()).objective == pytest.approx(36)


def test_a_mark_brings_a_solver_back_to_its_corner():
    # With a score of 0 every corner is best: from the mark, the solver stays where it was.
    warm = WarmSolver()
    best = warm.solve(windows())
    mark = warm.mark()
    warm.solve(replace(windows(), cost=np.array([-1.0, -1.0])))
    assert pickle.loads(pickle.dumps(mark.corner)).columns == mark.corner.columns  # it goes to other processes too
    assert warm.solve(replace(windows(), cost=np.zeros(2)), mark).values == pytest.approx(best.values)


def test_the_shipped_baseline_with_changed_limits():
    _, p = relaxed_shipped(BASELINE)
    warm = WarmSolver()
    best = warm.solve(p)
    binding = np.flatnonzero((best.prices > 0.1) & np.isfinite(p.row_upper))[::40]
    for row in binding[:4]:
        more = replace(p, row_upper=at(p.row_upper, row, p.row_upper[row] + 5), row_lower=np.minimum(p.row_lower, p.row_upper))
        assert warm.solve(more).objective == pytest.approx(solve_program(more).objective, rel=1e-8)
    held = hold(p, p.cost, best.objective, 0.01)
    fewest = replace(held, cost=np.where(np.arange(p.shape[1]) < 400, -1.0, 0.0))
    assert warm.solve(held).objective == pytest.approx(best.objective, rel=1e-8)
    assert warm.solve(fewest).objective == pytest.approx(solve_program(fewest).objective, rel=1e-7, abs=1e-4)
    assert Status.OPTIMAL is warm.solve(p).status
