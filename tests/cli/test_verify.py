"""`fundalloc verify`: every rule recomputed from the amounts of a result, without a solver.

The fixed case asks 17 demands: legal-floor for Tunisia, Egypt and Sahel (soft), packages for two, oda, five ceilings
(NDICI two years and total, AMIF two years) and six of absorption (three partnerships, two years); 14 of them hard.
"""

import json
import subprocess
import sys

import openpyxl
import pytest

pytest_plugins = ("calls",)

VERIFIED = "verified: 17 demands recomputed, 14 hard, all hold\n"


def line(content: dict, key: str) -> dict:
    return next(row for row in content["allocation"] if row["key"] == key)


def demand(content: dict, rule: str, member: str) -> dict:
    return next(row for row in content["rules"] if (row["rule"], row["member"]) == (rule, member))


def test_json_names_its_scenario_itself(fundalloc, variant, result_of):
    result = fundalloc("verify", result_of(variant()))
    assert (result.exit_code, result.stdout) == (0, VERIFIED)


def test_no_solver_is_imported(variant, result_of):
    program = "import sys; from fundalloc.cli import cli; cli(standalone_mode=False); sys.exit('highspy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, "verify", result_of(variant())], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, VERIFIED), done.stderr


def test_csv_and_workbook(fundalloc, variant, tmp_path):
    scenario = variant()
    fundalloc("run", scenario, "-o", tmp_path / "plan.xlsx", "--csv", tmp_path / "csv")
    for name, fingerprint in (("csv", False), ("csv/allocation.csv", False), ("plan.xlsx", True)):
        result = fundalloc("verify", tmp_path / name, scenario)
        assert result.exit_code == 0, name
        assert result.stdout.endswith(VERIFIED)
        assert ("carries no fingerprint" in result.stdout) is not fingerprint


def test_the_order_of_rows_does_not_matter(fundalloc, variant, result_of):
    def reorder(content):
        for name in ("allocation", "rules", "free_money"):
            content[name].reverse()

    assert fundalloc("verify", result_of(variant(), reorder)).exit_code == 0


def test_a_tampered_amount_breaks_rules_and_what_is_stated(fundalloc, variant, result_of):
    def tamper(content):
        line(content, "amif|tunisia|returns|2025")["amount"] += 3

    result = fundalloc("verify", result_of(variant(), tamper))
    assert result.exit_code == 7
    assert result.stdout == ""
    # AMIF has 10 a year and the plan uses all of it; Tunisia's total grows with the amount.
    assert "  ceiling: AMIF thematic facility: ceiling 2025: 13.0 instead of at most 10.0, EUR 3.0 million too much" in result.stderr
    assert "  rules ceiling amif|2025 at most: amount stated 10.0, recomputed 13.0" in result.stderr
    assert "  rules ceiling amif|2025 at most: status stated at limit, recomputed breach" in result.stderr
    assert "  free_money amif 2025: planned stated 10.0, recomputed 13.0" in result.stderr
    assert "score: stated" in result.stderr


def test_a_changed_scenario_is_said_clearly(fundalloc, variant, result_of):
    plan = result_of(variant())
    variant(("need: 12.5", "need: 12.4"))  # the same file, changed afterwards
    result = fundalloc("verify", plan)
    assert result.exit_code == 7
    assert "fingerprint: the result was made from " in result.stderr
    assert "the scenario was changed since, or --set was used" in result.stderr


def test_settings_are_part_of_the_scenario(fundalloc, variant, tmp_path):
    scenario, setting = variant(), "instruments.amif.ceiling.each=9"
    plan = tmp_path / "plan.json"
    plan.write_text(fundalloc("run", scenario, "-n", "--json", "--set", setting).stdout, "utf-8")
    assert fundalloc("verify", plan).exit_code == 7
    assert fundalloc("verify", plan, "--set", setting).exit_code == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(score=c["score"] + 0.001), "score: stated "),
        (lambda c: demand(c, "packages", "egypt").update(limit=6), "rules packages egypt at least: limit stated 6, recomputed 6.5"),
        (lambda c: demand(c, "oda", "").update(status="at limit"), "rules oda at least: status stated at limit, recomputed ok"),
        (lambda c: c["rules"].remove(demand(c, "oda", "")), "rules oda at least: not stated, although there is such a row"),
        (lambda c: demand(c, "oda", "").update(rule="odb"), "rules odb at least: stated, but there is no such row"),
        (lambda c: c["rules"].append(demand(c, "oda", "")), "rules: 1 row stands twice"),
        (
            lambda c: line(c, "amif|global|returns|2025").update(decided=1),
            "allocation amif|global|returns|2025: decided stated 1, recomputed 2.0",
        ),
        (lambda c: line(c, "amif|global|returns|2025").update(amount=1), "amif|global|returns|2025: 1, but exactly 2 is decided"),
        (
            lambda c: line(c, "amif|global|returns|2025").update(key="amif|mars|returns|2025"),
            "'amif|mars|returns|2025' has 2, but is no allocation line",
        ),
        (
            lambda c: line(c, "amif|global|returns|2026").update(key="ndici|sahel|returns|2025"),
            "Cooperation starts in 2026 (sahel-returns)",
        ),
        (lambda c: line(c, "amif|egypt|returns|2025").update(amount=3.333), "which is not a whole multiple of round_to 0.1"),
        (lambda c: line(c, "amif|egypt|returns|2025").update(amount=-3.3), "'amif|egypt|returns|2025' has -3.3, a negative amount"),
    ],
)
def test_everything_stated_is_compared(fundalloc, variant, result_of, change, message):
    result = fundalloc("verify", result_of(variant(), change))
    assert result.exit_code == 7
    assert message in result.stderr


def test_duals_are_passed_over(fundalloc, variant, result_of):
    assert fundalloc("verify", result_of(variant(), lambda c: c.update(duals=[{"row": 1}]))).exit_code == 0


def test_json_output_lists_what_is_wrong(fundalloc, variant, result_of):
    result = fundalloc("verify", result_of(variant(), lambda c: c.update(penalty=1.5)), "--json")
    assert result.exit_code == 7
    found = json.loads(result.stdout)
    assert found == {"by_decision": 0, "demands": 17, "hard": 14, "verified": False, "wrong": ["penalty: stated 1.5, recomputed 0"]}


@pytest.mark.filterwarnings("ignore:.*will be removed")  # openpyxl, about charts and colours
def test_a_changed_cell_of_a_workbook_is_found(fundalloc, variant, tmp_path):
    scenario = variant()
    fundalloc("run", scenario, "-o", tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    cell = next(c for row in book["Allocation"].iter_rows() for c in row if c.value == "amif|global|returns|2025").offset(column=-2)
    assert cell.value == 2
    cell.value = 2.5
    book.save(tmp_path / "changed.xlsx")
    result = fundalloc("verify", tmp_path / "changed.xlsx", scenario)
    assert result.exit_code == 7
    assert "amif|global|returns|2025: 2.5, but exactly 2 is decided" in result.stderr
    assert "ceiling: AMIF thematic facility: ceiling 2025: 10.5 instead of at most 10.0" in result.stderr


def test_broken_by_decision_alone_is_said(fundalloc, variant, result_of):
    change = ("rules:", "rules:\n  odd: {kind: amount, says: Odd, money: {instrument: member-states}, at_most: 1, source: assumption}")
    result = fundalloc("verify", result_of(variant(change)))
    assert (result.exit_code, result.stdout) == (
        0,
        "verified: 18 demands recomputed, 15 hard, all hold, 1 of them broken by decided money alone\n",
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other"}', '{"format": "fundalloc.run/1"}'])
def test_what_cannot_be_read_exits_3(fundalloc, variant, tmp_path, text):
    (tmp_path / "plan.json").write_text(text, "utf-8")
    assert fundalloc("verify", tmp_path / "plan.json", variant()).exit_code == 3


def test_a_result_without_its_scenario_exits_2(fundalloc, variant, result_of, plan_csv):
    assert fundalloc("verify", plan_csv({})).exit_code == 2
    plan = result_of(variant(name="gone.yaml"))
    (plan.parent / "gone.yaml").unlink()
    result = fundalloc("verify", plan)
    assert result.exit_code == 2
    assert "names no scenario file that is here" in result.stderr
