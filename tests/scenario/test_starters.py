"""New scenarios from what there is: shipped ones copied, a plan rolled forward, settings written as a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from cases import TINY
from fundalloc.errors import OutputError, UsageError
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import PlanAmounts, read_plan
from fundalloc.scenario.starters.rolling import decided_money, needed_files, roll_forward
from fundalloc.scenario.starters.shipped import copy_starter
from fundalloc.scenario.starters.variants import variant_text

PLAN = """instrument,partnership,area,year,amount
ndici,tunisia,smuggling,2025,5
amif,global,returns,2025,2
ndici,tunisia,smuggling,2026,9
"""


@pytest.fixture
def plan(tmp_path: Path) -> tuple[Path, PlanAmounts]:
    path = tmp_path / "allocation.csv"
    path.write_text(PLAN, "utf-8")
    return path, read_plan(path, load(TINY).facts.dimensions)


class TestRolling:
    def test_what_the_plan_gave_beyond_decisions_is_locked(self, plan: tuple[Path, PlanAmounts]) -> None:
        rows = decided_money(load(TINY), plan[1], 2026)
        of_tunisia = [(row.amount, row.state) for row in rows if row.line[1:] == ("tunisia", "smuggling", "2025")]
        assert of_tunisia == [(Fraction(7, 2), "committed"), (Fraction(3, 2), "locked")]
        assert not [row for row in rows if row.line[3] == "2026" and row.line[0] == "ndici"]
        assert [row.amount for row in rows if row.line[0] == "guarantee"] == [40]

    def test_the_new_scenario_closes_the_years_before(self, plan: tuple[Path, PlanAmounts], tmp_path: Path) -> None:
        written = roll_forward(load(TINY), TINY, plan[1], 2026, tmp_path / "rolled", lambda _: "")
        rolled = load(written[0], baseline=plan[0])
        assert rolled.facts.closed == {2025}
        assert rolled.id.endswith("-2026")
        assert all(path.exists() for path in written)

    @pytest.mark.parametrize("year", [2025, 2099])
    def test_the_first_open_year_lies_inside(self, plan: tuple[Path, PlanAmounts], tmp_path: Path, year: int) -> None:
        with pytest.raises(UsageError, match="the first open year must lie from 2026 to"):
            roll_forward(load(TINY), TINY, plan[1], year, tmp_path / "rolled", lambda _: "")
        assert not (tmp_path / "rolled").exists()

    def test_all_that_a_scenario_names_is_needed(self, tmp_path: Path) -> None:
        (tmp_path / "base.yaml").write_text("needs: {file: needs.xlsx#Sheet}\nbaseline: plan.csv\n", "utf-8")
        (tmp_path / "child.yaml").write_text("extends: base.yaml\nrules: {r: {at_least: {file: floors.csv, column: a}}}\n", "utf-8")
        names = [path.name for path in needed_files(tmp_path / "child.yaml")]
        assert names == ["child.yaml", "base.yaml", "needs.xlsx", "plan.csv", "floors.csv"]


class TestShipped:
    @pytest.mark.parametrize("as_workbook", [False, True])
    def test_a_copy_reads_as_the_original(self, tmp_path: Path, as_workbook: bool) -> None:
        copy_starter("mff-2021-2027", tmp_path / "new", as_workbook=as_workbook)
        scenario = load(tmp_path / "new" / "baseline.yaml")
        assert (tmp_path / "new" / "tables.xlsx").exists() is as_workbook
        assert scenario.facts.needs.need.values.sum() > 0

    def test_what_is_there_is_never_written_over(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("mine", "utf-8")
        with pytest.raises(OutputError, match="is not an empty folder"):
            copy_starter("blank", tmp_path)
        with pytest.raises(UsageError, match="No starter"):
            copy_starter("nowhere", tmp_path / "new")


class TestVariants:
    def test_settings_become_a_file_that_extends(self) -> None:
        settings = ["rules.oda.at_least=60 %", "needs.egypt.returns.need=inherited + 5", "needs.tunisia.returns.need=3"]
        assert variant_text(["a.yaml"], "v", [*settings, "rules.oda.at_least=70 %"], ["why\nnot"]).splitlines() == [
            "# why",
            "# not",
            "extends: a.yaml",
            "scenario: v",
            "rules:",
            "  oda:",
            "    at_least: 70 %",
            "needs:",
            "  change:",
            "    - {partnership: egypt, area: returns, need: inherited + 5}",
            "    - {partnership: tunisia, area: returns, need: 3}",
        ]

    def test_words_that_yaml_would_misread_are_quoted(self) -> None:
        text = variant_text(["a.yaml", "b: c.yaml"], "v", ['title="true"'])
        assert 'extends: [a.yaml, "b: c.yaml"]' in text
        assert 'title: "true"' in text
