"""The comparison as a workbook: what it says, that it is live, that its sums are right, and that the same gives the same bytes."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from compared import OVERRIDES, write_tiny, write_variant
from openpyxl.workbook import Workbook

from export.books import differences, stored_amounts, table
from fundalloc.compare import Comparison, compare_files
from fundalloc.errors import OutputError, UsageError
from fundalloc.export.comparison import comparison_bytes, write_comparison
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets import build_sheets
from fundalloc.labels import languages

pytest_plugins = ("two_sides",)

# In this order; a further sheet may stand anywhere among them.
SHEETS = [
    "Cover", "In brief", "By partnership", "By area", "By instrument", "By year", "By marker", "What moved it", "All shares",
    "Movements", "Rules", "Inputs", "Lines", "Checks", "Notes", "Sources", "Waterfall",
]  # fmt: skip

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]


@pytest.fixture(scope="module")
def three(two_files: tuple[Path, Path]) -> Comparison:
    """Three sides, two with shares; one is named so that formulas could stumble."""
    odd = write_variant(two_files[0].parent, "extends: tiny.yaml\nrules: {oda: {at_least: 75 %}}\n", "a[b]#c'd @1.yaml")
    return compare_files(*map(str, (*two_files, odd)), attributed=True)


@pytest.fixture(scope="module")
def path(three: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_comparison(three, tmp_path_factory.mktemp("book") / "three.xlsx")


@pytest.fixture(scope="module")
def values(path: Path) -> Workbook:
    return openpyxl.load_workbook(path, data_only=True)


@pytest.fixture(scope="module")
def formulas(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


class TestContent:
    def test_every_amount_of_a_result_is_a_formula(self, three: Comparison) -> None:
        assert stored_amounts(build_sheets(Pages(three, "en"))) == {}

    def test_sheets_titles_and_one_named_table_each(self, values: Workbook, formulas: Workbook) -> None:
        assert [name for name in values.sheetnames if name in SHEETS] == SHEETS
        names = []
        for sheet in formulas:
            assert sheet["A1"].value
            assert sheet["A2"].value
            assert len(sheet.tables) == 1
            names += list(sheet.tables)
            assert not sheet.merged_cells.ranges
        assert len(set(names)) == len(names)
        linked = [cell.hyperlink.location for row in formulas["Cover"] for cell in row if cell.hyperlink]
        assert linked == [f"'{name}'!A1" for name in formulas.sheetnames[1:]]

    def test_the_cover_passes_its_checks_and_says_what_it_is(self, values: Workbook) -> None:
        shown = [cell.value for row in values["Cover"].iter_rows() for cell in row]
        assert "The sums are right: all checks pass. This says nothing about the data" in shown
        assert "Illustrative data: not for quotation." in shown
        assert "Not an official document of the European Commission." in shown

    def test_every_chart_has_a_text_for_those_who_cannot_see_it(self, path: Path) -> None:
        with zipfile.ZipFile(path) as package:
            drawings = [package.read(name).decode() for name in package.namelist() if name.startswith("xl/drawings/drawing")]
        frames = sum(text.count("<xdr:graphicFrame ") for text in drawings)
        assert frames == sum(text.count(' descr="') for text in drawings) == 5  # two in brief, one of areas, two waterfalls

    def test_amounts_and_changes_are_those_of_the_plans(self, three: Comparison, path: Path) -> None:
        shown = table(path, "By partnership").set_index("Partnership ID")
        for row in three.rows("partnership"):
            found = shown.loc[row.member]
            assert [found.iloc[1 + k] for k in range(3)] == pytest.approx([float(a) for a in row.amounts])
            assert [found.iloc[4 + k] for k in range(2)] == pytest.approx([float(c) for c in row.changes])
            assert [found.iloc[6 + k] for k in range(2)] == pytest.approx([float(c or 0) for c in row.needed])
        assert list(shown.columns[1:4]) == ["tiny", "variant", "a[b]#c'd @1"]
        instruments = table(path, "By instrument").set_index("Instrument")
        assert instruments.loc["Member States", "tiny"].tolist() == pytest.approx([1.5, 1.5])  # the instrument, and in all
        assert instruments.loc["EU budget", "variant"] == pytest.approx(float(three.total().amounts[1]))

    def test_shares_stand_in_whole_steps_and_add_up(self, three: Comparison, path: Path) -> None:
        moved = table(path, "What moved it")
        own = moved[moved["Scenario"] == "variant"]
        assert list(own["Change in the file"])[:-1] == OVERRIDES
        areas = ["Smuggling", "Returns", "Legal"]
        assert own[areas].iloc[:-1].sum().tolist() == pytest.approx(own[areas].iloc[-1].tolist())
        changes = {row.member: float(row.needed[0] or 0) for row in three.rows("area")}
        assert own[areas].iloc[-1].tolist() == pytest.approx([changes[a] for a in ("smuggling", "returns", "legal-pathways")])
        shares = table(path, "All shares")
        by_partnership = shares[(shares["Scenario"] == "variant") & (shares["By"] == "Partnership")].groupby("Member ID")["Amount"].sum()
        for row in three.rows("partnership"):
            assert by_partnership.get(row.member, 0.0) == pytest.approx(float(row.needed[0] or 0), abs=1e-9)

    def test_the_waterfall_ends_where_the_other_plan_is(self, path: Path) -> None:
        steps = table(path, "Waterfall")
        own = steps[steps["Scenario"] == "variant"]
        assert own["Level"].iloc[-2] == pytest.approx(own["Whole"].iloc[-1])
        assert (own["Invisible base"] >= 0).all()

    def test_inputs_and_rules_of_every_scenario(self, three: Comparison, path: Path) -> None:
        inputs = table(path, "Inputs")
        assert set(inputs["Scenario"]) == {"variant", "a[b]#c'd @1"}
        row = inputs[(inputs["Scenario"] == "variant") & (inputs["Input"] == "rules.legal-floor.at_least")].iloc[0]
        assert (row["Old value"], row["New value"], row["Written in (new)"]) == ("10 %", "30 %", "variant.yaml:11:27")
        rules = table(path, "Rules")
        assert len(rules) == sum(len(pair.rules or ()) for pair in three.pairs)
        cap = rules[rules["Rule"] == "smuggling-cap"].set_index("Member")["What happened"]
        assert (cap["egypt"], cap["global"]) == ("Kept now", "Otherwise")

    def test_the_same_comparison_gives_the_same_bytes(self, three: Comparison, path: Path) -> None:
        assert comparison_bytes(three) == path.read_bytes()


class TestLive:
    def test_every_formula_carries_its_value(self, formulas: Workbook, values: Workbook) -> None:
        live = [(sheet.title, cell.coordinate) for sheet in formulas for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        assert len(live) > 300
        assert not [where for where in live if values[where[0]][where[1]].value is None]

    def test_recalculation_changes_nothing(self, path: Path, tmp_path: Path) -> None:
        assert differences(path, tmp_path) == []


class TestEdges:
    def test_results_without_scenario_rules_or_shares(self, tmp_path: Path) -> None:
        rows = ["instrument,partnership,area,year,amount", "a,x,y,2026,3.25", "a,z,y,2026,1"]
        for name, amount in (("one", "3.25"), ("two", "4")):
            (tmp_path / f"{name}.csv").write_text("\n".join(rows).replace("3.25", amount) + "\n", "utf-8")
        found = compare_files(str(tmp_path / "one.csv"), str(tmp_path / "two.csv"))
        book = write_comparison(found, tmp_path / "bare.xlsx")
        names = openpyxl.load_workbook(book).sheetnames
        assert "What moved it" not in names
        assert "Rules" not in names
        assert table(book, "By area")["two: change"].tolist() == [0.75, 0.75]
        assert "does not carry its scenario" in str(table(book, "Inputs")["Input"].iloc[0])

    def test_nothing_differs(self, tmp_path: Path) -> None:
        tiny = str(write_tiny(tmp_path))
        book = write_comparison(compare_files(tiny, tiny), tmp_path / "same.xlsx")
        names = openpyxl.load_workbook(book).sheetnames
        assert {"Movements", "Inputs", "Rules", "What moved it"}.isdisjoint(names)

    def test_nothing_moves_though_something_was_changed(self, tmp_path: Path) -> None:
        tiny, variant = (
            str(write_tiny(tmp_path)),
            write_variant(tmp_path, "extends: tiny.yaml\nrules: {packages: {at_least: {tunisia: 12.1}}}\n"),
        )
        path = write_comparison(compare_files(tiny, str(variant), attributed=True), tmp_path / "still.xlsx")
        book = openpyxl.load_workbook(path)
        assert "What moved it" in book.sheetnames
        formulas = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        named = {name for text in formulas for name in re.findall(r"\b(\w+)\[", str(text))}
        assert named <= {name for sheet in book for name in sheet.tables}
        assert differences(path, tmp_path) == []

    def test_places_and_languages_that_are_not_there(self, found: Comparison, tmp_path: Path) -> None:
        with pytest.raises(OutputError):
            write_comparison(found, tmp_path / "nowhere" / "c.xlsx")
        with pytest.raises(UsageError, match="no labels in 'xx'"):
            write_comparison(found, tmp_path / "c.xlsx", "xx")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
    def test_other_languages(self, found: Comparison, language: str, tmp_path: Path) -> None:
        book = openpyxl.load_workbook(write_comparison(found, tmp_path / "c.xlsx", language))
        assert len(book.sheetnames) >= len(SHEETS)
        assert not set(SHEETS) <= set(book.sheetnames)
        assert [next(iter(sheet.tables)) for sheet in book][2] == "ByPartnership"
