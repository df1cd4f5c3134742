"""The record of a run: with the scenario's files, everything that is needed to build the same plan again without a solver.

It travels inside a workbook, is what the ledger keeps, and is what a worker on another machine sends home.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from fundalloc.errors import Place, Problem, ScenarioError
from fundalloc.facts.lines import Lines
from fundalloc.model.compile import compile_program
from fundalloc.money import IntArray, NotANumber, parse_figure, plain
from fundalloc.plan.certificate import certify_again
from fundalloc.plan.evidence import Evidence
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.proof import FEASIBLE, OPTIMAL
from fundalloc.plan.verify import Finding, measure_rules
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.scenario import Scenario
from fundalloc.versions import later

FORMAT = "fundalloc.record/1"
_ANEW = "the record was changed, or another version wrote it: ask for the file again"


@dataclass(frozen=True)
class RunRecord:
    """A run as it travels. Amounts are EUR million, written exactly; lines and moves without money are left out."""

    log: Mapping[str, Any]
    amounts: Mapping[str, str]
    """By line key."""
    moves: Mapping[str, str]
    baseline: Mapping[str, str]
    """The plan that the run started from, by line key."""
    duals: Mapping[str, float]
    """Row prices that prove the certificate, by row key."""
    prices: tuple[float | None, ...]
    """Shadow price of every finding, in order; None where there is none."""
    other: Mapping[str, Any]
    """What the carrier of the record adds: the names of the files, the language."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What solving again found; absent in records of earlier versions."""

    @classmethod
    def of(cls, plan: Plan, other: Mapping[str, Any] | None = None) -> RunRecord:
        """Take down a plan."""
        step, lines = plan.scenario.facts.step, plan.scenario.lines
        return cls(
            log={key: None if isinstance(value, float) and math.isnan(value) else value for key, value in vars(plan.log).items()},
            amounts={key: plain(int(n) * step) for key, n in zip(lines.keys, plan.steps, strict=True) if n},
            moves={key: plain(int(n) * step) for key, n in zip(lines.moves.keys, plan.moves, strict=True) if n},
            baseline={"|".join(key): plain(amount) for key, amount in plan.scenario.starting_amounts().items()},
            duals={} if plan.certificate is None else dict(plan.certificate.duals),
            prices=tuple(None if math.isnan(price) else float(price) for price in plan.prices),
            other=other or {},
            evidence=plan.evidence.packed(),
        )

    def text(self) -> str:
        """Return the record as JSON, one item per line, the same for the same plan."""
        return json.dumps({"format": FORMAT, **vars(self)}, sort_keys=True, indent=0, ensure_ascii=True)

    @classmethod
    def read(cls, text: str, place: Place) -> RunRecord:
        """Read a record back. Raises ScenarioError."""
        try:
            content = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ScenarioError.of(place, f"the record of the run is not JSON: {error}", _ANEW) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ScenarioError.of(place, f"the record of the run is not of the format '{FORMAT}'", _ANEW)
        wrong = [name for name, kind in _SHAPES.items() if not isinstance(content.get(name), kind)]
        if wrong:
            raise ScenarioError([Problem(place, f"the record of the run has no {name}", _ANEW) for name in wrong])
        evidence = content.get("evidence", {})
        return cls(**{**{name: content[name] for name in _SHAPES}, "prices": tuple(content["prices"]), "evidence": evidence})


_SHAPES: dict[str, type] = {"log": dict, "amounts": dict, "moves": dict, "baseline": dict, "duals": dict, "prices": list, "other": dict}


def starting_plan(record: RunRecord, place: Place) -> dict[LineKey, Fraction]:
    """Return the baseline plan of a record by the four ids. Raises ScenarioError."""
    out: dict[LineKey, Fraction] = {}
    for key, text in record.baseline.items():
        ids = key.split("|")
        if len(ids) != 4:
            raise ScenarioError.of(place, f"the record of the run names a line '{key}'", _ANEW)
        out[ids[0], ids[1], ids[2], ids[3]] = _amount(text, place)
    return out


def plan_of(
    record: RunRecord, scenario: Scenario, place: Place, measure: Callable[[Scenario, IntArray], Sequence[Finding]] = measure_rules
) -> Plan:
    """Build the plan again: rules measured, certificate proved from the duals. Raises ScenarioError when record and scenario do not fit.

    With `verify` as `measure`, a plan that breaks a hard rule is refused.
    """
    if scenario.baseline is not None:
        scenario = replace(scenario.starting_from(starting_plan(record, place)), baseline=None)
    lines = scenario.lines
    steps = np.concatenate([_steps(record.amounts, lines.keys, lines, place), _steps(record.moves, lines.moves.keys, lines, place)])
    findings = tuple(measure(scenario, steps))
    prices = np.array([math.nan if price is None else price for price in record.prices], dtype=float)
    if len(prices) != len(findings):
        if not later(str(record.log.get("version"))):
            message = f"the record of the run has {len(record.prices)} shadow prices, but the scenario has {len(findings)} demands"
            raise ScenarioError.of(place, message, _ANEW)
        prices = np.full(len(findings), math.nan)  # demands were told apart otherwise then
    try:
        evidence = Evidence.unpacked(record.evidence, len(record.prices) if len(record.prices) == len(findings) else 0)
    except ValueError:
        raise ScenarioError.of(place, "the record of the run does not hold what solving again found", _ANEW) from None
    plan = Plan(scenario, steps[: len(lines)], findings, prices, _log(record, place), steps[len(lines) :], evidence=evidence)
    if not record.duals and plan.log.status not in (OPTIMAL, FEASIBLE):
        return plan
    return replace(plan, certificate=certify_again(compile_program(scenario), _numbers(record.duals, place), lines, plan.score))


def _steps(amounts: Mapping[str, str], keys: list[str], lines: Lines, place: Place) -> IntArray:
    unknown = sorted(set(amounts) - set(keys))
    if unknown:
        message = f"the record of the run has money for '{unknown[0]}', which the scenario does not know"
        raise ScenarioError.of(place, message, _ANEW)
    out = [_amount(amounts[key], place) / lines.facts.step if key in amounts else Fraction(0) for key in keys]
    if any(amount.denominator != 1 for amount in out):
        raise ScenarioError.of(place, "the record of the run has parts of a rounding step", _ANEW)
    return np.array([int(amount) for amount in out], dtype=np.int64)


def _amount(text: object, place: Place) -> Fraction:
    try:
        return parse_figure(str(text)).value
    except NotANumber as error:
        raise ScenarioError.of(place, f"the record of the run: {error}", _ANEW) from None


def _numbers(duals: Mapping[str, Any], place: Place) -> dict[str, float]:
    wrong = [key for key, value in duals.items() if type(value) not in (int, float) or not math.isfinite(value)]
    if wrong:
        raise ScenarioError.of(place, f"the record of the run: the price of '{wrong[0]}' is no number", _ANEW)
    return {key: float(value) for key, value in duals.items()}


def _log(record: RunRecord, place: Place) -> RunLog:
    known = {field.name for field in fields(RunLog)}
    needed = {field.name for field in fields(RunLog) if field.default is MISSING and field.default_factory is MISSING}
    if not needed <= set(record.log):
        raise ScenarioError.of(place, "the record of the run is of another version of fundalloc", _ANEW)
    score = record.log["program_score"]
    kept = {key: value for key, value in record.log.items() if key in known}
    return RunLog(**{**kept, "program_score": math.nan if score is None else score})
