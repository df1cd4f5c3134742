"""A table that others laid out (`foreign`), turned into ours: years, members, units. Every cell keeps its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from math import floor

from fundalloc.errors import Place, counted, did_you_mean, some
from fundalloc.facts.fields import is_year, read_id
from fundalloc.money import Figure, NotANumber, parse_figure, plain
from fundalloc.scenario.document import Tree, locate
from fundalloc.scenario.tables.foreign import Aim, Foreign, ForeignCell, Row, filled_up, quoted
from fundalloc.scenario.tables.layout import EURO, Layout, folded
from fundalloc.scenario.tables.raw import RawTable
from fundalloc.scenario.tables.table import HEADING, Table
from fundalloc.scenario.tables.totals import value_of

_EURO = 10**6
"""Euro in a million: what was converted is rounded to the euro."""
SHOWN = 6
_NOTHING, _WHOLE = ForeignCell("", Place("")), ForeignCell("1", Place(""))
_DATED = re.compile(r"^([0-9]{4})-[0-9]{2}-[0-9]{2}.*")


def mapped(raw: RawTable, node: Tree, layout: Layout, codes: Mapping[str, str], target: Aim) -> Table:
    """Return the table that a foreign one means; `node` is where the layout is written. Raises ScenarioError."""
    of = Foreign(filled_up(raw, layout, node), node, layout, target)
    body = of.chosen()
    rows = _divided(of, of.rows(of.as_written(body), body))
    rows = _in_euro(of, _named(of, _by_year(of, rows), codes))
    rows = _added_up(of, rows) if layout.sum else rows
    of.problems.tell()
    return _finished(of, rows)


def _divided(of: Foreign, rows: list[Row]) -> list[Row]:
    if of.layout.split is None or of.problems:
        return rows
    split = [name for name, k in of.at.items() if k == of.other["split", "column"]]
    parts = [(row, member, row["#split.shares"]._replace(text=plain(share))) for row in rows for member, share in _parts(of, row)]
    return [row | {name: row[name]._replace(text=member) for name in split} | {"#share": share} for row, member, share in parts]


def _parts(of: Foreign, row: Row) -> list[tuple[str, Fraction]]:
    sign = of.layout.split.sign if of.layout.split else ""
    members, written = ([text.strip() for text in row[f"#split.{key}"].text.split(sign)] for key in ("column", "shares"))
    written = ["100"] if len(members) == 1 and written == [""] else written
    percent = [value_of(text.removesuffix("%").strip()) for text in written]
    shares = [value / 100 for value in percent if value is not None and value >= 0]
    if not len(members) == len(percent) == len(shares) or sum(shares) != 1:
        message = f"{counted(len(members), 'members')} and the shares {row['#split.shares'].text or '(none)'}"
        of.problems.add(of.place(row["#split.shares"]), message, "they must be as many, and add up to 100")
        return []
    return list(zip(members, shares, strict=True))


def _by_year(of: Foreign, rows: list[Row]) -> list[Row]:
    """Turn columns of years into rows where our table has a year, and dates into years."""
    if of.layout.years == "dates":
        return [row | {"year": row["year"]._replace(text=_DATED.sub(r"\1", row["year"].text))} if "year" in row else row for row in rows]
    yearly = [name for name in of.at if is_year(name.partition(".")[2]) and of.layout.years == "columns"]
    if not yearly or all(of.spec(name).per for name in yearly):
        return rows
    if "year" not in of.target.columns:
        of.problems.add(locate(of.node, ("years",)), "this table has no years", "map the column of the whole period")
        return []
    return [part for row in rows for part in _years_of(of, row, yearly)]


def _years_of(of: Foreign, row: Row, yearly: list[str]) -> list[Row]:
    filled = [name for name in yearly if row[name].text]
    if not filled:
        of.problems.add(of.place(row[yearly[0]]), "a row without any figure", "fill it in, or leave the row out with where")
    rest = {name: cell for name, cell in row.items() if name not in yearly}
    parts = [(name, *name.split(".")) for name in filled]
    return [rest | {"year": ForeignCell(year, (of.heading[-1], of.at[name])), ours: row[name]} for name, ours, year in parts]


def _named(of: Foreign, rows: list[Row], codes: Mapping[str, str]) -> list[Row]:
    """Turn names and foreign words into ids; all that are unknown are one problem for each column."""
    by_word = {folded(word): member for word, member in codes.items()}
    made = ("id", "within") if "id" in of.target.columns else ()
    for column in [name for name in (*made, *of.target.names) if name in of.target.columns]:
        _name(of, column, [row for row in rows if row.get(column, _NOTHING).text], by_word, made=column in made)
    return rows


def _name(of: Foreign, column: str, rows: list[Row], by_word: Mapping[str, str], *, made: bool) -> None:
    """Turn what these rows say in a column into ids; where ids are `made`, a name becomes one."""
    names, unknown = of.target.names.get(column, {}), dict[str, ForeignCell]()
    members = set(names.values()) if made or of.spec(column).read is read_id else ()  # a choice may also be tags, or several words
    for row in rows:
        text = row[column].text
        found = by_word.get(folded(text)) or (_slug(text) if made else names.get(folded(text), "" if members else text))
        if not found or (members and found not in members):
            unknown.setdefault(found or text, row[column])
        row[column] = row[column]._replace(text=found)
    if unknown:
        near = [f"'{text}'{_meant(text, names)}" for text in unknown]
        way = f"codes: {{{quoted(next(iter(unknown)))}: id}} says what they are, where: {{…: {{not: …}}}} leaves rows out"
        of.problems.add(of.place(next(iter(unknown.values()))), f"no {column} has the name {some(near, SHOWN)}", way)


def _meant(text: str, names: Mapping[str, str]) -> str:
    hint = did_you_mean(text, names.values())
    return f" ({hint})" if hint.startswith("did") else ""


def _in_euro(of: Foreign, rows: list[Row]) -> list[Row]:
    """Multiply amounts by unit, rate and share, exactly; what has parts of a euro then is rounded to the euro, and counted."""
    currency, scale = of.layout.unit
    if of.layout.rate and not of.layout.currency and currency == EURO:
        of.problems.add(locate(of.node, ("rate",)), "a rate, but the amounts are in euro", "say the currency: unit: USD million")
    rounded, missing = 0, dict[str, ForeignCell]()
    for row in rows:
        own = row["#currency"].text if "#currency" in row else currency
        rate = Fraction(1) if own == EURO else of.layout.rate.get(own, of.layout.rate.get(""))
        if rate is None or not own:
            missing.setdefault(own or "an empty cell", row.get("#currency") or next(iter(row.values())))
        else:
            rounded += _multiply(row, of.target.money, rate * scale * Fraction(row.get("#share", _WHOLE).text))
    for own, cell in missing.items():
        of.problems.add(of.place(cell), f"no rate for {own}", "say how many euro one unit of it is worth, such as rate: {USD: 0.92}")
    if rounded:
        of.told.append(f"{counted(rounded, 'amounts')} rounded to the euro")
    return rows


def _multiply(row: Row, money: list[str], factor: Fraction) -> int:
    """Multiply the amounts of a row, and return how many of them were rounded."""
    rounded = 0
    of_file = [name for name, cell in row.items() if name.partition(".")[0] in money and isinstance(cell.place, tuple)]
    for name in of_file if factor != 1 else ():
        text, fractions = _times(row[name].text, factor)
        row[name], rounded = row[name]._replace(text=text), rounded + fractions
    return rounded


def _added_up(of: Foreign, rows: list[Row]) -> list[Row]:
    """Add up the rows that have the same keys; what else they say must be alike, sources are put together."""
    out: dict[tuple[str, ...], Row] = {}
    for row in rows:
        first = out.setdefault(tuple(row[key].text for key in of.target.keys if key in row), row)
        if first is row:
            continue
        for name in (name for name in row if name[0] != "#"):
            together = _together(of, name, first[name].text, row[name].text)
            if together is None:
                other = f"'{first[name].text}' at {of.place(first[name])}"
                says = f"'{name}' says '{row[name].text}' here and {other}, in rows that are added up"
                money = name.partition(".")[0] in of.target.money
                hint = "only amounts can be added up; what is none may be named under empty" if money else "write the same in both"
                of.problems.add(of.place(row[name]), says, hint)
            else:
                first[name] = first[name]._replace(text=together)
    if len(out) < len(rows):
        of.told.append(f"{counted(len(rows), 'rows')} added up to {len(out)}")
    return list(out.values())


def _together(of: Foreign, name: str, one: str, other: str) -> str | None:
    """Return what two rows say together in a column; None where they contradict each other."""
    if one == other == "":
        return ""
    if name.partition(".")[0] in of.target.money:
        values = [value_of(text) for text in (one, other) if text]
        return None if None in values or "%" in one + other else plain(sum(filter(None, values), Fraction(0)))
    if name == "source":
        return "; ".join(dict.fromkeys(filter(None, [*one.split("; "), *other.split("; ")])))
    return one if one == other else None


def _finished(of: Foreign, rows: list[Row]) -> Table:
    columns = list(dict.fromkeys(name for row in rows for name in row if name[0] != "#")) or [*of.at, *of.layout.always]
    nothing = ForeignCell("", (of.heading[-1], 0))

    def where(row: int, column: int) -> Place:
        name = columns[column]
        if row != HEADING:
            return of.place(rows[row].get(name, nothing))
        return of.raw.where(of.heading[-1], of.at[name]) if name in of.at else locate(of.node, ("always", name))

    cells = [[row.get(name, nothing).text for name in columns] for row in rows]
    hidden = of.raw.hidden(of.heading[-1], (*of.heading, *of.body), sorted(of.known))
    return Table(of.raw.name, columns, cells, where, hidden, told=[f"{of.raw.name}: {text}" for text in of.told])


def _slug(text: str) -> str:
    """Make an id from a name: small letters, hyphens; empty where it has no Latin letter."""
    plain_letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain_letters.lower()).strip("-")[:60]


def _times(text: str, factor: Fraction) -> tuple[str, bool]:
    """Return an amount, or a range of amounts, times a factor, and whether it was rounded; what is no amount stays."""
    figures: list[Figure] = []
    for part in text.split(".."):
        try:
            figures.append(parse_figure(part))
        except NotANumber:
            return text, False
    if any(figure.percent for figure in figures):
        return text, False
    exact = [figure.value * factor for figure in figures]
    whole = [Fraction(floor(value * _EURO + Fraction(1, 2)), _EURO) for value in exact]
    return "..".join(map(plain, whole)), whole != exact
