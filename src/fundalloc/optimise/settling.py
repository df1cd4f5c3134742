"""Settling: among equally good plans, the one closest to a reference plan.

Optimal plans of a linear program are rarely unique, and solvers pick corners; comparing two scenarios would then show
the solver's choices as if they were policy. So the first solution only fixes how good a plan must be, and a second
program finds the plan closest to the reference:

    minimise  sum over lines of  w_l |x_l - r_l|        such that every objective stage keeps its value

stated by substitution, x = r + up - down with up, down >= 0, which needs no extra rows. Where no baseline asks for least
money moved, the farther units of up and down cost more. The
weights w = 1 + epsilon x hash(line key) make the winner independent of row order, machine and solver. Without a
baseline the reference is the proportional plan: each instrument's money of a year spread over its lines by
priority x need, no need covered beyond what it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram, Terms
from fundalloc.model.objective import pair_of_line
from fundalloc.money import Floats
from fundalloc.optimise.nearness import Near, near_program
from fundalloc.optimise.stage_programs import append

EPSILON = 1e-3
SHARP = 1e3
"""Factor on costs with settling weights: those of two plans may differ by less than the solver's tolerance."""
FARTHER, FACTORS = (0.1, 0.3), (1.0, 2.0, 4.0)
"""Shares of the reference up to which a unit of distance costs the first and second factor; beyond, the last."""
SPREAD_UP_TO = 20_000
"""Lines up to which distance costs more the farther it goes: the program has three times the columns."""
HARDLY = 1e-2  # factor on the distance of lines whose sum alone is compared
DUST = 1e-9
"""In steps: half a step is rounded down, whatever the last digits of a division say."""


def settling_program(held: LinearProgram, lines: Lines, reference: Floats, *, spread: bool = False) -> Near:
    """State the settling program of a program whose objective stages are held by rows of their own.

    Lines cost one by one here, so they stay; margins beside them were no shorter way (tried, see CONTRIBUTING).

    With `spread` distance costs more the farther it goes, in shares of the reference: deviations then spread over many lines
    instead of piling up on few. Least money moved is lost by that, so a baseline asks for plain distance.
    """
    amounts, weights, step = pad(held, reference), settling_weights(lines), float(lines.facts.step)
    open_ = np.flatnonzero(held.lower[: held.lines] < held.upper[: held.lines])
    bare = replace(held, cost=np.zeros(held.shape[1]))
    if lines.whole.any() and np.any(amounts[: len(lines)] > held.upper[: len(lines)] + step / 2):
        bare, open_, amounts, weights = _as_one(bare, lines, open_, amounts, weights)
    amounts, weights = amounts[open_], weights[open_]
    spread = spread and len(lines) <= SPREAD_UP_TO
    ends = [_whole(share * amounts, step) for share in FARTHER] if spread else []  # whole steps keep most amounts whole
    pieces = [*zip(np.diff(ends, axis=0, prepend=0.0), FACTORS, strict=False), (np.inf, FACTORS[len(ends)])]
    return near_program(bare, open_, amounts, SHARP * weights, pieces=pieces)


def _as_one(
    program: LinearProgram, lines: Lines, open_: NDArray[np.intp], amounts: Floats, weights: Floats
) -> tuple[LinearProgram, NDArray[np.intp], Floats, Floats]:
    """Let the sum of lines that are compared together keep the distance; which of them has the money hardly counts: evenly."""
    together, width, size = lines.together, program.shape[1], np.bincount(lines.together)
    several, line = np.flatnonzero(size > 1), np.flatnonzero(size[together] > 1)
    sums, mean = (np.bincount(together, weights=values[: len(lines)])[several] for values in (amounts, weights))
    row, group, none = np.searchsorted(several, together[line]), np.arange(len(several)), np.zeros(len(several))
    terms = Terms(np.append(row, group), np.append(line, width + group), np.repeat([1.0, -1.0], [len(line), len(group)]))
    bare = append(program, none, none, none + np.inf, none, none, terms)
    among = np.bincount(row, weights=~lines.fixed[line])
    amounts[line], weights[line] = (sums / np.maximum(among, 1))[row], weights[line] * HARDLY
    gap = np.zeros(width - len(amounts))
    amounts, weights = np.concatenate([amounts, gap, sums]), np.concatenate([weights, gap, mean / size[several]])
    return bare, np.append(open_, width + group), amounts, weights


def pad(program: LinearProgram, amounts: Floats) -> Floats:
    """Fill amounts per allocation line up to one per ledger entry: nothing is moved."""
    return np.pad(amounts, (0, program.lines - len(amounts)))


def settling_weights(lines: Lines) -> Floats:
    """Return what a unit of distance to the reference costs, per ledger entry: alike to a thousandth, and no two the same."""
    return 1.0 + EPSILON * line_noise(lines)


def proportional_plan(lines: Lines) -> Floats:
    """Spread every instrument's money of a year over open lines by priority x need, whole steps, as most of the settled plan is."""
    facts = lines.facts
    pair = pair_of_line(lines)
    need = np.append(facts.needs.need.values, 0.0)[pair]
    wanted = np.where(lines.fixed, 0.0, need * np.append(facts.needs.priority.values, 0.0)[pair])
    group = lines.instrument * len(facts.years) + lines.year
    size = len(facts.instruments) * len(facts.years)
    sums = np.bincount(group, weights=wanted, minlength=size)
    decided = np.asarray(facts.euro(lines.decided), dtype=float)
    budget = np.maximum(_yearly_money(facts).ravel() - np.bincount(group, weights=decided, minlength=size), 0.0)
    plan = decided + wanted * np.divide(budget, sums, out=np.zeros(size), where=sums > 0)[group]
    effectiveness = facts.effectiveness.values[lines.instrument, lines.area]
    covered = np.bincount(np.maximum(pair, 0), weights=np.where(pair >= 0, plan * effectiveness, 0.0), minlength=max(len(facts.needs), 1))
    share = np.minimum(1.0, np.divide(facts.needs.need.values, covered, out=np.ones(len(facts.needs)), where=covered > 0))
    step = float(facts.step)
    settled: Floats = np.maximum(_whole(plan * np.append(share, 1.0)[pair], step), decided)
    return settled


def _whole(amounts: Floats, step: float) -> Floats:
    """Round to whole steps, halves down."""
    whole: Floats = np.ceil(amounts / step - (0.5 + DUST)) * step
    return whole


def _yearly_money(facts: Facts) -> Floats:
    """Return the usable ceiling per instrument and year in EUR million; a total is spread evenly over its years, or cuts all alike."""
    usable, total = facts.ceilings.usable.astype(float), facts.ceilings.usable_total.astype(float)
    known = usable != NO_LIMIT
    yearly = np.where(known, usable, 0.0)
    without = ~known.any(axis=1)
    evenly = np.where(total == NO_LIMIT, 0.0, total) / np.maximum(facts.commits.sum(axis=1), 1)
    yearly[without] = np.where(facts.commits, evenly[:, None], 0.0)[without]
    sums = yearly.sum(axis=1)
    cut = np.where((total != NO_LIMIT) & (sums > total), total / np.where(sums > 0, sums, 1.0), 1.0)
    return np.asarray(facts.euro(1)) * yearly * cut[:, None]


def line_noise(lines: Lines) -> Floats:
    """Return a number in [0, 1) per ledger entry that depends on its ids alone."""
    mixed: NDArray[np.uint64] = np.zeros(len(lines), dtype=np.uint64)
    for dimension, code in zip(lines.facts.dimensions, lines.codes, strict=True):
        digests = [hashlib.sha256(f"{dimension.name}:{member}".encode()).digest()[:8] for member in dimension.ids]
        seeds = np.frombuffer(b"".join(digests), dtype="<u8")
        mixed = (mixed ^ seeds[code]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    seeds = np.array([int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little") for key in lines.moves.keys], dtype=np.uint64)
    return (np.concatenate([mixed, seeds]) >> np.uint64(11)).astype(np.float64) / float(2**53)
