"""What every kind of rule must keep, whoever wrote it: the kinds are found in the folder, none is named here."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import fundalloc.rules
from cases import TINY, cases
from cases import write as write_case
from fundalloc.errors import ScenarioError
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.rules.kind import Kind
from fundalloc.scenario.loading import load
from fundalloc.testing import check_kind, check_rows, tiny_case

KINDS = sorted(kinds())
WRITTEN = [word for word in KINDS if not kinds()[word].built_in]
SHARED = {"kind", "statement"}
FOLDER = Path(fundalloc.rules.__file__).parent
EXAMPLES = [(word, number) for word in KINDS for number in range(len(kinds()[word].EXAMPLES))]


@pytest.fixture(scope="module")
def tiny():
    """The case on which kinds are tried: with a baseline plan, and with money that moves."""
    return tiny_case()


def contract(kind: type[Kind]) -> None:
    """Hold one kind against how a file of this folder is made, and against what every kind must keep."""
    module = importlib.import_module(kind.__module__)
    own = [value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__]
    assert own == [kind], "a module holds one class"
    assert module.__name__.rsplit(".", 1)[-1] == kind.kind, "module, class and word have one name"
    check_kind(kind)


def example(word: str, number: int, scenario) -> Kind:
    if kinds()[word].built_in:
        return next(rule for rule in built_in_rules() if rule.kind == word)
    return parse_rule(f"{word}-{number}", {"kind": word, **kinds()[word].EXAMPLES[number]}, scenario.facts.dimensions)


@pytest.mark.parametrize("word", KINDS)
def test_each_kind_keeps_the_contract(word):
    contract(kinds()[word])


def test_every_module_without_underscore_is_a_kind():
    assert {path.stem for path in FOLDER.glob("[a-z]*.py")} - SHARED == set(KINDS)


@pytest.mark.parametrize("word", KINDS)
def test_kinds_do_not_import_each_other(word):
    tree = ast.parse((FOLDER / f"{word}.py").read_text("utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    shared = ("fundalloc.rules._", *(f"fundalloc.rules.{name}" for name in SHARED))
    assert all(name.startswith(shared) for name in imported if name.startswith("fundalloc.rules"))
    assert not [name for name in imported if re.search(r"model|solver|plan|scenario", name)]


@pytest.mark.parametrize(("word", "number"), [(w, n) for w, n in EXAMPLES if w in WRITTEN])
def test_examples_round_trip(word, number, tiny, write):
    head = TINY.read_text("utf-8").split("\nrules:\n")[0]
    rules = {f"{word}-{number}": {"kind": word, **kinds()[word].EXAMPLES[number]}}
    write("plan.csv", "instrument,partnership,area,year,amount\namif,egypt,returns,2026,4\n")
    scenario = load(write("scenario.yaml", f"{head}\nbaseline: plan.csv\nrules: {json.dumps(rules, ensure_ascii=False)}\n"))
    written = scenario.rules[0]
    assert written == example(word, number, scenario)
    read = {name: getattr(written, name) for name in written.model_fields_set}
    again = type(written).model_validate(read, context={"dimensions": tiny.facts.dimensions})
    assert again == written
    assert len(written.demands(scenario.lines)) > 0


@given(case=cases(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_rows_say_what_check_says_in_any_scenario(tmp_path, case, seed):
    try:
        scenario = load(write_case(tmp_path, case))
    except ScenarioError:  # a balance without any need
        reject()
    steps = np.random.default_rng(seed).integers(0, 10_000, len(scenario.lines))
    for rule in scenario.rules:
        check_rows(rule, scenario.lines, steps)


QUOTA = '''
    """A quota: whole money at most a figure.

        sum of money  <=  figure
    """

    from typing import Any, ClassVar

    import numpy as np

    from fundalloc.rules.kind import Kind
    from fundalloc.rules.statement import Demands, Measures, Rows


    class Quota(Kind):
        """A quota."""

        kind: ClassVar[str] = "quota"
        EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"says": "All money", "at_most": "10", "source": "assumption"}]
        ceremony: str = ""
        """A field of its own."""

        def rows(self, lines, demands):
            everyone = np.arange(len(lines))
            return Rows(np.array([-np.inf]), np.array([10.0]), np.zeros(len(lines), dtype=np.intp), everyone, np.ones(len(lines)))

        def check(self, lines, demands, steps):
            return Measures([int(steps[: len(lines)].sum())], [int(10 / lines.facts.step)], 1, np.array([True]))
'''


@pytest.fixture
def new_kind(monkeypatch, tmp_path):
    """Adds a file to the folder of kinds, and nothing else."""
    monkeypatch.setattr(fundalloc.rules, "__path__", [*fundalloc.rules.__path__, str(tmp_path)])
    added = []

    def new_kind(name: str, source: str) -> type[Kind]:
        (tmp_path / f"{name}.py").write_text(dedent(source).lstrip(), "utf-8")
        added.append(f"fundalloc.rules.{name}")
        importlib.invalidate_caches()
        kinds.cache_clear()
        return kinds()[name]

    yield new_kind
    for module in added:
        sys.modules.pop(module, None)
    monkeypatch.undo()
    kinds.cache_clear()
    assert sorted(kinds()) == KINDS


def test_a_new_file_is_a_new_kind(new_kind, tiny):
    quota = new_kind("quota", QUOTA)
    contract(quota)
    rule = parse_rule("whole", {"kind": "quota", **quota.EXAMPLES[0]}, tiny.facts.dimensions)
    assert isinstance(rule, quota)
    check_rows(rule, tiny.lines, np.arange(len(tiny.lines)))


def test_a_new_kind_stands_in_scenario_files_and_in_the_schema(new_kind, variant):
    schema = pytest.importorskip("fundalloc.scenario.schema")
    assert '"quota"' not in json.dumps(schema.json_schema())
    new_kind("quota", QUOTA)
    path = variant(("rules:\n", "rules:\n  everything: {kind: quota, says: All money, at_most: 10, source: assumption, ceremony: none}\n"))
    assert load(path).rules[0].kind == "quota"
    written = json.dumps(schema.json_schema())
    assert '"quota"' in written
    assert '"ceremony"' in written


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('[{"says": "All money", "at_most": "10", "source": "assumption"}]', "[]", "a kind has examples"),
        ("<=  figure", "is small", "inequality"),
        ("class Quota", "class Quotas", "one name"),
        ("class Quota", 'class Other(Kind):\n        kind = "other"\n\n\n    class Quota', "one class"),
    ],
    ids=["examples", "inequality", "name", "two"],
)
def test_the_contract_bites(new_kind, old, new, said):
    assert QUOTA.count(old) == 1
    with pytest.raises(AssertionError, match=said):
        contract(new_kind("quota", QUOTA.replace(old, new)))


def test_a_sign_error_in_check_is_found(new_kind, tiny):
    quota = new_kind("quota", QUOTA.replace("int(steps[", "-int(steps["))
    rule = parse_rule("whole", {"kind": "quota", **quota.EXAMPLES[0]}, tiny.facts.dimensions)
    with pytest.raises(AssertionError):
        check_rows(rule, tiny.lines, np.arange(len(tiny.lines)))
