"""Random scenarios with everything that a scenario may hold, small enough for CBC. The same seed gives the same scenarios.

A scenario is thrown from a template: a tuple is one of its members, `2..40` a figure in between, None is left out, and what stands
under "" is laid into its mapping. So the template shows what can come up.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from fundalloc.selftest.reading import listed

Template = Any
"""What a throw makes a scenario of."""
EACH = ("partnership", "area", "route", "level", "family", "field", "year", ["partnership", "area"], ["instrument", "year"], None)
LEVEL = [{"share": "100 %", "value": "0.8"}]
CURVE: Template = {"curve": {"log": ("4", "1.5", "0.5")}, "pieces": ("2", "5", "10")}
HARD: Template = {"strength": ({}, {"watch": "true"})}
STRENGTH: Template = ({}, {}, {}, {"soft": ("0.5", "1", "2")}, {"soft": ("0.5", "1", "2")}, {"watch": ("true", None)})
"""Hard, soft, or watched, unless a kind has a `strength` of its own."""


def scenarios(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield so many scenarios."""
    for k in range(count):
        yield random_scenario(Random(f"{seed}/{k}"))


def random_scenario(dice: Random) -> dict[str, Any]:
    """Return one scenario: up to 3 instruments, 4 partnerships in a tree, 3 areas, 3 years and 4 rules."""
    years = [str(2025 + k) for k in range(dice.randint(1, 3))]
    instruments, leaves, areas = ([f"{letter}{k}" for k in range(dice.randint(1, most))] for letter, most in (("i", 3), ("p", 4), ("a", 3)))
    drawn: dict[str, Any] = throw(dice, _scenario(instruments, leaves, areas, years))
    pool = {name: {"kind": name.split("-")[0], **rule} for name, rule in _rules(leaves, areas, years).items()}
    if not (leaves[1:] or areas[1:]):
        pool.pop("sequence")
    drawn["rules"] = {name: throw(dice, pool[name]) for name in dice.sample(sorted(pool), dice.randint(1, 4))}
    for name, rule in drawn["rules"].items():
        own = rule.pop("strength", None)
        rule |= {"says": name, "source": "assumption"} | (throw(dice, {"": STRENGTH}) if own is None else own)
    if not {"deviation", "reassignment"} & {rule["kind"] for rule in drawn["rules"].values()}:
        drawn.pop("baseline")
    if areas[1:] and dice.random() < 0.2:
        drawn = _with_actions(drawn, areas)
    if "transfers" in drawn and any("counts" in drawn["instruments"][i] for i in ("i0", "i1")):
        drawn.pop("transfers")
    return drawn


def throw(dice: Random, template: Template) -> Any:
    """Return a template with every choice made."""
    if isinstance(template, tuple):
        return throw(dice, dice.choice(template))
    if isinstance(template, list):
        return [one for one in (throw(dice, one) for one in template) if one is not None]
    if isinstance(template, dict):
        made = {key: throw(dice, value) for key, value in template.items()}
        made |= made.pop("", None) or {}
        return {key: value for key, value in made.items() if value is not None}
    if isinstance(template, str) and ".." in template:
        low, high = template.removesuffix(" %").split("..")
        decimals = dice.choice([0, 2]) if template.endswith("%") else len(low.partition(".")[2])
        return f"{dice.uniform(float(low), float(high)):.{decimals}f}" + (" %" if template.endswith("%") else "")
    return template


def _with_actions(drawn: dict[str, Any], areas: list[str]) -> dict[str, Any]:
    """Make the other areas actions of the first, where rules ask for each action in place of each area; needs stand on one side alone."""
    drawn["areas"] = {a: entry if a == areas[0] else entry | {"within": areas[0]} for a, entry in drawn["areas"].items()}
    shared = {row["partnership"] for row in drawn["needs"] if row["area"] == areas[0]}
    drawn["needs"] = [row for row in drawn["needs"] if row["area"] == areas[0] or row["partnership"] not in shared]
    for rule in drawn["rules"].values():
        for key in rule.keys() & {"for_each", "counting"}:
            rule[key] = ["action" if word == "area" else word for word in listed(rule[key])]
    return drawn


def _scenario(instruments: list[str], leaves: list[str], areas: list[str], years: list[str]) -> Template:
    grouped = len(leaves) > 2
    line = {"instrument": tuple(instruments), "partnership": tuple(leaves), "area": tuple(areas), "year": tuple(years)}
    return {
        "fundalloc": "1",
        "scenario": "random",
        "title": "Random",
        "as_of": "2025-01-01",
        "years": f"{years[0]}-{years[-1]}" if len(years) > 1 else years[0],
        "closed": (years[0], None, None, None) if len(years) > 1 else None,
        "round_to": ("0.1", "0.1", "1", "0.5", "0.001"),
        "steps": (None, CURVE, [{"share": "25 %", "value": "1"}, {"share": "75 %", "value": "0.4"}]),
        "areas": {a: {"name": a, "tags": [("field:x", "field:y")], "steps": (LEVEL, None, None, None)} for a in areas},
        "instruments": {i: _instrument(i, leaves, years) for i in instruments},
        "transfers": ({"move": {"from": "i0", "to": "i1", "at_most": ("5 %", "20 %", "100 %"), "source": "assumption"}}, None)
        if len(instruments) > 1
        else None,
        "partnerships": [
            {"id": "g", "name": "g", "absorption": ("10.0..40.0", None)} if grouped else None,
            *(_partnership(p, years, grouped) for p in leaves),
        ],
        "eligibility": [
            {"instrument": i, "area": a, "effectiveness": ("1", "1", "0.5", "0.8")}
            for n, i in enumerate(instruments)
            for a in areas[: n + 2]
        ],
        "markers": [{"marker": "m", "area": areas[0], "coefficient": "0.5"}]
        + [{"marker": "m", "area": a, "coefficient": ("1", "0.4", "0.25", "0")} for a in areas[1:]]
        + [{"marker": "m", "area": areas[-1], "instrument": "i0", "coefficient": ("1", "0.2")}],
        "needs": _needs(leaves, areas),
        "exclude": ({"out": {"partnership": leaves[-1], "year": tuple(years), "reason": "made up"}}, None, None, None)
        if leaves[1:]
        else None,
        "allow": ({"in": {"partnership": leaves[-1], "area": areas[0], "instrument": "i0", "reason": "made up"}}, None, None, None),
        "decided": (
            None,
            *([line | {"amount": "1..3", "state": ("committed", "locked", "given"), "decision": "made up"}] * n for n in (1, 2)),
        ),
        "baseline": [line | {"partnership": p, "amount": "0.1..15.0"} for p in leaves],
        "objective": (
            ["impact"],
            ["impact", {"fair": {"for_each": ("partnership", "area")}}],
            [
                {"impact": {"give": "0..20 %"}},
                "unallocated",
                (None, {"lowest_coverage": {"for_each": "partnership"}, "give": "1 %"}, {"fair": {"for_each": "partnership"}}),
                (None, "impact"),
            ],
        ),
    }


def _instrument(i: str, leaves: list[str], years: list[str]) -> Template:
    amount = ("4..40", "4.0..40.0")
    ceiling = (
        {"each": amount},
        {"each": dict.fromkeys(years, amount), "total": ("5..60", None)},
        {"each": amount, "total": amount},
        "5..80",
    )
    return {
        "name": i,
        "source": "assumption",
        "ceiling": ceiling,
        "payment_profile": (["100 %"], ["20 %", "50 %", "30 %"]),
        "reserve": ("1..30 %", None),
        "last_resort": ("0.05", "0.3", None, None),
        "outstanding": ({years[0]: "0.0..2.0"}, None),
        "tags": [("family:x", "family:y")],
        "partners": (["route:x", leaves[-1]], *[None] * 6),
        "years": (years[-1], *[None] * 6),
        "": (
            {},
            ({"counts": "partner", "free": ("true", None)}, {"counts": "memo"}, {}) if i != "i0" else {},
            {"ceiling": {"each": amount}, "carry_over": {"share": ("50 %", "100 %", "33.3 %")}},
        ),
    }


def _partnership(p: str, years: list[str], grouped: bool) -> Template:
    return {
        "id": p,
        "name": p,
        "level": ("bilateral", "regional"),
        "tags": ("route:x", "route:y", "route:x route:y") if p != "p0" else "route:x",
        "within": ("g", None) if grouped and p != "p0" else "g" if grouped else None,
        "years": (years[-1], *[None] * 8) if p != "p0" else None,
        "": ({}, {"absorption": "5.0..30.0"}, {f"absorption.{years[0]}": "4.0..9.0"}),
    }


def _needs(leaves: list[str], areas: list[str]) -> Template:
    pairs = product(leaves, areas)
    first, *others = ({"partnership": p, "area": a, "need": "0.1..40.0", "priority": ("1", "0.7", "1.3")} for p, a in pairs)
    return [first, *((need, need, need, None) for need in others)]


def _rules(leaves: list[str], areas: list[str], years: list[str]) -> dict[str, Template]:
    some: Template = ({"area": "a0"}, {"partnership": {"route": "x"}}, {"year": years[-1]}, {"instrument": "i0"}, {"marker": "m"})
    money: Template = (*some, {}, {})
    name, ids = ("area", areas) if areas[1:] else ("partnership", leaves)
    amount: Template = {
        "money": money,
        "unless": ({"area": areas[-1]} if areas[1:] else None, None, None),
        "": (
            {"for_each": "partnership", "nodes": "all", "at_most": "5.0..30.0"},
            {"for_each": ["partnership"], "at_least": {"p0": "0.0..4.0"}, "at_most": {"p0": "4.0..9.0"}},
            *({"for_each": EACH, **limit} for limit in (*_limits("0.0..4.0", "2.0..30.0"), *_limits("0.0000001..4.0", "2.0000001..30.0"))),
        ),
    }
    share: Template = {
        "for_each": EACH,
        "money": some,
        "of": (
            {},
            {"area": "all"},
            {"partnership": "all"},
            {"without": (["area", "marker"], ["instrument", "partnership", "area", "year", "marker"])},
            {"ceiling": {}},
            {"ceiling": {"instrument": "i0"}},
            "5.0..40.0",
        ),
        "": _limits("1..30 %", "30..90 %"),
    }
    return {
        "amount-1": amount,
        "amount-2": amount,
        "share-1": share,
        "share-2": share,
        "balance": {
            "for_each": ("partnership", "area", "route"),
            "money": ({}, {"partnership": "route:x"}, {"year": years[0]}),
            "": _limits("5..60 %", "110..300 %"),
        },
        "change": {
            "for_each": ("partnership", "route", "instrument", None),
            "money": ({}, {"area": "a0"}),
            "plus": "0.0..4.0",
            "": _limits("40..90 %", "100..180 %"),
        },
        "deviation": {
            "for_each": ("partnership", "area", "instrument", None),
            "money": money,
            "": (
                {"within": "5..80 %"},
                {"amount": "0.5..10.0"},
                {"within": "50 %", "amount": "4"},
                {"at_least": "20..110 %"},
                {"at_most": "60..200 %"},
            ),
        },
        "reassignment": {"for_each": ("partnership", None), "between": ("area", "year"), "money": money, "at_most": "5..90 %", **HARD},
        "sequence": {
            "for_each": ("instrument", "family", None, "route" if areas[1:] else None),
            "lag": ("0", "1"),
            "at_most": "30..200 %",
            "money": {name: ids[-1]},
            "after": {name: "a0" if areas[1:] else "p0"},
        },
        "payments": {
            "for_each": ("instrument", "partnership", None),
            "money": ({}, {"instrument": "i0"}),
            "outstanding": ({years[0]: "0.0..3.0"}, None),
            "at_most": ("5.0..30.0", dict.fromkeys(years, "5.0..30.0")),
        },
        "minimum_size": {
            "for_each": ("partnership", ["partnership", "instrument"], ["partnership", "area"], "route"),
            "money": money,
            "at_least": "0.5..8.0",
            "strength": {},
        },
        "count": {
            "": (
                {"for_each": "partnership", "counting": "area"},
                {"for_each": ("area", "year"), "counting": ("partnership", "route")},
                {"counting": "partnership"},
            ),
            "active": ("0.1..3.0", None),
            "money": ({}, {"year": years[-1]}, {"marker": "m"}),
            "at_least": ("1", None),
            "at_most": ("1", "2"),
        },
    }


def _limits(low: str, high: str) -> tuple[dict[str, str], ...]:
    return {"at_least": low}, {"at_most": high}, {"at_most": high}, {"at_least": low, "at_most": high}, {"exactly": low}
