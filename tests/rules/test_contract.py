"""What every kind of rule must keep, whoever wrote it: the kinds are found in the folder, none is named here."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from fractions import Fraction
from pathlib import Path
from textwrap import dedent

import numpy as np
import pulp
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import fundalloc.rules
from cases import TINY, cases
from cases import write as write_case
from fundalloc.errors import ScenarioError
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import SWITCHES, TOTALS, Rows, Sense
from fundalloc.scenario.loading import load

KINDS = sorted(kinds())
WRITTEN = [word for word in KINDS if not kinds()[word].built_in]
SHARED = {"kind", "statement"}
FOLDER = Path(fundalloc.rules.__file__).parent
EXAMPLES = [(word, number) for word in KINDS for number in range(len(kinds()[word].EXAMPLES))]


@pytest.fixture(scope="module")
def tiny():
    """The tiny case with a baseline plan, and with money that moves: carried over in NDICI, transferred from AMIF to it."""
    transfer = "transfers.home={from: amif, to: ndici, at_most: 20 %, source: assumption}"
    scenario = load(TINY, settings=[transfer, "instruments.ndici.carry_over={share: 50 %}"])
    plan = {("ndici", "tunisia", "smuggling", "2025"): Fraction("7.3"), ("amif", "egypt", "returns", "2026"): Fraction(4)}
    return scenario.starting_from(plan)


def contract(kind: type[Kind]) -> None:
    """Hold one kind against what can be read from its file."""
    module = importlib.import_module(kind.__module__)
    own = [value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__]
    assert own == [kind], "a module holds one class"
    assert module.__name__.rsplit(".", 1)[-1] == kind.kind, "module, class and word have one name"
    assert kind.kind.replace("_", "") == kind.__name__.lower(), "module, class and word have one name"
    text = ast.get_docstring(ast.parse(inspect.getsource(module)), clean=False) or ""  # as written: Python 3.13 shifts what it keeps
    assert re.match(r"[A-Z].+[.:]\n", text), "the module begins with a sentence"
    assert re.search(r"^    .*(<=|>=|=).*$", text, re.MULTILINE), "the module states its inequality on an indented line"
    assert kind.EXAMPLES, "a kind has examples"


def example(word: str, number: int, scenario) -> Kind:
    if kinds()[word].built_in:
        return next(rule for rule in built_in_rules() if rule.kind == word)
    return parse_rule(f"{word}-{number}", {"kind": word, **kinds()[word].EXAMPLES[number]}, scenario.facts.dimensions)


def lp_side(rule: Kind, lines, demands, steps) -> list[float]:
    """Activity of every row less its limit, in EUR million, from the rows alone."""
    x = steps * float(lines.facts.step)
    stated = rule.rows(lines, demands)
    assert len(stated.lower) == len(stated.upper) == len(demands)
    totals, switches = stated.totals, stated.switches
    total = np.bincount(totals.total, weights=totals.weight.values * x[totals.line], minlength=totals.count)
    flow = np.bincount(switches.switch, weights=switches.weight.values * x[switches.line], minlength=switches.count)
    on = (flow > 0) & (flow >= switches.least - 1e-9)
    first, count = {"": 0, TOTALS: len(x), SWITCHES: len(x) + len(total)}, len(x) + len(total) + len(on)
    for name, between in stated.auxiliary.items():
        first[name], count = count, count + len(between.least)
    columns = np.concatenate([x, total, on, np.zeros(count - len(x) - len(total) - len(on))])
    activity = np.bincount(stated.row, weights=stated.value * columns[stated.placed(first)], minlength=len(demands))
    if stated.auxiliary:
        activity += [own_columns(stated, row, sense, first, columns) for row, sense in enumerate(demands.sense)]
    exactly = [sense is Sense.EXACTLY for sense in demands.sense]
    limit = np.where(np.isinf(stated.lower), stated.upper, np.where(exactly, (stated.lower + stated.upper) / 2, stated.lower))
    band = lines.facts.step if rule.relative else 0  # what an exact share may be off, in program and ledger alike
    for sense, lower, upper in zip(demands.sense, stated.lower, stated.upper, strict=True):
        assert (np.isfinite(lower), np.isfinite(upper)) == (sense is not Sense.AT_MOST, sense is not Sense.AT_LEAST)
        assert sense is not Sense.EXACTLY or upper - lower == pytest.approx(2 * float(band))
    return (activity - limit).tolist()


def own_columns(stated: Rows, demand: int, sense: Sense, first: dict[str, int], columns) -> float:
    """What columns of the rule's own bring to one row where they keep its limit best, their defining rows held."""
    program = pulp.LpProblem("own", pulp.LpMaximize if sense is Sense.AT_LEAST else pulp.LpMinimize)
    own = {first[n] + k: program.add_variable(f"{n}{k}", low) for n, b in stated.auxiliary.items() for k, low in enumerate(b.least)}

    def total(rows: Rows, row: int, *, fixed: bool = True) -> pulp.LpAffineExpression:
        terms = [(rows.placed(first)[k], rows.value[k]) for k in np.flatnonzero(rows.row == row)]
        return pulp.lpSum(value * own.get(column, columns[column] if fixed else 0) for column, value in terms)

    program += total(stated, demand, fixed=False)
    for row, (lower, upper) in enumerate(zip(stated.defining.lower, stated.defining.upper, strict=True) if stated.defining else ()):
        program += (total(stated.defining, row) <= upper) if np.isfinite(upper) else (total(stated.defining, row) >= lower)
    program.solve(pulp.PULP_CBC_CMD(msg=False))
    assert program.status == pulp.LpStatusOptimal
    return pulp.value(program.objective)


def ledger_side(rule: Kind, lines, demands, steps) -> list[float]:
    """Amount of every demand less its limit, in EUR million, from the ledger alone."""
    measures = rule.check(lines, demands, steps)
    if rule.relative and Sense.EXACTLY in demands.sense:
        assert measures.tolerance == measures.scale
    unit = Fraction(1, measures.scale) if measures.counted else lines.facts.step / measures.scale
    return [float((amount - limit) * unit) for amount, limit in zip(measures.amount, measures.limit, strict=True)]


def assert_same(rule: Kind, lines, steps) -> None:
    demands = rule.demands(lines)
    if rule.rows(lines, demands).switches.count:
        steps = steps * 10  # the program leaves no dust below what counts as active
    sides = zip(demands.member, demands.sense, lp_side(rule, lines, demands, steps), ledger_side(rule, lines, demands, steps), strict=True)
    scale = float(lines.facts.step) * max(1, int(steps.sum()))
    for member, sense, program, ledger in sides:
        assert program == pytest.approx(ledger, rel=1e-9, abs=1e-9 * scale), (rule.id, member, sense)


@pytest.mark.parametrize("word", KINDS)
def test_each_kind_keeps_the_contract(word):
    contract(kinds()[word])


def test_every_module_without_underscore_is_a_kind():
    assert {path.stem for path in FOLDER.glob("[a-z]*.py")} - SHARED == set(KINDS)


@pytest.mark.parametrize("word", KINDS)
def test_check_never_looks_at_rows_and_rows_never_at_check(word):
    kind = kinds()[word]
    assert "rows(" not in inspect.getsource(kind.check)
    assert "check(" not in inspect.getsource(kind.rows)


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


@pytest.mark.parametrize(("word", "number"), EXAMPLES)
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_say_what_check_says(word, number, tiny, data):
    steps = np.array(
        data.draw(st.lists(st.integers(0, 500), min_size=len(tiny.lines.ledger), max_size=len(tiny.lines.ledger))), dtype=np.int64
    )
    assert_same(example(word, number, tiny), tiny.lines, steps)


@given(case=cases(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_rows_say_what_check_says_in_any_scenario(tmp_path, case, seed):
    try:
        scenario = load(write_case(tmp_path, case))
    except ScenarioError:  # a balance without any need
        reject()
    steps = np.random.default_rng(seed).integers(0, 10_000, len(scenario.lines))
    for rule in scenario.rules:
        assert_same(rule, scenario.lines, steps)


@pytest.mark.parametrize(("word", "number"), EXAMPLES)
def test_a_tampered_amount_is_noticed(word, number, tiny):
    rule = example(word, number, tiny)
    demands = rule.demands(tiny.lines)
    stated = rule.rows(tiny.lines, demands)
    counting = {*stated.totals.line.tolist(), *stated.switches.line.tolist()}
    for rows in filter(None, (stated, stated.defining)):
        counting |= set(rows.column[rows.which() & (rows.value != 0)].tolist())
    assert counting
    honest = np.full(len(tiny.lines.ledger), 0 if stated.switches.count else 20, dtype=np.int64)
    before = rule.check(tiny.lines, demands, honest).headroom(demands.sense)
    for line in counting:
        tampered = honest.copy()
        tampered[line] += 1000
        assert rule.check(tiny.lines, demands, tampered).headroom(demands.sense) != before, tiny.lines.ledger.keys[line]


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
            return Measures([int(steps.sum())], [int(10 / lines.facts.step)], 1, np.array([True]))
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
    assert_same(rule, tiny.lines, np.arange(len(tiny.lines)))


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
    quota = new_kind("quota", QUOTA.replace("int(steps.sum())", "-int(steps.sum())"))
    rule = parse_rule("whole", {"kind": "quota", **quota.EXAMPLES[0]}, tiny.facts.dimensions)
    with pytest.raises(AssertionError):
        assert_same(rule, tiny.lines, np.arange(len(tiny.lines)))
