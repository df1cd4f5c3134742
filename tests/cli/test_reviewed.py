"""Calls that a sceptical reader tried: what makes no sense is refused in one sentence, and nothing is ignored in silence."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from cases import TWO_BY_TWO, write

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
    ],
)
def test_a_call_that_makes_no_sense_is_refused(fundalloc: Callable[..., Result], two: Path, call: tuple[str, ...], said: str) -> None:
    answer = fundalloc(*(str(two) if word == "FILE" else word for word in call))

    assert answer.exit_code == 2
    assert said in answer.stderr
    assert answer.stdout == ""


def test_a_key_that_is_not_there_ends_without_a_blank(fundalloc: Callable[..., Result], two: Path) -> None:
    answer = fundalloc("show", two, "title.zzzzzz")

    assert answer.exit_code == 2
    assert answer.stderr == f"No 'title.zzzzzz' in {two}.\n"


def test_one_scenario_in_the_ledger_is_one_scenario(fundalloc: Callable[..., Result], tmp_path: Path) -> None:
    answer = fundalloc("run", write(tmp_path, TWO_BY_TWO, "two.yaml"), "-n", "--ledger", tmp_path / "ledger.db")

    assert "1 scenario, 1 solved" in answer.stdout
