"""What differs: movements of money and how far they reach, rules whose status differs, inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from fundalloc.compare.comparison import Pair
from fundalloc.compare.inputs import Difference
from fundalloc.compare.measures import RuleChange
from fundalloc.compare.movements import BEYOND, DECISION, Movement
from fundalloc.compare.outcome import Measured
from fundalloc.export.comparison.pages import LINES, Pages
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet
from fundalloc.plan.sums import PLACES

MOVEMENTS = "Movements"


def movements(pages: Pages) -> Sheet:
    """Return every movement of one instrument's money for one partnership and area, and how far it reaches."""
    listed = [(pair, movement) for pair in pages.found.pairs for movement in pair.movements.listed]
    moved = [movement for _, movement in listed]
    members = pages.members([(movement.instrument, movement.partnership, movement.area) for movement in moved])
    reached = ((pages.say(f"reach.{DECISION}"), "at_limit"), (pages.say(f"reach.{BEYOND}"), "warning"))
    columns = (
        pages.column("variant", "strong", [pages.short(pair) for pair, _ in listed], width=24),
        *(pages.names_of(name, members[name], width) for name, width in zip(members, (25, 36, 20, 20), strict=False)),
        *_amounts(pages, listed),
        pages.column("reach", "text", [pages.say(f"reach.{m.reach}") for m in moved], width=26, flags=reached),
        *(pages.ids_of(name, found) for name, found in members.items()),
    )
    return pages.sheet("movements", MOVEMENTS, columns, filtered=True, words={"clause": clause_text(pages)})


def _amounts(pages: Pages, listed: Sequence[tuple[Pair, Movement]]) -> Iterator[Column]:
    """What was and what is, looked up among the lines; the change, what of it is needed, and what is a choice."""
    keys = [pages.title(f"{name}_id") for name in pages.members(())]
    conditions = ",".join(f"{pages.all(LINES, key)},{pages.here(MOVEMENTS, key)}" for key in keys)

    def looked_up(heading: str) -> str:
        return f"SUMIFS({pages.all(LINES, heading)},{conditions})"

    def less(one: str, other: str) -> str:
        return f"=ROUND({pages.here(MOVEMENTS, pages.title(one))}-{pages.here(MOVEMENTS, pages.title(other))},{PLACES})"

    def column(key: str, text: Callable[[Pair], str], amount: Callable[[Movement], Fraction | None]) -> Column:
        amounts = [(pair, amount(movement)) for pair, movement in listed]
        cells = [None if value is None else Formula(text(pair), float(value)) for pair, value in amounts]
        return pages.column(key, "money" if key in ("before", "after") else "change", cells, width=13)

    needed = [pages.needed.get(k, "") for k in range(1, len(pages.sides))]
    yield column("before", lambda _: f"={looked_up(pages.sides[0])}", lambda m: m.before)
    yield column("after", lambda pair: f"={looked_up(pages.short(pair))}", lambda m: m.after)
    yield column("change", lambda _: less("after", "before"), lambda m: m.change)
    yield column("needed", lambda pair: f"=ROUND({looked_up(needed[pages.found.pairs.index(pair)])},{PLACES})", lambda m: m.needed)
    yield column("choice", lambda _: less("change", "needed"), lambda m: None if m.needed is None else m.change - m.needed)


def clause_text(pages: Pages) -> str:
    """Return how much is flexible, in words."""
    clause = pages.found.pairs[0].movements.clause
    limits, key = clause.said(pages.words, pages.say("and")), "clause_of_rule" if clause.rule else "clause_assumed"
    return pages.say(key, limits=limits, rule=clause.rule, side=clause.side)


def rules(pages: Pages) -> Sheet:
    """Return the rules that hold in one plan and not in the other, and all others whose status differs."""
    listed = [(pages.short(pair), change) for pair in pages.found.pairs for change in pair.rules or ()]
    flags = (pages.say("kept_now"), "pass"), (pages.say("missed_now"), "warning")
    columns = (
        pages.column("variant", "strong", [side for side, _ in listed], width=24),
        pages.column("rule", "text", [change.demand[0] for _, change in listed], width=28),
        pages.column("says", "text", [change.says for _, change in listed], width=64),
        pages.column("in_first", "text", [_status(pages, change.before, change.asked_before) for _, change in listed], width=22),
        pages.column("room_in_first", "amount", [_room(change.before) for _, change in listed], width=14, given=True),
        pages.column("in_variant", "text", [_status(pages, change.after, change.asked_after) for _, change in listed], width=22),
        pages.column("room_in_variant", "amount", [_room(change.after) for _, change in listed], width=14, given=True),
        pages.column("what_happened", "text", [_happened(pages, change) for _, change in listed], width=18, flags=flags),
        pages.column("member", "code", [change.demand[1] for _, change in listed], printed=False),
        pages.column("force", "note", [_force(pages, change) for _, change in listed], printed=False),
    )
    return pages.sheet("rules", "RuleChanges", columns, filtered=True)


def _happened(pages: Pages, change: RuleChange) -> str:
    """Say whether a demand is kept or missed now; one that crosses among equally good plans only did neither."""
    if change.crossed and change.needed is False:
        return pages.say("reach.choice")
    return pages.say("other" if not change.crossed else "kept_now" if change.better else "missed_now")


def _status(pages: Pages, measured: Measured | None, asked: bool) -> str:
    if measured is None:
        return pages.say("not_asked")
    word = pages.status(measured.status)
    return word if asked else pages.say("would_be", status=word)


def _room(measured: Measured | None) -> Cell:
    return None if measured is None or measured.headroom is None else round(measured.headroom, 6) + 0.0


def _force(pages: Pages, change: RuleChange) -> str:
    measured = change.after or change.before
    return pages.word(f"force.{measured.force}") if measured and measured.force else ""


def inputs(pages: Pages) -> Sheet:
    """Return inputs that differ, and where each is written. A pair whose inputs are not known has one row that says why."""
    rows = [(pages.short(pair), d) for pair in pages.found.pairs for d in _differences(pages, pair)]
    nothing = pages.say("nothing")
    columns = (
        pages.column("variant", "strong", [side for side, _ in rows], width=24),
        pages.column("override", "text", [d.override for _, d in rows], width=34),
        pages.column("key", "text", [d.key for _, d in rows], width=52),
        pages.column("old", "text", [nothing if d.old is None else d.old for _, d in rows], width=26),
        pages.column("new", "text", [nothing if d.new is None else d.new for _, d in rows], width=26),
        pages.column("figure", "note", [pages.say("text" if d.words else "figure") for _, d in rows], width=12),
        pages.column("old_origin", "code", [short_place(d.old_place) for _, d in rows], printed=False),
        pages.column("new_origin", "code", [short_place(d.new_place) for _, d in rows], printed=False),
    )
    return pages.sheet("inputs", "InputChanges", columns, filtered=True, money=False, colour="input")


def _differences(pages: Pages, pair: Pair) -> list[Difference]:
    if isinstance(pair.inputs, str):
        return [Difference(pages.say("inputs_unknown", reason=pair.inputs), None, None, "", "", words=True)]
    order = {override.key: k for k, override in enumerate(reversed(pair.overrides))}
    return sorted(pair.inputs, key=lambda d: (d.words, -order.get(d.override, -1)))


def short_place(place: str) -> str:
    """Return a place without folders, the same on every machine; a revision stays."""
    head, _, file = place.rpartition("/")
    revision = head.partition(":")[0] if ":" in head and not head.startswith("/") else ""
    return f"{revision}:{file}" if revision else file
