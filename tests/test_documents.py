"""What the pages show is real: every block is done in its order, and every figure in a sentence or table is worked out again."""

import shutil
import subprocess

import pytest

from cases import ROOT
from documents import BLOCK, LEFT_OUT, Reader, matches
from pages import PAGES, page

NOT_DONE = ("CONTRIBUTING.md", "examples/top-k/README.md")
"""Pages for developers: what they do installs packages. The tests of the package of rules are its own."""
SHOWING = [name for name in PAGES if name not in NOT_DONE and BLOCK.search(page(name))]


@pytest.mark.parametrize("name", SHOWING)
def test_every_block_is_real(name, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    for folder in ("examples", "scenarios"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    text = page(name)
    wrong = list(Reader(tmp_path).follow(text))
    if request.config.getoption("--update-golden"):
        for command, shown, real in wrong:
            assert f"$ {command}\n{shown}" in text
            text = text.replace(f"$ {command}\n{shown}", f"$ {command}\n{real}", 1)
        (ROOT / name).write_text(text, "utf-8")
        wrong = []
    assert not wrong, "\n\n".join(f"$ {command}\n--- shown\n{shown}--- real\n{real}" for command, shown, real in wrong)


def test_a_wrong_line_would_be_noticed():
    output = ["one", "two", "three"]
    for shown in (output, ["one", LEFT_OUT, "three"], [LEFT_OUT, "two", LEFT_OUT], [LEFT_OUT, "two", "three"]):
        assert matches(output, shown), shown
    for shown in (["one", "two"], ["one", "three"], ["one", LEFT_OUT, "four"], ["two", LEFT_OUT], [LEFT_OUT, "three", "two", LEFT_OUT]):
        assert not matches(output, shown), shown
