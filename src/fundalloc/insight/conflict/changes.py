"""From demands that a lawful-to-be plan breaks to the changes of the scenario that make it lawful.

The plan is in whole rounding steps and measured exactly, so every new figure is one that this very plan reaches: floors are
lowered and ceilings raised to it, shares rounded outwards. What no figure can express becomes a soft rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fundalloc.insight.conflict.describing import money, year_ranges
from fundalloc.money import Figure, ceil_steps, floor_steps, percent, plain
from fundalloc.plan.verify import Finding
from fundalloc.rules.change import Change as ChangeRule
from fundalloc.rules.deviation import Deviation
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense
from fundalloc.scenario.document import Mapping
from fundalloc.scenario.document import Sequence as Sequenced
from fundalloc.scenario.scenario import Scenario

SOFT = "10"
"""Points per EUR million at which a rule gives way: dearer than a euro earns nearly everywhere."""
_SHARES = (Fraction(1, 1000), Fraction(1, 10_000), Fraction(1, 10**6), Fraction(1, 10**9))
"""Shares are rounded to a tenth of a per cent, or finer when an exact share needs it."""


@dataclass(frozen=True)
class Change:
    """One change of a scenario."""

    says: str
    path: str
    value: object
    """What to write there: `--set path=value`."""
    negotiable: str
    rule: str


def changes(scenario: Scenario, broken: Sequence[Finding]) -> list[Change]:
    """Return the changes that make a plan lawful which breaks these demands; one per rule, or per instrument and partnership."""
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in broken:
        own = finding.member[0] if finding.rule.built_in else finding.sense.value
        by_rule.setdefault((finding.rule.id, own), []).append(finding)
    return [change for found in by_rule.values() for change in _of_rule(scenario, found)]


def _of_rule(scenario: Scenario, found: Sequence[Finding]) -> Iterator[Change]:
    rule = found[0].rule
    builders: dict[str, Callable[[Scenario, Sequence[Finding]], Change | None]] = {
        "ceiling": _ceiling,
        "absorption": _absorption,
        "transfer": _transfer,
        "change": _room,
        "deviation": _deviation,
    }
    builder = builders.get(rule.kind, _figures)
    change = builder(scenario, found)
    yield change if change is not None else _give_way(scenario, found)


# -- ceilings, absorption, transfers: figures of the facts ----------------------------------------------------------------------


def _ceiling(scenario: Scenario, found: Sequence[Finding]) -> Change | None:
    """Raise the ceilings of one instrument, reserve included."""
    name, rule = found[0].member[0], found[0].rule
    instrument = next(i for i in scenario.facts.instruments if i.id == name)
    if instrument.reserve == 1 or instrument.ceiling is None:
        return None
    step, label = scenario.facts.step, scenario.labels()["instrument"][name]
    raised = {f.member[1]: ceil_steps(f.amount / (1 - instrument.reserve), step) * step for f in found}
    before = {y: instrument.ceiling.total if y == "total" else instrument.ceiling.in_year(int(y)) for y in raised}
    says = f"raise the ceiling of {label} " + _moved(scenario, [(y, before[y] or Fraction(0), raised[y]) for y in raised])
    if _adjusted(scenario, "ceiling"):
        items = [
            {"instrument": name, **({} if y == "total" else {"year": y}), "ceiling": f"inherited + {plain(raised[y] - (before[y] or 0))}"}
            for y in raised
        ]
        return Change(says, "adjust.repair", items, rule.negotiable, rule.id)
    years = {y: plain(amount) for y, amount in raised.items() if y != "total"}
    only_total = instrument.ceiling.each is None
    total = {"total": plain(raised["total"])} if "total" in raised else {}
    value = plain(raised["total"]) if only_total else {**({"each": years} if years else {}), **total}
    return Change(says, f"instruments.{name}.ceiling", value, rule.negotiable, rule.id)


def _absorption(scenario: Scenario, found: Sequence[Finding]) -> Change:
    """Raise what one partnership can take, year by year."""
    name, rule = found[0].member[0], found[0].rule
    label = scenario.labels()["partnership"][name]
    says = f"raise the absorption of {label} " + _moved(scenario, [(f.member[1], f.limit, f.amount) for f in found])
    if _adjusted(scenario, "absorption"):
        return Change(
            says, "adjust.repair", [{"partnership": name, "absorption": plain(max(f.amount for f in found))}], rule.negotiable, rule.id
        )
    item = {"id": name, **{f"absorption.{f.member[1]}": plain(f.amount) for f in found}}
    return Change(says, "partnerships.change", [item], rule.negotiable, rule.id)


def _transfer(scenario: Scenario, found: Sequence[Finding]) -> Change | None:
    """Raise the share that a transfer may move."""
    finding, facts = found[0], scenario.facts
    position = next((k for k, t in enumerate(facts.transfers) if t.id == finding.member[0]), None)
    if position is None or len(found) > 1:
        return None
    transfer = facts.transfers[position]
    giving = facts.dimensions.instrument.index(transfer.giving)
    whole = int(facts.ceilings.full_over()[giving]) * facts.step
    if whole <= 0 or finding.amount > whole:
        return None
    share = _outwards(finding.amount / whole, Sense.AT_MOST, _SHARES[0])
    giver = scenario.labels()["instrument"][transfer.giving]
    says = f"raise what “{transfer.id}” may move from {percent(transfer.at_most)} to {percent(share)} of {giver}"
    return Change(says, f"transfers.{transfer.id}.at_most", f"{plain(share * 100)} %", finding.rule.negotiable, finding.rule.id)


def _adjusted(scenario: Scenario, key: str) -> bool:
    """Return whether an `adjust` entry changes such figures: then a repair must come after it."""
    section = scenario.tree.mapping("adjust")
    entries = section.items.values() if section else ()
    items = [item for entry in entries for item in (entry.items if isinstance(entry, Sequenced) else [entry])]
    return any(isinstance(item, Mapping) and key in item.items for item in items)


def _moved(scenario: Scenario, steps: Sequence[tuple[str, Fraction, Fraction]]) -> str:
    """Write old and new figures, years with the same ones together."""
    same: dict[tuple[Fraction, Fraction], list[str]] = {}
    for when, old, new in steps:
        same.setdefault((old, new), []).append(when)
    parts = []
    for (old, new), labels in same.items():
        years = [int(label) for label in labels if label.isdigit()]
        when = f" in {year_ranges(years)}" if years else " in total"
        parts.append(f"from {money(scenario, old)} to {money(scenario, new)}{when}")
    return " and ".join(parts)


# -- figures of rules -----------------------------------------------------------------------------------------------------------


def _figures(scenario: Scenario, found: Sequence[Finding]) -> Change | None:
    """Give the members concerned the figure that the plan reaches; figures for all the others stay."""
    rule, sense = found[0].rule, found[0].sense
    written: dict[str, Figure] = getattr(rule, sense.field) or {}
    needed: dict[str, tuple[Fraction, Fraction]] = {}
    for finding in found:
        figure = _reached(scenario, finding)
        if figure is None:
            return None
        key = _key(rule, finding.member, written)
        looser = min if sense is Sense.AT_LEAST else max
        needed[key] = (finding.figure, looser(figure, needed[key][1]) if key in needed else figure)
    reached = {figure for _, figure in needed.values()}
    everyone = {_key(rule, member, written) for member in rule.demands(scenario.lines).member}
    if rule.for_each and set(written) == {""} and set(needed) == everyone and len(everyone) > 1:
        new = min(reached) if sense is Sense.AT_LEAST else max(reached)
        if sense is not Sense.EXACTLY or len(reached) == 1:
            says = _changed(scenario, found[0], _plain_says(rule), written[""].value, new)
            return Change(says, f"rules.{rule.id}.{sense.field}", _as_written(rule, new), rule.negotiable, rule.id)
    if not rule.for_each and not rule.own_words:
        value: object = _as_written(rule, needed[""][1])
    else:
        value = {key: _as_written(rule, figure) for key, (_, figure) in needed.items()}
        if "" in written and list(needed) != [""]:
            value = {**_spelt_out(scenario, rule, sense), **value}
        elif "" in needed:
            value = _as_written(rule, needed[""][1])
    says = "; ".join(_said(scenario, key, old, new, found) for key, (old, new) in needed.items())
    return Change(says, f"rules.{rule.id}.{sense.field}", value, rule.negotiable, rule.id)


def _reached(scenario: Scenario, finding: Finding) -> Fraction | None:
    """Return the figure that the plan reaches, in the unit in which it is written; None when no figure says it."""
    rule, step = finding.rule, scenario.facts.step
    if not rule.relative:
        if not rule.in_money or finding.sense is Sense.EXACTLY:
            return finding.amount
        outwards = floor_steps if finding.sense is Sense.AT_LEAST else ceil_steps
        return outwards(finding.amount, step) * step
    if not finding.base:
        return None
    if finding.sense is not Sense.EXACTLY:
        return _outwards(finding.amount / finding.base, finding.sense, _SHARES[0])
    for grid in _SHARES:
        share = Fraction(round(finding.amount / finding.base / grid)) * grid
        if abs(finding.amount - share * finding.base) <= step:
            return share
    return None


def _outwards(share: Fraction, sense: Sense, grid: Fraction) -> Fraction:
    return (share // grid if sense is Sense.AT_LEAST else -(-share // grid)) * grid


def _key(rule: Kind, member: tuple[str, ...], written: dict[str, Figure]) -> str:
    """Return the key under which a member's own figure is, or would be, written."""
    if not rule.own_words:
        return "|".join(member)
    if rule.kind == "payments":
        own = [key for key in ("|".join(member), member[-1]) if key in written]
        return own[0] if own else ("|".join(member) if rule.for_each else member[-1])
    return "|".join(member[:-1])


def _spelt_out(scenario: Scenario, rule: Kind, sense: Sense) -> dict[str, str]:
    """Return the figures of all members one by one, because one of them gets its own."""
    demands = rule.demands(scenario.lines)
    written: dict[str, Figure] = getattr(rule, sense.field) or {}
    return {
        _key(rule, member, written): _as_written(rule, figure)
        for member, s, figure in zip(demands.member, demands.sense, demands.figure, strict=True)
        if s is sense
    }


def _as_written(rule: Kind, figure: Fraction) -> str:
    return f"{plain(figure * 100)} %" if rule.relative else plain(figure)


def _said(scenario: Scenario, key: str, old: Fraction, new: Fraction, found: Sequence[Finding]) -> str:
    finding = next(f for f in found if _key(f.rule, f.member, getattr(f.rule, f.sense.field) or {}) == key)
    amount = finding.limit + (new - old) * finding.base if finding.base is not None and finding.rule.fixed_base else None
    return _changed(scenario, finding, finding.said(scenario.names()), old, new, amount)


def _changed(scenario: Scenario, finding: Finding, says: str, old: Fraction, new: Fraction, amount: Fraction | None = None) -> str:
    """Write how a figure changes; a share with what that is in EUR million, where what it is taken of is given."""
    rule, sense = finding.rule, finding.sense
    verb = {Sense.AT_LEAST: "lower", Sense.AT_MOST: "raise"}.get(sense, "lower" if new < old else "raise")
    if rule.relative:
        figures = f"from {percent(old)} to {percent(new)}" + _in_money(scenario, amount)
    elif rule.in_money:
        figures = f"from {money(scenario, old)} to {money(scenario, new)}"
    else:
        figures = f"from {plain(old)} to {plain(new)}"
    return f"{verb} “{says}” {figures}"


def _in_money(scenario: Scenario, amount: Fraction | None) -> str:
    return "" if amount is None else f" (EUR {money(scenario, amount)} million)"


def _room(scenario: Scenario, found: Sequence[Finding]) -> Change | None:
    """Widen the room of a rule about change from year to year; an exact one has none."""
    rule = found[0].rule
    assert isinstance(rule, ChangeRule)
    if found[0].sense is Sense.EXACTLY:
        return None
    step = scenario.facts.step
    wider = rule.plus + ceil_steps(max(-f.headroom for f in found), step) * step
    says = f"widen the room of “{_plain_says(rule)}” from {money(scenario, rule.plus)} to {money(scenario, wider)}"
    return Change(says, f"rules.{rule.id}.plus", plain(wider), rule.negotiable, rule.id)


def _deviation(scenario: Scenario, found: Sequence[Finding]) -> Change | None:
    """Widen the corridor around the plan, or move a one-sided limit."""
    rule = found[0].rule
    assert isinstance(rule, Deviation)
    if not rule.two_sided:
        return _figures(scenario, found)
    if any(not f.base for f in found):
        return None
    step = scenario.facts.step
    room = max(abs(f.amount - (f.base or 0)) for f in found)
    share = max(_outwards(abs(f.amount - (f.base or 0)) / (f.base or 1), Sense.AT_MOST, _SHARES[0]) for f in found)
    value, parts = {}, []
    if rule.within is not None and rule.within < share:
        value["within"] = f"{plain(share * 100)} %"
        alone = found[0] if len(found) == 1 else None
        side = 0 if alone is None else 1 if alone.sense is Sense.AT_MOST else -1
        amount = None if alone is None or alone.base is None else alone.base * (1 + side * share)
        parts.append(f"from {percent(rule.within)} to {percent(share)}" + _in_money(scenario, amount))
    if rule.amount is not None and rule.amount < room:
        wider = ceil_steps(room, step) * step
        value["amount"] = plain(wider)
        parts.append(f"from {money(scenario, rule.amount)} to {money(scenario, wider)}")
    return Change(f"widen “{_plain_says(rule)}” {' and '.join(parts)}", f"rules.{rule.id}", value, rule.negotiable, rule.id)


def _give_way(scenario: Scenario, found: Sequence[Finding]) -> Change:
    """Make a rule soft: it gives way where it must, at a price."""
    rule = found[0].rule
    missed = sum((-f.headroom for f in found), Fraction(0))
    unit = "" if rule.in_money else f" {rule.unit}"
    says = f"let “{_plain_says(rule)}” give way by {money(scenario, missed)}{unit} (soft, {SOFT} points per unit missed)"
    return Change(says, f"rules.{rule.id}.soft", SOFT, rule.negotiable, rule.id)


def _plain_says(rule: Kind) -> str:
    """Return a rule's sentence for all members: `{partnership}` becomes "each partnership"."""
    return rule.sentence([f"each {word}" for word in (*rule.for_each, *rule.own_words)], {})
