"""What README and tutorials show is real: commands exist, code runs, and what the made-up case prints is what stands there."""

import re
import shlex
import shutil
import tomllib

import pytest
from click.testing import CliRunner

from cases import ROOT
from fundalloc.cli import COMMANDS, cli
from workbooks import opened, type_in

README = (ROOT / "README.md").read_text("utf-8")
TUTORIALS = (ROOT / "examples" / "README.md").read_text("utf-8")
LEFT_OUT = "..."


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def plain(text: str) -> list[str]:
    text = re.sub(r"HiGHS \d+\.\d+\.\d+", "HiGHS", text.replace("\u00a0", " "))
    return [line.rstrip() for line in text.strip().splitlines()]


def calls(block: str) -> list[tuple[str, list[str]]]:
    """Split a console block into its commands, each with the lines shown below it."""
    parts = re.split(r"^\$ ", block, flags=re.M)[1:]
    return [(command, plain(shown)) for command, _, shown in (part.partition("\n") for part in parts)]


def pieces(shown: list[str]) -> list[list[str]]:
    """Split at the lines left out; an empty first or last piece says that the output may start or end with others."""
    found: list[list[str]] = [[]]
    for line in shown:
        if line == LEFT_OUT:
            found.append([])
        else:
            found[-1].append(line)
    return found


def matches(output: list[str], shown: list[str]) -> bool:
    """Say whether the pieces stand in the output in this order, the first at its start and the last at its end."""
    first, *others = pieces(shown)
    if not others:
        return output == first
    *middle, last = others
    at = len(first)
    if output[:at] != first:
        return False
    for piece in middle:
        at = next((k + len(piece) for k in range(at, len(output)) if output[k : k + len(piece)] == piece), len(output) + 1)
    end = len(output) - len(last)
    return at <= end and output[end:] == last


CONSOLE = [b for text in (README, TUTORIALS) for b in blocks(text, "console") if "tiny" in b.splitlines()[0]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """The folder in which a reader follows the tutorials: the clone's example, the variants, two copies typed into by colleagues."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "examples" / "tiny", folder / "examples" / "tiny")
    for block in blocks(TUTORIALS, "yaml"):
        (folder / block.split("\n")[0].removeprefix("# ")).write_text(block, "utf-8")
    book = folder / "tiny.xlsx"
    assert CliRunner().invoke(cli, ["run", str(folder / "examples/tiny/tiny.yaml"), "-o", str(book), "-q"]).exit_code == 0
    with opened(book, folder / "tiny_JD.xlsx") as copy:
        said = {"comment": "Reintegration centre in Sfax", "author": "J. Doe"}
        type_in(copy, "Allocation", ("amif|tunisia|returns|2026",), adjustment=5, **said)
    with opened(book, folder / "tiny_MK.xlsx") as copy:
        type_in(copy, "Rules", ("packages", "egypt", "at least"), limit=28, comment="Second tranche", author="M. K.")
    return folder


@pytest.mark.parametrize("block", CONSOLE, ids=lambda b: b.splitlines()[0][2:60])
def test_shown_output_is_real(block, desk, monkeypatch):
    monkeypatch.chdir(desk)
    for command, shown in calls(block):
        output = plain(CliRunner().invoke(cli, shlex.split(command)[1:]).output)
        assert matches(output, shown), "\n".join([command, *output])


def test_a_wrong_line_would_be_noticed():
    output = ["one", "two", "three"]
    for shown in (output, ["one", LEFT_OUT, "three"], [LEFT_OUT, "two", LEFT_OUT], [LEFT_OUT, "two", "three"]):
        assert matches(output, shown), shown
    for shown in (["one", "two"], ["one", "three"], ["one", LEFT_OUT, "four"], ["two", LEFT_OUT], [LEFT_OUT, "three", "two", LEFT_OUT]):
        assert not matches(output, shown), shown


def test_python_block_runs(monkeypatch, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "plan.xlsx").exists()


def test_every_command_is_described():
    for command in COMMANDS:
        assert f"`fundalloc {command}" in README


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
