"""The settings of an editor as the manual shows them, tried on what the command prints."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from cases import ROOT, TINY
from fundalloc.cli import cli

BLOCKS = re.findall(r"```json\n(.*?)```", (ROOT / "scenarios" / "README.md").read_text("utf-8"), re.DOTALL)
(TASK,) = next(read for read in map(json.loads, BLOCKS) if "tasks" in read)["tasks"]


def matched(matcher: dict[str, Any], lines: list[str]) -> Iterator[dict[str, str]]:
    """What an editor reads: patterns match consecutive lines, and each says which of its groups is what."""
    for first in range(len(lines)):
        found = {"severity": matcher.get("severity", "error")}
        for pattern, line in zip(matcher["pattern"], lines[first:], strict=False):
            match = re.search(pattern["regexp"], line)
            if match is None:
                break
            found |= {name: match[group] for name, group in pattern.items() if name != "regexp"}
        else:
            yield found


def listed(path: str) -> list[tuple[str, str, str, str, str]]:
    arguments = [path if word == "${file}" else word for word in TASK["args"]]
    lines = CliRunner().invoke(cli, arguments).stdout.splitlines()
    found = [one for matcher in TASK["problemMatcher"] for one in matched(matcher, lines)]
    return [(one["severity"], one["file"], one["line"], one["column"], one["message"]) for one in found]


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """damaged(old, new): the tiny case in the current folder, with a piece of its text replaced."""
    monkeypatch.chdir(tmp_path)

    def damaged(*changes: tuple[str, str]) -> str:
        text = TINY.read_text("utf-8")
        for old, new in changes:
            assert text.count(old) >= 1
            text = text.replace(old, new, 1)
        (tmp_path / "my plan.yaml").write_text(text, "utf-8")
        return "my plan.yaml"

    return damaged


def line_of(text: str, path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return next(str(number) for number, line in enumerate(file, start=1) if text in line)


def test_problems_reach_the_list_of_an_editor_with_their_places(damaged):
    path = damaged(("round_to:", "roundto:"), ("area: returns", 'area: "returnz"'))
    found = listed(path)
    assert {("error", path, line_of("roundto:", path), "1"), ("error", path, line_of("returnz", path), found[-1][3])} == {
        f[:4] for f in found
    }
    assert any("unknown key 'roundto'" in message for *_, message in found)
    assert any("'returnz'" in message for *_, message in found)


def test_warnings_reach_it_too(damaged):
    path = damaged(("need: 9", "need: 9000"))
    assert ("warning", path, line_of("need: 9000", path)) in [one[:3] for one in listed(path)]


def test_what_is_sound_leaves_the_list_empty():
    assert listed(str(TINY)) == []
