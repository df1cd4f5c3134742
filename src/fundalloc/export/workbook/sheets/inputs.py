"""Tables of the scenario as written: who may fund what, and why not; instruments, partnerships, needs, decided money, markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet, Styled
from fundalloc.export.workbook.spelling import readable
from fundalloc.facts.dimensions import EVERYTHING, NAMES, WORDS, Choice
from fundalloc.facts.facts import Facts
from fundalloc.facts.selection import Pick, Selection
from fundalloc.money import IntArray, Mask, exact_product, exact_sums

DECIDED, NEEDS, COVERAGE = "DecidedMoney", "Needs", ("need", "coverage")
MOST_NAMES = 8
"""Longer lists of names are cut, and say how many more there are."""


def eligibility(book: Book) -> Sheet:
    """Return who may fund what, with effectiveness and reason."""
    entries, labels = book.facts.eligibility, book.labels
    columns = (
        book.column("instrument", "text", [labels["instrument"][e.keys[0]] for e in entries]),
        book.column("area", "text", [labels["area"][e.keys[1]] for e in entries]),
        book.column("effectiveness", "factor", [float(e.value) for e in entries], width=14),
        book.column("reason", "text", [book.within(e.reason) for e in entries], width=60),
        *book.founded(entries),
    )
    return book.sheet("eligibility", "Eligibility", columns, money=False, filtered=True, colour="rest")


def exceptions(book: Book) -> Sheet:
    """Return what is barred or opened against the eligibility table, and what that is about: names where there are any, tags as words."""
    barred, clauses = book.facts.exclude, [*book.facts.exclude, *book.facts.allow]
    effects = [book.word("effect", "exclude" if k < len(barred) else "allow") for k in range(len(clauses))]
    columns = (
        book.column("exception", "strong", [clause.id for clause in clauses], width=26),
        book.column("effect", "text", effects, width=12),
        book.column("concerns", "text", [concern(book, clause) for clause in clauses], width=56),
        book.column("reason", "text", [book.within(clause.reason) for clause in clauses], width=56),
        *book.founded(clauses, 40),
    )
    return book.sheet("exceptions", "Exceptions", columns, money=False, colour="rest")


def concern(book: Book, pick: Pick) -> str:
    """Return what a pick is about, dimension by dimension."""
    choices = [(name, choice) for name in WORDS if (choice := getattr(pick, name)) is not None]
    towards = [book.title(f"marker:{pick.marker}")] if isinstance(pick, Selection) and pick.marker else []
    return " · ".join([*(", ".join(_choice(book, name, choice)) for name, choice in choices), *towards])


def _choice(book: Book, dimension: str, choice: Choice) -> Sequence[str]:
    if EVERYTHING in choice:
        return [book.say("all")]
    if dimension == "year":
        return [book.years_said(sorted(map(str, choice)))]
    names = book.labels[dimension]
    return [
        names.get(word) or _tag(book, word) if isinstance(word, str) else " + ".join(_tag(book, f"{g}:{v}") for g, vs in word for v in vs)
        for word in choice
    ]


def _tag(book: Book, word: str) -> str:
    group, _, value = word.partition(":")
    return book.names.get(group, {}).get(value) or (f"{book.word('group', group)}: {readable(value)}" if value else word)


def markers(book: Book) -> Sheet:
    """Return how much of a euro counts towards what."""
    entries, labels, everything = book.facts.coefficients, book.labels, book.say("all")
    columns = (
        book.column("marker", "strong", [book.word("marker", e.keys[0]) for e in entries], width=24),
        book.column("area", "text", [labels["area"].get(e.keys[1], everything) for e in entries]),
        book.column("instrument", "text", [labels["instrument"].get(e.keys[2], everything) for e in entries]),
        book.column("coefficient", "factor", [float(e.value) for e in entries], width=13),
        *book.founded(entries, 70),
    )
    return book.sheet("markers", "Markers", columns, money=False, filtered=True, colour="rest")


def instruments(book: Book) -> Sheet:
    """Return the instruments with their ceilings; nothing in years in which they may not commit."""
    facts, everyone, positions = book.facts, book.facts.instruments, range(len(book.facts.instruments))

    def ceiling(amounts: Sequence[Fraction | None], width: float, key: str = "", heading: str = "") -> Column:
        cells: list[Cell] = [Styled(book.say("none"), "money") if amount is None else float(amount) for amount in amounts]
        return book.column(key or heading, "input_money", cells, width=width, entry=book.entry("input", least=0))

    columns = (
        book.column("instrument", "strong", [book.label("instrument", k) for k in positions], width=23),
        book.column("name", "text", [book.full_name("instrument", k) for k in positions], width=30),
        book.kinds_of(positions),
        *(ceiling([written_in_year(facts, k, t) for k in positions], 9.5, heading=str(year)) for t, year in enumerate(facts.years)),
        ceiling([None if i.ceiling is None else i.ceiling.total for i in everyone], 10, "total_ceiling"),
        book.column("reserve", "share", [float(i.reserve) for i in everyone], width=10),
        book.column("budget_line", "note", [i.budget_line for i in everyone], width=15),
        *book.founded(everyone, 30, confidence=12),
        book.column("note", "note", [book.within(i.note) for i in everyone], width=46),
        book.column("tags", "code", [" ".join(i.tags) for i in everyone], printed=False),
        book.ids_of("instrument", positions),
    )
    return book.sheet("instruments", "Instruments", (*columns, *_sent(book, columns)), colour="input")


def written_in_year(facts: Facts, instrument: int, year: int) -> Fraction | None:
    """Return the ceiling of a year as written, by positions: zero when the instrument may not commit then, None when there is none."""
    ceiling = facts.instruments[instrument].ceiling
    written = None if ceiling is None else ceiling.in_year(facts.years[year])
    return written if written is None or facts.commits[instrument, year] else Fraction(0)


def partnerships(book: Book) -> Sheet:
    """Return the partnerships: level, grouping, absorption, tags."""
    everyone, positions = book.facts.partnerships, range(len(book.facts.partnerships))
    levels = [book.names["level"].get(p.level, "") if p.id in book.facts.leaf_ids else book.word("level", "grouping") for p in everyone]
    columns = (
        book.names_of("partnership", positions, 40, full=True),
        book.column("level", "text", levels, width=13),
        book.column("within", "text", [book.names["partnership"].get(p.within, "") for p in everyone], width=30),
        book.column("iso3", "text", [p.iso3 for p in everyone], width=8),
        *_absorption(book),
        book.column("tags", "note", [" ".join(p.tags) for p in everyone], width=50),
        *book.founded(everyone, 60),
        book.ids_of("partnership", positions),
    )
    return book.sheet("partnerships", "Partnerships", columns, filtered=True, colour="rest")


def _absorption(book: Book) -> list[Column]:
    """One column where absorption is the same in all years, otherwise one per year."""
    years, none = book.facts.years, book.say("none")
    by_year = [tuple(none if (a := p.absorption_in(year)) is None else float(a) for p in book.facts.partnerships) for year in years]
    if len(set(by_year)) == 1:
        return [book.column("absorption", "money", by_year[0], width=13)]
    return [book.column("", "money", cells, width=11, heading=str(year)) for year, cells in zip(years, by_year, strict=True)]


def decided_money(book: Book) -> Sheet:
    """Return the money decided before the run, memo money included: shown, but memo money is never added."""
    facts = book.facts
    entries = [(table, k) for table in (facts.decided, facts.memo) for k in range(len(table))]
    members = {name: [int(getattr(t, name)[k]) for t, k in entries] for name in book.named}
    columns = (
        *(book.names_of(name, members[name], 30 if name == "partnership" else None) for name in book.named),
        book.column("year", "integer", [facts.years[t.year[k]] for t, k in entries], width=9),
        book.column("amount", "total", [book.eur(t.amount[k]) for t, k in entries], width=13),
        book.column("state", "text", [book.word("state", t.state[k]) for t, k in entries], width=13),
        book.kinds_of(members["instrument"]),
        book.column("decision", "text", [book.within(t.decision[k]) for t, k in entries], width=32),
        book.column("source", "note", [t.source[k] for t, k in entries], width=72),
        book.column("confidence", "note", [t.confidence[k] for t, k in entries]),
        *(book.ids_of(name, members[name]) for name in book.named),
    )
    return book.sheet("decided_money", DECIDED, columns, filtered=True, colour="rest")


def needs(book: Book) -> Sheet:
    """Return the need of every pair of partnership and area, and its live coverage."""
    facts, needs, lines, coverage, none = book.facts, book.facts.needs, book.lines, book.plan.coverage, book.say("not_applicable")
    weighted = exact_product(book.plan.steps, facts.effectiveness.numerator[lines.instrument, lines.area])
    towards = exact_sums((lines.partnership, lines.area), weighted, (len(facts.partnerships), len(facts.areas)))
    towards, shared = towards @ facts.dimensions.area.covers.T, facts.dimensions.area.split[needs.area]
    counted = [book.eur(steps) / facts.effectiveness.denominator for steps in towards[needs.partnership, needs.area]]
    here = [(book.own(NEEDS, "partnership"), book.own(NEEDS, "area" if of_all else book.lookup("area"))) for of_all in shared]
    sums = [book.sum_if("Allocation", "towards_need", *own, value=value) for own, value in zip(here, counted, strict=True)]
    met = f"=MIN({book.here(NEEDS, 'need')},{book.here(NEEDS, 'towards_need')})"
    part = f"=IFERROR({book.here(NEEDS, 'met')}/{book.here(NEEDS, 'need')},{quoted(none)})"
    parts = [float(m / n) if n else none for m, n in zip(coverage.met, coverage.need, strict=True)]
    columns = (
        book.names_of("partnership", needs.partnership, 36),
        book.names_of("area", needs.area),
        *_actions(book, needs.area),
        book.column("need", "input_money", coverage.need.tolist(), entry=book.entry("input", least=0)),
        book.column("priority", "input_factor", needs.priority.values.tolist(), width=10, entry=book.entry("input", least=0)),
        book.column("towards_need", "money", sums),
        book.column("met", "money", [Formula(met, float(value)) for value in coverage.met]),
        book.column("coverage", "share", [Formula(part, value) for value in parts], width=11, mark="bar"),
        *_derivation(book),
        book.column("source", "note", needs.source, width=42 if any(needs.derived) else 82),
        book.column("confidence", "note", needs.confidence),
        book.ids_of("partnership", needs.partnership),
        *(book.ids_of(name, needs.area) for name in book.named[2:]),
    )
    return book.sheet("needs", NEEDS, (*columns, *_sent(book, columns)), filtered=True, colour="input")


def _derivation(book: Book) -> Iterator[Column]:
    """The terms of which needs are made, where any are told, and what they come to, live."""
    told = book.facts.needs.derived
    keys = ("indicator", "parameter", "need_factor", "need_adjustment") if any(told) else ()
    for key in keys:
        values = [None if one is None else float(getattr(one, key.removeprefix("need_"))) for one in told]
        yield book.column(key, "factor", values, width=11)
    if keys:
        text = "={}*{}*{}+{}".format(*(book.here(NEEDS, key) for key in keys))
        yield book.column("by_terms", "money", [None if one is None else Formula(text, float(one.comes_to)) for one in told], width=11)
        texts = {key: ["" if one is None else book.within(getattr(one, key)) for one in told] for key in ("terms", "reason")}
        yield from (book.column(key, "note", cells, width=32) for key, cells in texts.items())


def _actions(book: Book, members: IntArray) -> Iterator[Column]:
    """Yield the names of actions, where areas hold some; a need that the actions of an area share is that of all."""
    names = (book.say("all") if book.facts.dimensions.area.split[k] else book.label("action", k) for k in members)
    if "action" in book.named:
        yield book.column("action", "text", names)


def _sent(book: Book, columns: Iterable[Column]) -> Iterator[Column]:
    """Yield, for every column that readers may change, one that keeps what was sent."""
    for column in columns:
        if column.entry:
            yield book.column(f"sent:{column.key}", column.style.removeprefix("input_"), column.cells, printed=False, given=True)


def coverage_columns(book: Book, table: str, dimension: str, order: Sequence[int]) -> tuple[Column, ...]:
    """Return need and coverage by partnership or area, with totals; nothing when the scenario has no needs."""
    facts, coverage, none = book.facts, book.plan.coverage, book.say("not_applicable")
    if not len(facts.needs):
        return ()
    need, met = np.zeros((2, len(facts.dimensions[dimension].ids)))
    member = facts.dimensions[dimension].holder[getattr(facts.needs, dimension)]
    np.add.at(need, member, coverage.need)
    np.add.at(met, member, coverage.met)
    here, all_met, all_need = book.own(table, dimension), float(met.sum()), float(need.sum())
    part = f"=IFERROR({book.sum_if_text(NEEDS, 'met', here)}/{book.here(table, 'need')},{quoted(none)})"
    whole = f"=IFERROR(SUM({book.all(NEEDS, 'met')})/SUM({book.all(NEEDS, 'need')}),{quoted(none)})"
    needs = [book.sum_if(NEEDS, "need", here, value=float(need[k])) for k in order]
    parts = [Formula(part, float(met[k]) / float(need[k]) if need[k] else none) for k in order]
    total = Formula(whole, all_met / all_need if all_need else none)
    return (
        book.column("need", "money", needs, (Formula(f"=SUM({book.all(table, 'need')})", all_need),)),
        book.column("coverage", "share", parts, (total,), width=10, mark="bar"),
    )


def refusals(book: Book) -> Sheet:
    """Return who may not receive what, and why: every reason once, with the combinations that it bars."""
    planned, names = [k for k, i in enumerate(book.facts.instruments) if i.planned], [book.lookup(name) for name in NAMES[:3]]
    everyone = book.box(instrument=planned, partnership=book.leaves, area=~book.facts.dimensions.area.split)
    rows = list(_barred(book, _cube(everyone)))
    whole = zip(names, everyone, strict=False)
    members = [[_named(book, name, masks[k], int(mask.sum())) for _, masks, _, _ in rows] for k, (name, mask) in enumerate(whole)]
    years = [book.years_said([book.facts.years[int(t)] for t in np.flatnonzero(masks[3])]) for _, masks, _, _ in rows]
    columns = (
        book.column("reason", "text", [reason for reason, _, _, _ in rows], width=58),
        *(book.column(name, "text", cells, width=width) for name, cells, width in zip(names, members, (34, 44, 26), strict=True)),
        book.column("year", "label", years, width=12),
        book.column("combinations", "number", [count for _, _, count, _ in rows], width=14),
        book.column("source", "note", [source for _, _, _, source in rows], width=36),
    )
    return book.sheet("refusals", "Refusals", columns, filtered=True, money=False, colour="rest")


def _barred(book: Book, left: NDArray[np.bool_]) -> Iterator[tuple[str, list[Mask], int, str]]:
    """Yield every reason that bars some of what is left, the members that it is about, the combinations, and the source."""
    left[tuple(code[book.lines.eligible] for code in book.lines.codes)] = False
    for refused, reason, source in _reasons(book):
        barred = left & refused
        if barred.any():
            left &= ~barred
            masks = [np.asarray(barred.any(axis=tuple(k for k in range(4) if k != axis))) for axis in range(4)]
            yield reason, masks, int(np.count_nonzero(barred)), source


def _reasons(book: Book) -> Iterator[tuple[NDArray[np.bool_], str, str]]:
    """Yield what is refused, why, and the source, in the order in which it is asked: exceptions, eligibility, partners, years."""
    facts = book.facts
    allowed = np.einsum("ia,ip,it,pt->ipat", facts.eligible, facts.partners, facts.instrument_years, facts.partnership_years)
    for clause in facts.exclude:
        yield allowed & _cube(clause.masks(facts.dimensions)), book.within(clause.reason), clause.source or clause.id
    for key, refused in (("not_eligible", ~facts.eligible[:, None, :, None]), ("not_served", ~facts.partners[:, :, None, None])):
        for k, instrument in enumerate(facts.instruments):  # its own source is the legal basis of its money, not of these
            written = f"{instrument.id}: partners" if key == "not_served" else book.sheet_text("eligibility", "name")
            yield refused & _cube(book.box(instrument=[k])), book.say(f"refusal.{key}"), written
    yield ~facts.instrument_years[:, None, None, :], book.say("refusal.not_in_year"), ""
    yield np.ones(1, dtype=bool), book.say("refusal.no_money_in_year"), ""


def _cube(box: Iterable[Mask]) -> NDArray[np.bool_]:
    return np.asarray(np.einsum("i,p,a,t->ipat", *box))


def _named(book: Book, dimension: str, mask: Mask, everyone: int) -> str:
    picked = np.flatnonzero(mask)
    if len(picked) == everyone > 1:
        return book.say("all")
    rest = len(picked) - MOST_NAMES
    return ", ".join(book.label(dimension, int(k)) for k in picked[:MOST_NAMES]) + (book.say("and_more", count=rest) if rest > 0 else "")
