"""What README and other pages name exists: commands, links, dependencies, the two set-up commands."""

import re
import tomllib

import pytest

from cases import ROOT
from fundalloc.cli import COMMANDS
from fundalloc.labels import LANGUAGES, label
from fundalloc.rules import kinds
from fundalloc.scenario.tables.specs import SPECS
from pages import PAGES, page

MANUAL, README = page("scenarios/README.md"), page("README.md")
LONGEST_README = 200


def test_every_command_is_described():
    listed = README.split("## Commands")[1]
    for command in COMMANDS:
        assert f"`fundalloc {command}" in page("examples/commands.md")
        assert f"`{command}`" in listed.replace("fundalloc ", "")


def test_the_first_page_stays_short():
    assert len(README.splitlines()) <= LONGEST_README


@pytest.mark.parametrize("kind", sorted(word for word, kind in kinds().items() if not kind.built_in))
def test_every_kind_of_rule_stands_with_the_model_and_in_the_manual(kind):
    assert f"\n| `{kind}` |" in page("examples/model.md")
    assert re.search(rf"^\| `kind` \|.*\b{kind}\b", MANUAL, re.M)


@pytest.mark.parametrize("table", SPECS)
def test_the_manual_names_every_column_of_a_table(table):
    said = re.search(rf"^\| `{table}` \| (.*) \|$", MANUAL, re.M)
    assert said is not None
    assert not set(SPECS[table]) - set(re.findall(r"\w+", re.sub(r"\(.*?\)", "", said[1])))


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    text = re.sub(r"^```.*?^```", "", page(name), flags=re.M | re.S)
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
    named = page("CONTRIBUTING.md").split("## Dependencies")[1].split("\n## ")[0]
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    for requirement in (r for group in wanted for r in group):
        assert re.split(r"[<>=\[ ]", requirement)[0] in named, requirement


def test_two_commands_do_all_the_set_up():
    set_up = README.split("## Set up")[1].split("\n## ")[0]
    commands = re.findall(r"^```sh\n(.*?)^```", set_up, re.M | re.S)[0].strip().splitlines()
    assert len(commands) == 2
    assert commands[0].endswith("fundalloc run scenarios/mff-2021-2027/baseline.yaml -o plan.xlsx")
    assert commands[1].endswith("python -m pytest -n auto")
    windows = re.findall(r"^```bat\n(.*?)^```", set_up, re.M | re.S)[0].replace("\\", "/")
    assert " && ".join(windows.splitlines()).replace("py -m fundalloc", "fundalloc").replace("py -m", "python -m") == commands[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_of_a_workbook_find_its_sheets_under_their_names(language):
    text = page("examples/reading-the-workbook.md" if language == "en" else f"examples/reading-the-workbook.{language}.md")
    cells = re.findall(r"^\| [^|]+ \| ([^|]+) \|$", text.split("\n## ")[4], re.M)[2:]
    listed = [sheet for cell in cells for sheet in re.split(r"\s*[,;]\s+", cell)]
    keys = tomllib.loads((ROOT / "src/fundalloc/labels/en.toml").read_text("utf-8"))["sheet"]
    names = {label(f"sheet.{key}.name", language) for key in keys}
    assert len(listed) > len(keys) // 2
    assert not set(listed) - names
