"""Exact numbers: amounts in EUR million, shares, rounding steps, and how they are printed.

What people write is read exactly (:class:`fractions.Fraction`); what the linear program sees is floating point;
what leaves the program is whole multiples of the rounding step, kept as integers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]
"""The arrays of the whole house: what the linear program sees, exact amounts and positions, what is picked."""

DECIMALS = 9
"""No figure has more decimals: a thousandth of a euro, and products of two still fit into 64 bits."""

LARGEST = Fraction(10**9)
"""No figure is larger: EUR million in all the world's budgets."""

HARD_SPACE = "\u00a0"

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:(?P<mark>[ \u00a0\u202f,.'’])[0-9]{3}(?:(?P=mark)[0-9]{3})*)(?:[.,][0-9]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+)?|[0-9]{1,2}([./-])[0-9]{1,2}\2[0-9]{2,4}")
_LONGEST = 40


class NotANumber(ValueError):
    """Text that is no number; `hint` says how to write it."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written: exact, and whether it carried a percent sign (15 % is 3/20 with `percent`)."""

    value: Fraction
    percent: bool = False

    def __str__(self) -> str:
        return percent(self.value) if self.percent else plain(self.value)


def parse_figure(text: str) -> Figure:
    """Read `12.5`, `1e3` or `15 %` exactly; raise :class:`NotANumber` with a hint for anything else."""
    written = text.strip()
    is_percent = written.endswith("%")
    digits = written[:-1].rstrip() if is_percent else written
    shown = written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"
    if _NUMBER.fullmatch(digits) and not digits.startswith("+"):
        if len(digits) > _LONGEST:
            raise NotANumber(f"'{shown}' is too long for a number", "write an amount such as 12.5")
        value = Fraction(digits)
        return Figure(value / 100 if is_percent else value, is_percent)
    raise NotANumber(f"'{shown}' is not a number", _number_hint(digits))


@dataclass(frozen=True, slots=True)
class Spread:
    """An uncertain figure: `80..120`, each value as likely as any other, or `80..95..120`, most likely 95."""

    low: Fraction
    likely: Fraction
    """What is used where nothing is sampled: as written, or the middle."""
    high: Fraction
    percent: bool = False
    peaked: bool = False
    """Whether a most likely value was written."""

    def __str__(self) -> str:
        write = (lambda v: f"{plain(v * 100)} %") if self.percent else plain
        return "..".join(write(v) for v in (self.low, *([self.likely] if self.peaked else []), self.high))


def parse_spread(text: str) -> Spread | None:
    """Read `80..120` or `80..95..120`, where a percent sign holds for all; None for no range, :class:`NotANumber` for a wrong one."""
    if ".." not in text:
        return None
    parts = text.split("..")
    if len(parts) not in (2, 3):
        raise NotANumber(f"'{text.strip()}' is not a range", "write 80..120, or 80..95..120 with the most likely value")
    figures = [parse_figure(part) for part in parts]
    percent_ = any(f.percent for f in figures)
    values = [f.value / 100 if percent_ and not f.percent else f.value for f in figures]
    if values != sorted(values) or values[0] == values[-1]:
        raise NotANumber(f"'{text.strip()}' does not rise", "write the lowest figure first: 80..120, or 80..95..120")
    likely = values[1] if len(values) == 3 else (values[0] + values[-1]) / 2
    return Spread(values[0], likely, values[-1], percent_, len(values) == 3)


def _number_hint(digits: str) -> str:
    if digits.startswith("+"):
        return f"to add to an inherited amount write: inherited + {digits[1:].strip()}"
    if digits.startswith("inherited"):
        return "write inherited + 800 or inherited - 10 %, over an amount in the file that this one extends"
    if any(character.isdigit() and not character.isascii() for character in digits):
        return "write the digits 0 to 9"
    if is_date(digits):
        return "this is a date; in a spreadsheet give the cell the format of a number"
    if re.fullmatch(r"-?[1-9][0-9]{0,2},[0-9]{3}", digits):
        return f"write {digits.replace(',', '')} if these are thousands, {digits.replace(',', '.')} if these are decimals"
    if re.fullmatch(r"-?[0-9]+,[0-9]+", digits):
        return f"write the decimal sign as a point: {digits.replace(',', '.')}"
    if (match := _THOUSANDS.fullmatch(digits)) is not None:
        return f"write thousands without a separator: {digits.replace(match['mark'], '').replace(',', '.')}"
    if digits.lower() in {"nan", "inf", "-inf", ".nan", ".inf", "-.inf", "n/a", "p.m.", ""}:
        return "write an amount such as 12.5"
    return "expected a number such as 12.5 or a share such as 15 %"


def is_date(text: str) -> bool:
    """Return whether a text is a date such as 2025-01-31 or 31.1.2025, perhaps with a time."""
    return _DATE.fullmatch(text.strip()) is not None


def plain(value: Fraction) -> str:
    """Write an exact number without loss when its decimals end, else to 12 digits."""
    if value.denominator == 1:
        return str(value.numerator)
    twos, fives, rest = 0, 0, value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{float(value):.12g}"
    places = max(twos, fives)
    scaled = abs(value.numerator) * 10**places // value.denominator
    digits = str(scaled).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def percent(value: Fraction) -> str:
    """Write a share as a percentage: 3/20 is `15 %`."""
    return f"{plain(value * 100)}{HARD_SPACE}%"


def decimals(step: Fraction) -> int:
    """Return how many decimals an amount in EUR million needs when it is a whole multiple of `step`."""
    text = plain(step)
    return len(text.split(".")[1]) if "." in text else 0


def euro(value: float | Fraction, places: int) -> str:
    """Print EUR million with hard spaces between thousands: `12 500.0`; zero as `0.0`."""
    text = f"{float(value):,.{places}f}".replace(",", HARD_SPACE)
    return text[1:] if text.startswith("-") and float(text.replace(HARD_SPACE, "")) == 0 else text


def enough(places: int, *amounts: Fraction) -> int:
    """Return how many decimals these amounts in EUR million need, and no fewer than `places`."""
    return max(places, *(min(decimals(amount), DECIMALS) for amount in amounts))


def finer(places: int, amount: Fraction) -> int:
    """Return `places`, or three more where the amount does not end there."""
    return places if (amount * 10**places).denominator == 1 else places + 3


def apart(one: Fraction, other: Fraction, places: int) -> tuple[str, str]:
    """Print two amounts in EUR million with as many decimals as it takes to tell them apart, and no fewer than `places`."""
    while one != other and euro(one, places) == euro(other, places) and places < 2 * DECIMALS:
        places += 1
    return euro(one, places), euro(other, places)


def half_up(value: Fraction, places: int) -> float:
    """Round to some decimals, halves away from zero, as the ROUND of spreadsheets does."""
    whole = (2 * abs(value) * 10**places + 1) // 2
    return float(Fraction(whole if value > 0 else -whole, 10**places))


def floor_steps(value: Fraction, step: Fraction) -> int:
    """Return the largest number of whole steps within `value`."""
    return value.numerator * step.denominator // (value.denominator * step.numerator)  # Fraction's own // takes ten times as long


def ceil_steps(value: Fraction, step: Fraction) -> int:
    """Return the smallest number of whole steps that reaches `value`."""
    return -floor_steps(-value, step)


@dataclass(frozen=True)
class Exact:
    """An array of exact numbers over one common denominator: `numerator / denominator`, element by element."""

    numerator: NDArray[np.int64]
    denominator: int

    @classmethod
    def of(cls, values: Iterable[Fraction]) -> Exact:
        """Put fractions over their least common denominator. OverflowError when 64 bits do not suffice."""
        listed: Sequence[Fraction] = list(values)
        denominator = lcm(*{v.denominator for v in listed}) if listed else 1
        return cls(np.array([int(v * denominator) for v in listed], dtype=np.int64), denominator)

    @classmethod
    def whole(cls, shape: int | tuple[int, ...], value: int = 1) -> Exact:
        """Return an array filled with one whole number."""
        return cls(np.full(shape, value, dtype=np.int64), 1)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The same numbers in floating point, for the linear program."""
        return np.asarray(self.numerator / self.denominator, dtype=float)

    def __len__(self) -> int:
        return len(self.numerator)

    def reshape(self, *shape: int) -> Exact:
        """Return the same numbers in another shape."""
        return Exact(self.numerator.reshape(*shape), self.denominator)

    def __getitem__(self, index: Any) -> Exact:
        return Exact(self.numerator[index], self.denominator)

    def followed_by(self, other: Exact) -> Exact:
        """Return these numbers and after them those of another array, over a common denominator."""
        whole = lcm(self.denominator, other.denominator)
        parts = [part.numerator * (whole // part.denominator) for part in (self, other)]
        return Exact(np.concatenate(parts), whole)

    def __mul__(self, other: Exact) -> Exact:
        return Exact(exact_product(self.numerator, other.numerator), self.denominator * other.denominator)


def exact_product(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Multiply integers element by element; in Python's own where 64 bits might not hold them, or sums of them."""
    if float(np.abs(one).max(initial=0)) * float(np.abs(other).max(initial=0)) * max(one.size, other.size, 1) < 2.0**62:
        return one * other
    product: NDArray[np.int64] = one.astype(object) * other.astype(object)
    return product


def exact_sums(
    group: NDArray[np.intp] | tuple[NDArray[np.intp], ...], amounts: NDArray[np.int64], shape: int | Sequence[int]
) -> NDArray[np.int64]:
    """Add up integers without rounding, in an array of this shape; `group` says where each goes, by one index or several."""
    totals = np.zeros(shape, dtype=amounts.dtype)
    np.add.at(totals, group, amounts)
    return totals
