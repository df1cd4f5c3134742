"""What README and other pages name exists: commands, links, dependencies, the two set-up commands."""

import re
import tomllib

import pytest

from cases import ROOT
from fundalloc.cli import COMMANDS
from fundalloc.rules import kinds
from fundalloc.scenario.tables.specs import SPECS

MANUAL = (ROOT / "scenarios" / "README.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def test_every_command_is_described():
    for command in COMMANDS:
        assert f"`fundalloc {command}" in README


@pytest.mark.parametrize("kind", sorted(word for word, kind in kinds().items() if not kind.built_in))
def test_every_kind_of_rule_stands_in_readme_and_manual(kind):
    assert f"\n| `{kind}` |" in README
    assert re.search(rf"^\| `kind` \|.*\b{kind}\b", MANUAL, re.M)


@pytest.mark.parametrize("table", SPECS)
def test_the_manual_names_every_column_of_a_table(table):
    said = re.search(rf"^\| `{table}` \| (.*) \|$", MANUAL, re.M)
    assert said is not None
    assert not set(SPECS[table]) - set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", said[1])))


@pytest.mark.parametrize("name", ["README.md", "examples/README.md", "scenarios/README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    text = re.sub(r"^```.*?^```", "", (ROOT / name).read_text("utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}, link


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = README.split("## Dependencies")[1]
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (r for group in wanted for r in group):
        assert re.split(r"[<>=\[ ]", requirement)[0] in named, requirement


def test_two_commands_do_all_the_set_up():
    set_up = README.split("## Set up")[1].split("\n## ")[0]
    commands = re.findall(r"^```sh\n(.*?)^```", set_up, re.M | re.S)[0].strip().splitlines()
    assert len(commands) == 2
    assert commands[0].endswith("fundalloc run scenarios/mff-2021-2027/baseline.yaml -o plan.xlsx")
    assert commands[1].endswith("python -m pytest -n auto")
