"""Figures that a rule's sentence carries itself: where they are the limit, it should say {limit}; where they are not, it contradicts.

Looked at are percentages, amounts in EUR million, and of rules that count their small numbers. Years, articles and all other
numbers are left alone, and so are amounts in sentences of rules about shares, which often name what a share is taken of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from fundalloc.errors import some
from fundalloc.insight.doctor.remarks import Remark, warning
from fundalloc.money import percent, plain
from fundalloc.rules._sentence import LIMIT
from fundalloc.rules.kind import Kind
from fundalloc.scenario.document import locate
from fundalloc.scenario.scenario import Scenario

_SPACE = "[ \u00a0\u202f]"
_NUMBER = rf"\d+(?:{_SPACE}\d{{3}})*(?:[.,]\d+)?"
_SHARE = re.compile(rf"(?<![\w.,])({_NUMBER}){_SPACE}?%")
_MONEY = re.compile(rf"EUR{_SPACE}({_NUMBER}){_SPACE}million|(?<![\w.,])({_NUMBER}){_SPACE}(?:млн\.|millions?|Mio\.)")
_COUNT = re.compile(rf"(?<![\w.,/-])(\d{{1,2}})(?![\w,/-]|\.\d|{_SPACE}?%)")


def figures_in_sentences(scenario: Scenario) -> Iterator[Remark]:
    """Yield one warning per rule whose sentence, in any language, carries a figure of its own."""
    for rule in scenario.written_rules:
        found = next((one for text in rule.says.values() for one in _figures(rule, text)), None)
        if found is None:
            continue
        shown, name = found
        place = locate(scenario.tree, ("rules", rule.id, "says"))
        if name:
            said = f"the sentence of rule '{rule.id}' carries {shown} as text: it will not follow the limit"
            yield warning(place, said, f"write {{{name}}} for it")
        else:
            write = percent if rule.relative else plain
            limits = some(list(dict.fromkeys(write(figure.value) for _, figures in rule.limits() for figure in figures.values())))
            said = f"the sentence of rule '{rule.id}' says {shown}, its limit is {limits}"
            yield warning(place, said, f"write {{{LIMIT}}} where it means the limit, or take the figure out")


def _figures(rule: Kind, text: str) -> Iterator[tuple[str, str]]:
    """Yield (figure as written, the placeholder that says the same, or nothing) for figures that the sentence carries itself."""
    for pattern, share in ((_SHARE, True), (_MONEY if rule.in_money else _COUNT, False)):
        known = [(name, values) for name, values, own in _known(rule) if own is share]
        about = known and rule.in_money and (share or not rule.relative)
        for match in pattern.finditer(text):
            figure = Fraction(re.sub(_SPACE, "", next(filter(None, match.groups()))).replace(",", ".")) / (100 if share else 1)
            name = next((name for name, values in known if figure in values), "")
            if name or about:
                yield match[0], name


def _known(rule: Kind) -> Iterator[tuple[str, set[Fraction], bool]]:
    """Yield (placeholder, figures, whether they are shares)."""
    own = rule.own_figures()
    limits = [] if rule.limit_said(dict.fromkeys(own, "x")) else rule.limits()
    for sense, figures in limits:
        yield LIMIT if len(limits) == 1 else sense.field, {figure.value for figure in figures.values()}, rule.relative
    for name, figure in own.items():
        yield name, {figure.value} - {Fraction(0)}, figure.percent
