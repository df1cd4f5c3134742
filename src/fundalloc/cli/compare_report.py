"""A comparison on the terminal: the largest differences first, and the sentences that matter last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from fundalloc.cli.output import Output, new_table
from fundalloc.compare import Comparison
from fundalloc.compare.attribution import Attribution
from fundalloc.compare.comparison import MemberRow, Pair
from fundalloc.compare.inputs import Difference
from fundalloc.compare.measures import RuleChange
from fundalloc.compare.movements import CLASSES
from fundalloc.compare.overrides import ADDED, REMOVED, Override
from fundalloc.compare.sides import Side
from fundalloc.labels import Words
from fundalloc.money import apart, decimals, plain

TOP = {"partnership": 12, "instrument": 8, "area": 20}
"""Rows that the short report shows."""
SIGN = {ADDED: "+", REMOVED: "-"}
FEW = 4
"""Values that an override shows one by one."""
RULES_SHOWN = 8
COLUMNS, NARROWEST = 5, 9
"""Columns of the table of overrides, and how narrow they may become before their headings wrap."""
LINES = ("why", "moved", "within", "decision", "beyond", "clause", "rules", "inputs", "score")
INSIDE = ("kept_now", "missed_now", "other")
"""What the lines below the tables begin with, and those further inside."""


def _together(rows: list[MemberRow]) -> MemberRow:
    """Add up rows; what is not known of all is not known."""
    amounts = tuple(sum(cells, Fraction(0)) for cells in zip(*(row.amounts for row in rows), strict=True))
    needed = zip(*(row.needed for row in rows), strict=True)
    return MemberRow("", amounts, tuple(None if None in cells else sum(filter(None, cells), Fraction(0)) for cells in needed))


def print_comparison(found: Comparison, out: Output, by: str | None, least: Fraction) -> None:
    """Print a comparison; `by` prints one dimension in full, `least` leaves out smaller changes."""
    if out.speaks:
        _ComparisonReport(found, out, Words(found.language), by, least).print()


@dataclass(frozen=True)
class _ComparisonReport:
    found: Comparison
    out: Output
    words: Words
    by: str | None
    least: Fraction

    def say(self, key: str, **values: object) -> str:
        return self.words(f"compare.{key}", **values)

    @cached_property
    def width(self) -> int:
        """Where the text of a line begins."""
        return 2 + max(*(len(self.say(f"line.{key}")) for key in LINES), *(2 + len(self.say(f"line.{key}")) for key in INSIDE))

    def print(self) -> None:
        names = ", ".join(side.name for side in self.found.sides[1:])
        years = self.found.years
        period = f"{years[0]}-{years[-1]}" if len(years) > 1 else "".join(years)
        self.out.say(self.say("title", first=self.found.first.name, others=names))
        self.out.say(self.say("subtitle", period=period) + "\n")
        if self.found.said_of_past:
            self.out.say(self.found.said_of_past + "\n")
        if self.found.pulled:
            others = ", ".join(side.name for side in self.found.pulled)
            self.out.say(self.say("nearest", first=self.found.first.name, others=others) + "\n")
        if len(self.found.pairs) > 1 and any(pair.needed is not None for pair in self.found.pairs):
            self.out.say(self.say("brackets") + "\n")
        if self.by == "rule":
            for pair in self.found.pairs:
                self._rules(pair, shown=None)
            return
        for dimension in (self.by,) if self.by else TOP:
            self._table(dimension, None if self.by else TOP[dimension])
        for pair in self.found.pairs:
            self._pair(pair)

    def eur(self, value: Fraction) -> str:
        return self.words.number(value, decimals(self.found.step))

    def signed(self, value: Fraction) -> str:
        return self.words.signed(value, decimals(self.found.step))

    def _table(self, dimension: str, most: int | None) -> None:
        rows = [row for row in self.found.rows(dimension) if any(row.weight)]
        if not rows:
            self.out.say(self.say(f"none.{dimension}") + "\n")
            return
        shown = [row for row in rows if max(row.weight) >= self.least]
        shown = sorted(shown, key=lambda row: (*(-weight for weight in row.weight), row.member))[:most]
        rest = [row for row in rows if row not in shown]
        headings = self._headings()
        table = new_table(self.say(f"column.{dimension}"), *headings, numbers=len(headings))
        for row in shown:
            table.add_row(self._label(dimension, row.member), *self._cells(row))
        if rest:
            table.add_row(self.say("more", count=len(rest)), *self._cells(_together(rest)), style="dim")
        if dimension != "marker":
            table.add_row(self.words("report.budget"), *self._cells(self.found.total()), style="bold")
        self.out.table(table)
        self.out.say()

    @property
    def two(self) -> bool:
        """Whether only two sides are compared, so that changes have columns of their own."""
        return len(self.found.sides) == 2

    def _headings(self) -> list[str]:
        headings = [side.name for side in self.found.sides]
        headings += [self.say("column.change")] if self.two else []
        return [*headings, self.say("column.needed")] if self.two and self.found.pairs[0].needed is not None else headings

    def _label(self, dimension: str, member: str) -> str:
        name = self.found.name(dimension, member)
        return self.say("partner_money", instrument=name) if dimension == "instrument" and self.found.kind(member) == "partner" else name

    def _cells(self, row: MemberRow) -> list[str]:
        """Print amounts, changes and what of them is needed: in a column of its own for two sides, in brackets for more."""
        needed = ["" if part is None else self.signed(part) for part in row.needed]
        if self.two:
            return [self.eur(row.amounts[0]), self.eur(row.amounts[1]), self.signed(row.changes[0]), *filter(None, needed)]
        parts = zip(row.changes, row.needed, needed, strict=True)
        changes = (f"{self.signed(change)} ({said})" if part or (said and change) else self.signed(change) for change, part, said in parts)
        return [self.eur(row.amounts[0]), *changes]

    def _pair(self, pair: Pair) -> None:
        if len(self.found.pairs) > 1:
            self.out.say(self.say("pair", a=pair.a.name, b=pair.b.name))
        if pair.attribution is not None:
            self._attribution(pair.attribution, scored=pair.scores.comparable)
        self._movements(pair)
        self._rules(pair, shown=RULES_SHOWN)
        self._inputs(pair)
        self._scores(pair)
        self.out.say()

    def line(self, key: str, text: str) -> None:
        self.out.say(f"{self.say(f'line.{key}'):<{self.width}}{text}")

    def _scores(self, pair: Pair) -> None:
        """Print two scores side by side only when they measure the same; else what each plan comes to by one scenario's figures."""
        scores = pair.scores
        first, own, measured = (None if s is None else self.words.number(s, 1) for s in (scores.before, scores.after, scores.measured))
        if scores.comparable:
            self.line("score", self.say("says.score", before=first, after=own))
            return
        if first is None and own is None:
            return
        self.line("score", self.say("says.scores_differ", what=", ".join(self.say(f"yardstick.{word}") for word in scores.differ)))
        for side, score in ((pair.a, first), (pair.b, own)):
            if score is not None:
                self.inside(self.say("says.score_own", side=side.name, score=score))
        if measured is not None:
            caveats = [self.say("says.not_counted", amount=self.eur(scores.stray))] if scores.stray else []
            caveats += [self.say("says.breaks", count=scores.broken)] if scores.broken else []
            self.inside("; ".join([self.say("says.score_there", a=pair.a.name, b=pair.b.name, score=measured), *caveats]))

    def inside(self, text: str) -> None:
        self.out.say(f"{'':<{self.width}}{text}")

    def _attribution(self, attribution: Attribution | str, *, scored: bool) -> None:
        if isinstance(attribution, str):
            self.line("why", self.say("says.no_attribution", reason=attribution))
            return
        dimension = self.by if self.by in ("partnership", "instrument", "area", "year") else "area"
        parts = attribution.by(dimension)
        shown = parts[:COLUMNS]
        headings = [self._label(dimension, part.member) for part in shown]
        score = [self.words.signed(part, 1) for part in (*attribution.score.parts, attribution.score.change)]
        last = [[part] if scored else [] for part in score]  # parts of a difference of scores that measure different things say nothing
        headings += [self.say("column.score")] if scored else []
        table = new_table(self.say("column.moved_by"), *headings, numbers=len(headings))
        for k, override in enumerate(attribution.overrides):
            table.add_row(override.key, *(self.signed(p.parts[k]) for p in shown), *last[k])
        sums = [self.signed(p.change) for p in shown]
        table.add_row(self.say("column.needed" if attribution.needed else "column.change"), *sums, *last[-1], style="bold")
        table.columns[0].no_wrap = True
        for column, heading in zip(table.columns[1:], headings, strict=True):
            column.no_wrap, column.min_width = False, max(NARROWEST, *map(len, heading.split(" ")))
        if headings:
            self.out.table(table)
        self.line("why", self.say("says.of_needed" if attribution.needed else "says.of_all", how=self._how(attribution)))
        self.out.say()

    def _how(self, found: Attribution) -> str:
        shares, key = found.shares, "sampled" if found.shares.sampled else "all_orders"
        return self.say(f"says.{key}", orders=shares.orders, count=len(found.overrides), seed=found.seed, solves=found.solves)

    def _movements(self, pair: Pair) -> None:
        movements = pair.movements
        self.line("moved", self._moved(pair))
        if not any(movements.sums(reach)[0] for reach in CLASSES):
            return
        for reach in CLASSES:
            count, up, down = movements.sums(reach)
            if count:
                self.line(reach, self.say("says.class", count=count, up=self.signed(up), down=self.signed(down)))
        clause = movements.clause
        limits, key = clause.said(self.words, self.say("and")), "clause" if clause.rule else "clause_assumed"
        self.line("clause", self.say(f"says.{key}", limits=limits, rule=clause.rule, side=clause.side))

    def _moved(self, pair: Pair) -> str:
        """Say how much sits elsewhere, and how much of it must."""
        moved, needed = pair.moved, pair.needed
        if not moved:
            return self.say("says.moved_nothing")
        count = sum(pair.movements.sums(reach)[0] for reach in CLASSES)
        if isinstance(pair.closest, str) or needed is None:
            reason = self.say(f"unknown.{pair.closest}", side=pair.b.name)
            said = [self.say("says.moved_unknown", amount=self.eur(moved), reason=reason, count=count)]
        else:
            said = [self.say("says.moved", amount=self.eur(moved), needed=self.eur(needed), choice=self.eur(moved - needed), count=count)]
        net = sum(pair.b.outcome.amounts.values(), Fraction(0)) - sum(pair.a.outcome.amounts.values(), Fraction(0))
        said += [self.say("says.net", net=self.signed(net))] if net else []
        said += [self.say("says.switches", count=pair.switches)] if pair.switches and needed else []
        return "; ".join(said)

    def _rules(self, pair: Pair, shown: int | None) -> None:
        if pair.rules is None:
            self.line("rules", self.say("says.no_rules"))
            return
        crossed = pair.crossed
        better = sum(change.better for change in crossed)
        choice = sum(change.needed is False for change in pair.rules)
        rest = len(pair.rules) - len(crossed) - choice
        said = self.say("says.rules", kept=better, missed=len(crossed) - better, rest=rest)
        self.line("rules", f"{said}; {self.say('says.rules_choice', count=choice)}" if choice else said)
        listed: Sequence[RuleChange] = crossed if shown else pair.rules
        for change in listed[:shown]:
            chosen = not change.crossed or change.needed is False
            key = "other" if chosen else "kept_now" if change.better else "missed_now"
            start = f"  {self.say(f'line.{key}'):<{self.width - 2}}"
            self.out.say(f"{start}{change.says}: {self._status(change, 0)} -> {self._status(change, 1)}")
        if shown and len(listed) > shown:
            self.out.say(f"  {'':<{self.width - 2}}{self.say('more_rules', count=len(listed) - shown)}")

    def _status(self, change: RuleChange, side: int) -> str:
        measured = (change.before, change.after)[side]
        asked = (change.asked_before, change.asked_after)[side]
        if measured is None:
            return self.say("status.not_asked")
        word = self.words(f"status.{measured.status.replace(' ', '_')}")
        word = word.lower() if word.isupper() else word[:1].lower() + word[1:]  # nouns keep their capitals in German
        if measured.headroom is not None and measured.headroom < 0:
            _, short = apart(Fraction(0), Fraction(-measured.headroom), decimals(self.found.step))
            word = self.say("status.short", amount=short.replace(".", self.words("number.decimal")))
        return word if asked else self.say("status.would_be", status=word)

    def _inputs(self, pair: Pair) -> None:
        if isinstance(pair.inputs, str):
            self.line("inputs", self.say("says.no_inputs", reason=pair.inputs))
            return
        figures = [d for d in pair.inputs if not d.words]
        texts = len(pair.inputs) - len(figures)
        self.line("inputs", self.say("says.inputs", count=len(figures), changes=len(pair.overrides), texts=texts))
        for override in pair.overrides:
            self._override(pair.b, override, [d for d in figures if d.override == override.key])
        for difference in [d for d in figures if not d.override][: 2 * FEW]:
            self.out.say(f"  ~ {self._values(difference)}  {difference.new_place or difference.old_place}")

    def _override(self, side: Side, override: Override, own: list[Difference]) -> None:
        """Print an override: its values one by one where they are few, else what it says."""
        few = len(own) <= FEW and override.effect not in (ADDED, REMOVED)
        said = "" if few else f"{override.said(self.words.language).replace('→', '->')}  {self.say('values', count=len(own))}  "
        where = side.where(override.place).rsplit(":", 1)[0]
        self.out.say(f"  {SIGN.get(override.effect, '~')} {override.key}  {said}{where}")
        for difference in own if few else ():
            change = difference.change
            by = f"  ({'+' if change > 0 else ''}{plain(change)})" if change and "%" not in f"{difference.old}{difference.new}" else ""
            self.out.say(f"      {self._values(difference)}{by}")

    def _values(self, difference: Difference) -> str:
        return f"{difference.key}  {' -> '.join(text or self.say('nothing') for text in (difference.old, difference.new))}"
