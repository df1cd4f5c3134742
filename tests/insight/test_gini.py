"""The Gini coefficient of coverage and the worst-off, worked out by hand and by the double sum over pairs."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from cases import TINY
from fundalloc.cli import cli
from fundalloc.insight.fairness import fairness
from fundalloc.run import solve
from fundalloc.scenario.loading import load

TWO = """needs=[{partnership: tunisia, area: returns, need: 10}, {partnership: egypt, area: returns, need: 30}]"""
START = """instrument,partnership,area,year,amount
amif,tunisia,returns,2025,6
amif,tunisia,returns,2026,6
amif,egypt,returns,2026,10
"""


@pytest.fixture
def two(tmp_path):
    (tmp_path / "start.csv").write_text(START, "utf-8")
    return load(
        TINY, settings=[TWO, f"baseline={tmp_path / 'start.csv'}", "rules.packages.off=true", "rules.packages.reason=x"], allow_outside=True
    )


def test_by_hand(two):
    # needs 10 and 30; 12 euros meet 10 of the first, 10 meet 10 of the second: coverage 1 and 1/3, in all 1/2.
    # over pairs: 2 x 10 x 30 x (1 - 1/3) / (2 x 40 x 40 x 1/2) = 400 / 1600
    _, before = fairness(solve(two))
    assert (before.gini, before.worst_off, before.coverage) == (0.25, "egypt", pytest.approx(1 / 3))


def test_against_the_sum_over_pairs():
    plan = solve(load(TINY))
    table = plan.coverage_by("partnership")
    table = table[table["need"] > 0]
    need, coverage = table["need"].to_numpy(), table["coverage"].to_numpy()
    mean = table["met"].sum() / table["need"].sum()
    pairs = np.abs(coverage[:, None] - coverage) * need[:, None] * need
    now, before = fairness(plan)
    assert now.gini == pytest.approx(pairs.sum() / (2 * need.sum() ** 2 * mean))
    assert (now.worst_off, now.coverage) == (table["coverage"].idxmin(), table["coverage"].min())
    assert before is None


def test_nobody_is_better_off_where_all_are_covered_alike_or_nothing_is_needed():
    alike = ["needs=[{partnership: tunisia, area: returns, need: 1}, {partnership: egypt, area: returns, need: 1}]"]
    assert fairness(solve(load(TINY, settings=alike)))[0].gini == 0
    assert fairness(solve(load(TINY, settings=["needs=[]", "rules.legal-floor.off=true", "rules.legal-floor.reason=x"])))[0] is None


def test_where_it_is_said(tmp_path):
    runner, start = CliRunner(), ["--baseline", str(TINY.parents[2] / "tests/golden/plan.csv"), "--allow-outside"]
    text = runner.invoke(cli, ["run", str(TINY), *start]).stdout
    assert "worst off: Global programme, 50% covered (Baseline – Gini coefficient 0.471" in text
    told = json.loads(runner.invoke(cli, ["run", str(TINY), "--json", "-o", str(tmp_path / "a.xlsx")]).stdout)["result"]["fairness"]
    assert (told["plan"]["worst_off"], told["plan"]["coverage"], told["baseline"]) == ("global", 0.5, None)
    rows = {row[0]: row[1] for row in load_workbook(tmp_path / "a.xlsx", data_only=True)["Summary"].iter_rows(values_only=True)}
    assert rows["Gini coefficient of coverage, weighted by need"] == pytest.approx(told["plan"]["gini"])
    assert rows["Coverage of the worst-off"] == 0.5
    both = ["compare", str(TINY), str(TINY.with_name("tiny-returns.yaml")), "-o", str(tmp_path / "both.xlsx")]
    assert runner.invoke(cli, both).exit_code == 0
    cells = [cell for sheet in load_workbook(tmp_path / "both.xlsx") for row in sheet.iter_rows(values_only=True) for cell in row]
    assert "Gini coefficient of coverage, weighted by need" in cells
    assert "Global programme, 50%" in cells
