"""Money that moves before it is committed: carried over to the next year, or transferred between instruments.

A ledger is one array of whole steps: an entry per allocation line, then an entry per possible move. Only ceilings and
transfers look at the moves; every other rule sees lines alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.money import IntArray, floor_steps

CARRY, TRANSFER = "carry", "transfer"


@dataclass(frozen=True)
class Moves:
    """The possible moves. Arrays of shape (moves,); positions follow `facts`."""

    facts: Facts
    transfer: IntArray
    """Position of the transfer, -1 for a carry-over."""
    source: IntArray
    target: IntArray
    """The instruments that give and take; the same for a carry-over."""
    year: IntArray
    """The year in which the money leaves; a carry-over arrives in the next."""
    upper: IntArray
    """The most that may move, in steps."""

    def __len__(self) -> int:
        return len(self.transfer)

    @property
    def kind(self) -> list[str]:
        """What each move is: CARRY or TRANSFER."""
        return [CARRY if transfer < 0 else TRANSFER for transfer in self.transfer]

    @cached_property
    def keys(self) -> list[str]:
        """`carry|instrument|year` or `transfer|id|year`."""
        facts, moves = self.facts, zip(self.kind, self.source, self.transfer, self.year, strict=True)
        return [f"{kind}|{(facts.instruments[s] if t < 0 else facts.transfers[t]).id}|{facts.years[y]}" for kind, s, t, y in moves]

    @property
    def carries(self) -> IntArray:
        """Positions of the carry-overs."""
        return np.flatnonzero(self.transfer < 0)

    @property
    def transfers(self) -> IntArray:
        """Positions of the transfers."""
        return np.flatnonzero(self.transfer >= 0)

    def totals(self, amounts: IntArray) -> dict[str, IntArray]:
        """Add up moves by instrument and year: carried in, carried out, transferred in, transferred out. Shape (instruments, years)."""
        shape = (len(self.facts.instruments), len(self.facts.years))
        out = {name: np.zeros(shape, dtype=np.int64) for name in ("carried_in", "carried_out", "transferred_in", "transferred_out")}
        carry, move = self.carries, self.transfers
        np.add.at(out["carried_out"], (self.source[carry], self.year[carry]), amounts[carry])
        np.add.at(out["carried_in"], (self.target[carry], self.year[carry] + 1), amounts[carry])
        np.add.at(out["transferred_out"], (self.source[move], self.year[move]), amounts[move])
        np.add.at(out["transferred_in"], (self.target[move], self.year[move]), amounts[move])
        return out

    @cached_property
    def arriving(self) -> tuple[IntArray, IntArray]:
        """The most that may move in: in every year, of shape (instruments, years), and over the whole period, from others."""
        most = self.totals(self.upper)
        return most["carried_in"] + most["transferred_in"], most["transferred_in"].sum(axis=1)

    @property
    def reachable(self) -> tuple[IntArray, IntArray]:
        """Ceilings after the reserve and with what may move in, yearly and in total; NO_LIMIT where there is none."""
        written = (self.facts.ceilings.usable, self.facts.ceilings.usable_total)
        yearly, total = (np.where(a == NO_LIMIT, NO_LIMIT, a + b) for a, b in zip(written, self.arriving, strict=True))
        return yearly, total


def build_moves(facts: Facts) -> Moves:
    """List carry-overs and transfers with the most that may move: nothing leaves an instrument in a year it may not commit in."""
    entries: list[tuple[int, int, int, int, int]] = []
    usable = facts.ceilings.usable
    for i, instrument in enumerate(facts.instruments):
        if instrument.carry_over is not None:
            entries += [
                (-1, i, i, t, floor_steps(instrument.carry_over.share * int(usable[i, t]), Fraction(1)))
                for t in range(len(facts.years) - 1)
                if usable[i, t] != NO_LIMIT and facts.instrument_years[i, t]
            ]
    for k, transfer in enumerate(facts.transfers):
        source, target = facts.dimensions.instrument.index(transfer.giving), facts.dimensions.instrument.index(transfer.taking)
        whole = facts.transfer_limit(k)
        entries += [
            (k, source, target, t, whole if usable[source, t] == NO_LIMIT else min(whole, int(usable[source, t])))
            for t, year in enumerate(facts.years)
            if facts.instrument_years[source, t] and (transfer.years is None or year in transfer.years)
        ]
    return Moves(facts, *np.array(entries, dtype=np.int64).reshape(-1, 5).T.copy())


def carry_by_itself(moves: Moves, committed: IntArray) -> IntArray:
    """Return the carry-overs that follow from commitments alone, when nothing is transferred.

    What comes from the year before is used first; what is left of the year's own ceiling is carried, as far as it may.
    `committed` has shape (instruments, years).
    """
    usable = moves.facts.ceilings.usable
    out = np.zeros(len(moves), dtype=np.int64)
    arrived = np.zeros((committed.shape[0], committed.shape[1] + 1), dtype=np.int64)
    for k in moves.carries:  # in order of year for each instrument
        i, t = int(moves.source[k]), int(moves.year[k])
        own = max(int(committed[i, t]) - int(arrived[i, t]), 0)
        out[k] = max(min(int(moves.upper[k]), int(usable[i, t]) - own), 0)
        arrived[i, t + 1] = out[k]
    return out
