"""The plan: final amounts in whole rounding steps, with findings, prices and the tables that staff read.

A plan carries everything that explaining, comparing and exporting need; none of them reaches back to the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.plan.certificate import Certificate
from fundalloc.plan.ledger import Coverage, measure_coverage
from fundalloc.plan.verify import BREACH, DECIDED, MISSED, Finding
from fundalloc.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

DIMENSIONS = ("instrument", "partnership", "area", "year")
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
    """The best score that the solver has not excluded, for searches that were stopped."""
    switches: int = 0
    """On-off columns; without any the program is linear."""
    settled: bool = True
    """Whether the plan is the one nearest to its reference; not so when a limit stopped the search."""

    @property
    def search_gap(self) -> float | None:
        """What a better choice of switches could still add, relative to the solver's bound; None without switches."""
        if not self.switches or self.bound is None:
            return None
        return max(self.bound - self.program_score, 0.0) / max(abs(self.bound), 1e-9)


@dataclass(frozen=True)
class Plan:
    """A verified plan. Amounts are whole rounding steps per line; tables give EUR million."""

    scenario: Scenario
    steps: NDArray[np.int64]
    """Amount of every line of `scenario.lines`, in rounding steps."""
    findings: tuple[Finding, ...]
    """Every demand of every rule, ceilings and absorption included."""
    prices: NDArray[np.float64]
    """Shadow price per finding: score per extra EUR million of its limit; NaN where there is none."""
    log: RunLog
    moves: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Amount of every move of `scenario.lines.moves`, in rounding steps."""
    certificate: Certificate | None = None
    """The proved limit on any lawful plan's score."""

    @property
    def status(self) -> str:
        """The solver's verdict: optimal or feasible."""
        return self.log.status

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
        """Impact less penalties and the price of last resorts, of the rounded plan."""
        return float(self.coverage.impact.sum()) - self.penalty - self.last_resort

    @cached_property
    def allocation(self) -> pd.DataFrame:
        """One row per line: four ids, key, decided and planned amounts in EUR million, and what kind of money it is."""
        import pandas as pd

        lines, facts = self.scenario.lines, self.scenario.facts
        table = pd.DataFrame(lines.ids, columns=list(DIMENSIONS))
        table["year"] = table["year"].astype(int)
        counts = np.array([i.counts for i in facts.instruments], dtype=object)
        table["counts"] = counts[lines.instrument]
        table["decided"] = facts.euro(lines.decided)
        table["amount"] = self.amounts
        table["key"] = lines.keys
        return table

    def total(self, *by: str, counts: str | None = None) -> pd.Series[float]:
        """Sum the allocation by ids; `counts` keeps only budget or partner money. Exact to the last rounding step."""
        import pandas as pd

        table = pd.DataFrame({"steps": self.steps, **{name: self.allocation[name] for name in (*DIMENSIONS, "counts")}})
        if counts is not None:
            table = table[table["counts"] == counts]
        sums = table.groupby(list(by), sort=False, observed=True)["steps"].sum()
        step = self.scenario.facts.step
        return sums * step.numerator / step.denominator

    def pivot(self, rows: str, columns: str, counts: str | None = None) -> pd.DataFrame:
        """Sum the allocation into a table, all members of both dimensions in order, zero where nothing is planned."""
        sums = self.total(rows, columns, counts=counts).unstack(columns).fillna(0.0)
        return sums.reindex(index=self._members(rows, counts), columns=self._members(columns, counts), fill_value=0.0)

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
    def free_money(self) -> pd.DataFrame:
        """Per planned instrument and year, EUR million: ceiling, reserve, carried and transferred in and out, decided, planned, free.

        `free` is ceiling less reserve, plus what moves in, less what moves out and what is planned. `price` is the shadow
        price of the ceiling. The row of year 0 is the whole period; ceilings that do not exist are NaN, and so is `free` then.
        """
        import pandas as pd

        facts, lines = self.scenario.facts, self.scenario.lines
        shape = (len(facts.instruments), len(facts.years))
        planned, decided = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        np.add.at(planned, (lines.instrument, lines.year), self.steps)
        np.add.at(decided, (lines.instrument, lines.year), lines.decided)
        moved = self.moved
        price = {f.member: p for f, p in zip(self.findings, self.prices, strict=True) if f.rule.kind == "ceiling"}
        records = []
        for k, instrument in enumerate(facts.instruments):
            if not instrument.planned:
                continue
            for n, year in enumerate(facts.years):
                limits = (int(facts.ceilings.full[k, n]), int(facts.ceilings.usable[k, n]))
                amounts = {name: int(moved[name][k, n]) for name in MOVED} | {"decided": int(decided[k, n]), "planned": int(planned[k, n])}
                records.append(self._money_row(instrument.id, year, limits, amounts, price.get((instrument.id, str(year)), np.nan)))
            limits = (
                _whole_period(facts.ceilings.full[k], int(facts.ceilings.full_total[k])),
                _whole_period(facts.ceilings.usable[k], int(facts.ceilings.usable_total[k])),
            )
            amounts = {name: int(moved[name][k].sum()) for name in MOVED} | {
                "decided": int(decided[k].sum()),
                "planned": int(planned[k].sum()),
            }
            records.append(self._money_row(instrument.id, 0, limits, amounts, price.get((instrument.id, "total"), np.nan)))
        return pd.DataFrame(records)

    def _money_row(self, instrument: str, year: int, limits: tuple[int, int], amounts: dict[str, int], price: float) -> dict[str, object]:
        full, usable = limits
        known = full != NO_LIMIT
        left = (
            usable
            + amounts["carried_in"]
            + amounts["transferred_in"]
            - amounts["carried_out"]
            - amounts["transferred_out"]
            - amounts["planned"]
        )
        return {
            "instrument": instrument,
            "year": year,
            "ceiling": self._eur(full) if known else np.nan,
            "reserve": self._eur(full - usable) if known else np.nan,
            **{name: self._eur(amount) for name, amount in amounts.items()},
            "free": self._eur(left) if known else np.nan,
            "price": price,
        }

    def _eur(self, steps: int) -> float:
        return float(self.scenario.facts.euro(int(steps)))

    @cached_property
    def rules_table(self) -> pd.DataFrame:
        """One row per demand of a rule: id, kind, member, sense, amount, base, limit, headroom (EUR million), status, price."""
        import pandas as pd

        rows = [
            {
                "rule": f.rule.id,
                "kind": f.rule.kind,
                "member": "|".join(f.member),
                "sense": str(f.sense),
                "enforced": "hard" if f.rule.hard else "watched" if f.rule.watch else "soft",
                "amount": float(f.amount),
                "base": np.nan if f.base is None else float(f.base),
                "limit": float(f.limit),
                "headroom": float(f.headroom),
                "status": f.status,
                "price": price,
            }
            for f, price in zip(self.findings, self.prices, strict=True)
        ]
        return pd.DataFrame(
            rows, columns=["rule", "kind", "member", "sense", "enforced", "amount", "base", "limit", "headroom", "status", "price"]
        )

    def coverage_by(self, name: str) -> pd.DataFrame:
        """Sum need and met need by partnership or area; `coverage` is NaN where there is no need."""
        import pandas as pd

        needs = self.scenario.facts.needs
        ids = np.array(self.scenario.facts.dimensions[name].ids, dtype=object)[getattr(needs, name)]
        table = pd.DataFrame({name: ids, "need": self.coverage.need, "met": self.coverage.met}).groupby(name, sort=False).sum()
        table = table.reindex(list(self.scenario.facts.dimensions[name].members), fill_value=0.0)
        table["coverage"] = np.where(table["need"] > 0, table["met"] / table["need"].where(table["need"] > 0, 1.0), np.nan)
        return table

    def counts_by_status(self) -> dict[str, int]:
        """Return how many demands of written rules have each status."""
        statuses = [f.status for f in self.findings if not f.rule.built_in]
        return {word: statuses.count(word) for word in ("ok", "at limit", MISSED, DECIDED, BREACH)}


def _whole_period(yearly: NDArray[np.int64], total: int) -> int:
    """Return the ceiling of the whole period: the total, the sum of the years, or the smaller of both."""
    limits = [int(yearly.sum())] if np.all(yearly != NO_LIMIT) else []
    if total != NO_LIMIT:
        limits.append(total)
    return min(limits, default=NO_LIMIT)
