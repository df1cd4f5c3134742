"""Every command once, on the made-up case: it ends with 0 and says what it is for. Also run with the lowest versions allowed."""

import shlex
import shutil
from textwrap import dedent

import pytest
from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import COMMANDS, cli
from fundalloc.solvers.pulp import available
from workbooks import opened, type_in

pytestmark = pytest.mark.lowest

VARIANTS = {
    "returns.yaml": """
        extends: tiny.yaml
        scenario: returns
        title: More for returns
        rules:
          returns-floor: {kind: share, says: A third for returns, money: {area: returns}, at_least: 33 %, of: {}, source: assumption}
    """,
    "uncertain.yaml": """
        extends: tiny.yaml
        scenario: uncertain
        title: An uncertain ceiling
        instruments: {amif: {ceiling: {each: 8..10..13}}}
    """,
}
CALLS = {
    "new mine": "Next: fundalloc check mine/baseline.yaml",
    "intake needs.csv --as needs --in tiny.yaml": "columns: {partnership: Country, area: Sector, need: Requirements (USD m)}",
    "check tiny.yaml": "A plan that satisfies all hard rules exists",
    "run tiny.yaml -o plan.xlsx --csv tables --ranges --prices": "Wrote plan.xlsx",
    "run tiny.yaml -n --json": '"status": "optimal"',
    "run tiny.yaml --html outside.html --for outside --lang bg": "outside.html",
    "run tiny.yaml --write-lp tiny.lp": "Wrote tiny.lp",
    "run tiny.yaml --write-lp tiny.mps": "Wrote tiny.mps",
    **{f"run tiny.yaml -n --solver {solver}": "64.6380 points; optimal" for solver in ("highs", *available())},
    "run tiny.yaml returns.yaml -o results --ledger runs.sqlite": "Wrote results/index.xlsx and 2 workbooks",
    "runs name plan.xlsx adopted --force": "adopted: plan ",
    "runs list --ledger runs.sqlite": "returns.yaml",
    "explain tiny.yaml tunisia returns": "Gets            EUR 8.0 million.",
    "explain tiny.yaml legal-floor": "Costs           1.35 points",
    "explain tiny.yaml --prices": "what the rules cost",
    "explain tiny.yaml --value": "what money is worth",
    "verify plan.xlsx": "byte for byte",
    "verify tables tiny.yaml": "verified: 6 demands of rules recomputed",
    "import copy.xlsx -o adjusted.yaml": "Wrote adjusted.yaml",
    "run adjusted.yaml -n": "every hard rule recomputed and kept",
    "extract plan.xlsx scenario": "Wrote scenario/tiny.yaml",
    "compare tiny.yaml returns.yaml -o compared.xlsx --html compared.html": "Wrote compared.html",
    "compare plan.xlsx returns.yaml": "rules.returns-floor",
    "sweep tiny.yaml --vary instruments.amif.ceiling.each=8..12:2 -o swept.xlsx --html swept.html": "Wrote swept.html",
    "frontier tiny.yaml --between impact,unallocated -o frontier.xlsx": "The two do not compete",
    "alternatives tiny.yaml --within 1% -o alternatives.xlsx": "The same in every such plan",
    "robust tiny.yaml returns.yaml -o robust.xlsx --html robust.html": "Committed in common until 2025",
    "robust uncertain.yaml --samples 5 --seed 7 -o samples.xlsx": "5 samples of 1 uncertain figures",
    "show tiny.yaml instruments.amif": "AMIF thematic facility",
    "show plan.xlsx": "ndici|tunisia|smuggling|2026: 3.3",
    "rules share": "at_least",
    "schema": "draft-07",
    "completion zsh": "#compdef fundalloc",
    "selftest --cases 3": "The tool and the plain statement agree.",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(TINY, folder)
    for name, text in VARIANTS.items():
        (folder / name).write_text(dedent(text), "utf-8")
    (folder / "needs.csv").write_text("Country,Sector,Requirements (USD m)\nTunisia,Returns,2.5\n", "utf-8")
    return folder


def test_no_command_is_left_out():
    assert {call.split()[0] for call in CALLS} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_can_write_a_workbook_writes_one(name):
    """Its texts are looked up by the names of its tables and columns: a missing one shows only there."""
    command = cli.get_command(None, name)
    metavars = {option: parameter.metavar for parameter in command.params for option in parameter.opts}
    if metavars.get("-o") == "FILE.xlsx":
        assert [call for call in CALLS if call.split()[0] == name and ".xlsx" in call.partition(" -o ")[2]]


def test_every_command_works(desk, monkeypatch):
    monkeypatch.chdir(desk)
    for call, said in CALLS.items():
        if call.startswith("import"):
            with opened(desk / "plan.xlsx", desk / "copy.xlsx") as book:
                type_in(book, "Allocation", ("amif|tunisia|returns|2026",), adjustment=-1, author="J. Doe")
        result = CliRunner().invoke(cli, shlex.split(call), catch_exceptions=False)
        assert result.exit_code == 0, f"{call}: {result.output}"
        assert said in result.stdout.replace("\u00a0", " "), f"{call}: {result.output}"
