"""Shadow prices of findings, from the prices of the program's rows."""

from __future__ import annotations

import numpy as np

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import Floats, LinearProgram
from fundalloc.model.stages import reduced_costs
from fundalloc.plan.verify import Finding


def price_findings(program: LinearProgram, row_prices: Floats, findings: list[Finding], lines: Lines) -> Floats:
    """Return the shadow price of every finding; NaN for watched rules and for hard demands that nothing can influence."""
    blocks = {block.owner: block for block in program.blocks if block.rule is not None}
    prices, position = np.full(len(findings), np.nan), 0
    while position < len(findings):
        rule = findings[position].rule
        block = blocks.get(rule.id)
        count = len(block.demands or ()) if block else sum(1 for f in findings if f.rule is rule)
        if block is not None:
            prices[position : position + count] = np.where(block.relaxed, np.nan, row_prices[block.rows])
        position += count
    carried = _carried_prices(program, row_prices, lines)
    for position, finding in enumerate(findings if carried else ()):
        if finding.rule.kind == "ceiling":
            prices[position] += carried.get(finding.member, 0.0)
    return prices


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
