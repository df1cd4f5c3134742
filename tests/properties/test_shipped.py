"""The shipped scenarios give the same amounts whatever the solver and the order of rows, exactly."""

from __future__ import annotations

import random
import shutil

import pytest
from richer import amounts, largest_difference

from cases import SHIPPED
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options

CHOSEN = [path for path in SHIPPED if path.stem in ("baseline", "ten-percent-cut")]


def name(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", CHOSEN, ids=name)
def test_every_solver_gives_the_same_amounts(path):
    scenario = load(path)
    simplex = solve(scenario, Options(method="simplex"))
    for other in (solve(scenario, Options(method="ipm")), solve(scenario, Options(solver="cbc"))):
        assert other.log.program_score == pytest.approx(simplex.log.program_score, rel=1e-8)
        assert largest_difference(amounts(simplex), amounts(other)) == 0


@pytest.mark.parametrize("path", CHOSEN[:2], ids=name)
def test_the_order_of_rows_in_the_tables_changes_nothing(path, tmp_path):
    folder = tmp_path / path.parent.name
    shutil.copytree(path.parent, folder)
    for table in folder.glob("*.csv"):
        heading, *rows = table.read_text("utf-8").splitlines(keepends=True)
        random.Random(7).shuffle(rows)
        table.write_text("".join([heading, *rows]), "utf-8")
    as_shipped, shuffled = amounts(solve(load(path))), amounts(solve(load(folder / path.name)))
    assert list(as_shipped) != list(shuffled)
    assert largest_difference(as_shipped, shuffled) == 0
