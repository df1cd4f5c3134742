"""Scenario → LinearProgram, the one verb between what people mean and what a solver reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fundalloc.facts.lines import Lines
from fundalloc.model.canonical import entry_ranks
from fundalloc.model.linear_program import Builder, LinearProgram
from fundalloc.model.objective import add_impact
from fundalloc.model.rule_rows import add_rule
from fundalloc.money import Floats
from fundalloc.scenario.scenario import Scenario


def compile_program(scenario: Scenario) -> LinearProgram:
    """State a scenario as a linear program. The first columns are the ledger: lines, then moves, in EUR million.

    Undecided lines and transfers have no upper bound of their own: ceilings and transfer limits stand as rows, and a bound
    that repeats a row would take over its shadow price. What may be carried over has no row of its own, so it is bounded here.
    """
    lines, ledger = scenario.lines, scenario.lines.ledger
    decided = np.asarray(scenario.facts.euro(ledger.decided), dtype=float)
    upper = np.where(ledger.fixed, decided, np.inf)
    upper[len(lines) + lines.moves.carries] = _most_carried(lines)
    last_resort = np.array([float(i.last_resort) for i in scenario.facts.instruments])
    cost = np.concatenate([-last_resort[lines.instrument], np.zeros(len(lines.moves))])
    builder = Builder(cost, decided, upper)
    add_impact(builder, lines)
    for rule in scenario.rules:
        add_rule(builder, rule, lines)
    return replace(builder.finish(len(ledger), len(scenario.facts.needs)), keys=entry_ranks(lines))


def _most_carried(lines: Lines) -> Floats:
    """Return the bounds of the carry-overs; none where all of a year may be carried and nothing arrives in it: its ceiling says so."""
    moves, facts = lines.moves, lines.facts
    carries = moves.carries
    at = moves.source[carries], moves.year[carries]
    own = moves.arriving[0][at] == 0
    said = own & (moves.upper[carries] == facts.ceilings.usable[at]) & (moves.upper[carries] > 0)
    return np.where(said, np.inf, np.asarray(facts.euro(moves.upper[carries]), dtype=float))
