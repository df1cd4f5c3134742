"""What the commands say and write when no plan exists."""

import json

import pytest

from cases import TINY, TWO_BY_TWO, spaced, write
from fundalloc.run import solve
from fundalloc.scenario.loading import load

pytest_plugins = ("calls",)


def rule(money: dict, **figures: object) -> dict:
    return {"kind": "amount", "says": "rule", "source": "assumption", "money": money, **figures}


def test_repairs_are_written_as_scenarios_that_run(fundalloc, tmp_path):
    tunisia = "rules.packages.at_least.tunisia=80"
    result = fundalloc("run", TINY, "-n", "--set", tunisia, "--repairs", tmp_path / "out")
    assert result.exit_code == 4
    names = sorted(p.name for p in (tmp_path / "out").glob("*.yaml"))
    assert names == [f"tiny-repair-{k}.yaml" for k in range(1, len(names) + 1)]
    text = (tmp_path / "out" / names[0]).read_text("utf-8")
    assert text == (
        f"# Repair 1 of {len(names)} of tiny.yaml: EUR 52 million (political).\n"
        "# - lower “Tunisia: signed package” from 80.0 to 28.0\n"
        "extends: original/tiny.yaml\n"
        "scenario: tiny-repair-1\n"
        "rules:\n"
        "  packages:\n"
        "    at_least: {tunisia: 28}\n"
    )
    for name in names:
        assert solve(load(tmp_path / "out" / name)).status == "optimal"


def test_repairs_beside_the_scenario_extend_it_and_keep_what_was_set(fundalloc, tmp_path):
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"f": rule({"instrument": "b"}, at_least="8")}}, "plan.yaml")
    result = fundalloc("check", path, "--set", "rules.f.source=my own", "--set", "needs.north.returns.need=7", "--repairs", tmp_path)
    assert result.exit_code == 4
    first = tmp_path / "plan-repair-1.yaml"
    assert "extends: plan.yaml\n" in first.read_text("utf-8")
    scenario = load(first)
    assert (scenario.written_rules[0].source, scenario.facts.needs.need.values[0]) == ("my own", 7)
    assert fundalloc("run", first, "-n", "-q").exit_code == 0


def test_json_says_the_same(fundalloc, tmp_path):
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"f": rule({"instrument": "b"}, at_least="8")}})
    result = fundalloc("run", path, "-n", "--json")
    told = json.loads(result.stdout)["result"]
    assert result.exit_code == 4
    assert (told["status"], told["complete"]) == ("infeasible", True)
    assert [[m["rule"] for m in conflict["members"]] for conflict in told["conflicts"]] == [["f", "ceiling"]]
    assert told["repairs"][0]["settings"] == ['rules.f.at_least="6"']
    assert [r["moved"] for r in told["repairs"]] == [2.0, 2.0]
    (checked,) = json.loads(fundalloc("check", path, "--json").stdout)["result"]["scenarios"]
    assert checked["infeasible"]["repairs"] == told["repairs"]


@pytest.mark.parametrize("command", ["run", "check", "explain"])
def test_every_command_explains(fundalloc, tmp_path, command):
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"f": rule({"instrument": "b"}, at_least="8")}})
    result = fundalloc(command, path)
    assert result.exit_code == 4
    assert "These 2 cannot hold together:" in result.stderr
    assert "lower “rule” from 8.0 to 6.0" in spaced(result.stderr)
    assert "raise the ceiling of B from 6.0 to 8.0 in total" in spaced(result.stderr)


def test_a_baseline_without_a_plan_is_named(fundalloc, tmp_path):
    write(tmp_path, {**TWO_BY_TWO, "rules": {"f": rule({"instrument": "b"}, at_least="8")}}, "start.yaml")
    path = write(tmp_path, {**TWO_BY_TWO, "baseline": "start.yaml"})
    for command in ("check", "run"):
        result = fundalloc(command, path)
        assert result.exit_code == 4
        assert f"No plan satisfies all rules of the baseline {tmp_path / 'start.yaml'}." in result.stderr
        assert "lower “rule” from 8.0 to 6.0" in spaced(result.stderr)


def test_check_of_several_files_says_which_one_has_no_plan(fundalloc, tmp_path):
    good = write(tmp_path, TWO_BY_TWO, "good.yaml")
    bad = write(tmp_path, {**TWO_BY_TWO, "rules": {"f": rule({"instrument": "b"}, at_least="8")}}, "bad.yaml")
    result = fundalloc("check", good, bad)
    assert result.exit_code == 4
    assert f"No plan satisfies all rules of {bad}." in result.stderr


def test_strict_turns_warnings_into_problems(fundalloc, tmp_path):
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"r": rule({"partnership": "south"}, at_most="17")}})
    assert fundalloc("check", path).exit_code == 0
    assert "warning: " in fundalloc("check", path).stdout
    result = fundalloc("check", path, "--strict")
    assert result.exit_code == 3
    assert "rule 'r' can never bind" in result.stderr
    assert fundalloc("check", TINY, "--strict").exit_code == 0


def test_repairs_of_stacked_variants_extend_all_of_them(fundalloc, tmp_path):
    path = write(tmp_path, TWO_BY_TWO, "plan.yaml")
    over = tmp_path / "floor.yaml"
    over.write_text("rules:\n  f: {kind: amount, says: floor, source: assumption, money: {instrument: b}, at_least: 8}\n", "utf-8")
    result = fundalloc("run", path, "--with", over, "-n", "--repairs", tmp_path)
    assert result.exit_code == 4
    first = tmp_path / "plan-repair-1.yaml"
    assert "extends: [plan.yaml, floor.yaml]\n" in first.read_text("utf-8")
    assert fundalloc("run", first, "-n", "-q").exit_code == 0
