"""What limits are worth: duals of findings, and what solving again says of them; and how firm the money of partnerships is.

A row's price is a dual: at a corner several are valid, and one of them may say nothing about a whole million. Nothing is
ranked by duals alone: they only say which limits to move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import SolverFailed
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.stages import Optimum
from fundalloc.plan.asking import Question
from fundalloc.plan.evidence import Evidence, Firmness, Worth
from fundalloc.plan.verify import Finding
from fundalloc.rules.statement import Sense
from fundalloc.solvers import Options
from fundalloc.solvers.probe import Move

TEN, PER_RULE, SHOWN = 10, 3, 3
"""How many demands are asked when not all are, how many of one rule at most, and how many are named as the dearest."""
MOST = 2_000_000
"""Demands at their limit, to within a million, x lines: so many questions are asked without being asked for."""
EXACT = 0.005
"""Points below which a price is not worth a line."""


def price_findings(program: LinearProgram, row_prices: Floats, findings: Sequence[Finding]) -> Floats:
    """Return the dual of the row of every finding; NaN for watched rules and for hard demands that decided money settles."""
    row = _rows(program, findings)
    prices = np.where(row < 0, np.nan, row_prices[row])
    for block in program.blocks:
        if block.rule is not None:
            own = (row >= block.rows.start) & (row < block.rows.stop)
            prices[own] = np.where((block.relaxed | (block.held > 0))[row[own] - block.rows.start], np.nan, prices[own])
    return prices


def find_evidence(
    optimum: Optimum, prices: Floats, findings: Sequence[Finding], lines: Lines, amounts: Floats, options: Options, *, everything: bool
) -> Evidence:
    """Solve again with limits moved: of all demands, and see how firm partnerships are, or of the demands with the largest duals alone.

    Moved is the right side of a demand, in EUR million, with the switches as the plan has them and before rounding. Without money that
    could flow (no ceiling, nothing open) there is nothing to rank. When the time runs out nothing is known. `amounts` are the plan's.
    """
    chosen, row = optimum.chosen, _rows(optimum.chosen, findings)
    near = sum(f.rule.has_price and f.headroom < 1 for f in findings)
    everything = everything and near * len(lines) < MOST
    ten = _largest(prices, findings, np.append(_alive(chosen, lines), False)[row])  # -1: no row
    budget = np.array([i.counts == "budget" for i in lines.facts.instruments], dtype=bool)[lines.instrument]
    wanted = [k for k, f in enumerate(findings) if f.rule.has_price and not np.isnan(prices[k])] if everything else ten
    if not wanted:
        return Evidence()
    try:
        question = Question(chosen, np.where(budget & everything, lines.partnership, -1), options)
        moves = _moves(chosen, question, row, findings, lines)
        ceilings = _ceilings(moves, findings, lines) if everything else {}
        found = question.worths([*(moves[k] for k in wanted), *ceilings.values()])
        given = question.score - float(chosen.cost @ optimum.values[: chosen.shape[1]])  # what later stages and settling gave up
        spans = question.ranges(max(given, 0.0))
    except SolverFailed:
        return Evidence()
    demands = dict(zip(wanted, found, strict=False))
    relief = {k: _relief(findings[k].sense, demands[k]) for k in ten}
    dearest = sorted((k for k in ten if relief[k] >= EXACT), key=lambda k: -relief[k])[:SHOWN]
    firmness = tuple(_firmness(spans, lines, np.where(budget, amounts, 0.0)))
    return Evidence(demands, dict(zip(ceilings, found[len(wanted) :], strict=True)), tuple(dearest), firmness)


def _largest(prices: Floats, findings: Sequence[Finding], alive: NDArray[np.bool_]) -> list[int]:
    """Return the written demands with the largest duals, some of every rule at most."""
    size, tried, found = np.abs(np.nan_to_num(prices)), Counter[str](), list[int]()
    for k in np.argsort(-size, kind="stable").tolist():
        rule = findings[k].rule
        if size[k] < EXACT or len(found) == TEN:
            break
        if alive[k] and rule.has_price and not rule.built_in and tried[rule.id] < PER_RULE:
            tried[rule.id] += 1
            found.append(k)
    return found


def _moves(chosen: LinearProgram, question: Question, row: NDArray[np.intp], findings: Sequence[Finding], lines: Lines) -> dict[int, Move]:
    """Return the rows that go up with the limit of every demand: its own, and with a ceiling what may be carried over from it."""
    carried = {key: (question.carry(column), share) for key, (column, share) in carries(chosen, lines).items()}
    moves: dict[int, Move] = {}
    for k in np.flatnonzero(row >= 0).tolist():
        more, share = carried.get(findings[k].member, (None, 0.0)) if findings[k].rule.is_budget else (None, 0.0)
        moves[k] = ((int(row[k]), 1.0), *(() if more is None else ((more, share),)))
    return moves


def _ceilings(moves: Mapping[int, Move], findings: Sequence[Finding], lines: Lines) -> dict[tuple[str, ...], Move]:
    """Return the rows that go up with every ceiling before its reserve: it lets every transfer take its share."""
    found: dict[tuple[str, ...], Counter[int]] = {f.member: Counter() for f in findings if f.rule.is_budget}
    for k, move in moves.items():
        for ceiling, share in findings[k].rule.per_ceiling(findings[k].member, lines.facts).items():
            if ceiling in found:
                found[ceiling].update({row: float(share) * by for row, by in move})
    return {ceiling: tuple(rows.items()) for ceiling, rows in found.items() if rows}


def _relief(sense: Sense, worth: Worth) -> float:
    """Return what a million brings when the limit gives way by it."""
    sides = {Sense.AT_MOST: [worth.more], Sense.AT_LEAST: [worth.less], Sense.EXACTLY: [worth.more, worth.less]}[sense]
    return float(np.nan_to_num(sides).max())


def _firmness(spans: Floats, lines: Lines, amounts: Floats) -> Iterator[Firmness]:
    step, ids = float(lines.facts.step), lines.facts.dimensions.partnership.ids
    planned = np.bincount(lines.partnership, weights=amounts, minlength=len(ids)).tolist()
    opened = np.bincount(lines.partnership, weights=~lines.fixed, minlength=len(ids))
    for k, (low, high) in enumerate(spans.tolist()):
        if opened[k]:
            ends = min(low, planned[k]), max(high, planned[k])  # rounding may leave the range by a step
            amount, least, most = (round(x, 6) + 0.0 for x in (planned[k], *ends))
            yield Firmness(ids[k], amount, least, most, high - low <= step * (1 + 1e-6))


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


def carries(program: LinearProgram, lines: Lines) -> dict[tuple[str, ...], tuple[int, float]]:
    """Return by instrument and year the column of what may be carried over from a ceiling, where it has a bound, and its share of it."""
    moves, facts = lines.moves, lines.facts
    found: dict[tuple[str, ...], tuple[int, float]] = {}
    for k in moves.carries:
        instrument, column = facts.instruments[moves.source[k]], len(lines) + int(k)
        if instrument.carry_over is not None and np.isfinite(program.upper[column]):
            found[instrument.id, str(facts.years[moves.year[k]])] = column, float(instrument.carry_over.share)
    return found
