"""The mathematics of a scenario on one page: sets and their sizes, variables, objective, rules, stages, and what is held.

Everything comes from the scenario and from the size of the program that it compiles to. Formulas have signs that any terminal has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from fundalloc.errors import year_ranges
from fundalloc.labels import Words
from fundalloc.money import decimals, percent, plain
from fundalloc.rules._formula import Symbols
from fundalloc.rules.kind import Kind
from fundalloc.scenario.scenario import Scenario

FEW = 12  # figures of a rule that are written out
GOALS = {
    "impact": "max score",
    "lowest_coverage": "max min{{{of}}} sum q / sum n",
    "fair": "lexmax min{{{of}}} sum q / sum n",
    "unallocated": "max sum{{i,p,a,t: i in budget}} x[i,p,a,t]",
    "change": "min sum{{i,p,a,t}} |x[i,p,a,t] - x0[i,p,a,t]|",
}


class Stated(NamedTuple):
    """One line of the page: a set, a figure, a variable, a rule …; `part` and `says` are printed, `number` is how many there are."""

    part: str
    name: str
    says: str
    number: int | None = None
    formulas: tuple[str, ...] = ()
    figures: str = ""

    @property
    def titled(self) -> str:
        """Its name, and how many there are."""
        return self.name if self.number is None else f"{self.name} ({self.number})"


def formulation(scenario: Scenario, sizes: Mapping[str, int], words: Words, *, outside: bool = False) -> list[Stated]:
    """Return the page, part by part; for outside, penalties are `pen`."""
    rules = [stated for rule in scenario.rules if (stated := _rule(scenario, rule, words)) is not None]
    part, measured = words("formulation.sizes"), sizes.items() if sizes["rows"] else ()  # a plan made by hand has no program
    counts = [Stated(part, name, words(f"workbook.log.{name}"), number) for name, number in measured]
    return [*_sets(scenario, words), *_program(scenario, words, outside), *rules, *_stages(scenario, words), *counts]


def as_lines(stated: Sequence[Stated], markdown: bool) -> Iterator[str]:
    """Yield the page as text, or as Markdown."""
    head, item, inner = ("\n## {}\n", "- `{}`", "  - `{}`") if markdown else ("\n{}", "  {}", "      {}")
    for part, inside in groupby(stated, key=attrgetter("part")):
        yield head.format(part)
        for one in inside:
            yield f"{item.format(one.titled)}: {'; '.join(filter(None, (one.says, one.figures)))}"
            yield from map(inner.format, one.formulas)


def _sets(scenario: Scenario, words: Words) -> Iterator[Stated]:
    facts, steps = scenario.facts, max(len(bands) for bands in scenario.facts.returns)
    planned = [i.id for i in facts.instruments if i.counts != "memo"]
    partners = [p.id for p in facts.partnerships if p.id in facts.leaf_ids]
    part, said = words("formulation.sets"), [f"workbook.log.{key}" for key in ("instruments", "partnerships", "areas", "years", "lines")]
    yield Stated(part, "i, p, a, t, c, v, z", words("formulation.letters"))
    for name, key, number, members in (
        ("i in I", said[0], len(planned), ", ".join(planned)),
        ("p in P", said[1], len(partners), ", ".join(partners)),
        ("a in A", said[2], len(facts.areas), ", ".join(facts.dimensions.area.ids)),
        ("t in T", said[3], len(facts.years), year_ranges(facts.years)),
        ("(i,p,a,t) in L", said[4], len(scenario.lines), ""),
        ("(p,a) in N", "sheet.needs.name", len(facts.needs), ""),
        ("j in J", "formulation.returns", steps, f"1-{steps}"),
    ):
        yield Stated(part, name, words(key), number, figures=members)
    for bands in dict.fromkeys(facts.returns):
        who = ", ".join(area for area, own in zip(facts.dimensions.area.ids, facts.returns, strict=True) if own == bands)
        each = ", ".join(f"{percent(band.share)} x {plain(band.value)}" for band in bands)
        yield Stated(part, "s[a,j], g[a,j]", words("formulation.returns"), figures=f"{who}: {each}")


def _program(scenario: Scenario, words: Words, outside: bool) -> Iterator[Stated]:
    """The variables, and what they add up to."""
    lines, facts, part = scenario.lines, scenario.facts, words("formulation.objective")
    fixed, least = int(lines.fixed.sum()), int(np.count_nonzero((lines.decided > 0) & ~lines.fixed))
    closed = f" (t in {year_ranges(sorted(facts.closed))})" if facts.closed else ""
    held = "; ".join(f"{said}: {number}" for said, number in ((f"x = d{closed}", fixed), ("x >= d", least)) if number)
    met = max(len(bands) for bands in facts.returns) * len(facts.needs)
    yield Stated(part, "x[i,p,a,t]", words("workbook.note.commitments.term"), len(lines), ("x[i,p,a,t] >= 0",), held)
    yield Stated(part, "q[p,a,j]", words("workbook.column.met"), met, ("0 <= q[p,a,j] <= s[a,j] * n[p,a]",))
    if len(lines.moves):
        yield Stated(part, "in, out", words("sheet.moves.title"), len(lines.moves), ("in[i,t], out[i,t] >= 0",))
    lost = [f"{'pen' if outside else plain(rule.soft)} * sum v[{rule.id}]" for rule in scenario.rules if rule.soft]
    last = [f"{'pen' if outside else plain(i.last_resort)} * sum{{p,a,t}} x[{i.id},p,a,t]" for i in facts.instruments if i.last_resort]
    score = " - ".join(["score = sum{p,a,j} w[p,a] * g[a,j] * q[p,a,j]", *lost, *last])
    money = "sum{i,b,t: b = a or b within a} e[i,b] * x[i,p,b,t]" if facts.dimensions.area.within else "sum{i,t} e[i,a] * x[i,p,a,t]"
    yield Stated(part, "score", words("workbook.note.score.term"), formulas=(score,))
    yield Stated(part, "sum{j} q[p,a,j]", words("workbook.column.met"), len(facts.needs), (f"sum{{j}} q[p,a,j] <= {money}",))


def _rule(scenario: Scenario, rule: Kind, words: Words) -> Stated | None:
    """State a rule; None where it asks nothing of anybody."""
    demands = rule.demands(scenario.lines)
    if not len(demands):
        return None
    force = words(f"workbook.force.{'watched' if rule.watch else 'hard' if rule.soft is None else 'soft'}")
    figures = dict(zip(map("|".join, demands.member), demands.figure, strict=True))
    if len(set(figures.values())) > 1 and len(figures) == len(demands):
        each = [f"{member} {rule.written(figure, scenario.decimals, words.language)}" for member, figure in figures.items()]
        ends = (rule.written(end(figures.values()), scenario.decimals, words.language) for end in (min, max))
        force += f"; {'' if rule.built_in else 'c: '}{', '.join(each) if len(each) <= FEW else ' – '.join(ends)}"
    says = words.word("workbook.kind", rule.kind) if rule.built_in else rule.said_of_all(words.language)
    formulas = tuple(rule.formulas(Symbols(rule, scenario.lines)))
    return Stated(words("sheet.rules.name"), rule.id, says, len(demands), formulas, force)


def _stages(scenario: Scenario, words: Words) -> Iterator[Stated]:
    """The stages in their order with what may be given up of each, then settling and rounding."""
    head, part, step = scenario.head, words("formulation.stages"), plain(scenario.facts.step)

    def held(share: Fraction) -> str:
        return words("formulation.held", share=words.share(share, decimals(share * 100)))

    for k, stage in enumerate(head.objective, start=1):
        yield Stated(part, f"{k}", stage.goal, formulas=(GOALS[stage.goal].format(of=",".join(stage.for_each)),), figures=held(stage.give))
    starts = scenario.facts.baseline is not None or scenario.baseline is not None
    distance = "|x[i,p,a,t] - x0[i,p,a,t]|" if starts else "d(x[i,p,a,t] - r[i,p,a,t])"
    close = held(head.settle.stay_close) if head.settle.stay_close else ""
    yield Stated(part, "settle", words("formulation.settle"), formulas=(f"min sum{{i,p,a,t}} {distance}",), figures=close)
    yield Stated(part, "round", words("workbook.note.rounding.term"), formulas=(f"x[i,p,a,t] in {{0, {step}, 2 * {step}, ...}}",))
