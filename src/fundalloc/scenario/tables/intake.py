"""A first mapping for a table that others laid out, for the planner to look through: found by words, names, and what the cells hold."""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from fundalloc.errors import Place, ScenarioError, did_you_mean
from fundalloc.facts.fields import is_year
from fundalloc.money import is_date
from fundalloc.scenario.document import Scalar, Tree, parse_document
from fundalloc.scenario.tables.foreign import WITHOUT_SPACES, Aim, Foreign, filled_up, is_like, is_tagged, quoted
from fundalloc.scenario.tables.layout import EURO, SIGNS, YEAR, Layout, folded
from fundalloc.scenario.tables.raw import FIGURE, Files, RawTable, read_raw
from fundalloc.scenario.tables.table import ColumnSpec

ENCODINGS = ("utf-8", "utf-16", "cp1252")
"""Tried in this order; the last one reads everything, so it is said to be a guess."""
SEPARATORS = (",", ";", "\t", "|")
FIRST_ROWS = 40
GAP = "…"
"""Stands where the planner must write: it is refused until then."""
_YEAR = re.compile(r"(?<![0-9-])(?:19|20)[0-9]{2}(?![0-9-])")
_CURRENCY = re.compile(r"(?<![A-Za-z])(?:EUR|USD|GBP|CHF)(?![A-Za-z])|(?<![a-z])euro|[€$£]", re.IGNORECASE)


@cache
def _layouts() -> dict[str, str]:
    folder = resources.files(__package__) / "layouts"
    return {p.name.removesuffix(".yaml").upper(): p.read_text("utf-8") for p in folder.iterdir() if p.name.endswith(".yaml")}


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "layouts" / "words.toml").read_text("utf-8"))


def propose(written: str, folder: Path, table: str, target: Aim) -> str:
    """Return the mapping of a file as scenario text, every guess with a comment. Raises ScenarioError where no table is found."""
    raw, said = _read(written)
    intake = _Intake(raw, table, target, said)
    name, sign, sheet = written.partition("#")
    file, home = Path(name).resolve(), folder.resolve()
    beside = (file.relative_to(home) if file.is_relative_to(home) else Path(name)).as_posix()
    return "\n".join([f"{table}:", f"  file: {quoted(beside + sign + sheet)}", *(f"  {line}" for line in intake.lines())]) + "\n"


def _read(written: str) -> tuple[RawTable, list[str]]:
    """Read a file in the encoding and with the separator that fit, and say both where a scenario must."""
    file = Scalar(written, Place(written))
    for encoding in ENCODINGS:
        try:
            raw = read_raw(file, Files(Path()), encoding)
        except ScenarioError as error:
            if encoding == ENCODINGS[-1] or "is not UTF" not in str(error):
                raise
            continue
        break
    if not raw.separator:
        return raw, []
    said = [] if encoding == ENCODINGS[0] else [f"encoding: {encoding}  # not UTF-8; look whether names with accents are right"]
    lines = [raw.where(row, 0).excerpt for row in range(min(len(raw.rows), FIRST_ROWS)) if raw.rows[row]]
    best = max(SEPARATORS, key=lambda sign: _regular(lines, sign))
    if best != raw.separator:
        raw = read_raw(file, Files(Path()), encoding, best)
        said.append(f"separator: {'tab' if best == chr(9) else quoted(best)}")
    return raw, said


def _regular(lines: list[str], separator: str) -> tuple[int, int]:
    """Return how many lines have the commonest number of cells, and that number."""
    found = Counter(len(next(csv.reader([line], delimiter=separator), [])) for line in lines)
    cells, times = max(found.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
    return (times, cells) if cells > 1 else (0, 0)


class _Intake:
    """A foreign table and what is found out about it."""

    def __init__(self, raw: RawTable, table: str, target: Aim, layout_of_text: list[str]) -> None:
        self.table, self.target, self.said = table, target, layout_of_text
        self.filled = [row for row, cells in enumerate(raw.rows) if any(cells)]
        layout, node = Layout(header=[str(row + 1) for row in self._heading(raw)], ignore=("*",)), Tree({}, {}, Place(raw.name))
        self.foreign = Foreign(filled_up(raw, layout, node), node, layout, target)
        self.headings = self.foreign.headings
        tagged = bool(self.foreign.body) and is_tagged(raw.rows[self.foreign.body[0]])
        self.tags, rows = self.foreign.body[:tagged], self.foreign.body[tagged:]
        self.totals = {row: text for row in rows for text in raw.rows[row][::-1] if is_like(text, _words()["totals"]["like"])}
        self.rows = [row for row in rows if row not in self.totals and len(set(filter(None, raw.rows[row]))) > 1]
        if not self.rows:
            raise ScenarioError.of(Place(raw.name), "no table found in it", "name the sheet: book.xlsx#Sheet")
        self.columns, self.others, self.currencies = dict[str, str](), list[str](), list[str]()

    def _heading(self, raw: RawTable) -> list[int]:
        """Return the rows of the heading: the last before figures begin, and the one above it where cells are merged, or it is needed."""
        figures = [row for row in self.filled if any(_is_figure(text) and not is_year(text) for text in raw.rows[row])]
        first = figures[0] if figures else self.filled[1] if len(self.filled) > 1 else 0
        *others, last = [None, *(row for row in self.filled if row < first and not is_tagged(raw.rows[row]))]
        if last is None:
            raise ScenarioError.of(Place(raw.name), "no row of headings above the figures", "write one, or a mapping by hand")
        return [last - 1, last] if others[-1] == last - 1 and _needed(raw, last - 1, raw.rows[first]) else [last]

    def lines(self) -> Iterator[str]:
        """Yield the mapping, line by line."""
        yield from self.said
        rows = [str(row + 1) for row in self.foreign.heading]
        if self.foreign.heading != self.filled[:1]:
            yield f"header: {rows[0] if len(rows) == 1 else '[' + ', '.join(rows) + ']'}"
        shipped = next((item for item in _layouts().items() if self.table == "decided" and self._fits(item[1])), None)
        if shipped:
            yield f"# the columns of {shipped[0]}"
            yield from shipped[1].rstrip().splitlines()
        else:
            self._guess()
            yield f"columns: {_flow(self.columns)}"
            yield from self._years()
            yield from self._unit()
        if self.currencies:
            yield f"rate: {_flow(dict.fromkeys(self.currencies, GAP), plain=True)}  # how many euro one is worth"
        for part in (self._figures, self._gaps, self._sum, self._codes, self._totals):
            yield from part()
        known = {self.headings[k] for k in self._at([*self.columns.values(), *self.others])}
        rest = [name for name in self.headings if name and name not in known]
        if rest:
            yield f"ignore: [{', '.join(map(quoted, rest))}]"

    def _totals(self) -> Iterator[str]:
        """Name what totals say, and the column where no mapped one says it; that column is looked at then."""
        at = [self.headings[self.foreign.raw.rows[row].index(text)] for row, text in self.totals.items()]
        like = f"[{', '.join(quoted(text) for text in dict.fromkeys(self.totals.values()))}]"
        beside = next((name for name in at if name not in self.columns.values()), "")
        if beside:
            self.others = [*self.others, beside]
        if at:
            yield f"totals: {f'{{column: {quoted(beside)}, like: {like}}}' if beside else like}  # checked against their rows"

    def _fits(self, text: str) -> bool:
        """Say whether the table has all columns of a shipped mapping, and take them over."""
        node = parse_document(text, "layout", Path())
        columns = {key: one.text for key, one in getattr(node.get("columns"), "items", {}).items()}
        others = [*(one.text for one in getattr(node.get("split"), "items", {}).values()), *filter(None, [node.text("currency")])]
        if not {*columns.values(), *others} <= set(self.headings):
            return False
        self.columns, self.others = columns, others
        said = self._texts(node.text("currency")) or [(node.text("unit") or "").partition(" ")[0]]
        self.currencies = [text for text in said if text != EURO]
        return True

    def _at(self, names: Sequence[str]) -> list[int]:
        """Return where these headings stand; in some `{year}` stands for the year."""
        return [k for k, name in enumerate(self.headings) if name in names or (name and _YEAR.sub(YEAR, name) in names)]

    def _texts(self, heading: str | None) -> list[str]:
        """Return what a column says, each text once."""
        if heading not in self.headings:
            return []
        column = self.headings.index(heading)
        return list(dict.fromkeys(text for row in self.rows if (text := self.foreign.cell(row, column))))

    def _guess(self) -> None:
        """Find our columns: by the names of members in them, then by the words of their headings, figures among those that have figures."""
        words = _words()["columns"] | _words().get(self.table, {})
        yearly = self._yearly(words)
        for ours, spec in self.target.columns.items():
            free = self._free(ours, spec)
            if found := yearly.get(ours) or self._by_members(free, self.target.names.get(ours, {})) or _by_words(free, words.get(ours, ())):
                self.columns[ours] = found
            elif spec.number and spec.required and len(free) == 1:
                self.columns[ours] = free[0]

    def _yearly(self, words: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Find columns of years, by their words; those without, and the commonest, are our first figures that may have years."""
        named = Counter(_YEAR.sub(YEAR, name) for name in self.headings if len(_YEAR.findall(name)) == 1 and self._is_number(name))
        like = [name for name, _ in named.most_common()]
        ours = [name for name in self.target.money if self.target.columns[name].per or "year" in self.target.columns]
        found = {name: heading for name in ours if (heading := _by_words(like, words.get(name, ())))}
        rest = [heading for heading in like if heading not in found.values()]
        return dict(zip(ours[:1], rest[:1], strict=False)) | found

    def _free(self, ours: str, spec: ColumnSpec) -> list[str]:
        """Return the headings that may stand for one of our columns: those of figures for figures, each once but for ids and names."""
        taken = ("", *(() if ours in ("id", "name") else self.columns.values()))
        return [name for name in self.headings if name not in taken and (ours == "year" or self._is_number(name) == spec.number)]

    def _by_members(self, free: list[str], names: Mapping[str, str]) -> str:
        """Return the heading of the column most of whose words are names of members, at least half of them."""
        share = {name: sum(folded(text) in names for text in self._texts(name)) / max(len(self._texts(name)), 1) for name in free}
        best = max(share, key=lambda name: share[name], default="")
        return best if best and share[best] >= 0.5 else ""

    def _is_number(self, heading: str) -> bool:
        texts = self._texts(heading)
        return any(map(_is_figure, texts)) and sum(map(_is_figure, texts)) * 2 >= len(texts) and not all(map(is_year, texts))

    def _years(self) -> Iterator[str]:
        if any(YEAR in name for name in self.columns.values()):
            yield "years: columns"
        elif any(map(is_date, self._texts(self.columns.get("year")))):
            yield "years: dates  # each amount counts in the year of its date"

    def _unit(self) -> Iterator[str]:
        """Find currency and size: in the heading of the figures, its tag, above the table, or in the texts."""
        money = [self.columns[name] for name in self.target.money if name in self.columns]
        if not money:
            return
        found = next(filter(_CURRENCY.search, self._said_of(self._at(money))), None)
        if found is None:
            yield f"unit: {GAP}  # the file does not say it: EUR, EUR thousand, EUR million …"
            return
        sign = _CURRENCY.findall(found)[0].upper()
        currency = SIGNS.get(sign, sign.removesuffix("O"))
        size = next((size for size, words in _words()["sizes"].items() if re.search(words, found.lower())), "")
        self.currencies = [] if currency == EURO else [currency]
        yield f"unit: {f'{currency} {size}'.strip()}  # from '{' '.join(found.split())}'"

    def _said_of(self, columns: list[int]) -> Iterator[str]:
        """Yield what may say of the figures in these columns what they are: headings, tags, what stands above the table, its texts."""
        yield from (self.headings[k] for k in columns)
        yield from (self.foreign.cell(row, k).replace("+", " ") for row in self.tags for k in columns)
        above = [row for row in self.filled if row < self.foreign.heading[0]]
        yield from chain.from_iterable(self.foreign.raw.rows[row] for row in (*above, *self.rows[:FIRST_ROWS]))

    def _figures(self) -> Iterator[str]:
        raw, at = self.foreign.raw, self._at([name for ours, name in self.columns.items() if self.target.columns[ours].number])
        cells = [(row, k) for row in (*self.rows, *self.totals) for k in at if not (raw.stored(row, k) or (row, k) in raw.wrong)]
        texts = dict.fromkeys(filter(None, (self.foreign.cell(row, k) for row, k in cells)))
        figures = [text for text in texts if _is_figure(text)]
        if "," in (signs := "".join(figures)) and "." not in signs:
            yield "decimal: ','"
        empty = [text for text in texts if text not in figures]
        if empty:
            yield f"empty: [{', '.join(map(quoted, empty))}]  # read as no figure"

    def _gaps(self) -> Iterator[str]:
        years = any(YEAR in name for name in self.columns.values())
        required = [ours for ours, spec in self.target.columns.items() if spec.required and ours not in self.columns]
        wanted = [ours for ours in required if not (years and ours == "year")]
        wanted += ["level"] if self.table == "partnerships" and "level" not in self.columns else []
        if wanted:
            yield f"always: {_flow(dict.fromkeys(wanted, GAP), plain=True)}  # in no column: what it is in every row, or map it above"

    def _sum(self) -> Iterator[str]:
        keys = [self.columns[key] for key in self.target.keys if key in self.columns]
        at = [self.headings.index(key) for key in keys if key in self.headings]
        found = Counter(tuple(self.foreign.cell(row, k) for k in at) for row in self.rows)
        if at and self.table in ("needs", "partnerships") and max(found.values()) > 1:
            yield "sum: true  # several rows have the same keys: they are added up"

    def _codes(self) -> Iterator[str]:
        unknown = dict[str, str]()
        for ours, names in self.target.names.items():
            words = self._texts(self.columns.get(ours))
            words = [part.strip() for word in words for part in word.split(";")] if self.others else words
            unknown |= {" ".join(w.split()): did_you_mean(w, names.values()) for w in words if names and folded(w) not in names}
        if unknown:
            yield "codes:  # foreign word: our id; or leave rows out with where: {heading: {not: word}}"
            yield from (f"  {quoted(word)}: {GAP}{f'  # {hint}' if hint.startswith('did') else ''}" for word, hint in unknown.items())


def _needed(raw: RawTable, above: int, figures: list[str]) -> bool:
    """Return whether a row above the headings is one of them: cells are merged, it names columns, or it tells those of one name apart."""
    names = raw.rows[above + 1]
    if any(top == above for top, *_ in raw.sheet.merged) and sum(map(bool, raw.rows[above])) > 1:
        return True
    if any(top and cell and not name for top, name, cell in zip_longest(raw.rows[above], names, figures, fillvalue="")):
        return True
    return _twice(names) and not _twice(raw.headings([above, above + 1]))


def _twice(names: list[str]) -> bool:
    return any(name and names.count(name) > 1 for name in names)


def _by_words(headings: list[str], words: Sequence[str]) -> str:
    """Return the first heading with one of these words, the nearest word first."""
    found = (name for word in words for name in headings if re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", folded(name)))
    return next(found, "")


def _is_figure(text: str) -> bool:
    return FIGURE.fullmatch(WITHOUT_SPACES.sub("", text)) is not None


def _flow(values: Mapping[str, str], *, plain: bool = False) -> str:
    return "{" + ", ".join(f"{key}: {text if plain else quoted(text)}" for key, text in values.items()) + "}"
