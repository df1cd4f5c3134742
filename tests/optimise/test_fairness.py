"""The stage `fair`, and deviations that spread, on paper: one instrument with 10, every euro worth the same."""

import pytest

from cases import SHIPPED, TWO_BY_TWO, relaxed_shipped, write
from fundalloc.errors import ScenarioError
from fundalloc.optimise.fairness import fairest
from fundalloc.optimise.stage_programs import optimal_face
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, solve_program

FAIR = {"fair": {"for_each": "partnership"}}
LOWEST = {"lowest_coverage": {"for_each": "partnership"}}
NEEDS = {"north": "20", "south": "20", "east": "10"}


def case(objective, **changes):
    """South may have 2 of its 20, so nothing beats 10 % for the worst-off; 8 are left for North (20) and East (10)."""
    little = {"kind": "amount", "says": "South", "source": "assumption", "money": {"partnership": "south"}, "at_most": "2"}
    return {
        **TWO_BY_TWO,
        "steps": [{"share": "100 %", "value": "1"}],
        "instruments": {"a": TWO_BY_TWO["instruments"]["a"]},
        "partnerships": [{"id": p, "name": p.title(), "level": "bilateral"} for p in NEEDS],
        "eligibility": TWO_BY_TWO["eligibility"][:1],
        "needs": [{"partnership": p, "area": "returns", "need": need, "priority": "1"} for p, need in NEEDS.items()],
        "rules": {"little": little},
        "objective": objective,
        **changes,
    }


def planned(tmp_path, objective, options=None, **changes):
    plan = solve(load(write(tmp_path, case(objective, **changes))), options)
    return tuple(round(plan.total("partnership")[p], 6) for p in NEEDS)


def test_behind_the_worst_off_the_next_one_counts(tmp_path):
    # South has its 10 %. North and East share 8 at the same coverage: 8/30, so 5.333… and 2.666….
    assert planned(tmp_path, ["impact", FAIR]) == (5.3, 2.0, 2.7)


def test_the_lowest_coverage_alone_leaves_the_others_to_settling(tmp_path):
    # A plan in which East has all of the 8 that it needs less one is as good, and closest to such a baseline.
    (tmp_path / "plan.csv").write_text("instrument,partnership,area,year,amount\na,north,returns,2026,2\na,east,returns,2026,6\n", "utf-8")
    assert planned(tmp_path, ["impact", LOWEST], baseline="plan.csv") == (2.0, 2.0, 6.0)
    assert planned(tmp_path, ["impact", FAIR], baseline="plan.csv") == (5.3, 2.0, 2.7)


@pytest.mark.parametrize("options", [Options(method="simplex"), Options(method="ipm"), Options(solver="cbc")])
def test_every_solver_is_as_fair(tmp_path, options):
    assert planned(tmp_path, ["impact", FAIR], options) == (5.3, 2.0, 2.7)


def test_what_fair_may_give_goes_to_the_stage_behind_it(tmp_path):
    # Half of every coverage may go: South keeps 1, North 2.67, East 1.33. The baseline wants as much as possible in the East.
    (tmp_path / "plan.csv").write_text("instrument,partnership,area,year,amount\na,east,returns,2026,10\n", "utf-8")
    north, south, east = planned(tmp_path, ["impact", {**FAIR, "give": "50 %"}, "change"], baseline="plan.csv")
    assert (south, east) == (1.0, 6.3)
    assert north == 2.7


def test_fair_costs_no_score(tmp_path):
    # An euro in the North is worth two: its need takes all, and what is fair cannot change that.
    needs = [{"partnership": p, "area": "returns", "need": "20", "priority": "2" if p == "north" else "1"} for p in NEEDS]
    assert planned(tmp_path, ["impact", FAIR], needs=needs) == (10.0, 0.0, 0.0)


def test_whose_coverage_must_be_said(tmp_path):
    with pytest.raises(ScenarioError) as refused:
        load(write(tmp_path, case(["impact", {"fair": {}}])))
    assert any("fair of whom?" in problem.message for problem in refused.value.problems)


# --- Deviations from the proportional plan ----------------------------------------------------------------------------------------


def by_year(tmp_path, **changes):
    """10 over four years, 2.5 a year in proportion; a rule leaves 0.5 for the first, so 2 go to the others."""
    first = {"kind": "amount", "says": "Little first", "source": "assumption", "money": {"year": "2026"}, "at_most": "0.5"}
    content = {
        **TWO_BY_TWO,
        "years": "2026-2029",
        "round_to": "0.01",
        "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "10"}},
        "partnerships": TWO_BY_TWO["partnerships"][:1],
        "needs": [{"partnership": "north", "area": "returns", "need": "50", "priority": "1"}],
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "rules": {"first": first},
        **changes,
    }
    plan = solve(load(write(tmp_path, content)))
    return [round(float(amount), 6) for amount in plan.steps[:4] * 0.01]


def test_without_a_baseline_deviations_spread(tmp_path):
    # The first 10 % more of a year (0.25) cost one a unit, those up to 30 % (0.75) two, the rest four. 3 x 0.75 are enough for 2.
    first, *others = by_year(tmp_path)
    assert first == 0.5
    assert sum(others) == pytest.approx(9.5)
    assert all(2.75 <= amount <= 3.25 for amount in others)


def test_with_a_baseline_as_little_as_possible_moves(tmp_path):
    # From 2.5, 4.5, 1.5, 1.5 two million have to go; the least is that they go to any of the others, and nothing else moves.
    rows = "".join(
        f"a,north,returns,{year},{amount}\n" for year, amount in zip(range(2026, 2030), ("2.5", "4.5", "1.5", "1.5"), strict=True)
    )
    (tmp_path / "plan.csv").write_text("instrument,partnership,area,year,amount\n" + rows, "utf-8")
    first, *others = by_year(tmp_path, baseline="plan.csv")
    assert first == 0.5
    assert sum(max(now - before, 0) for now, before in zip(others, (4.5, 1.5, 1.5), strict=True)) == pytest.approx(2.0)
    assert max(now - before for now, before in zip(others, (4.5, 1.5, 1.5), strict=True)) > 1.5  # one of them has most of it


def test_what_fair_holds_for_everybody_its_own_plan_has():
    # 47 partnerships in dozens of rounds: a limit that one of them breaks by 1e-7 lifts the next floors by 2e-7 beyond what all can have.
    path = next(p for p in SHIPPED if p.stem == "baseline" and p.parent.name.startswith("mff"))
    scenario, program = relaxed_shipped(path)
    face = optimal_face(program, solve_program(program).prices)
    held, plan = fairest(face, ("partnership",), scenario.lines, Options(), 0.0)
    rows = slice(face.shape[0], None)
    assert held.row_lower[rows].max() > 100
    assert (held.row_lower[rows] - held.matrix.times(plan.values)[rows]).max() < 1e-9
