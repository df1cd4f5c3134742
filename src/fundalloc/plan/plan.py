"""The plan: final amounts in whole rounding steps, with findings, prices and the tables that staff read.

A plan carries everything that explaining, comparing and exporting need; none of them reaches back to the solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fundalloc.doors.glance import Glance
from fundalloc.errors import UsageError, did_you_mean
from fundalloc.facts.dimensions import ACTION, AXIS
from fundalloc.money import euro
from fundalloc.plan.certificate import Certificate
from fundalloc.plan.columns import described, in_money
from fundalloc.plan.evidence import Evidence, Worth
from fundalloc.plan.ledger import Coverage, FreeMoney, free_money, measure_coverage
from fundalloc.plan.proof import FEASIBLE, Proof
from fundalloc.plan.verify import DECIDED, MISSED, Finding, Tally, tally
from fundalloc.rules.statement import WHOLE_PERIOD
from fundalloc.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

DIMENSIONS = ("instrument", "partnership", "area", "year")
COUNTS = ("budget", "partner")
PRICED = {"one_more": "more", "one_less": "less", "moved_up": "up", "moved_down": "down"}
MOVED = ("carried_in", "carried_out", "transferred_in", "transferred_out")


@dataclass(frozen=True)
class RunLog:
    """How the plan was made: enough to make it again."""

    solver: str
    method: str
    status: str
    program_score: float
    """The optimum of the linear program, before rounding."""
    iterations: int
    rows: int
    columns: int
    terms: int
    rounded_lines: int
    largest_move: float
    """The largest change by rounding of any line, in EUR million."""
    version: str
    digest: str
    bound: float | None = None
    """The best score that the solver has not excluded."""
    switches: int = 0
    """On-off columns; without any the program is linear."""
    settled: bool = True
    """Whether the plan is the one nearest to its reference; not so when a limit stopped the search."""
    settled_score: float | None = None
    """The score of the settled plan, before rounding: less than the optimum where later stages or `stay_close` give some up."""
    stages_left: int = 0
    """How many of the last stages of the objective had no say, because a limit stopped the search."""
    tables: Mapping[str, Any] = field(default_factory=dict)
    """What was read of every table of the scenario."""

    @property
    def stopped(self) -> bool:
        """Whether a limit stopped the search: for the best score, in a later stage, or for the plan nearest to the reference."""
        return self.status == FEASIBLE or self.stages_left > 0 or not self.settled


@dataclass(frozen=True, repr=False)
class Plan(Glance):
    """A verified plan. Amounts are whole rounding steps per line; tables give EUR million."""

    scenario: Scenario
    steps: NDArray[np.int64]
    """Amount of every line of `scenario.lines`, in rounding steps."""
    findings: tuple[Finding, ...]
    """Every demand of every rule, ceilings and absorption included."""
    prices: NDArray[np.float64]
    """The dual of every finding, not confirmed by solving: it says where to look (`evidence`); NaN where there is none."""
    log: RunLog
    moves: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Amount of every move of `scenario.lines.moves`, in rounding steps."""
    certificate: Certificate | None = None
    """The proved limit on any lawful plan's score."""
    evidence: Evidence = field(default_factory=Evidence)
    """What solving again found: what limits are worth, and how firm the money of partnerships is. Empty where nobody asked."""
    solution: NDArray[np.float64] | None = None
    """All columns of the program before rounding, EUR million; only of plans that were solved here."""

    @property
    def headline(self) -> str:
        """Scenario, status, score and the money of the EU budget."""
        money = euro(float(self.total("year", counts="budget").sum()), self.scenario.decimals)
        return f"Plan of {self.scenario.id}: {self.status}, {self.score:.1f} points, EUR {money} million of the EU budget planned"

    def glance(self) -> list[Sequence[object]]:
        """Return money of the EU budget by partnership and area, EUR million."""
        table, places = self.pivot("partnership", "area", counts="budget"), self.scenario.decimals
        rows = zip(table.index, table.to_numpy(), strict=True)
        return [("EUR million", *table.columns), *((name, *(euro(cell, places) for cell in row)) for name, row in rows)]

    @cached_property
    def proof(self) -> Proof:
        """How good the plan is, and who says so."""
        return Proof(self)

    @property
    def status(self) -> str:
        """optimal (proved), within gap, feasible, or how a plan was made that was not optimised."""
        return self.proof.status

    @cached_property
    def amounts(self) -> NDArray[np.float64]:
        """EUR million per line."""
        return np.asarray(self.scenario.facts.euro(self.steps), dtype=float)

    @cached_property
    def coverage(self) -> Coverage:
        """Met need per pair of partnership and area."""
        return measure_coverage(self.scenario.lines, self.steps)

    @cached_property
    def penalty(self) -> float:
        """Points lost to soft rules."""
        missed = [f for f in self.findings if f.status == MISSED and f.rule.soft is not None]
        return sum(float(f.rule.soft or 0) * float(-f.headroom) for f in missed)

    @cached_property
    def last_resort(self) -> float:
        """Points that the use of instruments of last resort costs."""
        lines = self.scenario.lines
        points = np.array([float(i.last_resort) for i in self.scenario.facts.instruments])
        return float(points[lines.instrument] @ self.amounts)

    @cached_property
    def score(self) -> float:
        """Impact less penalties and the price of last resorts, of the rounded plan; free of floating-point dust."""
        return round(float(self.coverage.impact.sum()) - self.penalty - self.last_resort, 9) + 0.0

    @cached_property
    def allocation(self) -> pd.DataFrame:
        """One row per line: four ids, `action` too where areas hold some, key, decided and planned EUR million, and the kind of money."""
        import pandas as pd

        lines, facts = self.scenario.lines, self.scenario.facts
        table = pd.DataFrame(lines.ids, columns=list(DIMENSIONS))
        area = facts.dimensions.area
        if area.within:
            table.insert(3, "action", table["area"])
            table["area"] = np.array(area.ids, dtype=object)[area.holder[lines.area]]
        table["year"] = table["year"].astype(int)
        counts = np.array([i.counts for i in facts.instruments], dtype=object)
        table["counts"] = counts[lines.instrument]
        table["decided"] = facts.euro(lines.decided)
        table["amount"] = self.amounts
        table["key"] = lines.keys
        return described(table)

    def total(self, *by: str, counts: str | None = None) -> pd.Series[float]:
        """Sum the allocation by ids; `counts` keeps only budget or partner money. Exact to the last rounding step.

        EUR million, indexed by the words of `by`: instrument, partnership, area, action, year, counts. Raises UsageError for other words.
        """
        for word in by:
            _known(word, (*DIMENSIONS, *self._actions, "counts"))
        if counts is not None:
            _known(counts, COUNTS)
        table = self.allocation.assign(steps=self.steps)
        if counts is not None:
            table = table[table["counts"] == counts]
        sums = table.groupby(list(by), sort=False, observed=True)["steps"].sum()
        step = self.scenario.facts.step
        return in_money(sums * step.numerator / step.denominator)

    def sums(self, name: str, counts: str | None = None) -> dict[str, float]:
        """Return the same by instrument, partnership, area or action without pandas, which a short command has no use for."""
        lines, facts = self.scenario.lines, self.scenario.facts
        dimension = facts.dimensions[name]
        own = getattr(lines, AXIS[name]) if name == ACTION else dimension.holder[getattr(lines, name)]
        mine = np.array([counts in (None, i.counts) for i in facts.instruments])[lines.instrument]
        steps = np.zeros(len(dimension.ids), dtype=np.int64)
        np.add.at(steps, own[mine], self.steps[mine])
        return {dimension.ids[k]: float(facts.euro(steps[k])) for k in dict.fromkeys(own[mine].tolist())}

    @property
    def _actions(self) -> tuple[str, ...]:
        return ("action",) if self.scenario.facts.dimensions.area.within else ()

    def pivot(self, rows: str, columns: str, counts: str | None = None) -> pd.DataFrame:
        """Sum the allocation into a table, all members of both dimensions in order, zero where nothing is planned.

        EUR million; `rows` and `columns` are two of instrument, partnership, area, action, year. Raises UsageError for other words.

            >>> from fundalloc import solve
            >>> solve("examples/tiny/tiny.yaml").pivot("instrument", "year", counts="budget")
            year        2025  2026
            instrument
            ndici       28.5  23.7
            amif        10.0  10.0
        """
        if rows == columns:
            raise UsageError(f"'{rows}' is asked for twice; rows and columns take one of {', '.join((*DIMENSIONS, *self._actions))} each")
        sums = self.total(rows, columns, counts=counts).unstack(columns).fillna(0.0)
        return in_money(sums.reindex(index=self._members(rows, counts), columns=self._members(columns, counts), fill_value=0.0))

    def _members(self, name: str, counts: str | None) -> list[str] | list[int]:
        facts = self.scenario.facts
        if name == "year":
            return list(facts.years)
        if name == "instrument":
            return [i.id for i in facts.instruments if i.counts != "memo" and counts in (None, i.counts)]
        return list(facts.dimensions[name].members)

    @cached_property
    def moved(self) -> dict[str, NDArray[np.int64]]:
        """Carried and transferred money in steps: {one of MOVED: array of shape (instruments, years)}."""
        moves = self.scenario.lines.moves
        return moves.totals(self.moves if len(self.moves) else np.zeros(len(moves), dtype=np.int64))

    @cached_property
    def money_left(self) -> FreeMoney:
        """What the ceilings leave, in steps."""
        return free_money(self.scenario.facts, self.scenario.lines.by_year(self.steps), self.moved)

    @cached_property
    def free_money(self) -> pd.DataFrame:
        """Per planned instrument and year, EUR million: ceiling, reserve, moves in and out, decided, planned, lapsed, free.

        Ceiling less reserve, plus what moves in, less what moves out and what is planned, is `free`; in closed years nothing is
        free any more: it is `lapsed`. `one_more` and `one_less` are what EUR 1 million more or less of `ceiling` does to the score, NaN
        where nobody asked. The row of year 0 is the whole period; ceilings that do not exist are NaN, and so are `free` and `lapsed` then.
        """
        import pandas as pd

        return described(pd.DataFrame(self.free_columns))

    @cached_property
    def free_columns(self) -> dict[str, list[Any]]:
        """The columns of `free_money`, in order."""
        facts, lines, money = self.scenario.facts, self.scenario.lines, self.money_left
        amounts = self.moved | {"decided": lines.by_year(lines.decided), "planned": lines.by_year(self.steps)}
        known = money.known
        columns = {"ceiling": np.where(known, money.full, np.nan), "reserve": np.where(known, money.full - money.usable, np.nan)}
        columns |= {name: np.column_stack([table, table.sum(axis=1)]) for name, table in amounts.items()}
        columns |= {"lapsed": np.where(known, money.lapsed, np.nan), "free": np.where(known, money.free, np.nan)}
        rows = [(k, n) for k, i in enumerate(facts.instruments) if i.planned for n in [*range(len(facts.years)), len(facts.years)]]
        at = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        names = [facts.instruments[k].id for k in at[0]]
        labels = [*(str(year) for year in facts.years), WHOLE_PERIOD]
        table = {"instrument": names, "year": [[*facts.years, 0][n] for n in at[1]]}
        table |= {name: np.asarray(facts.euro(values[at[0], at[1]])).tolist() for name, values in columns.items()}
        worth = [self.evidence.ceilings.get((name, labels[n]), Worth(np.nan, np.nan)) for name, n in zip(names, at[1], strict=True)]
        return {**table, "one_more": [w.more for w in worth], "one_less": [w.less for w in worth]}

    @property
    def free_whole(self) -> list[dict[str, Any]]:
        """The rows of `free_money` that speak of the whole period."""
        rows = zip(*self.free_columns.values(), strict=True)
        return [row for row in (dict(zip(self.free_columns, cells, strict=True)) for cells in rows) if row["year"] == 0]

    @cached_property
    def rules_table(self) -> pd.DataFrame:
        """One row per demand of a rule: id, kind, member, sense, amount, base, limit, headroom (EUR million), status.

        Then the change of the score by EUR 1 million more and less of the limit, how far it was moved, what that price is, and the dual.
        """
        import pandas as pd

        worths = [self.evidence.demands.get(k, Worth(np.nan, np.nan, np.nan, np.nan)) for k in range(len(self.findings))]
        columns = {
            "rule": [f.rule.id for f in self.findings],
            "kind": [f.rule.kind for f in self.findings],
            "member": ["|".join(f.member) for f in self.findings],
            "sense": [str(f.sense) for f in self.findings],
            "enforced": ["hard" if f.rule.hard else "watched" if f.rule.watch else "soft" for f in self.findings],
            "amount": [float(f.amount) for f in self.findings],
            "base": [np.nan if f.base is None else float(f.base) for f in self.findings],
            "limit": [float(f.limit) for f in self.findings],
            "headroom": [float(f.headroom) for f in self.findings],
            "status": [f.status for f in self.findings],
            **{word: [getattr(w, name) for w in worths] for word, name in PRICED.items()},
            "price_basis": [self.evidence.basis(k, f, self.prices[k]) for k, f in enumerate(self.findings)],
            "dual": self.prices,
        }
        return described(pd.DataFrame(columns), counted=any(not f.rule.in_money for f in self.findings))

    def coverage_by(self, name: str) -> pd.DataFrame:
        """Sum need and met need, EUR million, by partnership, area or action; `coverage`, a share, is NaN where there is no need."""
        import pandas as pd

        _known(name, ("partnership", "area", *self._actions))
        table = pd.DataFrame.from_dict(self.covered(name), orient="index", columns=["need", "met", "coverage"])
        return described(table.rename_axis(name))

    def covered(self, name: str) -> dict[str, tuple[float, float, float]]:
        """Return the rows of `coverage_by`: need, met need, coverage."""
        dimension = self.scenario.facts.dimensions[name]
        owner = dimension.holder[getattr(self.scenario.facts.needs, name)]
        need, met = (np.bincount(owner, values, len(dimension.ids)) for values in (self.coverage.need, self.coverage.met))
        rows = zip(dimension.ids, need.tolist(), met.tolist(), strict=True)
        return {member: (n, m, m / n if n > 0 else np.nan) for member, n, m in rows if member in dimension.members}

    @cached_property
    def by_decision(self) -> list[Finding]:
        """The demands that are broken by decision."""
        return [finding for finding in self.findings if finding.status == DECIDED]

    @cached_property
    def tally(self) -> Tally:
        """The count of demands of written rules."""
        return tally(self.findings)

    @cached_property
    def limits_tally(self) -> Tally:
        """The count of ceilings, absorption and transfer limits."""
        return tally(self.findings, built_in=True)


def _known(word: str, known: Sequence[str]) -> None:
    """Raise UsageError for a word that is none of these."""
    if word not in known:
        raise UsageError(f"unknown word '{word}': {did_you_mean(word, known)}")
