"""`fundalloc verify`: every rule recomputed from the amounts of a result, without a solver.

The fixed case asks 17 demands: legal-floor for Tunisia, Egypt and Sahel (soft), packages for two, oda, five ceilings
(NDICI two years and total, AMIF two years) and six of absorption (three partnerships, two years); 14 of them hard.
"""

import json
import re
import subprocess
import sys

import pytest

pytest_plugins = ("calls",)

HOLDS = "verified: 6 demands of rules recomputed, 3 hard, and 11 ceilings, absorption and transfer limits: all hold\n"
PROVED = (
    r"proved: no plan that keeps every hard rule can exceed 64\.\d{4} points \(exact arithmetic\); this one reaches 99\.\d{4}% of that\n"
)
NO_DUALS = HOLDS + "no certificate: the result carries no duals, so nothing is proved about better plans\n"


def is_verified(stdout: str, holds: str = HOLDS) -> bool:
    return re.fullmatch(re.escape(holds) + PROVED, stdout) is not None


def line(content: dict, key: str) -> dict:
    return next(row for row in content["allocation"] if row["key"] == key)


def demand(content: dict, rule: str, member: str) -> dict:
    return next(row for row in content["rules"] if (row["rule"], row["member"]) == (rule, member))


def test_json_names_its_scenario_itself(fundalloc, variant, result_of):
    result = fundalloc("verify", result_of(variant()))
    assert result.exit_code == 0
    assert is_verified(result.stdout)


def test_no_solver_is_imported(variant, result_of):
    program = "import sys; from fundalloc.cli import cli; cli(standalone_mode=False); sys.exit('highspy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, "verify", result_of(variant())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert is_verified(done.stdout)


def test_csv_and_workbook(fundalloc, variant, tmp_path):
    scenario = variant()
    fundalloc("run", scenario, "-o", tmp_path / "plan.xlsx", "--csv", tmp_path / "csv")
    for name in ("csv", "csv/allocation.csv"):
        result = fundalloc("verify", tmp_path / name, scenario)
        assert result.exit_code == 0, name
        assert result.stdout == f"{NO_DUALS}{tmp_path / name} carries no fingerprint of its scenario: nothing to compare with {scenario}\n"
    result = fundalloc("verify", tmp_path / "plan.xlsx", scenario)
    assert result.exit_code == 0
    *verdict, cells = result.stdout.splitlines(keepends=True)
    assert is_verified("".join(verdict))
    assert cells == "the file is, byte for byte, the one that its scenario and record give\n"


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
    assert "  ceiling: AMIF thematic facility: ceiling 2025: 13.0 instead of at most 10.0, EUR\u00a03.0 million too much" in result.stderr
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


def bound_of(fundalloc, path) -> float:
    return json.loads(fundalloc("verify", path, "--json").stdout)["result"]["certificate"]["bound"]


def test_the_certificate_is_proved_again_from_the_duals(fundalloc, variant, result_of):
    stated = json.loads(result_of(variant()).read_text("utf-8"))
    assert bound_of(fundalloc, result_of(variant())) == pytest.approx(stated["certificate"]["bound"], rel=1e-11)


@pytest.mark.parametrize("noise", [0.001, 0.1, 1.0])
def test_perturbed_duals_prove_a_valid_weaker_bound(fundalloc, variant, result_of, noise):
    """Any multipliers prove a bound: it only gets weaker, and what is stated must then be that weaker one."""
    plan = result_of(variant())
    best = bound_of(fundalloc, plan)

    def perturb(content):
        for k, row in enumerate(content["duals"]):
            row["dual"] *= 1 + noise * (-1) ** k
        content["certificate"] = None

    worse = bound_of(fundalloc, result_of(variant(), perturb))
    assert worse > best + 1e-6
    assert worse < best * 3


def test_no_duals_prove_only_what_needs_can_earn(fundalloc, variant, result_of):
    """Without prices every need counts in full: 0.74 of need times priority, as the steps earn 0.5 + 0.3 x 0.6 + 0.2 x 0.3."""
    needs = 12 * 1.2 + 10 + 8 + 15 + 8 * 0.9 + 12.5 + 20 * 1.1 + 9 + 6 * 0.7
    bound = bound_of(fundalloc, result_of(variant(), lambda c: c.update(duals=[{"row": "gone", "dual": 1.0}], certificate=None)))
    assert bound == pytest.approx(0.74 * needs)


def test_a_bound_that_the_duals_do_not_prove_is_named(fundalloc, variant, result_of):
    result = fundalloc("verify", result_of(variant(), lambda c: c["certificate"].update(bound=64.5)))
    assert result.exit_code == 7
    assert "certificate: the bound is stated as 64.5, but its duals prove 64.6" in result.stderr


def test_duals_that_are_no_numbers_are_named(fundalloc, variant, result_of):
    result = fundalloc("verify", result_of(variant(), lambda c: c["duals"].append({"row": "x", "dual": "many"})))
    assert result.exit_code == 7
    assert "are no row with a number" in result.stderr


def test_json_output_lists_what_is_wrong(fundalloc, variant, result_of):
    result = fundalloc("verify", result_of(variant(), lambda c: c.update(penalty=1.5)), "--json")
    assert result.exit_code == 7
    found = json.loads(result.stdout)["result"]
    assert 0 <= found.pop("certificate")["below"] < 0.1
    counts = {"by_decision": 0, "demands": 6, "hard": 3, "built_in": 11}
    assert found == {**counts, "verified": False, "wrong": ["penalty: stated 1.5, recomputed 0"], "older_meanings": []}


def test_broken_by_decision_alone_is_said(fundalloc, variant, result_of):
    change = ("rules:", "rules:\n  odd: {kind: amount, says: Odd, money: {instrument: member-states}, at_most: 1, source: assumption}")
    result = fundalloc("verify", result_of(variant(change)))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == [
        "verified: 7 demands of rules recomputed, 4 hard, and 11 ceilings, absorption and transfer limits: "
        "all hold but 1 broken by decision",
        "by decision: Odd: 1.5 against 1.0 (odd)",
    ]


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
