"""Under which key the figure of a member stands: all its labels, `returns|egypt`, or some of them, `returns` or `area:returns`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from fundalloc.errors import MANY, did_you_mean
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import build_members
from fundalloc.money import Figure

if TYPE_CHECKING:
    from fundalloc.rules.kind import Kind


def partial_keys(written: Iterable[str], words: Sequence[str]) -> list[str]:
    """Return the keys of figures that do not spell out all labels of a member: `returns`, `area:returns`."""
    return [key for key in written if key and (":" in key or key.count("|") + 1 < len(words))]


def keys_of(rule: Kind, member: Sequence[str], written: Mapping[str, Figure], partial: Sequence[str] | None = None) -> list[str]:
    """Return the keys under which the figure of a member stands: all its labels, else those that name most of them, else that for all.

    Of two that name as many, one with a year of the rule's own goes before; several are a mistake, which `problems_in` tells.
    """
    whole = "|".join(member[: len(rule.keyed)])
    if whole in written:
        return [whole]
    partial = partial_keys(written, rule.keyed) if partial is None else partial
    labels = list(zip(rule.keyed, member, strict=False))
    ranks = {key: (key.count("|"), _names(key.split("|")[-1], labels[len(rule.for_each) :])) for key in partial if _names(key, labels)}
    return [key for key, rank in ranks.items() if rank == max(ranks.values())] or [""] * ("" in written)


def _names(key: str, labels: Iterable[tuple[str, str]]) -> bool:
    """Return whether the parts of a key name some of these labels, in their order."""
    rest = iter(labels)
    return all(any(part in (label, f"{word}:{label}") for word, label in rest) for part in key.split("|"))


def wrong_keys(rule: Kind, lines: Lines) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield keys of figures that name nothing, or several things, and pairs of keys that set the figure of one member."""
    members = build_members(rule.keyed, lines.facts.dimensions, nodes_all=rule.nodes == "all")
    unknown = 0
    for at, _ in rule.each_figure():
        meant = members.readings(at[-1], lines.facts.dimensions) if at[1:] else [""]
        if not meant:
            whole = {"|".join(name) for name in members.names(members.codes)} if "|" in at[-1] else ()
            yield at, f"unknown member '{at[-1]}'", did_you_mean(at[-1], {*whole, *chain(*members.labels)}) if unknown < MANY else ""
            unknown += 1
        elif meant[1:]:
            yield at, f"'{at[-1]}' can mean several things", f"write {' or '.join(meant)}"
    for sense, figures in rule.limits():
        partial = partial_keys(figures, rule.keyed)
        pairs: dict[tuple[str, str], str] = {}
        for member in rule.demands(lines).member if partial[1:] else ():
            keys = keys_of(rule, member, figures, partial)
            if keys[1:]:
                pairs.setdefault((keys[0], keys[1]), "|".join(member[: len(rule.keyed)]))
        for (one, other), both in pairs.items():
            says = f"'{one}' and '{other}' both set a figure for '{both}'"
            yield (sense.field, other), says, f"write '{both}' too: it counts before them"
