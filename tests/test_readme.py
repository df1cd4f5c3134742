"""The README's commands exist, its code runs, and the output it shows for the tiny case is the real one."""

import re
import shlex

import pytest
from click.testing import CliRunner

from cases import ROOT
from fundalloc.cli import COMMANDS, cli

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def plain(text: str) -> list[str]:
    text = re.sub(r"HiGHS \d+\.\d+\.\d+", "HiGHS", text.replace("\u00a0", " "))
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("block", [b for b in blocks("console") if "tiny" in b.splitlines()[0]], ids=lambda b: b.splitlines()[0][:60])
def test_shown_output_is_real(block, monkeypatch):
    monkeypatch.chdir(ROOT)
    command, *shown = block.splitlines()
    result = CliRunner().invoke(cli, shlex.split(command)[2:])
    assert plain(result.output) == plain("\n".join(shown))


def test_python_block_runs(monkeypatch, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "plan.xlsx").exists()


def test_every_command_is_described():
    for command in COMMANDS:
        assert f"`fundalloc {command}" in README


def test_two_commands_do_all_the_set_up():
    set_up = README.split("## Set up")[1].split("\n## ")[0]
    commands = re.findall(r"^```sh\n(.*?)^```", set_up, re.M | re.S)[0].strip().splitlines()
    assert len(commands) == 2
    assert commands[0].endswith("fundalloc run scenarios/mff-2021-2027/baseline.yaml -o plan.xlsx")
    assert commands[1].endswith("python -m pytest -n auto")
