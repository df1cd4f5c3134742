"""One count of demands: every command, file and sheet says the same numbers, written rules apart from ceilings and the like."""

from __future__ import annotations

import csv
import json

import openpyxl

from cases import TWO_BY_TWO, spaced, write

DECIDED = {"instrument": "a", "partnership": "south", "area": "returns", "year": "2026", "amount": "4", "state": "committed"}
pytest_plugins = ("calls",)
CAP = {
    "kind": "amount",
    "says": "{partnership} from A",
    "source": "assumption",
    "for_each": "partnership",
    "money": {"instrument": "a"},
    "at_least": {"north": "1"},
    "at_most": "3.9",
}
WATCHED = {"kind": "amount", "says": "B", "source": "assumption", "money": {"instrument": "b"}, "exactly": "1", "watch": "true"}
CASE = {**TWO_BY_TWO, "decided": [DECIDED], "rules": {"cap": CAP, "b": WATCHED}}
"""Four demands: North at least, both at most, and one exactly, watched. A's 4 for South are decided. Two ceilings stand apart."""


HOLDS = "4 demands of rules recomputed, 3 hard, and 2 ceilings, absorption and transfer limits: all hold but 1 broken by decision"
NAMED = "South from A: 4.0 against 3.9 (cap)"


def test_every_command_counts_and_names_alike(fundalloc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CASE)
    checked = fundalloc("check", "case.yaml")
    assert "2 rules with 4 demands" in checked.stdout
    assert spaced(checked.stdout).splitlines()[-3] == (
        f"A plan exists that satisfies all hard rules but for 1 demand that is broken by decision, before rounding: {NAMED}"
    )
    (stated,) = json.loads(fundalloc("check", "case.yaml", "--json").stdout)["result"]["scenarios"]
    assert (stated["demands"], stated["broken_by_decision"]) == (4, ["cap south at most"])

    printed = spaced(fundalloc("run", "case.yaml", "-o", "plan.xlsx", "--csv", "tables").stdout)
    assert (
        "2 rules, 4 demands: 2 kept, 1 of them at their limit, 1 missed (soft or watched), 1 broken by decision, 0 broken; "
        "of 2 ceilings, absorption and transfer limits 0 broken"
    ) in printed
    assert f"  decision   {NAMED}\n" in printed
    assert "every hard rule recomputed, and kept but for what decided money alone breaks (1)" in printed
    assert "every hard rule recomputed and kept" not in printed

    demands = json.loads(fundalloc("run", "case.yaml", "--json", "-n").stdout)["result"]["demands"]
    assert {key: demands[key] for key in ("demands", "hard", "ok", "at_limit", "missed", "by_decision", "broken")} == {
        "demands": 4,
        "hard": 3,
        "ok": 1,
        "at_limit": 1,
        "missed": 1,
        "by_decision": 1,
        "broken": 0,
    }
    assert (demands["built_in"]["demands"], demands["broken_by_decision"]) == (2, ["cap south at most"])

    for result in ("plan.xlsx", "tables/allocation.csv case.yaml"):
        verified = spaced(fundalloc("verify", *result.split()).stdout)
        assert (
            "verified: 4 demands of rules recomputed, 3 hard, and 2 ceilings, absorption and transfer limits: all hold but 1 broken"
            in verified
        )
        assert f"by decision: {NAMED}" in verified
    with (tmp_path / "tables" / "rules.csv").open(encoding="utf-8") as file:
        statuses = [row["status"] for row in csv.DictReader(file) if row["rule"] in ("cap", "b")]
    assert sorted(statuses) == ["at limit", "decided", "missed", "ok"]


def test_the_workbook_counts_and_names_alike(fundalloc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CASE)
    fundalloc("run", "case.yaml", "-o", "plan.xlsx")
    book = openpyxl.load_workbook("plan.xlsx", data_only=True)
    shown = {
        sheet: [spaced(str(c.value)) for row in book[sheet].iter_rows() for c in row if c.value is not None] for sheet in book.sheetnames
    }
    assert "Requirements: 2 hold, 1 broken by decision; ceilings, absorption, transfers: all 2 hold" in shown["Cover"]
    assert f"As optimised, decided money alone breaks: {NAMED}" in shown["Cover"]
    assert "1 of 1 requirements are missed" in shown["Cover"]
    cabinet = shown["Cabinet page"]
    counted = "Of 4 requirements (one rule can make many), 0 binding ones are broken and 1 targets or monitored ones are missed; "
    assert counted + "1 are kept exactly, with nothing to spare." in cabinet
    at = cabinet.index("Broken by decision before the plan was made, and, as optimised, made no worse by it: 1")
    assert cabinet[at + 1] == NAMED
    summary = {row[0].value: row[1].value for row in book["Summary"].iter_rows() if len(row) > 1}
    counted = {key: value for key, value in summary.items() if isinstance(key, str) and ("emands" in key or "Ceilings, " in key)}
    assert list(counted.values()) == [1, 1, 1, 0, 0]  # at their limit, missed, by decision, broken; ceilings and the like broken
    log = {row[0].value: row[1].value for row in book["Run log"].iter_rows() if len(row) > 1}
    assert spaced(str(log["Demands of rules measured"])) == "4"
    assert spaced(str(log["Ceilings, absorption and transfer limits measured"])) == "2"
    assert len([row for row in book["Rules"].iter_rows(min_row=2) if row[3].value in ("at least", "at most", "exactly")]) == 6


def test_a_comparison_counts_what_decisions_break(fundalloc, tmp_path, monkeypatch):
    # With 4 allowed from A nothing is broken by decision any more.
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CASE)
    write(tmp_path, {**CASE, "rules": {**CASE["rules"], "cap": {**CAP, "at_most": "4"}}}, "other.yaml")
    result = fundalloc("compare", "case.yaml", "other.yaml", "-o", "book.xlsx")
    assert result.exit_code == 0, result.stderr
    rows = openpyxl.load_workbook("book.xlsx")["In brief"].iter_rows(values_only=True)
    counted = {row[0]: row[1:3] for row in rows if row and isinstance(row[0], str) and row[0].startswith("Demands")}
    assert counted == {"Demands of targets or monitored rules missed": (1, 1), "Demands of binding rules broken by decision": (1, 0)}


def test_misses_below_a_step_are_said_with_their_digits(fundalloc, tmp_path, monkeypatch):
    # B has 6 and spends it. Of 6.04 that misses less than a tenth.
    monkeypatch.chdir(tmp_path)
    for name, figure in (("case.yaml", "6"), ("other.yaml", "6.04")):
        write(tmp_path, {**TWO_BY_TWO, "rules": {"b": {**WATCHED, "exactly": figure, "watch": "false", "soft": "0.1"}}}, name)
    assert "  missed     B: 6.0 instead of 6.04 (b)" in fundalloc("run", "other.yaml", "-n").stdout
    assert "B: at limit -> missed by 0.04" in fundalloc("compare", "case.yaml", "other.yaml").stdout


def test_one_of_a_thing_is_said_in_the_singular(fundalloc, tmp_path):
    """The case has one area, one year, and one rule, which asks one thing of North."""
    only = {key: value for key, value in CAP.items() if key != "at_most"}
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"one": only}})
    said = spaced(fundalloc("check", path).stdout)
    assert "1 rule with 1 demand\n" in said
    assert " 1 area, " in said
