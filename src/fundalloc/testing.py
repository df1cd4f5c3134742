"""What every kind of rule must keep, for the tests of who writes one: `check_kind(MyKind)`.

Rows and check are two statements of one rule. They are compared here on random amounts of the case `examples/tiny`, to which money
that moves and a plan to start from are added.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from math import isclose

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from fundalloc import run
from fundalloc.errors import FundallocError, Infeasible
from fundalloc.facts.lines import Lines
from fundalloc.labels import LANGUAGES
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.money import Floats
from fundalloc.rules import built_in_rules, kinds
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import SWITCHES, TOTALS, Demands, Rows, Sense
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.starters.shipped import starters
from fundalloc.solvers import Status, solve_program

Steps = NDArray[np.int64]
_NO_ROWS = Rows(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))


def check_kind(kind: type[Kind], ledgers: int = 20, seed: int = 0) -> None:
    """Hold a kind of rule against the contract that the kinds of the house keep. Raises AssertionError, which says what is broken.

    It need not be installed. Every one of its EXAMPLES is read as from a scenario file; on each of so many random ledgers, the rows must
    say what the check says; a changed amount must be noticed; and the plan that is best under the rule must keep it in whole steps.

        >>> from fundalloc.rules import kinds
        >>> check_kind(kinds()["share"])
    """
    _check_class(kind)
    scenario, random = tiny_case(), np.random.default_rng(seed)
    for number, written in enumerate(kind.EXAMPLES):
        with _told(f"{kind.__name__}, example {number + 1}: "):
            rule = _read(kind, written, scenario)
            for _ in range(ledgers):
                check_rows(rule, scenario.lines, random.integers(0, 500, len(scenario.lines.ledger)))
            check_tampering(rule, scenario.lines)
            _check_plan(rule, scenario)


def tiny_case() -> Scenario:
    """Return the case on which kinds are tried: `examples/tiny` with a plan to start from, carry-over in NDICI, and a transfer to it."""
    transfer = "transfers.home={from: amif, to: ndici, at_most: 20 %, source: assumption}"
    scenario = load(starters()["tiny"], settings=[transfer, "instruments.ndici.carry_over={share: 50 %}"])
    plan = {("ndici", "tunisia", "smuggling", "2025"): Fraction("7.3"), ("amif", "egypt", "returns", "2026"): Fraction(4)}
    return scenario.starting_from(plan)


def check_rows(rule: Kind, lines: Lines, steps: Steps) -> None:
    """Compare what the rows say of a ledger (whole steps by line) with what the check says."""
    demands = rule.demands(lines)
    if rule.rows(lines, demands).switches.count:
        steps = steps * 10  # the program leaves no dust below what counts as active
    sides = zip(demands.member, demands.sense, by_rows(rule, lines, demands, steps), by_check(rule, lines, demands, steps), strict=True)
    scale = float(lines.facts.step) * max(1, int(steps.sum()))
    for member, sense, program, ledger in sides:
        whose = f"{' '.join(member) or 'the rule'} ({sense})"
        _hold(
            isclose(program, ledger, rel_tol=1e-9, abs_tol=1e-9 * scale),
            f"{whose}: the rows say {program:.9g} beside the limit, the check says {ledger:.9g}",
        )


def check_tampering(rule: Kind, lines: Lines) -> None:
    """Change every amount that the rows count, one at a time: the check must notice."""
    demands = rule.demands(lines)
    stated = rule.rows(lines, demands)
    counting = {*stated.totals.line.tolist(), *stated.switches.line.tolist()}
    for rows in filter(None, (stated, stated.defining)):
        counting |= set(rows.column[rows.which() & (rows.value != 0)].tolist())
    _hold(bool(counting), "its rows count no money")
    honest = np.full(len(lines.ledger), 0 if stated.switches.count else 20, dtype=np.int64)
    before = rule.check(lines, demands, honest).headroom(demands.sense)
    for line in counting:
        tampered = honest.copy()
        tampered[line] += 1000
        noticed = rule.check(lines, demands, tampered).headroom(demands.sense) != before
        _hold(noticed, f"its rows count {lines.ledger.keys[line]}, its check does not")


def by_rows(rule: Kind, lines: Lines, demands: Demands, steps: Steps) -> list[float]:
    """Return the activity of every row less its limit, in EUR million, from the rows alone."""
    x = steps * float(lines.facts.step)
    stated = rule.rows(lines, demands)
    _hold(len(stated.lower) == len(stated.upper) == len(demands), f"{len(stated.lower)} rows for {len(demands)} demands")
    totals, switches = stated.totals, stated.switches
    total = np.bincount(totals.total, weights=totals.weight.values * x[totals.line], minlength=totals.count)
    flow = np.bincount(switches.switch, weights=switches.weight.values * x[switches.line], minlength=switches.count)
    on = (flow > 0) & (flow >= switches.least - 1e-9)
    first, count = {"": 0, TOTALS: len(x), SWITCHES: len(x) + len(total)}, len(x) + len(total) + len(on)
    for name, between in stated.auxiliary.items():
        _hold(bool(np.isfinite(between.most).all()), f"the columns '{name}' have no finite bound, with which the score is proved")
        first[name], count = count, count + len(between.least)
    columns = np.concatenate([x, total, on, np.zeros(count - len(x) - len(total) - len(on))])
    activity = np.bincount(stated.row, weights=stated.value * columns[stated.placed(first)], minlength=len(demands)).astype(float)
    if stated.auxiliary:
        activity += [_own_columns(stated, row, sense, first, columns) for row, sense in enumerate(demands.sense)]
    exactly = [sense is Sense.EXACTLY for sense in demands.sense]
    limit = np.where(np.isinf(stated.lower), stated.upper, np.where(exactly, (stated.lower + stated.upper) / 2, stated.lower))
    band = 2 * float(lines.facts.step if rule.relative else 0)  # what an exact share may be off, in program and ledger alike
    for sense, lower, upper in zip(demands.sense, stated.lower, stated.upper, strict=True):
        limits = np.isfinite(lower), np.isfinite(upper)
        _hold(limits == (sense is not Sense.AT_MOST, sense is not Sense.AT_LEAST), f"'{sense}' with limits {lower} and {upper}")
        _hold(
            sense is not Sense.EXACTLY or isclose(upper - lower, band, abs_tol=1e-9), f"'exactly' with {upper - lower} between its limits"
        )
    return [float(value) for value in activity - limit]


def by_check(rule: Kind, lines: Lines, demands: Demands, steps: Steps) -> list[float]:
    """Return the amount of every demand less its limit, in EUR million, from the ledger alone."""
    measures = rule.check(lines, demands, steps)
    _hold(len(measures.amount) == len(measures.limit) == len(demands), f"{len(measures.amount)} measures for {len(demands)} demands")
    if rule.relative and Sense.EXACTLY in demands.sense:
        _hold(measures.tolerance == measures.scale, "an exact share may be off by one step: measured(…, banded=True)")
    unit = Fraction(1, measures.scale) if measures.counted else lines.facts.step / measures.scale
    return [float((amount - limit) * unit) for amount, limit in zip(measures.amount, measures.limit, strict=True)]


def _own_columns(stated: Rows, demand: int, sense: Sense, first: Mapping[str, int], columns: Floats) -> float:
    """Return what columns of the rule's own bring to one row where they keep its limit best, their defining rows held."""
    begin = min(first[name] for name in stated.auxiliary)
    size, sign = len(columns) - begin, 1.0 if sense is Sense.AT_LEAST else -1.0
    at, says = stated.placed(first), stated.defining or _NO_ROWS
    asked = (at >= begin) & (stated.row == demand)
    cost = sign * np.bincount(at[asked] - begin, weights=stated.value[asked], minlength=size).astype(float)
    place = says.placed(first)
    own = place >= begin
    given = np.bincount(says.row, weights=says.value * columns[place], minlength=len(says.lower)).astype(float)
    terms = Terms(says.row[own].astype(np.int64), place[own].astype(np.int64) - begin, says.value[own])
    least = np.concatenate([between.least for between in stated.auxiliary.values()])
    matrix = stack([(len(given), terms)])
    program = LinearProgram(cost, least, np.full(size, np.inf), says.lower - given, says.upper - given, matrix)
    solved = solve_program(program)
    _hold(solved.status is Status.OPTIMAL, f"its own columns are {solved.status} under their defining rows, for '{sense}'")
    return sign * solved.objective


def _check_class(kind: type[Kind]) -> None:
    """Hold a class against what can be read of it."""
    _hold(inspect.isclass(kind) and issubclass(kind, Kind), f"{kind!r} is no class derived from fundalloc.rules.kind.Kind")
    lacking = " and ".join(sorted(getattr(kind, "__abstractmethods__", ())))
    _hold(not lacking, f"{kind.__name__} lacks {lacking}")
    word, own = getattr(kind, "kind", ""), kind.__module__.startswith("fundalloc.rules.")
    with _told(f"{kind.__name__}: "):
        _hold(word.replace("_", "") == kind.__name__.lower(), f"class and word have one name: {kind.__name__} beside '{word}'")
        _hold(own or kinds().get(word, kind) is kind, f"'{word}' is the word of another kind")
        _hold(own or "en" in kind.labels, "it has no name: labels = {'en': …}, one for each language")
        wrong = sorted(kind.labels.keys() - set(LANGUAGES))
        _hold(not wrong, f"labels in unknown languages: {wrong}")
        text = ast.get_docstring(ast.parse(inspect.getsource(sys.modules[kind.__module__])), clean=False) or ""
        _hold(re.match(r"[A-Z].+[.:]\n", text), "the module begins with a sentence: the rule in words")
        _hold(re.search(r"^    .*(<=|>=|=).*$", text, re.MULTILINE), "the module states its inequality on an indented line")
        _hold(kind.__doc__, "the class says in one sentence what it asks")
        undescribed = sorted(set(kind.model_fields) - set(Kind.model_fields) - set(kind.field_docs()))
        _hold(not undescribed, f"fields without a string below them that says what they are: {', '.join(undescribed)}")
        _hold(kind.EXAMPLES, "a kind has examples")
        for one, other in (("check", "rows"), ("rows", "check")):
            _hold(f"{other}(" not in inspect.getsource(getattr(kind, one)), f"'{one}' looks at '{other}': they must be two statements")


def _read(kind: type[Kind], written: Mapping[str, object], scenario: Scenario) -> Kind:
    """Read an example as from a scenario file, and what was read once more."""
    context = {"dimensions": scenario.facts.dimensions}
    if kind.built_in:
        return next(rule for rule in built_in_rules() if type(rule) is kind)
    try:
        rule = kind.model_validate({"id": "example", **written}, context=context)
        again = kind.model_validate({name: value for name, value in rule if name in rule.model_fields_set}, context=context)
    except ValidationError as error:
        raise AssertionError(f"cannot be read: {'; '.join(str(item['msg']) for item in error.errors())}") from error
    _hold(again == rule, "what was read of it cannot be read again")
    for path, message, hint in rule.problems_in(scenario.lines):
        _hold(False, f"{'.'.join(path)}: {message}; {hint}")
    _hold(len(rule.demands(scenario.lines)), "it asks nothing of the case examples/tiny")
    return rule


def _check_plan(rule: Kind, scenario: Scenario) -> None:
    """Solve the case under the rule alone: the plan is verified in whole steps by the check, and its score proved."""
    try:
        plan = run.solve(replace(scenario, rules=(*([] if rule.built_in else [rule]), *built_in_rules())))
    except Infeasible:
        raise AssertionError("no plan of the case examples/tiny keeps it: choose another limit") from None
    except FundallocError as error:
        raise AssertionError(f"the best plan under it is none: {error}") from error
    bound = float(plan.certificate.bound) if plan.certificate else np.inf
    _hold(plan.score <= bound + 1e-6, f"a plan scores {plan.score} above the proved bound {bound}")


def _hold(holds: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


@contextmanager
def _told(whose: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{whose}{error}") from error.__cause__
