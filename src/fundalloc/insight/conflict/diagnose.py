"""Why no plan satisfies all rules: the smallest sets of demands that cannot hold together, in the planner's words.

Every set is proved by solving: together its members leave no plan, and without any one of them there is one. Decided money,
closed years, ceilings, absorption and eligibility are members like the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fundalloc.errors import Conflict, Infeasible
from fundalloc.facts.facts import Facts
from fundalloc.insight.conflict.describing import describe, enumerated
from fundalloc.insight.conflict.minimal_sets import MOST, Groups, find_sets
from fundalloc.insight.conflict.suspects import ELIGIBILITY, Suspect, System, build_system
from fundalloc.model.compile import compile_program
from fundalloc.run import with_baseline
from fundalloc.scenario.document import locate
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import USUAL, Options


@dataclass(frozen=True)
class Clash:
    """One smallest set of demands that cannot hold together."""

    members: tuple[Conflict, ...]
    suspects: tuple[Suspect, ...]
    barred: tuple[str, ...] = ()
    """The ids of the `exclude` entries without which there would be no clash."""
    like: int = 0
    """How many more clashes were found by the same rules, with other members of them."""
    bottleneck: str = ""
    """For targets that money cannot reach: through which instruments, and what these leave."""


@dataclass(frozen=True)
class Diagnosis:
    """Why no plan exists; no clashes: one exists, before rounding."""

    clashes: tuple[Clash, ...]
    complete: bool = True
    """Whether there are no other clashes."""
    thinned: bool = True
    """Whether every member is needed; not when a limit stopped the search."""


class NoPlan(Infeasible):
    """No plan satisfies all hard rules, and why."""

    def __init__(self, diagnosis: Diagnosis, repairs: Sequence[Any], files: Sequence[str], of: str, scenario: str) -> None:
        super().__init__(diagnosis.clashes[0].members if diagnosis.clashes else ())
        self.diagnosis, self.repairs = diagnosis, repairs
        self.files = files
        """The scenario files written, one per repair."""
        self.of, self.scenario = of, scenario
        """The scenario that has no plan, when it is not plain which one is meant; and its id."""


def is_feasible(scenario: Scenario) -> bool:
    """Return whether any plan keeps all hard rules, before rounding."""
    system = system_of(with_baseline(scenario))
    return system.feasible(system.everyone)


def find_conflict(scenario: Scenario) -> list[Conflict]:
    """Return one smallest set of demands that cannot hold together; empty when a plan exists. There may be several such sets."""
    found = diagnose(scenario, most=1)
    return list(found.clashes[0].members) if found.clashes else []


def diagnose(scenario: Scenario, most: int = MOST, options: Options | None = None) -> Diagnosis:
    """Return the clashes of a scenario, at most `most` of them. Of the options counts the time limit alone."""
    options = (options or Options()).begun()
    scenario = with_baseline(scenario, options)
    system = system_of(scenario, options)
    found = find_sets(system, most)
    clashes = [_clash(scenario, system, groups, like) for groups, like in zip(found.sets, found.like, strict=True)]
    return Diagnosis(tuple(sorted(clashes, key=lambda clash: len(clash.members))), found.complete, found.thinned)


def system_of(scenario: Scenario, options: Options = USUAL) -> System:
    """Return everything that must hold in a scenario whose baseline is solved."""
    return build_system(compile_program(scenario), scenario.lines, options)


def _clash(scenario: Scenario, system: System, groups: Groups, like: int) -> Clash:
    from fundalloc.insight.conflict.bottleneck import bottleneck  # with networkx, which costs more than reading a scenario

    members = [describe(scenario, [system.suspects[k] for k in group]) for group in groups]
    suspects = tuple(system.suspects[k] for group in groups for k in group)
    barriers = _barriers(scenario, suspects, system.options)
    members += [_barrier(scenario, name, suspects) for name in barriers]
    barred = tuple(name for name in barriers if name != ELIGIBILITY)
    return Clash(tuple(members), suspects, barred, like, bottleneck(scenario, suspects))


# -- what may be funded at all: `exclude` entries and the eligibility table -------------------------------------------------


def _barriers(scenario: Scenario, suspects: tuple[Suspect, ...], options: Options) -> list[str]:
    """Return the ids of the `exclude` entries, and ELIGIBILITY, without each of which the suspects could hold together.

    Each is lifted in turn, the table first, and the rules are stated again on the lines that then exist.
    """
    kept = []
    for name in (ELIGIBILITY, *(clause.id for clause in scenario.facts.exclude)):
        without = replace(scenario, facts=lifted(scenario.facts, name))
        if _hold(without, suspects, options):
            kept.append(name)
        else:
            scenario = without
    return kept


def lifted(facts: Facts, name: str) -> Facts:
    """Return the facts without one `exclude` entry, or (ELIGIBILITY) with every instrument open to everything."""
    if name != ELIGIBILITY:
        return replace(facts, exclude=tuple(clause for clause in facts.exclude if clause.id != name))
    everyone = {"partners": ("all",), "years": None}
    return replace(
        facts,
        eligible=np.ones_like(facts.eligible),
        instruments=tuple(i.model_copy(update=everyone) for i in facts.instruments),
        partnerships=tuple(p.model_copy(update={"years": None}) for p in facts.partnerships),
    )


def _hold(scenario: Scenario, suspects: tuple[Suspect, ...], options: Options) -> bool:
    owners, named = {s.owner for s in suspects}, {_name(s) for s in suspects}
    system = system_of(replace(scenario, rules=tuple(rule for rule in scenario.rules if rule.id in owners)), options)
    return system.feasible([k for k, suspect in enumerate(system.suspects) if _name(suspect) in named])


def _name(suspect: Suspect) -> tuple[object, ...]:
    return suspect.owner, suspect.member, suspect.demands.sense[suspect.demand] if suspect.demands is not None else ""


def _barrier(scenario: Scenario, name: str, suspects: tuple[Suspect, ...]) -> Conflict:
    if name == ELIGIBILITY:
        place = str(locate(scenario.tree, ("eligibility",), key=True))
        return Conflict(ELIGIBILITY, f"only {_able(scenario, suspects)} may fund this", place)
    clause = next(clause for clause in scenario.facts.exclude if clause.id == name)
    return Conflict(f"exclude {name}", str(clause.reason), str(locate(scenario.tree, ("exclude", name), key=True)), clause.source)


def _able(scenario: Scenario, suspects: tuple[Suspect, ...]) -> str:
    """Name the instruments with an open line among the money of the rules concerned."""
    lines = scenario.lines
    touched = np.zeros(len(lines), dtype=bool)
    for rule in {s.rule.id: s.rule for s in suspects if s.rule is not None and not s.rule.built_in}.values():
        touched |= lines.select(rule.money)
    able = [scenario.facts.instruments[k].id for k in np.unique(lines.instrument[touched & ~lines.fixed])]
    names = [scenario.labels()["instrument"][name] for name in able]
    if not names:
        return "what is decided"
    return enumerated(names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"])
