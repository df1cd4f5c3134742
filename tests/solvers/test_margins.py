"""Margins in place of lines: the same optimum, a lawful plan, prices that prove it, and a corner from which nothing is left to do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.generate import generate
from cases import SHIPPED, relaxed_shipped
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.plan.certificate import certify, column_bounds, weak_duality
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, Status, highs, solve_program
from fundalloc.solvers.margins import margins
from fundalloc.solvers.warm import Mark, WarmSolver

INF = np.inf


def program(cost, rows, row_upper, grid, lower=None, upper=None, keys=None) -> LinearProgram:
    dense = np.array(rows, dtype=float)
    row, column = np.nonzero(dense)
    count = dense.shape[1]
    return LinearProgram(
        np.array(cost, dtype=float),
        np.zeros(count) if lower is None else np.array(lower, dtype=float),
        np.full(count, INF) if upper is None else np.array(upper, dtype=float),
        np.full(len(dense), -INF),
        np.array(row_upper, dtype=float),
        stack([(len(dense), Terms(row, column, dense[row, column]))]),
        keys=np.arange(count) if keys is None else np.array(keys),
        grid=grid,
    )


# One table of 2 areas and 3 years, lines area by area. The years may have 5, 3 and 2; the first area at most 4.
YEARS = [[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1]]
FIRST_AREA = [1, 1, 1, 0, 0, 0]


def paper(**changes):
    given = {"cost": [2, 2, 2, 1, 1, 1], "rows": [*YEARS, FIRST_AREA], "row_upper": [5, 3, 2, 4], "grid": (2, 3)} | changes
    return program(**given)


def whole(stated, smaller):
    return smaller.answer(stated, highs.solve(smaller.program, Options()))


def test_on_paper():
    # 4 for the first area at 2, the other 6 at 1: 14. Years fill from the first: area one has all of its 4 in year one, area two the rest.
    stated = paper()
    smaller = margins(stated)
    assert smaller.program.shape == (5, 5)  # one row that ties 2 areas to 3 years
    found = whole(stated, smaller)
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound == pytest.approx(14)
    assert found.values == pytest.approx([4, 0, 0, 1, 3, 2])
    assert found.prices == pytest.approx([1, 1, 1, 1])


def test_money_that_is_there_stays():
    # 2 are committed to the second area in year two and count in its year and table; the rest is as before: 3 x 1 less where it lies.
    stated = paper(lower=[0, 0, 0, 0, 2, 0])
    found = whole(stated, margins(stated))
    assert found.objective == pytest.approx(14)
    assert found.values[4] >= 2
    assert YEARS @ found.values == pytest.approx([5, 3, 2])


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": [*YEARS, [1, 0, 0, 0, 0, 0]]},  # one line alone
        {"rows": [*YEARS, [1, 1, 0, 0, 0, 0]]},  # an area in some of its years
        {"rows": [*YEARS, [1, 1, 1, 0, 0, 1e-6]]},  # one line counts for a little more
        {"cost": [2, 2, 2, 1, 1, 1.001]},
        {"upper": [INF] * 5 + [1]},
        {"lower": [0] * 5 + [-INF]},
        {"keys": [0, 1, 2, 3, 4, -1]},  # a place of the table is no line
        {"grid": (1, 1)},
    ],
    ids=str,
)
def test_where_a_row_or_cost_counts_single_lines_they_stay(changes):
    assert margins(paper(**changes)) is None


def test_areas_and_years_in_one_row():
    # u = (1, 3), v = (0, 2, 5): every line counts by the sum of the two.
    both = [1, 3, 6, 3, 5, 8]
    stated = paper(rows=[*YEARS, FIRST_AREA, both], row_upper=[5, 3, 2, 4, 30])
    found = whole(stated, margins(stated))
    assert found.objective == pytest.approx(solve_program(replace(stated, keys=None)).objective)
    assert np.dot(both, found.values) <= 30 + 1e-7


@st.composite
def programs(draw):
    """Some tables, of which some places may lack, with rows of any kind on them; figures are small whole numbers."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tables, areas, years, more = 3, int(random.integers(2, 4)), int(random.integers(2, 5)), 3
    size = tables * areas * years
    keep = random.random(size) > draw(st.sampled_from([0.0, 0.02]))
    rows = []
    for _ in range(8):
        u, v = random.integers(-1, 3, (tables, areas)) * (random.random((tables, 1)) < 0.5), random.integers(0, 3, (tables, years))
        v = v * (random.random((tables, 1)) < 0.5)
        rows.append((u[:, :, None] + v[:, None, :]).ravel())
    if draw(st.booleans()):
        rows.append((random.random(size) < 0.1).astype(float))
    rows.append(np.ones(size))  # nothing grows without end
    dense = np.hstack([np.array(rows)[:, keep], random.integers(-1, 2, (len(rows), more))])
    dense[-1, -more:] = 1
    cost = np.concatenate([np.repeat(random.integers(0, 4, (tables, areas)), years)[keep], random.integers(-1, 3, more)])
    lower = np.concatenate([np.where(random.random(size) < 0.1, 1.0, 0.0)[keep], np.zeros(more)])
    upper = np.concatenate([np.where(random.random(size) < 0.02, 3.0, INF)[keep], np.full(more, 9.0)])
    keys = np.concatenate([np.flatnonzero(keep), np.full(more, -1)])
    limits = dense @ lower + random.integers(0, 30, len(rows))
    return program(cost, dense, limits, (areas, years), lower, upper, keys)


@given(programs())
@settings(deadline=None, max_examples=150)
def test_the_answer_is_one_of_the_whole_program(stated):
    smaller, lines = margins(stated), solve_program(replace(stated, keys=None))
    if smaller is None:
        return
    assert smaller.program.shape[1] < stated.shape[1]
    found = whole(stated, smaller)
    assert found.status is lines.status is Status.OPTIMAL
    assert found.objective == pytest.approx(lines.objective, abs=1e-7)
    assert (stated.matrix.times(found.values) <= stated.row_upper + 1e-7).all()
    assert (found.values >= stated.lower - 1e-9).all()
    assert (found.values <= stated.upper + 1e-9).all()
    # The prices prove the bound of the whole program, in fractions; no column can exceed the limit of the last row.
    upper = np.minimum(stated.upper, stated.row_upper[-1])
    assert float(weak_duality(stated, found.prices, stated.lower, upper)) == pytest.approx(lines.objective, abs=1e-6)
    if found.corner is not None:
        warm = WarmSolver(Options(method="simplex")).solve(stated, Mark(stated, found.corner))
        assert warm.objective == pytest.approx(lines.objective, abs=1e-7)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    scenario = load(generate(tmp_path_factory.mktemp("made"), 3_000, 7))
    return scenario, compile_program(scenario)


def test_the_bound_is_proved_on_the_lines(made):
    scenario, stated = made
    smaller = margins(stated)
    assert smaller.program.shape[1] < 0.6 * stated.shape[1]
    assert smaller.program.terms < 0.3 * stated.terms
    found = solve_program(stated)
    proved = certify(stated, found.prices, scenario.lines, found.objective)
    assert 0 <= proved.bound - proved.score < 1e-6
    upper = column_bounds(stated, scenario.lines)[1]
    assert (found.values <= upper + 1e-7).all()
    assert found.objective == pytest.approx(highs.solve(replace(stated, keys=None), Options()).objective, rel=1e-10)


def test_a_warm_solver_starts_where_the_margins_ended(made):
    _, stated = made
    found = solve_program(stated)
    warm = WarmSolver().solve(stated, Mark(stated, found.corner))
    assert warm.objective == pytest.approx(found.objective, rel=1e-10)
    assert warm.iterations == 0


def test_shipped_scenarios_have_tables():
    path = next(p for p in SHIPPED if p.stem == "baseline" and p.parent.name.startswith("mff"))
    stated = relaxed_shipped(path)[1]
    assert len(margins(stated).tables) > 150


def test_small_programs_keep_their_lines(monkeypatch):
    monkeypatch.setattr(highs, "margins", lambda _: pytest.fail("looked for margins"))
    assert solve_program(paper()).objective == pytest.approx(14)
