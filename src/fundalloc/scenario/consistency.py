"""What only the whole scenario shows: years outside the period, decided money above ceilings, rules that no line meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from fundalloc.errors import Place, Problem, did_you_mean, year_ranges
from fundalloc.facts.dimensions import find_circle
from fundalloc.facts.entities import TransferRight
from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.facts.moves import build_moves
from fundalloc.money import decimals as decimals_of
from fundalloc.money import euro, percent
from fundalloc.scenario.document import Tree, locate
from fundalloc.scenario.tables.table import Table

if TYPE_CHECKING:
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.scenario.sections import Head


_WHOLE_PERIOD = "the whole period"


def check_facts(facts: Facts, tree: Tree, tables: Mapping[str, Table], decided_places: list[Place]) -> Iterator[Problem]:
    """Yield what is wrong between the facts."""
    yield from _years(facts, tree, tables)
    yield from _ceilings_exist(facts, tree)
    yield from _moves(facts, tree)
    yield from _profiles(facts, tree)
    yield from _decided_above_ceilings(facts, tree, decided_places)
    yield from _decided_above_absorption(facts, decided_places)


def check_past(head: Head, tree: Tree) -> Iterator[Problem]:
    """Yield a problem where years that are over would be planned in, and the scenario does not say that it means to."""
    if head.reconstructed and not head.past:
        years, over = year_ranges(head.reconstructed), year_ranges([y for y in head.years if y < head.today])
        message = f"{years}: before as_of ({head.as_of}) and not closed, so that new money would be planned in the past"
        hint = f"write `closed: {over}` (only decided money counts), or `past: reconstructed` (planned anew, and every output says so)"
        yield Problem(locate(tree, ("closed",) if head.closed else ("years",)), message, hint)


def _years(facts: Facts, tree: Tree, tables: Mapping[str, Table]) -> Iterator[Problem]:
    hint = f"the years are {facts.years[0]} to {facts.years[-1]}"
    for year in sorted(facts.closed - set(facts.years)):
        yield Problem(locate(tree, ("closed",)), f"the closed year {year} is outside the period", hint)
    written = [*_years_of_entries(facts, tree), *_years_of_partnerships(facts, tables["partnerships"])]
    for year, place in sorted(written, key=itemgetter(0)):
        if year not in facts.years:
            yield Problem(place, f"the year {year} is outside the period", hint)
    for instrument in facts.instruments:
        for year in sorted(year for year in instrument.outstanding if year < facts.years[0]):
            where = locate(tree, ("instruments", instrument.id, "outstanding", year), key=True)
            yield Problem(where, f"the year {year} is before the period", f"payments are shown from {facts.years[0]} on")


def _years_of_entries(facts: Facts, tree: Tree) -> Iterator[tuple[int, Place]]:
    """Yield the years that instruments and transfers name, and where; 0 stands for each year and is left out."""
    for instrument in facts.instruments:
        path = ("instruments", instrument.id)
        each = instrument.ceiling.each if instrument.ceiling else None
        yield from ((year, locate(tree, (*path, "years"))) for year in instrument.years or ())
        yield from ((year, locate(tree, (*path, "ceiling", "each", year), key=True)) for year in each or () if year)
    for transfer in facts.transfers:
        yield from ((year, locate(tree, ("transfers", transfer.id, "years"))) for year in transfer.years or ())


def _years_of_partnerships(facts: Facts, partnerships: Table) -> Iterator[tuple[int, Place]]:
    for row, partnership in enumerate(facts.partnerships):
        yield from ((year, partnerships.place(row, f"absorption.{year}")) for year in partnership.absorption or () if year)
        yield from ((year, partnerships.place(row, "years")) for year in partnership.years or ())


def _ceilings_exist(facts: Facts, tree: Tree) -> Iterator[Problem]:
    for k, instrument in enumerate(facts.instruments):
        if not instrument.planned:
            continue
        yearly = zip(facts.years, facts.ceilings.full[k], facts.instrument_years[k], strict=True)
        missing = [year for year, limit, open_ in yearly if limit == NO_LIMIT and open_]
        if facts.ceilings.full_total[k] == NO_LIMIT and missing:
            message = f"'{instrument.id}' has no ceiling{'' if len(missing) == len(facts.years) else f' in {missing[0]}'}"
            yield Problem(locate(tree, ("instruments", instrument.id), key=True), message, "write ceiling: {each: …, total: …}")


def _moves(facts: Facts, tree: Tree) -> Iterator[Problem]:
    """Only planned money with a ceiling can be carried over or transferred."""
    for k, instrument in enumerate(facts.instruments):
        if instrument.carry_over is not None and (not instrument.planned or np.all(facts.ceilings.full[k] == NO_LIMIT)):
            where = locate(tree, ("instruments", instrument.id, "carry_over"), key=True)
            yield Problem(where, f"'{instrument.id}' has no yearly ceiling to carry over", "write ceiling: {each: …}")
    for transfer in facts.transfers:
        for key, name in (("from", transfer.giving), ("to", transfer.taking)):
            if not facts.instruments[facts.dimensions.instrument.index(name)].planned:
                where = locate(tree, ("transfers", transfer.id, key))
                yield Problem(where, f"the money of '{name}' is given, not planned", "transfer between instruments that the plan decides")
        if _over(facts, transfer):
            where = locate(tree, ("transfers", transfer.id, "years" if transfer.years else "to"))
            message = f"every year of this transfer is closed, and no decided money of '{transfer.taking}' needs it"
            yield Problem(where, message, "name open years, or write off: true with a reason")


def _profiles(facts: Facts, tree: Tree) -> Iterator[Problem]:
    """Payments need a profile of their own, and follow the contracts."""
    for instrument in facts.instruments:
        path, contracts, payments = ("instruments", instrument.id), instrument.contracting_profile, instrument.payment_profile
        for key in ("contracting_profile", "contracting", "outstanding"):
            if getattr(instrument, key) and not payments:
                where = locate(tree, (*path, key), key=True)
                yield Problem(where, f"'{key}' without a payment_profile", "write one too, such as payment_profile: [20 %, 50 %, 30 %]")
        if contracts and payments:
            late = next((k for k in range(len(payments)) if sum(payments[: k + 1]) > sum(contracts[: k + 1])), None)
            if late is not None:
                paid, signed = percent(sum(payments[: late + 1], Fraction(0))), percent(sum(contracts[: late + 1], Fraction(0)))
                message = f"by the end of year {late} after a commitment {paid} of it are paid, but only {signed} contracted"
                yield Problem(locate(tree, (*path, "contracting_profile")), message, "let contracts come before payments")


def _over(facts: Facts, transfer: TransferRight) -> bool:
    """Whether nothing can move any more: all years closed, and no money decided in them where it would arrive."""
    years = set(transfer.years or facts.years) & set(facts.years)
    taking, decided = facts.dimensions.instrument.index(transfer.taking), facts.decided
    arrived = {facts.years[t] for i, t in zip(decided.instrument, decided.year, strict=True) if i == taking}
    return bool(years) and years <= facts.closed and not years & arrived


def _decided_above_ceilings(facts: Facts, tree: Tree, places: list[Place]) -> Iterator[Problem]:
    """Compare decided money with ceilings after reserve and with what may move in, per year and in total."""
    decided, spent = facts.decided, facts.decided_by_year
    yearly, total = build_moves(facts).arriving
    for k, instrument in enumerate(facts.instruments):
        where = locate(tree, ("instruments", instrument.id, "ceiling"))
        less = " less its reserve" if instrument.reserve else ""
        limits = [(str(t), spent[k, n], facts.ceilings.usable[k, n], yearly[k, n]) for n, t in enumerate(facts.years)]
        limits.append((_WHOLE_PERIOD, spent[k].sum(), facts.ceilings.usable_total[k], total[k]))
        for when, amount, limit, moved_in in limits:
            if limit != NO_LIMIT and amount > limit + moved_in:
                mine = zip(places, decided.instrument, decided.year, strict=True)
                rows = [p for p, i, t in mine if i == k and when in (str(facts.years[t]), _WHOLE_PERIOD)]
                message = f"decided money of '{instrument.id}' in {when} is {_eur(facts, amount)}"
                yield Problem(rows[-1], f"{message}, above its ceiling{less} of {_eur(facts, limit)}", f"the ceiling stands at {where}")


def _decided_above_absorption(facts: Facts, places: list[Place]) -> Iterator[Problem]:
    decided = facts.decided
    taken = np.zeros((len(facts.partnerships), len(facts.years)), dtype=np.int64)
    np.add.at(taken, (decided.partnership, decided.year), decided.amount)
    within = np.array([facts.dimensions.partnership.masks[p.id] for p in facts.partnerships])
    sums = within.astype(np.int64) @ taken
    for k, n in zip(*np.nonzero((facts.absorption != NO_LIMIT) & (sums > facts.absorption)), strict=True):
        rows = [p for p, c, t in zip(places, decided.partnership, decided.year, strict=True) if within[k, c] and t == n]
        message = f"decided money for '{facts.partnerships[k].id}' in {facts.years[n]} is {_eur(facts, sums[k, n])}"
        limit = f"above its absorption of {_eur(facts, facts.absorption[k, n])}"
        yield Problem(rows[-1], f"{message}, {limit}", "raise the absorption of that year, or correct the decision")


def _eur(facts: Facts, steps: int) -> str:
    return f"EUR {euro(float(facts.euro(int(steps))), decimals_of(facts.step))} million"


def check_rules(scenario: Scenario) -> Iterator[Problem]:
    """Yield what the facts show to be wrong with a rule: unknown members, no line that counts."""
    yield from _stages(scenario)
    yield from _waiting(scenario)
    section = scenario.tree.mapping("rules") or Tree({}, {}, scenario.tree.place)
    for rule in scenario.written_rules:
        for inside, message, hint in rule.problems_in(scenario.lines):
            path = ("rules", rule.id, *inside)
            written = isinstance(node := section.items[rule.id], Tree) and inside[0] in node.items
            yield Problem(locate(scenario.tree, path) if written else scenario.places[rule.id], message, hint)


def _stages(scenario: Scenario) -> Iterator[Problem]:
    dimensions = scenario.facts.dimensions
    known = [word for word in dimensions.for_each_words if word not in ("instrument", "year")]
    for k, stage in enumerate(scenario.head.objective):
        where = locate(scenario.tree, ("objective", k))
        for word in stage.for_each:
            if word not in known:
                yield Problem(where, f"cannot take the coverage of each '{word}'", did_you_mean(word, known))
        if stage.goal == "change" and scenario.facts.baseline is None:
            yield Problem(where, "the stage 'change' needs a plan to start from", "write baseline: … in the scenario")


def _waiting(scenario: Scenario) -> Iterator[Problem]:
    """Yield a circle of rules whose money waits for each other's (`after`)."""
    lines = scenario.lines
    bases = [(rule, rule.taken_of(lines)) for rule in scenario.written_rules]
    waiting = [(rule, taken.money) for rule, taken in bases if taken is not None and taken.lag is not None]
    edges = [
        (rule.id, other.id) for rule, after in waiting for other, _ in waiting if np.any(lines.select(after) & lines.select(other.money))
    ]
    circle = find_circle(edges)
    if circle:
        message = f"these rules wait for each other: {' → '.join(circle)}" if len(circle) > 2 else f"'{circle[0]}' waits for its own money"
        yield Problem(scenario.places[circle[0]], message, "let one of them come first, or narrow its `after`")
