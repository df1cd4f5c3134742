"""Answers in sentences: (heading, sentences) pairs, in the order in which a planner asks. All figures come from the answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fundalloc.errors import and_more, counted
from fundalloc.insight.explain.place import Hold, Move, PairState, PlaceAnswer
from fundalloc.insight.explain.prices import LimitPrice, SidePrice
from fundalloc.insight.explain.remedy import Remedy
from fundalloc.insight.explain.rule import DemandState, Overview, Poor, RuleAnswer
from fundalloc.insight.explain.unallocated import said
from fundalloc.insight.explain.value import Span
from fundalloc.insight.explain.words import Phrases, percent_of, points, share
from fundalloc.labels import Words
from fundalloc.money import euro
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense

Section = tuple[str, list[str]]
SHOWN = 5
SPREAD = "spread over the EU budget like its ceilings"


def _effect(gain: float, slight: float) -> str:
    """Say what a gain of points does to the score."""
    if math.isnan(gain):
        return "leaves no plan"
    if abs(gain) < slight:
        return "changes nothing"
    return f"{'gains' if gain > 0 else 'costs'} {points(gain)}"


class Writer(Phrases):
    """Writes the answers of one bench."""

    # -- some lines -------------------------------------------------------------------------------------------------------

    def place(self, answer: PlaceAnswer) -> list[Section]:
        """Write why some lines get what they get."""
        gets = [self._gets(answer)]
        left: list[Section] = []
        if answer.left:
            left = [("Left", [f"{self.million(answer.left.amount)}: {said(answer.left.cause, Words(self.scenario.speaks()))}."])]
        if answer.fixed:
            return [("Gets", gets), *left, ("Why not", self._why_not(answer)), ("Need", self._needs(answer))]
        return [
            ("Gets", gets),
            *left,
            ("Need", self._needs(answer)),
            ("How firm", self._firm(answer.tight, answer.wide, answer.loss) if answer.tight and answer.wide else []),
            ("Held down by", [line for hold in answer.holds if not hold.up for line in self._hold(hold)]),
            ("Held up by", [line for hold in answer.holds if hold.up for line in self._hold(hold)]),
            ("Next million", self._next(answer)),
            ("A million here", self._more(answer)),
            ("By exception", list(answer.exceptions[:SHOWN])),
        ]

    def _gets(self, answer: PlaceAnswer) -> str:
        if answer.fixed and answer.amount == 0:
            return "nothing; it may not receive new money." if answer.refusals else "nothing; its years are closed, or decided."
        decided = f", {self.money(answer.decided)} of it decided before the run" if answer.decided else ""
        if answer.fixed:
            return f"{self.million(answer.amount)}, all of it decided before the run: the plan cannot change it."
        if answer.amount < float(self.scenario.facts.step) / 2:
            return "nothing, although it may."
        return f"{self.million(answer.amount)}{decided}."

    def _why_not(self, answer: PlaceAnswer) -> list[str]:
        shown = [f"{reason}." for reason, _ in answer.refusals]
        return shown if len(shown) < SHOWN else [*shown[:SHOWN], "(the most frequent reasons)"]

    def _needs(self, answer: PlaceAnswer) -> list[str]:
        pairs, (count, amount) = answer.pairs, answer.beyond
        beyond = [f"out of reach from here: {counted(count, 'needs')}, {self.million(amount)}"] if count else []
        if not pairs:
            return beyond or ["none is stated, so money here earns nothing by itself."]
        if len(pairs) == 1:
            return [self._pair(pairs[0]), *self._derived(pairs[0]), *beyond]
        need, met = sum(p.need for p in pairs), sum(p.met for p in pairs)
        covered = f"{percent_of(met / need)} {self.scenario.own('met by all instruments together')}" if need else "none of it stated"
        return [f"{self.million(need)} in {len(pairs)} needs, {covered}.", *self._largest(pairs), *beyond]

    def _largest(self, pairs: Sequence[PairState]) -> list[str]:
        partnerships, areas = {pair.partnership for pair in pairs}, {pair.area for pair in pairs}
        shown = [pair for pair in pairs if pair.received > float(self.scenario.facts.step) / 2][:SHOWN] or list(pairs[:SHOWN])
        out = []
        for pair in shown:
            partnership, area = self.names["partnership"][pair.partnership], self.short["area"][pair.area]
            who = area if len(partnerships) == 1 else partnership if len(areas) == 1 else f"{partnership}, {area}"
            need = f"need {self.money(pair.need)}, {share(pair.met, pair.need)} met"
            out.append(f"{who}: {self.money(pair.received)} from here; {need}, priority {pair.priority:g}, next step worth {pair.value:g}")
        return [*out, *and_more(pairs, len(shown))]

    def _derived(self, pair: PairState) -> list[str]:
        """Say of which terms a need is made."""
        if (told := pair.derived) is None:
            return []
        texts = [said for text in (told.terms, told.reason) if (said := text.within(self.scenario.speaks()))]
        rounded = "" if float(told.comes_to) == pair.need else f" = {euro(told.comes_to, 4)}, rounded"
        return [f"It is {told}{rounded}{': ' * bool(texts)}{'; '.join(texts)}."]

    def _pair(self, pair: PairState) -> str:
        worth = [pair.priority * pair.value * e for e in pair.effectiveness]
        met = f"{self.million(pair.need)}, {share(pair.met, pair.need)} met. Priority {pair.priority:g}"
        if pair.value == 0:
            return f"{met}; the need is met, so more earns nothing."
        if worth[1] == 0:
            return f"{met}; the next euro of it is worth {pair.value:g}."
        earns = (
            f"{worth[0]:.4g} points"
            if worth[0] == worth[1]
            else f"{worth[0]:.4g} to {worth[1]:.4g} points, {self.scenario.own('by instrument')}"
        )
        return f"{met}; the next euro of it is worth {pair.value:g}, so a million spent on it earns {earns}."

    def _firm(self, tight: Span, wide: Span, loss: float) -> list[str]:
        if self.money(tight.least) == self.money(tight.most):
            first = f"At the same score it can only be {self.money(tight.least)}."
        else:
            first = f"At the same score it could be anything from {self.money(tight.least)} to {self.money(tight.most)}; settling chose."
        return [f"{first} For {percent_of(loss, 1)} of the score it could go from {self.money(wide.least)} to {self.money(wide.most)}."]

    def _hold(self, hold: Hold) -> list[str]:
        held = f"Broken by decision, by {self._counted(hold.rule, hold.held)}: no new money may make it worse."
        worth = held if hold.held else self._both(hold.more, hold.less)
        return [self._alike(hold.rule, hold.demand, hold.alike), f"  {worth}", f"  {self.basis(hold.rule, hold.demand)}"]

    def _alike(self, rule: Kind, demand: int, alike: int) -> str:
        return f"{self.demand(rule, demand)}{f', and {alike} more of its demands' if alike else ''}."

    def _counted(self, rule: Kind, amount: float) -> str:
        return self.million(amount) if rule.in_money else counted(round(amount), rule.unit)

    def _both(self, more: float, less: float) -> str:
        return f"One million more of its limit {self._effect(more)}; one million less {self._effect(less)}."

    def _effect(self, gain: float) -> str:
        return _effect(gain, self.bench.slight)

    def _next(self, answer: PlaceAnswer) -> list[str]:
        out = []
        for item in answer.next[:SHOWN]:
            name = self.name("instrument", item.instrument)
            if self.none(item.anywhere):
                out.append(f"of {name} earns nothing, here or elsewhere.")
            elif math.isnan(item.here):
                out.append(f"of {name} earns {points(item.anywhere)} elsewhere; here it cannot lawfully be used.")
            elif self.none(item.anywhere - item.here):
                out.append(f"of {name} earns {points(item.here)} here, and no more anywhere else.")
            else:
                near = 4 if abs(item.anywhere - item.here) < 0.01 else None
                out.append(f"of {name} earns {points(item.here, near)} here, {points(item.anywhere, near)} where it does most.")
        return [*out, *and_more(answer.next, SHOWN, self.scenario.own(" instruments"))]

    def _more(self, answer: PlaceAnswer) -> list[str]:
        if math.isnan(answer.cost):
            out = ["is not in any lawful plan as things stand."]
        elif answer.cost == 0:
            out = ["would cost no score: equally good plans differ in this, and settling chose."]
        else:
            out = [f"taken from elsewhere would cost {points(answer.cost)}."]
        if answer.losers:
            at = [f"{self._where(m)} ({self.name('instrument', m.instrument)}) {self.money(-m.change)}" for m in answer.losers]
            out.append(f"It would be missing at: {'; '.join(at)}.")
        if answer.cost != 0:
            heads = ["Cheapest change that brings it", *["Or"] * (len(answer.remedies) - 1)]
            found = [f"{head}: {self._remedy(remedy)}." for head, remedy in zip(heads, answer.remedies, strict=False)]
            out += found or ["No single change of up to EUR 64 million, and no tenfold priority, brings it."]
        return out

    def _where(self, of: Move | Poor) -> str:
        return f"{self.name('partnership', of.partnership)}, {self.name('area', of.area)}"

    def _remedy(self, remedy: Remedy) -> str:
        if remedy.kind == "money":
            return f"{self.million(remedy.by)} more of {self.name('instrument', remedy.instrument)}"
        if remedy.kind == "priority":
            now, then = remedy.priority
            return f"priority {then:.4g} instead of {now:g}" if now else f"priorities {percent_of(remedy.by - 1, 2)} higher"
        assert remedy.rule is not None
        side = "lower" if remedy.sense is Sense.AT_LEAST else "higher"
        said = f"{self.demand(remedy.rule, remedy.demand)}; {self.basis(remedy.rule, remedy.demand)}"
        return f"a limit {self.million(remedy.by)} {side} in {said}"

    # -- a rule -----------------------------------------------------------------------------------------------------------

    def rule(self, answer: RuleAnswer) -> list[Section]:
        """Write what a rule does and costs."""
        rule = answer.rule
        force = "watched: measured, never enforced" if rule.watch else "hard" if rule.hard else f"soft: {self._penalty(rule)}"
        out: list[Section] = [("Rule", [f"{rule.kind}, {force} · {rule.negotiable} · {rule.source} · {self.scenario.where(rule)}"])]
        if rule.watch:
            return [*out, ("Costs", ["nothing, as it holds nothing back."])]
        out.append(("Costs", self._cost(answer)))
        if answer.movers:
            moved = [f"{self.name('partnership', k)} {'+' if by > 0 else '-'}{self.money(abs(by))}" for k, by in answer.movers]
            out.append(("Without it", [f"{'; '.join(moved)}."]))
        rest = [state for state in answer.demands if state.price is None]
        for state in answer.demands:
            if state.price is not None:
                asks = f"{state.sense} {state.limit}; {self._room(rule, state)} · {state.place}"
                out.append((self._member(rule, state), [asks, *self.price(state.price)]))
        if rest:
            listed = [f"{self._member(rule, state)}: {state.sense} {state.limit}; {self._room(rule, state)}" for state in rest[:SHOWN]]
            out.append(("Others" if len(rest) < len(answer.demands) else "Demands", [*listed, *and_more(rest, SHOWN)]))
        return out

    def _penalty(self, rule: Kind) -> str:
        lost = float(rule.soft or 0)
        per = "EUR million missed" if rule.in_money else f"{rule.unit.removesuffix('s')} too many or too few"
        return f"{lost:g} point{'' if lost == 1 else 's'} lost per {per}"

    def _cost(self, answer: RuleAnswer) -> list[str]:
        if math.isnan(answer.cost):
            return ["its price is that of money: see the demands."]
        if answer.cost < self.bench.slight:
            return ["nothing: without it the best plan scores the same."]
        out = [f"{points(answer.cost)}: without it the best plan would score that much more."]
        if answer.money > self.bench.slight:
            worth = f"{points(answer.money)} a million, {self.scenario.own(SPREAD)}"
            out.append(f"At the margin that is worth {self.million(answer.cost / answer.money)} of money ({worth}).")
        return out

    def _member(self, rule: Kind, state: DemandState) -> str:
        return ", ".join(self.short.get(word, {}).get(name, name) for word, name in zip(rule.words, state.member, strict=True)) or "Limit"

    def _room(self, rule: Kind, state: DemandState) -> str:
        if state.headroom < -1e-4 and rule.hard:
            beyond = self._counted(rule, -state.headroom)
            return f"broken by decision, by {beyond}: decided money alone breaks it, and nothing undecided could mend it"
        if state.headroom < -1e-4 and rule.in_money:
            return f"missed by {self.million(-state.headroom)}"
        slight = 1e-4 if rule.in_money else 0.5
        return "at its limit" if state.headroom < slight else f"{self._counted(rule, state.headroom)} to spare"

    def price(self, price: LimitPrice) -> list[str]:
        """Say what a limit is worth on both sides, and how far."""
        bends = not (abs(price.more - price.up.price) < 1e-4 > abs(price.less + price.down.price))
        first = [f"A million higher: {_effect(price.more, 1e-4)}; a million lower: {_effect(price.less, 1e-4)}."] if bends else []
        return [*first, f"Every million more of the limit {self._side(price.up, 1)}.", f"Every million less {self._side(price.down, -1)}."]

    def _side(self, side: SidePrice, sign: int) -> str:
        told = _effect(sign * side.price, 1e-4)
        if math.isnan(side.price) or math.isinf(side.reach):
            return told
        after = "beyond that there is no plan" if math.isnan(side.beyond) else f"after that one million {_effect(sign * side.beyond, 1e-4)}"
        return f"{told}, for {self.million(side.reach)}; {after}"

    # -- the scenario -----------------------------------------------------------------------------------------------------

    def overview(self, answer: Overview) -> list[Section]:
        """Write what binds, what money is worth, and who is covered worst."""
        binds = []
        for one in answer.bindings:
            binds += [self._alike(one.rule, one.demand, one.alike), f"  {self._both(one.more, one.less)} {one.place}"]
        both = "{}: a million more {}; a million less {}"
        money = [both.format(self.name("instrument", k), self._effect(more), self._effect(less)) for k, more, less in answer.money]
        poor = []
        for need in answer.poor:
            closed = "" if need.open else "; no open line reaches it"
            poor.append(f"{self._where(need)}: {share(need.met, need.need)} of {self.money(need.need)} met{closed}")
        return [
            ("Score", [f"{euro(answer.score, 1)} points before rounding."]),
            ("What binds", binds or ["nothing but the ceilings."]),
            ("Money", [*money, f"A million {self.scenario.own(SPREAD)} {self._effect(answer.spread)}."]),
            ("Covered worst", poor),
        ]
