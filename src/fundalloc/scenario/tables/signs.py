"""Which sign is decimal in the numbers of a table: a point, or what a file with `;` shows, column by column, or what the table says.

`1,200` may be 1.2 or 1200. A leading 0, another number of digits than three behind the sign, or two signs in one number settle it for
their column; where nothing does, the table is refused. Afterwards every number has a decimal point and no thousands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from fundalloc.errors import Problem, Problems, ScenarioError, some
from fundalloc.scenario.document import Scalar
from fundalloc.scenario.tables.table import Table

SIGNS = {",": "comma", ".": "point"}
_MARKS = {",": ".", ".": ","}
"""What may mark thousands beside a decimal sign."""
SHOWN = 3
_PLAIN = {sign: re.compile(rf"[+-]?[0-9]*[{sign}]?[0-9]*(?:[eE][+-]?[0-9]{{1,2}})?") for sign in SIGNS}
_GROUPED = {sign: re.compile(rf"[+-]?[1-9][0-9]{{0,2}}([{_MARKS[sign]}][0-9]{{3}})+([{sign}][0-9]*)?") for sign in SIGNS}
"""Numbers by their decimal sign: without and with thousands that are marked by the other one."""
_PART = re.compile(r"(\.\.|\s+(?!%))")
"""What stands between the ends of a range, or between several figures in one cell."""


class _Number(NamedTuple):
    """A figure with a sign in it, one end of a range or one of several in a cell."""

    text: str
    row: int
    column: int
    readings: tuple[str, ...]
    """The signs that may be its decimal sign; none when it is no number."""


def settle(table: Table, numbers: Collection[str], said: Scalar | None, stored: Callable[[int, int], bool], recorded: bool = False) -> None:
    """Give every figure of these columns a point; `said` is the sign that is said, `stored` tells numbers. Raises ScenarioError.

    What may be read in two ways is decimal where it was `recorded` beside a result: version 0.1.0 took it so.
    """
    if said is not None and said.text not in SIGNS:
        raise ScenarioError.of(said.place, f"'{said.text}' is no decimal sign", "write decimal: ',' or decimal: '.'")
    found = {k: [*_numbers(table, k, stored)] for k, name in enumerate(table.columns) if name.partition(".")[0] in numbers}
    sign = _agreed(table, [number for listed in found.values() for number in listed], said)
    problems = Problems()
    for listed in found.values():
        doubtful = _doubtful(listed, sign) if said is None else []
        if doubtful and not recorded:
            problems.append(_doubt(table, doubtful))
            continue
        _point(table, listed, "" if doubtful else sign)
        table.commas |= {table.columns[number.column] for number in listed if sign == "," and said is None}
    problems.tell()


def _point(table: Table, listed: list[_Number], sign: str) -> None:
    """Give the cells of these numbers a point; without a sign each of the two is decimal."""
    for row, column in {(number.row, number.column) for number in listed}:
        parts = _PART.split(table.cells[row][column])
        table.cells[row][column] = "".join(_pointed(part, sign) if sign else part.replace(",", ".") for part in parts)


def _doubt(table: Table, doubtful: list[_Number]) -> Problem:
    first, texts = doubtful[0], [number.text for number in doubtful]
    readings = ", ".join(f"decimal: '{sign}' makes it {_pointed(first.text, sign)}" for sign in SIGNS)
    message = f"thousands or decimals in '{table.columns[first.column]}'? {some(texts, SHOWN)}"
    return Problem(table.place(first.row, first.column), message, f"say it beside `file`: {readings}")


def _agreed(table: Table, numbers: list[_Number], said: Scalar | None) -> str:
    """Return the decimal sign that is said, or that most numbers show. Raises ScenarioError at the first number that shows the other."""
    clear = [number for number in numbers if len(number.readings) == 1]
    sign = said.text if said is not None else max(SIGNS, key=[number.readings[0] for number in clear].count)
    for number in clear:
        if number.readings != (sign,):
            message = f"'{number.text}' has a decimal {SIGNS[number.readings[0]]} where a decimal {SIGNS[sign]} is expected"
            raise ScenarioError.of(table.place(number.row, number.column), message, "use one of them throughout")
    return sign


def _numbers(table: Table, column: int, stored: Callable[[int, int], bool]) -> Iterator[_Number]:
    for row, cells in enumerate(table.cells):
        for part in _PART.split(cells[column]):
            if ("," in part or "." in part) and not stored(row, column):
                yield _Number(part.strip(), row, column, tuple(sign for sign in SIGNS if _is_number(part, sign)))


def _is_number(part: str, sign: str) -> bool:
    bare = part.strip().removesuffix("%").rstrip()
    return bool(_PLAIN[sign].fullmatch(bare) or _GROUPED[sign].fullmatch(bare))


def _doubtful(column: list[_Number], sign: str) -> list[_Number]:
    """Return the numbers that may be read in two ways, as long as no other number of the column shows in which."""
    clear = [number.text for number in column if len(number.readings) == 1]
    grouped = any(_GROUPED[sign].fullmatch(text.removesuffix("%").rstrip()) for text in clear)
    return [n for n in column if len(n.readings) > 1 and not (clear and (sign in n.text or grouped))]


def _pointed(part: str, sign: str) -> str:
    """Return a number whose decimal sign is known with a point and without thousands; anything else as it is."""
    return part.replace(_MARKS[sign], "").replace(sign, ".") if _is_number(part, sign) else part
