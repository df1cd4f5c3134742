"""Every figure in a sentence or table of the manual is worked out again; a figure that nobody checks fails.

Pages are read without their blocks (test_documents does these) and without `code`. A piece of text with figures is given
here with the figures as they must be, from the scenarios, from the code, or from what the page's own blocks show.
"""

import csv
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from math import ceil

import pytest
from click.testing import CliRunner

import pages
from cases import ROOT, SHIPPED, TINY
from documents import BLOCK, calls
from fundalloc.cli import cli
from fundalloc.compare import movements
from fundalloc.compare.shares import MOST_EXACT
from fundalloc.doors.text import MOST_CHARACTERS
from fundalloc.export.workbook.plan_sums import MANY_LINES
from fundalloc.insight.conflict.minimal_sets import MOST
from fundalloc.insight.explain import value
from fundalloc.insight.explain.value import LOSS
from fundalloc.insight.payments import DEADLINES
from fundalloc.optimise import rounding, settling
from fundalloc.optimise import switches as mixed
from fundalloc.plan import prices
from fundalloc.run import solve
from fundalloc.scenario import own_words
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import BANDS

PAGES = {
    "README.md": ["README.md"],
    "examples": [name for name in pages.PAGES if re.fullmatch(r"examples/[^/]*", name)],
    "scenarios/README.md": ["scenarios/README.md"],
}
NUMBER = re.compile(r"\d[\d ]*(?:[.,]\d+)*")
NO_FIGURES = re.compile(
    "|".join(
        (
            r"\(EU(?:, Euratom)?\) \d+/\d+|COM\(\d+\) \d+|\d+/\d+/EU|UNSCR 1244/1999|CC BY 4\.0|EUPL-1\.2",
            r"(?:priority|effectiveness|parameter|factor) \(1\)",
            r"\b20\d\d(?:-20\d\d)?\b",
            r"EUR 1 million|at priority 1|shares (?:must )?add up to 1(?:00)?",
            r"Art(?:\.|icle) \d+(?:\(\d\)-\(\d\))?|\(read [\d.]+\)|A4|UTF-8|iso3|Python 3\.11|exit code(?: is)? \d|returns 8",
            r"\b\d\. |Tutorial \d",
            r"x ≥ 0|, 0\s+<= q_j|q_[12j]|value_[12]|\(1 - rho|t-1\]|b - 1 leaves|Where t is 0",
        )
    ),
    re.IGNORECASE,
)
"""Years, laws, licences, chapters, symbols, and the unit "EUR 1 million"."""


def euro(value: object, places: int = 1) -> str:
    """Write EUR million as the pages do: a space between thousands, halves away from zero."""
    exact = Fraction(str(value)) if not isinstance(value, Fraction) else value
    rounded = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{rounded:,}".replace(",", " ")


@cache
def page(name: str) -> str:
    return "\n".join(map(pages.page, PAGES[name])).replace("\u00a0", " ")


@cache
def shipped(name: str) -> Scenario:
    return load(ROOT / "scenarios" / name / "baseline.yaml")


def ceiling(name: str, *ids: str) -> Fraction:
    """EUR million of instruments over the whole period: what the years add up to, or the total where it is less."""
    facts = shipped(name).facts
    out = Fraction(0)
    for instrument in facts.instruments:
        if instrument.id in ids:
            yearly = [amount for year in facts.years if (amount := instrument.ceiling.in_year(year)) is not None]
            whole = [sum(yearly, Fraction(0))] if yearly else []
            out += min(whole if instrument.ceiling.total is None else [*whole, instrument.ceiling.total])
    return out


def parameter(name: str) -> Fraction:
    with (ROOT / "scenarios/mff-2021-2027/parameters.csv").open(encoding="utf-8") as file:
        return next(Fraction(row["value"]) for row in csv.DictReader(file) if row["parameter"] == name)


def total_row(name: str) -> str:
    budget = [i.id for i in shipped(name).facts.instruments if i.counts == "budget"]
    return euro(ceiling(name, *budget))


def given(name: str) -> Fraction:
    facts = shipped(name).facts
    lines = shipped(name).lines
    partner = [k for k, i in enumerate(facts.instruments) if i.counts == "partner"]
    return sum((int(s) * facts.step for s, i in zip(lines.decided, lines.instrument, strict=True) if i in partner), Fraction(0))


def ceilings_table() -> list[str]:
    now, then = "mff-2021-2027", "global-europe-2028-2034"
    left = {
        "NDICI Neighbourhood, incentive amount of {pot} included": ("ndici-neighbourhood", "ndici-incentive"),
        "NDICI Sub-Saharan Africa": ("ndici-sub-saharan-africa",),
        "NDICI Asia and the Pacific": ("ndici-asia-pacific",),
        "NDICI Americas and the Caribbean": ("ndici-americas-caribbean",),
        "NDICI thematic": ("ndici-thematic",),
        "NDICI rapid response": ("ndici-rapid-response",),
        "NDICI cushion": ("ndici-cushion",),
        "Erasmus+ international": ("erasmus-external",),
        "IPA III": ("ipa-iii",),
        "AMIF external": ("amif-external",),
        "BMVI external": ("bmvi-external",),
        "ISF external": ("isf-external",),
        "Humanitarian aid": ("humanitarian-aid",),
    }
    right = {
        "Pillar Europe": "pillar-europe",
        "Pillar Middle East, North Africa, Gulf": "pillar-mena",
        "Pillar Sub-Saharan Africa": "pillar-sub-saharan-africa",
        "Pillar Asia and the Pacific": "pillar-asia-pacific",
        "Pillar Americas and the Caribbean": "pillar-americas-caribbean",
        "Global pillar": "pillar-global",
        "Cushion": "cushion",
        "Asylum and migration, external": "asylum-migration-external",
        "Borders, external": "borders-external",
        "Internal security, external": "internal-security-external",
    }
    named = {i for ids in left.values() for i in ids}
    assert named == {i.id for i in shipped(now).facts.instruments if i.counts == "budget"}
    assert set(right.values()) == {i.id for i in shipped(then).facts.instruments if i.counts == "budget"}
    pot = euro(ceiling(now, "ndici-incentive"))
    rows = [f"| {text.format(pot=pot)} | {euro(ceiling(now, *ids))} |" for text, ids in left.items()]
    rows += [f"| {text} | {euro(ceiling(then, id))} |" for text, id in right.items()]
    rows.append(f"| **EU budget** | **{total_row(now)}** | | **EU budget** | **{total_row(then)}** |")
    rows.append(
        f"| Member States, given | {euro(given(now))} | | Member States, planned, at most | {euro(ceiling(then, 'member-states'))} |"
    )
    return rows


def note(instrument: str) -> str:
    return next(i for i in shipped("mff-2021-2027").facts.instruments if i.id == instrument).note.within("en").replace("\u00a0", " ")


def share_in_note(instrument: str) -> str:
    """Return the share of the published total that is taken: "3 612 x 10 % = 361.2", or "10 % of the published amounts"."""
    found = re.search(r"x (\d+) %|^(\d+) % of", note(instrument))
    return found[1] or found[2]


def ceiling_in(scenario: Scenario, year: int) -> Fraction:
    return sum((i.ceiling.in_year(year) for i in scenario.facts.instruments if i.counts == "budget"), Fraction(0))


def scenarios_page() -> list[str]:
    name = "mff-2021-2027"
    facts = shipped(name).facts
    ndici = [i.id for i in facts.instruments if "family:ndici" in i.tags]
    erasmus = Fraction(re.search(r"([\d.]+) of it is NDICI", note("erasmus-external"))[1])
    whole = ceiling(name, *ndici) + erasmus
    budget, memo = ([i for i in facts.instruments if i.counts == kind] for kind in ("budget", "memo"))
    with (ROOT / "scenarios" / name / "markers.csv").open(encoding="utf-8") as file:
        marked = {(row["marker"], row["area"]): Fraction(row["coefficient"]) for row in csv.DictReader(file) if not row["instrument"]}
    counted = marked["migration", "opportunities"]
    cut = load(ROOT / "scenarios" / name / "ten-percent-cut.yaml")
    left = ceiling_in(cut, 2026) / ceiling_in(shipped(name), 2026)
    return [
        f"At most {own_words.LONGEST} characters",
        "cut to the 31 characters that Excel",
        f"at most {euro(MOST_CHARACTERS, 0)} characters",
        f"{len(budget)} instruments of the EU budget, Member States in two route initiatives, {({3: 'three'})[len(memo)]} memo lines, "
        f"{len(facts.leaf_ids)} partnerships at three levels, {({5: 'five'})[len(facts.areas)]} areas",
        f"every EU instrument loses {euro(100 * (1 - left), 0)} % in 2025-2027",
        f"the target of 10 % of NDICI-Global Europe does the area of economic opportunities count {euro(100 * counted, 0)} %",
        f"with EUR {euro(erasmus)} million of Erasmus+ come to {euro(whole / 79462 * 100)} % of EUR 79 462 million",
        "in line with the published average of 14 %",
        f"{share_in_note('amif-external')} % of the AMIF thematic facility, {share_in_note('bmvi-external')} % for BMVI and ISF",
        f"Humanitarian aid counts {share_in_note('humanitarian-aid')} %, IPA III {share_in_note('ipa-iii')} %",
        f"kept between {parameter('unemployment_least')} % and {parameter('unemployment_most')} %",
        f"× {float(parameter('readmission_factor'))} where readmission is agreed",
        f"× {parameter('talent_factor')} with a Talent Partnership",
        f"never below {float(parameter('decided_margin'))} times the money already decided",
        "`0.1` is EUR 100 000",
        f"financing agreement with the partner by the end of n+{DEADLINES['agreement'] - 3}, contracts within three years",
        f"by the end of n+{DEADLINES['agreement']} at the latest",
        f"legal commitments by the end of n+{DEADLINES['direct']}",
        f"payments by the end of n+{DEADLINES['instalments']}",
        f"stay below {euro(prices.MOST, 0)}",
        f"in plans that lose {100 * value.LOSS:g} % of",
        *ceilings_table(),
    ]


def shown(command: str) -> str:
    """Return what a tutorial shows below a command, the shortest that begins so; test_documents holds that it is so."""
    blocks = [block for language, block in BLOCK.findall(page("examples")) if language == "console"]
    found = [(line, text) for block in blocks for line, text in calls(block) if line.startswith(command)]
    return min(found)[1]


def tutorials() -> list[str]:
    run, explain = shown("fundalloc run examples/tiny/tiny.yaml -n"), shown("fundalloc explain examples/tiny/tiny.yaml sahel smuggling")
    reserve = re.search(r"NDICI-Global Europe +[\d.]+ +([\d.]+)", run)[1]
    price = re.search(r"legal migration: limit.* higher: -([\d.]+) points", run)[1]
    sahel = re.search(r"EUR ([\d.]+) million", explain)[1]
    compare = shown("fundalloc compare examples/tiny/tiny.yaml")
    returns = {row[0]: row[1].lstrip("+") for row in re.findall(r"^(\S+) +(\S+) +\S+ +\S+$", compare.split("What moved it")[1], re.M)}
    egypt = re.search(r"^Egypt +\S+ +\S+ +\+(\S+) +\+(\S+)$", compare, re.M)
    there = re.search(r"plan of tiny by the figures of tiny-returns: (\S+) points", compare)
    assert egypt is not None
    assert there is not None
    corners = json.loads(CliRunner().invoke(cli, ["frontier", str(TINY), "--between", "impact,lowest_coverage", "--json"]).output)[
        "result"
    ]["corners"]
    bend = next(corner for corner in corners if corner["bend"])
    lost = 100 * (1 - bend["goal_impact"] / corners[0]["goal_impact"])
    plan = solve(load(TINY))
    return [
        f"{reserve} is the reserve of 5 %",
        f"in the Sahel costs {price} points",
        f"The best plan before rounding has {plan.log.program_score:.1f} points",
        f"Whole steps of EUR 100 000 cost {100 * (1 - plan.score / plan.log.program_score):.2f} % of that",
        f"Why does the Sahel get {sahel} million against smuggling",
        "the EU budget at 80 to 120 %",
        f"within {100 * LOSS:g} % of the score",
        "types +5 beside",
        "from 6.5 to 28",
        f"of the {returns['needed']} million that returns gain",
        f"Egypt gains {egypt[1]}, of which {egypt[2]} needed",
        f"here it would reach {there[1]}, and break the floor",
        f"{returns['rules.returns-floor']} are its doing, {returns['adjust.returns-first']} that of the priority",
        f"{100 * bend['goal_lowest_coverage']:.0f} % for everybody costs {lost:.1f} % of the score",
        f"within {euro(100 * movements.SHARE, 0)} % and EUR {movements.AMOUNT} million",
    ]


def reference() -> list[str]:
    first, second, third = ((euro(100 * band.share, 0), float(band.value)) for band in BANDS)
    curve = shipped("mff-2021-2027").facts.bands
    assert {band.share for band in curve} == {Fraction(1, 10)}
    return [
        f"the first {first[0]} % of a need earns {first[1]} per euro, the next {second[0]} % {second[1]}, the last {third[0]} % {third[1]}",
        f"the first tenth earns {float(curve[0].value)} and the last {float(curve[-1].value)}",
        f"the first {100 * settling.FARTHER[0]:g} % of an amount, then those up to {100 * settling.FARTHER[1]:g} %",
        f"up to {euro(settling.SPREAD_UP_TO, 0)} lines",
        f"within {100 * mixed.GAP:g} % of",
        f"up to {mixed.FEW} switches",
        f"up to {rounding.FEW} open lines",
        f"From {euro(rounding.CORNER_FROM, 0)} lines",
        f"more than {euro(MANY_LINES, 0)} allocation lines",
        "“to 0.76 times what they are”",
        '"20 % more than now"',
        f"a floor of 61.05 is {float(Fraction(ceil(Fraction('61.05') / Fraction('0.1')), 10))} in steps of 0.1",
        *(f"| {code} |" for code in (*range(10), 130)),
    ]


CHECKED = {
    "README.md": lambda: ["such as EUR 100 000"],
    "examples": lambda: [*tutorials(), *reference()],
    "scenarios/README.md": scenarios_page,
}


def prose(name: str) -> str:
    """Return pages without blocks, code and links, on one line."""
    text = BLOCK.sub("", page(name))
    return re.sub(r"\s+", " ", re.sub(r"\]\([^)]*\)", "]", text))


@pytest.mark.parametrize("name", CHECKED)
def test_every_figure_is_worked_out(name):
    text = prose(name)
    for phrase in CHECKED[name]():
        assert phrase in text, phrase
        text = text.replace(phrase, "")
    left = NO_FIGURES.sub("", re.sub(r"`[^`]*`", "", text))
    unchecked = [left[max(found.start() - 40, 0) : found.end() + 20] for found in NUMBER.finditer(left)]
    assert not unchecked, unchecked


def test_numbers_in_words_agree_with_the_code():
    assert MOST == 5
    assert "Up to five conflicts" in page("examples")
    assert MOST_EXACT == 8
    assert "Up to eight changes" in page("examples")
    assert "six pillars" in page("scenarios/README.md")
    pillars = [i for i in shipped("global-europe-2028-2034").facts.instruments if i.id.startswith("pillar-")]
    assert len(pillars) == 6


def test_expected_scores_in_examples_are_those_of_shipped_scenarios():
    scores = {str(load(path).head.expect.score) for path in SHIPPED}
    for name in PAGES:
        for score in re.findall(r"expect: \{score: ([\d.]+)\}", page(name)):
            assert str(Fraction(score)) in scores, (name, score)


@pytest.mark.parametrize("name", ["mff-2021-2027", "global-europe-2028-2034"])
def test_the_arithmetic_in_notes_is_right(name):
    """(19 323 - 2.98 % ... = 18 747.0) x 24 % = 4 499.3, in every language that says so."""
    number = r"\d[\d ]*(?:[.,]\d+)?"
    count = 0
    for instrument in shipped(name).facts.instruments:
        for text in instrument.note.values() if instrument.note else ():
            text = re.sub(r"[\u00a0\u202f]", " ", text)
            for base, share, result in re.findall(rf"({number})\)? [x×] ({number}) ?%[^=]*?= ({number})", text):
                values = [Fraction(figure.replace(" ", "").replace(",", ".")) for figure in (base, share, result)]
                assert abs(values[0] * values[1] / 100 - values[2]) <= Fraction(1, 10), (instrument.id, text)
                count += 1
    assert count == 4 * len([i for i in shipped(name).facts.instruments if i.note and re.search(r" x \d+", i.note.within("en"))])
