"""A rule as indexed formulas, as a modeller writes them: `sum{i,t} x[i,p,returns,t] >= 10 % * sum{i,a,t} x[i,p,a,t]`.

The letters stand for the sets of the model: i instruments, p partnerships, a areas or actions, t years. A member of `for_each` that is
none of these stands by its own word, and picks lines: `p in route`. Any terminal has these signs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING

from fundalloc.errors import year_ranges
from fundalloc.facts.dimensions import ACTION, AXIS, EVERYTHING, NAMES, WORDS, Alternative
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Pick, Selection
from fundalloc.rules.statement import Sense

if TYPE_CHECKING:
    from fundalloc.rules.kind import Kind

LETTERS: Mapping[str, str] = {"instrument": "i", "partnership": "p", "area": "a", "year": "t"}
SIGNS = {Sense.AT_LEAST: ">=", Sense.AT_MOST: "<=", Sense.EXACTLY: "="}


def documented(kind: type[Kind]) -> tuple[str, ...]:
    """Return the inequalities of a kind's documentation: its first lines that are set in."""
    block = re.search(r"(?:^ {4}.*\n?)+", cleandoc(sys.modules[kind.__module__].__doc__ or kind.__doc__ or ""), re.MULTILINE)
    return tuple(" ".join(line.split()) for line in block[0].splitlines()) if block else ()


@dataclass(frozen=True)
class Symbols:
    """What writes the formulas of one rule."""

    rule: Kind
    lines: Lines

    def letter(self, word: str) -> str:
        """Return how a word of `for_each` is written: by its letter where every member is one by itself, else by the word."""
        alone = word == ACTION or (word in LETTERS and not (word == "area" and self.lines.facts.dimensions.area.within))
        return LETTERS[AXIS[word]] if alone and not (word == "partnership" and self.rule.nodes == "all") else word

    def index(self, *beside: str) -> str:
        """Return what follows something that every member has of its own: `[p,t]`."""
        known = self.lines.facts.dimensions.for_each_words
        letters = [self.letter(word) if word in known else word for word in (*self.rule.words, *beside)]
        return f"[{','.join(letters)}]" if letters else ""

    def figure(self, sense: Sense) -> str:
        """Return the limit of one side: its figure, or `c[p]` where members have their own."""
        figures = self.rule.figures(sense)
        return str(figures[""]) if set(figures) == {""} else f"c{self.index()}"

    def each(self, left: str, right: Callable[[str, Sense], str] = lambda figure, _: figure) -> Iterator[str]:
        """Yield the inequality of every side that is limited; `right` makes the limit of its figure. A soft rule may miss it by v."""
        missed = {Sense.AT_LEAST: " + v", Sense.AT_MOST: " - v", Sense.EXACTLY: " + v - v'"}
        for sense, _ in self.rule.limits():
            yield f"{left}{missed[sense] * (self.rule.soft is not None)} {SIGNS[sense]} {right(self.figure(sense), sense)}"

    def sum(
        self, money: Selection, unless: Pick | None = None, over: frozenset[str] | None = None, *, free: tuple[str, ...] = (),
        of: str = "x", has: tuple[str, ...] = NAMES, until: str = "",
    ) -> str:  # fmt: skip
        """Return the sum of what a selection picks for a member; `over` are the dimensions in which members restrict it, default all.

        `free` are words beside `for_each` that are not added up, `has` the dimensions of what is added up. With `until` the years run
        up to it.
        """
        parts = {name: self._axis(name, money, over, free, "u" if until and name == "year" else LETTERS[name]) for name in has}
        used = {name: part[0] for name, part in parts.items()}
        summed = ",".join(letter for letter, added, _ in parts.values() if added)
        conditions = [said for *_, each in parts.values() for said in each] + [f"u <= {until}"] * bool(until)
        if unless is not None and (barred := [f"{used[name]} {said}" for name in has for said, _ in self._picked(unless, name)]):
            conditions.append(f"not ({' and '.join(barred)})")
        weight = f"{money.marker}[{used['instrument']},{used['area']}] * " if money.marker and has == NAMES else ""
        *factors, one = of.split(" * ")
        term = f"{''.join(f'{factor} * ' for factor in factors)}{weight}{one}[{','.join(used.values())}]"
        such_that = ", ".join(conditions)
        if not summed:
            return f"({term} | {such_that})" if such_that else term
        return f"sum{{{summed}{f': {such_that}' * bool(such_that)}}} {term}"

    def _axis(
        self, name: str, money: Selection, over: frozenset[str] | None, free: tuple[str, ...], letter: str
    ) -> tuple[str, bool, list[str]]:
        """Return what stands for a dimension, whether it is added up, and the conditions on it."""
        own = (name, *self.lines.facts.dimensions[name].groups, *([ACTION] * (name == "area")))
        words = [word for word in (*self.rule.for_each, *free) if word in own]
        mine = [word for word in words if over is None or (ACTION if word == ACTION else name) in over]
        letters, picked = [self.letter(word) for word in mine], self._picked(money, name)
        if len(picked) == 1 and picked[0][1] and not mine and letter != "u":
            return picked[0][1], False, []
        letter += "'" * (len(mine) < len(words))
        such_that = [f"{letter} in {one}" for one in letters if one != LETTERS[name]]
        return letter, LETTERS[name] not in letters, [*such_that, *(f"{letter} {said}" for said, _ in picked)]

    def _picked(self, pick: Pick, name: str) -> list[tuple[str, str]]:
        """Return what is chosen in a dimension as conditions on its letter, with the member where it is one by itself."""
        chosen = list[tuple[str, str]]()
        for word in [word for word in WORDS if AXIS[word] == name]:
            choice, dimension = getattr(pick, word), self.lines.facts.dimensions[word]
            if choice is not None and EVERYTHING not in choice:
                one = str(choice[0])
                alone = len(choice) == 1 and one in dimension.ids and int(dimension.masks[one].sum()) == 1
                chosen.append((f"= {one}", one) if alone else (f"in {_chosen(choice)}", ""))
        return chosen


def _chosen(choice: Sequence[Alternative]) -> str:
    """Return a choice of members as a set."""
    if all(str(one).isdigit() for one in choice):
        return year_ranges([int(str(one)) for one in choice])
    texts = [one if isinstance(one, str) else " and ".join(f"{g}:{'|'.join(values)}" for g, values in one) for one in choice]
    return texts[0] if len(texts) == 1 else f"{{{', '.join(texts)}}}"
