"""From the demands that a plan breaks to the changes of the scenario after which it breaks none.

Every rule says itself which of its figures this very plan reaches. What no figure can express becomes a soft rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from fundalloc.errors import counted
from fundalloc.plan.verify import Finding
from fundalloc.rules._loosening import Loosening, Missed, Setting
from fundalloc.scenario.document import ListNode, Tree
from fundalloc.scenario.scenario import Scenario

SOFT = "10"
"""Points per EUR million at which a rule gives way: dearer than a euro earns nearly everywhere."""


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
    setting = Setting(scenario.lines, scenario.names(), scenario.labels(), _adjusted(scenario))
    out = []
    for found in by_rule.values():
        rule = found[0].rule
        missed = [Missed(f.member, f.sense, f.figure, f.amount, f.limit, f.base) for f in found]
        out.append(Change(*(rule.loosened(setting, missed) or _give_way(setting, found)), rule.negotiable, rule.id))
    return out


def _adjusted(scenario: Scenario) -> frozenset[str]:
    """Return the figures that entries of `adjust` change."""
    section = scenario.tree.mapping("adjust")
    entries = section.items.values() if section else ()
    items = [item for entry in entries for item in (entry.items if isinstance(entry, ListNode) else [entry])]
    return frozenset(key for item in items if isinstance(item, Tree) for key in item.items)


def _give_way(setting: Setting, found: Sequence[Finding]) -> Loosening:
    """Make a rule soft: it gives way where it must, at a price."""
    rule = found[0].rule
    missed = sum((-f.headroom for f in found), Fraction(0))
    amount = setting.money(missed) if rule.in_money else counted(int(missed), rule.unit)
    says = f"let “{rule.said_of_all()}” give way by {amount} (soft, {SOFT} points per unit missed)"
    return Loosening(says, f"rules.{rule.id}.soft", SOFT)
