"""`fundalloc run --plan`: a plan made by hand is scored, not optimised.

TWO_BY_TWO on paper: the best plan gives North 3.4 and South 6.6 from A, South 6 from B, and scores 19.72. By hand, North
5 and South 4 from A, South 6 from B: North earns 4 + 0.6, South (4 + 3 met) earns 2 × (6 + 0.6); together 17.8.
"""

import json

import pytest

from cases import TWO_BY_TWO, write

pytest_plugins = ("calls",)

BY_HAND = {"a|north|returns|2026": 5, "a|south|returns|2026": 4, "b|south|returns|2026": 6}


def test_a_lawful_plan_is_scored_and_compared_with_the_best(fundalloc, two, plan_csv):
    result = fundalloc("run", two, "--plan", plan_csv(BY_HAND))
    assert result.exit_code == 0, result.stderr
    assert "Score        17.8000 points; hand-made, not optimised" in result.stdout
    assert "Broken       nothing: every hard rule and decision holds" in result.stdout
    assert "Best plan    19.7200 points, 1.9200 more" in result.stdout
    # (|3.4 - 5| + |6.6 - 4|) / 2
    assert "Distance     EUR\u00a02.1 million would have to move" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines()[-2:]]
    assert rows == [["South", "10.0", "12.6", "2.6"], ["North", "5.0", "3.4", "-1.6"]]
    assert "every hard rule recomputed" not in result.stdout


def test_broken_rules_are_named_with_by_how_much(fundalloc, two, plan_csv):
    result = fundalloc("run", two, "--plan", plan_csv({**BY_HAND, "a|north|returns|2026": 9}))
    assert result.exit_code == 7
    assert "Rules        0 rules, 0 demands: 0 kept, 0 of them at their limit, 0 missed (soft or watched), 0 broken" in result.stdout
    assert "; of 2 ceilings, absorption and transfer limits 1 broken" in result.stdout
    assert "  broken     A: ceiling total: 13.0 instead of at most 10.0, EUR\u00a03.0 million too much (ceiling)" in result.stdout
    assert result.stderr.rstrip() == "The plan breaks 1 demand that must hold."


def test_a_broken_share_says_the_amount_that_it_asks(fundalloc, plan_csv, tmp_path):
    half = {"kind": "share", "says": "North's part of A", "money": {"instrument": "a", "partnership": "north"}, "of": {"instrument": "a"}}
    case = {**TWO_BY_TWO, "rules": {"half": {**half, "at_most": "50 %", "source": "assumption"}}}
    result = fundalloc("run", write(tmp_path, case), "--plan", plan_csv(BY_HAND))
    assert result.exit_code == 7
    assert "5.0 instead of at most 4.5 (50\u00a0% of 9.0), EUR\u00a00.5 million too much (half)" in result.stdout


def test_a_better_score_that_breaks_rules_says_so(fundalloc, two, plan_csv):
    result = fundalloc("run", two, "--plan", plan_csv({**BY_HAND, "a|north|returns|2026": 8, "a|south|returns|2026": 9}))
    # North 4 + 1.44 + 0.48, South all 12: 2 × (6 + 2.16 + 0.72).
    assert "Score        23.6800 points" in result.stdout
    assert "Best plan    19.7200 points, 3.9600 less, as it keeps every hard rule" in result.stdout


def test_decided_money_must_be_kept(fundalloc, variant, plan_csv):
    result = fundalloc(
        "run", variant(), "--plan", plan_csv({"amif|global|returns|2025": 1.5, "member-states|egypt|legal-pathways|2025": 1.5})
    )
    assert result.exit_code == 7
    assert "  broken     amif|global|returns|2025: 1.5, but exactly 2 is decided" in result.stdout
    assert "  broken     ndici|tunisia|smuggling|2025: 0, but at least 3.5 is decided" in result.stdout
    assert "Tunisia: signed package: 0.0 instead of at least 12.0, EUR\u00a012.0 million too little (packages)" in result.stdout


def test_json_carries_the_comparison(fundalloc, two, plan_csv):
    result = fundalloc("run", two, "--plan", plan_csv({**BY_HAND, "a|north|returns|2026": 9}), "--json")
    found = json.loads(result.stdout)["result"]
    assert result.exit_code == 7
    assert (found["format"], found["status"], found["certificate"]) == ("fundalloc.run/1", "hand-made", None)
    assert [(b["rule"], b["member"], b["amount"], b["limit"], b["by"]) for b in found["broken"]] == [
        ("ceiling", "a|total", 13.0, 10.0, 3.0)
    ]
    assert found["best"]["score"] == pytest.approx(19.72)
    assert found["best"]["move"] == pytest.approx((5.6 + 2.6) / 2)
    assert [row["partnership"] for row in found["best"]["partnerships"]] == ["north", "south"]


def test_without_a_best_plan_the_report_is_still_printed(fundalloc, tmp_path, plan_csv):
    floor = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_least": "11"}
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"floor": floor}})
    result = fundalloc("run", path, "--plan", plan_csv(BY_HAND))
    assert result.exit_code == 7
    assert "Best plan    there is none to compare with: No plan satisfies all rules." in result.stdout


def test_members_are_counted_as_members(fundalloc, tmp_path, plan_csv):
    one = {"kind": "count", "says": "few", "counting": "partnership", "at_most": "1", "source": "assumption"}
    hard = write(tmp_path, {**TWO_BY_TWO, "rules": {"few": one}})
    assert "few: 2 instead of at most 1, 1 members too much (few)" in fundalloc("run", hard, "--plan", plan_csv(BY_HAND)).stdout
    # Both are served: 19.72 without the rule, less the one point that the second costs.
    soft = fundalloc("run", write(tmp_path, {**TWO_BY_TWO, "rules": {"few": {**one, "soft": "1"}}}, "soft.yaml"), "-n")
    assert "missed     few: 2 instead of 1 (few)" in soft.stdout
    assert "Score        18.7200 points" in soft.stdout


def test_workbook_and_json_are_read_alike(fundalloc, two, tmp_path):
    fundalloc("run", two, "-o", tmp_path / "plan.xlsx", "--csv", tmp_path / "csv")
    (tmp_path / "plan.json").write_text(fundalloc("run", two, "-n", "--json").stdout, "utf-8")
    for plan in ("plan.xlsx", "plan.json", "csv", "csv/allocation.csv"):
        result = fundalloc("run", two, "--plan", tmp_path / plan)
        assert result.exit_code == 0, plan
        assert "Best plan    19.7200 points, 0.0000 more" in result.stdout
        assert "Distance     EUR\u00a00.0 million" in result.stdout


@pytest.mark.parametrize(
    ("key", "amount", "message"),
    [
        ("a|north|returns|2026", "5.05", "plan.csv:2:22: 'a|north|returns|2026' has 5.05, which is not a whole multiple of round_to 0.1"),
        ("a|north|returns|2026", "-1", "'a|north|returns|2026' has -1, a negative amount"),
        ("b|north|returns|2026", "1", "plan.csv:2:1: 'b|north|returns|2026' has 1, but is no allocation line"),
        ("a|nort|returns|2026", "1", "plan.csv:2:3: unknown partnership 'nort'"),
    ],
)
def test_amounts_that_no_plan_can_have_exit_3(fundalloc, two, plan_csv, monkeypatch, tmp_path, key, amount, message):
    monkeypatch.chdir(tmp_path)
    result = fundalloc("run", two, "--plan", plan_csv({key: amount}))
    assert result.exit_code == 3
    assert message in result.stderr
    assert result.stdout == ""


def test_the_reason_of_a_refusal_is_quoted(fundalloc, two, plan_csv):
    result = fundalloc("run", two, "--plan", plan_csv({"b|north|returns|2026": 1}))
    assert "B does not serve North (instruments.b.partners)" in result.stderr


def test_plan_only_measures_one_scenario(fundalloc, two, plan_csv, tmp_path):
    plan = plan_csv(BY_HAND)
    assert fundalloc("run", two, two, "--plan", plan).exit_code == 2
    assert fundalloc("run", two, "--plan", plan, "-o", tmp_path / "x.xlsx").exit_code == 2
    assert not (tmp_path / "x.xlsx").exists()
