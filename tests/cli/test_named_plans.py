"""Which plan is the plan: a name is taken wherever a plan is."""

import pytest

from cases import TINY

pytest_plugins = ("calls",)


@pytest.fixture(autouse=True)
def _own_names(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNDALLOC_LEDGER", str(tmp_path / "ledger" / "runs.sqlite"))


@pytest.fixture
def book(fundalloc, tmp_path):
    """The plan of the tiny case as a workbook."""
    path = tmp_path / "plan.xlsx"
    assert fundalloc("run", TINY, "-o", path).exit_code == 0
    return path


def test_a_name_is_taken_wherever_a_plan_is(fundalloc, book, tmp_path):
    named = fundalloc("runs", "name", book, "adopted-2026-11")
    assert named.exit_code == 0, named.output
    book.unlink()  # the name stands for a copy
    assert "verified: 6 demands" in fundalloc("verify", "adopted-2026-11").stdout
    assert "No partnership receives more or less." in fundalloc("compare", "adopted-2026-11", TINY).stdout
    assert "ndici|tunisia|smuggling|2026: 3.3" in fundalloc("show", "adopted-2026-11").stdout
    for option in ("--baseline", "--plan"):
        assert fundalloc("run", TINY, option, "adopted-2026-11", "-n").exit_code == 0
    assert fundalloc("explain", TINY, "tunisia", "--against", "adopted-2026-11").exit_code == 0
    assert fundalloc("new", tmp_path / "next", "--from", "adopted-2026-11", "--year", 2026).exit_code == 0


def test_a_run_of_the_ledger_and_its_workbook_are_one_plan(fundalloc, book, tmp_path):
    assert fundalloc("run", TINY, "--ledger", tmp_path / "ledger" / "runs.sqlite").exit_code == 0
    assert fundalloc("runs", "name", book, "sent").exit_code == fundalloc("runs", "name", "tiny", "kept").exit_code == 0
    rows = [row.split()[1:4] for row in fundalloc("runs", "names").stdout.splitlines()[1:]]
    assert len(rows) == 2
    assert rows[0] == rows[1]


def test_names_are_not_taken_from_another_plan_in_silence(fundalloc, book, write):
    fundalloc("runs", "name", book, "adopted")
    again = fundalloc("runs", "name", book, "adopted")
    assert (again.exit_code, "Choose another name, or add --force" in again.stderr) == (6, True)
    assert fundalloc("runs", "name", book, "adopted", "--force").exit_code == 0
    assert fundalloc("runs", "names", "--forget", "adopted").stdout.splitlines()[0] == "Forgotten: adopted"
    assert "No plan has a name." in fundalloc("runs", "names").stdout


def test_mistakes_get_a_message(fundalloc, book, write):
    fundalloc("runs", "name", book, "adopted-2026")
    assert "did you mean 'adopted-2026'" in fundalloc("verify", "adopted-2025").stderr
    for run, name, says in [
        (book, "Adopted!", "is no name for a plan"),
        (write("plan.txt", "x"), "x", "is no result (.json, .xlsx) and no run"),
        ("nothing", "x", "'nothing' is no result (.json, .xlsx) and no run"),
    ]:
        refused = fundalloc("runs", "name", run, name)
        assert (refused.exit_code, says in refused.stderr) == (2, True)


def test_a_scenario_that_changed_since_its_run_is_not_taken_for_it(fundalloc, variant, tmp_path):
    path = variant()
    fundalloc("run", path, "--ledger", tmp_path / "ledger" / "runs.sqlite")
    path.write_text(path.read_text("utf-8").replace("at_least: 10 %", "at_least: 11 %"), "utf-8")
    refused = fundalloc("runs", "name", path, "x")
    assert (refused.exit_code, "is not any more what the run" in refused.stderr) == (2, True)
