"""What --json prints: one object for every command and every end, as its schema says; older shapes are still read."""

import json
import shlex
import shutil
from textwrap import dedent

import jsonschema
import pytest
from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import COMMANDS, cli
from fundalloc.cli.envelope import commands, schema_of

OTHER = """
    extends: tiny.yaml
    scenario: other
    title: More money
    instruments: {amif: {ceiling: {each: 8..10..13}}}
"""
TOO_MUCH = "--set 'rules.r={kind: share, says: x, money: {partnership: tunisia}, at_least: 99 %, of: {}, source: a}'"
CALLS = {  # call → exit code
    "new mine": 0,
    "new --from list x": 0,
    "new .": 6,
    "new": 2,
    "intake needs.csv --as needs": 0,
    "intake needs.csv --as needs -o tiny.yaml": 2,
    "intake missing.csv --as needs": 3,
    "check tiny.yaml": 0,
    "check tiny.yaml missing.yaml": 3,
    "check tiny.yaml --set instruments.amif.ceiling.each=1": 3,
    f"check tiny.yaml {TOO_MUCH}": 4,
    "run tiny.yaml -o plan.xlsx": 0,
    "run tiny.yaml -n --ranges --prices": 0,
    "run tiny.yaml -n --no-such-option": 2,
    "run tiny.yaml -o no/such/folder.xlsx": 6,
    f"run tiny.yaml -n {TOO_MUCH}": 4,
    "run tiny.yaml missing.yaml -n --ledger runs.sqlite": 3,
    "run tiny.yaml --plan plan.xlsx": 0,
    "run tiny.yaml --plan empty.csv": 7,
    "runs list --ledger runs.sqlite": 0,
    "runs show tiny --ledger runs.sqlite": 0,
    "runs show nothing --ledger runs.sqlite": 2,
    "runs name plan.xlsx adopted --force": 0,
    "runs name nothing other": 2,
    "runs names": 0,
    "runs prune --all --ledger runs.sqlite": 0,
    "runs nothing": 2,
    "explain tiny.yaml": 0,
    "explain tiny.yaml tunisia returns": 0,
    "explain tiny.yaml legal-floor": 0,
    "explain tiny.yaml --prices": 0,
    "explain tiny.yaml --value": 0,
    "explain tiny.yaml tunisia --against other.yaml": 0,
    "explain tiny.yaml --as-if-hard": 0,
    "explain tiny.yaml nobody": 2,
    f"explain tiny.yaml {TOO_MUCH}": 4,
    "verify plan.xlsx": 0,
    "verify plan.json": 0,
    "verify changed.json": 7,
    "import plan.xlsx": 0,
    "extract plan.xlsx inside": 0,
    "extract tiny.yaml inside": 3,
    "compare tiny.yaml other.yaml --exit-code": 8,
    "compare plan.json tiny.yaml": 0,
    "sweep tiny.yaml --vary instruments.amif.ceiling.each=8..12:2": 0,
    f"sweep tiny.yaml --vary rules.r.at_least=98%..99%:1% {TOO_MUCH}": 4,
    "frontier tiny.yaml --between impact,unallocated": 0,
    "frontier tiny.yaml --between impact": 2,
    "alternatives tiny.yaml": 0,
    "robust tiny.yaml other.yaml": 0,
    "robust other.yaml --samples 4": 0,
    "show tiny.yaml": 0,
    "show tiny.yaml nothing": 2,
    "rules": 0,
    "rules share": 0,
    "rules nothing": 2,
    "schema": 0,
    "schema --of run": 0,
    "schema --of nothing": 2,
    "selftest --cases 1": 0,
    "completion bash": 0,
    "completion cmd": 2,
    "nothing": 2,
}


def call(text: str):
    return CliRunner().invoke(cli, shlex.split(text), catch_exceptions=False)


def no_constant(word: str):
    raise AssertionError(f"{word} is not JSON")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(TINY, folder)
    (folder / "other.yaml").write_text(dedent(OTHER), "utf-8")
    (folder / "needs.csv").write_text("Country,Sector,Requirements\nTunisia,Returns,2.5\n", "utf-8")
    (folder / "empty.csv").write_text("instrument,partnership,area,year,amount\n", "utf-8")
    return folder


def test_every_command_is_described():
    assert {name.split()[0] for name in commands()} == set(COMMANDS)
    for name in commands():
        jsonschema.Draft7Validator.check_schema(schema_of(name))
        assert json.loads(call(f"schema --of '{name}'").stdout) == schema_of(name)


def test_every_answer_is_as_its_schema_says(desk, monkeypatch):
    monkeypatch.chdir(desk)
    plan = call("run tiny.yaml -n --json").stdout
    (desk / "plan.json").write_text(plan, "utf-8")
    (desk / "changed.json").write_text(plan.replace('"score": ', '"score": 1'), "utf-8")
    seen = set()
    for text, code in CALLS.items():
        result = call(f"{text} --json")
        assert result.exit_code == code, f"{text}: {result.output}"
        told = json.loads(result.stdout, parse_constant=no_constant)
        assert told["exit_code"] == code, text
        assert bool(told["problems"]) is (code not in (0, 8)), text
        if told["command"] in commands():
            jsonschema.validate(told, schema_of(told["command"]))
        else:
            assert (told["command"], code) in (("", 2), ("runs", 2)), text
        seen.add(told["command"])
    assert set(commands()) <= seen
