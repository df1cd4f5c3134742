"""Thousand-fold slips: figures in thousands of euro, or in euro, among EUR million.

A column of figures that should be alike is cut at its widest gap. When few lie on one side, about a thousand times as large
or as small as the others, they are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fundalloc.errors import Place, some
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.insight.doctor.remarks import Remark, warning
from fundalloc.money import plain
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
    listed = [f"{name} {value:g}" for name, value, _ in few]
    yield warning(
        min((place for _, _, place in few), key=lambda place: place.order),
        f"{what}: {some(listed)}: a thousand times too {size}? The others are about {usual:g}",
        "amounts are EUR million",
    )


def _columns(scenario: Scenario) -> Iterator[tuple[str, Figures]]:
    facts, tree = scenario.facts, scenario.tree
    needs, table = facts.needs, scenario.tables["needs"]
    rows = {at: r for r, at in enumerate(zip(table.column("partnership"), table.column("area"), strict=True))}
    by_area: dict[str, Figures] = {}
    for k in range(len(needs)):
        partnership, area = facts.partnerships[int(needs.partnership[k])].id, facts.areas[int(needs.area[k])].id
        by_area.setdefault(area, []).append(
            (partnership, float(needs.need.values[k]), table.place(rows.get((partnership, area), 0), "need"))
        )
    yield from ((f"needs, {area}", column) for area, column in by_area.items())
    partnerships = scenario.tables["partnerships"]
    ids = partnerships.column("id")
    most = [(p.id, max(map(float, p.absorption.values()), default=0.0)) for p in facts.partnerships if p.absorption]
    yield "absorption", [(name, value, partnerships.place(ids.index(name), "absorption")) for name, value in most]
    for k, instrument in enumerate(facts.instruments):
        path = ("instruments", instrument.id, "ceiling", "each")
        yearly = [
            (str(t), float(facts.euro(int(c))), locate(tree, (*path, t)))
            for t, c in zip(facts.years, facts.ceilings.full[k], strict=True)
            if c != NO_LIMIT
        ]
        yield f"ceilings of '{instrument.id}'", yearly
    for rule in scenario.written_rules:
        for sense, figures in rule.limits():
            places = {key: locate(tree, ("rules", rule.id, sense.field, key)) for key in figures}
            yield f"rule '{rule.id}'", [(key, float(figure.value), places[key]) for key, figure in figures.items()]


def _whole_tables(scenario: Scenario) -> Iterator[Remark]:
    """All needs against all money: a whole table may be in another unit."""
    facts = scenario.facts
    need = float(facts.needs.need.values.sum())
    budget = [k for k, i in enumerate(facts.instruments) if i.planned]
    money = float(facts.euro(int(np.maximum(facts.ceilings.full_over()[budget], 0).sum())))
    if need > 0 and money > 0 and not 1 / WHOLE <= need / money <= WHOLE:
        yield warning(
            locate(scenario.tree, ("needs",), key=True),
            f"all needs come to {need:,.0f}, all ceilings to {money:,.0f}: one of them a thousand times off?",
            "both are EUR million",
        )


def _effectiveness(scenario: Scenario) -> Iterator[Remark]:
    """An effectiveness of 80 that means 80 %."""
    table = scenario.tables["eligibility"]
    wrong: Sequence[tuple[str, int]] = [
        (e.keys[0] + " × " + e.keys[1], r) for r, e in enumerate(scenario.facts.eligibility) if e.value > 10
    ]
    for name, row in wrong:
        value = plain(scenario.facts.eligibility[row].value)
        yield warning(
            table.place(row, "effectiveness"),
            f"{name}: effectiveness {value}: EUR of need met per EUR",
            f"write {value} % if that is meant",
        )
