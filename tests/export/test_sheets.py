"""What single sheets say, worked out by hand or from the allocation with another tool than the workbook."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from books import HEADER, every_kind, ledger, plan_of, table, total

from cases import TINY
from fundalloc.export.workbook import write_workbook
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import plain
from fundalloc.export.workbook.layout import PAPER, Geometry, fit, row_heights
from fundalloc.export.workbook.sheets import build_sheets, free_money
from fundalloc.export.workbook.sheets.summary import whole_number
from fundalloc.labels import label
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from workbooks import opened, saved_by_libreoffice

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]
PROVEN = "Proven bound on the score of any plan that keeps every binding rule (certificate, exact arithmetic)"
ODA = {"smuggling": 0.6, "returns": 0.7, "legal-pathways": 1.0}
"""Coefficients of tiny.yaml; AMIF counts legal pathways half."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load(TINY))


@pytest.fixture(scope="module")
def path(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(plan, tmp_path_factory.mktemp("sheets") / "tiny.xlsx")


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of rule, a baseline, and moves."""
    scenario = every_kind()
    made = plan_of(scenario, ledger(scenario), [k % 3 for k in range(len(scenario.lines.moves))])
    return write_workbook(made, tmp_path_factory.mktemp("rich") / "rich.xlsx")


class TestByGroup:
    def test_a_route_adds_up_its_partnerships(self, plan: Plan, path: Path) -> None:
        shown = table(path, "By route").set_index(["Group", "Value of the group"])
        budget = plan.total("partnership", counts="budget")
        assert shown.loc[("Route", "Central med"), "To the group, all instruments"] == pytest.approx(
            budget[["tunisia", "egypt", "sahel"]].sum()
        )
        assert shown.loc[("Route", "Central med"), "Partner-ships"] == 3
        assert shown.loc[("Route", "East med"), "To the group, all instruments"] == pytest.approx(budget["egypt"])

    def test_years_split_into_decided_and_new_money(self, plan: Plan, path: Path) -> None:
        shown = table(path, "By year")
        shown = shown[shown["Year"] != "Total"].set_index("Year")
        assert shown.loc[2025, "Decided"] == pytest.approx(3.5 + 2)  # the partner's 1.5 stands apart
        assert shown.loc[2025, "Member States’ contributions"] == pytest.approx(1.5)
        assert shown.loc[2025, "Usable ceiling"] == pytest.approx(0.95 * 30 + 10)
        for year in (2025, 2026):
            assert shown.loc[year, "EU budget"] == pytest.approx(plan.total("year", counts="budget")[year])
            assert shown.loc[year, "EU budget"] == pytest.approx(shown.loc[year, ["bilateral", "regional", "global"]].sum())


class TestFiche:
    def test_another_choice_moves_every_figure(self, plan: Plan, path: Path, tmp_path: Path) -> None:
        """Recalculated by LibreOffice: what the plan gives Tunisia, worked out from its lines; what was promised to it is 12."""
        with opened(path, tmp_path / "other.xlsx") as book:
            assert book["Fiche"]["B5"].value == "Egypt"
            book["Fiche"]["B5"].value = "Tunisia"
        (tmp_path / "saved").mkdir()
        shown = table(saved_by_libreoffice(tmp_path / "other.xlsx", tmp_path / "saved"), "Fiche", HEADER + 1)
        lines = plan.allocation[(plan.allocation["partnership"] == "tunisia") & (plan.allocation["counts"] == "budget")]
        money = shown.set_index(["Kind", "Concerns"])["Planned"]
        assert money[("Total", "EU budget")] == pytest.approx(lines["amount"].sum())
        assert money[("Area", "Returns")] == pytest.approx(lines.loc[lines["area"] == "returns", "amount"].sum())
        assert money[("Year", "2026")] == pytest.approx(lines.loc[lines["year"] == 2026, "amount"].sum())
        need = plan.scenario.facts.needs
        tunisia = plan.scenario.facts.dimensions.partnership.index("tunisia")
        assert shown.loc[0, "Needed or asked"] == pytest.approx(float(need.need.values[need.partnership == tunisia].sum()))
        pledge = shown[shown["Concerns"] == "Tunisia: signed package"].iloc[0]
        assert (pledge["Planned"], pledge["Needed or asked"]) == (pytest.approx(lines["amount"].sum()), 12)


class TestCover:
    def test_it_says_whom_to_ask_and_until_when(self, tmp_path: Path) -> None:
        more = "\noutput: {contact: {en: Unit X.1, de: Referat X.1}, reply_by: 2026-12-11}\n"
        (tmp_path / "asked.yaml").write_text(TINY.read_text("utf-8") + more, "utf-8")
        plan = solve(load(tmp_path / "asked.yaml"))
        book = openpyxl.load_workbook(write_workbook(plan, tmp_path / "asked.xlsx", "de"))
        facts = {row[0].value: row[1].value for row in book["Deckblatt"].iter_rows(max_row=30, max_col=2)}
        assert facts["Fragen und Antworten an"] == "Referat X.1"
        assert facts["Antwort bis"] == datetime(2026, 12, 11)

    def test_sheets_to_be_read_are_the_print_set(self, path: Path) -> None:
        book = openpyxl.load_workbook(path)
        rows = [(row[0].value, row[1].value) for row in book["Cover"].iter_rows(max_col=2)]
        start = next(k for k, (group, _) in enumerate(rows) if group == "Read these")
        read = [name for name, _ in rows[start + 1 : next(k for k, (group, _) in enumerate(rows) if group == "Look up")]]
        assert read == book.sheetnames[1 : len(read) + 1]
        assert f"click the tab Cover, hold Shift, click the tab {read[-1]}" in str(rows[start][1])

    def test_nothing_is_printed_small(self, plan: Plan) -> None:
        """At 60 % ten points are six: what is wider takes more pages across, what is longer more of them down."""
        for sheet in build_sheets(Book(plan, "bg")):
            place = Geometry.of(sheet, sheet.key, 1)
            across, down = PAPER[sheet.portrait]
            shape = fit(sheet, place)
            assert shape.wide * across >= 0.6 * place.pixels, sheet.key
            assert shape.tall == 0 or 0.6 * sum(row_heights(sheet.table, place.widths)) < down, sheet.key


class TestMoney:
    def test_a_marker_weighs_every_euro(self, plan: Plan, path: Path) -> None:
        lines = plan.allocation[plan.allocation["counts"] == "budget"]
        halves = (lines["instrument"] == "amif") & (lines["area"] == "legal-pathways")
        expected = (lines["amount"] * lines["area"].map(ODA).where(~halves, 0.5)).sum()
        shown = table(path, "Policy fields").iloc[0]
        assert shown["Counts towards"] == pytest.approx(expected)
        assert shown["Target, of its own base"] == 0.7
        assert shown["Status"] in ("OK", "At limit")

    def test_pledges_say_what_is_missing(self, path: Path) -> None:
        lines, shown = table(path, "Allocation"), table(path, "Pledges").set_index("Pledge")
        for name, promised, key in (("Tunisia", 12, "tunisia"), ("Egypt", 6.5, "egypt")):
            row = shown.loc[f"{name}: signed package"]
            planned = lines.loc[lines["Partnership ID"] == key, "Planned"].sum()
            assert row["Promised"] == promised
            assert row["Planned"] == pytest.approx(planned)
            assert row["Gap"] == pytest.approx(max(0, promised - planned))
        assert shown.loc["Tunisia: signed package", "Decided"] == pytest.approx(3.5)

    def test_team_europe_keeps_three_kinds_of_money_apart(self, plan: Plan, path: Path) -> None:
        shown = table(path, "Team Europe").set_index("Partnership")
        budget = plan.total("partnership", counts="budget")["egypt"]
        assert shown.loc["Egypt", "EU budget"] == pytest.approx(budget)
        assert shown.loc["Egypt", "Member States"] == pytest.approx(1.5)
        assert shown.loc["Egypt", "Together"] == pytest.approx(budget + 1.5)
        assert shown.loc["Egypt", "Guarantees"] == 40
        assert set(shown.index) == {"Egypt", "Total of these"}

    def test_payments_follow_the_profiles(self, plan: Plan, path: Path) -> None:
        shown = table(path, "Payments").set_index("Instrument")
        x = plan.pivot("instrument", "year")
        ndici = x.loc["ndici"]
        assert shown.loc["NDICI-Global Europe", "2025"] == pytest.approx(0.2 * ndici[2025])
        assert shown.loc["NDICI-Global Europe", "2026"] == pytest.approx(0.5 * ndici[2025] + 0.2 * ndici[2026])
        assert shown.loc["NDICI-Global Europe", "2028"] == pytest.approx(0.3 * ndici[2026])
        assert shown.loc["AMIF thematic facility", "2027"] == pytest.approx(0.4 * x.loc["amif", 2026])
        both = x.loc[["ndici", "amif"]]
        left = 0.8 * ndici[2025] + 0.4 * x.loc["amif", 2025]
        assert shown.loc["Outstanding at the end of the year", "2025"] == pytest.approx(left)
        assert shown.loc["Outstanding at the end of the year", "2028"] == pytest.approx(0)
        assert shown.loc["Total", "Committed"] == pytest.approx(both.to_numpy().sum())

    def test_moves_show_amounts_limits_and_reserves(self, rich: Path) -> None:
        shown = table(rich, "Moves")
        scenario = every_kind()
        assert shown["Kind"].value_counts().to_dict() == {"Carry-over": 1, "Transfer": 2, "Reserve": 1}
        assert len(scenario.lines.moves) == 3
        carry, reserve = shown[shown["Kind"] == "Carry-over"].iloc[0], shown[shown["Kind"] == "Reserve"].iloc[0]
        assert carry["At most"] == pytest.approx(14.2)  # half of 28.5, in steps of 0.1
        assert (carry["Year"], carry["Arrives in"]) == (2025, 2026)
        assert reserve["Amount"] == pytest.approx(55 - 52.2)

    def test_moves_that_are_not_made_share_a_row(self, tmp_path: Path) -> None:
        scenario = every_kind()
        shown = table(write_workbook(plan_of(scenario, ledger(scenario)), tmp_path / "still.xlsx"), "Moves")
        transfer = shown[shown["Kind"] == "Transfer"]
        both = [scenario.lines.moves.upper[k] / 10 for k, kind in enumerate(scenario.lines.moves.kind) if kind == "transfer"]
        assert len(both) == 2
        assert transfer[["Year", "Amount", "At most"]].to_numpy().tolist() == [["2025-2026", 0, pytest.approx(sum(both))]]

    def test_no_share_is_shown_where_member_states_give_nothing(self, tmp_path: Path) -> None:
        scenario = every_kind()
        partner = [scenario.facts.instruments[k].counts == "partner" for k in scenario.lines.instrument]
        steps = [0 if given else step for given, step in zip(partner, ledger(scenario), strict=True)]
        shown = table(write_workbook(plan_of(scenario, steps), tmp_path / "alone.xlsx"), "Team Europe").set_index("Partnership")
        share = "EU budget in what is counted together"
        assert pd.isna(shown.loc["Egypt", share])  # n/a, as pandas reads it: 100 % would say that they give nothing at all
        assert pd.isna(shown.loc["Total of these", share])

    def test_instruments_that_are_used_up_stand_below_and_are_not_printed(self, plan: Plan) -> None:
        sheet = free_money.build(Book(plan, "en"))
        free = [float(plain(cell)) for cell in next(c for c in sheet.table.columns if c.key == "free").cells]
        assert sheet.printed_rows is not None
        assert not any(free[sheet.printed_rows :])
        assert any(free[: sheet.printed_rows])

    def test_the_comparison_starts_from_the_baseline(self, rich: Path) -> None:
        shown = table(rich, "Compare partnerships").set_index("Partnership")
        assert shown.loc["Tunisia", "Baseline"] == pytest.approx(7.3)
        assert shown.loc["Egypt", "Baseline"] == pytest.approx(4)
        assert total(rich, "Compare instruments", "Baseline") == pytest.approx(11.3)
        assert shown["Change"].iloc[:-1].abs().is_monotonic_decreasing
        steps = table(rich, "Waterfall data")
        ours = steps[steps["Shown in"] == "Compare partnerships"]
        assert ours["Level"].iloc[-2] == pytest.approx(ours["Total bar"].iloc[-1])


class TestWords:
    def test_refusals_carry_their_reasons(self, path: Path) -> None:
        shown = table(path, "Not eligible").set_index("Reason")
        sahel = shown.loc["Cooperation starts in 2026"]
        assert sahel["Partnership"] == "Sahel regional programme"
        assert str(sahel["Year"]) == "2025"
        assert sahel["Combinations"] == 2  # NDICI and AMIF
        served = shown.loc["The instrument does not serve these partnerships"]
        assert served["Partnership"] == "Global programme"
        assert served["Combinations"] == 3 * 2 - 1  # three areas, two years; smuggling in 2026 is opened

    def test_every_figure_has_a_source_and_a_confidence(self, path: Path) -> None:
        shown = table(path, "Assumptions")
        assert shown[["Source", "Confidence"]].notna().all(axis=None)
        assert (shown["What"] == "Need").sum() == 9
        assert (shown["What"] == "Ceiling").sum() == 5  # two years and a total of NDICI, two years of AMIF
        assert (shown["What"] == "Decided money").sum() == 4

    def test_the_page_for_the_cabinet_has_ten_sentences_with_figures(self, path: Path) -> None:
        book = openpyxl.load_workbook(path, data_only=True)
        sentences = [book["Cabinet page"].cell(row, 1).value for row in range(5, 15)]
        assert all(isinstance(text, str) and text.endswith(".") and any(c.isdigit() for c in text) for text in sentences), sentences
        assert sentences[0] == "For decision: EUR\u00a067\u00a0million of the EU budget, newly planned for 2025-2026."
        assert "EUR\u00a06\u00a0million of the EU budget were decided before; the plan adds EUR\u00a067\u00a0million" in sentences[1]
        assert book["Cabinet page"].cell(15, 1).value == label("workbook.cover.illustrative")
        assert book["Cabinet page"].cell(16, 1).value == label("proof.inputs")
        assert book["Cabinet page"].cell(17, 1).value is None

    def test_what_is_not_proved_is_said_once_on_cover_cabinet_page_and_summary(self, path: Path) -> None:
        book = openpyxl.load_workbook(path, data_only=True)
        said = {sheet.title: sum(cell.value == label("proof.inputs") for row in sheet.iter_rows() for cell in row) for sheet in book}
        assert {title: count for title, count in said.items() if count} == {"Cover": 1, "Cabinet page": 1, "Summary": 1}

    @pytest.mark.parametrize(("language", "legend"), [("en", "F found in a public source"), ("de", "F in öffentlicher Quelle")])
    def test_letters_of_confidence_are_explained_where_they_stand(self, tmp_path: Path, language: str, legend: str) -> None:
        """The instruments say F and assumption, the eligibility table a word of its own, which nobody explains."""
        text = TINY.read_text("utf-8").replace("AMIF thematic facility\n", "AMIF thematic facility\n    confidence: F\n")
        text = text.replace("name: Guarantees\n", "name: Guarantees\n    confidence: assumption\n")
        (tmp_path / "founded.yaml").write_text(text.replace("effectiveness: 0.5}", "effectiveness: 0.5, confidence: B2}"), "utf-8")
        scenario = load(tmp_path / "founded.yaml")
        book = openpyxl.load_workbook(write_workbook(plan_of(scenario, ledger(scenario)), tmp_path / "founded.xlsx", language))
        said = {sheet.title: [str(cell.value) for row in sheet.iter_rows(max_col=1) for cell in row] for sheet in book}
        explained = [title for title, texts in said.items() if any(legend in text for text in texts)]
        assert explained == [label(f"sheet.{key}.name", language) for key in ("instruments", "sources")]

    def test_the_run_log_names_every_bound_for_what_it_is(self, plan: Plan, path: Path) -> None:
        shown = {row["Item"]: row["What"] for _, row in table(path, "Run log", HEADER + 1).iterrows()}
        assert plan.certificate is not None
        assert 0 <= shown[PROVEN] - float(plan.certificate.bound) < 1e-4  # rounded up
        assert shown["Part of the proven bound that this plan reaches"] == pytest.approx(plan.score / float(plan.certificate.bound))
        assert shown["Largest change by rounding, million EUR"] == pytest.approx(plan.log.largest_move)
        assert shown["Rows of the linear program"] == plan.log.rows
        assert shown["Fingerprint of the resolved scenario (SHA-256)"] == plan.log.digest

    def test_footnotes_stand_on_cover_and_notes_and_short_names_in_charts(self, tmp_path: Path) -> None:
        text = TINY.read_text("utf-8").replace("name: Tunisia,", "name: 'Tunisia*', short: 'Tun*', footnote: A made-up footnote.,")
        (tmp_path / "noted.yaml").write_text(text, "utf-8")
        scenario = load(tmp_path / "noted.yaml")
        written = write_workbook(plan_of(scenario, scenario.lines.decided + np.where(scenario.lines.fixed, 0, 2)), tmp_path / "noted.xlsx")
        book = openpyxl.load_workbook(written, data_only=True)
        cover = {row[0].value: row[1].value for row in book["Cover"].iter_rows()}
        assert cover["Tunisia*"] == "A made-up footnote."
        assert {r["Term"]: r["Meaning"] for _, r in table(written, "Notes").iterrows()}["Tunisia*"] == "A made-up footnote."
        assert "Tun*" in table(written, "Chart data")["Label"].tolist()
        assert "Tunisia*" in table(written, "Partnerships")["Partnership"].tolist()

    def test_whole_numbers_round_half_up_with_a_hard_space(self) -> None:
        assert [whole_number(x) for x in (0.5, 1.5, 999.4, 999.5, 16_721.4, 29.4999, -3.2)] == [
            "1", "2", "999", "1\u00a0000", "16\u00a0721", "29", "-3",
        ]  # fmt: skip


def test_rows_of_the_header_are_where_readers_look(path: Path) -> None:
    assert table(path, "Rules", HEADER)["Limit (input)"].notna().all()
    assert Fraction(str(table(path, "Allocation")["Planned"].sum().round(1))) > 70
