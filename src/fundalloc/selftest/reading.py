"""A scenario as a person reads the file: ids, words and exact fractions, in plain loops.

Only what a person would look up stands here: which amounts there are, what money was decided, which money a selection means, and
over which members a rule is repeated. Tables are written inline; the baseline is a list of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from fractions import Fraction
from itertools import product
from math import floor
from typing import Any

Key = tuple[str, ...]
"""An amount: (instrument, partnership, area, year), ("carry", instrument, year) or ("transfer", id, year). "" stands for any."""
Money = dict[Any, Fraction]
"""Which amounts count, and how much of each euro."""
Member = tuple[tuple[str, str], ...]
"""One combination of `for_each`: per entry the dimension, and the word that a line must answer to."""

DIMENSIONS = ("instrument", "partnership", "area", "year")
WORDS = (*DIMENSIONS, "action")
ONE, NONE = Fraction(1), Fraction(0)


def number(text: Any) -> Fraction:
    """Return `30 %` as 3/10 and `4.5` as 9/2."""
    digits = str(text).replace(" ", "")
    return Fraction(digits[:-1]) / 100 if digits.endswith("%") else Fraction(digits)


def span(text: Any) -> list[str]:
    """Return the years of `2025` or `2025-2027`."""
    first, _, last = str(text).partition("-")
    return [str(year) for year in range(int(first), int(last or first) + 1)]


def in_year(raw: Any, year: str) -> Fraction | None:
    """Return the figure of a year: one for all years, or one per year or range; None where nobody gave one."""
    if isinstance(raw, Mapping):
        return next((number(figure) for years, figure in raw.items() if year in span(years)), None)
    return None if raw is None else number(raw)


def listed(raw: Any) -> list[Any]:
    """Return a list as it is, anything else as a list of one."""
    return raw if isinstance(raw, list) else [raw]


def picks(choice: Any, words: set[str]) -> bool:
    """Return whether a choice means what answers to these words: lists mean "or", tag groups of a mapping "and"."""
    if isinstance(choice, list | tuple):
        return any(picks(one, words) for one in choice)
    if isinstance(choice, Mapping):
        return all(picks([f"{group}:{v}" for v in listed(value)], words) for group, value in choice.items())
    return choice == "all" or str(choice) in words


def add(terms: Money, amounts: Mapping[Any, Fraction]) -> Fraction:
    """Return the sum of coefficient x amount."""
    return sum((weight * amounts.get(key, NONE) for key, weight in terms.items()), NONE)


def below(own: set[str], above: set[str]) -> set[str]:
    """Return the tags of an action: its own, and of other groups those of its area."""
    return own | {tag for tag in above if tag.partition(":")[0] not in {mine.partition(":")[0] for mine in own}}


class Reading:
    """What a scenario says before any rule."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        self.case = case
        self.step = number(case["round_to"])
        self.years = span(case["years"])
        self.instruments = {i: entry for i, entry in case["instruments"].items() if entry.get("counts") != "memo"}
        self.partnerships = {row["id"]: row for row in case["partnerships"]}
        self.groupings = {row["within"] for row in case["partnerships"] if row.get("within")}
        self.words = self._words()
        self.merged: set[str] = set()
        self.needs = {(row["partnership"], row["area"]): number(row["need"]) for row in case["needs"]}
        self.priority = {(row["partnership"], row["area"]): number(row.get("priority", 1)) for row in case["needs"]}
        self.holder = {a: entry.get("within", a) for a, entry in case["areas"].items()}
        rows = {(row["instrument"], row["area"]): number(row.get("effectiveness", 1)) for row in case["eligibility"]}
        pairs = [(i, a, rows.get((i, a), rows.get((i, holder)))) for i in case["instruments"] for a, holder in self.holder.items()]
        self.effect = {(i, a): value for i, a, value in pairs if value is not None}
        self.decided: Money = {}
        """Decided money by line."""
        self.open: dict[Key, bool] = {}
        """All amounts: whether the plan decides them, or they are what was decided."""
        self._lines(self._decided())
        self._moves()

    def _words(self) -> dict[str, dict[str, set[str]]]:
        """Return the words that each member answers to: its id, its tags, what it lies within; a year, the ranges it lies in."""

        def tags(row: Mapping[str, Any]) -> set[str]:
            raw = row.get("tags", [])
            columns = {f"{group}:{row[group]}" for group in ("level", "status") if row.get(group)}
            return columns | set(raw.split() if isinstance(raw, str) else raw)

        partnerships = {p: {p} if p in self.groupings else {p} | tags(row) for p, row in self.partnerships.items()}
        for p, row in self.partnerships.items():
            while row.get("within"):
                partnerships[p].add(row["within"])
                row = self.partnerships[row["within"]]
        written = self.case["areas"]
        areas = {a: below(tags(entry), tags(written[entry.get("within", a)])) for a, entry in written.items()}
        ranges = [(a, b) for a in self.years for b in self.years if a < b]
        return {
            "instrument": {i: {i} | tags(entry) for i, entry in self.case["instruments"].items()},
            "partnership": partnerships,
            "area": {a: {a, written[a].get("within", a)} | own for a, own in areas.items()},
            "action": {a: {a} | own for a, own in areas.items()},
            "year": {t: {t} | {f"{a}-{b}" for a, b in ranges if a <= t <= b} for t in self.years},
        }

    def as_planned(self) -> Reading:
        """Return this reading with the actions of an area as one where the plan to start from says nothing of them, but of the area."""
        given, other = {row["area"] for row in self.case["baseline"]}, copy(self)
        broken = {self.holder[a] for a in given if self.holder[a] != a}
        family = {a: {b for b, holder in self.holder.items() if holder == self.holder[a]} for a in self.holder}
        whole = {a: words for a, words in family.items() if self.holder[a] in given - broken}
        other.words = {**self.words, "action": {a: own | whole.get(a, set()) for a, own in self.words["action"].items()}}
        other.merged = {a for a in whole if self.holder[a] != a}
        return other

    def _decided(self) -> set[Key]:
        """List decided money; return the lines that hold exactly that."""
        exact = set[Key]()
        for row in self.case.get("decided", []):
            line = (row["instrument"], row["partnership"], row["area"], str(row["year"]))
            if line[0] in self.instruments:
                self.decided[line] = self.decided.get(line, NONE) + number(row["amount"])
                exact |= {line} if row["state"] != "committed" else set()
        return exact

    def _lines(self, exact: set[Key]) -> None:
        """List the lines: those that may receive new money, and decided ones."""
        closed = span(self.case["closed"]) if "closed" in self.case else []
        for line in product(self.instruments, [p for p in self.partnerships if p not in self.groupings], self.case["areas"], self.years):
            eligible = self._eligible(line)
            if eligible or line in self.decided:
                self.open[line] = eligible and line not in exact and line[3] not in closed

    def _moves(self) -> None:
        """List the carry-overs (not out of the last year) and the transfers."""
        for i, entry in self.instruments.items():
            for year in self.years[:-1] if "carry_over" in entry else []:
                if self.usable(i, year) is not None and year in self.at_work(entry):
                    self.open["carry", i, year] = True
        for name, entry in self.case.get("transfers", {}).items():
            years = [year for year in self.at_work(self.instruments[entry["from"]]) if year in self.at_work(entry)]
            self.open |= {("transfer", name, year): True for year in years}

    def _eligible(self, line: Key) -> bool:
        """Return whether a line may receive new money: in the table, a partner, in its years, not excluded; or allowed after all."""
        instrument, partnership, area, year = line
        entry, row = self.instruments[instrument], self.partnerships[partnership]
        if not self.planned(instrument) or any(holder == area != a for a, holder in self.holder.items()):
            return False
        if any(self.counts(clause, line) for clause in self.case.get("allow", {}).values()):
            return True
        if any(self.counts(clause, line) for clause in self.case.get("exclude", {}).values()):
            return False
        served = picks(entry.get("partners", "all"), self.words["partnership"][partnership])
        return (instrument, area) in self.effect and served and year in self.at_work(entry) and year in self.at_work(row)

    def planned(self, instrument: str) -> bool:
        """Return whether the plan decides an instrument's money: a partner's only if it is free."""
        entry = self.instruments[instrument]
        return bool(entry.get("counts") != "partner" or entry.get("free") == "true")

    def at_work(self, entry: Mapping[str, Any]) -> list[str]:
        """Return the years of an instrument, a partnership or a transfer: its own, or all."""
        return span(entry.get("years", self.case["years"]))

    def counts(self, selection: Mapping[str, Any], line: Key) -> bool:
        """Return whether a selection means a line: every dimension that it names picks the line's own member."""
        own = dict(zip(WORDS, (*line, line[2]), strict=True))
        return all(not own[name] or picks(selection[name], self.words[name][own[name]]) for name in WORDS if name in selection)

    def belongs(self, line: Key, member: Member, named: Any = ()) -> bool:
        """Return whether a line answers to every word of a member, the `named` dimensions left aside."""
        own, named = dict(zip(WORDS, (*line, line[2]), strict=True)), {*named, *(["action"] if "area" in named else [])}
        return all(name in named or not own[name] or word in self.words[name][own[name]] for name, word in member)

    def weight(self, selection: Mapping[str, Any], line: Key) -> Fraction:
        """Return how much of a euro counts: all of it, or the marker's coefficient, that of the instrument before that of all."""
        if "marker" not in selection:
            return ONE
        rows = {(row.get("instrument", ""), row["area"]): row for row in self.case["markers"] if row["marker"] == selection["marker"]}
        found = [rows[i, a] for a in (line[2], self.holder[line[2]]) for i in (line[0], "") if (i, a) in rows]
        return number(found[0]["coefficient"]) if found else NONE

    def sum(self, selection: Mapping[str, Any], member: Member = (), unless: Any = None, named: Any = ()) -> Money:
        """Return the lines that a selection means for a member, `unless` taken out, with their weights."""
        lines = [k for k in self.open if len(k) == 4 and self.counts(selection, k) and self.belongs(k, member, named)]
        weights = {line: self.weight(selection, line) for line in lines if unless is None or not self.counts(unless, line)}
        return {line: weight for line, weight in weights.items() if weight}

    def members(self, words: Any, nodes: str = "leaves") -> Iterator[Member]:
        """Yield every combination of the words of `for_each`: dimensions run over ids, tag groups over their values."""
        entries: list[list[tuple[str, str]]] = []
        for word in listed(words):
            if word in WORDS:
                kept = (m for m in self.words[word] if nodes == "all" or m not in self.groupings)
                entries.append([(word, m) for m in kept if m not in self.merged and (word != "area" or self.holder[m] == m)])
            else:
                tags = {(name, tag) for name in DIMENSIONS for words in self.words[name].values() for tag in words}
                entries.append(sorted((name, tag) for name, tag in tags if tag.startswith(f"{word}:")))
        yield from product(*entries)

    def ceiling(self, instrument: str, year: str = "", kept: Fraction = ONE) -> Fraction | None:
        """Return a ceiling (of the total without a year) times `kept`, cut down to whole rounding steps; None without one.

        In a year in which the instrument may not commit, and to which neither `allow` nor decided money opens it, it has nothing.
        """
        entry, written = self.instruments[instrument], self.instruments[instrument].get("ceiling")
        table = written if isinstance(written, Mapping) else {"total": written}
        figure = in_year(table.get("each" if year else "total"), year)
        allowed = any(self.counts(clause, (instrument, "", "", year)) for clause in self.case.get("allow", {}).values())
        decided = any((line[0], line[3]) == (instrument, year) for line in self.decided)
        if figure is None or year in ("", *self.at_work(entry)) or allowed or decided:
            return None if figure is None else floor(kept * figure / self.step) * self.step
        return NONE

    def usable(self, instrument: str, year: str = "") -> Fraction | None:
        """Return a ceiling less its reserve."""
        return self.ceiling(instrument, year, 1 - number(self.instruments[instrument].get("reserve", 0)))

    def ceiling_over(self, instrument: str, years: list[str]) -> Fraction:
        """Return what an instrument can come to over some years, before its reserve: their sum, or its total if that is smaller."""
        yearly, total = [self.ceiling(instrument, year) for year in years], self.ceiling(instrument)
        amounts = [] if None in yearly else [sum(filter(None, yearly), NONE)]
        return min([*amounts, *([] if total is None else [total])], default=NONE)
