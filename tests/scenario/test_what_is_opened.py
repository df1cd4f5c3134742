"""What a scenario may open, what a person may name, and what is said of names that lead nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import ScenarioError
from fundalloc.scenario.loading import load

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and pipes")
PLAN = "instrument,partnership,area,year,amount\n"


def scenario(folder: Path, text: str = "", **more: object) -> Path:
    path = write(folder, {**TWO_BY_TWO, **more}, "two.yaml")
    if text:
        path.write_text(text)
    return path


def told(path: Path, **given: object) -> str:
    with pytest.raises(ScenarioError) as raised:
        load(path, **given)  # type: ignore[arg-type]
    return str(raised.value)


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with a file beside it that is nobody's business."""
    (tmp_path / "secret.csv").write_text(PLAN)
    (tmp_path / "project" / "plan").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_a_link_in_the_folder_of_a_baseline_discloses_nothing(inside: Path) -> None:
    (inside / "plan" / "allocation.csv").symlink_to(inside.parent / "secret.csv")
    file = scenario(inside, baseline="plan")
    assert "'plan/allocation.csv' lies outside the project" in told(file)
    assert load(file, allow_outside=True).sources
    assert "allocation.csv' lies outside" in told(file, baseline=inside / "plan")

    (inside / "plan" / "allocation.csv").unlink()
    (inside / "plan" / "allocation.csv").write_text(PLAN)
    (inside / "plan" / "moves.csv").symlink_to(inside.parent / "secret.csv")
    assert "'plan/moves.csv' lies outside" in told(file)


def test_what_is_no_file_on_disk_is_not_opened_when_a_file_names_it(inside: Path) -> None:
    os.mkfifo(inside / "pipe.csv")
    (inside / "round").symlink_to("round")
    names = {"pipe.csv": "is no regular file", "round": "a link that leads in a circle", "n" * 300: "File name too long"}
    for name, says in names.items():
        more: dict[str, object]
        for more in ({"eligibility": {"file": name}}, {"extends": name}, {"baseline": name}):
            text = told(scenario(inside, **more))
            assert says in text
            assert "two.yaml" in text
    assert "is a folder" in told(scenario(inside, eligibility={"file": "plan"}))
    assert "lies outside" in told(scenario(inside, extends="/dev/zero"))
    assert "is no regular file" in told(scenario(inside, extends="/dev/zero"), allow_outside=True)
    assert "control character" in told(scenario(inside, 'fundalloc: 1\nextends: "a\\0b"\n'))


def test_names_on_the_command_line_that_lead_nowhere_are_messages(inside: Path) -> None:
    (inside / "round.yaml").symlink_to("round.yaml")
    assert "circle" in told(inside / "round.yaml")
    assert "File name too long" in told(inside / ("n" * 300))
    assert "this is a folder" in told(inside)
    assert "the file has more; the limit is 2 MB" in told(Path("/dev/zero"))


def test_a_chain_of_files_has_an_end(inside: Path) -> None:
    for k in range(1200):
        (inside / f"{k}.yaml").write_text(f"extends: {k + 1}.yaml\n")
    assert "a chain of more than 50 `extends`" in told(inside / "0.yaml")


def test_a_project_is_the_git_top_level_else_the_current_folder(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (inside / "shared.csv").write_text("x\n")
    (inside / "sub").mkdir()
    file = scenario(inside / "sub", baseline="../shared.csv")
    assert "lies outside" not in told(file)
    monkeypatch.chdir(inside.parent.parent.anchor)
    assert "lies outside" in told(file)
    (inside / ".git").mkdir()
    assert "lies outside" not in told(file)


def test_pipes_and_standard_input_are_read_once_and_travel_along(tmp_path: Path) -> None:
    for table in TINY.parent.glob("*.csv"):
        shutil.copy(table, tmp_path)
    run = [sys.executable, "-m", "fundalloc", "run", "-", "-o", "plan.xlsx"]
    answer = subprocess.run(run, input=TINY.read_bytes(), cwd=tmp_path, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr
    extract = [sys.executable, "-m", "fundalloc", "extract", "plan.xlsx", "again"]
    assert subprocess.run(extract, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert (tmp_path / "again" / "-").read_bytes() == TINY.read_bytes()


def test_control_characters_are_refused_where_they_stand(inside: Path) -> None:
    text = 'fundalloc: 1\nscenario: é\ntitle: "é \\x1b[31mred"\nauthor: "a\n  b \\u009bc"\n'
    assert "two.yaml:3:11: an escape that stands for an invisible" in (found := told(scenario(inside, text)))
    assert "two.yaml:5:5: an escape" in found
    assert "two.yaml:2:13: an invisible control character (#x009b)" in told(scenario(inside, "fundalloc: 1\nscenario: éé\x9b\n"))
    (inside / "plan.csv").write_text(PLAN + "é\x1b,b,c,2026,1\n")
    assert "plan.csv:2:2: an invisible control character (#x001b)" in told(scenario(inside, baseline="plan.csv"))
