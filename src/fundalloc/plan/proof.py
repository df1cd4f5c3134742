"""How good a plan is and who says so: the bound on its score, what lies between the two, and the words for both.

    bound - score  =  gap  +  given up  +  rounding

The gap is what nobody has excluded: the bound less the best score that was found before rounding. What later stages and
`stay_close` give up of that, they give up on purpose; the rest is what whole rounding steps cost (less than nothing where
they happen to gain). What decided money costs under soft rules stands in bound and score alike, and apart.

Two bounds, two witnesses. The exact one is the certificate's: weak duality in fractions, proved by multiplication. With
switches there is a second one, often closer, that rests on the solver's word: what its search has excluded.

Every number printed here errs on the careful side: bounds and gaps are rounded up, shares down; parts add up. What decided
money costs is no bound and is rounded to the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING

from fundalloc.labels import Words

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan

OPTIMAL, WITHIN, FEASIBLE = "optimal", "within gap", "feasible"
"""Proved best; better plans are excluded only beyond a gap (solvers call that optimal too); stopped at a limit."""
PROVED = 1e-6
"""A plan counts as optimal when no other scores more than a millionth of its score (or of one point) above it."""
PLACES = 4
"""Decimals of points, and of shares in per cent."""
_POINT, _SHARE = 10**PLACES, 100 * 10**PLACES
_DUST = Fraction(1, 1_000)
"""Of the last decimal: what two sums of the same floating-point numbers may differ by; the gap answers for it."""
EXACT, SOLVER = "exact arithmetic", "solver"
"""Who proves that a plan is optimal."""


@dataclass(frozen=True)
class Parts:
    """What lies between the bound and the score, in points with PLACES decimals; the parts add up to the whole."""

    whole: Fraction
    gap: Fraction
    """At most: nobody knows whether any of it can be reached."""
    given_up: Fraction
    """By later stages and `stay_close`."""
    rounding: Fraction


@dataclass(frozen=True)
class Proof:
    """What is proved about a plan."""

    plan: Plan

    @property
    def bound(self) -> Fraction | None:
        """The exact bound; None without a certificate."""
        return None if self.plan.certificate is None else self.plan.certificate.bound

    @property
    def search_bound(self) -> Fraction | None:
        """What the solver's search has excluded, on its word; None without switches."""
        log = self.plan.log
        return Fraction(log.bound) if log.switches and log.bound is not None and isfinite(log.bound) else None

    @property
    def best(self) -> Fraction | None:
        """The best score found before rounding; None for a plan that was not optimised."""
        score = self.plan.log.program_score
        return Fraction(score) if isfinite(score) else None

    @property
    def by(self) -> str:
        """Who proves that nothing better exists (EXACT or SOLVER); empty where nobody does."""
        if self.plan.log.status != OPTIMAL or self.best is None:
            return ""
        if self.bound is not None and verdict(OPTIMAL, self.best, self.bound) == OPTIMAL:
            return EXACT
        closest = self.search_bound if self.plan.log.switches else self.best
        return SOLVER if closest is None or verdict(OPTIMAL, self.best, closest) == OPTIMAL else ""

    @property
    def status(self) -> str:
        """The status of the plan: optimal only where that is proved, else within the gap that the proof line states."""
        log = self.plan.log
        return WITHIN if log.status == OPTIMAL and self.best is not None and not self.by else log.status

    @property
    def closest(self) -> Fraction | None:
        """The lowest bound that anybody vouches for."""
        return min((b for b in (self.bound, self.search_bound) if b is not None), default=None)

    @property
    def reached(self) -> Fraction | None:
        """The part of the exact bound that the score reaches, rounded down; None where a share says nothing: at or below zero."""
        return None if self.bound is None else share_reached(Fraction(self.plan.score), self.bound)

    @property
    def parts(self) -> Parts | None:
        """What lies between bound and score; None unproved, not optimised, or of 0.1.0, which does not say what was given up."""
        settled = self.plan.log.settled_score
        if self.bound is None or self.best is None or settled is None:
            return None
        between, score = Fraction(settled), Fraction(self.plan.score)
        given_up, rounding = (floor(lost * _POINT + _DUST) for lost in (self.best - between, between - score))
        gap = max(ceil((self.bound - score) * _POINT + 2 * _DUST) - given_up - rounding, 0)
        return Parts(*(Fraction(part, _POINT) for part in (gap + given_up + rounding, gap, given_up, rounding)))

    # -- in words -------------------------------------------------------------------------------------------------------

    def status_text(self, words: Words) -> str:
        """Return the status in words, with the gap where there is one and whose word it rests on."""
        if self.status == OPTIMAL:
            return words("proof.optimal_by_solver" if self.by == SOLVER else "proof.optimal")
        if self.closest is None or self.best is None or self.status not in (WITHIN, FEASIBLE):
            return words.word("proof", self.status)
        gap = gap_text(self.best, self.closest, words)
        return words("proof.within" if self.status == WITHIN else "proof.stopped", gap=gap)

    def as_dict(self) -> dict[str, float | None]:
        """Return the certificate's figures as JSON has them, in points except `reached`; None where they say nothing."""
        parts, bound = self.parts, self.bound
        below = None if bound is None else max(bound - Fraction(self.plan.score), Fraction(0))
        figures = {
            "bound": bound,
            "reached": self.reached,
            "below": below if parts is None else parts.whole,
            "gap": None if parts is None else parts.gap,
            "given_up": None if parts is None else parts.given_up,
            "rounding": None if parts is None else parts.rounding,
            "search_bound": self.search_bound,
            "decided": None if self.plan.certificate is None else Fraction(self.plan.certificate.decided),
        }
        return {name: None if figure is None else float(f"{float(figure):.12g}") for name, figure in figures.items()}

    def bound_text(self, words: Words) -> str:
        """Return the exact bound and what part of it the plan reaches, or else by how much it stays below. ValueError unproved."""
        if self.bound is None:
            raise ValueError("the plan has no certificate")
        text = words("proof.bound", bound=points(self.bound, words))
        if self.reached is None:
            return text + words("proof.below", points=points(max(self.bound - Fraction(self.plan.score), Fraction(0)), words))
        return text + words("proof.reached", share=words.share(self.reached, PLACES))

    def parts_text(self, words: Words) -> str:
        """Return what lies between bound and score, part by part; empty where it cannot be taken apart."""
        parts = self.parts
        if parts is None:
            return ""
        said = words("proof.parts", whole=points(parts.whole, words), rounding=points(parts.rounding, words), gap=points(parts.gap, words))
        return said + (words("proof.given_up", points=points(parts.given_up, words)) if parts.given_up else "")

    def decided_text(self, words: Words) -> str:
        """Return what decided money costs whatever the plan does; empty where that is nothing."""
        cost = 0.0 if self.plan.certificate is None else self.plan.certificate.decided
        return words("proof.decided", points=words.number(cost, PLACES)) if cost >= 0.5 / _POINT else ""

    def undone_text(self, words: Words) -> str:
        """Return what a limit on the search left undone; empty where nothing."""
        log, stages = self.plan.log, self.plan.scenario.head.objective
        goals = ", ".join(stage.goal for stage in stages[len(stages) - log.stages_left :])
        said = [words("proof.stages_left", goals=goals)] if goals else []
        return "; ".join(said if log.settled else [*said, words("proof.unsettled")])

    def search_text(self, words: Words) -> str:
        """Return what the search for switches came to, and whose word that is; empty without switches."""
        log, best, search = self.plan.log, self.best, self.search_bound
        if best is None or search is None:
            return ""
        gap, bound = gap_text(best, search, words), points(search, words)
        own = self.bound is None or self.bound - search > Fraction(1, _POINT)
        said = words("proof.search" if own else "proof.relaxed", switches=log.switches, solver=log.solver, bound=bound, gap=gap)
        return said + ("" if self.by else words("proof.one_of_those"))


def verdict(status: str, score: Fraction | float, bound: Fraction | float) -> str:
    """Return what may be said of a score below a bound: what a solver calls optimal may only be so within a gap."""
    proved = float(bound - score) <= PROVED * max(abs(float(score)), 1.0)
    return WITHIN if status == OPTIMAL and not proved else status


def share_reached(score: Fraction, bound: Fraction) -> Fraction | None:
    """Return score / bound rounded down to PLACES decimals of a per cent; None unless both are positive."""
    return Fraction(min(floor(score / bound * _SHARE), _SHARE), _SHARE) if min(score, bound) > 0 else None


def gap_text(score: Fraction, bound: Fraction, words: Words) -> str:
    """Write how far a score stays below a bound at the most: a share of the bound where both are positive, else points."""
    left = max(bound - score, Fraction(0))
    if min(score, bound) > 0:
        return words.share(Fraction(ceil(left / bound * _SHARE), _SHARE), PLACES)
    return words("proof.points", points=points(left, words))


def points(value: Fraction, words: Words) -> str:
    """Write points, rounded up."""
    return words.number(upwards(value), PLACES)


def upwards(value: Fraction) -> float:
    """Return points rounded up to PLACES decimals."""
    return float(Fraction(ceil(value * _POINT), _POINT))
