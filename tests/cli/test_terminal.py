"""What reaches the terminal, and what happens when nobody takes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from fundalloc.doors.terminal import visible

pytest_plugins = ("calls",)

TINY = Path(__file__).parents[2] / "examples" / "tiny" / "tiny.yaml"
HOSTILE = "\x1b]0;owned\x07\x9b31mred\u202eevil\u2066"


def call(*arguments: object, **how: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fundalloc", *map(str, arguments)]
    return subprocess.run(command, text=True, check=False, stderr=subprocess.PIPE, **how)  # type: ignore[call-overload, no-any-return]


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert visible("a\x1b[31m\x9b\u202eb\tc\nd é") == "a\\u001b[31m\\u009b\\u202eb\tc\nd é"
    assert json.loads(visible(json.dumps(HOSTILE, ensure_ascii=False))) == HOSTILE


def test_names_reach_the_terminal_visible_in_sentences_tables_and_json(fundalloc: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    for table in TINY.parent.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    text = TINY.read_text("utf-8")
    file.write_text(text.replace("A made-up case", "A \u202ecase").replace("NDICI-Global", "NDICI\u202e"), "utf-8")

    for arguments in (("run", file, "-n"), ("run", file, "-n", "--json"), ("show", file), ("explain", file)):
        answer = fundalloc(*arguments)
        assert answer.exit_code in (0, 2)
        assert "\u202e" not in answer.output
    shown = fundalloc("run", file, "-n").stdout
    assert "A \\u202ecase" in shown
    assert "NDICI\\u202e Europe" in shown
    missing = fundalloc("check", f"no{HOSTILE}.yaml")
    unknown = fundalloc(f"no{HOSTILE}")
    assert not any(c in missing.output + unknown.output for c in "\x1b\x9b\x07\u202e\u2066")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["rules"], ["run", TINY, "-n"]], ids=lambda a: str(a[0]))
def test_a_full_standard_output_is_one_sentence(arguments: list[object]) -> None:
    with open("/dev/full", "w") as full:
        answer = call(*arguments, stdout=full)
    assert (answer.returncode, answer.stderr) == (6, "The output cannot be written: no space left.\n")


def test_a_reader_who_leaves_early_stops_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    book = tmp_path / "plan.xlsx"
    answer = call("run", TINY, "-o", book, stdout=writing)
    os.close(writing)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert book.is_file()


@pytest.mark.skipif(os.name != "posix", reason="the shell closes the outputs")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_outputs_stop_nothing(closed: str) -> None:
    answer = subprocess.run(f"{sys.executable} -m fundalloc check {TINY} {closed}", shell=True, check=False, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
