"""What a forge runs for a proposed change: every scenario is checked and compared, and the report says what moves."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from cases import ROOT

FORGE = ROOT / "examples" / "forge"
pytestmark = pytest.mark.skipif(shutil.which("git") is None or shutil.which("bash") is None, reason="needs git and bash")


@pytest.fixture
def project(tmp_path):
    """A project of one scenario under git, and `fundalloc` as a command."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "fundalloc"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fundalloc "$@"\n', "utf-8")
    command.chmod(0o755)
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(ROOT / "examples" / "tiny" / "tiny.yaml", project)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    who = {f"GIT_{role}_{what}": "x@x.eu" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def call(*args: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(a) for a in args], cwd=project, env={**os.environ, **who, "PATH": path}, capture_output=True, text=True)

    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        assert call("git", *command).returncode == 0
    return project, call


def test_a_change_and_a_mistake_are_reported(project):
    folder, call = project
    tiny = folder / "tiny.yaml"
    tiny.write_text(tiny.read_text("utf-8").replace("at_least: 10 %", "at_least: 20 %"), "utf-8")
    (folder / "wrong.yaml").write_text("extends: tiny.yaml\nscenario: wrong\nfundalloc: 1\nyears: never\n", "utf-8")
    call("git", "add", "-A")
    done = call("bash", FORGE / "compare.sh", "HEAD")
    report = (folder / "comparison.md").read_text("utf-8")
    assert done.returncode == 3
    assert "## tiny.yaml" in report
    assert "rules.legal-floor.at_least" in report
    assert "## wrong.yaml\n\nHas problems:" in report
    assert done.stdout == report


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_both_forges_run_the_same_script(name):
    text = (FORGE / name).read_text("utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    assert "bash compare.sh" in text
