"""Every cell that a reader has changed, live: what was sent, what stands there now, and who says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet, Styled

TABLE, FAR = "Changes", "1000000000"
"""More than there are rows on a sheet: the first changed row gets the largest number."""


class Typed(NamedTuple):
    """A column that readers type into: sheet and table, its key, that of what was sent (or 0), names of its rows, rows listed."""

    sheet: str
    table: str
    key: str
    sent: str
    names: tuple[str, ...]
    listed: int
    author: bool = False

    def differs(self, book: Book) -> str:
        """Return the condition that a cell is not as sent, for all rows."""
        sent = book.all(self.table, self.sent) if self.sent else "0"
        return f"({book.all(self.table, self.key)}<>{sent})"


def typed(book: Book) -> list[Typed]:
    """Return all columns in which a change of a figure is followed."""
    author = not book.outside
    keys = [*map(str, book.years), "total_ceiling"]
    needs = ("need",) if book.outside else ("need", "priority")
    return [
        Typed("allocation", "Allocation", "adjustment", "", ("line_key",), 15, author),
        Typed("rules", "Rules", "limit_input", "limit_as_run", ("rule", "member"), 10, author),
        *(Typed("needs", "Needs", key, f"sent:{key}", ("partnership", "area"), 8) for key in needs if len(book.facts.needs)),
        *(Typed("instruments", "Instruments", key, f"sent:{key}", ("instrument",), 3) for key in keys),
    ]


def count(book: Book, columns: Sequence[Typed]) -> str:
    """Return the formula text of how many cells of some columns are not as sent."""
    return "+".join(f"SUMPRODUCT(--{column.differs(book)})" for column in columns)


def as_sent(book: Book) -> Fact:
    """Return the line that says whether score and proof are those of the figures in the workbook."""
    same = book.say("cover.as_optimised")
    text = f"=IF({count(book, typed(book))}=0,{quoted(same)},{quoted(book.say('cover.proof_as_sent'))})"
    return Fact(book.say("cover.plan"), Styled(Formula(text, same), "strong"), good=same, bad="warning")


def build(book: Book) -> Sheet:
    """Return the list: of every column how many cells were changed, and the first of them."""
    columns = typed(book)
    rows = [row for column in columns for row in _rows(book, column)]
    heads = [sum(c.listed + 1 for c in columns[:k]) for k in range(len(columns))]
    cells = list(zip(*rows, strict=True))
    keys = ("sheet", "item", "changed_sent", "changed_now", "changed_author", "changed_comment")
    looks = zip(keys, ("text", "text", "figure", "figure", "text", "text"), cells, (34, 52, 14, 14, 18, 36), strict=False)
    table = [book.column(key, style, found, width=width) for key, style, found, width in looks]
    order = book.column("changed_order", "integer", cells[6], printed=False)
    return book.sheet("changes", TABLE, (*table, order), strong=frozenset(heads), money=False, colour="check")


def _rows(book: Book, column: Typed) -> list[tuple[Cell, ...]]:
    text, here = book.all(column.table, column.key), book.here(TABLE, "changed_order")
    name = f"{book.sheet_text(column.sheet, 'name')} · {book.title(column.key)}"
    found = count(book, [column])
    told = book.joined("changes_found", count=(found, 0), more=(f"MAX(0,{found}-{column.listed})", 0))
    at = f"{FAR}-{here}-ROW(INDEX({text},1))+1"

    def of(*keys: str) -> Formula:
        return Formula("=IFERROR(" + '&" · "&'.join(f"INDEX({book.all(column.table, key)},{at})" for key in keys) + ',"")', "")

    said = [f'=IFERROR(INDEX({book.all(column.table, key)},{at})&"","")' for key in ("author_input", "comment_input")]
    beside = [Formula(text, "") if column.author else None for text in said]
    sent = of(column.sent) if column.sent else Formula(f'=IF({here}=0,"",0)', "")
    rows: list[tuple[Cell, ...]] = [(name, told, *[None] * 5)]
    for k in range(1, column.listed + 1):
        largest = Formula(f"=IFERROR(SUMPRODUCT(LARGE({column.differs(book)}*({FAR}-ROW({text})),{k})),0)", 0)
        rows.append((Formula(f'=IF({here}=0,"",{quoted(name)})', ""), of(*column.names), sent, of(column.key), *beside, largest))
    return rows
