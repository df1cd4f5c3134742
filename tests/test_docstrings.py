"""What docstrings show is real, and the reference that is made of them has every public name."""

import doctest
import inspect
import subprocess
import sys

import pytest

import fundalloc
from cases import ROOT

PUBLIC = [getattr(fundalloc, name) for name in fundalloc.__all__]
MODULES = sorted({inspect.getmodule(type(one) if not hasattr(one, "__module__") else one).__name__ for one in PUBLIC if callable(one)})
MODULES += ["fundalloc.testing", "fundalloc.model.linear_program"]


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for name in MODULES for test in finder.find(sys.modules.get(name) or __import__(name, fromlist=["_"])) if test.examples]


@pytest.mark.parametrize("test", examples(), ids=lambda test: test.name)
def test_examples_in_docstrings_are_real(test, monkeypatch):
    if "scipy" in test.docstring:
        pytest.importorskip("scipy")
    monkeypatch.chdir(ROOT)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test, out=said.append).failed == 0, "".join(said)


def test_there_are_examples_of_what_one_meets_first():
    named = {test.name.rsplit(".", 1)[1] for test in examples()}
    assert named >= {"solve", "load", "pivot", "sweep", "to_scipy", "check_kind", "functions"}


def test_the_reference_has_every_public_name(tmp_path):
    pytest.importorskip("pdoc", reason="python -m pip install -e '.[docs]'")
    made = subprocess.run([sys.executable, "-m", "pdoc", "-o", str(tmp_path), "fundalloc"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    page = (tmp_path / "fundalloc.html").read_text("utf-8")
    assert [name for name in fundalloc.__all__ if f'id="{name}"' not in page] == []
    assert "View Source" in page
