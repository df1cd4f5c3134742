"""What can be compared: files of a git revision, workbooks, JSON and CSV, with and without the scenario behind them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from compared import OVERRIDES, write_tiny, write_variant

from fundalloc.compare import Comparison, compare_files
from fundalloc.compare.attribution import Attribution
from fundalloc.compare.results import result_text
from fundalloc.compare.sides import check_out, is_revision
from fundalloc.errors import ScenarioError, UsageError
from fundalloc.export.tables import to_json, write_csv
from fundalloc.export.workbook import write_workbook
from fundalloc.run import solve
from fundalloc.scenario.loading import load

pytest_plugins = ("two_sides",)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]


@pytest.fixture(scope="module")
def results(two_files: tuple[Path, Path]) -> dict[str, Path]:
    """Both plans as files, beside their scenarios."""
    folder, out = two_files[0].parent, {}
    for file in two_files:
        plan = solve(load(file))
        out[f"{file.stem}.xlsx"] = write_workbook(plan, folder / f"{file.stem}.xlsx")
        (folder / f"{file.stem}.json").write_text(to_json(plan), "utf-8")
        out[f"{file.stem}.json"] = folder / f"{file.stem}.json"
        write_csv(plan, folder / f"{file.stem}-tables")
        out[f"{file.stem}.csv"] = folder / f"{file.stem}-tables" / "allocation.csv"
    return out


def changes(found: Comparison, dimension: str = "partnership") -> dict[str, tuple[object, ...]]:
    return {row.member: row.changes for row in found.rows(dimension)}


class TestResults:
    @pytest.mark.parametrize(("first", "second"), [("tiny.xlsx", "variant.json"), ("tiny.json", "variant.xlsx")])
    def test_results_compare_like_the_files_they_were_made_from(
        self, found: Comparison, results: dict[str, Path], first: str, second: str
    ) -> None:
        read = compare_files(str(results[first]), str(results[second]), attributed=False)
        assert changes(read) == changes(found)
        assert changes(read, "marker") == changes(found, "marker")
        assert [o.key for o in read.pairs[0].overrides] == OVERRIDES
        assert {r.demand: r.statuses for r in read.pairs[0].rules or ()} == {r.demand: r.statuses for r in found.pairs[0].rules or ()}
        assert not any(side.solved for side in read.sides)

    def test_workbooks_alone_are_enough_for_shares_and_origins(self, found: Comparison, results: dict[str, Path], tmp_path: Path) -> None:
        for name in ("tiny.xlsx", "variant.xlsx"):
            (tmp_path / name).write_bytes(results[name].read_bytes())
        pair = compare_files(str(tmp_path / "tiny.xlsx"), str(tmp_path / "variant.xlsx")).pairs[0]
        assert not isinstance(pair.inputs, str)
        places = {d.key: d.new_place for d in pair.inputs}
        assert places["rules.legal-floor.at_least"] == "variant.xlsx:variant.yaml:11:27"
        attribution = pair.attribution
        assert isinstance(attribution, Attribution)
        assert (pair.closest, pair.needed, attribution.needed) == ("read", None, False)  # nothing was solved: the whole is shared out
        parts = {part.member: sum(part.parts) for part in attribution.by("partnership")}
        assert parts == {row.member: row.changes[0] for row in found.rows("partnership") if row.changes[0]}

    def test_a_json_result_whose_scenario_changed_states_its_own(self, results: dict[str, Path], tmp_path: Path) -> None:
        content = json.loads(results["variant.json"].read_text("utf-8"))
        content["scenario"]["digest"] = "0" * 64
        (tmp_path / "other.json").write_text(json.dumps(content), "utf-8")
        read = compare_files(str(results["tiny.json"]), str(tmp_path / "other.json"))
        pair = read.pairs[0]
        assert isinstance(pair.inputs, str)
        assert "has changed since" in pair.inputs
        assert pair.attribution == pair.inputs
        rules = {change.demand: change.statuses for change in pair.rules or ()}
        assert rules["smuggling-cap", "egypt", "at most"] == ("not asked", "at limit")
        assert read.total("partner").amounts == (1.5, 1.5)

    def test_a_workbook_for_outside_says_what_it_says(self, found: Comparison, two_files: tuple[Path, Path], tmp_path: Path) -> None:
        path = write_workbook(solve(load(two_files[1])), tmp_path / "outside.xlsx", None, "outside")
        read = compare_files(str(two_files[0]), str(path))
        assert changes(read) == changes(found)
        assert read.name("partnership", "sahel") == "Sahel regional programme"
        assert read.total("partner").amounts == (1.5, 1.5)
        assert read.pairs[0].inputs == "outside.xlsx does not carry its scenario"
        rules = {change.demand: change.statuses for change in read.pairs[0].rules or ()}
        assert rules["smuggling-cap", "egypt", "at most"] == ("not asked", "at limit")

    def test_a_table_of_amounts_has_no_rules(self, found: Comparison, results: dict[str, Path]) -> None:
        read = compare_files(str(results["tiny.csv"]), str(results["variant.csv"]))
        assert read.pairs[0].rules is None
        assert read.pairs[0].moved == found.pairs[0].moved

    def test_names_are_short_and_differ(self, results: dict[str, Path], two_files: tuple[Path, Path]) -> None:
        given = [str(two_files[0]), str(results["tiny.xlsx"]), str(results["tiny.json"])]
        assert [side.name for side in compare_files(*given, attributed=False).sides] == ["tiny (yaml)", "tiny (xlsx)", "tiny (json)"]

    def test_one_alone_is_refused(self, two_files: tuple[Path, Path]) -> None:
        with pytest.raises(UsageError, match="two or more"):
            compare_files(str(two_files[0]))


class TestText:
    def test_a_workbook_and_json_say_the_same(self, results: dict[str, Path]) -> None:
        book, text = (result_text(results[f"variant.{ending}"]).splitlines() for ending in ("xlsx", "json"))
        start = "# amounts: line, million EUR"
        assert book[book.index(start) :] == text[text.index(start) :]
        assert "smuggling-cap | egypt | at most: at limit, 8, 8" in book
        assert [line.split(",")[0] for line in book if " | " in line] == [line.split(",")[0] for line in text if " | " in line]

    def test_amounts_are_those_of_the_plan(self, results: dict[str, Path], found: Comparison) -> None:
        lines = dict(line.rsplit(": ", 1) for line in result_text(results["tiny.xlsx"]).splitlines() if line.count("|") == 3)
        assert {key: float(value) for key, value in lines.items()} == {
            "|".join(key): float(amount) for key, amount in found.sides[0].outcome.amounts.items()
        }

    def test_another_workbook_becomes_its_cells(self, tmp_path: Path) -> None:
        import openpyxl

        book = openpyxl.Workbook()
        assert book.active is not None
        book.active.title = "Needs"
        book.active.append(["partnership", "need"])
        book.active.append(["egypt", 12.5])
        book.save(tmp_path / "needs.xlsx")
        assert result_text(tmp_path / "needs.xlsx") == "# Needs\n1: partnership | need\n2: egypt | 12.5\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two revisions of a scenario in a folder of its own."""
    folder = tmp_path / "repository" / "plans"
    folder.mkdir(parents=True)

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=folder.parent, check=True, capture_output=True)

    git("init", "-q")
    write_tiny(folder)
    write_variant(folder, "extends: tiny.yaml\nrules: {legal-floor: {at_least: 20 %}}\n", "plan.yaml")
    git("add", ".")
    git("commit", "-qm", "first")
    write_variant(folder, "extends: tiny.yaml\nrules: {legal-floor: {at_least: 40 %}}\n", "plan.yaml")
    git("add", ".")
    git("commit", "-qm", "second")
    monkeypatch.chdir(folder.parent)
    return folder.parent


class TestRevisions:
    def test_a_file_of_a_revision_is_read_with_what_it_extends(self, repository: Path) -> None:
        found = compare_files("HEAD~1:plans/plan.yaml", "plans/plan.yaml")
        assert [side.name for side in found.sides] == ["HEAD~1:plan", "plan"]
        inputs = found.pairs[0].inputs
        assert not isinstance(inputs, str)
        (difference,) = inputs
        assert (difference.old, difference.new) == ("20 %", "40 %")
        assert difference.old_place == "HEAD~1:plans/plan.yaml:2:33"
        assert difference.new_place == "plans/plan.yaml:2:33"
        assert isinstance(found.pairs[0].attribution, Attribution)

    def test_names_are_seen_from_here_or_from_the_top(self, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(repository / "plans")
        for given in ("HEAD~1:plan.yaml", "HEAD~1:plans/plan.yaml", f"HEAD~1:{repository / 'plans' / 'plan.yaml'}"):
            folder = tmp_path / given.replace("/", "-")
            folder.mkdir()
            assert "20 %" in check_out(given, folder).read_text("utf-8")

    def test_a_windows_path_or_a_file_with_a_colon_is_no_revision(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert not is_revision("C:\\plans\\plan.yaml")
        assert is_revision("main:plan.yaml")
        (tmp_path / "main:plan.yaml").write_text("x", "utf-8")
        assert not is_revision("main:plan.yaml")

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ("nowhere:plans/plan.yaml", "git knows no revision 'nowhere'"),
            ("HEAD:plans/plam.yaml", "that revision has no file 'plans/plam.yaml'"),
            ("--upload-pack=x:plans/plan.yaml", "git knows no revision"),
        ],
    )
    def test_what_is_not_there_is_said(self, repository: Path, given: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            compare_files(given, "plans/plan.yaml")

    def test_outside_a_repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        with pytest.raises(UsageError, match="not in a git repository"):
            compare_files("HEAD:a.yaml", "HEAD:b.yaml")

    def test_problems_name_the_revision(self, repository: Path) -> None:
        (repository / "plans" / "plan.yaml").write_text("extends: tiny.yaml\nrules: {legal-floor: {at_leats: 1}}\n", "utf-8")
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qam", "x"], check=True)
        with pytest.raises(ScenarioError) as caught:
            compare_files("HEAD:plans/plan.yaml", "HEAD~1:plans/plan.yaml")
        assert str(caught.value.problems[0].place) == "HEAD:plans/plan.yaml:2:23"
