"""The plain statement put to use: CBC finds the best score, exact fractions test the amounts of any plan.

maximise   sum of priority x value_j x q_j  -  last resort x amounts  -  soft x misses
subject to every row, every switch, and   sum of q_j <= effect of the money,   0 <= q_j <= share_j x need
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, gcd, lcm
from typing import Any

import pulp

from fundalloc.selftest.reading import NONE, ONE, Money, Reading, add, number
from fundalloc.selftest.statement import Bound, Statement

OPTIMAL, INFEASIBLE = "optimal", "infeasible"
STEPS = ({"share": "50 %", "value": "1"}, {"share": "30 %", "value": "0.6"}, {"share": "20 %", "value": "0.3"})


@dataclass(frozen=True)
class Best:
    """What the plain statement comes to before rounding."""

    status: str
    score: float


def best(statement: Statement, whole: bool = False) -> Best:
    """Let CBC solve the statement; `whole`: amounts are whole rounding steps. RuntimeError when CBC gives no answer."""
    reading, program = statement.reading, pulp.LpProblem("plain", pulp.LpMaximize)
    unit = reading.step if whole else ONE
    amounts: dict[Any, Any] = {}
    for key, free in reading.open.items():
        low = float(reading.decided.get(key, NONE) / unit)
        amounts[key] = float(unit) * program.add_variable(
            f"x{len(amounts)}", low, None if free else low, "Integer" if whole else "Continuous"
        )
    _switch(program, statement, amounts)
    score = [-float(points) * amounts[line] for line, points in _last_resort(reading).items()]
    for n, ((p, a), need) in enumerate(reading.needs.items()):
        met = [program.add_variable(f"q{n}_{j}", 0, float(share * need)) for j, (share, _) in enumerate(_steps(reading, a))]
        program += pulp.lpSum(met) <= _sum(_effect(reading, p, a), amounts)
        score += [float(reading.priority[p, a] * value) * q for (_, value), q in zip(_steps(reading, a), met, strict=True)]
    for n, row in enumerate(row for row in statement.rows if row.soft is not None):
        missed = program.add_variable(f"missed{n}", 0)
        score.append(-float(row.soft or 0) * missed)
        program += _sum(row.terms, amounts) - missed <= float(row.limit)
    for row, limit in enforced(statement):
        program += _sum(row.terms, amounts) <= float(limit)
    program += pulp.lpSum(score)
    return _solved(program)


def _switch(program: Any, statement: Statement, amounts: dict[Any, Any]) -> None:
    """Add the switches to the amounts, and what each says: nothing, or at least so much."""
    reading = statement.reading
    all_of_it = sum((reading.ceiling_over(i, reading.years) for i in reading.instruments), ONE)
    for key, switch in statement.switches.items():
        on, money = program.add_variable(f"on{len(amounts)}", cat="Binary"), _sum(switch.terms, amounts)
        amounts[key] = on
        program += money <= float(all_of_it * max(switch.terms.values()) + add(switch.terms, reading.decided)) * on
        program += money >= float(_least(statement, key)) * on


def _solved(program: Any) -> Best:
    """Solve; with whole numbers, once more with the chosen ones fixed, so that none is a millionth off."""
    for _ in range(2):
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of PuLP 4, which will want CBC to be installed apart
            program.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0))
        if program.status == pulp.LpStatusInfeasible:
            return Best(INFEASIBLE, 0.0)
        if program.status != pulp.LpStatusOptimal:
            raise RuntimeError(f"CBC stopped: {pulp.LpStatus[program.status]}")
        for variable in program.variables():
            if variable.cat == "Integer":
                variable.lowBound = variable.upBound = round(variable.value())
    return Best(OPTIMAL, float(pulp.value(program.objective)))


def _sum(terms: Mapping[Any, Fraction], amounts: Mapping[Any, Any]) -> Any:
    return pulp.lpSum(float(weight) * amounts[key] for key, weight in terms.items())


def _effect(reading: Reading, partnership: str, area: str) -> Money:
    lines = [line for line in reading.open if len(line) == 4 and line[1] == partnership and area in reading.words["area"][line[2]]]
    return {line: reading.effect.get((line[0], line[2]), ONE) for line in lines}


def _last_resort(reading: Reading) -> Money:
    points = {i: number(entry.get("last_resort", 0)) for i, entry in reading.instruments.items()}
    return {line: points[line[0]] for line in reading.open if len(line) == 4 and points[line[0]]}


def _steps(reading: Reading, area: str) -> list[tuple[Fraction, Fraction]]:
    entries = reading.case["areas"]
    written: Any = entries[area].get("steps") or entries[reading.holder[area]].get("steps") or reading.case.get("steps") or STEPS
    if "curve" not in written:
        return [(number(step["share"]), number(step["value"])) for step in written]
    a, pieces = Decimal(str(written["curve"]["log"])), int(written["pieces"])
    heights = [(1 + a * k / pieces).ln() for k in range(pieces + 1)]
    slopes = [(after - before) / heights[1] for before, after in pairwise(heights)]
    return [(Fraction(1, pieces), Fraction(slope.quantize(Decimal("0.0001"), ROUND_HALF_EVEN))) for slope in slopes]


# --- What hard rows ask -------------------------------------------------------------------------------------------------


def enforced(statement: Statement) -> Iterator[tuple[Bound, Fraction]]:
    """Yield the hard rows, each with the limit that plans must keep.

    A row that decided money alone breaks, and that no open amount could mend, is broken by decision: no new money may make it worse.
    A fixed limit is cut inward to what decided money and whole rounding steps of open money can come to.
    """
    for row in (row for row in statement.rows if row.soft is None):
        limit = row.limit
        if not row.uncut:
            free = {key: weight for key, weight in row.terms.items() if _open(statement, key)}
            given = add(row.terms, {key: _given(statement, key) for key in row.terms})
            if given > limit and min(free.values(), default=NONE) >= 0:
                limit = given
            elif free and not row.moving and not any(key in statement.switches for key in free):
                grid = _grid(statement.reading, free)
                limit = given + floor((limit - given) / grid) * grid
        yield row, limit


def _open(statement: Statement, key: Any) -> bool:
    """Return whether the plan decides an amount; a switch is open when any of its money is."""
    switch = statement.switches.get(key)
    return statement.reading.open[key] if switch is None else any(statement.reading.open[line] for line in switch.terms)


def _given(statement: Statement, key: Any) -> Fraction:
    """Return what was decided of an amount; of a switch, whether decided money has it on."""
    switch, decided = statement.switches.get(key), statement.reading.decided
    return decided.get(key, NONE) if switch is None else Fraction(any(decided.get(line) for line in switch.terms))


def _least(statement: Statement, key: Any) -> Fraction:
    """Return what a switch asks where it is on, raised to what whole steps can bring; nothing where no money is open."""
    reading, switch = statement.reading, statement.switches[key]
    free = {line: weight for line, weight in switch.terms.items() if reading.open[line]}
    if not free:
        return NONE
    given, grid = add(switch.terms, reading.decided), _grid(reading, free)
    return given + ceil((switch.least - given) / grid) * grid


def _grid(reading: Reading, terms: Money) -> Fraction:
    """Return what every sum of whole rounding steps with these coefficients is a multiple of."""
    scale = lcm(*(weight.denominator for weight in terms.values()))
    return reading.step * Fraction(gcd(*(int(weight * scale) for weight in terms.values())), scale)


# --- A plan in whole steps, tested exactly ------------------------------------------------------------------------------


def broken(statement: Statement, amounts: Mapping[Any, Fraction]) -> list[str]:
    """Return what a plan breaks: its amounts themselves, hard rows, switches. Exact: nothing is forgiven."""
    reading = statement.reading
    wrong = [f"{'|'.join(key)}: on one side only" for key in amounts.keys() ^ reading.open.keys()]
    for key in amounts.keys() & reading.open.keys():
        low = reading.decided.get(key, NONE)
        if amounts[key] < low or (amounts[key] > low and not reading.open[key]) or (amounts[key] / reading.step).denominator > 1:
            wrong.append(f"{'|'.join(key)}: {float(amounts[key])} against decided {float(low)}")
    for row, limit in enforced(statement):
        if _worth(statement, row, amounts) > limit:
            wrong.append(f"{row.rule}: {float(_worth(statement, row, amounts))} is above {float(limit)}")
    for key, switch in statement.switches.items():
        if 0 < add(switch.terms, amounts) < _least(statement, key):
            wrong.append(f"{switch.rule}: {float(add(switch.terms, amounts))} is neither nothing nor {float(switch.least)}")
    return wrong


def score(statement: Statement, amounts: Mapping[Any, Fraction]) -> Fraction:
    """Return the score of a plan, exactly: impact less what soft rules and last resorts cost."""
    reading, points = statement.reading, -add(_last_resort(statement.reading), amounts)
    for (p, a), need in reading.needs.items():
        left = add(_effect(reading, p, a), amounts)
        for share, value in _steps(reading, a):
            filled = min(left, share * need)
            points, left = points + reading.priority[p, a] * value * filled, left - filled
    misses = ((row.soft, _worth(statement, row, amounts) - row.limit) for row in statement.rows if row.soft is not None)
    return points - sum((soft * max(missed, NONE) for soft, missed in misses), NONE)


def _worth(statement: Statement, row: Bound, amounts: Mapping[Any, Fraction]) -> Fraction:
    """Return what a row comes to."""
    totals = {key: add(switch.terms, amounts) for key, switch in statement.switches.items() if key in row.terms}
    on = {key: Fraction(total > 0 if row.any_money else total >= statement.switches[key].least) for key, total in totals.items()}
    return add(row.terms, {**amounts, **on})
