"""Years that are over: closed, or said to be reconstructed; and then said on everything that goes out."""

import json
from typing import Any

import pytest
from openpyxl import load_workbook

from cases import TWO_BY_TWO, write

pytest_plugins = ("calls",)

LINE = {"instrument": "a", "partnership": "south", "area": "returns", "year": "2026"}
CASE: dict[str, Any] = {
    **TWO_BY_TWO,
    "as_of": "2026-06-30",
    "years": "2025-2027",
    "past": "reconstructed",
    "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": {"each": "3"}}},
    "eligibility": [{"instrument": "a", "area": "returns"}],
    "decided": [{**LINE, "amount": "1", "state": "locked", "decision": "d"}],
}
"""Needs of 20 take all money, 3 a year: 9 in all, 6 from 2026 on, of which 1 is decided."""
SAID = "Over and planned anew, as a reconstruction (as of 2026-06-30): 2025."


@pytest.fixture
def case(tmp_path):
    return write(tmp_path, CASE)


def told(path) -> str:
    """All texts of a workbook, a line each."""
    return "\n".join(str(cell) for sheet in load_workbook(path, data_only=True) for row in sheet.values for cell in row if cell is not None)


@pytest.mark.parametrize(
    ("closed", "place", "open_years", "over"),
    [({}, '"years"', "2025-2027", "2025-2027"), ({"closed": "2025"}, '"closed"', "2026, 2027", "2025-2027")],
)
def test_what_is_neither_closed_nor_reconstructed_is_refused(fundalloc, tmp_path, closed, place, open_years, over):
    plain = {key: value for key, value in CASE.items() if key != "past"}
    result = fundalloc("check", write(tmp_path, {**plain, "as_of": "2028-01-01", **closed}))
    assert result.exit_code == 3
    assert f"{open_years.replace(', ', '-')}: before as_of (2028-01-01) and not closed" in result.stderr
    assert place in result.stderr
    assert f"write `closed: {over}` (only decided money counts), or `past: reconstructed`" in result.stderr


def test_the_year_of_as_of_is_open(fundalloc, tmp_path):
    plain = {key: value for key, value in CASE.items() if key != "past"}
    for today, closed in (("2025-12-31", {}), ("2026-01-01", {"closed": "2025"})):
        result = fundalloc("run", write(tmp_path, {**plain, "as_of": today, **closed}), "-n")
        assert result.exit_code == 0, result.stderr
        assert "Over and planned anew" not in result.stdout


def test_a_run_says_so_and_names_what_lies_ahead(fundalloc, case, tmp_path):
    result = fundalloc("run", case, "-o", tmp_path / "plan.xlsx")
    assert SAID in result.stdout
    assert "From 2026 on, EUR\u00a06.0 million of the EU budget are planned, 5.0 of them newly." in result.stdout
    stated = json.loads(fundalloc("run", case, "--json", "-n").stdout)["result"]
    assert stated["scenario"]["reconstructed"] == [2025]


def test_the_workbook_says_so_on_cover_and_cabinet_page(fundalloc, case, tmp_path):
    fundalloc("run", case, "-o", tmp_path / "plan.xlsx")
    book = load_workbook(tmp_path / "plan.xlsx", data_only=True)
    assert SAID in "\n".join(str(cell.value) for row in book["Cover"] for cell in row)
    assert SAID in book.properties.description
    cabinet = "\n".join(str(cell.value) for row in book["Cabinet page"] for cell in row).replace("\u00a0", " ")
    assert SAID in cabinet
    assert "EUR 5 million of what is newly planned lie in 2026 or later and can still be decided" in cabinet
    assert "the rest reconstructs years that are over (2025)." in cabinet
    summary = {row[4].value: row[1].value for row in book["Summary"].iter_rows(min_row=2)}
    assert (summary["planned"], summary["planned_ahead"], summary["new_ahead"]) == (9, 6, 5)


@pytest.mark.parametrize(
    "command", [("sweep", "--vary", "instruments.a.ceiling.each=2..3:1"), ("alternatives",), ("compare", "other.yaml")]
)
def test_studies_and_comparisons_say_so(fundalloc, case, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.yaml").write_text("extends: case.yaml\nscenario: other\ninstruments: {a: {ceiling: {each: 2}}}\n", "utf-8")
    verb, *rest = command
    result = fundalloc(verb, "case.yaml", *rest, "-o", "out.xlsx")
    assert result.exit_code in (0, 8), result.stderr
    assert SAID in result.stdout
    assert SAID in told(tmp_path / "out.xlsx")


def test_a_baseline_without_a_plan_is_told_apart_from_one_that_says_too_little(fundalloc, tmp_path):
    floor = {
        "kind": "amount",
        "says": "Floor",
        "source": "assumption",
        "money": {"instrument": "a"},
        "at_least": "12",
        "negotiable": "political",
    }
    write(tmp_path, {key: value for key, value in CASE.items() if key != "past"} | {"rules": {"floor": floor}}, "plain.yaml")
    result = fundalloc("run", write(tmp_path, {**CASE, "closed": "2025", "baseline": "plain.yaml"}, "later.yaml"), "-n")
    assert result.exit_code == 4, result.stderr
    assert "lower “Floor” from 12" in result.output


def test_a_baseline_and_a_scenario_beside_a_result_need_not_say_so(fundalloc, case, tmp_path):
    fundalloc("run", case, "-o", tmp_path / "plan.xlsx")
    plain = write(tmp_path, {key: value for key, value in CASE.items() if key != "past"}, "plain.yaml")
    later = write(tmp_path, {**CASE, "closed": "2025", "baseline": plain.name}, "later.yaml")
    assert fundalloc("run", later, "-n").exit_code == 0
    assert fundalloc("verify", tmp_path / "plan.xlsx").exit_code == 0
