"""The field types that planners write: amounts, shares, years, names, flags.

Each is a pydantic annotation that reads text exactly and refuses anything doubtful with a hint. They are shared by the
facts and by every rule kind, and they carry their own JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from fundalloc.labels import LANGUAGES
from fundalloc.money import DECIMALS, LARGEST, Figure, NotANumber, parse_figure, parse_spread, percent

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$"
FIRST_YEAR, LAST_YEAR = 1990, 2100


T = TypeVar("T")


class Told:
    """Marks a field that is only told: no amount of any plan depends on it."""


TOLD = Told()
Note = Annotated[str, TOLD]
"""A text of one language about an entry: its source, how sure it is, its budget line."""


def told_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields of a model that are only told."""
    return frozenset(name for name, field in model.model_fields.items() if TOLD in field.metadata or _marked(field.annotation))


def _marked(annotation: Any) -> bool:
    return TOLD in getattr(annotation, "__metadata__", ()) or any(map(_marked, get_args(annotation)))


def refuse(message: str, hint: str = "", at: tuple[int | str, ...] = ()) -> PydanticCustomError:
    """Return the error that the loader turns into a problem with place, message and hint; `at` is a path inside the value."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint, "at": at})


def inside(part: int | str, read: Callable[[Any], T], raw: Any) -> T:
    """Read one part of a value, so that an error knows the part."""
    try:
        return read(raw)
    except PydanticCustomError as error:
        context = error.context or {}
        raise refuse(context["message"], context["hint"], (part, *context["at"])) from None


def _figure(raw: Any) -> Figure:
    if isinstance(raw, Figure):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Fraction):
        raise refuse("expected a number", "such as 12.5 or 15 %")
    if isinstance(raw, Fraction):
        return Figure(raw)
    try:
        spread = parse_spread(str(raw))
        figure = parse_figure(str(raw)) if spread is None else Figure(spread.likely, spread.percent)
    except NotANumber as error:
        raise refuse(str(error), error.hint) from None
    if abs(figure.value) > LARGEST:
        raise refuse(f"{raw} is too large", "amounts are in EUR million")
    if (figure.value * 10**DECIMALS).denominator != 1:
        raise refuse(f"{raw} has more than {DECIMALS} decimals", "six decimals of EUR million are exact to the euro")
    return figure


def _not_negative(figure: Figure, what: str, raw: Any, hint: str = "write zero or more") -> Figure:
    if figure.value < 0:
        raise refuse(f"{what} cannot be negative: {raw}", hint)
    return figure


def read_amount(raw: Any) -> Fraction:
    """Read EUR million, zero or more."""
    figure = _figure(raw)
    if figure.percent:
        raise refuse(f"expected an amount in EUR million, found {raw}", "write it without the percent sign")
    return _not_negative(figure, "an amount", raw).value


def read_share(raw: Any) -> Fraction:
    """Read a share from 0 % to 100 %."""
    hint = "write a share from 0 % to 100 %"
    figure = _not_negative(_figure(raw), "a share", raw, hint)
    if figure.value > 1:
        raise refuse(f"a share cannot be above 100 %: {raw}", f"write {raw} %" if not figure.percent and figure.value <= 100 else hint)
    return figure.value


def read_coefficient(raw: Any) -> Fraction:
    """Read a coefficient from 0 to 1."""
    figure = read_limit(raw)
    if figure.value > 1:
        raise refuse(f"a coefficient cannot be above 1: {raw}", "it says how much of a euro counts")
    return figure.value


def read_signed(raw: Any) -> Fraction:
    """Read a number on either side of zero."""
    return _figure(raw).value


def read_limit(raw: Any) -> Figure:
    """Read an amount or a share, zero or more."""
    return _not_negative(_figure(raw), "a limit", raw)


def read_factor(raw: Any) -> Fraction:
    """Read a number, zero or more."""
    return read_limit(raw).value


SANE = 2
"""A plain number above this, where a share of something else is meant, was meant as a percentage."""


def check_relative(figure: Figure, at: tuple[int | str, ...] = ()) -> None:
    """Refuse a plain 80 where 80 % is meant: it would mean 8000 %."""
    if not figure.percent and figure.value > SANE:
        raise refuse(f"{figure} without a percent sign would be {percent(figure.value)}", f"write {percent(figure.value / 100)}", at)


def read_relative(raw: Any) -> Fraction:
    """Read a share of something else, zero or more, also above 100 %."""
    figure = read_limit(raw)
    check_relative(figure)
    return figure.value


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw in ("true", "false"):
        return bool(raw == "true")
    raise refuse(f"expected true or false, found '{raw}'", "write true or false, in small letters and without quotes")


_YEARS = re.compile(r"([0-9]{4})(?:\s*-\s*([0-9]{4}))?")


def is_year(key: object) -> bool:
    """Return whether a key is a year, in the digits 0 to 9."""
    return re.fullmatch("[0-9]{4}", str(key)) is not None


def spread_years(text: str) -> tuple[int, ...]:
    """Turn `2024` or `2024-2027` into years; ValueError when it is neither."""
    match = _YEARS.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    first, last = int(match[1]), int(match[2] or match[1])
    if not (FIRST_YEAR <= first <= last <= LAST_YEAR):
        raise ValueError(text)
    return tuple(range(first, last + 1))


def _year_range(raw: Any) -> tuple[int, ...]:
    try:
        return spread_years(str(raw))
    except ValueError:
        raise refuse(f"'{raw}' is not a year or a range of years", "write 2024 or 2024-2027") from None


def read_years(raw: Any) -> tuple[int, ...]:
    """Read a year, a range of years, or a list of these."""
    parts = raw if isinstance(raw, list | tuple) else [raw]
    years: set[int] = set()
    for k, part in enumerate(parts):
        years.update(inside(k, _year_range, part))
    if not years:
        raise refuse("expected at least one year", "write 2024 or 2024-2027")
    return tuple(sorted(years))


def _by_year(raw: Any) -> dict[int, Fraction]:
    """Read one amount, or amounts by year (ranges are already spread), as {year: amount}; key 0 means every year."""
    if not isinstance(raw, Mapping):
        return {0: read_amount(raw)}
    if not raw or not all(is_year(key) for key in raw):
        raise refuse("expected an amount, or amounts by year", "such as 55 or {2024: 20, 2025-2027: 40}")
    return {int(key): inside(str(key), read_amount, value) for key, value in raw.items()}


def in_year(amounts: Mapping[int, Fraction] | None, year: int) -> Fraction | None:
    """Return the amount of one year, or None when nobody says."""
    return amounts.get(year, amounts.get(0)) if amounts is not None else None


class Text(dict[str, str]):
    """A text in one or more languages; `str()` gives English, or the first language there is."""

    def __str__(self) -> str:
        return self.within("en")

    def within(self, language: str) -> str:
        """Return the text in `language`, else in English, else in whatever language it has."""
        return self.get(language) or self.get("en") or next(iter(self.values()), "")

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted(self.items())))


def _text(raw: Any) -> Text:
    if isinstance(raw, str) and raw.strip():
        return Text(en=raw.strip())
    if isinstance(raw, Mapping) and raw:
        unknown = [key for key in raw if key not in LANGUAGES]
        if unknown:
            raise refuse(f"unknown language '{unknown[0]}'", f"expected one of: {', '.join(LANGUAGES)}")
        if all(isinstance(value, str) and value.strip() for value in raw.values()):
            return Text({key: value.strip() for key, value in raw.items()})
    raise refuse("expected a text, or one per language", "such as {en: Tunisia, fr: Tunisie}")


def read_tags(raw: Any) -> tuple[str, ...]:
    """Read tags `group:value`."""
    listed = raw if isinstance(raw, list | tuple) else [raw]
    for k, tag in enumerate(listed):
        if not isinstance(tag, str) or not re.fullmatch(r"[a-z][a-z0-9_-]*:[A-Za-z0-9][A-Za-z0-9_.-]*", tag):
            raise refuse(f"'{tag}' is not a tag", "write group:value, such as route:central-med", (k,))
    return tuple(dict.fromkeys(listed))


def read_iso3(raw: Any) -> str:
    """Read a country code of three letters."""
    if raw and not (isinstance(raw, str) and re.fullmatch(r"[A-Z]{3}", raw)):
        raise refuse(f"'{raw}' is not an ISO 3166 three-letter code", "write three capital letters, such as NOR for Norway")
    return str(raw)


def read_id(raw: Any) -> str:
    """Read an id."""
    if not isinstance(raw, str) or not re.fullmatch(ID_PATTERN, raw):
        raise refuse(f"'{raw}' cannot be an id", "use letters, digits, - _ and . (at most 60, no spaces)")
    if raw == "all":
        raise refuse("'all' cannot be an id: it means everything", "choose another id")
    return raw


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


_NUMBER: dict[str, Any] = {"type": ["number", "string"]}


Amount = Annotated[Fraction, PlainValidator(read_amount), _schema(**_NUMBER, description="EUR million, zero or more, such as 12.5")]
Share = Annotated[Fraction, PlainValidator(read_share), _schema(**_NUMBER, description="0 % to 100 %, such as 20 %")]
Limit = Annotated[Figure, PlainValidator(read_limit), _schema(**_NUMBER, description="an amount or a share, such as 12.5 or 20 %")]
Relative = Annotated[Fraction, PlainValidator(read_relative), _schema(**_NUMBER, description="a share, such as 80 % or 120 %")]
Factor = Annotated[Fraction, PlainValidator(read_factor), _schema(**_NUMBER, description="a number or a share, zero or more, such as 1.5")]
_AMOUNTS = _schema(
    type=["number", "string", "object"], description="an amount, or amounts by year or range of years, such as {2025: 20, 2026-2027: 40}"
)
ByYear = Annotated[dict[int, Fraction], PlainValidator(_by_year), _AMOUNTS]
Flag = Annotated[bool, PlainValidator(_flag), _schema(type="boolean")]
_YEAR_LIST = _schema(
    type=["integer", "string", "array"],
    items={"type": ["integer", "string"]},
    description="a year, a range or a list of these, such as 2021-2027",
)
Years = Annotated[tuple[int, ...], PlainValidator(read_years), _YEAR_LIST]
_PER_LANGUAGE = {"type": "object", "propertyNames": {"enum": list(LANGUAGES)}}
_TEXTS = _schema(anyOf=[{"type": "string"}, _PER_LANGUAGE], description="text, or one per language, such as {en: Tunisia, fr: Tunisie}")
Multilingual = Annotated[Text, TOLD, PlainValidator(_text), _TEXTS]
_NAMES = "letters, digits, - _ and ., at most 60, such as returns-floor"
Id = Annotated[str, PlainValidator(read_id), _schema(type="string", pattern=ID_PATTERN, description=_NAMES)]
Iso3 = Annotated[str, TOLD, PlainValidator(read_iso3), _schema(type="string", pattern="^[A-Z]{3}$")]
_TAGS = _schema(type=["string", "array"], items={"type": "string"}, description="group:value, one or a list, such as route:central-med")
Tags = Annotated[tuple[str, ...], PlainValidator(read_tags), _TAGS]
