"""Ceilings: an instrument never commits more than its legal basis and budget allow, reserve kept back.

    sum{p,a} x[i,p,a,t]    +  out[i,t]  <=  (1 - r[i]) * C[i,t]  +  in[i,t]
    sum{p,a,t} x[i,p,a,t]  +  out[i]    <=  (1 - r[i]) * C[i]    +  in[i]

r is the reserve, C the ceiling; `out` and `in` are money that leaves and arrives: carried over or transferred, in total transferred
alone. Built from `instruments`; it is never written under `rules`. Ceilings are cut down to whole rounding steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import Exact, IntArray, ceil_steps, plain
from fundalloc.rules._consequences import Loosening, Missed, Setting
from fundalloc.rules._from_facts import FromFacts, path_of_ceiling
from fundalloc.rules.statement import WHOLE_PERIOD, Demands, Sense


class Ceiling(FromFacts):
    """Ceilings: an instrument never commits more than its legal basis and budget allow, reserve kept back."""

    kind: ClassVar[str] = "ceiling"
    waivable: ClassVar[bool] = False
    is_budget: ClassVar[bool] = True
    own_words: ClassVar[tuple[str, ...]] = ("instrument", "year")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"says": "{instrument}: ceiling {year}", "source": "instruments", "negotiable": "law"}]

    def demands(self, lines: Lines) -> Demands:
        """One demand per instrument and year with a ceiling, and one per instrument with a total."""
        facts = lines.facts
        count = len(facts.years)
        used = np.zeros((len(facts.instruments), count + 1), dtype=bool)
        used[lines.instrument, lines.year] = True
        used[lines.instrument, count] = True
        used[lines.moves.source] = True
        limits = np.column_stack([facts.ceilings.usable, facts.ceilings.usable_total])
        codes = np.flatnonzero((used & (limits != NO_LIMIT)).ravel())
        labels = [*(str(year) for year in facts.years), WHOLE_PERIOD]
        names: list[tuple[str, ...]] = [(facts.instruments[code // (count + 1)].id, labels[code % (count + 1)]) for code in codes]
        return self.limited(lines, codes, names, limits.ravel()[codes])

    def path(self, member: tuple[str, ...], sense: Sense) -> tuple[str, ...]:
        """The ceiling of the instrument."""
        return path_of_ceiling(*member)

    def kept_back(self, member: tuple[str, ...], facts: Facts) -> Fraction:
        """The reserve."""
        return next(i.reserve for i in facts.instruments if i.id == member[0])

    def per_ceiling(self, member: tuple[str, ...], facts: Facts) -> Mapping[tuple[str, ...], Fraction]:
        """What its own reserve leaves."""
        return {member: 1 - self.kept_back(member, facts)}

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Raise the ceilings of one instrument, reserve included."""
        name, step = found[0].member[0], setting.lines.facts.step
        instrument = next(i for i in setting.lines.facts.instruments if i.id == name)
        ceiling = instrument.ceiling
        if instrument.reserve == 1 or ceiling is None:
            return None
        raised = {missed.member[1]: ceil_steps(missed.amount / (1 - instrument.reserve), step) * step for missed in found}
        written = {WHOLE_PERIOD: ceiling.total} | {label: ceiling.in_year(int(label)) for label in raised if label != WHOLE_PERIOD}
        moved = [(label, written[label] or Fraction(0), after) for label, after in raised.items()]
        says = f"raise the ceiling of {setting.labels['instrument'][name]} {setting.by_year(moved)}"
        if "ceiling" in setting.adjusted:
            return Loosening(says, "adjust.repair", _adjustments(name, moved))
        value = _entry(raised)
        return Loosening(says, f"instruments.{name}.ceiling", value["total"] if ceiling.each is None else value)

    def counted_money(self, lines: Lines) -> Grouped:
        """Every line counts twice: for its year, and for the whole period; so do transfers. Carry-overs count for two years."""
        count = len(lines.facts.years) + 1
        moves, everyone = lines.moves, np.arange(len(lines))
        carry, move = moves.carries, moves.transfers
        last = np.full(len(lines), count - 1)
        entries: list[tuple[IntArray, IntArray, NDArray[np.intp], int]] = [
            (lines.instrument, lines.year, everyone, 1),
            (lines.instrument, last, everyone, 1),
            (moves.source[carry], moves.year[carry], len(lines) + carry, 1),
            (moves.target[carry], moves.year[carry] + 1, len(lines) + carry, -1),
            (moves.source[move], moves.year[move], len(lines) + move, 1),
            (moves.target[move], moves.year[move], len(lines) + move, -1),
            (moves.source[move], np.full(len(move), count - 1), len(lines) + move, 1),
            (moves.target[move], np.full(len(move), count - 1), len(lines) + move, -1),
        ]
        member = np.concatenate([instrument * count + year for instrument, year, _, _ in entries]).astype(np.intp)
        sign = np.concatenate([np.full(len(entry), weight, dtype=np.int64) for _, _, entry, weight in entries])
        return Grouped(member, np.concatenate([entry for _, _, entry, _ in entries]).astype(np.intp), Exact(sign, 1))


def _adjustments(instrument: str, moved: Sequence[tuple[str, Fraction, Fraction]]) -> list[dict[str, str]]:
    """Return entries of `adjust` that raise ceilings by what is missing."""
    more = [{"instrument": instrument, "year": label, "ceiling": f"inherited + {plain(after - old)}"} for label, old, after in moved]
    return [{key: text for key, text in entry.items() if text != WHOLE_PERIOD} for entry in more]


def _entry(raised: Mapping[str, Fraction]) -> dict[str, object]:
    """Return what to write for an instrument's new ceilings."""
    each = {label: plain(amount) for label, amount in raised.items() if label != WHOLE_PERIOD}
    return {**({"each": each} if each else {}), **({"total": plain(raised[WHOLE_PERIOD])} if WHOLE_PERIOD in raised else {})}
