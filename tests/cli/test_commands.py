"""The commands through their exit codes and texts."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.cli import COMMANDS
from fundalloc.rules import kinds

pytest_plugins = ("calls",)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_run_prints_and_writes(fundalloc, tmp_path):
    result = fundalloc("run", TINY, "-o", tmp_path / "plan.xlsx", "--csv", tmp_path / "csv")
    assert result.exit_code == 0
    assert "EU budget" in result.stdout
    assert result.stdout.rstrip().endswith(f"Wrote {tmp_path / 'plan.xlsx'}")
    tables = ("allocation", "areas", "coverage", "firmness", "free-money", "instruments", "memo", "partnerships", "payments", "rules")
    assert files(tmp_path) == [*sorted(f"csv/{name}" for name in (*(f"{table}.csv" for table in tables), "datapackage.json")), "plan.xlsx"]


def test_dry_run_writes_nothing(fundalloc, tmp_path):
    result = fundalloc("run", TINY, "-o", tmp_path / "plan.xlsx", "--csv", tmp_path / "csv", "-n")
    assert result.exit_code == 0
    assert files(tmp_path) == []


def test_several_scenarios_get_a_workbook_each(fundalloc, tmp_path):
    write(tmp_path, TWO_BY_TWO, "other.yaml")
    (tmp_path / "out").mkdir()
    result = fundalloc("run", TINY, tmp_path / "other.yaml", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert files(tmp_path / "out") == ["index.xlsx", "other.xlsx", "tiny.xlsx"]


def test_json_is_one_object_with_sorted_rows(fundalloc):
    result = fundalloc("run", TINY, "-n", "--json")
    found = json.loads(result.stdout)["result"]
    assert found["format"] == "fundalloc.run/1"
    assert found["status"] == "optimal"
    keys = [row["key"] for row in found["allocation"]]
    assert keys == sorted(keys)
    assert found["score"] == pytest.approx(found["impact"] - found["penalty"])
    budget = sum(row["amount"] for row in found["allocation"] if row["counts"] == "budget")
    assert budget == pytest.approx(72.2)


def test_quiet_prints_nothing(fundalloc):
    result = fundalloc("run", TINY, "-n", "-q")
    assert (result.exit_code, result.output) == (0, "")


def test_verbose_says_how_long_each_step_took(fundalloc):
    result = fundalloc("run", TINY, "-n", "-v")
    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "Reading",
        "Compiling",
        "Solving",
        "Rounding",
        "Verifying",
        "Certifying",
        "Prices",
    ]


def test_set_changes_one_value(fundalloc):
    result = fundalloc("run", TINY, "-n", "--json", "--set", "instruments.amif.ceiling.each=0", "--set", "decided=[]")
    assert not [row for row in json.loads(result.stdout)["result"]["allocation"] if row["key"].startswith("amif")]


@pytest.mark.parametrize("solver", ["cbc", "highs-pulp"])
def test_other_solvers_reach_the_same_plan(fundalloc, solver):
    ours = json.loads(fundalloc("run", TINY, "-n", "--json").stdout)["result"]
    theirs = json.loads(fundalloc("run", TINY, "-n", "--json", "--solver", solver).stdout)["result"]
    assert ours["allocation"] == theirs["allocation"]


def test_write_lp(fundalloc, tmp_path):
    result = fundalloc("run", TINY, "--write-lp", tmp_path / "tiny.lp")
    assert result.exit_code == 0
    assert files(tmp_path) == ["tiny.lp", "tiny.lp.names.csv"]


def test_problems_exit_3_and_leave_nothing(fundalloc, tmp_path):
    path = write(tmp_path, {**TWO_BY_TWO, "yeers": "2026"})
    result = fundalloc("run", path, "-o", tmp_path / "plan.xlsx")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "unknown key 'yeers'" in result.stderr
    assert "did you mean 'years'?" in result.stderr
    assert "1 problem. Nothing was solved or written." in result.stderr
    assert files(tmp_path) == ["case.yaml"]


def test_infeasible_exits_4_and_names_the_rules(fundalloc, tmp_path):
    result = fundalloc("run", TINY, "-o", tmp_path / "plan.xlsx", "--set", "rules.packages.at_least.tunisia=80")
    assert result.exit_code == 4
    assert "These 2 cannot hold together (1 of 2)" in result.stderr
    assert "Tunisia: signed package: at least EUR 80.0 million" in result.stderr.replace("\u00a0", " ")
    assert files(tmp_path) == []


def test_a_figure_that_whole_steps_cannot_reach_exits_4_and_says_what_they_reach(fundalloc):
    rule = "rules.odd={kind: amount, says: Odd, money: {partnership: egypt}, exactly: 9.0000001, source: assumption}"
    result = fundalloc("run", TINY, "-n", "--set", rule)
    said = result.stderr.replace("\u00a0", " ")
    assert result.exit_code == 4
    assert "exactly EUR 9.0000001 million (9.0000001 is no multiple of 0.1, whole steps reach 9.0 or 9.1)" in said
    assert "lower “Odd” from 9.0000001 to 9.0" in said
    assert "raise “Odd” from 9.0000001 to 9.1" in said


def test_floor_and_ceiling_apart_by_less_than_a_step_exit_4_with_all_their_digits(fundalloc):
    rule = "{kind: amount, says: Odd, money: {partnership: egypt}, source: assumption, "
    result = fundalloc("run", TINY, "-n", "--set", f"rules.a={rule}at_least: 9.0000001}}", "--set", f"rules.b={rule}at_most: 9}}")
    said = result.stderr.replace("\u00a0", " ")
    assert result.exit_code == 4
    assert "at least EUR 9.0000001 million (in whole steps EUR 9.1 million)" in said
    assert "at most EUR 9.0 million" in said


def test_not_roundable_exits_4_and_names_rule_member_and_figure(fundalloc, tmp_path):
    # 7 in whole millions, half of it for North: 3 or 4 are 42.9 % or 57.1 %.
    seven = {"kind": "amount", "says": "Seven", "exactly": "7", "source": "assumption"}
    limits = {"at_least": "45 %", "at_most": "55 %"}
    half = {"kind": "share", "says": "Half", "money": {"partnership": "north"}, "of": {}, "source": "x", **limits}
    path = write(tmp_path, {**TWO_BY_TWO, "round_to": "1", "rules": {"seven": seven, "half": half}})
    result = fundalloc("run", path, "-n")
    said = result.stderr.replace("\u00a0", " ")
    assert result.exit_code == 4
    assert "No plan in steps of EUR 1 million keeps:\n" in said
    assert "seven: Seven: exactly EUR 7 million" in said or "half: Half: at " in said


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing/plan.xlsx", "the folder"), ("", "it is a folder"), ("plan.csv", "a workbook ends in .xlsx")],
)
def test_outputs_that_cannot_be_written_are_refused_before_solving(fundalloc, tmp_path, name, message):
    folder = tmp_path / "here.xlsx" if name == "" else tmp_path
    folder.mkdir(exist_ok=True)
    result = fundalloc("run", TINY, "-o", folder / name if name else folder)
    assert result.exit_code == (2 if name == "plan.csv" else 6)
    assert message in result.stderr
    assert files(tmp_path) == []


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_exits_6(fundalloc, tmp_path):
    tmp_path.chmod(0o500)
    result = fundalloc("run", TINY, "-o", tmp_path / "plan.xlsx")
    tmp_path.chmod(0o700)
    assert result.exit_code == 6


def test_verification_failure_exits_7(fundalloc, monkeypatch):
    import fundalloc.run as corridor

    rounding = corridor.round_plan

    def wrong(*args):
        rounded = rounding(*args)
        rounded.steps[:] += 1000
        return rounded

    monkeypatch.setattr(corridor, "round_plan", wrong)
    result = fundalloc("run", TINY, "-n")
    assert result.exit_code == 7
    assert "The plan does not keep what it must" in result.stderr
    assert result.stdout == ""


def test_a_later_stage_that_a_limit_stops_exits_5(fundalloc, monkeypatch, tmp_path):
    from fundalloc.optimise import stages
    from fundalloc.solvers.solution import Status

    real = stages.solve_mixed

    def limited(program, *rest):
        solution = real(program, *rest)
        return solution if "scores" not in seen and not seen.append("scores") else replace(solution, status=Status.FEASIBLE)

    seen: list[str] = []
    monkeypatch.setattr(stages, "solve_mixed", limited)
    objective = "objective=[impact, {lowest_coverage: {for_each: partnership}}]"
    result = fundalloc("run", TINY, "-n", "--set", objective)
    assert "Note         a limit stopped the search before these later aims had their say: lowest_coverage" in result.stdout
    assert "not all that the scenario asks was searched for" in result.stderr
    assert result.exit_code == 5


def test_unknown_solver_exits_2(fundalloc):
    result = fundalloc("run", TINY, "-n", "--solver", "cbcc")
    assert result.exit_code == 2
    assert "did you mean 'cbc'?" in result.stderr


def test_unknown_command_is_corrected(fundalloc):
    result = fundalloc("rnu")
    assert result.exit_code == 2
    assert "did you mean 'run'?" in result.stderr


def test_unexpected_faults_keep_their_traceback(fundalloc, monkeypatch):
    import fundalloc.optimise.stages as corridor

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(corridor, "compile_program", broken)
    with pytest.raises(ZeroDivisionError):
        fundalloc("run", TINY, "-n")


def test_interrupted_exits_130(fundalloc, monkeypatch):
    import fundalloc.optimise.stages as corridor

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(corridor, "compile_program", interrupt)
    assert fundalloc("run", TINY, "-n").exit_code == 130


def test_check_reports_free_money_and_feasibility(fundalloc):
    result = fundalloc("check", TINY)
    assert result.exit_code == 0
    # 30 less a reserve of 1.5 less 3.5 decided in 2025; the total 55 less 2.75, cut down to 52.2, less 3.5.
    assert "NDICI-Global Europe      25.0  28.5   48.7" in result.stdout
    assert "A plan that satisfies all hard rules exists" in result.stdout


def test_check_names_conflicts(fundalloc):
    result = fundalloc("check", TINY, "--set", "rules.packages.at_least.tunisia=80")
    assert result.exit_code == 4


def test_check_reads_all_files_and_reports_all_problems(fundalloc, tmp_path):
    first = write(tmp_path, {**TWO_BY_TWO, "yeers": "2026"}, "first.yaml")
    second = write(tmp_path, {**TWO_BY_TWO, "titel": "x"}, "second.yaml")
    result = fundalloc("check", first, second, TINY)
    assert result.exit_code == 3
    assert "2 problems" in result.stderr
    assert "A made-up case" in result.stdout


def test_show_says_where_values_come_from(fundalloc, tmp_path):
    write(tmp_path, TWO_BY_TWO, "base.yaml")
    (tmp_path / "child.yaml").write_text("extends: base.yaml\ninstruments:\n  a: {ceiling: inherited - 10 %}\n", "utf-8")
    result = fundalloc("show", tmp_path / "child.yaml", "instruments.a")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "child.yaml:3:16" in rows["instruments.a.ceiling"]
    assert " 9 " in rows["instruments.a.ceiling"]
    assert "base.yaml:" in rows["instruments.a.name"]


def test_show_a_table_and_an_unknown_key(fundalloc):
    result = fundalloc("show", TINY, "needs", "--json")
    assert {"key": "1.need", "value": "12", "origin": f"{result_origin(result, '1.need')}"} in json.loads(result.stdout)["result"]["values"]
    wrong = fundalloc("show", TINY, "instruments.amiff")
    assert wrong.exit_code == 2
    assert "did you mean 'amif'?" in wrong.stderr


def result_origin(result, key: str) -> str:
    origin = next(row["origin"] for row in json.loads(result.stdout)["result"]["values"] if row["key"] == key)
    line = (TINY.read_text("utf-8").splitlines().index("  - {partnership: tunisia, area: smuggling, need: 12, priority: 1.2}")) + 1
    assert f"tiny.yaml:{line}:" in origin
    return origin


def test_rules_lists_and_explains(fundalloc):
    result = fundalloc("rules")
    listed = [line.split()[0] for line in result.stdout.splitlines() if line][:-1]
    assert listed == sorted(kinds())
    assert {"amount", "share", "balance", "change", "ceiling", "absorption"} <= set(listed)
    explained = fundalloc("rules", "share").stdout
    assert "share x sum of `of`" in explained
    assert "soft" in explained
    assert fundalloc("rules", "shaer").exit_code == 2


def test_schema_is_json(fundalloc):
    schema = json.loads(fundalloc("schema").stdout)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "rules" in schema["properties"]


@pytest.mark.parametrize("tables", ["csv", "xlsx"])
@pytest.mark.parametrize("starter", ["mff-2021-2027", "global-europe-2028-2034"])
def test_new_copies_a_scenario_that_checks(fundalloc, tmp_path, tables, starter):
    result = fundalloc("new", tmp_path / "mine", "--from", starter, "--tables", tables)
    assert result.exit_code == 0
    checked = fundalloc("check", tmp_path / "mine" / "baseline.yaml")
    assert checked.exit_code == 0, checked.stderr
    assert "A plan that satisfies all hard rules exists" in checked.stdout


@pytest.mark.parametrize(("starter", "main"), [("blank", "baseline.yaml"), ("tiny", "tiny.yaml")])
def test_a_small_starter_runs_from_any_folder(fundalloc, tmp_path, monkeypatch, starter, main):
    monkeypatch.chdir(tmp_path)
    made = fundalloc("new", "mine", "--from", starter)
    assert made.exit_code == 0, made.stderr
    assert made.stdout.splitlines()[-1] == f"Next: fundalloc check {Path('mine') / main}"
    checked = fundalloc("check", f"mine/{main}", "--strict")
    assert checked.exit_code == 0, checked.stdout + checked.stderr
    assert fundalloc("run", f"mine/{main}", "-n").exit_code == 0
    assert "$schema=schema.json" in (tmp_path / "mine" / main).read_text("utf-8")


def test_a_starter_without_tables_cannot_put_them_in_a_workbook(fundalloc, tmp_path):
    refused = fundalloc("new", tmp_path / "mine", "--from", "tiny", "--tables", "xlsx")
    assert (refused.exit_code, (tmp_path / "mine").exists()) == (2, False)
    assert "The tables of 'tiny' stand in the scenario itself" in refused.stderr


def test_new_refuses_a_folder_with_files_and_unknown_starters(fundalloc, tmp_path):
    (tmp_path / "note.txt").write_text("keep me")
    assert fundalloc("new", tmp_path).exit_code == 6
    assert files(tmp_path) == ["note.txt"]
    wrong = fundalloc("new", tmp_path / "x", "--from", "mff")
    assert wrong.exit_code == 2
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(fundalloc, command):
    result = fundalloc(command, "--help")
    assert result.exit_code == 0
    assert f"fundalloc {command}" in result.stdout.split("Options:")[0].replace("Usage:", "").split("\n", 2)[2]


def test_works_under_cp1252():
    done = subprocess.run(
        [sys.executable, "-m", "fundalloc", "run", str(TINY), "-n"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert b"EU budget" in done.stdout


def test_stopped_at_a_limit_exits_5(fundalloc):
    result = fundalloc("run", TINY.parents[2] / "scenarios/mff-2021-2027/baseline.yaml", "-n", "--time-limit", "0.000001")
    assert result.exit_code == 5
    assert "stopped" in result.stderr


def test_a_baseline_shows_who_gains_and_who_loses(fundalloc, tmp_path):
    """Against a plan that gave A's 10 to North, 3.4 stay there and 6.6 go to South, which also takes B's 6."""
    path = write(tmp_path, TWO_BY_TWO)
    (tmp_path / "before.csv").write_text("instrument,partnership,area,year,amount\na,north,returns,2026,10\n", "utf-8")
    result = fundalloc("run", path, "-n", "--baseline", tmp_path / "before.csv")
    assert result.exit_code == 0
    lines = result.stdout.replace("\u00a0", " ").splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("Baseline"))
    assert lines[at : at + 3] == [
        "Baseline     +6.0 in total, 9.6 moved between lines",
        "  gain       South +12.6",
        "  lose       North -6.6",
    ]


def test_nobody_loses_what_is_printed_as_nothing(fundalloc, tmp_path):
    """North keeps 3.4 of 3.44: less than half of the 0.1 that is printed."""
    path = write(tmp_path, TWO_BY_TWO)
    (tmp_path / "before.csv").write_text("instrument,partnership,area,year,amount\na,north,returns,2026,3.44\n", "utf-8")
    result = fundalloc("run", path, "-n", "--baseline", tmp_path / "before.csv")
    assert "gain       South +12.6" in result.stdout
    assert "lose" not in result.stdout


def test_staying_close_gives_up_score(fundalloc, tmp_path):
    """One euro moved from North's 1.0 to South's 1.2 costs 0.2 points: 1 % of 19.72 keeps 0.1972 / 0.2 = 0.98 more with North."""
    path = write(tmp_path, TWO_BY_TWO)
    (tmp_path / "before.csv").write_text("instrument,partnership,area,year,amount\na,north,returns,2026,10\n", "utf-8")
    found = fundalloc("run", path, "-n", "--json", "--baseline", tmp_path / "before.csv", "--stay-close", "1%")
    score = json.loads(found.stdout)["result"]["score"]
    assert 19.72 * 0.99 - 0.05 <= score < 19.72


def test_a_missing_baseline_is_a_problem(fundalloc, tmp_path):
    result = fundalloc("run", TINY, "-n", "--baseline", tmp_path / "nothing.json")
    assert result.exit_code == 3
    assert "no such file" in result.stderr
