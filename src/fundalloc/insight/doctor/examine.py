"""The data doctor: what is wrong, or looks wrong, in a scenario before anything is solved; and what else is worth knowing.

Errors are contradictions that leave no plan, shown by adding up; warnings are worth a look. Every finding names its place,
its figures and what to do. What is worth knowing has no place and asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import counted, some, year_ranges
from fundalloc.facts.citation import Citation
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import eligible_cube
from fundalloc.insight.doctor import Remark, warning
from fundalloc.insight.doctor.figures import figures_in_sentences, slips
from fundalloc.insight.doctor.limits import contradictions, idle_rules
from fundalloc.insight.doctor.names import twins, unknown_codes
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram, numerical_remarks
from fundalloc.model.objective import needs_served
from fundalloc.money import euro, plain
from fundalloc.plan.ledger import free_of_decisions, measure_coverage
from fundalloc.run import with_baseline
from fundalloc.scenario.document import locate, scalars
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers.margins import lines_kept

SHOWN = 3
"""How many names a remark lists before it says "and n more"."""
MANY = 50_000
"""Lines above which the time of a solve depends on what can be added up beforehand."""
CROSSED = 20
"""A rule that skips more members crosses two dimensions that hardly meet, such as all instruments with all partnerships: no news."""


def examine(scenario: Scenario) -> list[Remark]:
    """Return what the doctor finds: errors first, each group in the order of the files."""
    scenario = with_baseline(scenario)
    program = compile_program(scenario)
    found = [
        *(warning(remark.place, remark.message, remark.hint) for remark in scenario.remarks),
        *contradictions(scenario, program),
        *idle_rules(scenario, program),
        *figures_in_sentences(scenario),
        *_unreachable_needs(scenario),
        *_without_lines(scenario),
        *_idle_exceptions(scenario),
        *_missing_years(scenario),
        *_doubtful_rules(scenario),
        *_without_deadline(scenario),
        *_unchecked(scenario),
        *slips(scenario),
        *twins(scenario),
        *unknown_codes(scenario),
        *_stale_sources(scenario),
    ]
    return sorted(dict.fromkeys(found), key=lambda remark: remark.severity != "error")


def _stale_sources(scenario: Scenario) -> Iterator[Remark]:
    """Sources that were valid until a day before `as_of`: once each, with all entries that rest on them."""
    facts, as_of = scenario.facts, scenario.head.as_of
    entries = {name: getattr(facts, name) for name in ("areas", "instruments", "transfers", "exclude", "allow")}
    stale: dict[str, list[tuple[str, str]]] = {}
    for section, one in ((name, one) for name, those in {**entries, "rules": scenario.written_rules}.items() for one in those):
        if isinstance(one.source, Citation) and one.source.parts.get("valid_until", as_of) < as_of:
            stale.setdefault(one.source, []).append((section, one.id))
    for source, at in stale.items():
        says = f"{source} is out of date at {as_of}: {some([' '.join(path) for path in at])}"
        yield warning(locate(scenario.tree, (*at[0], "source")), says, "read it again, and write when and until when it is valid")


def _unreachable_needs(scenario: Scenario) -> Iterator[Remark]:
    """Needs that no eligible line serves: no new money can meet what decided money leaves of them."""
    needs, dimensions = scenario.facts.needs, scenario.facts.dimensions
    served, decided = needs_served(scenario.lines, scenario.lines.eligible), measure_coverage(scenario.lines, scenario.lines.decided)
    missing = np.flatnonzero(~served & (decided.met < decided.need))
    if not len(missing):
        return
    names = [f"{dimensions.partnership.ids[needs.partnership[k]]} × {dimensions.area.ids[needs.area[k]]}" for k in missing]
    amount = euro(float(needs.need.values[missing].sum()), scenario.decimals)
    table = scenario.tables["needs"]
    cells = zip(table.column("partnership"), table.column("area"), strict=True)
    row = next((r for r, at in enumerate(cells) if " × ".join(at) == names[0]), 0)
    says = f"{counted(len(names), 'needs')} of EUR {amount} million in all without any eligible line: {some(names)}"
    yield warning(table.place(row, "need"), says, "open a line in the eligibility table, `partners` or `allow`, or take the need out")


def _without_lines(scenario: Scenario) -> Iterator[Remark]:
    lines, facts = scenario.lines, scenario.facts
    open_lines = lines.eligible
    for k, instrument in enumerate(facts.instruments):
        if instrument.planned and not np.any(open_lines & (lines.instrument == k)):
            place, says = locate(scenario.tree, ("instruments", instrument.id), key=True), f"'{instrument.id}' may fund nothing"
            yield warning(place, f"{says}: it has no eligible line", "check `partners`, its years and the eligibility table")
    table = scenario.tables["partnerships"]
    shown = set(facts.memo.partnership.tolist())  # for scale, beside the plan
    for k, partnership in enumerate(facts.partnerships):
        if partnership.id in facts.leaf_ids and k not in shown and not np.any(open_lines & (lines.partnership == k)):
            place = table.place(table.column("id").index(partnership.id), "id")
            says = f"nobody may fund '{partnership.id}': it has no eligible line"
            yield warning(place, says, "check `partners` of the instruments, and `exclude`")


def _idle_exceptions(scenario: Scenario) -> Iterator[Remark]:
    facts = scenario.facts
    whole = eligible_cube(facts)
    for section, words in (("exclude", "bars nothing that would be eligible"), ("allow", "opens nothing that is not eligible anyway")):
        clauses = getattr(facts, section)
        for clause in clauses:
            others: dict[str, Any] = {section: tuple(c for c in clauses if c is not clause)}
            if np.array_equal(eligible_cube(replace(facts, **others)), whole):
                place = locate(scenario.tree, (section, clause.id), key=True)
                yield warning(place, f"{section} '{clause.id}' {words}", "check what it names, or take it out")


def _missing_years(scenario: Scenario) -> Iterator[Remark]:
    """Figures given for some years only, and totals that the years never reach."""
    yield from _missing_ceilings(scenario)
    yield from _missing_absorption(scenario)
    facts = scenario.facts
    empty = sorted(facts.closed - {facts.years[int(t)] for t in facts.decided.year})
    if empty and len(facts.decided):
        place = locate(scenario.tree, ("closed",))
        yield warning(place, f"{year_ranges(empty)}: closed, but nothing is decided", "enter what was committed, or open these years")
    for rule in scenario.written_rules:
        picked = rule.money.masks(facts.dimensions)[-1]
        for sense, figures in rule.limits():
            years = {int(key) for key in figures if key.isdigit()}
            gaps = [t for t, counts in zip(facts.years, picked, strict=True) if counts and t not in years]
            if years and gaps and "" not in figures and rule.for_each in (("year",), ()):
                place = locate(scenario.tree, ("rules", rule.id, sense.field))
                yield warning(place, f"rule '{rule.id}' has no figure for {year_ranges(gaps)}", "it asks nothing in these years")


def _missing_ceilings(scenario: Scenario) -> Iterator[Remark]:
    facts, tree = scenario.facts, scenario.tree
    for k, instrument in enumerate(facts.instruments):
        yearly = facts.ceilings.full[k]
        gaps = [t for t, limit, on in zip(facts.years, yearly, facts.instrument_years[k], strict=True) if limit == NO_LIMIT and on]
        if instrument.planned and gaps and len(gaps) < len(facts.years) and np.any(yearly != NO_LIMIT):
            place = locate(tree, ("instruments", instrument.id, "ceiling", "each"))
            says = f"'{instrument.id}' has no yearly ceiling in {year_ranges(gaps)}"
            yield warning(place, says, "write these years too; only its total limits them now")
        total, whole = int(facts.ceilings.full_total[k]), int(yearly[yearly != NO_LIMIT].sum())
        if not gaps and total > whole and not any(t.taking == instrument.id for t in facts.transfers):
            place = locate(tree, ("instruments", instrument.id, "ceiling", "total"))
            own, years = (euro(float(facts.euro(steps)), scenario.decimals) for steps in (total, whole))
            says = f"the total of '{instrument.id}', {own}, can never bind: its years come to {years}"
            yield warning(place, says, "correct one of them, or leave the total out")


def _missing_absorption(scenario: Scenario) -> Iterator[Remark]:
    table = scenario.tables["partnerships"]
    for partnership in scenario.facts.partnerships:
        gaps = [t for t in scenario.facts.years if partnership.absorption_in(t) is None]
        if partnership.absorption and gaps:
            row = table.column("id").index(partnership.id)
            place = table.place(row, next((c for c in table.columns if c.startswith("absorption")), "id"))
            says = f"'{partnership.id}' has no absorption in {year_ranges(gaps)}"
            yield warning(place, says, "without one it may take any amount in these years")


def _doubtful_rules(scenario: Scenario) -> Iterator[Remark]:
    for rule in scenario.written_rules:
        if rule.package and rule.package not in scenario.head.kinds_from.values():
            says = f"rule '{rule.id}': its kind is in the package {rule.package}, and a reader without that is not told so"
            yield warning(locate(scenario.tree, ("rules", rule.id, "kind")), says, f"write kinds_from: {{{rule.kind}: {rule.package}}}")
        for path, message, hint in rule.remarks_on(scenario.lines):
            yield warning(locate(scenario.tree, ("rules", rule.id, *path)), f"rule '{rule.id}': {message}", hint)


def _without_deadline(scenario: Scenario) -> Iterator[Remark]:
    for i in (i for i in scenario.facts.instruments if i.contracting_profile and not i.contracting):
        place, says = locate(scenario.tree, ("instruments", i.id, "contracting_profile"), key=True), "no money is shown as at risk"
        yield warning(place, f"'{i.id}' does not say when contracts are due: {says}", "write contracting: agreement, direct or instalments")


def _unchecked(scenario: Scenario) -> Iterator[Remark]:
    """In what is adopted: figures that were never checked against a source."""
    tables = [(table, table.column("confidence")) for table in scenario.every_table.values() if "confidence" in table.columns]
    said = [(table.place(row, "confidence"), text) for table, texts in tables for row, text in enumerate(texts)]
    said += [(node.place, node.text) for keys, node in scalars(scenario.tree) if keys[-1] == "confidence"]
    places = {place for place, text in said if text in ("M", "M?")}
    if places and scenario.head.state == "adopted":
        says = f"{counted(len(places), 'entries')} with confidence M in an adopted scenario: well known, but not checked"
        yield warning(min(places, key=lambda place: place.order), says, "check them against a source, or write confidence: assumption")


# -- what is worth knowing -------------------------------------------------------------------------------------------------


def worth_knowing(scenario: Scenario, many: int = MANY) -> list[str]:
    """Return what is worth knowing about a scenario, as sentences; from so many lines on also what keeps it from a smaller program."""
    scenario = with_baseline(scenario)
    program = compile_program(scenario)
    remarks = [*numerical_remarks(program), *(_kept_lines(program) if len(scenario.lines) > many else [])]
    told = [text for table in scenario.every_table.values() for text in table.told]
    return [*remarks, *told, *_skipped_members(scenario), *_stray_baseline(scenario), *_crooked_ceilings(scenario)]


def _kept_lines(program: LinearProgram) -> list[str]:
    kept = sorted(lines_kept(program).items(), key=lambda item: -item[1])
    names = some([f"{rule} ({counted(lines, 'lines')})" for rule, lines in kept], SHOWN)
    why = "they do not count money as a part by area plus a part by year, so these lines are solved one by one, which takes longer"
    return [f"rules that keep lines from being added up: {names}; {why}"] if kept else []


def _skipped_members(scenario: Scenario) -> list[str]:
    out = []
    for rule in scenario.written_rules:
        skipped = ["|".join(member) for member in rule.skipped(scenario.lines)]
        if 0 < len(skipped) <= CROSSED:
            out.append(f"rule {rule.id} skips {counted(len(skipped), 'members')} without money that counts: {some(skipped, SHOWN)}")
    return out


def _stray_baseline(scenario: Scenario) -> list[str]:
    """Money of the baseline plan on lines that are none here (rules of kind deviation count it), or under ids that nobody knows."""
    plan, lines = scenario.facts.baseline, scenario.lines
    if plan is None:
        return []
    here, stray = set(lines.keys), lines.planned
    gone = {key: amount for key, amount in zip(stray.keys, plan.amount.numerator, strict=True) if amount and key not in here}
    amount = plain(Fraction(int(sum(gone.values())), plan.amount.denominator))
    lost = f"EUR {amount} million of the baseline plan lie where this scenario has no line"
    unknown = f"EUR {plain(plan.elsewhere)} million of the baseline plan have ids that this scenario does not know: left out"
    said = f"{lost}; rules of kind deviation count them: {some(list(gone), SHOWN)}"
    return [said] * bool(gone) + [unknown] * bool(plan.elsewhere)


def _crooked_ceilings(scenario: Scenario) -> list[str]:
    facts = scenario.facts
    ceilings = {i.id: (*(i.ceiling.each or {}).values(), i.ceiling.total or Fraction(0)) for i in facts.instruments if i.ceiling}
    crooked = [name for name, amounts in ceilings.items() if any(amount % facts.step for amount in amounts)]
    return [f"ceilings cut down to whole steps of {plain(facts.step)}: {some(crooked, SHOWN)}"] if crooked else []


def uncommitted_money(scenario: Scenario) -> list[dict[str, Any]]:
    """Return what decisions leave free of ceilings less reserves, one row per planned instrument.

    Its name, the money by year and in all, and what closed years left that nobody can plan: EUR million, None without a ceiling.
    What may be carried over from a closed year is free in the year after.
    """
    facts = scenario.facts
    money = free_of_decisions(scenario.lines, facts.decided_by_year)

    def euro(table: NDArray[np.int64], k: int, n: int) -> float | None:
        return float(facts.euro(int(table[k, n]))) if money.known[k, n] else None

    out, whole = [], len(facts.years)
    for k, instrument in enumerate(facts.instruments):
        if instrument.planned:
            years = {str(t): euro(money.free, k, n) for n, t in enumerate(facts.years)}
            left = {"total": euro(money.free, k, whole), "lapsed": euro(money.lapsed, k, whole)}
            out.append({"instrument": instrument.id, "name": str(instrument.label), "years": years, **left})
    return out
