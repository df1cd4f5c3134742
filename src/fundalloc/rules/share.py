"""An earmark, a spending target, co-financing, a concentration limit: a share of other money.

    sum of money  >=, <= or =  share x sum of `of`            for each member

`of` is one of four things:

    {instrument: a}          a selection of money, {} being all of it
    {without: area}          `money` and `unless` of the rule with that dimension (or several, or the marker) left open
    {ceiling: {year: 2025}}  the ceilings of a selection of instruments and years, before their reserve
    40                       an amount

Members restrict `of` too, except in a dimension that `of` names itself or leaves open. `unless` does not touch a selection
under `of`: it takes money out of the left side only. Ceilings are those of instruments whose money the plan decides; memo
money and a partner's given money have none that counts. Over several years a ceiling is the smaller of the total and the sum
of these years. `exactly` leaves the amount one rounding step of room on either side, whatever `of` is.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import some
from fundalloc.facts.dimensions import WORDS, opened
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Base, Grouped, Members, Selection, Taken
from fundalloc.money import Mask, plain
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import amounts_by_code, measured, open_shares, open_sums
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import Codes, Demands, Measures, Rows, state_shares, state_sums


class Share(Kind):
    """An earmark, a spending target, co-financing, a concentration limit: a share of other money."""

    kind: ClassVar[str] = "share"
    relative: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: legal migration", for_each="partnership", money={"area": "legal-pathways"}, at_least="15 %", of={}),
        example("{area} of all money", for_each=["area", "year"], at_most="60 %", of={"area": "all"}),
        example("ODA of the envelopes", money={"marker": "oda"}, at_least="12.5 %", of={"ceiling": {"instrument": "family:external"}}),
        example("Returns of a fixed sum", money={"area": "returns"}, exactly="25 %", of="40"),
        example("{route}: one instrument", for_each=["route", "instrument"], at_most="80 %", of={"instrument": "all"}),
        example(
            "{partnership}: NDICI for legal migration, of its money there",
            for_each="partnership",
            money={"instrument": "ndici", "area": "legal-pathways"},
            unless={"partnership": "sahel"},
            at_least="20 %",
            of={"without": "area"},
        ),
    ]

    of: Base
    """What the share is taken of, such as {without: area}."""

    @property
    def fixed_base(self) -> bool:
        """Ceilings are given."""
        return self.of.ceiling is not None

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: shares of the same money, or above 100 % of money that contains it, and ceilings that do not exist."""
        yield from super().problems_in(lines)
        taken, inside = self.taken_of(lines), self.of.ceiling is not None
        if taken is not None:
            same = all(getattr(taken.money, name) == getattr(self.money, name) for name in Selection.model_fields)
            if same and taken.unless == self.unless and not self._wide(taken, self.members(lines)):
                yield ("of",), "'of' is the same money", "a share of itself is always 100 %: widen 'of'"
            inside = not np.any(lines.select(self.money) & ~lines.select(taken.money))
        for at, figure in self.each_figure() if inside else ():
            if figure.value > 1:
                forgotten = not figure.percent and figure.value <= 100
                hint = f"write {figure} %" if forgotten else "a part cannot exceed the whole: write 100 % or less"
                yield at, f"a share above 100 %: {figure}", hint
        if self.of.ceiling is not None:
            yield from self._missing_ceilings(lines, self.of.ceiling)

    def _missing_ceilings(self, lines: Lines, selection: Selection) -> Iterator[Unplaced]:
        facts = lines.facts
        if selection.named - {"instrument", "year"} or selection.marker:
            yield ("of",), "ceilings belong to instruments and years only", "name only instrument and year under 'ceiling'"
            return
        members = self.members(lines)
        for name in dict.fromkeys(self.demands(lines).member):
            instruments, years = self._ceilings_of(lines, members, name)
            if not instruments.any():
                who = f"'{'|'.join(name)}' has" if name else "these instruments have"
                yield ("of",), f"{who} no ceiling that counts", "take memo money, and a partner's given money, out of 'money' or 'of'"
                return
            for k in np.flatnonzero(instruments):
                unknown, all_years = facts.commits[k] & (facts.ceilings.full[k] == NO_LIMIT), not np.any(facts.commits[k] & ~years)
                if np.any(unknown & years) and not (all_years and facts.ceilings.full_total[k] != NO_LIMIT):
                    says = f"instrument '{facts.instruments[k].id}' has no ceiling for these years"
                    yield ("of",), says, "add `each` to its ceiling, or take the share of something else"
                    return

    def remarks_on(self, lines: Lines) -> Iterator[Unplaced]:
        """Yield a lower limit whose `of` holds money that `money` can never be: it may only be kept by leaving that unspent.

        An earmark is narrower than `of` in one dimension. Where `money` and `unless` name several that `of` does not, and
        leaving none of them open gives `of`, the rest of it was hardly meant.
        """
        narrower = frozenset[str]().union(*(pick.named for pick in (self.money, self.unless) if pick)) - opened(self.of.named)
        meant = self.of.without or self.watch or not (self.at_least or self.exactly)
        if meant or not self._depends_on_plan or len(narrower) < 2:
            return
        reached, open_ways = self._reach(lines), sorted(narrower, key=lambda name: (name != "area", WORDS.index(name)))
        left_open = [self.model_copy(update={"of": Base(without=(name,))})._reach(lines) for name in open_ways]
        if not all(np.any(reached & ~opened) for opened in left_open):
            return
        name, others = open_ways[0], sorted(narrower - {open_ways[0]})
        more = "; ".join(_more(lines, others, reached, left_open[0]))
        hint = f"write of: {{without: {name}}}, or name under 'of' what is meant, such as {{{others[0]}: all}}"
        yield ("of",), f"'of' also holds money that can never be 'money'{': ' + more if more else ''}", hint

    def _reach(self, lines: Lines) -> NDArray[np.bool_]:
        """Return the lines that can hold money and count in the base of some demand."""
        members = self.members(lines)
        of, codes = self._base(lines, members, self.demands(lines))
        out = np.zeros(len(lines), dtype=bool)
        out[of.line[np.isin(of.member, codes)]] = True
        return out & (lines.upper > 0)

    def formulas(self, write: Symbols) -> Iterator[str]:
        """Money against a share of its base."""
        taken = self.taken_of(write.lines)
        base = write.sum(taken.money, taken.unless, taken.restricted) if taken is not None else plain(self.of.amount or Fraction(0))
        if (ceiling := self.of.ceiling) is not None:
            base = write.sum(ceiling, over=frozenset(WORDS) - ceiling.named, of="C", has=("instrument", "year"))
        return write.each(write.sum(self.money, self.unless), lambda share, _: f"{share} * {base}")

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: money - share x base against 0, or money against share x constant."""
        members, money = self.members(lines), self.own_money(lines)
        step, constant = lines.facts.step, self._constant(lines, members, demands)
        if constant is not None:
            limit = [share * whole * step for share, whole in zip(demands.figure, constant, strict=True)]
            return state_sums(demands, money, limit, step)
        base, taken = self._base(lines, members, demands), self.taken_of(lines)
        together = taken is not None and self._wide(taken, members)
        return state_shares(demands, money, base, [Fraction(0)] * len(demands), step, together=together)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up both sides of the ledger and cross-multiply."""
        members, money = self.members(lines), self.own_money(lines)
        constant = self._constant(lines, members, demands)
        if constant is not None:
            base, moves = constant, partial(open_sums, demands.code, money, lines)
        else:
            of, codes = self._base(lines, members, demands)
            base = amounts_by_code(codes, of, steps)
            moves = partial(open_shares, (demands.code, codes), money, of, demands.figure, lines)
        limits = [share * whole for share, whole in zip(demands.figure, base, strict=True)]
        return measured(amounts_by_code(demands.code, money, steps), limits, moves, base, banded=True)

    @property
    def _depends_on_plan(self) -> bool:
        return self.of.amount is None and self.of.ceiling is None

    def taken_of(self, lines: Lines) -> Taken | None:
        """Return the money that the share is taken of; None when it is no money of the plan.

        `without` leaves a dimension of `money` open. What `unless` takes out stays out where it takes out all of `money` there:
        a line counts when the same line elsewhere in the open dimension could be `money`.
        """
        if not self._depends_on_plan:
            return None
        if not self.of.without:
            return Taken(self.of, None, frozenset(WORDS) - opened(self.of.named))
        open_words = opened(self.of.without)
        unless = self.unless
        if unless is not None:
            mine, out = (pick.by_word(lines.facts.dimensions) for pick in (self.money, unless))
            whole = not any(np.any(mine[name] & ~out[name]) for name in WORDS if name in open_words)
            unless = unless.model_copy(update={name: None for name in WORDS if name in open_words}) if whole else None
        money = self.money.model_copy(update=dict.fromkeys(open_words))
        return Taken(money, unless, frozenset(WORDS) - open_words)

    def _wide(self, taken: Taken, members: Members) -> bool:
        """Whether several members share one base, because `of` names a dimension of theirs or leaves it open."""
        return not set(members.owners) <= taken.restricted

    def _base(self, lines: Lines, members: Members, demands: Demands) -> tuple[Grouped, Codes]:
        """Return the base money, and for each demand the code under which it is grouped."""
        taken = self.taken_of(lines)
        assert taken is not None
        of = lines.group(taken.money, members, unless=taken.unless, over=taken.restricted)
        return of, members.keep(taken.restricted)[demands.code]

    def _constant(self, lines: Lines, members: Members, demands: Demands) -> list[Fraction] | None:
        """Return the base of each demand in steps when it does not depend on the plan: an amount or ceilings."""
        if self.of.amount is not None:
            return [self.of.amount / lines.facts.step] * len(demands)
        if self.of.ceiling is None:
            return None
        ceilings, out = lines.facts.ceilings, []
        for name in demands.member:
            instruments, years = self._ceilings_of(lines, members, name)
            out.append(Fraction(int(ceilings.full_over(years)[instruments].sum())))
        return out

    def _ceilings_of(self, lines: Lines, members: Members, name: tuple[str, ...]) -> tuple[Mask, Mask]:
        """Return the planned instruments and the years whose ceilings a member's share is taken of."""
        facts, selection = lines.facts, self.of.ceiling
        assert selection is not None
        instruments, _, _, years = selection.masks(facts.dimensions)
        picked = {"instrument": instruments & [i.planned for i in facts.instruments], "year": years}
        for label, labels, masks, owner in zip(name, members.labels, members.masks, members.owners, strict=True):
            if owner in picked and owner not in selection.named:
                picked[owner] = picked[owner] & masks[labels.index(label)]
        return picked["instrument"], picked["year"]


def _more(lines: Lines, names: list[str], reached: Mask, opened: Mask) -> Iterator[str]:
    """Yield by dimension what lies in `reached` alone."""
    for dimension, code in ((lines.facts.dimensions[name], getattr(lines, name)) for name in WORDS):
        extra = np.setdiff1d(code[reached & ~opened], code[opened])
        if dimension.name in names and len(extra):
            yield f"{dimension.name} {some([dimension.ids[k] for k in extra])}"
