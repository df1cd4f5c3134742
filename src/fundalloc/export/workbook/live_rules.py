"""What of rules a formula can carry: amounts, bases and limits, and the figures in sentences.

Candidates are formulas with their values on two ledgers: the plan, and a made-up one in which every line and move holds
a different amount. A candidate is used only where it reproduces the rule's own measure on both. So a rule kind whose
arithmetic no candidate knows falls back to a stored value by itself, and a wrong formula cannot be written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Literal

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.candidate_sums import Candidate, Sums, average, count_active, moved_money, paid_money, risen_money
from fundalloc.export.workbook.content import Cell, Formula
from fundalloc.export.workbook.line_sums import Boxes, Cubes, common, up_to
from fundalloc.export.workbook.plan_sums import Box
from fundalloc.facts.dimensions import AXIS, WORDS, Dimensions
from fundalloc.facts.selection import Pick
from fundalloc.insight.brief import promises
from fundalloc.money import HARD_SPACE, Mask
from fundalloc.plan.verify import OK, Finding, measure_rule
from fundalloc.rules._sentence import LIMIT, figures_of
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Measures, Open, Sense

LONGEST_FORMULA = 4_000
"""Excel takes 8 192 characters; longer ones than this are stored as values."""
LONGEST = 250
"""Characters of a text inside a formula: Excel takes 255."""
_MARK = re.compile("\x00(.*?)\x00")
LimitForm = Literal["figure", "share", "or_nothing", "near", "stored"]
SIGN = {Sense.AT_MOST: 1, Sense.AT_LEAST: -1, Sense.EXACTLY: 0}


@dataclass(frozen=True)
class Live:
    """What is live of one finding: formulas without equals sign, None where the value is stored."""

    amount: str | None
    base: str | None
    limit: LimitForm
    """How the limit follows from the figure, the base and the amount."""
    room: Fraction
    """EUR million by which the limit is wider than the share alone, or the most it may be, or how far an exact share may be off."""
    decided: Finding
    """The same demand on decided money alone."""
    mended: tuple[bool, bool]
    """Whether an open line could mend it when it is short of its limit, and when it exceeds it."""

    @property
    def whole(self) -> bool:
        """Whether the status follows every change of the allocation and of the limit. A rule is live as a whole or not at all."""
        return self.amount is not None


def live_rules(book: Book) -> list[Live]:
    """Return what is live of every finding of the plan, in order."""
    return _LiveRules(book).all()


@dataclass(frozen=True)
class _LiveRules:
    book: Book

    @cached_property
    def sums(self) -> Sums:
        """The plan and the made-up ledger: amounts that no two selections are likely to share."""
        book, lines = self.book, self.book.lines
        made_up = (np.arange(len(lines) + len(lines.moves), dtype=np.int64) * 7_919 + 13) % 99_991 + 1
        probe = Cubes(book, made_up[: len(lines)], made_up[len(lines) :])
        return Sums(book, Boxes(book), (Cubes(book, book.plan.steps, book.moves), probe))

    def all(self) -> list[Live]:
        """Return one entry per finding."""
        lines, probe = self.book.lines, self.sums.ledgers[1]
        ledger = np.concatenate([probe.steps, probe.moves])
        out: list[Live] = []
        for rule, group in groupby(self.book.plan.findings, key=lambda f: f.rule):
            findings = list(group)
            demands = rule.demands(lines)
            measures = rule.check(lines, demands, ledger)
            probed, decided = measure_rule(rule, lines, ledger), measure_rule(rule, lines, lines.ledger.decided)
            pulls = measures.open() if rule.hard else Open(*[np.zeros(len(demands), dtype=bool)] * 2)
            ways = zip(pulls.up.tolist(), pulls.down.tolist(), strict=True)
            out += [self._live(a, b, measures, c, mended) for a, b, c, mended in zip(findings, probed, decided, ways, strict=True)]
        return out

    def _live(self, finding: Finding, probed: Finding, measures: Measures, decided: Finding, mended: tuple[bool, bool]) -> Live:
        rule = finding.rule
        try:
            member = _member_masks(self.book.facts.dimensions, rule, finding.member)
        except (KeyError, IndexError):  # a label that is no member of a dimension
            member = None
        amount = _first(self._amounts(rule, finding, member), (finding.amount, probed.amount))
        base = None
        if finding.base is not None and probed.base is not None and member is not None:
            base = _first(self._bases(rule, member), (finding.base, probed.base))
            if base is None and finding.base == probed.base:
                base = repr(float(finding.base))
        form, room = _limit(finding, probed, measures, self.book.facts.step)
        if amount is None or form == "stored" or (base is None and finding.base is not None):
            return Live(None, None, "stored", room, decided, mended)
        return Live(amount, base, form, room, decided, mended)

    def _amounts(self, rule: Kind, finding: Finding, member: list[tuple[str, Mask]] | None) -> Iterator[Candidate]:
        if member is None:
            yield from moved_money(self.sums, finding.member)
            return
        money, but = self._boxes(rule.money, rule.unless, member)
        if not rule.in_money:
            yield from count_active(self.sums, rule, finding.sense, money, but)
            return
        years = _own_year(rule, member)
        selections: list[tuple[Box, Box | None]] = [(money, but)]
        if years is not None:
            open_member = [(d, m) for d, m in member if d != "year"]
            every, but_every = self._boxes(rule.money, rule.unless, open_member)
            selections.append((up_to(every, years), but_every))
        for selection in selections:
            yield from self.sums.of_marker(selection, rule.money.marker)
        yield from moved_money(self.sums, finding.member)
        if years is not None and rule.money.marker is None:
            yield from paid_money(self.sums, rule, every, but_every, years)
        if rule.from_baseline and rule.money.marker is None:
            yield from risen_money(self.sums, money, but)

    def _bases(self, rule: Kind, member: list[tuple[str, Mask]]) -> Iterator[Candidate]:
        """What a share may be taken of: `of`, the same money a year earlier or in the baseline, what comes first, the average."""
        taken = rule.taken_of(self.book.lines)
        free = frozenset(WORDS) - taken.restricted if taken is not None else frozenset()
        open_member = [(d, m) for d, m in member if d != "year"]
        year = _own_year(rule, member)
        if taken is not None and taken.lag is None:
            yield from self.sums.of_marker(self._boxes(taken.money, taken.unless, member, free), taken.money.marker)
        if year is not None:
            past = np.arange(len(self.book.facts.years)) == year - 1
            yield from self.sums.of_marker(self._boxes(rule.money, rule.unless, [*open_member, ("year", past)]), rule.money.marker)
        if taken is not None and taken.lag is not None and year is not None:
            box, but = self._boxes(taken.money, taken.unless, open_member, free)
            yield from self.sums.of_marker((up_to(box, year - taken.lag), but), taken.money.marker)
        money, but = self._boxes(rule.money, rule.unless, member)
        if self.book.has_baseline and rule.money.marker is None:
            yield self.sums.money(money, but, "baseline")
        if self.book.facts.needs.partnership.size:
            yield average(self.sums, self._boxes(rule.money, rule.unless, []), (money, but))

    def _boxes(
        self, selection: Pick, unless: Pick | None, member: list[tuple[str, Mask]], free: frozenset[str] = frozenset()
    ) -> tuple[Box, Box | None]:
        """Return the box of a selection for a member, and the box that `unless` takes out of it."""
        dimensions = self.book.facts.dimensions
        box = Box(*selection.masks(dimensions))
        for dimension, mask in member:
            if dimension not in free:
                axis = AXIS[dimension]
                box = box._replace(**{axis: getattr(box, axis) & mask})
        but = None if unless is None else Box(*unless.masks(dimensions))
        return box, but if but is not None and all(mask.any() for mask in common(box, but)) else None


def _first(candidates: Iterable[Candidate], wanted: tuple[Fraction, Fraction]) -> str | None:
    """Return the first formula whose values are those of the rule, on both ledgers."""
    return next((c.text for c in candidates if c.values == wanted and len(c.text) <= LONGEST_FORMULA), None)


def _member_masks(dimensions: Dimensions, rule: Kind, member: tuple[str, ...]) -> list[tuple[str, Mask]]:
    """Return (dimension, mask) for every name in a member; KeyError for a name that is none."""
    masks = []
    for word, name in zip(rule.words, member, strict=True):
        dimension = dimensions.of(word)
        if word != "year" or name in dimension.masks:
            masks.append((dimension.name, dimension.masks[name if word in WORDS else f"{word}:{name}"]))
    return masks


def _own_year(rule: Kind, member: list[tuple[str, Mask]]) -> int | None:
    """Return the position of the year that the kind itself adds to its members."""
    if "year" not in rule.own_words:
        return None
    found = [int(np.flatnonzero(mask)[0]) for dimension, mask in member if dimension == "year"]
    return found[-1] if found else None


def _limit(finding: Finding, probed: Finding, measures: Measures, step: Fraction) -> tuple[LimitForm, Fraction]:
    """Return how the limit follows from figure, base and amount, if it does so on both ledgers."""
    rule, both = finding.rule, (finding, probed)
    if rule.or_nothing and all(f.limit == (f.figure if f.amount else 0) for f in both):
        return "or_nothing", Fraction(0)
    based = [(f, f.base) for f in both if f.base is not None]
    if len(based) < len(both):
        return "figure" if all(f.limit == f.figure for f in both) else "stored", Fraction(0)
    if finding.sense is Sense.EXACTLY:
        return "share", measures.tolerance * step / measures.scale
    return _about_base(based, SIGN[finding.sense], None if rule.corridor is None else rule.corridor.amount)


def _about_base(based: list[tuple[Finding, Fraction]], sign: int, most: Fraction | None) -> tuple[LimitForm, Fraction]:
    """Return the form of a limit that is a share of its base, or lies so far from it, but no farther than `most`."""
    rooms = {sign * (f.limit - f.figure * base) for f, base in based}
    if len(rooms) == 1:
        return "share", rooms.pop()
    if most is not None and all(f.limit == base + sign * min(f.figure * base, most) for f, base in based):
        return "near", most
    return "stored", Fraction(0)


def said_there(book: Book, demand: int) -> Cell:
    """Return the sentence of a demand on another sheet: as the sheet Rules has it."""
    cell = said_live(book, book.plan.findings[demand])
    return Formula(f"={book.of_demand(demand, 'says')}", cell.value) if isinstance(cell, Formula) else cell


def said_live(book: Book, finding: Finding) -> Cell:
    """Return the sentence of a demand; a formula where it names a figure that the sheet Rules lets readers change."""
    rule, text = finding.rule, finding.rule.says.within(book.language)
    if not any(f"{{{name}}}" in text for name in (LIMIT, "within", *(sense.field for sense in Sense))):
        return finding.said(book.names, book.language)
    fixed = figures_of(rule, finding.member, finding.sense, book.language)
    marks = {name: f"\x00{name}\x00" for name in fixed}
    marks[LIMIT] = rule.limit_said({name: marks[name] for name in rule.own_figures()}) or marks[LIMIT]
    parts = _MARK.split(rule.sentence(finding.member, book.names, book.language, figures=marks))
    pieces: list[tuple[str, str]] = []
    for text, name in zip(parts[::2], [*parts[1::2], ""], strict=True):
        pieces += [(quoted(text[at : at + LONGEST]), text[at : at + LONGEST]) for at in range(0, len(text), LONGEST)]
        found = _figure(book, finding, name)
        if found is not None:
            pieces += _written(book, finding, *found)
        elif name:
            pieces.append((quoted(fixed[name]), fixed[name]))
    return Formula("=" + "&".join(formula for formula, _ in pieces), "".join(value for _, value in pieces))


def _figure(book: Book, finding: Finding, name: str) -> tuple[str, Fraction] | None:
    """Return the cell that holds a named figure, and its value; None where the sheet has none for it."""
    if name in (LIMIT, "within", finding.sense.field):
        return book.here("Rules", "limit_input"), finding.figure
    other = next((book.demands.get((finding.rule.id, finding.member, sense)) for sense in Sense if sense.field == name), None)
    return None if other is None else (book.of_demand(other, "limit_input"), book.plan.findings[other].figure)


def _written(book: Book, finding: Finding, cell: str, figure: Fraction) -> list[tuple[str, str]]:
    """Return formulas with their values that write a figure as sentences do, with the decimal sign of the language."""
    before, after, scale, sign = "", "", 1, book.words("number.decimal")
    if finding.rule.relative:
        after, scale = f"{HARD_SPACE}%", 100
    elif finding.rule.in_money:
        before, after = book.words("number.money", amount="\x00").split("\x00")
    number = f"ROUND({cell}{f'*{scale}' if scale > 1 else ''},6)"
    shown = f"{round(float(figure) * scale, 6):.6f}".rstrip("0").rstrip(".").replace(".", sign)
    formula = f'SUBSTITUTE({number}&"",{quoted("," if sign == "." else ".")},{quoted(sign)})'
    return [*([(quoted(before), before)] if before else []), (formula, shown), *([(quoted(after), after)] if after else [])]


def about_one(book: Book) -> list[str]:
    """Return what finds each demand about one partnership on its page, if it is a pledge or leaves nothing to spare: id and number."""
    counts, out = Counter[str](), []
    for finding in book.plan.findings:
        picked = finding.rule.money.partnership or ()
        whose = [book.codes["partnership"].get(str(word), "") for word in (*finding.member, *(picked if len(picked) == 1 else ()))]
        code = next(filter(None, whose), "")
        shown = code and not finding.rule.built_in and (finding.status != OK or promises(finding))
        counts[code] += bool(shown)
        out.append(f"{code}|{counts[code]}" if shown else "")
    return out
