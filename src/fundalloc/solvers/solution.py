"""What a solver returns, in our words: status, values, shadow prices with one sign, and how it was done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from fundalloc.money import Floats
from fundalloc.solvers.deadline import Deadline

OWN = ("highs",)
"""Solvers with a module of their own in this room; all others are PuLP's."""
TIME_LIMIT = "Time limit reached"
"""HiGHS' words, which are ours too."""
SEARCH = "branch and bound"
"""The method of HiGHS for programs with switches; its answers have no prices."""


class Status(StrEnum):
    """The five outcomes; the same words everywhere."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    ERROR = "error"


@dataclass(frozen=True)
class Options:
    """How to solve: which solver, and when to stop. `own` makes those for the solves on the way."""

    solver: str = "highs"
    """`highs` (arrays, default), or the name of any solver that PuLP reaches, such as `cbc` or `highs-pulp`."""
    method: str = ""
    """For HiGHS: simplex or ipm; empty: chosen by size."""
    time_limit: float | None = None
    """Seconds, from `begun` on."""
    gap: float | None = None
    """Relative gap at which an integer search may stop."""
    presolve: bool = True
    """For HiGHS: whether to shrink the program first; a start next to the answer is faster without."""
    start: Floats | None = None
    """Values from which a search may start; NaN where the solver may choose."""
    corner: Any = None
    """For HiGHS: where the simplex method may start a linear program, the corner of one that differs in limits alone."""
    nodes: int | None = None
    """For HiGHS: nodes of the search tree after which an integer search stops, a count, so that no clock decides an answer; 0: no
    search where a plan with switches is known without."""
    shifting: bool = False
    """For HiGHS: whether an integer search, before it cuts, shifts single columns of its relaxation to whole amounts; what shows may do."""
    deadline: Deadline | None = None
    """When everything ends: stages, settling, rounding and questions share it."""

    def begun(self) -> Options:
        """Start the clock, unless it runs already: everything that is given these options ends at the same moment."""
        if self.time_limit is None or self.deadline is not None:
            return self
        return replace(self, deadline=Deadline(self.time_limit))

    @property
    def seconds(self) -> float | None:
        """How long the next solve may take; None: as long as it needs."""
        return self.time_limit if self.deadline is None else self.deadline.left

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.seconds == 0.0

    def own(self, *, method: str = "", presolve: bool = True, gap: float | None = None, nodes: int | None = None) -> Options:
        """Return options for a solve on the way: by HiGHS, whatever solver was asked for, until the same deadline."""
        return Options(method=method, presolve=presolve, gap=gap, nodes=nodes, time_limit=self.time_limit, deadline=self.deadline)


USUAL = Options()
"""HiGHS, without any limit."""


@dataclass(frozen=True, repr=False)
class Solution:
    """A solver's answer. `values` and `prices` are empty unless the status is optimal or feasible."""

    status: Status
    objective: float = 0.0
    values: Floats = field(default_factory=lambda: np.zeros(0))
    prices: Floats = field(default_factory=lambda: np.zeros(0))
    """Per row: score gained per extra EUR million of its limit (positive for ceilings, negative for floors)."""
    solver: str = ""
    method: str = ""
    iterations: int = 0
    bound: float | None = None
    """The best score that the solver has not excluded; equals the objective when optimal."""
    message: str = ""
    corner: Any = None
    """The basis with which HiGHS ended a linear program: a warm solver may start there (`warm.py`)."""

    def __repr__(self) -> str:
        return f"<Solution: {self.status}, {self.objective:.4f} points, {self.solver} {self.method}>"

    @property
    def usable(self) -> bool:
        """Whether there are values to read."""
        return self.status in (Status.OPTIMAL, Status.FEASIBLE)
