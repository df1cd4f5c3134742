"""What a bench adds to its program so that it can be asked: grants of money, waivers of hard rules, and a row that holds the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram, Terms, joined, stack
from fundalloc.money import Floats
from fundalloc.optimise.stage_programs import append


@dataclass(frozen=True)
class Grants:
    """Where extra money enters: a column per instrument and limited year, a row per instrument."""

    instrument: NDArray[np.intp]
    """Position of the instrument of every column."""
    year: NDArray[np.intp]
    """Position of the year of every column; -1 where only the total is limited."""
    first_column: int
    first_row: int
    """The row of the first instrument; every instrument has one."""
    waived: Mapping[str, slice]
    """Hard rule → its waivers, one per side of every row."""


def opened(program: LinearProgram, lines: Lines) -> tuple[LinearProgram, Grants]:
    """Append the columns and rows of grants, the waivers, and the row of the score."""
    facts, (rows, wide) = lines.facts, program.shape
    instrument, year, row, entry = _grant_columns(program, lines)
    waived, waiver_row, sign = _waivers(program, wide + len(instrument))
    count, none = len(facts.instruments), np.zeros(len(instrument) + len(waiver_row))
    scored = np.flatnonzero(program.cost)
    inside = joined(
        Terms(program.matrix.row, program.matrix.column, program.matrix.value),
        Terms(row, wide + entry, np.full(len(row), -1.0)),
        Terms(waiver_row, wide + len(instrument) + np.arange(len(waiver_row)), sign),
    )
    below = joined(
        Terms(instrument.astype(np.int64), wide + np.arange(len(instrument)), np.ones(len(instrument))),
        Terms(np.full(len(scored), count), scored.astype(np.int64), program.cost[scored]),
    )
    wider = replace(program, matrix=stack([(rows, inside)]))
    extended = append(wider, none, none, none, np.full(count + 1, -np.inf), np.append(np.zeros(count), np.inf), below)
    return extended, Grants(instrument, year, wide, rows, waived)


def _grant_columns(program: LinearProgram, lines: Lines) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """Return the instrument and year of every column, and its entries in the rows of ceilings: (row, column)."""
    facts, block = lines.facts, program.budget
    members = block.demands.member if block is not None and block.demands is not None else []
    years = {str(t): k for k, t in enumerate(facts.years)}
    instrument = np.array([facts.dimensions.instrument.index(name) for name, _ in members], dtype=np.intp)
    year = np.array([years.get(word, -1) for _, word in members], dtype=np.intp)
    row = np.arange(len(members)) + (block.rows.start if block is not None else 0)
    total = np.full(len(facts.instruments), -1, dtype=np.int64)
    total[instrument[year < 0]] = row[year < 0]
    own = (year >= 0) | ~np.isin(instrument, instrument[year >= 0])
    instrument, year, row = instrument[own], year[own], row[own]
    both = np.flatnonzero((year >= 0) & (total[instrument] >= 0))
    return instrument, year, np.append(row, total[instrument[both]]), np.append(np.arange(len(row)), both)


def _waivers(program: LinearProgram, first: int) -> tuple[dict[str, slice], NDArray[np.int64], Floats]:
    """Return the columns of every hard rule (ceilings and transfers stay), and the row and sign of each column."""
    waived, rows, signs = {}, [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for block in program.blocks:
        if block.rule is None or not block.rule.hard or not block.rule.waivable:
            continue
        own = np.arange(block.rows.start, block.rows.stop)
        short, over = own[np.isfinite(program.row_lower[own])], own[np.isfinite(program.row_upper[own])]
        waived[block.owner] = slice(first, first + len(short) + len(over))
        first += len(short) + len(over)
        rows.append(np.concatenate([short, over]))
        signs.append(np.concatenate([np.ones(len(short)), -np.ones(len(over))]))
    return waived, np.concatenate(rows), np.concatenate(signs)
