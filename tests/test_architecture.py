"""The layers of the house, the public names, and what must load fast."""

import subprocess
import sys

import pytest

import fundalloc
from cases import ROOT


def test_import_contracts():
    linter = pytest.importorskip("importlinter.cli", reason="the linters come with the extra `dev`: pip install -e '.[dev]'")
    assert linter.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_every_public_name_exists_and_is_in_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in fundalloc.__all__:
        assert getattr(fundalloc, name) is not None
        assert name in readme, f"{name} is public but not in the README"


def test_help_loads_nothing_heavy():
    heavy = ("numpy", "pandas", "pulp", "highspy", "networkx", "pydantic", "openpyxl", "xlsxwriter", "rich")
    code = "import sys; sys.argv = ['fundalloc', '--help']\nimport fundalloc.cli as c\ntry: c.main()\nexcept SystemExit: pass\n"
    code += f"print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
