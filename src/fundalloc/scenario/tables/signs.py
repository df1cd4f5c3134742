"""Which sign is decimal in the numbers of a table: a point, or what a file with `;` shows, column by column, or what the table says.

`1,200` may be 1.2 or 1200. A leading 0, another number of digits than three behind the sign, or two signs in one number settle it for
their column; where nothing does, the table is refused. Afterwards every number has a decimal point and no thousands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from fundalloc.errors import Problems, some
from fundalloc.scenario.document import Scalar
from fundalloc.scenario.tables.table import Table

NAMES = {",": "comma", ".": "point"}
OTHER = {",": ".", ".": ","}
SHOWN = 3
"""How many numbers a message shows."""
_READINGS = {
    sign: re.compile(
        rf"[+-]?(?:(?P<grouped>[1-9][0-9]{{0,2}}(?:{re.escape(other)}[0-9]{{3}})+)(?:{re.escape(sign)}[0-9]*)?"
        rf"|[0-9]*{re.escape(sign)}?[0-9]*(?:[eE][+-]?[0-9]{{1,2}})?)"
    )
    for sign, other in OTHER.items()
}


class _Number(NamedTuple):
    """A figure with a sign in it, or one end of a range."""

    text: str
    row: int
    column: int
    readings: tuple[str, ...]
    """The signs that may be its decimal sign; none when it is no number."""


def settle(table: Table, numbers: Collection[str], said: Scalar | None, stored: Callable[[int, int], bool]) -> None:
    """Give every figure of these columns a decimal point, `absorption.2026` with `absorption`. Raises ScenarioError where that is a guess.

    `said` is the sign that the scenario says; `stored` tells the cells that are numbers by themselves, by row and column.
    """
    problems = Problems()
    if said is not None and said.text not in NAMES:
        problems.add(said.place, f"'{said.text}' is no decimal sign", "write decimal: ',' or decimal: '.'")
        problems.tell()
    columns = [k for k, column in enumerate(table.columns) if column.partition(".")[0] in numbers]
    texts = {k: {row: cells[k] for row, cells in enumerate(table.cells) if not stored(row, k)} for k in columns}
    found = {k: list(_numbers(k, texts[k])) for k in columns}
    settled = {sign: [n for listed in found.values() for n in listed if n.readings == (sign,)] for sign in NAMES}
    if said is not None:
        for number in settled[OTHER[said.text]][:1]:
            says = f"'{number.text}' has a decimal {NAMES[OTHER[said.text]]}, but `decimal` says {NAMES[said.text]}"
            problems.add(table.place(number.row, number.column), says, f"change it, or {said.place}")
    elif all(settled.values()):
        fewest = min(settled.values(), key=len)[0]
        problems.add(table.place(fewest.row, fewest.column), "decimal commas and decimal points in one file", "use one of them throughout")
    problems.tell()
    for column, listed in found.items():
        sign = said.text if said is not None else next((s for s in NAMES if any(n.readings == (s,) for n in listed)), "")
        doubtful = [] if said is not None else [n for n in listed if len(n.readings) > 1 and not _settled(n, sign, listed)]
        if doubtful:
            _doubt(table, column, doubtful, problems)
        elif sign:
            for row, text in texts[column].items():
                table.cells[row][column] = "..".join(_pointed(part, sign) for part in text.split(".."))
            table.commas |= {table.columns[column]} if sign == "," and said is None else set()
    problems.tell()


def _numbers(column: int, texts: Mapping[int, str]) -> Iterator[_Number]:
    for row, text in texts.items():
        for part in text.split(".."):
            bare = _bare(part)
            if "," in bare or "." in bare:
                yield _Number(part.strip(), row, column, tuple(sign for sign, reading in _READINGS.items() if reading.fullmatch(bare)))


def _bare(part: str) -> str:
    return part.strip().removesuffix("%").rstrip()


def _settled(number: _Number, sign: str, column: list[_Number]) -> bool:
    """Return whether the rest of a column says what such a number is: its sign is decimal there, or it has thousands as others there."""
    return bool(sign) and (sign in number.text or any(_grouped(n, sign) for n in column if n.readings == (sign,)))


def _grouped(number: _Number, sign: str) -> bool:
    match = _READINGS[sign].fullmatch(_bare(number.text))
    return match is not None and match["grouped"] is not None


def _doubt(table: Table, column: int, doubtful: list[_Number], problems: Problems) -> None:
    shown = some([n.text for n in doubtful], SHOWN)
    first, message = doubtful[0], f"thousands or decimals in '{table.columns[column]}'? {shown}"
    whole, part = (_pointed(first.text, sign) for sign in (OTHER["," if "," in first.text else "."], "," if "," in first.text else "."))
    signs = {sign: part if sign in first.text else whole for sign in NAMES}
    hint = "say it beside `file`: " + ", ".join(f"decimal: '{sign}' makes it {value}" for sign, value in signs.items())
    problems.add(table.place(first.row, column), message, hint)


def _pointed(part: str, sign: str) -> str:
    """Return a number whose decimal sign is known with a point and without thousands; anything else as it is."""
    if not _READINGS[sign].fullmatch(_bare(part)):
        return part
    return part.replace(OTHER[sign], "").replace(sign, ".")
