"""A workbook verified from itself alone: what was changed is named with its cell; what the workbook is for is not blamed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cases import TINY
from fundalloc.cli import cli
from fundalloc.export.on_request import ask
from fundalloc.export.workbook import write_workbook
from fundalloc.labels import label
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from workbooks import add_row, headings, opened, replace_part, row_of, type_in

SAHEL = "amif|sahel|returns|2026"
GLOBAL = "amif|global|returns|2025"
Edit = Callable[[Any], object]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(solve(load(TINY)), tmp_path_factory.mktemp("sent") / "plan.xlsx")


@pytest.fixture
def verified(sent, tmp_path):
    """verified(edit): what `fundalloc verify` says of a workbook in which somebody has done something."""

    def made(edit: Edit) -> Result:
        with opened(sent, tmp_path / "edited.xlsx") as book:
            edit(book)
        return CliRunner().invoke(cli, ["verify", str(tmp_path / "edited.xlsx")], catch_exceptions=False)

    return made


def put(sheet: str, heading: str, value: object, below: int = 1) -> Edit:
    """Put a value into the n-th cell below a heading."""

    def edit(book: Any) -> None:
        row, columns = headings(book[sheet], heading)
        book[sheet].cell(row + below, columns[heading]).value = value

    return edit


def swap(book: Any) -> None:
    """Sort the rules the other way round, as a reader may."""
    sheet = book["Rules"]
    first, _ = headings(sheet, "Limit (input)")
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=first + 1) if row[0].value]
    for number, values in enumerate(reversed(rows), start=first + 1):
        for column, value in enumerate(values, start=1):
            sheet.cell(number, column).value = value


def drop_row(book: Any) -> None:
    book["Allocation"].delete_rows(row_of(book["Allocation"], SAHEL)[0])


def drop_sheet(book: Any) -> None:
    del book["Needs"]


def rename_sheet(book: Any) -> None:
    book["Needs"].title = "What they want"


TAMPERED: dict[str, tuple[Edit, str]] = {
    "optimised amount": (
        lambda book: type_in(book, "Allocation", (GLOBAL,), optimised=2.5),
        "Allocation!F44: the optimised amount was changed: found 2.5, expected 2",
    ),
    "optimised amount as text": (
        lambda book: type_in(book, "Allocation", (GLOBAL,), optimised="2"),
        "Allocation!F44: the optimised amount was changed: found '2', expected 2",
    ),
    "optimised amount as formula": (
        lambda book: type_in(book, "Allocation", (GLOBAL,), optimised="=1+1"),
        "Allocation!F44: the optimised amount was changed: found =1+1, expected 2",
    ),
    "limit": (
        lambda book: type_in(book, "Rules", ("packages", "egypt", "at least"), limit=5),
        "Rules!G11: the limit was changed: found 5, expected 6.5",
    ),
    "formula by a number": (
        lambda book: type_in(book, "Allocation", (GLOBAL,), planned=2),
        "Allocation!H44: the formula was replaced: found 2, expected =Allocation[[#This Row],[Optimised]]+",
    ),
    "status by a word": (
        lambda book: type_in(book, "Rules", ("packages", "egypt", "at least"), status="OK"),
        "Rules!J11: the formula was replaced: found 'OK', expected =CHOOSE(",
    ),
    "formula changed": (
        lambda book: type_in(book, "Allocation", (GLOBAL,), planned="=Allocation[[#This Row],[Optimised]]"),
        "Allocation!H44: the formula was changed: found =Allocation[[#This Row],[Optimised]], expected =",
    ),
    "cell emptied": (lambda book: type_in(book, "Allocation", (GLOBAL,), Decided=None), "Allocation!E44: found nothing, expected 2"),
    "tolerance": (lambda book: loosen(book), "found 1000, expected 0."),
    "need": (put("Needs", "Need", 99), ": found 99, expected 12"),
    "row deleted": (drop_row, f"Allocation: the row {SAHEL} is missing"),
    "sheet deleted": (drop_sheet, "sheet 'Needs' is missing"),
    "heading renamed": (put("Rules", "Headroom", "What is left", 0), "Rules!A6: no column 'Headroom'"),
}


def loosen(book: Any) -> None:
    """Make the checks pass whatever happens."""
    (cell,) = [c for row in book["Checks"].iter_rows(max_row=20) for c in row if isinstance(c.value, float) and 0 < c.value < 0.01]
    cell.value = 1000


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_changed_is_named_with_its_cell(verified, case):
    edit, message = TAMPERED[case]
    result = verified(edit)
    assert result.exit_code == 7
    assert result.stderr.splitlines()[0].startswith("not verified: 1 thing wrong in ")
    assert message in result.stderr


def test_everything_wrong_is_listed(verified):
    def edit(book: Any) -> None:
        for case in ("optimised amount", "limit", "need", "heading renamed"):
            TAMPERED[case][0](book)

    result = verified(edit)
    assert result.stderr.splitlines()[0].startswith("not verified: 4 things wrong in ")


def test_a_changed_amount_is_wrong_even_when_it_breaks_no_rule(verified):
    """AMIF's Egypt line could lawfully be smaller; the record says what it was."""
    result = verified(lambda book: type_in(book, "Allocation", ("amif|egypt|returns|2026",), optimised=0))
    assert result.exit_code == 7
    assert "the optimised amount was changed: found 0, expected 0." in result.stderr


def test_adjustments_comments_and_own_rules_are_what_it_is_for(verified):
    def edit(book: Any) -> None:
        type_in(book, "Allocation", (GLOBAL,), adjustment=1, comment="more", author="J. Doe")
        type_in(book, "Rules", ("packages", "egypt", "at least"), comment="as signed")
        put("Own rules", "Limit (input)", 3)(book)

    result = verified(edit)
    assert result.exit_code == 0, result.stderr
    assert "5 cells of the columns for adjustments and comments are filled in: fundalloc import " in result.stderr


def test_sorting_and_rows_of_ones_own_are_not_blamed(verified):
    def edit(book: Any) -> None:
        swap(book)
        add_row(book, "Rules", Rule="mine", Side="at most", limit=1, Amount="=SUM(Allocation[Planned])")

    result = verified(edit)
    assert result.exit_code == 0, result.stderr
    assert "1 harmless difference:\n  Rules!A24: a row was added: mine at most\n" in result.stderr


def sort(name: str) -> Edit:
    """Turn the rows of a sheet's table round, as a reader may sort them."""

    def edit(book: Any) -> None:
        sheet = book[name]
        first, last = (int(re.sub(r"\D", "", cell)) for cell in next(iter(sheet.tables.values())).ref.split(":"))
        rows = [[cell.value for cell in sheet[row]] for row in range(first + 1, last + 1)]
        for row, values in zip(range(last, first, -1), rows, strict=True):
            for column, value in enumerate(values, start=1):
                own = isinstance(value, str) and value.startswith("=")
                sheet.cell(row, column).value = (
                    re.sub(rf"\b([A-Z]){first + 1 + rows.index(values)}\b", rf"\g<1>{row}", value) if own else value
                )

    return edit


def move_sheet(book: Any) -> None:
    book.move_sheet("Needs", -20)


def own_sheet(book: Any) -> None:
    book.create_sheet("My notes")["A1"] = "to be discussed"


def choose(book: Any) -> None:
    book["Fiche"]["B5"] = "Tunisia"


HARMLESS: dict[str, tuple[Edit, str]] = {
    **{
        f"{name} sorted": (sort(name), f"{name}: the rows stand in another order")
        for name in ("By partnership", "Needs", "Decided money", "Heat map")
    },
    "sheet renamed": (rename_sheet, "sheet 'Needs' is now called 'What they want'"),
    "another partnership chosen": (choose, "Fiche!B5: another choice: 'Tunisia'"),
    "sheet moved": (move_sheet, "the sheets stand in another order"),
    "sheet of one's own": (own_sheet, "sheet 'My notes' was added"),
    "a remark beside a table": (put("Needs", "Confidence", "really?", 40), "added: 'really?'"),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_changes_no_meaning_is_named_and_not_blamed(verified, case):
    edit, message = HARMLESS[case]
    result = verified(edit)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0] == "1 harmless difference:"
    assert message in result.stderr.splitlines()[1]


def test_a_figure_changed_in_a_sorted_table_is_named_once(verified):
    def edit(book: Any) -> None:
        sort("Needs")(book)
        put("Needs", "Need", 99)(book)

    result = verified(edit)
    assert result.exit_code == 7
    assert result.stderr.count("found 99, expected ") == 1
    assert "not verified: 1 thing wrong in " in result.stderr


def test_a_stored_value_that_lies_is_named(sent, tmp_path):
    """A formula can be left alone and its stored value changed: previews and mail programs show the stored value."""
    with opened(sent, tmp_path / "unused.xlsx") as book:
        part = f"xl/worksheets/sheet{book.sheetnames.index('Allocation') + 1}.xml"
        row, columns = row_of(book["Allocation"], GLOBAL)
    cell = f'<c r="H{row}"'.encode()
    assert columns["Planned"] == 8

    def lie(raw: bytes) -> bytes:
        at = raw.index(cell)
        return raw[:at] + raw[at:].replace(b"<v>2.0</v>", b"<v>200</v>", 1)

    replace_part(sent, tmp_path / "lie.xlsx", part, lie)
    result = CliRunner().invoke(cli, ["verify", str(tmp_path / "lie.xlsx")], catch_exceptions=False)
    assert result.exit_code == 7
    assert f"Allocation!H{row}: the stored value was changed: found 200, expected 2" in result.stderr


@pytest.mark.parametrize("words", [{"ranges": True}, {"prices": True}, {"ranges": True, "prices": True}], ids=" ".join)
def test_sheets_that_were_asked_for_are_compared_too(words, tmp_path):
    plan = solve(load(TINY))
    path = write_workbook(plan, tmp_path / "asked.xlsx", "fr", asked=ask(plan, **words))
    result = CliRunner().invoke(cli, ["verify", str(path)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert "byte for byte" in result.stdout
    with opened(path, tmp_path / "typed.xlsx") as book:
        sheet = book[label("sheet.amount_ranges.name" if "ranges" in words else "sheet.value_of_money.name", "fr")]
        cell = next(cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, float))
        cell.value += 1
    result = CliRunner().invoke(cli, ["verify", str(tmp_path / "typed.xlsx")], catch_exceptions=False)
    assert result.exit_code == 7
    assert "1 thing wrong" in result.stderr
    assert f"!{cell.coordinate}: found" in result.stderr


def test_a_workbook_of_another_version(sent, verified, monkeypatch):
    """Texts and formulas may differ from version to version: amounts, limits, rules and certificate are still checked."""
    monkeypatch.setattr("fundalloc.versions.VERSION", "9.9.9")
    result = CliRunner().invoke(cli, ["verify", str(sent)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "this is 9.9.9: only amounts and limits are compared." in result.stderr
    assert result.stdout.endswith("every amount and limit is as it was written\n")
    for case in ("optimised amount", "limit"):
        result = verified(TAMPERED[case][0])
        assert result.exit_code == 7
        assert (
            "Allocation!F44: the optimised amount was typed over: 2.5" in result.stderr
            or "Rules!G11: the limit was changed" in result.stderr
        )
