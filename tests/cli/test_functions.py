"""Every command as a function of Python: the same names, options, results and messages."""

import inspect
import json
import re
from keyword import iskeyword
from pathlib import Path

import pytest
from click.testing import CliRunner

import fundalloc
from cases import TINY
from fundalloc.cli import COMMANDS, cli

CALLS = {  # command line → the same call
    "new mine": lambda c: c.new("other"),
    "intake needs.csv --as needs": lambda c: c.intake("needs.csv", as_="needs"),
    "check tiny.yaml --set round_to=0.5": lambda c: c.check("tiny.yaml", set=["round_to=0.5"]),
    "run tiny.yaml -n --solver cbc": lambda c: c.run("tiny.yaml", dry_run=True, solver="cbc"),
    "explain tiny.yaml legal-floor": lambda c: c.explain("tiny.yaml", "legal-floor"),
    "verify plan.xlsx": lambda c: c.verify("plan.xlsx"),
    "import plan.xlsx": lambda c: c.import_(Path("plan.xlsx")),
    "extract plan.xlsx inside": lambda c: c.extract("plan.xlsx", "within"),
    "compare tiny.yaml other.yaml --no-attribution --min 0.5": lambda c: c.compare("tiny.yaml", "other.yaml", attribution=False, min=0.5),
    "sweep tiny.yaml --vary instruments.amif.ceiling.each=8,10 --no-breaks": lambda c: c.sweep(
        "tiny.yaml", vary="instruments.amif.ceiling.each=8,10", no_breaks=True
    ),
    "frontier tiny.yaml --between impact,unallocated": lambda c: c.frontier("tiny.yaml", between="impact,unallocated"),
    "alternatives tiny.yaml -n 1": lambda c: c.alternatives("tiny.yaml", number=1),
    "robust tiny.yaml other.yaml": lambda c: c.robust("tiny.yaml", "other.yaml"),
    "runs list --ledger runs.sqlite": lambda c: c.runs.list(ledger="runs.sqlite"),
    "show tiny.yaml round_to": lambda c: c.show("tiny.yaml", "round_to"),
    "completion bash": lambda c: c.completion("bash"),
    "rules share": lambda c: c.rules("share"),
    "selftest --cases 1 --seed 3": lambda c: c.selftest(cases=1, seed=3),
    "schema --of run": lambda c: c.schema(of="run"),
}


def name(option: str) -> str:
    word = option.lstrip("-").replace("-", "_")
    return f"{word}_" if iskeyword(word) else word


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    (folder / "tiny.yaml").write_text(TINY.read_text("utf-8"), "utf-8")
    (folder / "other.yaml").write_text("extends: tiny.yaml\nscenario: other\ninstruments: {amif: {ceiling: {each: 8}}}\n", "utf-8")
    (folder / "needs.csv").write_text("partnership,area,need\nnorth,returns,8\n", "utf-8")
    fundalloc.commands.run(folder / "tiny.yaml", output=folder / "plan.xlsx", ledger=folder / "runs.sqlite")
    return folder


@pytest.mark.parametrize("line", CALLS)
def test_a_function_answers_as_its_command(line, folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    printed = json.loads(CliRunner().invoke(cli, [*line.split(), "--json"]).stdout)
    answer = CALLS[line](fundalloc.commands)
    assert (answer.exit_code, list(answer.problems)) == (printed["exit_code"], printed["problems"]) == (0, [])
    text = json.dumps(printed["result"], sort_keys=True, ensure_ascii=False)
    assert json.dumps(answer, sort_keys=True, ensure_ascii=False).replace("other/", "mine/").replace("within/", "inside/") == text
    assert capfd.readouterr() == ("", "")


def test_every_command_is_called_above():
    assert {line.split()[0] for line in CALLS} == set(COMMANDS)
    assert sorted(dir(fundalloc.commands)) == sorted(map(name, COMMANDS))


@pytest.mark.parametrize(
    "words", [*((command,) for command in COMMANDS if command != "runs"), *(("runs", w) for w in ("list", "show", "prune"))]
)
def test_options_have_the_names_of_the_help(words):
    said = CliRunner().invoke(cli, [*words, "--help"]).stdout
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help", "--json", "--quiet", "--verbose", "--no-color"}
    function = fundalloc.commands
    for word in words:
        function = getattr(function, name(word))
    keywords = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert sorted(keywords) == sorted(map(name, options))
    assert all(f"{option}: " in function.__doc__ for option in keywords)


def test_what_is_wrong_is_raised_and_not_printed(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    commands = fundalloc.commands
    for call, error, message in (
        (lambda: commands.run("nope.yaml"), fundalloc.ScenarioError, "nope.yaml: no such file"),
        (lambda: commands.run("tiny.yaml", outptu="x"), fundalloc.FundallocError, "run: no option 'outptu': did you mean 'output'?"),
        (lambda: commands.run(), fundalloc.FundallocError, "run: Missing argument 'FILE...'"),
        (lambda: commands.run("-n"), fundalloc.ScenarioError, "-n: no such file"),
        (lambda: commands.runn, AttributeError, "no command 'runn': did you mean 'run'?"),
        (lambda: commands.run("tiny.yaml", set="rules.packages.at_least={tunisia: 1000}"), fundalloc.Infeasible, "packages"),
    ):
        with pytest.raises(error) as raised:
            call()
        assert message in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_a_result_that_is_not_all_that_was_asked_for_says_so(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert fundalloc.commands.compare("tiny.yaml", "other.yaml", exit_code=True, attribution=False).exit_code == 8
    answer = fundalloc.commands.check("tiny.yaml", set="rules.packages.at_least={tunisia: 1000}")
    assert (answer.exit_code, answer.problems[0]["code"]) == (4, "infeasible")
