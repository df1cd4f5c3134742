"""Needs, priorities and ceilings that colleagues typed over, on every sheet that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from fundalloc.back.edits import Keys, Said, TypedChange
from fundalloc.back.tampering import CellDifference
from fundalloc.errors import Place
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.sheets.inputs import written_in_year
from fundalloc.money import DECIMALS, LARGEST
from fundalloc.scenario.scenario import Scenario


def figures(scenario: Scenario) -> dict[Keys, Fraction | None]:
    """Return every figure by its path, such as `instruments ndici ceiling each 2025`; None for a ceiling that there is not."""
    facts, out = scenario.facts, dict[Keys, Fraction | None]()
    for k, (partnership, area) in enumerate(zip(facts.needs.partnership, facts.needs.area, strict=True)):
        pair = facts.dimensions.partnership.ids[partnership], facts.dimensions.area.ids[area]
        for key, values in (("need", facts.needs.need), ("priority", facts.needs.priority)):
            out["needs", *pair, key] = Fraction(int(values.numerator[k]), values.denominator)
    for k, instrument in enumerate(facts.instruments):
        above: Keys = ("instruments", instrument.id, "ceiling")
        out |= {(*above, "each", str(year)): written_in_year(facts, k, t) for t, year in enumerate(facts.years)}
        out[(*above, "total")] = None if instrument.ceiling is None else instrument.ceiling.total
    return out


def typed_figures(differences: Iterable[CellDifference], book: Book, file: str) -> Iterator[tuple[Keys, TypedChange]]:
    """Yield the figures among what was changed in a workbook: numbers in place of needs, priorities and ceilings."""
    known = figures(book.plan.scenario)
    paths = {at: path for path in known for at in _shown_at(path, book)}
    for one in differences:
        path, found = paths.get(one.at), one.found
        if path is not None and found.formula is None and found.number is not None and 0 <= found.number <= LARGEST:
            about = (path[3], *path[1:3]) if path[0] == "needs" else (path[2], path[1], path[-1])
            value = round(Fraction(found.text), DECIMALS)
            yield (
                path,
                TypedChange(f"the {' of '.join(about[:2])} {about[2]}", known[path], value, Said("", "", (Place(file, cell=one.cell),))),
            )


def _shown_at(path: Keys, book: Book) -> Iterator[Keys]:
    """Yield where a figure stands: the sheet, the ids of the row, and the heading."""
    section, first, *_, last = path
    if section == "needs":
        area = book.facts.dimensions.area.index(path[2])
        yield section, book.codes["partnership"][first], *(book.code(name, area) for name in book.named[2:]), book.title(last)
        whose = f"{book.labels['partnership'][first]} · {book.labels['area'][path[2]]}"
    else:
        yield section, book.codes["instrument"][first], book.title("total_ceiling") if last == "total" else last
        whose = f"{book.labels['instrument'][first]}, {book.say('whole_period') if last == 'total' else last}"
    if last != "priority":
        yield "sources", book.say(f"figure.{'need' if section == 'needs' else 'ceiling'}"), whose, book.title("figure")
