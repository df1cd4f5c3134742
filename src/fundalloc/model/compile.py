"""Scenario → LinearProgram, the one verb between what people mean and what a solver reads.

The ledger comes first, then impact, then rule by rule: its totals, its switches, its rows, and what it may miss when it is soft. Of
demands that decided money alone breaks, and no open line could mend, the limit is moved to what decided money comes to: no new
money may make them worse. A row that some open line could mend keeps its limit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.canonical import entry_ranks
from fundalloc.model.cut_limits import BESIDE, whole_rows
from fundalloc.model.linear_program import (
    AUXILIARY,
    SWITCHED_NEED,
    SWITCHED_OFF,
    SWITCHED_ON,
    TOTAL,
    Builder,
    LinearProgram,
    Terms,
    Whole,
    joined,
)
from fundalloc.model.objective import add_impact, band_table, pair_of_line
from fundalloc.money import Floats, Mask
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import SWITCHES, TOTALS, Rows, Sense, Switches
from fundalloc.scenario.scenario import Scenario

DUST = 1e-12
"""Relative error of adding up: by so much a moved limit is wider than what decided money comes to."""


def compile_program(scenario: Scenario) -> LinearProgram:
    """State a scenario as a linear program. The first columns are the ledger: lines, then moves, in EUR million.

    Undecided lines and transfers have no upper bound of their own: ceilings and transfer limits stand as rows, and a bound
    that repeats a row would take over its shadow price. What may be carried over has no row of its own, so it is bounded here.
    """
    lines, ledger = scenario.lines, scenario.lines.ledger
    decided = np.asarray(scenario.facts.euro(ledger.decided), dtype=float)
    upper = np.where(ledger.fixed, decided, np.inf)
    upper[len(lines) + lines.moves.carries] = _most_carried(lines)
    last_resort = np.array([float(i.last_resort) for i in scenario.facts.instruments])
    cost = np.concatenate([-last_resort[lines.instrument], np.zeros(len(lines.moves))])
    builder = Builder(cost, decided, upper)
    add_impact(builder, lines)
    for rule in scenario.rules:
        add_rule(builder, rule, lines)
    *_, area, year = scenario.facts.dimensions
    grid = len(area.ids), len(year.ids)
    return replace(builder.finish(len(ledger), len(scenario.facts.needs)), keys=entry_ranks(lines), grid=grid)


def _most_carried(lines: Lines) -> Floats:
    """Return the bounds of the carry-overs; none where all of a year may be carried and nothing arrives in it: its ceiling says so."""
    moves, facts = lines.moves, lines.facts
    carries = moves.carries
    at = moves.source[carries], moves.year[carries]
    own = moves.arriving[0][at] == 0
    said = own & (moves.upper[carries] == facts.ceilings.usable[at]) & (moves.upper[carries] > 0)
    return np.where(said, np.inf, np.asarray(facts.euro(moves.upper[carries]), dtype=float))


def add_rule(builder: Builder, rule: Kind, lines: Lines) -> None:
    """Add the rows of a rule, its totals, and what it may miss when it is soft. A watched rule adds nothing.

    Rows that no undecided money can influence hold nobody to anything when they are hard. When they are soft they stay: what
    decided money costs is part of the score, in the program, in its bound and in the plan alike.
    """
    if rule.watch:
        return
    demands = rule.demands(lines)
    stated = rule.rows(lines, demands)
    first = {TOTALS: _add_totals(builder, stated), SWITCHES: _add_switches(builder, stated.switches, lines)}
    for name, columns in stated.auxiliary.items():
        first[name] = builder.add_columns(np.zeros(len(columns.most)), columns.least, columns.most)
    if (own := stated.defining) is not None:
        builder.add_rows(AUXILIARY, own.lower, own.upper, Terms(own.row, own.placed(first), own.value))
    idle = ~influenced(stated, lines, len(demands))
    relaxed = idle & rule.hard
    whole, lower, upper = None, stated.lower, stated.upper
    if rule.hard and stated.exact is not None:
        whole, lower, upper = whole_rows(stated, demands, lines)
    held = np.zeros(len(demands))
    if rule.hard:
        lower, upper, held = held_limits(stated, lower, upper, lines)
    lower, upper = np.where(relaxed, -np.inf, lower), np.where(relaxed, np.inf, upper)
    about = {"rule": rule, "demands": demands, "idle": idle, "relaxed": relaxed, "held": np.where(relaxed, 0.0, held)}
    terms = Terms(stated.row, stated.placed(first), stated.value)
    if rule.soft is None:
        builder.add_rows(rule.id, lower, upper, terms, **about, whole=whole)
        return
    short = np.flatnonzero([s is not Sense.AT_MOST for s in demands.sense])
    over = np.flatnonzero([s is not Sense.AT_LEAST for s in demands.sense])
    row = np.concatenate([short, over]).astype(np.intp)
    sign = np.concatenate([np.ones(len(short)), -np.ones(len(over))])
    misses = slice(builder.add_columns(np.full(len(row), -float(rule.soft))), builder.columns)
    makes_up = Terms(row, np.arange(misses.start, misses.stop), sign)
    about |= {"misses": misses, "missing_row": row, "missing_sign": sign}
    builder.add_rows(rule.id, lower, upper, joined(terms, makes_up), **about)


def _add_totals(builder: Builder, stated: Rows) -> int:
    """Add a column and a row per shared total; returns the position of the first column."""
    totals = stated.totals
    if totals.count == 0:
        return builder.columns
    first = builder.add_columns(np.zeros(totals.count))
    own = Terms(np.arange(totals.count), np.arange(first, builder.columns), -np.ones(totals.count))
    none = np.zeros(totals.count)
    whole = Whole(none + totals.weight.denominator, none, none)
    builder.add_rows(TOTAL, none, none, joined(Terms(totals.total, totals.line, totals.weight.values), own), whole=whole)
    return first


def _add_switches(builder: Builder, switches: Switches, lines: Lines) -> int:
    """Add on-off columns with the two rows that tie each to its money, and return the first; decided money keeps its own on.

    Fixed money is never asked to reach a minimum.

    Rows that switch on are divided by a small least amount: money of one euro (1e-6) would otherwise lie within the
    solver's tolerance, and a switch could be on without any.
    """
    if switches.count == 0:
        return builder.columns
    decided = (switches.weight.values > 0) & (lines.ledger.decided[switches.line] > 0)
    first = builder.add_switches(_summed(switches.switch, decided, switches.count) > 0)
    _add_needs(builder, switches, first, lines)
    least = np.where(_moving(switches, ~lines.ledger.fixed), switches.least, 0.0)
    scale = np.where(least > 0, np.minimum(least, 1.0), 1.0)
    every, none = np.arange(switches.count), np.zeros(switches.count)
    money, own = Terms(switches.switch, switches.line, switches.weight.values), Terms(every, first + every, -switches.capacity)
    builder.add_rows(SWITCHED_OFF, none - np.inf, none, joined(money, own))
    money, own = money._replace(value=switches.weight.values / scale[switches.switch]), own._replace(value=-least / scale)
    parts = switches.weight.denominator
    whole = Whole(scale * (parts if parts * least.max() / float(lines.facts.step) <= BESIDE else 0), none, none)
    builder.add_rows(SWITCHED_ON, none, none + np.inf, joined(money, own), scale=scale, whole=whole)
    return first


def _add_needs(builder: Builder, switches: Switches, first: int, lines: Lines) -> None:
    """Say that no need is met by money that is switched off, where a switch holds all undecided money of a need.

        q_j  <=  given + (share_j x need - given) x switch          given: what decided money meets

    That follows from the other rows once switches are whole; before, it brings the relaxation close to the best plan.
    """
    facts, pair = lines.facts, pair_of_line(lines)
    needs, pairs = facts.needs, len(facts.needs)
    effectiveness = facts.effectiveness.values[lines.instrument, lines.area]
    open_lines = (pair >= 0) & ~lines.fixed & (effectiveness > 0)
    fixed = (pair >= 0) & lines.fixed
    met = effectiveness * np.asarray(facts.euro(lines.decided), dtype=float)
    given = np.bincount(pair[fixed], weights=met[fixed], minlength=pairs)
    inside = (switches.weight.values > 0) & open_lines[switches.line]
    code, count = np.unique(switches.switch[inside] * pairs + pair[switches.line[inside]], return_counts=True)
    switch, need = np.divmod(code, max(pairs, 1))
    whole = count == np.bincount(pair[open_lines], minlength=pairs)[need]
    switch, need = switch[whole], need[whole]
    shares, _ = band_table(facts)
    most = shares[needs.area[need]] * needs.need.values[need, None] - given[need, None]
    which, step = np.nonzero(most > 0)
    row = np.arange(len(which))
    met, on = builder.met + step * pairs + need[which], first + switch[which]
    terms = joined(Terms(row, met, np.ones(len(row))), Terms(row, on, -most[which, step]))
    builder.add_rows(SWITCHED_NEED, np.full(len(row), -np.inf), given[need[which]], terms)


def influenced(stated: Rows, lines: Lines, count: int) -> NDArray[np.bool_]:
    """Return which rows contain undecided money, directly or through a column beside the ledger. Shape: (count,)."""
    free, totals = ~lines.ledger.fixed, stated.totals
    movable = {"": free, TOTALS: _summed(totals.total, free[totals.line], totals.count) > 0, SWITCHES: _moving(stated.switches, free)}
    moves = stated.value != 0
    for name in ("", *(name for name in stated.named if name in movable)):  # auxiliary columns always move
        terms = stated.which(name)
        moves[terms] &= movable[name][stated.column[terms]]
    return _summed(stated.row, moves, count) > 0


def held_limits(stated: Rows, lower: Floats, upper: Floats, lines: Lines) -> tuple[Floats, Floats, Floats]:
    """Return the lower and upper limits as decisions leave them, and by how much decided money breaks those that are moved.

    `lower` and `upper` are the limits as the program has them, cut to what whole steps reach.
    """
    count = len(stated.lower)
    value = stated.value * _decided(stated, lines)
    sums = _summed(stated.row, value, count)
    dust = DUST * _summed(stated.row, np.abs(value), count)
    short, over = sums < lower - dust, sums > upper + dust
    lower, upper, broken = lower.copy(), upper.copy(), np.zeros(count)
    if not (short | over).any():
        return lower, upper, broken
    up, down = _pulls(stated, lines, short | over)
    sides = (lower, stated.lower, short & ~up, sums - dust), (upper, stated.upper, over & ~down, sums + dust)
    for limit, written, held, reached in sides:
        broken[held] = np.abs(reached - written)[held]
        limit[held] = reached[held]
    return lower, upper, broken


def _summed(code: NDArray[np.intp], value: Floats | Mask, count: int) -> Floats:
    return np.bincount(code, weights=value, minlength=count).astype(float)


def _decided(stated: Rows, lines: Lines) -> Floats:
    """Return what the column of every term is by decided money alone; switches of decided money are on."""
    totals, switches = stated.totals, stated.switches
    decided = np.asarray(lines.facts.euro(lines.ledger.decided), dtype=float)
    sums = _summed(totals.total, totals.weight.values * decided[totals.line], totals.count)
    on = _summed(switches.switch, switches.weight.values * decided[switches.line], switches.count) > 0
    own = {name: np.zeros(len(one.least)) if one.decided is None else one.decided for name, one in stated.auxiliary.items()}
    columns: dict[str, Floats] = {"": decided, TOTALS: sums, SWITCHES: on.astype(float), **own}
    first = dict(zip(columns, np.cumsum([0, *map(len, columns.values())]), strict=False))
    return np.asarray(np.concatenate([*columns.values()])[stated.placed(first)], dtype=float)


def _pulls(stated: Rows, lines: Lines, chosen: Mask) -> tuple[Mask, Mask]:
    """Return which of the chosen rows open lines can raise, and which lower: a line that counts several times does what is left of it."""
    free, totals = ~lines.ledger.fixed, stated.totals
    moving = _moving(stated.switches, free)
    direct, total, switch = stated.which(), stated.which(TOTALS), stated.which(SWITCHES)
    rising = np.logical_or.reduce([stated.column < 0, *(stated.which(n) for n, one in stated.auxiliary.items() if one.decided is not None)])
    unsure = ~(direct | total | switch | rising)
    up, down = np.zeros((2, len(chosen)), dtype=bool)
    for row in np.flatnonzero(chosen):  # few: only demands that decided money breaks
        own = stated.row == row
        named, turned = own & direct, own & switch
        effect = _summed(stated.column[named], stated.value[named], len(free))
        for term in np.flatnonzero(own & total):
            inside = totals.total == stated.column[term]
            effect += stated.value[term] * _summed(totals.line[inside], totals.weight.values[inside], len(free))
        effects = np.concatenate([effect[free], stated.value[turned][moving[stated.column[turned]]], stated.value[own & rising]])
        unknown = bool((own & unsure).any())
        up[row], down[row] = unknown or (effects > DUST).any(), unknown or (effects < -DUST).any()
    return up, down


def _moving(switches: Switches, free: Mask) -> Mask:
    """Return which switches any open line can move."""
    return _summed(switches.switch, free[switches.line], switches.count) > 0
