"""The parts of a scenario file: the head, and sections of named entries; pydantic's errors become problems with places."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from fundalloc.errors import Problems, did_you_mean, year_ranges
from fundalloc.facts.documented import Documented
from fundalloc.facts.entities import Band, Bands, Prices, Record
from fundalloc.facts.fields import TOLD, Amount, Factor, Flag, Id, Multilingual, Note, Share, Text, Years, refuse
from fundalloc.labels import label, languages
from fundalloc.rules._fields import ForEach
from fundalloc.scenario.document import Scalar, Tree, locate
from fundalloc.scenario.own_words import OwnWords

BANDS = tuple(Band.model_construct(share=Fraction(share, 10), value=Fraction(value, 10)) for share, value in ((5, 10), (3, 6), (2, 3)))
LEVELS = ("bilateral", "regional", "global")
"""Levels with a name in every catalogue."""
EURO = Fraction(1, 10**6)
"""The smallest rounding step, in EUR million."""


def _date(raw: Any) -> str:
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", raw):
        return raw
    raise refuse(f"'{raw}' is not a date", "write year-month-day, such as 2026-11-23")


def _consecutive(years: tuple[int, ...]) -> tuple[int, ...]:
    if list(years) != list(range(years[0], years[-1] + 1)):
        raise refuse("the years have gaps", "write one range, such as 2021-2027")
    return years


def _step(amount: Fraction) -> Fraction:
    if amount < EURO:
        raise refuse("the rounding step must be at least one euro (0.000001)", "write 0.1 for EUR 100 000")
    return amount


def _language(raw: Any) -> str:
    if raw in languages():
        return str(raw)
    raise refuse(f"no labels in '{raw}'", f"expected one of: {', '.join(languages())}")


class Expect(Record):
    """What the tests check after a run."""

    score: Factor
    """The score before rounding, such as 11601.1."""


class Presentation(Record):
    """How the results are presented."""

    language: Annotated[str, PlainValidator(_language), WithJsonSchema({"enum": languages()})] = "en"
    """Of what is printed and written, such as fr."""
    marking: Multilingual | None = None
    """Stands on every sheet of a workbook, such as {en: Draft, fr: Projet}."""
    contact: Multilingual = Text()
    """Whom readers of a workbook ask, and send it back to, such as {en: Unit C2}."""
    reply_by: Annotated[str, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})] = ""
    """Until when they are asked to send it back, such as 2026-12-15."""


class Settle(Record):
    """How settling chooses among good plans."""

    stay_close: Share = Fraction(0)
    """Relative score that may be given up to move less money, such as 0.1 %."""


MEASURED = ("impact", "lowest_coverage", "unallocated", "change")
"""Goals that one figure measures."""
GOALS = (*MEASURED, "fair")
OF_MEMBERS = ("lowest_coverage", "fair")
"""Goals that ask whose coverage counts."""


class Stage(Record):
    """One objective stage: a word, or a word with its options."""

    goal: Literal["impact", "lowest_coverage", "unallocated", "change", "fair"]
    for_each: ForEach = ()
    """For lowest_coverage and fair: whose coverage counts, such as partnership."""
    give: Share = Fraction(0)
    """Relative value that later stages may give up, such as 1 %."""

    @model_validator(mode="before")
    @classmethod
    def _word(cls, raw: Any) -> Any:
        if isinstance(raw, str):
            return {"goal": raw}
        if isinstance(raw, dict) and "goal" not in raw:
            goal = next((key for key in raw if key in GOALS), None)
            if goal is None:
                raise refuse("no stage named", f"expected one of: {', '.join(GOALS)}")
            other = next((key for key in raw if key in GOALS and key != goal), None)
            if other is not None:
                raise refuse("two stages in one entry", f"write [{{{goal}: …}}, {{{other}: …}}]", (other,))
            options = raw[goal]
            if not isinstance(options, dict):
                hint = f"write {goal}, or {{{goal}: {{give: 1 %}}}}"
                hint = f"write {{{goal}: {{for_each: partnership}}}}" if goal in OF_MEMBERS else hint
                raise refuse(f"'{goal}' takes options, not '{options}'", hint, (goal,))
            return {"goal": goal, **options, **{k: v for k, v in raw.items() if k != goal}}
        return raw

    @model_validator(mode="after")
    def _whose(self) -> Stage:
        if self.goal in OF_MEMBERS and not self.for_each:
            raise refuse(f"{self.goal} of whom?", f"write {{{self.goal}: {{for_each: partnership}}}}")
        if self.goal not in OF_MEMBERS and self.for_each:
            raise refuse(f"'{self.goal}' is one figure for the whole plan", "take 'for_each' out")
        return self


def _impact_first(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Shadow prices, the certificate and the status speak of the score, so it comes first."""
    if not stages:
        raise refuse("no stage", "write objective: [impact]")
    if stages[0].goal != "impact":
        goal = stages[0].goal
        hint = f"to put {goal} before it, let impact give way: [{{impact: {{give: 100 %}}}}, {goal}, impact]"
        raise refuse(f"the first stage is '{goal}': shadow prices and the proof speak of impact, so it comes first", hint, (0,))
    return stages


class Head(Documented):
    """The single values at the top of a scenario file."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)

    fundalloc: Literal["1"]
    """Version of the file format, such as 1."""
    scenario: Id
    """Short name of the scenario, such as baseline-2027."""
    title: Multilingual
    """Its name on every output, such as {en: The plan for 2027, fr: Le plan pour 2027}."""
    description: Multilingual = Text()
    """What it is about, such as {en: What a tenth less would mean}."""
    author: Note = ""
    """Who stands for it, such as Unit C2."""
    state: Annotated[Literal["draft", "for consultation", "adopted"], TOLD] = "draft"
    """How far it is: draft, for consultation or adopted, such as adopted."""
    as_of: Annotated[str, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
    """The only date that reaches the outputs, such as 2026-11-23."""
    years: Annotated[Years, AfterValidator(_consecutive)]
    closed: Years = ()
    """Years that are fixed to the decided money, such as 2021-2024."""
    past: Annotated[Literal["reconstructed"] | None, TOLD] = None
    """Said where years before that of `as_of` are planned anew: every output then says so too."""
    prices: Prices = Field(default_factory=Prices)
    """The price base of all amounts, such as {base: constant 2018}."""
    round_to: Annotated[Amount, AfterValidator(_step)] = Fraction(1, 1000)
    """Rounding step in EUR million, such as 0.1."""
    illustrative: Annotated[Flag, TOLD] = False
    """Prints "illustrative data" on every output."""
    migration_money: Multilingual = Text()
    """What counts as migration money; printed on the cover, such as {en: Money marked for migration}."""
    tag_names: Annotated[dict[str, dict[str, Multilingual]], TOLD] = Field(default_factory=dict)
    """Names of tag values for sentences and headings, such as {route: {central-med: Central Mediterranean}}."""
    words: OwnWords = Field(default_factory=dict)
    """What is shown in place of instrument(s), partnership(s), area(s) and, as `total`, EU budget; files keep the words of the format,
    such as {partnership: region, partnerships: regions}."""
    kinds_from: Annotated[dict[str, Id], TOLD] = Field(default_factory=dict)
    """The packages that have the kinds of rules which fundalloc lacks, such as {top_k: fundalloc-top-k}."""
    steps: Bands = Field(default_factory=lambda: BANDS)
    """Diminishing returns on met need, such as {curve: {log: 4}, pieces: 10}."""
    objective: Annotated[tuple[Stage, ...], AfterValidator(_impact_first)] = Field(default_factory=lambda: (Stage(goal="impact"),))
    """The stages, each held while the next is solved, such as [impact, {lowest_coverage: {for_each: partnership}}]."""
    settle: Settle = Field(default_factory=Settle)
    """How to choose among plans that are as good, such as {stay_close: 0.1 %}."""
    baseline: str = ""
    """The plan to start from: a scenario, or a plan as JSON, CSV or workbook, such as plan.json."""
    expect: Expect | None = None
    """What tests expect of a run, such as {score: 11601.1}."""
    output: Annotated[Presentation, TOLD] = Field(default_factory=Presentation)
    """How results are presented, such as {language: fr}."""

    @property
    def today(self) -> int:
        """The year of `as_of`."""
        return int(self.as_of[:4])

    @property
    def reconstructed(self) -> tuple[int, ...]:
        """The years before that of `as_of` that are not closed: what is planned in them is no plan for the future."""
        return tuple(year for year in self.years if year < self.today and year not in self.closed)

    def said_of_past(self, language: str) -> str:
        """Return the sentence that every output has about years that are over and planned anew; empty where there are none."""
        if not self.reconstructed:
            return ""
        years = year_ranges(self.reconstructed)
        return label("workbook.cover.reconstructed", language, years=years, as_of=self.as_of, today=max(self.today, self.years[0]))

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that partnerships may have: those of the catalogues, and those that the scenario names."""
        return tuple(dict.fromkeys((*LEVELS, *self.tag_names.get("level", {}))))


WITH_REASON = ("exclude", "allow")
"""Sections whose entries have a reason of their own."""
SECTIONS = ("areas", "instruments", "transfers", "exclude", "allow", "adjust", "rules")
TOLD_TABLES = ("mandate",)
"""Tables on which no amount of any plan depends; a scenario without one keeps the fingerprint that it always had."""
TABLES = ("partnerships", "needs", "eligibility", "markers", "decided", *TOLD_TABLES)
TOP_LEVEL = (*Head.model_fields, *SECTIONS, *TABLES, "extends")


def entries(tree: Tree, section: str, problems: Problems, off: dict[str, dict[str, str]]) -> dict[str, Tree]:
    """Return the entries of a section that are on; others go into `off`, so that their names stay known: with a reason, or unreadable."""
    node = tree.get(section)
    if node is None:
        return {}
    if not isinstance(node, Tree):
        problems.add(node.place, f"'{section}' must be names with entries", "such as name: {…}")
        return {}
    out = {}
    for key, entry in node.items.items():
        if not isinstance(entry, Tree):
            problems.add(entry.place, f"'{key}' must be keys with values", "such as {…}")
            off.setdefault(section, {})[key] = ""
        elif entry.text("off") == "true":
            reason = entry.text("reason")
            if entry.items.keys() <= {"off", "reason"}:
                problems.remark(node.keys[key], f"'{key}' is switched off, but there is none", did_you_mean(key, set(node.items) - {key}))
            if not reason:
                problems.add(node.keys[key], f"'{key}' is switched off without a reason", "add reason: …")
            off.setdefault(section, {})[key] = reason or ""
        elif isinstance(entry.get("off"), Scalar) and entry.text("off") != "false":
            problems.add(locate(entry, ("off",)), "'off' must be true or false", "write off: true")
            off.setdefault(section, {})[key] = ""
        else:
            only_for_off = ("off",) if section in WITH_REASON or "off" not in entry.items else ("off", "reason")
            items = {k: v for k, v in entry.items.items() if k not in only_for_off}
            out[key] = Tree(items, entry.keys, entry.place, entry.folder)
    return out
