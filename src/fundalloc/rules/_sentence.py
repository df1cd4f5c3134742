"""The figures in a rule's sentence: {limit} and its like are filled from the limits in force, so that no sentence contradicts them.

{limit} is the figure of the member and side in question; {at_least}, {at_most} and {exactly} name the side; a kind may have more
of its own, such as {within}. Where no one member or side is meant, all figures are told: `7 %`, or `7 %–12 %`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from fundalloc.labels import label
from fundalloc.money import Figure, decimals, euro, percent
from fundalloc.rules._rows import Sense

if TYPE_CHECKING:
    from fundalloc.rules._kind import Kind

LIMIT = "limit"
FINEST = 6
"""Decimals of one euro."""


def spoken(rule: Kind | type[Kind], value: Fraction, language: str, *, share: bool) -> str:
    """Write a figure as people do: `7 %`, `EUR 736 million`, `3`."""
    if share:
        return percent(value).replace(".", label("number.decimal", language))
    number = euro(value, min(decimals(value), FINEST)).replace(".", label("number.decimal", language))
    return (
        number if rule.unit != "million EUR" else label("number.money_one" if abs(value) < 2 else "number.money", language, amount=number)
    )


def figures_of(rule: Kind, member: Sequence[str], sense: Sense | None, language: str) -> dict[str, str]:
    """Return {placeholder: text} for the figures of a rule, for one member where there is one of that name."""
    limits = {one: _of_member(rule, figures, member) for one, figures in rule.limits()}
    said = {one.field: _all(rule, figures, language) for one, figures in limits.items()}
    own = {name: spoken(rule, figure.value, language, share=figure.percent) for name, figure in rule.own_figures().items()}
    chosen = limits.get(sense, []) if sense is not None else []
    whole = _all(rule, chosen or [figure for figures in limits.values() for figure in figures], language)
    return {LIMIT: rule.limit_said(own) or whole, **said, **own}


def names_of(rule: Kind) -> set[str]:
    """Return the placeholders of figures that a rule has."""
    return {LIMIT, *(sense.field for sense, _ in rule.limits()), *rule.own_figures()}


def _of_member(rule: Kind, figures: Mapping[str, Figure], member: Sequence[str]) -> list[Figure]:
    """Return the figure of one member, or all of them where the member has none of its own."""
    short = member[: len(rule.for_each)]
    for key in ("|".join(member), *member[len(short) :], "|".join(short), ""):
        if key in figures:
            return [figures[key]]
    return list(figures.values())


def _all(rule: Kind, figures: Sequence[Figure], language: str) -> str:
    values = sorted({figure.value for figure in figures})
    return "–".join(spoken(rule, value, language, share=rule.relative) for value in dict.fromkeys([*values[:1], *values[-1:]]))


def reckoned(rule: Kind, figure: Fraction, limit: Fraction, base: Fraction | None, places: int, language: str = "en") -> str:
    """Say how a relative limit comes to its EUR million: `80 % of 120.0`, `120.0 less 20 %`; nothing for a limit that is an amount."""
    if not rule.relative or base is None:
        return ""
    whole, own = _number(base, places, language), rule.own_figures()
    if rule.limit_said(dict.fromkeys(own, "x")):
        part, rest = whole, limit - base
        share = own.get("within")
        room = spoken(rule, share.value, language, share=True) if share and abs(rest) == share.value * base else ""
    else:
        part, rest = (
            label("number.share_of", language, share=spoken(rule, figure, language, share=True), whole=whole),
            limit - figure * base,
        )
        room = ""
    if rest == 0 and not room:
        return part
    return label(f"number.{'more' if rest > 0 else 'less'}", language, part=part, room=room or _number(abs(rest), places, language))


def asked(rule: Kind, figure: Fraction, limit: Fraction, base: Fraction | None, places: int, language: str = "en") -> str:
    """Write what a demand asks: the limit as it is written, or in EUR million with what it is reckoned from."""
    how = reckoned(rule, figure, limit, base, places, language)
    return (
        f"{label('number.money', language, amount=_number(limit, places, language))} ({how})"
        if how
        else rule.written(figure, places, language)
    )


def _number(value: Fraction, places: int, language: str) -> str:
    return euro(value, places).replace(".", label("number.decimal", language))
