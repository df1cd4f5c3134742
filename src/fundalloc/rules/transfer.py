"""Transfers: at most a share of the giving instrument's money may move, and nothing that has just arrived.

    sum over years of y_ab,t          <=  share x whole ceiling of a         for each transfer from a to b
    sum over b of y_ab,t              <=  (1 - reserve) x ceiling_a,t        for each giving instrument and year with a ceiling
    sum over b and years of y_ab,t    <=  (1 - reserve) x total ceiling_a    for each that has a total, and may receive too

The whole ceiling is the smaller of the total and the sum of the years, before the reserve. The last two keep money from
moving on. An instrument that receives nothing needs no last one: its ceiling says it already.
Built from `transfers`; it is never written under `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import Exact, percent
from fundalloc.rules._consequences import Loosening, Missed, Setting, outwards, share_in_file
from fundalloc.rules._from_facts import FromFacts, path_of_ceiling
from fundalloc.rules.statement import WHOLE_PERIOD, Demands, Sense

GIVING = "from "
"""What stands before the instrument in a member that limits all that it gives."""


class Transfer(FromFacts):
    """Transfers: at most a share of the giving instrument's money may move, and nothing that has just arrived."""

    kind: ClassVar[str] = "transfer"
    waivable: ClassVar[bool] = False
    own_words: ClassVar[tuple[str, ...]] = ("transfer", "year")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"says": "{transfer}: transfers {year}", "source": "transfers", "negotiable": "law"}]

    def demands(self, lines: Lines) -> Demands:
        """One demand per transfer for the whole period, then those of the giving instruments."""
        facts, moves = lines.facts, lines.moves
        count, labels = len(facts.transfers), [*(str(year) for year in facts.years), WHOLE_PERIOD]
        codes = list(range(count))
        names: list[tuple[str, ...]] = [(t.id, WHOLE_PERIOD) for t in facts.transfers]
        limits = [facts.transfer_limit(k) for k in range(count)]
        receiving = set(moves.target[moves.transfers])
        ceilings = np.column_stack([facts.ceilings.usable, facts.ceilings.usable_total])
        for i in np.unique(moves.source[moves.transfers]):
            for t, label in enumerate(labels):
                if ceilings[i, t] != NO_LIMIT and (label != WHOLE_PERIOD or i in receiving):
                    codes.append(count + int(i) * len(labels) + t)
                    names.append((f"{GIVING}{facts.instruments[int(i)].id}", label))
                    limits.append(int(ceilings[i, t]))
        return self.limited(lines, codes, names, limits)

    def follows(self, member: tuple[str, ...]) -> bool:
        """What may leave an instrument is its ceiling."""
        return member[0].startswith(GIVING)

    def path(self, member: tuple[str, ...], sense: Sense) -> tuple[str, ...]:
        """The share of the transfer, or the ceiling of the giving instrument."""
        giver = member[0].removeprefix(GIVING)
        return path_of_ceiling(giver, member[1]) if self.follows(member) else ("transfers", member[0], "at_most")

    def per_ceiling(self, member: tuple[str, ...], facts: Facts) -> Mapping[tuple[str, ...], Fraction]:
        """What the giver's reserve leaves; of a transfer its share of the total, or of every year where these decide."""
        if self.follows(member):
            giver = member[0].removeprefix(GIVING)
            return {(giver, member[1]): 1 - next(i.reserve for i in facts.instruments if i.id == giver)}
        transfer = next(t for t in facts.transfers if t.id == member[0])
        k = facts.dimensions.instrument.index(transfer.giving)
        total_decides = facts.ceilings.full_over()[k] == facts.ceilings.full_total[k]
        labels = [WHOLE_PERIOD] if total_decides else [str(year) for year in facts.years]
        return {(transfer.giving, label): transfer.at_most for label in labels}

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Raise the share that a transfer may move."""
        facts, missed = setting.lines.facts, found[0]
        transfer = next((t for t in facts.transfers if t.id == missed.member[0]), None)
        if transfer is None or len(found) > 1:
            return None
        whole = int(facts.ceilings.full_over()[facts.dimensions.instrument.index(transfer.giving)]) * facts.step
        if whole <= 0 or missed.amount > whole:
            return None
        share, giver = outwards(missed.amount / whole, Sense.AT_MOST), setting.labels["instrument"][transfer.giving]
        says = f"raise what “{transfer.id}” may move from {percent(transfer.at_most)} to {percent(share)} of {giver}"
        return Loosening(says, f"transfers.{transfer.id}.at_most", share_in_file(share))

    def counted_money(self, lines: Lines) -> Grouped:
        """Every transfer counts three times: for itself, and for its giving instrument in its year and in the whole period."""
        moves, facts = lines.moves, lines.facts
        at, years = moves.transfers, len(facts.years)
        giving = len(facts.transfers) + moves.source[at] * (years + 1)
        member = np.concatenate([moves.transfer[at], giving + moves.year[at], giving + years]).astype(np.intp)
        return Grouped(member, np.tile(len(lines) + at, 3).astype(np.intp), Exact.whole(3 * len(at)))
