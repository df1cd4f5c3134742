"""The workbook: what it says, that it is right, and that it can always be written or not at all."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from books import differences, table, total
from openpyxl.workbook import Workbook

from cases import TINY
from fundalloc.errors import OutputError, UsageError
from fundalloc.export.workbook import workbook_bytes, write_workbook
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load

# In this order; a further sheet may stand anywhere among them.
SHEETS = [
    "Cover", "Cabinet page", "Summary", "By instrument", "By partnership", "By area", "By year", "By route", "Heat map", "Free money",
    "Moves", "Policy fields", "Pledges", "Team Europe", "Payments", "Rules", "Allocation", "Own rules", "Checks", "Instruments",
    "Partnerships", "Needs", "Eligibility", "Exceptions", "Not eligible", "Markers", "Weights", "Decided money", "Assumptions", "Notes",
    "Run log", "Chart data", "Scenario files",
]  # fmt: skip

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load(TINY))


@pytest.fixture(scope="module")
def path(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(plan, tmp_path_factory.mktemp("book") / "tiny.xlsx")


@pytest.fixture(scope="module")
def values(path: Path) -> Workbook:
    """What readers see without recalculation."""
    return openpyxl.load_workbook(path, data_only=True)


@pytest.fixture(scope="module")
def formulas(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook with hardly any tables, a ceiling in total only, and a finer rounding step."""
    folder = tmp_path_factory.mktemp("bare")
    text = TINY.read_text("utf-8").split("\nmarkers:")[0] + "\nneeds:\n  - {partnership: tunisia, area: returns, need: 12.34}\n"
    text = text.replace("ceiling: {each: {2025: 30, 2026: 30}, total: 55}", "ceiling: 12.07")
    text = text.replace("round_to: 0.1", "round_to: 0.01").replace("illustrative: true", "illustrative: false")
    (folder / "bare.yaml").write_text(text, "utf-8")
    return write_workbook(solve(load(folder / "bare.yaml")), folder / "bare.xlsx")


class TestContent:
    def test_the_sheets_stand_in_their_order(self, values: Workbook) -> None:
        assert [name for name in values.sheetnames if name in SHEETS] == SHEETS
        assert values.active is not None
        assert values.active.title == "Cover"

    def test_every_sheet_has_a_title_a_sentence_and_one_named_table(self, formulas: Workbook) -> None:
        names = []
        for sheet in formulas:
            assert sheet["A1"].value
            assert sheet["A2"].value
            assert len(sheet.tables) == 1
            names += list(sheet.tables)
            assert not sheet.merged_cells.ranges
            assert sheet.sheet_state == "visible"
        assert len(set(names)) == len(names)

    def test_the_cover_links_every_sheet_and_every_sheet_links_back(self, formulas: Workbook) -> None:
        linked = [cell.hyperlink.location for row in formulas["Cover"] for cell in row if cell.hyperlink]
        assert linked == [f"'{name}'!A1" for name in formulas.sheetnames[1:]]
        for name in formulas.sheetnames[1:]:
            assert [cell.hyperlink.location for row in formulas[name] for cell in row if cell.hyperlink] == ["'Cover'!A1"], name

    def test_the_cover_says_that_data_are_illustrative_and_nothing_is_official(self, values: Workbook) -> None:
        shown = [cell.value for row in values["Cover"].iter_rows() for cell in row]
        assert "Illustrative data: not for quotation." in shown
        assert "Not an official document of the European Commission." in shown
        assert "The sums are right: all checks pass. This says nothing about the data" in shown

    def test_the_allocation_is_the_plan_line_by_line(self, plan: Plan, path: Path) -> None:
        shown = table(path, "Allocation").set_index("Line key")
        for key, steps in zip(plan.scenario.lines.keys, plan.steps, strict=True):
            assert shown.loc[key, "Planned"] == pytest.approx(int(steps) / 10, abs=1e-12)
        assert len(shown) == len(plan.steps)

    def test_totals_equal_the_plan_and_keep_kinds_of_money_apart(self, plan: Plan, path: Path) -> None:
        budget = float(plan.total("counts", counts="budget").sum())
        assert total(path, "By instrument", "Total", "EU budget") == pytest.approx(budget)
        assert total(path, "By instrument", "Total", "Member States’ contributions") == pytest.approx(1.5)  # given to Egypt in 2025
        assert total(path, "By instrument", "Total", "Memo (in no total)") == pytest.approx(40)  # the guarantee of 2026
        assert total(path, "By instrument", "2026", "Memo (in no total)") == pytest.approx(40)
        for sheet in ("By partnership", "By area", "Heat map"):
            assert total(path, sheet, "EU budget") == pytest.approx(budget), sheet

    def test_every_cell_of_the_pivots_equals_the_plan(self, plan: Plan, path: Path) -> None:
        by_instrument = plan.pivot("instrument", "year")
        shown = table(path, "By instrument").set_index("Instrument ID")
        for instrument in ("ndici", "amif", "member-states"):
            for year in (2025, 2026):
                assert shown.loc[instrument, str(year)] == pytest.approx(by_instrument.loc[instrument, year])
        heat, areas = (
            table(path, "Heat map").set_index("Partnership ID"),
            {"smuggling": "Smuggling", "returns": "Returns", "legal-pathways": "Legal"},
        )
        by_area = plan.pivot("partnership", "area", counts="budget")
        for partnership in by_area.index:
            for area, heading in areas.items():
                assert heat.loc[partnership, heading] == pytest.approx(by_area.loc[partnership, area])

    def test_free_money_equals_the_plan(self, plan: Plan, path: Path) -> None:
        shown = table(path, "Free money")
        expected = plan.free_money
        assert len(shown) == len(expected)
        for column, heading in (("ceiling", "Ceiling"), ("decided", "Decided"), ("planned", "Planned"), ("free", "Free")):
            assert shown[heading].tolist() == pytest.approx(expected[column].tolist()), column
        whole = shown[shown["Year"] == "Whole period"].set_index("Instrument ID")
        assert whole.loc["ndici", "Ceiling"] == 55  # the total binds before 30 + 30
        assert whole.loc["ndici", "Usable ceiling"] == pytest.approx(52.2)  # 5 % kept back from 55, in steps of 0.1

    def test_coverage_equals_the_plan(self, plan: Plan, path: Path) -> None:
        shown = table(path, "By partnership").set_index("Partnership ID")
        for partnership, row in plan.coverage_by("partnership").iterrows():
            assert shown.loc[partnership, "Coverage, with Member States"] == pytest.approx(row["coverage"])
        assert shown.loc["tunisia", "Need"] == 30  # 12 + 10 + 8

    def test_rules_equal_the_findings(self, plan: Plan, path: Path) -> None:
        shown = table(path, "Rules")
        expected = plan.rules_table
        for column, heading in (("rule", "Rule"), ("member", "Member"), ("sense", "Side")):
            assert shown[heading].fillna("").tolist() == expected[column].tolist()
        words = {"hard": "binding", "soft": "target", "watched": "monitored"}
        assert shown["Force"].tolist() == [words[word] for word in expected["enforced"]]
        for column, heading in (("amount", "Amount"), ("limit", "Limit as amount"), ("headroom", "Headroom")):
            assert shown[heading].tolist() == pytest.approx(expected[column].tolist())
        assert [s.lower() for s in shown["Status"]] == expected["status"].tolist()
        assert shown.loc[shown["Member"] == "egypt", "In words"].tolist()[-1] == "Egypt: signed package"

    def test_numbers_show_the_decimals_of_the_rounding_step(self, formulas: Workbook) -> None:
        cell = formulas["By instrument"]["C7"]
        assert cell.number_format.startswith("#,##0.0_")

    def test_the_properties_carry_title_and_date(self, formulas: Workbook) -> None:
        assert formulas.properties.title == "A made-up case, small enough to solve on paper"
        assert formulas.properties.created is not None
        assert formulas.properties.created.isoformat().startswith("2024-11-25")


class TestOtherScenarios:
    """Scenarios without much, or with trouble: sheets with nothing to show stay away, formulas still agree."""

    def test_sheets_with_nothing_to_show_stay_away(self, bare: Path) -> None:
        missing = {"Exceptions", "Markers", "Decided money", "Policy fields", "Pledges", "Team Europe"}
        assert [n for n in openpyxl.load_workbook(bare).sheetnames if n in SHEETS] == [name for name in SHEETS if name not in missing]

    def test_years_without_a_ceiling_say_so(self, bare: Path) -> None:
        shown = table(bare, "Free money")
        ndici = shown[shown["Instrument ID"] == "ndici"].set_index("Year")
        assert ndici["Ceiling"].tolist() == ["none", "none", 12.07]
        assert ndici["Free"].tolist()[:2] == ["none", "none"]
        assert ndici.loc["Whole period", "Usable ceiling"] == pytest.approx(11.46)  # 12.07 less 5 %, cut down to 0.01

    def test_its_formulas_agree(self, bare: Path, tmp_path: Path) -> None:
        assert differences(bare, tmp_path) == []
        book = openpyxl.load_workbook(bare)
        assert book["By instrument"]["C7"].number_format.startswith("#,##0.00_")

    def test_rules_that_decided_money_breaks_are_owned_up_to(self, tmp_path: Path) -> None:
        text = TINY.read_text("utf-8").replace("years: 2025-2026", "years: 2025-2026\nclosed: 2025")
        text += "  cap: {kind: amount, says: Tunisia, money: {partnership: tunisia, year: 2025}, at_most: 3, source: assumption}\n"
        (tmp_path / "closed.yaml").write_text(text, "utf-8")
        closed = write_workbook(solve(load(tmp_path / "closed.yaml")), tmp_path / "closed.xlsx")
        rules = table(closed, "Rules").set_index("Rule")
        assert rules.loc["cap", "Status"] == "Already decided"  # 3.5 committed in a closed year, against 3
        hard = len(rules[(rules["Force"] == "binding") & ~rules["Kind"].isin(["Ceiling", "Absorption capacity", "Transfer"])])
        cover = [cell.value for cell in openpyxl.load_workbook(closed, data_only=True)["Cover"]["B"]]
        assert any(text.startswith(f"Requirements: {hard - 1} hold, 1 broken by decision; ") for text in cover if isinstance(text, str))
        assert differences(closed, tmp_path) == []

    def test_a_long_title_is_set_smaller_instead_of_cut_off(self, tmp_path: Path) -> None:
        long = "A title that goes on and on, as titles of programming documents sometimes do in real life"
        (tmp_path / "long.yaml").write_text(
            TINY.read_text("utf-8").replace("A made-up case, small enough to solve on paper\n", long + "\n"), "utf-8"
        )
        book = openpyxl.load_workbook(write_workbook(solve(load(tmp_path / "long.yaml")), tmp_path / "long.xlsx"))
        assert book["Cover"]["A1"].value == long
        assert book["Cover"]["A1"].font.sz == 13
        assert book["Summary"]["A1"].font.sz == 18


class TestFile:
    def test_two_writes_give_the_same_bytes(self, plan: Plan, path: Path) -> None:
        assert workbook_bytes(plan) == path.read_bytes()
        assert workbook_bytes(solve(load(TINY))) == path.read_bytes()

    def test_nothing_in_it_is_external_or_hidden(self, path: Path) -> None:
        with zipfile.ZipFile(path) as package:
            assert not [n for n in package.namelist() if "externalLink" in n or "vba" in n or "connections" in n]
            assert b'TargetMode="External"' not in b"".join(package.read(n) for n in package.namelist() if n.endswith(".rels"))
            assert b'hidden="1"' not in b"".join(package.read(n) for n in package.namelist() if "worksheets/sheet" in n)

    def test_charts_have_alternative_text_and_cached_figures(self, path: Path) -> None:
        with zipfile.ZipFile(path) as package:
            drawings = [package.read(n).decode() for n in package.namelist() if re.fullmatch(r"xl/drawings/drawing\d+\.xml", n)]
            charts = [package.read(n).decode() for n in package.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", n)]
        assert len(charts) == 4  # cabinet page two, by area, by year
        assert sum(d.count('descr="Stacked ') for d in drawings) == 4
        assert all("<c:numCache>" in chart for chart in charts)

    def test_it_returns_the_path_and_replaces_an_older_file(self, plan: Plan, tmp_path: Path) -> None:
        target = tmp_path / "plan.xlsx"
        target.write_text("older")
        assert write_workbook(plan, str(target)) == target
        assert zipfile.is_zipfile(target)
        assert os.listdir(tmp_path) == ["plan.xlsx"]

    def test_a_missing_folder_is_refused(self, plan: Plan, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="does not exist"):
            write_workbook(plan, tmp_path / "nowhere" / "plan.xlsx")
        assert os.listdir(tmp_path) == []

    def test_a_folder_is_refused(self, plan: Plan, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="folder"):
            write_workbook(plan, tmp_path)
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("error", [PermissionError(13, "in use"), OSError(28, "No space left on device")])
    def test_a_failing_rename_leaves_the_old_file_and_nothing_else(
        self, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
    ) -> None:
        target = tmp_path / "plan.xlsx"
        target.write_text("older")

        def refuse(*_: object) -> None:
            raise error

        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(OutputError, match=r"Cannot write .*plan\.xlsx"):
            write_workbook(plan, target)
        assert target.read_text() == "older"
        assert os.listdir(tmp_path) == ["plan.xlsx"]

    def test_an_unknown_language_is_refused(self, plan: Plan, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="xx"):
            write_workbook(plan, tmp_path / "plan.xlsx", "xx")
        assert os.listdir(tmp_path) == []


def test_free_and_lapsed_money_add_up_on_every_sheet(tmp_path: Path) -> None:
    """A closed year, money that moves, an instrument that may not commit in every year: all live, and all the plan's own figures."""
    text = TINY.read_text("utf-8").replace("years: 2025-2026", "years: 2025-2027\nclosed: 2025").replace("2026: 30}", "2026: 30, 2027: 30}")
    text = text.replace("ceiling: {each: 10}", "ceiling: {each: 10}\n    years: 2025-2026\n    carry_over: {share: 50 %}")
    text += "\ntransfers:\n  home: {from: amif, to: ndici, at_most: 20 %, years: 2026, source: assumption}\n"
    (tmp_path / "closed.yaml").write_text(text, "utf-8")
    plan = solve(load(tmp_path / "closed.yaml"))
    path = write_workbook(plan, tmp_path / "closed.xlsx")
    rows = plan.free_money.set_index(["instrument", "year"])
    assert rows.loc[("amif", 2025), "lapsed"] == 3  # 10 less 2 decided; 5 are carried over
    assert rows.loc[("amif", 2027), "ceiling"] == 0
    budget = rows[rows.index.get_level_values("year") == 0]
    for key, heading in (("lapsed", "Lapsed"), ("free", "Free")):
        assert table(path, "Free money")[heading].tolist() == pytest.approx(rows[key].tolist())
        assert total(path, "By instrument", heading, "EU budget") == pytest.approx(budget[key].sum())
    shown = table(path, "By year")
    moved = shown.get("Moved, net", 0)
    left = shown["Usable ceiling"] + moved - shown["EU budget"] - shown["Lapsed"]
    assert left[:3].tolist() == pytest.approx(shown["Free"][:3].tolist())
    assert differences(path, tmp_path) == []


def test_the_longest_texts_fit_their_cells(tmp_path: Path) -> None:
    """Without a blank at which a text that the tool makes longer, such as a name with what is said of it, could be cut."""
    text = TINY.read_text("utf-8")
    for written in ("name: NDICI-Global Europe", "name: Tunisia", "title: A made-up case, small enough to solve on paper"):
        assert text.count(written) == 1
        text = text.replace(written, written.partition(": ")[0] + ": " + "x" * 32_767)
    (tmp_path / "long.yaml").write_text(text, "utf-8")
    path = write_workbook(solve(load(tmp_path / "long.yaml")), tmp_path / "long.xlsx")
    book = openpyxl.load_workbook(path, read_only=True)
    texts = [value for sheet in book for row in sheet.iter_rows(values_only=True) for value in row if isinstance(value, str)]
    assert max(map(len, texts)) <= 32_767
    assert sum(len(value) > 32_000 for value in texts) >= 3
