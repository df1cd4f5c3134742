"""A plan in whole rounding steps for a program in which some demands give way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import FundallocError
from fundalloc.facts.lines import Lines
from fundalloc.facts.moves import Moves, build_moves
from fundalloc.model.elastic import elastic_program
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.optimise.rounding import round_plan
from fundalloc.optimise.switches import fix_switches, solve_mixed
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options

NODES = 200
"""Nodes after which the search for switches stops."""
ROOM = 10**15
"""Rounding steps that no plan reaches."""
_EVEN = 1e-3
"""How much an even spread over the years counts against a smaller sum."""


def giving_way(program: LinearProgram, rows: NDArray[np.intp], groups: Sequence[int]) -> LinearProgram:
    """Return the elastic program of these rows in which the members of a group share what is missed as evenly as possible."""
    elastic = elastic_program(program, rows)
    soft = elastic.program
    group_of_row = dict(zip((int(r) for r in rows), groups, strict=True))
    group = np.array([group_of_row[int(row)] for row in elastic.row], dtype=np.intp)
    number, first, wide = len(group), soft.shape[1], int(group.max(initial=-1)) + 1
    size = np.bincount(group, minlength=wide)
    terms = Terms(
        np.tile(np.arange(number), 2),
        np.concatenate([elastic.first + np.arange(number), first + group]),
        np.concatenate([np.ones(number), -np.ones(number)]),
    )
    old = soft.matrix
    return replace(
        soft,
        cost=np.concatenate([soft.cost, -_EVEN * size]),
        lower=np.concatenate([soft.lower, np.zeros(wide)]),
        upper=np.concatenate([soft.upper, np.full(wide, np.inf)]),
        row_lower=np.concatenate([soft.row_lower, np.full(number, -np.inf)]),
        row_upper=np.concatenate([soft.row_upper, np.zeros(number)]),
        matrix=stack([(soft.shape[0], Terms(old.row, old.column, old.value)), (number, terms)]),
        integer=None if soft.integer is None else np.concatenate([soft.integer, np.zeros(wide, dtype=bool)]),
    )


@dataclass(frozen=True)
class _Roomy(Lines):
    """The lines of a scenario without the bounds that follow from limits which may give way."""

    @cached_property
    def upper(self) -> NDArray[np.int64]:
        """Fixed money stays, everything else may hold any amount."""
        return np.where(self.fixed, self.decided, ROOM)

    @cached_property
    def moves(self) -> Moves:
        """Carry-overs keep their limits, transfers have those of their rule alone."""
        moves = build_moves(self.facts)
        upper = moves.upper.copy()
        upper[moves.transfers] = ROOM
        return replace(moves, upper=upper)


def lawful_ledger(scenario: Scenario, program: LinearProgram, options: Options) -> NDArray[np.int64] | None:
    """Solve a program over a scenario's lines and return its plan in whole steps; None when there is none."""
    options = options.own(nodes=NODES)
    lines = _Roomy(**{f.name: getattr(scenario.lines, f.name) for f in fields(Lines)})
    upper = program.upper.copy()
    upper[len(lines) + lines.moves.transfers] = np.inf
    program = replace(program, upper=upper)
    solution = solve_mixed(program, options)
    if not solution.usable:
        return None
    try:
        return round_plan(fix_switches(program, solution.values), solution, lines, options).steps
    except FundallocError:
        return None
