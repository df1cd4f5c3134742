"""`fundalloc explain` as a planner calls it."""

import json
import re

import pytest

from cases import TINY, TWO_BY_TWO, write

pytest_plugins = ("calls",)

CAP = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "2"}


def test_a_place(fundalloc):
    result = fundalloc("explain", TINY, "sahel", "smuggling")
    assert result.exit_code == 0
    for heading in ("Gets", "Need", "How firm", "Held down by", "Next million", "A million here"):
        assert f"\n{heading}" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 110
    answer = json.loads(fundalloc("explain", TINY, "sahel/smuggling", "--json").stdout)["result"]
    assert answer["target"] == {"partnership": "sahel", "area": "smuggling"}
    assert f"EUR {answer['amount']:.1f} million" in result.stdout.replace("\u00a0", " ")


def test_a_rule_and_the_whole(fundalloc):
    rule = fundalloc("explain", TINY, "legal-floor")
    assert rule.exit_code == 0
    assert "without it the best plan would score that much more" in " ".join(rule.stdout.split())
    assert re.search(r"tiny\.yaml:\d+:\d+", rule.stdout)
    whole = fundalloc("explain", TINY)
    assert whole.exit_code == 0
    assert "\nWhat binds" in whole.stdout
    assert json.loads(fundalloc("explain", TINY, "--json").stdout)["result"]["bindings"][0]["rule"] == "legal-floor"


def test_a_limit_is_told_with_all_its_digits(fundalloc, tmp_path):
    exact = {**CAP, "exactly": "2.55", "soft": "1000"}
    del exact["at_most"]
    file = write(tmp_path, {**TWO_BY_TWO, "rules": {"exact": exact}})
    assert "instead of 2.55 (exact)" in fundalloc("run", file, "-n").stdout
    assert "exactly EUR 2.55 million; at its limit" in " ".join(fundalloc("explain", file, "exact").stdout.split())


def test_what_is_not_understood_is_a_usage_error(fundalloc):
    result = fundalloc("explain", TINY, "tunesia")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing here is called 'tunesia'; did you mean 'tunisia'?" in result.stderr


def test_without_a_plan_it_says_why(fundalloc):
    result = fundalloc("explain", TINY, "tunisia", "--set", "rules.packages.at_least.tunisia=80")
    assert result.exit_code == 4
    assert "No plan satisfies all rules." in result.stderr
    assert "Tunisia: signed package: at least EUR 80.0 million" in result.stderr.replace("\u00a0", " ")


def test_prices_and_value(fundalloc, tmp_path):
    two = write(tmp_path, {**TWO_BY_TWO, "rules": {"one": CAP, "two": CAP}})
    prices = fundalloc("explain", two, "--prices")
    assert prices.exit_code == 0
    assert "one and two: 0.56 points together, 0.0000 points apart" in prices.stdout
    assert json.loads(fundalloc("explain", two, "--prices", "--json").stdout)["result"]["pairs"][0]["first"] == "one"
    value = fundalloc("explain", write(tmp_path, TWO_BY_TWO), "--value")
    assert value.exit_code == 0
    assert "+0.84" in value.stdout
    ladder = json.loads(fundalloc("explain", two, "--value", "--json").stdout)["result"]["ladder"]
    assert [rung["factor"] for rung in ladder] == [0.8, 0.9, 1.0, 1.1, 1.2]


def test_another_scenario(fundalloc, tmp_path):
    here, there = write(tmp_path, TWO_BY_TWO, "here.yaml"), write(tmp_path, {**TWO_BY_TWO, "rules": {"cap": CAP}}, "there.yaml")
    result = fundalloc("explain", here, "north", "--against", there)
    assert result.exit_code == 0
    assert "North: EUR 3.4 million here, 2.0 in" in result.stdout
    assert "rules           +1.4" in result.stdout
    assert fundalloc("explain", here, "--against", there).exit_code == 2
    loose = write(tmp_path, {**TWO_BY_TWO, "rules": {"cap": {**CAP, "at_most": "9"}}}, "loose.yaml")
    same = fundalloc("explain", here, "north", "--against", loose).stdout
    assert "North: EUR 3.4 million, here and in" in same
    assert same.endswith("They differ in rules, which moves nothing here.\n")
    floor = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_least": "11"}
    nowhere = write(tmp_path, {**TWO_BY_TWO, "rules": {"floor": floor}}, "nowhere.yaml")
    without = fundalloc("explain", here, "north", "--against", nowhere)
    assert without.exit_code == 0
    assert "No split: no plan exists there." in without.stdout
    assert fundalloc("explain", nowhere, "north", "--against", here).exit_code == 4


def test_another_plan(fundalloc, tmp_path):
    here, there = write(tmp_path, TWO_BY_TWO, "here.yaml"), write(tmp_path, {**TWO_BY_TWO, "rules": {"cap": CAP}}, "there.yaml")
    assert fundalloc("run", there, "--csv", tmp_path / "plan", "-q").exit_code == 0
    result = fundalloc("explain", here, "north", "--against", tmp_path / "plan", "--json")
    report = json.loads(result.stdout)["result"]
    assert (report["here"], report["there"]) == (pytest.approx(3.4), pytest.approx(2.0))
    saved = tmp_path / "there.json"
    saved.write_text(fundalloc("run", there, "-n", "--json").stdout, "utf-8")
    report = json.loads(fundalloc("explain", here, "north", "--against", saved, "--json").stdout)["result"]
    assert report["parts"] == {"rules": pytest.approx(1.4)}


def test_soft_rules_as_if_hard(fundalloc, tmp_path):
    # North at least 6 and South at least 11: A's 10 and B's 6 for South make 16, so both cannot hold.
    floors = {
        name: {"kind": "amount", "says": name, "source": "assumption", "money": {"partnership": name}, "at_least": amount, "soft": "0.1"}
        for name, amount in (("north", "6"), ("south", "11"))
    }
    two = write(tmp_path, {**TWO_BY_TWO, "rules": floors})
    result = fundalloc("explain", two, "--as-if-hard")
    assert result.exit_code == 0
    assert "What clashes: north, south." in result.stdout
    alone = fundalloc("explain", two, "--as-if-hard", "north")
    # North 6: 2.0 of it at 0.6 in place of South's 2.6 at 1.2; the penalty on South stays.
    assert "The soft rule north could be hard" in alone.stdout
    report = json.loads(fundalloc("explain", two, "--as-if-hard", "north", "--json").stdout)["result"]
    assert report["score"] < report["before"]
    assert fundalloc("explain", two, "--as-if-hard", "nobody").exit_code == 2
