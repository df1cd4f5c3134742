import highspy
import numpy as np
import pytest

from cases import SHIPPED, TINY, TWO_BY_TWO, relaxed_shipped, write
from fundalloc.errors import UsageError
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, Status, solve_program

WAYS = [Options(method="simplex"), Options(method="ipm"), Options(solver="cbc"), Options(solver="highs-pulp")]


def way(options: Options) -> str:
    return options.method or options.solver


def program(cost, rows, lower, upper, row_lower, row_upper, integer=None) -> LinearProgram:
    dense = np.array(rows, dtype=float).reshape(len(row_lower), len(cost))
    row, column = np.nonzero(dense)
    return LinearProgram(
        np.array(cost, dtype=float),
        np.array(lower, dtype=float),
        np.array(upper, dtype=float),
        np.array(row_lower, dtype=float),
        np.array(row_upper, dtype=float),
        stack([(len(row_lower), Terms(row, column, dense[row, column]))]),
        integer=integer,
    )


@pytest.mark.parametrize("options", WAYS, ids=way)
def test_known_optimum_and_prices(options):
    # Maximise 3x + 2y with x + y <= 4, x + 3y <= 6, x <= 3: x = 3, y = 1, score 11.
    # The first row is worth 2 a unit, the bound on x one, the second row nothing (3 + 3 = 6 holds exactly: so widen it to 7).
    solution = solve_program(program([3, 2], [[1, 1], [1, 3]], [0, 0], [3, 9], [-np.inf, -np.inf], [4, 7]), options)
    assert solution.status is Status.OPTIMAL
    assert solution.objective == pytest.approx(11)
    assert solution.values == pytest.approx([3, 1])
    assert solution.prices == pytest.approx([2, 0])


@pytest.mark.parametrize("options", WAYS, ids=way)
def test_a_floor_has_a_negative_price(options):
    # Maximise 2x + y with x + y <= 10 and y >= 4: raising the floor by one costs 1.
    solution = solve_program(program([2, 1], [[1, 1], [0, 1]], [0, 0], [99, 99], [-np.inf, 4], [10, np.inf]), options)
    assert solution.objective == pytest.approx(16)
    assert solution.prices == pytest.approx([2, -1])


@pytest.mark.parametrize("options", WAYS, ids=way)
def test_infeasible_is_said_and_has_no_values(options):
    solution = solve_program(program([1], [[1], [1]], [0], [9], [5, -np.inf], [np.inf, 4]), options)
    assert solution.status is Status.INFEASIBLE
    assert len(solution.values) == 0


@pytest.mark.parametrize("options", [o for o in WAYS if o.solver != "highs-pulp"], ids=way)
def test_unbounded_is_said(options):
    solution = solve_program(program([1], [[1]], [0], [np.inf], [0], [np.inf]), options)
    assert solution.status in (Status.UNBOUNDED, Status.INFEASIBLE if options.solver == "cbc" else Status.UNBOUNDED)
    assert not solution.usable


@pytest.mark.parametrize("options", [WAYS[0], WAYS[2]], ids=way)
def test_whole_numbers(options):
    # Maximise 5x + 4y with 6x + 4y <= 24, x + 2y <= 6 in whole numbers: (4, 0) gives 20; the relaxation (3, 1.5) would give 21.
    both = np.array([True, True])
    solution = solve_program(program([5, 4], [[6, 4], [1, 2]], [0, 0], [9, 9], [-np.inf] * 2, [24, 6], both), options)
    assert solution.objective == pytest.approx(20)
    assert solution.values == pytest.approx([4, 0])


@pytest.mark.parametrize("options", WAYS, ids=way)
def test_two_by_two_as_on_paper(tmp_path, options):
    solution = solve_program(compile_program(load(write(tmp_path, TWO_BY_TWO))), options)
    assert solution.objective == pytest.approx(12 + 4.32 + 3.4)


@pytest.mark.parametrize("options", WAYS, ids=way)
def test_shadow_price_is_the_gain_from_one_more(tmp_path, options):
    # One more tenth for A meets 0.1 of North's need at 1.0; one more for B frees half as much from A: 0.5.
    base = compile_program(load(write(tmp_path, TWO_BY_TWO)))
    solution = solve_program(base, options)
    ceilings = base.block("ceiling").rows
    assert solution.prices[ceilings] == pytest.approx([1.0, 0.5])
    for instrument, gain in (("a", 0.1), ("b", 0.05)):
        amount = float(TWO_BY_TWO["instruments"][instrument]["ceiling"]) + 0.1
        richer = load(tmp_path / "case.yaml", settings=[f"instruments.{instrument}.ceiling={amount:.1f}"])
        assert solve_program(compile_program(richer), options).objective - solution.objective == pytest.approx(gain)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_way_reaches_the_same_objective_on_shipped_scenarios(path):
    _, compiled = relaxed_shipped(path)
    objectives = {way(options): solve_program(compiled, options).objective for options in WAYS}
    expected = objectives["simplex"]
    assert objectives == {name: pytest.approx(expected, rel=1e-7) for name in objectives}


class TellsAnother(highspy.Highs):
    """A solver that reports a score other than that of its values, as one was seen to do when given a start."""

    def getInfo(self):
        info = super().getInfo()
        info.objective_function_value = 22.401
        return info


@pytest.mark.parametrize("integer", [None, [True, False]], ids=["linear", "whole"])
def test_the_score_is_that_of_the_values(monkeypatch, integer):
    monkeypatch.setattr("fundalloc.solvers.highs.highspy.Highs", TellsAnother)
    solution = solve_program(program([3, 2], [[1, 1], [1, 3]], [0, 0], [3, 9], [-np.inf, -np.inf], [4, 7], integer and np.array(integer)))
    assert solution.values == pytest.approx([3, 1])
    assert solution.objective == pytest.approx(11)


def test_an_unknown_solver_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match=r"no solver 'cbcc' here; did you mean 'cbc'\?"):
        solve_program(program([1], [[1]], [0], [1], [0], [1]), Options(solver="cbcc"))


def test_nan_is_no_program():
    with pytest.raises(ValueError, match="not a number"):
        solve_program(program([1], [[1]], [0], [1], [0], [np.nan]), Options())


@pytest.mark.parametrize("ending", [".lp", ".mps"])
def test_files_for_other_tools_reach_the_same_score(tmp_path, ending):
    import highspy

    from fundalloc.export.program import write_program_files

    scenario = load(TINY)
    file, names = write_program_files(scenario, tmp_path / f"tiny{ending}")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(file)) == highspy.HighsStatus.kOk
    highs.run()
    expected = solve_program(compile_program(scenario)).objective
    assert -highs.getInfo().objective_function_value == pytest.approx(expected)
    listed = names.read_text("utf-8").splitlines()
    assert "c0,line ndici|tunisia|smuggling|2025" in listed
    assert any(line.endswith("packages tunisia at least") for line in listed)
