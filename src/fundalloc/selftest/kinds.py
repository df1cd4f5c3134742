"""The mathematics of the rules, kind by kind, as the manual words it. F is the sum of the money of a member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations, product
from typing import Any

from fundalloc.selftest.reading import DIMENSIONS, NONE, ONE, Member, Money, Reading, add, in_year, listed, number
from fundalloc.selftest.statement import Bound, Rule, Statement, Switch, state_facts


def state_everything(reading: Reading) -> Statement:
    """Return all rows and switches of a scenario: those of the facts, then those of the rules as they are written."""
    statement = state_facts(reading)
    for name, rule in reading.case.get("rules", {}).items():
        if not (rule.get("watch") or rule.get("off")):
            _KINDS[rule["kind"]](statement, name, rule)
    return statement


def _demands(reading: Reading, rule: Rule, name: str) -> Iterator[tuple[str, Member, Money]]:
    """Yield every member that has a line: what to call the demand, the member, and its money."""
    for member in reading.members(rule.get("for_each", []), rule.get("nodes", "leaves")):
        money = reading.sum(rule.get("money", {}), member, rule.get("unless"))
        if money:
            yield f"{name} {_keys(member)[0]}".strip(), member, money


def _keys(member: Member) -> list[str]:
    """Return the keys that name a member among figures: those with most of its labels first, and of these the ones with the last."""
    spelt = [(word.split(":", 1)[-1], word if ":" in word else f"{dimension}:{word}") for dimension, word in member]
    some = [labels for count in range(len(spelt), 0, -1) for labels in reversed(list(combinations(spelt, count)))]
    return ["|".join(key) for labels in some for key in product(*labels)] or [""]


def _asked(rule: Rule, member: Member) -> Iterator[tuple[str, Fraction]]:
    """Yield the senses that are written, each with its figure: one for all, or that of the first of the member's keys that has one."""
    for sense in ("at_least", "at_most", "exactly"):
        written = rule.get(sense)
        if isinstance(written, Mapping):
            written = next((written[key] for key in _keys(member) if key in written), None)
        if written is not None:
            yield sense, number(written)


def _in(money: Money, *years: str) -> Money:
    return {line: weight for line, weight in money.items() if line[3] in years}


def _amount(statement: Statement, name: str, rule: Rule) -> None:
    """F >=, <=, = amount."""
    for label, member, money in _demands(statement.reading, rule, name):
        for sense, figure in _asked(rule, member):
            statement.state(label, rule, sense, money, figure)


def _share(statement: Statement, name: str, rule: Rule) -> None:
    """F >=, <=, = share x sum of `of`: a fixed amount, ceilings before reserve, or money, which members restrict where it is silent."""
    reading, of = statement.reading, rule["of"]
    for label, member, money in _demands(reading, rule, name):
        for sense, share in _asked(rule, member):
            if not isinstance(of, Mapping):
                statement.state(label, rule, sense, money, share * number(of))
            elif "ceiling" in of:
                statement.state(label, rule, sense, money, share * _ceilings_of(reading, of["ceiling"], member))
            else:
                base = _left_open(reading, rule, member) if "without" in of else reading.sum(of, member, named=of)
                statement.state(label, rule, sense, money, NONE, base, share)


def _left_open(reading: Reading, rule: Rule, member: Member) -> Money:
    """Return the lines that would be `money`, and not `unless`, if they stood elsewhere in the dimensions that are left open."""
    opened, selection = listed(rule["of"]["without"]), rule.get("money", {})
    marker = {"marker": selection["marker"]} if "marker" in selection and "marker" not in opened else {}
    found = {}
    for line, weight in reading.sum(marker, member, named=opened).items():
        places = product(*(reading.words[name] if name in opened else [own] for name, own in zip(DIMENSIONS, line, strict=True)))
        if any(reading.counts(selection, place) and not ("unless" in rule and reading.counts(rule["unless"], place)) for place in places):
            found[line] = weight
    return found


def _ceilings_of(reading: Reading, selection: Rule, member: Member) -> Fraction:
    whole = NONE
    for i in filter(reading.planned, reading.instruments):
        cells = [(i, "", "", year) for year in reading.years]
        years = [cell[3] for cell in cells if reading.counts(selection, cell) and reading.belongs(cell, member, selection)]
        whole += reading.ceiling_over(i, years)
    return whole


def _balance(statement: Statement, name: str, rule: Rule) -> None:
    """E_m >=, <=, = share x N_m x E / N, with E the effect of money, over the members with need."""
    reading, unless = statement.reading, rule.get("unless", {})
    members: list[tuple[str, Member, Fraction, Money]] = []
    everyone: Money = {}
    needs = NONE
    for label, member, money in _demands(reading, rule, name):
        need = NONE
        for (p, a), amount in reading.needs.items():
            pair = ("", p, a, "")
            out = bool(unless) and set(unless) <= {"partnership", "area"} and reading.counts(unless, pair)
            if reading.counts(rule.get("money", {}), pair) and reading.belongs(pair, member) and not out:
                need += amount
        if need:
            effect = {line: weight * reading.effect.get((line[0], line[2]), ONE) for line, weight in money.items()}
            members.append((label, member, need, effect))
            everyone |= {line: everyone.get(line, NONE) + weight for line, weight in effect.items()}
            needs += need
    for label, member, need, effect in members:
        for sense, share in _asked(rule, member):
            statement.state(label, rule, sense, effect, NONE, everyone, share * need / needs)


def _change(statement: Statement, name: str, rule: Rule) -> None:
    """F_t <= share x F_(t-1) + plus; F_t >= share x F_(t-1) - plus; for years that the rule means both."""
    reading, plus = statement.reading, number(rule.get("plus", 0))
    meant = [year for year in reading.years if reading.counts(rule.get("money", {}), ("", "", "", year))]
    for label, member, money in _demands(reading, rule, name):
        for before, year in zip(reading.years, reading.years[1:], strict=False):
            now, earlier = _in(money, year), _in(money, before)
            for sense, share in _asked(rule, member) if (now or earlier) and {before, year} <= set(meant) else ():
                room = {"at_most": plus, "at_least": -plus, "exactly": NONE}[sense]
                statement.state(f"{label} {year}", rule, sense, now, room, earlier, share)


def _deviation(statement: Statement, name: str, rule: Rule) -> None:
    """plan - room <= F <= plan + room, room the smaller of share x plan and amount; or F >=, <= share x plan."""
    reading = statement.reading.as_planned()
    for label, member, money in _demands(reading, rule, name):
        plan = _planned(reading, rule, member)
        rooms = [number(rule["within"]) * plan] if "within" in rule else []
        rooms += [number(rule["amount"])] if "amount" in rule else []
        if rooms:
            statement.state(label, rule, "at_least", money, plan - min(rooms))
            statement.state(label, rule, "at_most", money, plan + min(rooms))
        for sense, share in _asked(rule, member):
            statement.state(label, rule, sense, money, share * plan)


def _planned(reading: Reading, rule: Rule, member: Member) -> Fraction:
    """Return what the baseline gives a member."""
    selection, plan = rule.get("money", {}), NONE
    for row in reading.case["baseline"]:
        line = (row["instrument"], row["partnership"], row["area"], str(row["year"]))
        out = "unless" in rule and reading.counts(rule["unless"], line)
        if reading.counts(selection, line) and reading.belongs(line, member) and not out:
            plan += reading.weight(selection, line) * number(row["amount"])
    return plan


def _reassignment(statement: Statement, name: str, rule: Rule) -> None:
    """No parts together rise above their plans by more than share x plan, or than decided money alone has risen."""
    reading = statement.reading.as_planned()
    for label, member, _ in _demands(reading, rule, name):
        within = [(*member, *part) for part in reading.members(rule["between"], "leaves")]
        parts = [(reading.sum(rule.get("money", {}), part, rule.get("unless")), _planned(reading, rule, part)) for part in within]
        risen = sum((max(add(money, reading.decided) - plan, NONE) for money, plan in parts), NONE)
        for _, share in _asked(rule, member):
            limit = max(share * _planned(reading, rule, member), risen)
            for some in (some for count in range(len(parts)) for some in combinations(parts, count + 1)):
                terms = {line: weight for money, _ in some for line, weight in money.items()}
                statement.rows.append(Bound(label, terms, limit + sum((plan for _, plan in some), NONE), uncut=True))


def _sequence(statement: Statement, name: str, rule: Rule) -> None:
    """sum of F up to t <= share x sum of G up to t - lag, for every year t."""
    reading, lag = statement.reading, int(rule.get("lag", 0))
    for label, member, money in _demands(reading, rule, name):
        first = reading.sum(rule["after"], member, named=rule["after"])
        for n, year in enumerate(reading.years, start=1):
            for sense, share in _asked(rule, member):
                now, then = _in(money, *reading.years[:n]), _in(first, *reading.years[: max(n - lag, 0)])
                statement.state(f"{label} {year}", rule, sense, now, NONE, then, share)


def _payments(statement: Statement, name: str, rule: Rule) -> None:
    """sum over i and u <= t of profile_i(t-u) x X_iu + outstanding_t <= limit; what is outstanding is known of whole instruments."""
    reading = statement.reading
    for label, member, money in _demands(reading, rule, name):
        for year in reading.years:
            paid, due = _paid(reading, money, year), _due(reading, rule, member, year)
            for sense, figure in _asked(rule, (*member, ("year", year))):
                statement.state(f"{label} {year}", rule, sense, paid, figure - due)


def _paid(reading: Reading, money: Money, year: str) -> Money:
    """Return what is paid in a year of commitments of that year and of those before."""
    paid: Money = {}
    for line, weight in money.items():
        profile, age = reading.instruments[line[0]]["payment_profile"], reading.years.index(year) - reading.years.index(line[3])
        if 0 <= age < len(profile) and number(profile[age]):
            paid[line] = weight * number(profile[age])
    return paid


def _due(reading: Reading, rule: Rule, member: Member, year: str) -> Fraction:
    """Return what earlier commitments bring: the rule's own figure, or that of the instruments where the rule means whole ones."""
    chosen = rule.get("money", {})
    parts = {*chosen, *(dimension for dimension, _ in member)} - {"instrument"}
    if "outstanding" in rule or "unless" in rule or parts:
        return in_year(rule.get("outstanding"), year) or NONE
    cells = {i: (i, "", "", "") for i in reading.instruments}
    mine = [i for i, cell in cells.items() if reading.counts(chosen, cell) and reading.belongs(cell, member)]
    return sum((in_year(reading.instruments[i].get("outstanding", {}), year) or NONE for i in mine), NONE)


def _minimum_size(statement: Statement, name: str, rule: Rule) -> None:
    """F = 0 or F >= amount."""
    for label, member, money in _demands(statement.reading, rule, name):
        for _, figure in _asked(rule, member):
            statement.switches[label] = Switch(label, money, figure)


def _count(statement: Statement, name: str, rule: Rule) -> None:
    """The number of active members <=, >=, = k: at least so much money, or nothing; what cannot grow may be less, not under >=."""
    reading = statement.reading
    active = number(rule.get("active", 0)) or (reading.step if {"at_least", "exactly"} & set(rule) else NONE)
    for label, member, _ in _demands(reading, rule, name):
        some, enough = dict[Any, Fraction](), dict[Any, Fraction]()
        for counted in reading.members(rule["counting"], rule.get("nodes", "leaves")):
            money = reading.sum(rule.get("money", {}), (*member, *counted), rule.get("unless"))
            if money:
                statement.switches[label, counted] = Switch(f"{label} {counted[0][1]}", money, active)
                some[label, counted] = ONE
                if any(reading.open[line] for line in money) or add(money, reading.decided) >= active:
                    enough[label, counted] = ONE
        for sense, figure in _asked(rule, member):
            statement.state(label, rule, sense, enough if sense == "at_least" else some, figure)


_KINDS = {
    "amount": _amount,
    "share": _share,
    "balance": _balance,
    "change": _change,
    "deviation": _deviation,
    "reassignment": _reassignment,
    "sequence": _sequence,
    "payments": _payments,
    "minimum_size": _minimum_size,
    "count": _count,
}
