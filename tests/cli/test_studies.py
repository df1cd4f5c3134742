"""The commands that solve many programs, called as from a shell."""

from __future__ import annotations

import csv
import json

import openpyxl
import pytest

from cases import TINY, TWO_BY_TWO, write

pytest_plugins = ("calls",)


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setenv("FUNDALLOC_LEDGER", str(path))
    return path


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def charts(path):
    import zipfile

    with zipfile.ZipFile(path) as book:
        return [n for n in book.namelist() if n.startswith("xl/charts/chart")]


def said(sheet):
    return {cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None}


def test_a_sweep_of_a_rule_is_headed_by_its_sentence(fundalloc, tmp_path):
    fundalloc("sweep", TINY, "--vary", "rules.legal-floor.at_least=10%..12%:2%", "-o", tmp_path / "sweep.xlsx")
    points = said(openpyxl.load_workbook(tmp_path / "sweep.xlsx")["Points"])
    assert "Partnership: at least … for legal migration" in points
    assert not any("legal-floor" in str(text) for text in points)


def test_sweep_prints_and_writes(fundalloc, two, tmp_path):
    result = fundalloc("sweep", two, "--vary", "instruments.a.ceiling=0..22:2", "--csv", tmp_path / "out", "-o", tmp_path / "sweep.xlsx")
    assert result.exit_code == 0
    text = result.stdout.replace("\u00a0", " ")
    assert "now 10; score as written 19.7" in text
    assert "exact, from the program's own slopes" in text
    assert "  6.6 " in text
    points = rows(tmp_path / "out" / "sweep-points.csv")
    assert [float(p["score"]) for p in points][5] == pytest.approx(19.72)
    assert [round(float(b["value"]), 4) for b in rows(tmp_path / "out" / "sweep-breaks.csv")] == [3.0, 6.6, 10.6, 15.4, 17.0]
    book = openpyxl.load_workbook(tmp_path / "sweep.xlsx")
    assert book.sheetnames == ["Cover", "Points", "Break points", "By partnership", "By instrument", "By area"]
    assert len(charts(tmp_path / "sweep.xlsx")) == 1


def test_sweep_json_is_one_object(fundalloc, two):
    found = json.loads(fundalloc("sweep", two, "--vary", "instruments.a.ceiling=8,10", "--json").stdout)["result"]
    assert found["format"] == "fundalloc.study/1"
    assert [p["score"] for p in found["points"]] == pytest.approx([17.72, 19.72])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--vary", "instruments.a.ceiling"], 2, "write KEY=FROM..TO:STEP"),
        (["--vary", "instruments.a.cieling=1..2:1"], 3, "unknown key 'cieling'"),
        (["--vary", "instruments.a.ceiling=1..2:1", "-o", "sweep.csv"], 2, "a workbook ends in .xlsx"),
        (["--vary", "instruments.a.ceiling=1..2:1", "-o", "no/such/sweep.xlsx"], 6, "does not exist"),
    ],
)
def test_sweep_mistakes_are_said(fundalloc, two, arguments, code, says):
    result = fundalloc("sweep", two, *arguments)
    assert (result.exit_code, says in result.stderr) == (code, True), result.stderr


def test_sweep_without_any_plan_exits_4(fundalloc, two):
    rule = "rules.r={kind: amount, says: r, source: x, at_most: 99}"
    result = fundalloc("sweep", two, "--set", rule, "--vary", "rules.r.at_least=50..60:10")
    assert result.exit_code == 4
    assert "infeasible" in result.stdout


def test_frontier_writes_scenarios_that_run(fundalloc, tmp_path):
    out = tmp_path / "corners"
    result = fundalloc("frontier", TINY, "--between", "impact,lowest_coverage", "--write", out, "-o", tmp_path / "frontier.xlsx")
    assert result.exit_code == 0
    assert "These are all corners." in result.stdout
    assert "The bend is corner 5" in result.stdout
    assert len(list(out.glob("*.yaml"))) == 7
    found = json.loads(fundalloc("run", out / "corner-05.yaml", "--allow-outside", "-n", "--json").stdout)["result"]
    assert found["score"] == pytest.approx(64.41, abs=0.1)
    book = openpyxl.load_workbook(tmp_path / "frontier.xlsx")
    assert book.sheetnames[:2] == ["Cover", "Corners"]
    assert said(book["Cover"]) >= {"Score / Lowest coverage", "64.41 / 71.1%"}
    assert said(book["By partnership"]) >= {"1: 50.0%", "5: 71.1%", "7: 73.3%"}
    assert len(charts(tmp_path / "frontier.xlsx")) == 1


def test_frontier_takes_two_objectives(fundalloc, two):
    result = fundalloc("frontier", two, "--between", "impact")
    assert (result.exit_code, "takes two objectives" in result.stderr) == (2, True)


def test_alternatives_name_plans_and_write_ones_that_can_be_measured(fundalloc, tmp_path):
    result = fundalloc(
        "alternatives", TINY, "--within", "1%", "-n", 2, "--write", tmp_path / "plans", "-o", tmp_path / "a.xlsx", "--csv", tmp_path / "csv"
    )
    assert result.exit_code == 0, result.stderr
    assert "most even" in result.stdout
    assert "fewest instruments" in result.stdout
    folder = next((tmp_path / "plans").glob("*most-even"))
    measured = fundalloc("run", TINY, "--plan", folder)
    assert measured.exit_code == 0
    assert "every hard rule and decision holds" in measured.stdout
    ranges = rows(tmp_path / "csv" / "alternatives-ranges.csv")
    assert {r["same"] for r in ranges} == {"True", "False"}
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["Cover", "Plans", "Ranges"]


def test_alternatives_refuse_a_wrong_share(fundalloc, two):
    assert "write a share from 0% to below 100%" in fundalloc("alternatives", two, "--within", "3").stderr


def test_robust_shows_regrets(fundalloc, two, tmp_path):
    other = write(
        tmp_path,
        {
            **TWO_BY_TWO,
            "scenario": "other",
            "instruments": {**TWO_BY_TWO["instruments"], "a": {"name": "A", "source": "x", "ceiling": "7"}},
        },
        "other.yaml",
    )
    result = fundalloc("robust", two, other, "-o", tmp_path / "robust.xlsx")
    assert result.exit_code == 0, result.stderr
    assert "A  two-by-two: 19.7 if it were known, weight 50%" in result.stdout.replace("\u00a0", " ")
    assert "bet on A" in result.stdout
    assert "no plan" in result.stdout  # 10 committed do not fit under a ceiling of 7
    book = openpyxl.load_workbook(tmp_path / "robust.xlsx")
    assert book.sheetnames == ["Cover", "Strategies", "Commit now", "Keep for later"]
    # What is committed is money, also under the strategies that are called like a figure in points.
    sheet = book["Commit now"]
    (head,) = (row for row in sheet.iter_rows() if row[0].value == "Instrument")
    money = {cell.value: sheet.cell(head[0].row + 1, cell.column).number_format for cell in head[2:] if cell.value}
    assert len(money) > 2
    assert len(set(money.values())) == 1, money


def test_robust_samples(fundalloc, two, tmp_path):
    result = fundalloc(
        "robust", two, "--set", "instruments.a.ceiling=8..12", "--samples", 10, "--seed", 7, "-j", 1, "-o", tmp_path / "risk.xlsx"
    )
    assert result.exit_code == 0, result.stderr
    assert "10 samples of 1 uncertain figures, seed 7" in result.stdout
    assert "+1.00  instruments.a.ceiling" in result.stdout
    assert openpyxl.load_workbook(tmp_path / "risk.xlsx").sheetnames == ["Cover", "Score", "Amounts", "Rules at risk", "What matters most"]


@pytest.mark.parametrize(("arguments", "says"), [([], "name at least two scenarios"), (["--samples", "5"], "80..120")])
def test_robust_says_what_it_needs(fundalloc, two, arguments, says):
    result = fundalloc("robust", two, *arguments)
    assert (result.exit_code, says in result.stderr) == (2, True)


def test_many_files_get_lines_an_index_and_the_ledger(fundalloc, two, tmp_path, ledger):
    out = tmp_path / "out"
    result = fundalloc("run", two, TINY, tmp_path / "missing.yaml", "-o", out, "-j", 1)
    assert result.exit_code == 3
    assert "missing.yaml: has problems" in result.stderr
    assert "3 scenarios, 2 solved, 1 failed" in result.stdout
    assert sorted(p.name for p in out.iterdir()) == ["index.xlsx", "tiny.xlsx", "two.xlsx"]
    book = openpyxl.load_workbook(out / "index.xlsx")
    assert (
        book["Cover"]["A1"].value
        == "Index of runs: Two instruments, two partnerships, one area, one year | A made-up case, small enough to solve on paper"
    )
    assert "Amounts and scores are those of finished plans, rounded and verified." in said(book["Cover"])
    sheet = book["Runs"]
    links = {cell.value: cell.hyperlink.target for row in sheet.iter_rows() for cell in row if cell.hyperlink and cell.hyperlink.target}
    assert links == {"tiny.xlsx": "tiny.xlsx", "two.xlsx": "two.xlsx"}
    again = fundalloc("run", two, TINY, "-n", "-j", 1)
    assert again.exit_code == 0
    assert "2 unchanged and reused" in again.stdout
    assert again.stderr.count("unchanged, reused") == 2


def test_books_that_exist_and_fit_are_kept(fundalloc, two, tmp_path, ledger):
    out = tmp_path / "out"
    books = out / "two.xlsx", out / "tiny.xlsx"

    def written(*more):
        before = [book.stat().st_mtime_ns for book in books]
        result = fundalloc("run", two, TINY, "-o", out, "-j", 1, *more)
        return result.exit_code, [book.stat().st_mtime_ns != old for book, old in zip(books, before, strict=True)]

    assert fundalloc("run", two, TINY, "-o", out, "-j", 1).exit_code == 0
    assert written() == (0, [False, False])
    two.write_text(two.read_text("utf-8") + "\n# a remark, which travels in the workbook\n", "utf-8")
    assert written() == (0, [True, False])
    assert written("--lang", "fr") == (0, [True, True])
    books[1].write_bytes(b"spoilt")
    assert written("--lang", "fr") == (6, [False, False])
    assert written("--lang", "fr", "--force") == (0, [False, True])


def test_files_of_the_same_name_do_not_overwrite_each_other(fundalloc, tmp_path, ledger):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, {**TWO_BY_TWO, "scenario": folder}, "case.yaml")
    assert fundalloc("run", tmp_path / "a" / "case.yaml", tmp_path / "b" / "case.yaml", "-o", tmp_path / "out", "-j", 1).exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a-case.xlsx", "b-case.xlsx", "index.xlsx"]


def test_runs_list_show_and_prune(fundalloc, two, ledger):
    assert "The ledger is empty" in fundalloc("runs", "list").stdout
    fundalloc("run", two, TINY, "-n", "-j", 1)
    listed = json.loads(fundalloc("runs", "list", "--json").stdout)["result"]["runs"]
    assert {e["scenario"] for e in listed} == {"two-by-two", "tiny"}
    shown = fundalloc("runs", "show", listed[0]["key"][:6])
    assert listed[0]["digest"] in shown.stdout
    assert fundalloc("runs", "show", "nothing").exit_code == 2
    assert fundalloc("runs", "prune").exit_code == 2
    assert "2 runs dropped" in fundalloc("runs", "prune", "--all").stdout


def test_one_file_enters_a_ledger_only_when_asked(fundalloc, two, tmp_path, ledger):
    fundalloc("run", two, "-n")
    assert not ledger.exists()
    mine = tmp_path / "mine.sqlite"
    assert fundalloc("run", two, "-n", "--ledger", mine).exit_code == 0
    assert "unchanged, reused" in fundalloc("run", two, "-n", "--ledger", mine).stderr
