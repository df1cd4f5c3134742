"""Plans read back from JSON, CSV and workbooks: exact amounts, and every problem with its place."""

import json
from fractions import Fraction

import pytest

from fundalloc.errors import ScenarioError
from fundalloc.scenario.plans.amounts import PlanAmounts, read_plan

pytestmark = pytest.mark.lowest

HEADING = "instrument,partnership,area,year,amount\n"
EGYPT = ("amif", "egypt", "returns", "2025")


def complaints(path, fixed, **options) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read_plan(path, fixed.facts.dimensions, **options)
    return [f"{p.place}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in caught.value.problems]


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_csv_is_read_exactly_in_any_order_of_columns(write, fixed):
    text = "year;area;partnership;instrument;amount;comment\n2025;returns;egypt;amif;3,3;x\n2026;returns;egypt;amif;0;\n"
    plan = read_plan(write("plan.csv", text), fixed.facts.dimensions)
    assert plan.amounts == {EGYPT: Fraction(33, 10), ("amif", "egypt", "returns", "2026"): 0}
    assert (plan.said("digest"), plan.said("id"), plan.moves, plan.unknown) == ("", "", None, {})


def test_lines_that_are_missing_hold_nothing(write, fixed):
    plan = read_plan(write("plan.csv", HEADING + "amif,egypt,returns,2025,3.3\n"), fixed.facts.dimensions)
    amounts, unknown = plan.by_line(fixed.lines)
    assert len(amounts) == len(fixed.lines)
    assert (sum(amounts), unknown) == (Fraction(33, 10), {})


def test_a_folder_of_tables_with_moves(write, fixed, tmp_path):
    write("csv/allocation.csv", HEADING + "amif,egypt,returns,2025,3.3\n")
    write("csv/moves.csv", "key,kind,from,to,year,amount\ncarry|amif|2025,carry,amif,amif,2025,0.1\n")
    assert read_plan(tmp_path / "csv", fixed.facts.dimensions).moves == {"carry|amif|2025": Fraction(1, 10)}


def test_csv_problems_come_all_at_once(write, fixed):
    rows = ["amiff,egypt,returns,2025,1", "amif,egypt,returns,2024,1", "amif,north-africa,returns,2025,x", "amif,egypt,returns,2025,1"]
    found = complaints(write("plan.csv", HEADING + "\n".join([*rows, rows[-1]]) + "\n"), fixed)
    assert found == [
        "plan.csv:2:1: unknown instrument 'amiff' (did you mean 'amif'?)",
        "plan.csv:3:20: the year '2024' is outside the period (the years are 2025 to 2026)",
        "plan.csv:4:6: 'north-africa' is a grouping and holds no money or need itself "
        "(name a partnership within it; a regional programme is a partnership of its own)",
        "plan.csv:4:32: 'x' is not a number (expected a number such as 12.5 or a share such as 15 %)",
        "plan.csv:6:1: 'amif|egypt|returns|2025' stands twice; first at plan.csv:5:1 (keep one of the two)",
    ]


def test_a_missing_column_is_named(write, fixed):
    found = complaints(write("plan.csv", "instrument,partnership,area,year,amounts\namif,egypt,returns,2025,1\n"), fixed)
    assert found == ["plan.csv:1:1: the column 'amount' is missing (did you mean 'amounts'?)"]


@pytest.mark.parametrize("amount", ["15 %", "1e12", "0.0000000001"])
def test_what_is_no_amount_is_refused(write, fixed, amount):
    (found,) = complaints(write("plan.csv", HEADING + f"amif,egypt,returns,2025,{amount}\n"), fixed)
    assert f"'{amount}' is not an amount in EUR million" in found


def test_json_keeps_what_it_states(write, fixed):
    content = {
        "format": "fundalloc.run/1",
        "scenario": {"id": "tiny", "digest": "abc", "file": "tiny.yaml", "as_of": "2024-11-25"},
        "allocation": [{"key": "amif|egypt|returns|2025", "amount": 0.1}, {"key": "amif|egypt|returns|2026", "amount": 3}],
        "moves": [{"key": "carry|amif|2025", "amount": 0.7}],
        "score": 12.5,
    }
    plan = read_plan(write("plan.json", json.dumps(content)), fixed.facts.dimensions)
    assert plan.amounts[EGYPT] == Fraction(1, 10)
    assert plan.moves == {"carry|amif|2025": Fraction(7, 10)}
    assert tuple(map(plan.said, ("digest", "id", "file", "as_of"))) == ("abc", "tiny", "tiny.yaml", "2024-11-25")
    assert plan.stated["score"] == 12.5


def test_json_problems_have_lines(write, fixed):
    keys = ["amif|egypt|returns", "amif|egypt|returns|2025", "amif|egypt|retruns|2025"]
    rows = [{"key": keys[1], "amount": None}, {"key": keys[2], "amount": 1}, {"key": keys[1], "amount": 1}]
    good = {"format": "fundalloc.run/1", "allocation": rows}
    found = complaints(write("plan.json", json.dumps(good, indent=1)), fixed)
    assert found == [
        "plan.json:5:1: 'null' is not a number (expected a number such as 12.5 or a share such as 15 %)",
        "plan.json:9:1: unknown area 'retruns' (did you mean 'returns'?)",
        "plan.json:13:1: 'amif|egypt|returns|2025' stands twice; first at plan.json:5:1 (keep one of the two)",
    ]
    bad = {**good, "allocation": [{"key": keys[0], "amount": 1}, 5]}
    assert complaints(write("plan.json", json.dumps(bad, indent=1)), fixed) == [
        "plan.json: entry 2 of 'allocation' has no key",
        "plan.json:5:1: 'amif|egypt|returns' is not a line key (a line key is instrument|partnership|area|year)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1 2}', "plan.json:1:9: not JSON: "),
        ("[{}]", "plan.json:1:1: a list of results (keep one plan per file)"),
        ("5", "plan.json:1:1: not a plan: no format 'fundalloc.run/1'"),
        ('{"format": "fundalloc.run/1"}', "plan.json:1:1: no list 'allocation'"),
    ],
)
def test_json_that_is_no_plan(write, fixed, text, message):
    (found,) = complaints(write("plan.json", text), fixed)
    assert found.startswith(message)


@pytest.mark.parametrize("name", ["plan.json", "plan.csv", "plan.xlsx", "plan.pdf"])
def test_missing_files(fixed, name, tmp_path):
    (found,) = complaints(tmp_path / name, fixed)
    assert found.startswith(f"{name}: no such file")


def test_an_unknown_format(write, fixed):
    (found,) = complaints(write("plan.pdf", "x"), fixed)
    assert found == "plan.pdf: '.pdf' is no format of a plan (name a .json, .csv or .xlsx file, or a folder of CSV tables)"


def test_a_worksheet_is_read_by_its_headings(worksheet, fixed):
    rows = [["Allocation lines"], [], ["Planned", "Line key", "Comment"], [3.3, "amif|egypt|returns|2025", "mine"], [None, None, None]]
    plan = read_plan(worksheet("plan.xlsx", "Allocation", rows), fixed.facts.dimensions)
    assert plan.amounts == {EGYPT: Fraction(33, 10)}
    assert str(plan.place(EGYPT)) == "plan.xlsx:Allocation!A4"


def test_a_worksheet_with_ids_and_sums_of_a_spreadsheet(worksheet, fixed):
    rows = [["Year", "Instrument ID", "Partnership ID", "Area ID", "Planned"], [2025, "amif", "egypt", "returns", 0.1 + 0.2]]
    assert read_plan(worksheet("plan.xlsx", "Allocation", rows), fixed.facts.dimensions).amounts == {EGYPT: Fraction(3, 10)}


def test_worksheet_problems_name_cells(worksheet, fixed):
    rows = [
        ["Line key", "Planned"],
        ["amif|egipt|returns|2025", 1],
        ["amif|egypt|returns|2025", "a lot"],
        ["amif|egypt|returns|2026", None],
    ]
    assert complaints(worksheet("plan.xlsx", "Allocation", rows), fixed) == [
        "plan.xlsx:Allocation!A2: unknown partnership 'egipt' (did you mean 'egypt'?)",
        "plan.xlsx:Allocation!B3: 'a lot' is not a number (expected a number such as 12.5 or a share such as 15 %)",
        "plan.xlsx:Allocation!B4: 'amount' is missing (fill it in)",
    ]


def test_worksheet_rows_without_a_key(worksheet, fixed):
    rows = [["Line key", "Planned"], ["egypt", 1], [None, 5]]
    assert complaints(worksheet("plan.xlsx", "Allocation", rows), fixed) == [
        "plan.xlsx:Allocation!A2: 'egypt' is not a line key (a line key is instrument|partnership|area|year)",
        "plan.xlsx:Allocation!A3: an amount without a line key",
    ]


@pytest.mark.parametrize(
    ("sheet", "rows", "message"),
    [
        ("Plan", [["x"]], "plan.xlsx: no sheet 'Allocation'"),
        ("Allocation", [["Line key"]], "plan.xlsx:Allocation!A1: no column 'Planned'"),
    ],
)
def test_worksheets_that_are_no_plan(worksheet, fixed, sheet, rows, message):
    (found,) = complaints(worksheet("plan.xlsx", sheet, rows), fixed)
    assert found.startswith(message)


def test_a_damaged_workbook(write, fixed):
    (found,) = complaints(write("plan.xlsx", b"PK nothing"), fixed)
    assert found.startswith("plan.xlsx: not a workbook, or damaged: the file is no whole zip archive")


def test_a_baseline_may_name_what_is_gone(write, fixed):
    text = HEADING + "amif,libya,returns,2025,4\namif,libya,returns,2026,0\nndici,sahel,returns,2025,1\namif,egypt,returns,2025,2\n"
    path = write("plan.csv", text)
    plan: PlanAmounts = read_plan(path, fixed.facts.dimensions, strict=False)
    gone, barred = ("amif", "libya", "returns", "2025"), ("ndici", "sahel", "returns", "2025")
    assert plan.unknown == {gone: 4}
    amounts, unknown = plan.by_line(fixed.lines)
    assert (sum(amounts), unknown) == (2, {gone: 4, barred: 1})
    assert len(complaints(path, fixed)) == 2
