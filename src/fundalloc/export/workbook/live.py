"""Which amounts of rules a simple formula can express.

A candidate formula sums the allocation lines of a rule's selection and member. It is used only where it reproduces the
rule's own measure twice: on the plan, and on a made-up ledger in which every line holds a different amount. So a rule
kind that weighs, caps or accumulates falls back to a stored value by itself; no kind is named here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.facts.dimensions import NAMES, Dimensions, Mask
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Pick, Selection
from fundalloc.plan.verify import Finding, measure_rule
from fundalloc.rules._kind import Kind

LONGEST_FORMULA = 700
"""Longer ones are stored as values: nobody could read them."""


@dataclass(frozen=True)
class Live:
    """The formulas of one finding, without equals sign; None where the value is stored."""

    amount: str | None
    base: str | None


def live_rules(book: Book) -> list[Live]:
    """Return the formulas of every finding of the plan, in order."""
    plan = book.plan
    lines = plan.scenario.lines
    probe = _probe(len(lines))
    ledger = np.concatenate([probe, np.zeros(len(lines.moves), dtype=np.int64)])
    out: list[Live] = []
    for rule, group in groupby(plan.findings, key=lambda f: f.rule):
        findings = list(group)
        out += [_live(book, lines, probe, a, b) for a, b in zip(findings, measure_rule(rule, lines, ledger), strict=True)]
    return out


def _probe(size: int) -> NDArray[np.int64]:
    """A made-up ledger: amounts that no two selections are likely to share."""
    return (np.arange(size, dtype=np.int64) * 7_919 + 13) % 99_991 + 1


def _live(book: Book, lines: Lines, probe: NDArray[np.int64], finding: Finding, probed: Finding) -> Live:
    rule = finding.rule
    try:
        member = _member_masks(lines.facts.dimensions, rule, finding.member)
    except (KeyError, IndexError):  # a label that is no member of a dimension
        return Live(None, None)
    rows = lines.select(rule.money) & _all(member, lines)
    if rule.unless is not None:
        rows &= ~lines.select(rule.unless)
    amount = _formula(book, lines, rows) if _matches(book, rows, probe, lambda f: f.amount, finding, probed) else None
    if finding.base is None or finding.base == probed.base:
        return Live(amount, None)
    for candidate in _bases(rule, lines, member, rows):
        if _matches(book, candidate, probe, lambda f: f.base, finding, probed):
            base = _formula(book, lines, candidate)
            return Live(amount, base) if amount and base else Live(None, None)
    return Live(None, None)


def _member_masks(dimensions: Dimensions, rule: Kind, member: tuple[str, ...]) -> list[tuple[str, Mask]]:
    """Return (dimension, mask) for every label of a member; KeyError for a label that is none."""
    masks = []
    for word, label in zip((*rule.for_each, *rule.own_words), member, strict=True):
        if word in NAMES:
            dimension, key = dimensions[word], label
            if word == "year" and label not in dimension.masks:
                continue
        else:
            dimension, key = dimensions[dimensions.owner(word)[0]], f"{word}:{label}"
        masks.append((dimension.name, dimension.masks[key]))
    return masks


def _all(member: list[tuple[str, Mask]], lines: Lines, skip: frozenset[str] = frozenset()) -> Mask:
    rows = np.ones(len(lines), dtype=bool)
    for dimension, mask in member:
        if dimension not in skip:
            rows &= mask[getattr(lines, dimension)]
    return rows


def _bases(rule: Kind, lines: Lines, member: list[tuple[str, Mask]], rows: Mask) -> list[Mask]:
    """Return selections that the base may be the sum of: the rule's `of`, or the same money one year earlier."""
    candidates = []
    of = getattr(rule, "of", None)
    if isinstance(of, Selection):
        candidates.append(lines.select(Pick.model_construct(**{n: getattr(of, n) for n in NAMES})) & _all(member, lines, of.named))
    years = [np.flatnonzero(mask) for dimension, mask in member if dimension == "year"]
    if years and len(years[-1]) == 1 and years[-1][0] > 0:
        before = lines.select(rule.money) & _all(member, lines, frozenset({"year"})) & (lines.year == years[-1][0] - 1)
        candidates.append(before & ~lines.select(rule.unless) if rule.unless is not None else before)
    return candidates


def _matches(
    book: Book, rows: Mask, probe: NDArray[np.int64], part: Callable[[Finding], Fraction | None], finding: Finding, probed: Finding
) -> bool:
    step = book.plan.scenario.facts.step
    return part(finding) == int(book.plan.steps[rows].sum()) * step and part(probed) == int(probe[rows].sum()) * step


def _formula(book: Book, lines: Lines, rows: Mask) -> str | None:
    """Return SUMIFS for a set of lines that is a box: some instruments × partnerships × areas × years."""
    if not rows.any():
        return None
    masks = {name: np.bincount(getattr(lines, name)[rows], minlength=len(lines.facts.dimensions[name].ids)) > 0 for name in NAMES}
    needed = {name: mask[getattr(lines, name)] for name, mask in masks.items()}
    if not np.array_equal(np.logical_and.reduce(list(needed.values())), rows):
        return None
    for name in ("year", "area", "instrument", "partnership"):
        rest = [mask for other, mask in needed.items() if other != name]
        if rest and np.array_equal(np.logical_and.reduce(rest), rows):
            del needed[name]
    criteria: list[tuple[str, str]] = []
    lists = 0
    kind = _kind(lines, needed, rows)
    if kind:
        criteria.append(book.kind_is(kind))
        del needed["instrument"]
    for name in needed:
        found, is_list = _criteria(book, lines, name, masks[name], ";" if lists else ",")
        criteria += found
        lists += is_list
    text = book.sum_if_text("Allocation", "planned", *criteria)
    if lists > 2 or len(text) > LONGEST_FORMULA:
        return None
    return f"SUMPRODUCT({text})" if lists else text


def _kind(lines: Lines, needed: dict[str, Mask], rows: Mask) -> str | None:
    """Return the kind of money that picks the same lines as several instruments do, if there is one."""
    if "instrument" not in needed or len(np.unique(lines.instrument[rows])) == 1:
        return None
    counts = np.array([i.counts for i in lines.facts.instruments])[lines.instrument]
    for kind in np.unique(counts[rows]):
        if np.array_equal(np.logical_and.reduce([counts == kind, *(mask for name, mask in needed.items() if name != "instrument")]), rows):
            return str(kind)
    return None


def _criteria(book: Book, lines: Lines, name: str, mask: Mask, separator: str) -> tuple[list[tuple[str, str]], bool]:
    """Return the criteria that pick the masked members of a dimension, and whether they are a list."""
    members = np.flatnonzero(mask)
    if len(members) == 1:
        return [book.is_(name, int(members[0]))], False
    if name == "year":
        first, last = (lines.facts.years[int(members[k])] for k in (0, -1))
        if last - first + 1 == len(members):
            return [("year", quoted(f">={first}")), ("year", quoted(f"<={last}"))], False
        return [("year", "{" + separator.join(str(lines.facts.years[int(k)]) for k in members) + "}")], True
    return [(f"{name}_id", "{" + separator.join(quoted(book.code(name, int(k))) for k in members) + "}")], True
