"""What a shell is offered: commands, kinds, files, ids and keys, from the raw files alone."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from cases import ROOT, TINY
from fundalloc.cli import ASKS, COMMANDS, cli
from fundalloc.cli.completion import PROPOSALS
from fundalloc.rules import kinds

pytest_plugins = ("calls",)


@pytest.fixture
def offered(monkeypatch):
    """offered(words before, the word begun): what the shell is given."""
    monkeypatch.setenv(ASKS, "bash_complete")

    def offered(*before: object, begun: str = "") -> list[str]:
        found = ShellComplete(cli, {}, "fundalloc", ASKS).get_completions([str(word) for word in before], begun)
        return [item.value if item.type == "plain" else item.type for item in found]

    return offered


def test_words_are_completed(offered):
    assert offered(begun="ex") == ["explain", "extract"]
    assert set(offered("rules")) == set(kinds())
    assert offered("run", begun="sc") == ["file"]
    assert offered("run", TINY, "--csv", begun="ta") == ["dir"]
    assert offered("run", TINY, "--lang", begun="b") == ["bg"]


def test_ids_and_keys_come_from_the_file_and_from_what_it_extends(offered):
    assert offered("explain", TINY, begun="leg") == ["legal-pathways", "legal-floor"]
    found = offered(
        "explain", ROOT / "scenarios" / "mff-2021-2027" / "ten-percent-cut.yaml", begun="le"
    )  # partnerships.csv of the file that it extends
    assert {"lebanon", "legal-pathways"} <= set(found)
    assert offered("run", TINY, "--set", begun="rules.legal-floor.at") == ["rules.legal-floor.at_least="]
    assert "instruments." in offered("show", TINY)


def test_what_cannot_be_read_offers_nothing(offered, write):
    assert offered("explain", "missing.yaml") == []
    assert offered("explain", write("broken.yaml", "rules: [")) == []


def test_no_parameter_with_a_file_is_forgotten(offered):
    for name in COMMANDS:
        command = cli.get_command(None, name)
        for below in [command, *getattr(command, "commands", {}).values()]:
            for parameter in below.params:
                if any(word in str(parameter.metavar) for word in ("FILE", "DIR", "PLAN", "BOOK")) and parameter.name != "settings":
                    assert parameter.name in PROPOSALS, (name, parameter.name)


def test_no_model_is_built():
    """Proposals come while somebody waits: neither pydantic nor a solver is loaded."""
    asked = {"COMP_WORDS": f"fundalloc explain {TINY} l", "COMP_CWORD": "3", ASKS: "bash_complete"}
    code = "import sys; sys.argv = ['fundalloc']\nfrom fundalloc.cli import cli\ntry: cli(prog_name='fundalloc')\nexcept SystemExit: pass\n"
    code += "print(*sorted({'pydantic', 'pandas', 'highspy', 'networkx'} & set(sys.modules)), 'loaded')"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split() == ["loaded"]
    assert "plain,legal-floor" in done.stdout


def test_shells_take_the_script(fundalloc, tmp_path):
    script = tmp_path / "completion.sh"
    script.write_text(fundalloc("completion", "bash").stdout, "utf-8")
    subprocess.run(["bash", "-n", script], check=True)
    assert "complete -o nosort -F" in script.read_text("utf-8")
