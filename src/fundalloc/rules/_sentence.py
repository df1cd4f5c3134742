"""The figures in a rule's sentence: {limit} and its like are filled from the limits in force, so that no sentence contradicts them.

{limit} is the figure of the member and side in question; {at_least}, {at_most} and {exactly} name the side; a kind may have more
of its own, such as {within}. Where no one member or side is meant, all figures are told: `7 %`, or `7 %–12 %`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from fundalloc.labels import Words
from fundalloc.money import Figure, decimals, percent
from fundalloc.rules.statement import Sense, Unit

if TYPE_CHECKING:
    from fundalloc.rules.kind import Kind

LIMIT = "limit"
FINEST = 6
"""Decimals of one euro."""
SLIGHT = Fraction(1, 100)
"""What rounding may change of an amount that others are reckoned from."""


def spoken(rule: Kind | type[Kind], value: Fraction, language: str, *, share: bool) -> str:
    """Write a figure as people do: `7 %`, `EUR 736 million`, `3`."""
    words = Words(language)
    if share:
        return percent(value).replace(".", words("number.decimal"))
    number = words.number(value, min(decimals(value), FINEST))
    return number if rule.unit is not Unit.MONEY else words("number.money_one" if abs(value) < 2 else "number.money", amount=number)


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
    key = rule.key_of(member, figures)
    return list(figures.values()) if key is None else [figures[key]]


def _all(rule: Kind, figures: Sequence[Figure], language: str) -> str:
    values = sorted({figure.value for figure in figures})
    return "–".join(spoken(rule, value, language, share=rule.relative) for value in dict.fromkeys([*values[:1], *values[-1:]]))


def reckoned(rule: Kind, figure: Fraction, limit: Fraction, base: Fraction | None, places: int, language: str = "en") -> tuple[str, str]:
    """Write a limit in EUR million, and how a relative one comes to it: `96.0`, `120.0 less 20 %` or `80 % of 120.0`, else nothing.

    `places` is how many decimals are shown, or more where that is needed for the two to agree.
    """
    words = Words(language)
    if not rule.relative or base is None:
        return words.number(limit, places if rule.relative else max(places, min(decimals(limit), FINEST))), ""
    own = rule.own_figures()
    around = bool(rule.limit_said(dict.fromkeys(own, "x")))  # the base with some room
    factor = Fraction(1) if around else figure
    rest, share = limit - factor * base, own.get("within")
    wide = share.value if around and share and abs(rest) == share.value * base else None

    def agree(digits: int) -> bool:
        """Whether the shown figures come to the limit shown, and are about what they stand for."""
        whole = round(base, digits)
        room = round(rest, digits) if wide is None else (wide if rest > 0 else -wide) * whole
        exact = abs(factor * whole + room - round(limit, digits)) * 2 <= Fraction(1, 10**digits)
        return exact and all(abs(round(value, digits) - value) <= value * SLIGHT for value in (base, limit))

    digits = next(filter(agree, range(places, FINEST)), FINEST)
    part = words.number(base, min(digits, max(decimals(base), 1)))
    part = part if around else words("number.share_of", share=spoken(rule, figure, language, share=True), whole=part)
    if rest or wide is not None:
        said = words.number(abs(rest), digits) if wide is None else spoken(rule, wide, language, share=True)
        part = words(f"number.{'more' if rest > 0 else 'less'}", part=part, room=said)
    return words.number(limit, digits), part


def asked(rule: Kind, figure: Fraction, limit: Fraction, base: Fraction | None, places: int, language: str = "en") -> str:
    """Write what a demand asks: the limit as it is written, or in EUR million with what it is reckoned from."""
    amount, how = reckoned(rule, figure, limit, base, places, language)
    return f"{Words(language)('number.money', amount=amount)} ({how})" if how else rule.written(figure, places, language)
