"""Shadow prices of findings, from the prices of the program's rows; and the dearest demands, found by solving again.

A row's price is a dual: at a corner several are valid, and one of them may say nothing about a whole million. Nothing is
ranked by duals alone: they only say which limits to move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.stage_programs import reduced_costs
from fundalloc.optimise.stages import Optimum
from fundalloc.plan.verify import Finding
from fundalloc.solvers import Options, Status
from fundalloc.solvers.warm import Mark, WarmSolver

MILLION = 1.0
SHOWN, PER_RULE, TRIES = 3, 3, 12
"""How many dearest demands are wanted, how many of one rule are tried, and how many in all."""
EXACT, CLOSE = 0.005, 0.01
"""Points, and part of a price, by which a million more may bring something else than its price says."""


def price_findings(program: LinearProgram, row_prices: Floats, findings: Sequence[Finding], lines: Lines) -> Floats:
    """Return the shadow price of every finding; NaN for watched rules and for hard demands that decided money settles."""
    row = _rows(program, findings)
    prices = np.where(row < 0, np.nan, row_prices[row])
    for block in program.blocks:
        if block.rule is not None:
            own = (row >= block.rows.start) & (row < block.rows.stop)
            prices[own] = np.where((block.relaxed | (block.held > 0))[row[own] - block.rows.start], np.nan, prices[own])
    carried = _carried_prices(program, row_prices, lines)
    for position, finding in enumerate(findings if carried else ()):
        if finding.rule.is_budget:
            prices[position] += carried.get(finding.member, 0.0)
    return prices


def dearest_demands(
    optimum: Optimum, prices: Floats, findings: Sequence[Finding], lines: Lines, options: Options
) -> tuple[tuple[int, float], ...]:
    """Return the written demands whose limit is worth most, as (position, points that EUR 1 million more of it brings).

    Every one is solved again with that million, with the switches as the plan chose them and before rounding: a price that
    does not hold for it is left out. Of a relative rule it is a million of the right side. Without money that could flow
    (no ceiling, nothing open) there is nothing to price.
    """
    chosen, best = optimum.chosen, optimum.answer
    row, size = _rows(chosen, findings), np.abs(np.nan_to_num(prices))
    written = np.array([finding.rule.in_money and not finding.rule.built_in for finding in findings], dtype=bool)
    worth = written & (size >= EXACT) & (row >= 0) & np.append(_alive(chosen, lines), False)[row]  # -1: no row
    tried: Counter[str] = Counter()
    found: list[tuple[int, float]] = []
    solver = WarmSolver(options.own())
    start = None if best is None or best.corner is None else Mark(chosen, best.corner)
    order = np.argsort(-size, kind="stable")
    for k in order[worth[order]]:
        rule, price = findings[k].rule.id, float(prices[k])
        if len(found) == SHOWN or tried.total() == TRIES:
            break
        if tried[rule] == PER_RULE:
            continue
        if best is None or start is None:
            best = solver.solve(chosen)
            start = solver.mark()
            if best.status is not Status.OPTIMAL:
                return ()
        tried[rule] += 1
        more = solver.solve(moved(chosen, int(row[k]), MILLION), start)
        gain = more.objective - best.objective if more.status is Status.OPTIMAL else np.nan
        if abs(gain - price) <= max(EXACT, CLOSE * abs(price)):
            found.append((int(k), gain))
    return tuple(found)


def moved(program: LinearProgram, row: int, by: float) -> LinearProgram:
    """Return the program with the limit of one row moved by so many EUR million, on the sides that it has."""
    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[row] += by
    upper[row] += by
    return replace(program, row_lower=lower, row_upper=upper)


def _rows(program: LinearProgram, findings: Sequence[Finding]) -> NDArray[np.intp]:
    """Return the row of every finding; -1 for those of watched rules."""
    blocks = {block.owner: block for block in program.blocks if block.rule is not None}
    seen: Counter[str] = Counter()
    out = np.full(len(findings), -1, dtype=np.intp)
    for position, finding in enumerate(findings):
        block = blocks.get(finding.rule.id)
        if block is not None:
            out[position] = block.rows.start + seen[finding.rule.id]
            seen[finding.rule.id] += 1
    return out


def _alive(program: LinearProgram, lines: Lines) -> NDArray[np.bool_]:
    """Return which rows have undecided money that could flow, their own, in a total shared, or behind a rule's own columns."""
    matrix, ledger = program.matrix, lines.ledger
    flows = np.zeros(program.shape[1], dtype=bool)
    flows[: len(ledger)] = ~ledger.fixed & (ledger.upper > 0)
    has = np.zeros(program.shape[0], dtype=bool)
    has[matrix.row[flows[matrix.column]]] = True
    for rows, columns in program.totals:
        flows[columns] = has[rows]
    has[matrix.row[flows[matrix.column]]] = True
    says, asks = program.defined
    has[asks[has[says]]] = True
    return has


def _carried_prices(program: LinearProgram, row_prices: Floats, lines: Lines) -> dict[tuple[str, ...], float]:
    """Return by instrument and year what a ceiling earns besides its row: a larger one also lets more be carried into the next year."""
    moves, facts, own = lines.moves, lines.facts, slice(len(lines), len(lines) + len(lines.moves))
    earns = np.maximum(reduced_costs(program, row_prices)[own], 0.0)
    bounded = np.isfinite(program.upper[own])
    carried: dict[tuple[str, ...], float] = {}
    for k in moves.carries[bounded[moves.carries]]:
        instrument = facts.instruments[moves.source[k]]
        if instrument.carry_over is not None:
            carried[instrument.id, str(facts.years[moves.year[k]])] = float(instrument.carry_over.share) * earns[k]
    return carried
