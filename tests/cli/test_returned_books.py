"""A workbook that went round comes back whole: what `import` takes over, what it names, what is not replaced, what `verify` knows.

The tiny case: Tunisia needs 12 for smuggling and Egypt 12.5 for returns; AMIF has 10 a year, NDICI 30 a year and 55 in all, 5 % in reserve.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cases import ROOT, TINY
from fundalloc.back.figures import figures
from fundalloc.export.workbook import write_workbook
from fundalloc.labels import label, languages
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.scenario.workbooks.cells import BookFile
from fundalloc.scenario.workbooks.seal import changed_sheets, untouched
from workbooks import headings, opened, replace_part, saved_by_libreoffice, type_in

pytest_plugins = ("calls",)
RETURNS = TINY.with_name("tiny-returns.yaml")
OLD = ROOT / "tests" / "fixtures" / "0.1.0"
Edit = Callable[[Any], object]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with workbooks as they were sent round: of a plan in every language, of one with `adjust`, for outside."""
    folder, plan = tmp_path_factory.mktemp("sent"), solve(load(TINY))
    for language in languages():
        write_workbook(plan, folder / f"{language}.xlsx", language)
    write_workbook(plan, folder / "outside.xlsx", audience="outside")
    write_workbook(solve(load(RETURNS)), folder / "returns.xlsx")
    return folder


@pytest.fixture
def copy(sent: Path, tmp_path: Path) -> Callable[..., Path]:
    """copy(edit, source): a copy of a workbook in which somebody has done something."""

    def made(edit: Edit = lambda _: None, source: str | Path = "en.xlsx", name: str = "plan.xlsx") -> Path:
        with opened(sent / source, tmp_path / name) as book:
            edit(book)
        return tmp_path / name

    return made


def typed(book: Any, sheet: str, ids: dict[str, str], heading: str, value: object, language: str = "en") -> None:
    """Type below a heading into the row with these ids; sheet and headings are keys of the catalogue."""
    page = book[label(f"sheet.{sheet}.name", language)]
    names = {label(f"workbook.column.{key}", language): wanted for key, wanted in ids.items()}
    first, columns = headings(page, *names)
    titles = {label(f"workbook.column.{heading}", language)} if not heading.isdigit() else {heading}
    (row,) = [row for row in range(first + 1, page.max_row + 1) if all(page.cell(row, columns[n]).value == v for n, v in names.items())]
    page.cell(row, columns[titles.pop()]).value = value


NEED = {"partnership_id": "tunisia", "area_id": "smuggling"}
AMIF = {"instrument_id": "amif"}
SHOWN = {"what": "Need", "concerns": "Tunisia · Smuggling"}
CEILING = {"what": "Ceiling", "concerns": "AMIF thematic facility, 2026"}
ALL = (
    ("needs", NEED, "need", 13.25),
    ("needs", {"partnership_id": "egypt", "area_id": "returns"}, "priority", 1.5),
    ("instruments", AMIF, "2026", 12),
    ("instruments", {"instrument_id": "ndici"}, "total_ceiling", 56),
)
PATHS = {
    ("needs", "tunisia", "smuggling", "need"): 13.25,
    ("needs", "egypt", "returns", "priority"): 1.5,
    ("instruments", "amif", "ceiling", "each", "2026"): 12,
    ("instruments", "ndici", "ceiling", "total"): 56,
}


@pytest.mark.parametrize("language", languages())
def test_needs_priorities_and_ceilings_are_taken_over_in_every_language(fundalloc, copy, tmp_path, language):
    def edit(book):
        for one in ALL:
            typed(book, *one, language)

    result = fundalloc("import", copy(edit, f"{language}.xlsx"), "-o", tmp_path / "typed.yaml")
    assert result.exit_code == 0, result.stderr
    before, after = figures(load(TINY)), figures(load(tmp_path / "typed.yaml"))
    assert {path: value for path, value in after.items() if value != before[path]} == PATHS
    assert "plan.xlsx: 4 figures typed over." in (tmp_path / "typed.yaml").read_text("utf-8")


def test_over_adjusted_figures_the_typed_ones_stand(fundalloc, copy, tmp_path):
    # Priorities of returns are raised by 30 % there: a row of `change` would be raised again.
    def edit(book):
        for one in ALL:
            typed(book, *one)

    assert fundalloc("import", copy(edit, "returns.xlsx"), "-o", tmp_path / "typed.yaml").exit_code == 0
    assert {path: figures(load(tmp_path / "typed.yaml"))[path] for path in PATHS} == PATHS
    fundalloc("run", tmp_path / "typed.yaml", "-o", tmp_path / "next.xlsx", "-q")
    again = copy(
        lambda book: typed(book, "needs", {"partnership_id": "egypt", "area_id": "returns"}, "priority", 2), tmp_path / "next.xlsx"
    )
    assert fundalloc("import", again, "-o", tmp_path / "twice.yaml").exit_code == 0
    assert figures(load(tmp_path / "twice.yaml"))["needs", "egypt", "returns", "priority"] == 2


def test_a_figure_counts_wherever_it_is_shown(fundalloc, copy):
    def both(book):
        typed(book, "sources", SHOWN, "figure", 13)
        typed(book, "sources", CEILING, "figure", 12)
        typed(book, "instruments", AMIF, "2026", 12)

    found = json.loads(fundalloc("import", copy(both), "--json").stdout)["result"]
    assert [(one["figure"], one["from"], one["to"], len(one["cells"])) for one in found["figures"]] == [
        ("instruments.amif.ceiling.each.2026", 10, 12, 2),
        ("needs.tunisia.smuggling.need", 12, 13, 1),
    ]
    assert found["left"] == []


def on_rules(book: Any) -> None:
    type_in(book, "Rules", ("ceiling", "amif|2026", "at most"), limit=13)
    typed(book, "instruments", AMIF, "2026", 12)


def on_sources(book: Any) -> None:
    typed(book, "needs", NEED, "need", 13)
    typed(book, "sources", SHOWN, "figure", 14)


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ([on_rules], ["Instruments!E8: instruments amif ceiling each 2026: 12 here, but 13 in ", "Rules!G"]),
        ([on_sources], ["Needs!C7: the need of tunisia smuggling: 13 here, but 14 in ", "Assumptions!C"]),
        (
            [lambda book: typed(book, "needs", NEED, "need", 13), lambda book: typed(book, "needs", NEED, "need", 14)],
            ["Needs!C7: the need of tunisia smuggling: 13 here, but 14 in ", "1.xlsx:Needs!C7"],
        ),
    ],
)
def test_a_figure_that_is_shown_twice_and_differs_is_a_conflict(fundalloc, copy, tmp_path, edits, said):
    books = [copy(edit, name=f"{k}.xlsx") for k, edit in enumerate(edits)]
    result = fundalloc("import", *books, "-o", tmp_path / "none.yaml")
    assert result.exit_code == 3
    assert all(text in result.stderr for text in said), result.stderr
    assert not (tmp_path / "none.yaml").exists()


def below(sheet: str, heading: str, value: object, rows: int = 1) -> Edit:
    """Put a value so many rows below a heading, whatever stands there."""

    def edit(book: Any) -> None:
        row, columns = headings(book[sheet], heading)
        book[sheet].cell(row + rows, columns[heading]).value = value

    return edit


LEFT: dict[str, tuple[Edit, str]] = {
    "sentence": (below("Rules", "In words", "Otherwise", 2), "Rules!B8: the formula was replaced: found 'Otherwise', expected ="),
    "decided": (below("Decided money", "Amount", 3), "Decided money!E7: found 3, expected 3.5"),
    "eligibility": (below("Eligibility", "Effectiveness", 0.1), "Eligibility!C7: found 0.1, expected "),
    "formula": (below("By partnership", "Need", "=1+1"), "the formula was changed: found =1+1, expected =SUMIFS("),
    "need as text": (below("Needs", "Need", "13,5"), "Needs!C7: found '13,5', expected 12"),
    "need taken away": (below("Needs", "Need", None, 2), "Needs!C8: found nothing, expected 10"),
    "negative need": (below("Needs", "Need", -1, 3), "Needs!C9: found -1, expected 8"),
    "need beyond all money": (below("Needs", "Need", 1e18, 4), "Needs!C10: found 1e+18, expected 15"),
    "title of a sheet": (
        lambda book: book["Allocation"].__setitem__("A1", "Ours"),
        "Allocation!A1: found 'Ours', expected 'Allocation lines'",
    ),
    "sheet deleted": (lambda book: book.remove(book["Markers"]), "sheet 'Markers' is missing"),
    "row deleted": (
        lambda book: book["Instruments"].delete_rows(headings(book["Instruments"], "Reserve")[0] + 3),
        "Instruments: the row member-states is missing",
    ),
}
BESIDE: dict[str, tuple[Edit, str]] = {
    "row typed into the allocation": (below("Allocation", "Partnership", "Chad", 80), "Allocation!C86: added: 'Chad'"),
    "column of one's own": (lambda book: book["Allocation"].__setitem__("Z9", "why?"), "Allocation!Z9: added: 'why?'"),
    "sheet of one's own": (lambda book: book.create_sheet("Mine"), "sheet 'Mine' was added"),
    "pair typed into the needs": (
        lambda book: (below("Needs", "Partnership ID", "mars", 40)(book), below("Needs", "Area ID", "returns", 40)(book)),
        "Needs!J46: a row was added: mars returns",
    ),
}


@pytest.mark.parametrize(("cases", "code", "words"), [(LEFT, 7, "changes"), (BESIDE, 0, "harmless differences,")])
def test_what_is_not_taken_over_is_named(fundalloc, copy, cases, code, words):
    def edit(book):
        type_in(book, "Allocation", ("amif|sahel|returns|2026",), adjustment=-0.5)
        for one, _ in cases.values():
            one(book)

    book = copy(edit)
    for command in ("import", "verify"):
        result = fundalloc(command, book)
        assert result.exit_code == code, result.stderr
        assert [said for _, said in cases.values() if said not in result.stderr] == [], result.stderr
    result = fundalloc("import", book)
    assert f"{len(cases)} {words} not taken over:" in result.stderr
    assert list(yaml.safe_load(result.stdout)["rules"]) == ["adjusted-amif-sahel-returns-2026"], "what can be taken over is"


# --- what is not replaced -------------------------------------------------------------------------------------------------


def test_a_workbook_is_replaced_unless_somebody_typed_into_it(fundalloc, copy, sent, tmp_path):
    book = tmp_path / "plan.xlsx"
    shutil.copy(sent / "en.xlsx", book)
    assert untouched(book)
    assert fundalloc("run", TINY, "-o", book, "-q").exit_code == 0
    saved = copy()  # by another program, nothing typed
    assert not untouched(saved)
    assert fundalloc("run", TINY, "-o", saved, "-q").exit_code == 0

    def edit(book):
        type_in(book, "Allocation", ("amif|sahel|returns|2026",), adjustment=-0.5, comment="less", author="J. Doe")
        typed(book, "needs", NEED, "need", 13)

    copy(edit)
    before = book.read_bytes()
    for call in (("run", TINY), ("compare", TINY, RETURNS), ("sweep", TINY, "--vary", "instruments.amif.ceiling.each=9..10:1")):
        result = fundalloc(*call, "-o", book, "-q")
        assert result.exit_code == 6
        assert f"Cannot write {book}: 4 changes would be lost; bring them back with fundalloc import {book}" in result.stderr
        assert "Allocation!G39: typed: -0.5\n" in result.stderr
        assert "and 1 more" in result.stderr
        assert book.read_bytes() == before
    assert fundalloc("run", TINY, "-o", book, "-q", "--force").exit_code == 0
    assert untouched(book)


def test_several_workbooks_in_a_folder_are_kept_too(fundalloc, tmp_path, monkeypatch):
    monkeypatch.setenv("FUNDALLOC_LEDGER", str(tmp_path / "ledger.sqlite"))
    call = ("run", TINY, RETURNS, "-o", tmp_path / "books", "-q", "-j", "1")
    assert fundalloc(*call).exit_code == 0
    assert fundalloc(*call).exit_code == 0
    (index,) = (tmp_path / "books").glob("*index*")
    with opened(index, index) as book:
        book.worksheets[1]["A1"] = "Ours"
    result = fundalloc(*call)
    assert result.exit_code == 6
    assert "1 change would be lost" in result.stderr


@pytest.mark.parametrize("content", [b"no workbook", None])
def test_what_is_not_ours_is_not_replaced(fundalloc, tmp_path, content):
    import openpyxl

    book = tmp_path / "plan.xlsx"
    openpyxl.Workbook().save(book) if content is None else book.write_bytes(content)
    result = fundalloc("run", TINY, "-o", book, "-q")
    assert result.exit_code == 6
    assert "nothing is known of what it holds (not a workbook" in result.stderr


def test_old_workbooks_are_replaced_unless_somebody_typed_into_them(fundalloc, tmp_path):
    for name, code in (("tiny.xlsx", 0), ("tiny_JD.xlsx", 6)):
        shutil.copy(OLD / name, tmp_path / name)
        result = fundalloc("run", TINY, "-o", tmp_path / name, "-q")
        assert result.exit_code == code
    assert "2 changes would be lost" in result.stderr
    assert "Rules!G11: typed" in result.stderr


def test_a_need_typed_into_an_old_workbook_is_named_and_taken_over(fundalloc, tmp_path):
    with opened(OLD / "tiny.xlsx", tmp_path / "old.xlsx") as book:
        typed(book, "needs", NEED, "need", 13)
    assert "Needs!C7: the need of tunisia smuggling was changed: found 13, expected 12" in fundalloc("verify", tmp_path / "old.xlsx").stderr
    result = fundalloc("import", tmp_path / "old.xlsx")
    assert result.exit_code == 0
    assert yaml.safe_load(result.stdout)["needs"]["change"] == [{"partnership": "tunisia", "area": "smuggling", "need": 13}]
    assert "what cannot be taken over is not known" in result.stderr


def test_a_scenario_of_import_that_was_edited_is_not_replaced(fundalloc, copy, tmp_path):
    first, target = copy(lambda book: typed(book, "needs", NEED, "need", 13)), tmp_path / "typed.yaml"
    second = copy(lambda book: typed(book, "needs", NEED, "need", 14), name="other.xlsx")
    for book in (first, second, first):
        assert fundalloc("import", book, "-o", target, "-q").exit_code == 0
    edited = target.read_text("utf-8").replace("need: 13", "need: 12.75").replace("scenario: ", "# agreed on Monday\nscenario: ")
    target.write_text(edited, "utf-8", newline="\r\n")
    result = fundalloc("import", second, "-o", target)
    assert result.exit_code == 6
    assert "3 changes would be lost; choose another name, or add --force:\n  # agreed on Monday\n" in result.stderr
    assert "need: 12.75" in target.read_text("utf-8")
    assert fundalloc("import", second, "-o", target, "--force").exit_code == 0
    assert "need: 14" in target.read_text("utf-8")


# --- digests, and books that carry no inputs ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from click.testing import CliRunner

    from fundalloc.cli import cli

    folder = tmp_path_factory.mktemp("others")
    calls = {
        "compare": ("compare", TINY, RETURNS, "--no-attribution"),
        "alternatives": ("alternatives", TINY, "--within", "1%"),
        "frontier": ("frontier", TINY, "--between", "impact,lowest_coverage", "--points", "3"),
        "sweep": ("sweep", TINY, "--vary", "instruments.amif.ceiling.each=9..10:1"),
        "robust": ("robust", TINY, RETURNS),
    }
    for name, call in calls.items():
        result = CliRunner().invoke(cli, [*map(str, call), "-o", str(folder / f"{name}.xlsx"), "-q", "--lang", "bg"])
        assert result.exit_code == 0, result.output
    return folder


@pytest.mark.parametrize("kind", ["compare", "alternatives", "frontier", "sweep", "robust"])
def test_a_book_without_inputs_is_known_and_not_called_verified(fundalloc, others, tmp_path, kind):
    book = others / f"{kind}.xlsx"
    result = fundalloc("verify", book, TINY)
    assert result.exit_code == 9
    assert f"written by fundalloc {kind}: it carries no scenario and no plan, so none of its figures was recomputed" in result.stdout
    assert "every text, figure and formula is as it was written" in result.stdout
    assert "tiny.yaml as it is" in result.stdout
    assert "verified" not in result.stdout
    found = json.loads(fundalloc("verify", book, "--json").stdout)
    assert (found["exit_code"], found["result"]["verified"], found["result"]["kind"]) == (9, False, kind)
    assert fundalloc("verify", book, ROOT / "examples" / "cohesion" / "cohesion.yaml").exit_code == 7
    with opened(book, tmp_path / "typed.xlsx") as changed:
        cell = next(cell for row in changed.worksheets[1].iter_rows() for cell in row if isinstance(cell.value, int | float))
        cell.value += 1
    result = fundalloc("verify", tmp_path / "typed.xlsx")
    assert result.exit_code == 7
    assert f"sheet '{changed.sheetnames[1]}' is not as it was written" in result.stderr


def test_an_old_comparison_is_known(fundalloc):
    result = fundalloc("verify", OLD / "comparison.xlsx")
    assert result.exit_code == 9
    assert "its cells were not compared: it keeps no digests of what was written" in result.stdout


def retyped(source: Path, target: Path) -> Path:
    """Type the need of 12 over, and leave the stored values of all formulas as they are."""
    part = f"xl/worksheets/sheet{BookFile(source).titles.index('Needs') + 1}.xml"
    replace_part(source, target, part, lambda raw: raw.replace(b"<v>12</v>", b"<v>13</v>", 1))
    return target


def test_a_book_for_outside_is_held_against_its_digests(fundalloc, tmp_path, sent):
    result = fundalloc("verify", sent / "outside.xlsx", TINY)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("every sheet is as it was written, by the digests that it keeps; against the scenario")
    result = fundalloc("verify", retyped(sent / "outside.xlsx", tmp_path / "typed.xlsx"), TINY)
    assert result.exit_code == 7
    assert "sheet 'Needs' is not as it was written" in result.stderr


def test_the_cells_of_a_book_with_its_scenario_are_compared(fundalloc, tmp_path, sent):
    assert "byte for byte" in fundalloc("verify", sent / "en.xlsx", TINY).stdout.splitlines()[-1]
    result = fundalloc("verify", retyped(sent / "en.xlsx", tmp_path / "typed.xlsx"), TINY)
    assert result.exit_code == 7
    assert "Needs!C7: found 13, expected 12" in result.stderr


def test_digests_outlive_other_programs_and_see_every_cell(copy, sent, others, tmp_path):
    for number, book in enumerate((sent / "bg.xlsx", sent / "outside.xlsx", others / "compare.xlsx", others / "sweep.xlsx")):
        saved = saved_by_libreoffice(book, tmp_path / str(number))
        assert (untouched(saved), changed_sheets(BookFile(saved))) == (False, []), book.name
    edits = {
        "By partnership": below("By partnership", "Need", "=1+1"),
        "Needs": below("Needs", "Need", 12.001),
        "Allocation": below("Allocation", "Comment (input)", "why?"),
        "Notes": lambda book: book["Notes"].__setitem__("C99", "hm"),
        "Mine": lambda book: book.create_sheet("Mine").__setitem__("A1", 1),
    }
    for title, edit in edits.items():
        assert changed_sheets(BookFile(copy(edit))) == [title]


def test_one_byte_is_seen(sent, tmp_path):
    replace_part(sent / "en.xlsx", tmp_path / "other.xlsx", "xl/sharedStrings.xml", lambda raw: raw.replace(b"Tunisia", b"Tunesia", 1))
    assert not untouched(tmp_path / "other.xlsx")
