"""What is so, one entity at a time: instruments, partnerships, areas, exceptions. Frozen; amounts in EUR million."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from math import log1p
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from fundalloc.errors import did_you_mean
from fundalloc.facts.citation import Origin
from fundalloc.facts.dimensions import Choice, Dimensions
from fundalloc.facts.documented import Documented
from fundalloc.facts.fields import Amount, ByYear, Factor, Flag, Id, Iso3, Multilingual, Note, Share, Tags, Text, Years, in_year, refuse
from fundalloc.money import percent


class Record(Documented):
    """Base of everything that is read from a scenario: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Named(Record):
    """A record with a name, and perhaps a short one, per language."""

    id: Id
    name: Multilingual
    """What it is called, per language, such as {en: Tunisia, fr: Tunisie}."""
    short: Multilingual | None = None
    """Label for narrow columns, such as {en: Legal, fr: Légal}."""

    @property
    def label(self) -> Text:
        """The short name if there is one, else the name."""
        return self.short or self.name


class InstrumentCeiling(Record):
    """What an instrument may commit: per year, in total, or both."""

    each: ByYear | None = None
    """EUR million in each of the years, such as {2025: 20, 2026-2027: 40}."""
    total: Amount | None = None
    """EUR million over the whole period, such as 100."""

    @model_validator(mode="before")
    @classmethod
    def _plain_number_is_the_total(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            if not raw:
                raise refuse("an empty ceiling", "write a number, or {each: ..., total: ...}")
            if all(str(key).isdigit() for key in raw):
                raise refuse("years stand directly under 'ceiling'", "write {each: {2024: 20, ...}}")
            return raw
        return {"total": raw}

    def in_year(self, year: int) -> Fraction | None:
        """Return the ceiling of one year, or None when the year has none."""
        return in_year(self.each, year)


def _instrument(raw: Any, info: ValidationInfo) -> str:
    dimensions: Dimensions | None = (info.context or {}).get("dimensions")
    if not isinstance(raw, str):
        raise refuse("expected the id of an instrument")
    if dimensions is not None and raw not in dimensions.instrument.ids:
        raise refuse(f"unknown instrument '{raw}'", did_you_mean(raw, dimensions.instrument.ids))
    return raw


InstrumentId = Annotated[str, PlainValidator(_instrument), WithJsonSchema({"type": "string"})]


class CarryOver(Record):
    """Unused ceiling of a year that may be used in the next year only."""

    share: Share
    """Share of the year's usable ceiling, such as 50 %."""


class TransferRight(Record):
    """Money that may move from one instrument to another before it is committed."""

    id: Id
    source: Origin
    """Article or "assumption", such as {celex: 32021R0947, article: 17}."""
    giving: InstrumentId = Field(alias="from")
    """The instrument that gives, such as amif."""
    taking: InstrumentId = Field(alias="to")
    """The instrument that takes, such as ndici."""
    at_most: Share
    """Share of the giving instrument's ceiling over the whole period, before its reserve, such as 5 %."""
    years: Years | None = None
    """The years in which money may move; absent: all; such as 2025-2027."""
    confidence: Note = ""
    """How sure it is: F found, D derived, M well known, or assumption, such as D."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> TransferRight:
        if self.giving == self.taking:
            raise refuse(f"a transfer from '{self.giving}' to itself", "name two instruments")
        return self


def _whole_profile(profile: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    if profile and sum(profile, Fraction(0)) != 1:
        raise refuse(f"the profile adds up to {percent(sum(profile, Fraction(0)))}, not 100 %", "let the shares add up to 100 %")
    return profile


def _each_year(due: dict[int, Fraction]) -> dict[int, Fraction]:
    if 0 in due:
        raise refuse("in which years are earlier commitments paid?", "write {2021: 120, 2022: 60}")
    return due


class Instrument(Named):
    """A source of money with a legal basis and a ceiling."""

    source: Origin
    """The legal basis, or "assumption", such as {celex: 32021R0947, article: 6}."""
    confidence: Note = ""
    """How sure it is: F found, D derived, M well known, or assumption, such as F."""
    note: Multilingual | None = None
    """What readers of its sheet should know, such as {en: Thematic facility alone}."""
    footnote: Multilingual | None = None
    """What must be said wherever the name stands, printed on cover and notes, such as {en: Without prejudice to positions on status.}."""
    counts: Literal["budget", "partner", "memo"] = "budget"
    """budget: our money. partner: Member States and others. memo: shown, never added."""
    free: Flag = False
    """Lets the plan decide partner money too; without it a partner's money is what is decided."""
    ceiling: InstrumentCeiling | None = None
    """What it may commit: in all, or by year, such as {each: {2025: 20, 2026-2027: 40}, total: 90}."""
    reserve: Share = Fraction(0)
    """Share of the ceiling kept back, such as 5 %."""
    partners: Choice = ("all",)
    """The partnerships this instrument may serve, such as [tunisia, egypt]."""
    years: Years | None = None
    """The years in which it may commit, absent: all, such as 2021-2025."""
    tags: Tags = ()
    """Groups to which it belongs, such as family:external."""
    budget_line: Note = ""
    """Where it stands in the budget, such as 14 02 01."""
    carry_over: CarryOver | None = None
    """Unused money of a year that may be used in the next, such as {share: 50 %}."""
    last_resort: Factor = Fraction(0)
    """Points of score that every EUR million used costs, for the cushion comes last, such as 0.1."""
    payment_profile: Annotated[tuple[Share, ...], AfterValidator(_whole_profile)] = ()
    """Share of a commitment that is paid in its own year, the next, and so on, such as [20 %, 50 %, 30 %]."""
    contracting_profile: Annotated[tuple[Share, ...], AfterValidator(_whole_profile)] = ()
    """Share of a commitment whose contracts are signed in its own year, the next, and so on, such as [40 %, 60 %]."""
    contracting: Literal["agreement", "direct", "instalments"] | None = None
    """How commitments become contracts, and so by when: a financing agreement first, at once, or in annual instalments."""
    outstanding: Annotated[ByYear, AfterValidator(_each_year)] = Field(default_factory=dict)
    """EUR million that commitments from before the period cost in each year, also after it, such as {2025: 12, 2026: 6}."""

    @property
    def planned(self) -> bool:
        """Whether the plan decides this instrument's money."""
        return self.counts == "budget" or (self.counts == "partner" and self.free)


class Band(Record):
    """One step of diminishing returns: the first `share` of a need earns `value` per euro of met need."""

    share: Share
    """The part of a need, such as 50 %."""
    value: Factor
    """What a euro of met need in it earns, such as 0.6."""


def _check_bands(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    whole = sum((band.share for band in bands), Fraction(0))
    if whole != 1:
        raise refuse(f"the shares of the steps add up to {percent(whole)}", "let them add up to 100 %")
    if any(later.value >= earlier.value for earlier, later in pairwise(bands)):
        raise refuse("the values of the steps do not fall", "each step must be worth less than the one before")
    return bands


PIECES = (2, 4, 5, 8, 10, 16, 20)
"""Into how many steps a curve may be cut: their widths are exact."""


class Curve(Record):
    """The returns on a need of which the part x is met: log(1 + a x)."""

    log: Factor
    """The factor a: the larger, the faster returns fall (with 4, the last euro earns a fifth of the first), such as 4."""


class CurvedBands(Record):
    """Diminishing returns as a curve, in steps of equal width."""

    curve: Curve
    """The returns as a curve, such as {log: 4}."""
    pieces: Annotated[int, WithJsonSchema({"type": ["integer", "string"], "enum": [*PIECES, *map(str, PIECES)]})]
    """How many steps: 2, 4, 5, 8, 10, 16 or 20, such as 10."""

    @field_validator("pieces", mode="before")
    @classmethod
    def _exact_widths(cls, raw: Any) -> int:
        if str(raw) not in map(str, PIECES):
            raise refuse(f"a need cannot be cut into {raw} pieces", f"write one of {', '.join(map(str, PIECES))}: their widths are exact")
        return int(raw)

    @property
    def bands(self) -> tuple[Band, ...]:
        """The steps: each is worth the mean slope of the curve there over that in the first one, to four decimals."""
        a, count = float(self.curve.log), self.pieces
        slopes = [log1p(a * (k + 1) / count) - log1p(a * k / count) for k in range(count)]
        values = [Fraction(round(slope / slopes[0] * 10**4), 10**4) if slopes[0] else Fraction(1) for slope in slopes]
        return tuple(Band.model_construct(share=Fraction(1, count), value=value) for value in values)


def _spelt_out(raw: Any) -> Any:
    return CurvedBands.model_validate(raw).bands if isinstance(raw, Mapping) else raw


Bands = Annotated[
    tuple[Band, ...], BeforeValidator(_spelt_out, json_schema_input_type=CurvedBands | tuple[Band, ...]), AfterValidator(_check_bands)
]
"""Diminishing returns: shares add up to 1 and values fall strictly; or a curve that is spelt out so."""


class Area(Named):
    """One of the cooperation areas, or an action of one."""

    within: str = ""
    """The area that holds this action; absent: an area; such as returns."""

    footnote: Multilingual | None = None
    """What must be said wherever the name stands; printed on cover and notes."""
    source: Origin = ""
    """Where it comes from, such as assumption."""
    tags: Tags = ()
    """Groups to which it belongs, such as pillar:partnerships."""
    steps: Bands | None = None
    """Diminishing returns of this area alone; absent: those of its area, or of the scenario; such as {curve: {log: 4}, pieces: 10}."""


class Partnership(Named):
    """Whom the money is for, on one of the levels; a grouping when other partnerships lie within it."""

    short: Multilingual | None = None
    """Label for narrow columns and charts."""
    footnote: Multilingual | None = None
    """What must be said wherever the name stands; printed on cover and notes."""
    level: str = ""
    within: str = ""
    """Id of the partnership that contains this one."""
    iso3: Iso3 = ""
    absorption: ByYear | None = None
    """EUR million a year that the partnership (and all within it) can take."""
    tags: Tags = ()
    years: Years | None = None
    source: Origin = ""
    confidence: Note = ""

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags, with the column `level` as one of them."""
        return (*self.tags, f"level:{self.level}") if self.level else self.tags

    def absorption_in(self, year: int) -> Fraction | None:
        """Return what it can take in one year, or None when nobody says."""
        return in_year(self.absorption, year)


class Prices(Record):
    """The price base of all amounts."""

    base: Annotated[str, Field(pattern=r"^(current|constant [0-9]{4})$")] = "current"
    """current, or constant and a year, such as constant 2018."""
