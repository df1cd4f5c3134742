"""What a rule adds to the program: its totals, its switches, its rows, and what it may miss when it is soft."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.cut_limits import BESIDE, whole_rows
from fundalloc.model.held import held_limits
from fundalloc.model.linear_program import AUXILIARY, SWITCHED_NEED, SWITCHED_OFF, SWITCHED_ON, TOTAL, Builder, Terms, Whole, joined
from fundalloc.model.objective import band_table, pair_of_line
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import SWITCHES, TOTALS, Rows, Sense, Switches


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
    first = builder.add_switches(np.bincount(switches.switch, weights=decided, minlength=switches.count) > 0)
    _add_needs(builder, switches, first, lines)
    moving = np.bincount(switches.switch, weights=~lines.ledger.fixed[switches.line], minlength=switches.count) > 0
    least = np.where(moving, switches.least, 0.0)
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
    terms = Terms(
        np.concatenate([row, row]),
        np.concatenate([builder.met + step * pairs + need[which], first + switch[which]]),
        np.concatenate([np.ones(len(row)), -most[which, step]]),
    )
    builder.add_rows(SWITCHED_NEED, np.full(len(row), -np.inf), given[need[which]], terms)


def influenced(stated: Rows, lines: Lines, count: int) -> NDArray[np.bool_]:
    """Return which rows contain undecided money, directly or through a column beside the ledger. Shape: (count,)."""
    free, totals, switches = ~lines.ledger.fixed, stated.totals, stated.switches
    movable = {
        "": free,
        TOTALS: np.bincount(totals.total, weights=free[totals.line], minlength=totals.count) > 0,
        SWITCHES: np.bincount(switches.switch, weights=free[switches.line], minlength=switches.count) > 0,
    }
    moves = stated.value != 0
    for name in ("", *(name for name in stated.named if name in movable)):  # auxiliary columns always move
        terms = stated.which(name)
        moves[terms] &= movable[name][stated.column[terms]]
    return np.bincount(stated.row, weights=moves, minlength=count) > 0
