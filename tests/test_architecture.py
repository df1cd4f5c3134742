"""The layers of the house, the public names, and what must load fast."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

import fundalloc
from cases import ROOT
from fundalloc.rules import kinds


def test_import_contracts():
    linter = pytest.importorskip("importlinter.cli", reason="the linters come with the extra `dev`: pip install -e '.[dev]'")
    assert linter.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_every_public_name_exists_and_is_described():
    described = (ROOT / "examples" / "python.md").read_text("utf-8")
    for name in fundalloc.__all__:
        assert getattr(fundalloc, name) is not None
        assert name in described, f"{name} is public but not in examples/python.md"


def test_help_loads_nothing_heavy():
    heavy = ("numpy", "pandas", "pulp", "highspy", "networkx", "pydantic", "openpyxl", "xlsxwriter", "rich")
    code = "import sys; sys.argv = ['fundalloc', '--help']\nimport fundalloc.cli as c\ntry: c.main()\nexcept SystemExit: pass\n"
    code += f"print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def _asks_for_a_kind(tree: ast.AST) -> Iterator[int]:
    """Lines on which code asks which kind a rule is, in place of what it needs to know of it."""

    def is_rule(node: ast.AST) -> bool:
        return ast.unparse(node).rsplit(".", 1)[-1] == "rule"

    def is_kind(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "kind" and is_rule(node.value)

    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            words = {part.value for side in sides for part in ast.walk(side) if isinstance(part, ast.Constant)}
            names_kind = any(isinstance(side, ast.Attribute) and side.attr == "kind" for side in sides) and words & set(kinds())
            wrong = any(map(is_kind, sides)) or names_kind or "million EUR" in words
        elif isinstance(node, ast.Call):
            called, given = ast.unparse(node.func), node.args
            wrong = called in ("getattr", "hasattr") and is_rule(given[0])
            wrong |= called.endswith(".get") and bool(given) and is_kind(given[0])
            wrong |= called.endswith(".block") and isinstance(given[0], ast.Constant)
        elif isinstance(node, ast.Subscript):
            wrong = is_kind(node.slice)
        elif isinstance(node, ast.ImportFrom):
            wrong = node.module in {f"fundalloc.rules.{word}" for word in kinds()}
            wrong |= node.module == "fundalloc.rules" and bool({name.name for name in node.names} & set(kinds()))
        elif isinstance(node, ast.Import):
            wrong = bool({name.name for name in node.names} & {f"fundalloc.rules.{word}" for word in kinds()})
        else:
            continue
        if wrong:
            yield node.lineno


@pytest.mark.parametrize(
    "asking",
    [
        'finding.rule.kind == "ceiling"',
        'rule.kind in ("ceiling", "transfer")',
        'r.kind != "amount"',
        'getattr(rule, "outstanding", None)',
        'hasattr(f.rule, "after")',
        'unit == "million EUR"',
        "builders.get(rule.kind, plain)",
        "builders[found[0].rule.kind]",
        'program.block("ceiling")',
        "from fundalloc.rules.count import Count",
        "from fundalloc.rules import share",
        "import fundalloc.rules.ceiling",
    ],
)
def test_a_question_for_the_kind_of_a_rule_is_found(asking):
    assert list(_asks_for_a_kind(ast.parse(asking)))


def test_no_room_but_rules_asks_for_the_kind_of_a_rule():
    """A kind says itself what others need of it (kind.py): else a kind from another package would be treated like none."""
    source = ROOT / "src" / "fundalloc"
    rooms = [path for path in sorted(source.rglob("*.py")) if path.relative_to(source).parts[0] not in ("rules", "selftest")]
    assert len(rooms) > 200
    found = [f"{path.relative_to(ROOT)}:{line}" for path in rooms for line in _asks_for_a_kind(ast.parse(path.read_text("utf-8")))]
    assert found == []


def test_no_class_name_stands_twice():
    """One word per thing: who reads a name anywhere knows which class is meant."""
    where: dict[str, list[str]] = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert len(where) > 300
    assert {name: places for name, places in where.items() if len(places) > 1} == {}


_OPENING = {"open", "read_text", "read_bytes", "read_csv", "load_workbook", "ZipFile", "write_text", "write_bytes", "print", "echo"}
_BEHIND_A_DOOR = {
    "cli/terminal.py": "the way to the terminal",
    "labels/__init__.py": "texts of the package itself",
    "cli/envelope.py": "results described in the package itself",
    "selftest/known.py": "cases of the package itself",
    "selftest/judge.py": "scenarios it throws, in a temporary folder; it shares nothing with the house",
    "scenario/tables/intake.py": "mappings of the package itself",
    "scenario/tables/specs.py": "country codes of the package itself",
    "studies/ledger.py": "the program's own source files",
    "scenario/starters/shipped.py": "starters of the package itself, copied where a door has made room",
    "scenario/workbooks/container.py": "parts of a workbook that was read",
    "compare/sides.py": "an archive that git handed over",
    "back/tampering.py": "a workbook written anew in a temporary folder",
    "scenario/workbooks/seal.py": "a workbook in memory, before a door writes it",
    "export/page/__init__.py": "template, style and script of the package itself",
    "export/note/__init__.py": "a note in memory, before a door writes it",
}
_ROOM = {"fresh", "inside", "table", "main", "target"}
"""Names of what a door yields to be filled."""


def _opens(tree: ast.AST):
    """Yield the lines of calls that open a file or print, unless what a door yielded is filled or read from memory."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called, first = node.func, node.args[0] if node.args else None
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in _OPENING or (isinstance(called, ast.Name) and name not in ("open", "print")):
            continue
        owner = getattr(called, "value", None)
        while isinstance(owner, ast.BinOp):
            owner = owner.left
        owned = getattr(owner, "id", "")
        in_memory = isinstance(first, ast.Call) and ast.unparse(first.func).endswith("BytesIO")
        if owned not in {*_ROOM, "measures", "opened", "self", "console"} and not in_memory and not ast.unparse(called).endswith(").print"):
            yield node.lineno


@pytest.mark.parametrize(
    "opening",
    ["open(path)", "path.open()", "path.read_text()", "(a / b).read_bytes()", "pd.read_csv(f)", "load(x.read_text())", "click.echo(name)"],
)
def test_a_way_past_the_doors_is_found(opening):
    assert list(_opens(ast.parse(opening)))


def test_files_and_terminal_are_reached_through_the_doors_alone():
    source = ROOT / "src" / "fundalloc"
    rooms = [path for path in sorted(source.rglob("*.py")) if path.relative_to(source).parts[0] != "doors"]
    rooms = [path for path in rooms if path.relative_to(source).as_posix() not in _BEHIND_A_DOOR]
    found = [f"{path.relative_to(ROOT)}:{line}" for path in rooms for line in _opens(ast.parse(path.read_text("utf-8")))]
    assert found == []


def test_every_file_that_contributing_names_is_there():
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|md|json|toml))?)[` ]", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(named) > 30
    homes = (ROOT, ROOT / "src" / "fundalloc", ROOT / "tests")
    assert [name for name in named if not any((home / name).exists() for home in homes)] == []
