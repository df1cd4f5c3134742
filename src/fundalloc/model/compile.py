"""Scenario → LinearProgram, the one verb between what people mean and what a solver reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fundalloc.model.canonical import entry_ranks
from fundalloc.model.linear_program import Builder, LinearProgram
from fundalloc.model.objective import add_impact
from fundalloc.scenario.scenario import Scenario


def compile_program(scenario: Scenario) -> LinearProgram:
    """State a scenario as a linear program. The first columns are the ledger: lines, then moves, in EUR million.

    Undecided lines and transfers have no upper bound of their own: ceilings and transfer limits stand as rows, and a bound
    that repeats a row would take over its shadow price. What may be carried over has no row, so it is bounded here.
    """
    lines, ledger = scenario.lines, scenario.lines.ledger
    decided = np.asarray(scenario.facts.euro(ledger.decided), dtype=float)
    upper = np.where(ledger.fixed, decided, np.inf)
    carries = lines.moves.carries
    upper[len(lines) + carries] = scenario.facts.euro(lines.moves.upper[carries])
    last_resort = np.array([float(i.last_resort) for i in scenario.facts.instruments])
    cost = np.concatenate([-last_resort[lines.instrument], np.zeros(len(lines.moves))])
    builder = Builder(cost, decided, upper)
    add_impact(builder, lines)
    for rule in scenario.rules:
        builder.add_rule(rule, lines)
    return replace(builder.finish(len(ledger), len(scenario.facts.needs)), keys=entry_ranks(lines))
