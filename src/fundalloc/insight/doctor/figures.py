"""Figures that are probably wrong: in another unit than the others, or in a rule's sentence, where they contradict the limit.

Thousand-fold slips are figures in thousands of euro, or in euro, among EUR million. A column of figures that should be alike is
cut at its widest gap. When few lie on one side, about a thousand times as large or as small as the others, they are named.

A sentence whose figure is the limit should say {limit}. Looked at are percentages, amounts in EUR million, and of rules that
count their small numbers. Years, articles and all other numbers are left alone, and so are amounts in sentences of rules about
shares, which often name what a share is taken of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from fundalloc.errors import Place, some
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.insight.doctor import Remark, warning
from fundalloc.money import percent, plain
from fundalloc.rules._sentence import LIMIT
from fundalloc.rules.kind import Kind
from fundalloc.scenario.document import locate
from fundalloc.scenario.scenario import Scenario

GAP, LOW, HIGH = 30.0, 250.0, 4_000.0
"""The gap that separates slips from the rest, and what counts as a thousand."""
FEWEST = 4
"""Figures that a column must have at the least."""
WHOLE = 300.0
"""Ratio of all needs to all money from which the whole table looks slipped."""

Figures = list[tuple[str, float, Place]]
"""Name, figure, place."""
_SPACE = "[ \u00a0\u202f]"
_NUMBER = rf"\d+(?:{_SPACE}\d{{3}})*(?:[.,]\d+)?"
_SHARE = re.compile(rf"(?<![\w.,])({_NUMBER}){_SPACE}?%")
_MONEY = re.compile(rf"EUR{_SPACE}({_NUMBER}){_SPACE}million|(?<![\w.,])({_NUMBER}){_SPACE}(?:млн\.|millions?|Mio\.)")
_COUNT = re.compile(rf"(?<![\w.,/-])(\d{{1,2}})(?![\w,/-]|\.\d|{_SPACE}?%)")


def slips(scenario: Scenario) -> Iterator[Remark]:
    """Yield suspected slips of needs, absorption, ceilings, decided money and figures of rules."""
    for what, column in _columns(scenario):
        yield from _outliers(what, column)
    yield from _whole_tables(scenario)
    yield from _effectiveness(scenario)


def _outliers(what: str, column: Figures) -> Iterator[Remark]:
    figures = sorted((figure for figure in column if figure[1] > 0), key=lambda figure: figure[1])
    if len(figures) < FEWEST:
        return
    values = np.array([value for _, value, _ in figures])
    gaps = values[1:] / values[:-1]
    cut = int(np.argmax(gaps)) + 1
    small, large = float(np.median(values[:cut])), float(np.median(values[cut:]))
    few, size, usual = (figures[:cut], "small", large) if 2 * cut < len(figures) else (figures[cut:], "large", small)
    if gaps[cut - 1] < GAP or not LOW <= large / small <= HIGH or 3 * len(few) > len(figures):
        return
    place, listed = min((place for _, _, place in few), key=lambda place: place.order), some([f"{name} {v:g}" for name, v, _ in few])
    yield warning(place, f"{what}: {listed}: a thousand times too {size}? The others are about {usual:g}", "amounts are EUR million")


def _columns(scenario: Scenario) -> Iterator[tuple[str, Figures]]:
    facts, tree = scenario.facts, scenario.tree
    needs, table = facts.needs, scenario.tables["needs"]
    rows = {at: r for r, at in enumerate(zip(table.column("partnership"), table.column("area"), strict=True))}
    by_area: dict[str, Figures] = {}
    for p, a, need in zip(needs.partnership, needs.area, needs.need.values, strict=True):
        partnership, area = facts.partnerships[p].id, facts.areas[a].id
        by_area.setdefault(area, []).append((partnership, float(need), table.place(rows.get((partnership, area), 0), "need")))
    yield from ((f"needs, {area}", column) for area, column in by_area.items())
    partnerships = scenario.tables["partnerships"]
    ids = partnerships.column("id")
    most = [(p.id, max(map(float, p.absorption.values()), default=0.0)) for p in facts.partnerships if p.absorption]
    yield "absorption", [(name, value, partnerships.place(ids.index(name), "absorption")) for name, value in most]
    for k, instrument in enumerate(facts.instruments):
        limited = [(t, int(c)) for t, c in zip(facts.years, facts.ceilings.full[k], strict=True) if c != NO_LIMIT]
        path = ("instruments", instrument.id, "ceiling", "each")
        yield f"ceilings of '{instrument.id}'", [(str(t), float(facts.euro(c)), locate(tree, (*path, t))) for t, c in limited]
    for rule in scenario.written_rules:
        for sense, figures in rule.limits():
            of = ("rules", rule.id, sense.field)
            yield f"rule '{rule.id}'", [(key, float(figure.value), locate(tree, (*of, key))) for key, figure in figures.items()]


def _whole_tables(scenario: Scenario) -> Iterator[Remark]:
    """All needs against all money: a whole table may be in another unit."""
    facts = scenario.facts
    need = float(facts.needs.need.values.sum())
    planned = [i.planned for i in facts.instruments]
    money = float(facts.euro(int(np.maximum(facts.ceilings.full_over()[planned], 0).sum())))
    if need > 0 and money > 0 and not 1 / WHOLE <= need / money <= WHOLE:
        says = f"all needs come to {need:,.0f}, all ceilings to {money:,.0f}: one of them a thousand times off?"
        yield warning(locate(scenario.tree, ("needs",), key=True), says, "both are EUR million")


def _effectiveness(scenario: Scenario) -> Iterator[Remark]:
    """An effectiveness of 80 that means 80 %."""
    table = scenario.tables["eligibility"]
    for row, entry in enumerate(scenario.facts.eligibility):
        if entry.value > 10:
            says = f"{entry.keys[0]} × {entry.keys[1]}: effectiveness {plain(entry.value)}: EUR of need met per EUR"
            yield warning(table.place(row, "effectiveness"), says, f"write {plain(entry.value)} % if that is meant")


def figures_in_sentences(scenario: Scenario) -> Iterator[Remark]:
    """Yield one warning per rule whose sentence, in any language, carries a figure of its own."""
    for rule in scenario.written_rules:
        found = next((one for text in rule.says.values() for one in _figures(rule, text)), None)
        if found is None:
            continue
        shown, name = found
        place = locate(scenario.tree, ("rules", rule.id, "says"))
        if name:
            said = f"the sentence of rule '{rule.id}' carries {shown} as text: it will not follow the limit"
            yield warning(place, said, f"write {{{name}}} for it")
        else:
            write = percent if rule.relative else plain
            limits = some(list(dict.fromkeys(write(figure.value) for _, figures in rule.limits() for figure in figures.values())))
            said = f"the sentence of rule '{rule.id}' says {shown}, its limit is {limits}"
            yield warning(place, said, f"write {{{LIMIT}}} where it means the limit, or take the figure out")


def _figures(rule: Kind, text: str) -> Iterator[tuple[str, str]]:
    """Yield (figure as written, the placeholder that says the same, or nothing) for figures that the sentence carries itself."""
    for pattern, share in ((_SHARE, True), (_MONEY if rule.in_money else _COUNT, False)):
        known = [(name, values) for name, values, own in _known(rule) if own is share]
        about = known and rule.in_money and (share or not rule.relative)
        for match in pattern.finditer(text):
            figure = Fraction(re.sub(_SPACE, "", next(filter(None, match.groups()))).replace(",", ".")) / (100 if share else 1)
            name = next((name for name, values in known if figure in values), "")
            if name or about:
                yield match[0], name


def _known(rule: Kind) -> Iterator[tuple[str, set[Fraction], bool]]:
    """Yield (placeholder, figures, whether they are shares)."""
    own = rule.own_figures()
    limits = [] if rule.limit_said(dict.fromkeys(own, "x")) else rule.limits()
    for sense, figures in limits:
        yield LIMIT if len(limits) == 1 else sense.field, {figure.value for figure in figures.values()}, rule.relative
    for name, figure in own.items():
        yield name, {figure.value} - {Fraction(0)}, figure.percent
