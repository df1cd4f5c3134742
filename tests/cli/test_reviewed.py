"""Calls that a sceptical reader tried: what makes no sense is refused in one sentence, and nothing is ignored in silence."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from cases import TINY, TWO_BY_TWO, write

pytest_plugins = ("calls",)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("explain", "FILE", "--prices", "--value"), "ask one at a time"),
        (("explain", "FILE", "a", "--value"), "is about the whole scenario"),
        (("explain", "FILE", ""), "WHAT is empty"),
        (("verify", "plan.xlsx", "--set", "round_to=1"), "leave --set out"),
        (("frontier", "FILE", "--between", "impact,lowest_coverage", "--for-each", "nope"), "coverage of each 'nope'"),
        (("frontier", "FILE", "--between", "impact,lowest_coverage", "--for-each", "year"), "coverage of each 'year'"),
        (("robust", "FILE", "FILE", "--weights", "0,0"), "not all of them zero"),
        (("robust", "FILE", "FILE", "--weights", "1"), "1 weights for 2 scenarios"),
        (("compare", "FILE", "FILE", "--min", "nan"), "not a number; write an amount"),
        (("run", "FILE", "--gap", "nan"), "'nan' is not a number"),
        (("run", "FILE", "--time-limit", "nan"), "'nan' is not a number"),
        (("run", "FILE", "--write-lp", "program.txt"), "the file ends in .lp or .mps"),
        (("sweep", "FILE", "--vary", "title=1..3:1"), "only figures can be varied"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(fundalloc: Callable[..., Result], two: Path, call: tuple[str, ...], said: str) -> None:
    answer = fundalloc(*(str(two) if word == "FILE" else word for word in call))

    assert answer.exit_code == 2
    assert said in answer.stderr
    assert answer.stdout == ""


def test_a_program_that_cannot_be_written_is_said_before_anything_is_solved(fundalloc: Callable[..., Result], two: Path) -> None:
    answer = fundalloc("run", two, "--write-lp", two.parent / "nowhere" / "program.lp")

    assert answer.exit_code == 6
    assert answer.stdout == ""


def test_a_workbook_in_place_of_a_scenario_is_named(fundalloc: Callable[..., Result], two: Path) -> None:
    book = two.parent / "plan.xlsx"
    assert fundalloc("run", two, "-o", book, "-q").exit_code == 0

    answer = fundalloc("check", book)

    assert answer.exit_code == 3
    assert "this is a workbook" in answer.stderr
    assert "fundalloc extract" in answer.stderr


def test_futures_without_a_common_year_are_refused(fundalloc: Callable[..., Result], two: Path, tmp_path: Path) -> None:
    later = write(tmp_path, {**TWO_BY_TWO, "years": "2028-2029"}, "later.yaml")

    answer = fundalloc("robust", two, later)

    assert answer.exit_code == 2
    assert "no year in common" in answer.stderr


def test_tables_keep_their_last_column_when_nobody_watches(fundalloc: Callable[..., Result], tmp_path: Path) -> None:
    names = [f"a-very-long-name-of-a-scenario-that-fills-the-line-{k}" for k in range(4)]
    files = [write(tmp_path, {**TWO_BY_TWO, "scenario": name}, f"{name}.yaml") for name in names]

    answer = fundalloc("compare", *files)

    assert answer.exit_code == 0
    assert all(name in answer.stdout.replace("\n", " ") for name in names)
    assert "…" not in answer.stdout


def test_a_key_that_is_not_there_ends_without_a_blank(fundalloc: Callable[..., Result], two: Path) -> None:
    answer = fundalloc("show", two, "title.zzzzzz")

    assert answer.exit_code == 2
    assert answer.stderr == f"No 'title.zzzzzz' in {two}.\n"


def test_one_scenario_in_the_ledger_is_one_scenario(fundalloc: Callable[..., Result], tmp_path: Path) -> None:
    answer = fundalloc("run", write(tmp_path, TWO_BY_TWO, "two.yaml"), "-n", "--ledger", tmp_path / "ledger.db")

    assert "1 scenario, 1 solved" in answer.stdout


def test_import_does_not_replace_a_scenario_written_by_hand(fundalloc: Callable[..., Result], two: Path, tmp_path: Path) -> None:
    book, before = tmp_path / "plan.xlsx", two.read_bytes()
    fundalloc("run", two, "-o", book, "-q")

    refused = fundalloc("import", book, "-o", two)

    assert refused.exit_code == 2
    assert "was not written by `fundalloc import`" in refused.stderr
    assert two.read_bytes() == before


def test_money_of_partners_stays_apart_when_a_csv_is_compared(fundalloc: Callable[..., Result], tmp_path: Path) -> None:
    answer = fundalloc("run", TINY, "--json", "-n")
    (tmp_path / "plan.json").write_text(answer.stdout, "utf-8")
    fundalloc("run", TINY, "--csv", tmp_path / "csv", "-q")

    same = fundalloc("compare", tmp_path / "plan.json", tmp_path / "csv" / "allocation.csv", "--exit-code")

    assert "No partnership receives more or less." in same.stdout
    assert "73.7" not in same.stdout


@pytest.mark.parametrize("held_back", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_no_fault_of_the_program(held_back: str) -> None:
    call, env = [sys.executable, "-m", "fundalloc", "schema"], {**os.environ, "PYTHONUNBUFFERED": held_back}
    with open("/dev/full", "w") as full:
        answer = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=env)

    assert answer.returncode == 6
    assert answer.stderr == "The output cannot be written: no space left.\n"
