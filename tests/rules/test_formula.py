"""Rules as indexed formulas: written out by hand for the tiny case, from what the manual says of each key."""

import pytest

from cases import TINY
from fundalloc.rules._formula import Symbols
from fundalloc.scenario.loading import load

LEGAL = "money: {area: legal-pathways}, at_least: 10 %"


def formulas(rule: str, *more: str) -> list[str]:
    scenario = load(TINY, settings=[f"rules.mine={{source: assumption, says: mine, {rule}}}", *more], allow_outside=True)
    mine = scenario.written_rules[-1]
    return [text.replace("\xa0", " ") for text in mine.formulas(Symbols(mine, scenario.lines))]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("kind: amount, money: {instrument: amif, year: 2026}, at_most: 7, soft: 2", ["sum{p,a} x[amif,p,a,2026] - v <= 7"]),
        (
            "kind: amount, for_each: [area, year], money: {marker: oda, partnership: north-africa}, at_least: 1",
            ["sum{i,p: p in north-africa} oda[i,a] * x[i,p,a,t] >= 1"],
        ),
        ("kind: amount, for_each: route, at_least: {central-med: 2, east-med: 1}", ["sum{i,p,a,t: p in route} x[i,p,a,t] >= c[route]"]),
        (
            f"kind: share, for_each: partnership, {LEGAL}, of: {{partnership: all}}, unless: {{instrument: amif, year: 2025}}",
            ["sum{i,t: not (i = amif and t = 2025)} x[i,p,legal-pathways,t] >= 10 % * sum{i,p',a,t} x[i,p',a,t]"],
        ),
        (
            f"kind: share, for_each: partnership, {LEGAL}, of: {{without: area}}",
            ["sum{i,t} x[i,p,legal-pathways,t] >= 10 % * sum{i,a,t} x[i,p,a,t]"],
        ),
        (
            "kind: share, for_each: year, money: {instrument: ndici}, at_most: 50 %, of: {ceiling: {instrument: ndici}}",
            ["sum{p,a} x[ndici,p,a,t] <= 50 % * C[ndici,t]"],
        ),
        (
            "kind: change, for_each: instrument, at_most: 130 %, plus: 2",
            ["F[i,t] <= 130 % * F[i,t-1] + 2", "F[i,t] = sum{p,a} x[i,p,a,t]"],
        ),
        (
            "kind: sequence, money: {area: legal-pathways}, after: {area: smuggling}, lag: 1, at_most: 50 %",
            ["sum{i,p,u: u <= t} x[i,p,legal-pathways,u] <= 50 % * sum{i,p,u: u <= t-1} x[i,p,smuggling,u]"],
        ),
        (
            "kind: count, for_each: partnership, counting: area, at_least: 2, active: 0.5",
            ["sum{a} z[p,a] >= 2", "0.5 * z[p,a] <= sum{i,t} x[i,p,a,t] <= M * z[p,a], z[p,a] in {0, 1}"],
        ),
        (
            "kind: balance, for_each: area, money: {instrument: [amif, ndici]}, at_least: 50 %",
            [
                "E[a] >= 50 % * N[a] * sum E / sum N",
                "E[a] = sum{i,p,t: i in {amif, ndici}} e[i,a] * x[i,p,a,t]",
                "N[a] = sum{p} n[p,a]",
            ],
        ),
    ],
)
def test_a_rule_is_written_as_a_modeller_would(rule, expected):
    assert formulas(rule) == expected


def test_rules_that_start_from_a_plan():
    start = "baseline=../../tests/golden/plan.csv"
    assert formulas("kind: deviation, for_each: partnership, within: 20 %, amount: 10", start) == [
        "F[p] >= F0[p] - min(20 % * F0[p], 10)",
        "F[p] <= F0[p] + min(20 % * F0[p], 10)",
        "F[p] = sum{i,a,t} x[i,p,a,t]",
        "F0[p] = sum{i,a,t} x0[i,p,a,t]",
    ]
    assert formulas(
        "kind: reassignment, money: {year: 2026}, for_each: [instrument, partnership], between: area, at_most: 20 %", start
    ) == [
        "sum{a} max(0, x[i,p,a,2026] - x0[i,p,a,2026]) <= 20 % * sum{a} x0[i,p,a,2026]",
    ]


def test_an_area_with_actions_is_a_set_of_them():
    actions = "areas.border={within: smuggling, name: Border}", "areas.police={within: smuggling, name: Police}"
    assert formulas("kind: amount, for_each: area, at_most: 90", *actions) == ["sum{i,p,a,t: a in area} x[i,p,a,t] <= 90"]
    assert formulas("kind: amount, for_each: action, at_most: 90", *actions) == ["sum{i,p,t} x[i,p,a,t] <= 90"]
    smuggling = formulas("kind: amount, money: {area: smuggling}, at_most: 90", *actions)
    assert smuggling == ["sum{i,p,a,t: a in smuggling} x[i,p,a,t] <= 90"]
