"""Fixtures of these tests: the commands, called as from a shell, and plans as files. A plugin, as conftest names only tests/conftest.py."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cases import TWO_BY_TWO, write
from fundalloc.cli import cli


@pytest.fixture
def fundalloc() -> Callable[..., Result]:
    """fundalloc(command, …): exit code, stdout and stderr."""

    def call(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(a) for a in args], catch_exceptions=False)

    return call


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """The scenario TWO_BY_TWO as a file."""
    return write(tmp_path, TWO_BY_TWO, "two.yaml")


@pytest.fixture
def plan_csv(tmp_path: Path) -> Callable[..., Path]:
    """plan_csv({"a|north|returns|2026": 5}): a plan as a CSV file."""

    def made(amounts: dict[str, object], name: str = "plan.csv") -> Path:
        rows = [f"{key.replace('|', ',')},{amount}" for key, amount in amounts.items()]
        path = tmp_path / name
        path.write_text("\n".join(["instrument,partnership,area,year,amount", *rows]) + "\n", "utf-8")
        return path

    return made


@pytest.fixture
def result_of(fundalloc: Callable[..., Result], tmp_path: Path) -> Callable[..., Path]:
    """result_of(scenario, change): its JSON result as a file, changed by hand."""

    def made(scenario: Path, change: Callable[[dict], object] = lambda _: None, name: str = "plan.json") -> Path:
        content = json.loads(fundalloc("run", scenario, "-n", "--json", "--quick").stdout)["result"]
        change(content)
        path = tmp_path / name
        path.write_text(json.dumps(content, indent=1), "utf-8")
        return path

    return made
