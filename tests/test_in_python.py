"""What a modeller meets in Python: names, short looks, scenarios without files, words with suggestions, errors that travel."""

from __future__ import annotations

import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import fundalloc
from cases import TINY
from fundalloc.errors import Conflict, FundallocError, NotVerified, Place, SolverFailed
from fundalloc.insight.conflict.diagnose import Diagnosis, NoPlan
from fundalloc.scenario.scenario import Scenario


@pytest.fixture
def head() -> dict[str, Any]:
    return deepcopy(yaml.safe_load(TINY.read_text("utf-8")))


def test_a_scenario_and_a_plan_show_themselves_on_one_line(tiny: Scenario) -> None:
    plan = fundalloc.solve(tiny)
    assert repr(tiny) == "<Scenario tiny: 4 instruments, 4 partnerships, 3 areas, 2 years, 42 lines, 3 rules, 6 demands>"
    assert repr(plan) == "<Plan of tiny: optimal, 64.6 points, EUR 72.2 million of the EU budget planned>"
    assert "<tr><td>tunisia</td><td>9.6</td><td>8.0</td><td>6.4</td></tr>" in plan._repr_html_()


def test_what_a_notebook_shows_cannot_carry_markup(head: dict[str, Any]) -> None:
    head["areas"]["smuggling"]["name"] = "Fighting <script>alert(1)</script>"
    sweep = fundalloc.sweep(fundalloc.Source(str(TINY)), [fundalloc.parse_vary("instruments.amif.ceiling.each=6..10:2")], search=False)
    assert repr(sweep) == "<Sweep of tiny: instruments.amif.ceiling.each, 3 points, 0 breaks>"
    assert "<script>" not in sweep._repr_html_() + fundalloc.load(head)._repr_html_()


def test_solve_takes_a_file_and_says_what_it_takes() -> None:
    assert fundalloc.solve(TINY).score == pytest.approx(64.638)
    with pytest.raises(FundallocError, match=r"solve takes a Scenario or the name of a scenario file, not int"):
        fundalloc.solve(3)  # type: ignore[arg-type]


def test_words_that_are_none_get_a_suggestion(tiny: Scenario) -> None:
    plan = fundalloc.solve(tiny)
    for call, message in {
        lambda: plan.pivot("partner", "area"): "unknown word 'partner': did you mean 'partnership'?",
        lambda: plan.pivot("area", "area"): "'area' is asked for twice",
        lambda: plan.total("yaer"): "unknown word 'yaer': did you mean 'year'?",
        lambda: plan.total("area", counts="budgets"): "unknown word 'budgets': did you mean 'budget'?",
        lambda: plan.coverage_by("year"): "unknown word 'year': expected one of: area, partnership",
    }.items():
        with pytest.raises(FundallocError) as error:
            call()
        assert message in str(error.value)


def test_a_mapping_is_read_like_its_file(tiny: Scenario, head: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # it lies nowhere
    plan, before = fundalloc.solve(fundalloc.load(head)), fundalloc.solve(tiny)
    assert plan.allocation.equals(before.allocation)
    fundalloc.write_workbook(plan, tmp_path / "plan.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.xlsx"]


def test_tables_may_be_frames(tiny: Scenario, head: dict[str, Any]) -> None:
    needs, decided = pd.DataFrame(head.pop("needs")), pd.DataFrame(head.pop("decided"))
    decided["year"] = decided["year"].astype(float)  # as pandas makes of years beside an empty cell
    scenario = Scenario.from_tables(head, needs=needs.set_index(["partnership", "area"]), decided=decided)
    assert fundalloc.solve(scenario).allocation.equals(fundalloc.solve(tiny).allocation)


def test_problems_of_frames_name_table_row_and_column(head: dict[str, Any]) -> None:
    needs = pd.DataFrame(head.pop("needs")).astype(object)
    needs.loc[1, "need"], needs.loc[2, "area"] = "12,5,3", "returnz"
    with pytest.raises(fundalloc.ScenarioError) as error:
        Scenario.from_tables(head, needs=needs)
    assert [str(p.place) for p in error.value.problems] == ["needs.csv:3:17", "needs.csv:4:9"]
    assert "did you mean 'returns'?" in str(error.value)
    with pytest.raises(FundallocError, match=r"no table 'need': did you mean 'needs'\?"):
        Scenario.from_tables(head, need=needs)
    with pytest.raises(FundallocError, match="'eligibility' is given twice"):
        Scenario.from_tables(head, eligibility=needs)


def test_where_there_is_no_plan_the_rules_that_clash_are_named(head: dict[str, Any]) -> None:
    head["rules"]["packages"]["at_least"] = {"tunisia": 1000}  # more than all instruments have
    with pytest.raises(fundalloc.Infeasible) as error:
        fundalloc.solve(fundalloc.load(head))
    assert "packages" in {conflict.rule for conflict in error.value.conflicts}
    assert "These clash: " in str(error.value)


@pytest.mark.parametrize(
    "error",
    [
        fundalloc.ScenarioError.of(Place("a.yaml", 3, 1), "wrong", "hint"),
        fundalloc.Infeasible([Conflict("rule", "says", "a.yaml:3:1")]),
        NoPlan(Diagnosis(()), [], ["repair.yaml"], "", "tiny"),
        SolverFailed("time", "too late"),
        NotVerified("wrong", ["this"], "plan.xlsx"),
    ],
)
def test_errors_travel_between_processes(error: FundallocError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_what_is_large_shows_itself_on_one_line(tiny: Scenario) -> None:
    program = fundalloc.compile_program(tiny)
    assert repr(program) == "<LinearProgram: 26 rows, 72 columns, 235 terms>"
    assert repr(fundalloc.solve_program(program)).startswith("<Solution: optimal, 64.6578 points, HiGHS ")


@pytest.mark.parametrize("rule", [None, "{kind: minimum_size, says: s, for_each: [instrument, partnership], at_least: 3, source: a}"])
def test_another_library_solves_the_program_as_scipy_takes_it(rule: str | None) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    program = fundalloc.compile_program(fundalloc.load(TINY, settings=[f"rules.size={rule}"] if rule else []))
    given = program.to_scipy()
    assert given["constraints"].A.shape == program.shape
    assert given["integrality"].any() == (rule is not None)
    assert -optimize.milp(**given).fun == pytest.approx(fundalloc.solve_program(program).objective)


def test_every_column_of_a_table_has_a_meaning_and_every_figure_a_unit(tiny: Scenario) -> None:
    moving = fundalloc.load(TINY, settings=["transfers.home={from: amif, to: ndici, at_most: 20 %, source: assumption}"])
    plan, bench = fundalloc.solve(moving), fundalloc.Bench(moving)
    tables = [plan.allocation, plan.free_money, plan.rules_table, *map(plan.coverage_by, ("partnership", "area"))]
    tables += [fundalloc.amount_ranges(bench, ("year",)), fundalloc.value_of_money(bench), fundalloc.price_list(bench).rules]
    for table in tables:
        figures = [name for name, kind in table.dtypes.items() if kind.kind == "f"]
        assert set(table.attrs["columns"]) == {*table.columns, *filter(None, table.index.names)}
        assert set(table.attrs["units"]) == set(figures)
        assert all(table.attrs["columns"].values())
    assert plan.total("area").attrs == plan.pivot("area", "year").attrs == {"unit": "EUR million"}


def test_rows_that_count_members_are_no_money() -> None:
    counting = "rules.few={kind: count, says: s, for_each: partnership, counting: instrument, at_most: 3, source: a}"
    assert fundalloc.solve(fundalloc.load(TINY, settings=[counting])).rules_table.attrs["units"]["amount"] == "EUR million, or members"


def test_a_study_takes_the_name_of_a_file_and_says_what_it_takes() -> None:
    sweep = fundalloc.sweep(TINY, ["instruments.amif.ceiling.each=8,10"], search=False)
    assert repr(sweep) == "<Sweep of tiny: instruments.amif.ceiling.each, 2 points, 0 breaks>"
    with pytest.raises(FundallocError, match=r"a study takes a Source or the name of a scenario file, not Scenario"):
        fundalloc.find_frontier(fundalloc.load(TINY), ("impact", "unallocated"))  # type: ignore[arg-type]
