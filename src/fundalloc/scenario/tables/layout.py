"""What a scenario says of a table that others laid out: where its headings stand, which column is which, in what unit, who is who."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from fundalloc.facts.entities import Record
from fundalloc.facts.fields import Factor, Flag, read_factor, refuse

SCALES = {"": Fraction(1, 10**6), "thousand": Fraction(1, 1000), "million": Fraction(1), "billion": Fraction(1000)}
"""Words of size, and what one of it is in million."""
SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
EURO = "EUR"
YEAR = "{year}"
"""Stands in a heading for the year that every column has of its own."""

Words = Annotated[tuple[str, ...], BeforeValidator(lambda raw: [raw] if isinstance(raw, str) else raw)]


class MoneyUnit(tuple[str, Fraction]):
    """Currency, and what one of it is in million."""


def _unit(raw: Any) -> MoneyUnit:
    words = [SIGNS.get(word, word) for word in re.sub(r"([€$£])", r" \1 ", str(raw)).split()]
    scales = [word for word in words if word in SCALES]
    currencies = [word for word in words if re.fullmatch("[A-Z]{3}", word)]
    if isinstance(raw, str) and words and len(scales) <= 1 and len(currencies) == 1 and len(words) == len(scales) + 1:
        return MoneyUnit((currencies[0], SCALES[scales[0] if scales else ""]))
    raise refuse(f"'{raw}' is no unit", "write EUR, EUR thousand, EUR million, or another currency with its code, such as USD million")


def _rates(raw: Any) -> dict[str, Fraction]:
    rates = {key: read_factor(value) for key, value in raw.items()} if isinstance(raw, dict) else {"": read_factor(raw)}
    if not rates or min(rates.values()) <= 0:
        raise refuse("a rate must be above zero", "it says how many euro one unit of the currency is worth, such as 0.92")
    return rates


def _rows(raw: Any) -> tuple[int, ...]:
    listed = raw if isinstance(raw, list) else [raw]
    if not listed or not all(isinstance(row, str) and re.fullmatch("[1-9][0-9]{0,6}", row) for row in listed):
        raise refuse(f"'{raw}' names no rows", "write header: 4, or header: [4, 5], as the sheet numbers its rows")
    rows = tuple(map(int, listed))
    if list(rows) != list(range(rows[0], rows[0] + len(rows))):
        raise refuse("the rows of the heading must follow each other", "write header: [4, 5]")
    return rows


def _encoding(raw: Any) -> str:
    try:
        "".encode(raw)
    except (LookupError, TypeError, UnicodeError):
        raise refuse(f"'{raw}' is no encoding", "such as utf-8, cp1252, cp1251, iso-8859-1 or utf-16") from None
    return str(raw)


def _separator(raw: Any) -> str:
    if raw == "tab" or (isinstance(raw, str) and len(raw) == 1 and not raw.isalnum() and raw not in '"\n\r'):
        return str(raw)
    raise refuse(f"'{raw}' is no separator", "write one sign, such as '|', or the word tab")


def _codes(raw: Any) -> str | dict[str, str]:
    if isinstance(raw, str) or (isinstance(raw, dict) and all(isinstance(member, str) for member in raw.values())):
        return raw
    raise refuse("expected foreign words with our ids, or a file", "such as codes: {Türkiye: turkiye}, or codes: codes.csv")


def _totals(raw: Any) -> Any:
    return {"like": raw} if isinstance(raw, str | list) else raw


class Totals(Record):
    """Rows that hold sums of others."""

    like: Words
    """What the cell of such a row says; `*` stands for anything; such as TOTAL*."""
    column: str = ""
    """The column in which it says so; absent: any column of texts that is read."""
    within: Factor = Fraction(0)
    """By how much a total may differ where its rows were rounded, in the numbers of the file."""


class Split(Record):
    """Cells that hold several members, and their shares of the amount in another column."""

    column: str
    """The column of the members, such as Countries."""
    shares: str
    """The column of their shares in percent, such as Percent."""
    sign: str = ";"
    """What stands between them, such as "|"."""


def _kept(raw: Any) -> tuple[bool, tuple[str, ...]]:
    keeps = not (isinstance(raw, dict) and set(raw) == {"not"})
    listed = raw if keeps else raw["not"]
    listed = [listed] if isinstance(listed, str) else listed
    if not isinstance(listed, list) or not listed or not all(isinstance(text, str) for text in listed):
        raise refuse("expected a text, a list of texts, or {not: …}", "such as where: {Status: Active}")
    return keeps, tuple(listed)


_TEXT = WithJsonSchema({"type": "string"})
_ANY = WithJsonSchema({"type": ["string", "array", "object"]})


class Layout(Record):
    """How a foreign table is read; every key is optional, and a table that has one of them is read so."""

    sheet: str = ""
    """The worksheet; or write it behind the file: book.xlsx#Sheet; such as Annex I."""
    encoding: Annotated[str, PlainValidator(_encoding), _TEXT] = "utf-8"
    """Of a text file, such as cp1252."""
    separator: Annotated[str, PlainValidator(_separator), _TEXT] = ""
    """Of a text file: one sign, or the word tab; absent: comma or semicolon, whichever the first line has more of; such as tab."""
    header: Annotated[tuple[int, ...], PlainValidator(_rows), WithJsonSchema({"type": ["integer", "array"]})] = ()
    """The row of the headings, or rows that make one together; absent: the first row that is not empty; such as [4, 5]."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our column: its heading, such as {partnership: Partner, amount: Commitments}."""
    always: dict[str, str] = Field(default_factory=dict)
    """Our column: what it says in every row, such as {state: planned}."""
    unit: Annotated[MoneyUnit, PlainValidator(_unit), _TEXT] = MoneyUnit((EURO, Fraction(1)))
    """Of the columns of money; absent: EUR million; such as USD thousand."""
    currency: str = ""
    """The column that holds the currency of each row, such as Currency."""
    rate: Annotated[dict[str, Fraction], PlainValidator(_rates), WithJsonSchema({"type": ["number", "string", "object"]})] = Field(
        default_factory=dict
    )
    """Euro for one unit of the currency, or a rate for each currency, such as {USD: 0.92}."""
    codes: Annotated[str | dict[str, str], PlainValidator(_codes), _ANY] = Field(default_factory=dict)
    """Foreign word: our id; or a file with the columns word and id; such as {Türkiye: turkiye}."""
    where: dict[str, Annotated[tuple[bool, tuple[str, ...]], PlainValidator(_kept), _ANY]] = Field(default_factory=dict)
    """Heading: what a row must say there to be read, or {not: …}; such as {Status: Active}."""
    years: Literal["columns", "dates"] | None = None
    """columns: one column a year, its heading written with {year}; dates: a date in the year column counts in its year; such as columns."""
    totals: Annotated[Totals | None, BeforeValidator(_totals), _ANY] = None
    """Rows that must equal the rows since the one before, or all rows, such as [Sub-total*, TOTAL]."""
    empty: Words = ()
    """What stands for no figure, such as [p.m., "-"]."""
    ignore: Words = ()
    """Headings of columns that are not read; `*` stands for anything. Their words become the row's source; such as [Remarks, Total*]."""
    split: Split | None = None
    """Divides a row among members by their shares, such as {column: Countries, shares: Percent}."""
    sum: Flag = False
    """Adds up rows that have the same keys."""


LAYOUT_KEYS = tuple(Layout.model_fields)


def heading_pattern(text: str) -> re.Pattern[str]:
    """Return what a heading must look like, with the year as a group where `{year}` stands."""
    before, year, after = text.partition(YEAR)
    return re.compile(re.escape(before) + ("((?:19|20)[0-9]{2})" if year else "") + re.escape(after))


def folded(text: str) -> str:
    """Return a name as names are compared: without regard to capitals and spaces."""
    return " ".join(text.casefold().split())


Names = Mapping[str, Mapping[str, str]]
"""Column → {name, folded: id}."""
