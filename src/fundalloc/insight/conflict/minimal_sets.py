"""Smallest sets of things that cannot hold together, several of them, each proved by solving.

Suspects are sought in groups, as a planner speaks of them: a rule for one member, the ceilings of one instrument in all
years, all decided money. One set comes from thinning out: whatever can be left out while the rest still clashes is left
out, first groups, then single suspects inside them. The other sets come from R. Reiter's tree (A Theory of Diagnosis from
First Principles, 1987): take one group of every known set away, and see whether what is left still clashes. When no branch
is left, there is no other set.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fundalloc.insight.conflict.suspects import DECIDED, Suspect, System
from fundalloc.solvers.warm import WarmSolver

MOST = 5
"""Sets that are sought; those that differ only in the members of their rules count once."""
VARIATIONS = 4
"""How many times as many sets may be found before the search stops."""
QUESTIONS, THINNING = 1_000, 1_000
"""Questions after which no further sets are sought, and so many more after which those found stay as far as they are thinned out."""
Groups = tuple[tuple[int, ...], ...]
"""Positions of suspects by group."""


@dataclass(frozen=True)
class Found:
    """The sets of groups that cannot hold together, with the suspects that it takes inside each group."""

    sets: tuple[Groups, ...]
    complete: bool = True
    """Whether there are no others."""
    thinned: bool = True
    """Whether everything in every set is needed; not when a limit stopped thinning out."""
    like: tuple[int, ...] = ()
    """For each set, how many others were found that clash by the same rules with other members of them."""


def find_sets(system: System, most: int = MOST) -> Found:
    """Return up to `most` smallest sets; none when everything can hold together."""
    if system.feasible(system.everyone):
        return Found((), complete=not system.options.over)
    search = _SetSearch(system, grouped(system.suspects), most)
    complete = search.run()
    kinds = search.kinds()
    sets = tuple(search.inside(alike[0]) for alike in kinds)
    return Found(sets, complete, search.thinned, tuple(len(alike) - 1 for alike in kinds))


def grouped(suspects: Sequence[Suspect]) -> Groups:
    """Put suspects together that a planner would name in one breath."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for k, suspect in enumerate(suspects):
        groups.setdefault(group_of(suspect), []).append(k)
    return tuple(tuple(positions) for positions in groups.values())


def group_of(suspect: Suspect) -> tuple[object, ...]:
    """Return what names the group: rule, member without its year, and sense; facts by kind and instrument."""
    rule, demands = suspect.rule, suspect.demands
    if rule is None or demands is None:
        return (suspect.owner,) if suspect.owner == DECIDED or not suspect.member[1:] else (suspect.owner, suspect.member[0])
    years = "year" in rule.own_words
    return rule.id, suspect.member[:-1] if years else suspect.member, demands.sense[suspect.demand]


Parts = list[tuple[int, ...]]


def thin_out(parts: Parts, clash: Callable[[Parts], bool], chunk: int, stopped: Callable[[], bool]) -> tuple[Parts, bool]:
    """Leave out parts, in chunks that halve, as long as the rest clashes; also say whether every part left is needed."""
    while True:
        position = 0
        while position < len(parts):
            if stopped():
                return parts, False
            rest = parts[:position] + parts[position + chunk :]
            if rest and clash(rest):
                parts = rest
            else:
                position += chunk
        if chunk == 1:
            return parts, True
        chunk = max(chunk // 2, 1)


class _SetSearch:
    """The tree of what was taken away, breadth first."""

    def __init__(self, system: System, groups: Groups, most: int) -> None:
        self.system, self.groups, self.most = system, groups, most
        self.asked = 0
        self.found: list[frozenset[int]] = []
        self.thinned = True
        self._warm = system.solver()

    def run(self) -> bool:
        """Fill `found`; return whether the tree was searched to its end."""
        everyone = frozenset(range(len(self.groups)))
        cures: list[frozenset[int]] = []
        queue, seen = deque([frozenset[int]()]), {frozenset[int]()}
        while queue:
            taken = queue.popleft()
            if any(cure <= taken for cure in cures):
                continue
            known = next((c for c in self.found if not c & taken), None)
            if known is None:
                if self.found and self._stopped(QUESTIONS):
                    return False
                held = everyone - taken
                if self.found and self._feasible(self.system, self._positions(held), self._warm):
                    cures.append(taken)
                    continue
                if len(self.kinds()) >= self.most or len(self.found) >= self.most * VARIATIONS:
                    return False
                known = self._smallest(held)
                self.found.append(known)
            for group in sorted(known):
                child = taken | {group}
                if child not in seen:
                    seen.add(child)
                    queue.append(child)
        return True

    def _feasible(self, system: System, positions: list[int], warm: WarmSolver, *, relaxed: bool = False) -> bool:
        self.asked += 1
        return system.feasible(positions, warm, relaxed=relaxed)

    def _stopped(self, most: int) -> bool:
        return self.asked >= most or self.system.options.over

    def kinds(self) -> list[list[frozenset[int]]]:
        """Put sets together that clash by the same rules and share something: the same conflict with other members of a rule."""
        out: list[list[frozenset[int]]] = []
        for found in self.found:
            alike = (kind for kind in out if self._rules(kind[0]) == self._rules(found) and any(found & other for other in kind))
            if kind := next(alike, None):
                kind.append(found)
            else:
                out.append([found])
        return out

    def _rules(self, found: frozenset[int]) -> frozenset[tuple[object, ...]]:
        """Return what clashes in a set, rules without their members; ceilings, absorption and facts as they are."""
        firsts = [self.system.suspects[self.groups[g][0]] for g in found]
        return frozenset((s.owner,) if s.rule is not None and not s.rule.built_in else group_of(s) for s in firsts)

    def inside(self, found: frozenset[int]) -> Groups:
        """Thin the suspects out within their groups."""
        listed = [k for g in self._easiest_last(found) for k in self.groups[g]]
        kept = {k for (k,) in self._thinned([(k,) for k in listed])}
        return tuple(tuple(k for k in self.groups[g] if k in kept) for g in sorted(found))

    def _smallest(self, held: frozenset[int]) -> frozenset[int]:
        positions = sorted(self._positions(held))
        accused = {positions[k] for k in self.system.among(positions).accused()}
        groups = self._easiest_last(g for g in held if accused & set(self.groups[g]))
        kept = set(self._thinned([self.groups[g] for g in groups]))
        return frozenset(g for g in groups if self.groups[g] in kept)

    def _thinned(self, parts: Parts) -> Parts:
        """Leave out parts as long as the rest clashes: first with switches between on and off if that is a clash too, then as they are."""
        chunk = max(len(parts) // 2, 1)
        for relaxed in (True, False):
            numbers = {k: n for n, k in enumerate(k for part in parts for k in part)}
            small, warm = self.system.among(numbers), self.system.solver()

            def clash(some: Parts) -> bool:
                positions = [numbers[k] for part in some for k in part]  # noqa: B023 used at once
                return not self._feasible(small, positions, warm, relaxed=relaxed)  # noqa: B023

            if relaxed and not clash(parts):
                continue
            parts, done = thin_out(parts, clash, chunk, lambda: self._stopped(QUESTIONS + THINNING))
            self.thinned, chunk = self.thinned and done, 1
        return parts

    def _positions(self, groups: Iterable[int]) -> list[int]:
        return [k for g in groups for k in self.groups[g]]

    def _easiest_last(self, groups: Iterable[int]) -> list[int]:
        """Order groups so that facts are left out before law, law before politics, practice last: what stays can be talked about."""
        return sorted(groups, key=lambda g: (-self.system.suspects[self.groups[g][0]].rank, g))
