"""What answers the statements of a mandate, worked out by hand on the tiny case, in tables and on the sheet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from books import HEADER, plan_of
from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import cli
from fundalloc.export.tables import as_dict, tables
from fundalloc.export.workbook import write_workbook
from fundalloc.plan.plan import Plan
from fundalloc.scenario.loading import load

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]
NOTHING = "no money behind it"
MANDATE = """
extends: tiny.yaml
scenario: asked
mandate:
  - {id: S1, text: Act together, text.fr: Agir ensemble, instrument: all, rules: "packages legal-floor"}
  - {id: S2, text: Return, area: returns, source: A factsheet}
  - {id: S3, text: Egypt at home, partnership: egypt, area: returns legal-pathways, note: Two areas, note.fr: Deux domaines}
  - {id: S3, instrument: ndici, marker: oda, rules: oda}
  - {id: S4, text: Egypt at sea, partnership: egypt, area: smuggling}
  - {id: S5, text: Profits of others, note: "EUR 330 million, never counted", source: Another page}
  - {id: S6, text: Tunisia, partnership: tunisia, year: 2025-2026}
"""
STEPS = {
    "ndici|tunisia|smuggling|2025": 35,
    "ndici|egypt|returns|2026": 50,
    "amif|egypt|legal-pathways|2025": 40,
    "amif|global|returns|2025": 20,
    "member-states|egypt|legal-pathways|2025": 15,
}
"""In steps of 0.1. All: 16. Returns: 5 + 2. Egypt, returns and legal: 5 + 4 + 1.5, of which the 5 are returns too. ODA of NDICI:
0.6 x 3.5 + 0.7 x 5 = 5.6 of 8.5, which is 66 % of at least 70 %. Packages: Tunisia has 3.5 of 12, Egypt 10.5 of 6.5. Legal: Egypt has
5.5 of 10.5, Tunisia nothing of 3.5, the Sahel nothing of nothing."""


def file(folder: Path, more: str = "") -> Path:
    (folder / "tiny.yaml").write_text(TINY.read_text("utf-8"), "utf-8")
    (folder / "asked.yaml").write_text(MANDATE + more, "utf-8")
    return folder / "asked.yaml"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    scenario = load(file(tmp_path_factory.mktemp("asked")))
    return plan_of(scenario, (STEPS.get(key, 0) for key in scenario.lines.keys))


def test_money_rules_and_context_by_hand(plan: Plan) -> None:
    found = tables(plan)["mandate"].astype(object).where(lambda frame: frame.notna(), None)
    rows = [(r.statement, r.answer, r.what, r.amount, r.status, r.kept, r.demands) for r in found.itertuples()]
    assert rows == [
        ("S1", "money", "instrument: all", 16.0, "", 0, 0),
        ("S1", "rule", "packages", None, "breach", 1, 2),
        ("S1", "rule", "legal-floor", None, "missed", 2, 3),
        ("S2", "money", "area: returns", 7.0, "", 0, 0),
        ("S3", "money", "partnership: egypt, area: returns legal-pathways", 10.5, "", 0, 0),
        ("S3", "money", "instrument: ndici, marker: oda", 5.6, "", 0, 0),
        ("S3", "rule", "oda", None, "breach", 0, 1),
        ("S3", "context", "Two areas", None, "", 0, 0),
        ("S4", "no money", "partnership: egypt, area: smuggling", 0.0, "", 0, 0),
        ("S5", "no money", "", None, "", 0, 0),
        ("S5", "context", "EUR 330 million, never counted", None, "", 0, 0),
        ("S6", "money", "partnership: tunisia, year: 2025-2026", 3.5, "", 0, 0),
    ]
    assert found["source"].tolist()[:4] == ["", "assumption", "assumption", "A factsheet"]
    french = tables(plan, "fr")["mandate"]
    assert french["text"].tolist()[:4] == ["Agir ensemble"] * 3 + ["Return"]
    assert french["what"].tolist()[7] == "Deux domaines"
    assert as_dict(plan)["mandate"][4]["amount"] == 10.5


def shown(path: Path, sheet: str = "Mandate") -> list[tuple[Any, ...]]:
    """Statement, text, what answers it, amount, status and demands kept of every row."""
    rows = openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(min_row=HEADER + 2, max_col=6, values_only=True)
    return [tuple(round(cell, 6) if isinstance(cell, float) else cell for cell in row) for row in rows]


def test_the_sheet_shows_the_same(plan: Plan, tmp_path: Path) -> None:
    path = write_workbook(plan, tmp_path / "plan.xlsx")
    expected = [
        ("S1", "Act together", "all", 16, None, None),
        ("S1", None, "packages: Partnership: signed package", None, "Breach", "1/2"),
        ("S1", None, "legal-floor: Partnership: at least … for legal migration", None, "Missed", "2/3"),
        ("S2", "Return", "Returns", 7, None, None),
        ("S3", "Egypt at home", "Egypt · Returns, Legal", 10.5, None, None),
        ("S3", None, "NDICI-Global Europe · Towards Official development assistance (ODA)", 5.6, None, None),
        ("S3", None, "oda: At least … of NDICI money is development aid", None, "Breach", "0/1"),
        ("S3", None, "Two areas", None, None, None),
        ("S4", "Egypt at sea", "Egypt · Smuggling", NOTHING, None, None),
        ("S5", "Profits of others", None, NOTHING, None, None),
        ("S5", None, "EUR 330 million, never counted", None, None, None),
        ("S6", "Tunisia", "Tunisia · 2025-2026", 3.5, None, None),
    ]
    assert shown(path) == expected


def test_a_book_with_the_sheet_is_verified(tmp_path: Path) -> None:
    book = tmp_path / "plan.xlsx"
    assert CliRunner().invoke(cli, ["run", str(file(tmp_path)), "-o", str(book), "--lang", "fr", "-q"]).exit_code == 0
    verified = CliRunner().invoke(cli, ["verify", str(book)])
    assert (verified.exit_code, "byte for byte" in verified.output) == (0, True)
    edited = openpyxl.load_workbook(book)
    assert edited["Mandat"]["B7"].value == "Agir ensemble"
    edited["Mandat"]["D7"] = 99
    edited.save(book)
    refused = CliRunner().invoke(cli, ["verify", str(book)])
    assert (refused.exit_code, "Mandat!D7" in refused.output) == (7, True)


def test_a_child_changes_statements_and_switches_rules_off(tmp_path: Path) -> None:
    base = file(tmp_path)
    (tmp_path / "child.yaml").write_text(
        "extends: asked.yaml\nscenario: child\nrules: {oda: {off: true, reason: Not asked here}}\n"
        "mandate:\n  change:\n    - {id: S2, area: legal-pathways, note: Changed}\n    - {id: S4, off: true, reason: Said by S3}\n"
        "    - {id: S7, text: More}\n",
        "utf-8",
    )
    child = load(tmp_path / "child.yaml")
    plan = plan_of(child, (STEPS.get(key, 0) for key in child.lines.keys))
    rows = {(r.statement, r.answer): (r.what, r.amount) for r in tables(plan)["mandate"].itertuples()}
    assert rows["S2", "money"] == ("area: legal-pathways", 5.5)
    assert rows["S2", "context"][0] == "Changed"
    assert not [key for key in rows if key[0] == "S4"]
    assert rows["S7", "no money"][0] == ""
    book = shown(write_workbook(plan, tmp_path / "child.xlsx"))
    assert ("S3", None, "oda: Not asked here", None, "n/a", None) in book
    told = CliRunner().invoke(cli, ["show", str(tmp_path / "child.yaml"), "mandate.S2", "--json"])
    places = {row["key"].partition(".")[2]: row["origin"] for row in json.loads(told.output)["result"]["values"]}
    assert places["area"].endswith("child.yaml:6:22")
    assert load(base).tables["mandate"].cells[1][0] == "S2"


def test_a_mandate_moves_no_money_and_is_compared_as_text(tmp_path: Path) -> None:
    file(tmp_path)
    found = CliRunner().invoke(cli, ["compare", str(tmp_path / "tiny.yaml"), str(tmp_path / "asked.yaml"), "--json"])
    assert found.exit_code == 0
    pair = json.loads(found.output)["result"]["pairs"][0]
    inputs = [row for row in pair["inputs"] if row["key"].startswith("mandate")]
    assert {row["text"] for row in inputs} == {True}
    assert "mandate.S3 #2.marker" in [row["key"] for row in inputs]
    assert not pair["overrides"]
