"""Sentences of rules on the sheets: where a sentence names its limit, a formula builds it from the cell that readers may change."""

from __future__ import annotations

import re
from fractions import Fraction

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Formula
from fundalloc.labels import label
from fundalloc.money import HARD_SPACE
from fundalloc.plan.verify import Finding
from fundalloc.rules._sentence import LIMIT, figures_of
from fundalloc.rules.statement import Sense

TABLE = "Rules"
LONGEST = 250
"""Characters of a text inside a formula: Excel takes 255."""
Demanded = dict[tuple[str, tuple[str, ...], Sense], int]
"""Rule, member and side → position of the finding."""
_MARK = re.compile("\x00(.*?)\x00")


def says(book: Book) -> list[Cell]:
    """Return the sentence of every demand, for the sheet Rules."""
    where = {(f.rule.id, f.member, f.sense): k for k, f in enumerate(book.plan.findings)}
    return [_cell(book, f, where) for f in book.plan.findings]


def said_there(book: Book, demand: int) -> Cell:
    """Return the sentence of a demand on another sheet: as the sheet Rules has it."""
    finding = book.plan.findings[demand]
    cell = _cell(book, finding, {(f.rule.id, f.member, f.sense): k for k, f in enumerate(book.plan.findings) if f.rule is finding.rule})
    return Formula(f"={book.of_demand(demand, 'says')}", cell.value) if isinstance(cell, Formula) else cell


def _named(book: Book, finding: Finding) -> bool:
    """Whether the sentence names a figure that the sheet Rules lets readers change."""
    text = finding.rule.says.within(book.language)
    return any(f"{{{name}}}" in text for name in (LIMIT, "within", *(sense.field for sense in Sense)))


def _cell(book: Book, finding: Finding, where: Demanded) -> Cell:
    if not _named(book, finding):
        return finding.said(book.names, book.language)
    rule, fixed = finding.rule, figures_of(finding.rule, finding.member, finding.sense, book.language)
    marks = {name: f"\x00{name}\x00" for name in fixed}
    marks[LIMIT] = rule.limit_said({name: marks[name] for name in rule.own_figures()}) or marks[LIMIT]
    parts = _MARK.split(rule.sentence(finding.member, book.names, book.language, figures=marks))
    pieces: list[tuple[str, str]] = []
    for text, name in zip(parts[::2], [*parts[1::2], ""], strict=True):
        pieces += [(quoted(text[at : at + LONGEST]), text[at : at + LONGEST]) for at in range(0, len(text), LONGEST)]
        found = _figure(book, finding, name, where)
        if found is not None:
            pieces += _written(book, finding, *found)
        elif name:
            pieces.append((quoted(fixed[name]), fixed[name]))
    return Formula("=" + "&".join(formula for formula, _ in pieces), "".join(value for _, value in pieces))


def _figure(book: Book, finding: Finding, name: str, where: Demanded) -> tuple[str, Fraction] | None:
    """Return the cell that holds a named figure, and its value; None where the sheet has none for it."""
    if name in (LIMIT, "within", finding.sense.field):
        return book.here(TABLE, "limit_input"), finding.figure
    other = next((where.get((finding.rule.id, finding.member, sense)) for sense in Sense if sense.field == name), None)
    return None if other is None else (book.of_demand(other, "limit_input"), book.plan.findings[other].figure)


def _written(book: Book, finding: Finding, cell: str, figure: Fraction) -> list[tuple[str, str]]:
    """Return formulas with their values that write a figure as sentences do, with the decimal sign of the language."""
    before, after, scale, sign = "", "", 1, label("number.decimal", book.language)
    if finding.rule.relative:
        after, scale = f"{HARD_SPACE}%", 100
    elif finding.rule.in_money:
        before, after = label("number.money", book.language, amount="\x00").split("\x00")
    number = f"ROUND({cell}*{scale},6)" if scale > 1 else f"ROUND({cell},6)"
    shown = f"{round(float(figure) * scale, 6):.6f}".rstrip("0").rstrip(".").replace(".", sign)
    formula = f'SUBSTITUTE({number}&"",{quoted("," if sign == "." else ".")},{quoted(sign)})'
    return [*([(quoted(before), before)] if before else []), (formula, shown), *([(quoted(after), after)] if after else [])]
