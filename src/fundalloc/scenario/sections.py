"""The parts of a scenario file: the head, and sections of named entries; pydantic's errors become problems with places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fundalloc.errors import MANY, Place, Problem, Problems, did_you_mean, nearest, year_ranges
from fundalloc.facts.dimensions import Dimensions
from fundalloc.facts.documented import Documented
from fundalloc.facts.entities import Band, Bands, Prices, Record
from fundalloc.facts.fields import TOLD, Amount, Factor, Flag, Id, Multilingual, Note, Share, Text, Years, refuse
from fundalloc.labels import label, languages
from fundalloc.rules._fields import ForEach
from fundalloc.scenario.document import Node, Scalar, Tree, locate, to_plain

BANDS = (
    Band(share=Fraction(1, 2), value=Fraction(1)),
    Band(share=Fraction(3, 10), value=Fraction(6, 10)),
    Band(share=Fraction(1, 5), value=Fraction(3, 10)),
)

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


class Output(Record):
    """How the results are presented."""

    language: Annotated[str, PlainValidator(_language), WithJsonSchema({"enum": languages()})] = "en"
    marking: Multilingual | None = None


class Settle(Record):
    """How settling chooses among good plans."""

    stay_close: Share = Fraction(0)
    """Relative score that may be given up to move less money."""


MEASURED = ("impact", "lowest_coverage", "unallocated", "change")
"""Goals that one figure measures."""
GOALS = (*MEASURED, "fair")
OF_MEMBERS = ("lowest_coverage", "fair")
"""Goals that ask whose coverage counts."""


class Stage(Record):
    """One objective stage: a word, or a word with its options."""

    goal: Literal["impact", "lowest_coverage", "unallocated", "change", "fair"]
    for_each: ForEach = ()
    """For lowest_coverage and fair: whose coverage counts."""
    give: Share = Fraction(0)
    """Relative value that later stages may give up."""

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
    """Version of the file format."""
    scenario: Id
    """Short name of the scenario."""
    title: Multilingual
    description: Multilingual = Text()
    author: Note = ""
    state: Annotated[Literal["draft", "for consultation", "adopted"], TOLD] = "draft"
    as_of: Annotated[str, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
    """The only date that reaches the outputs."""
    years: Annotated[Years, AfterValidator(_consecutive)]
    closed: Years = ()
    """Years that are fixed to the decided money."""
    past: Annotated[Literal["reconstructed"] | None, TOLD] = None
    """Said where years before that of `as_of` are planned anew: every output then says so too."""
    prices: Prices = Prices()
    round_to: Annotated[Amount, AfterValidator(_step)] = Fraction(1, 1000)
    """Rounding step in EUR million."""
    illustrative: Annotated[Flag, TOLD] = False
    """Prints "illustrative data" on every output."""
    migration_money: Multilingual = Text()
    """What counts as migration money; printed on the cover."""
    tag_names: Annotated[dict[str, dict[str, Multilingual]], TOLD] = Field(default_factory=dict)
    """Names of tag values for sentences and headings: {route: {central-med: Central Mediterranean}}."""
    steps: Bands = Field(default_factory=lambda: BANDS)
    """Diminishing returns on met need."""
    objective: Annotated[tuple[Stage, ...], AfterValidator(_impact_first)] = Field(default_factory=lambda: (Stage(goal="impact"),))
    """The stages, each held while the next is solved."""
    settle: Settle = Field(default_factory=Settle)
    baseline: str = ""
    """The plan to start from: a scenario, or a plan as JSON, CSV or workbook."""
    expect: Expect | None = None
    output: Annotated[Output, TOLD] = Output()

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
TABLES = ("partnerships", "needs", "eligibility", "markers", "decided")
TOP_LEVEL = (*Head.model_fields, *SECTIONS, *TABLES, "extends")

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(model: type[ModelT], node: Node, problems: Problems, dimensions: Dimensions | None, **given: Any) -> ModelT | None:
    """Build a model from a node and what else is given; on errors add one problem each and return None."""
    plain = to_plain(node)
    if isinstance(plain, dict):
        for key in (key for key in plain if key in given):
            problems.add(locate(node, (key,), key=True), f"unknown key '{key}'", "the name above is the id")
        plain = {**plain, **given}
    try:
        return model.model_validate(plain, context={"dimensions": dimensions})
    except ValidationError as error:
        problems += problems_of(error, node, model)
    return None


def problems_of(error: ValidationError, node: Node, model: type[BaseModel] | None = None) -> Iterator[Problem]:
    """Turn pydantic's errors into problems with the place of the value or key concerned."""
    found = error.errors(include_url=False)
    unknown = [item["loc"] for item in found if item["type"] == "extra_forbidden"]
    for item in found:
        location, kind, context = item["loc"], item["type"], item.get("ctx", {})
        if kind == "extra_forbidden":
            few = fields_at(model, location[:-1]) if model and len(unknown) <= MANY else ()
            yield Problem(locate(node, location, key=True), f"unknown key '{location[-1]}'", did_you_mean(str(location[-1]), few))
        elif kind == "missing":
            if not nearest(str(location[-1]), (str(other[-1]) for other in unknown[:MANY] if other[:-1] == location[:-1])):
                taken = _taken(node, location)
                where = taken or locate(node, location[:-1])
                message, hint = ("cannot be taken away", "write it") if taken else ("is missing", "add it")
                yield Problem(where, f"'{location[-1]}' {message}", hint)
        elif kind == "refused":
            yield Problem(locate(node, (*location, *context["at"])), str(context["message"]), str(context["hint"]))
        elif kind == "literal_error":
            yield Problem(locate(node, location), f"'{item['input']}' is not allowed here", f"expected {context['expected']}")
        else:
            otherwise = (item["msg"][0].lower() + item["msg"][1:], f"found {str(item['input'])[:60]!r}")
            yield Problem(locate(node, location), *_EXPECTED.get(kind, otherwise))


def _taken(node: Node, location: tuple[int | str, ...]) -> Place | None:
    """Return where a key was taken away by `none`: its place is known, and nothing stands there."""
    for part in location[:-1]:
        node = node.items.get(str(part), node) if isinstance(node, Tree) else node
    return node.keys.get(str(location[-1])) if isinstance(node, Tree) else None


_EXPECTED = {
    "string_type": ("expected a text", "put true and false in quotes when they are words"),
    "tuple_type": ("expected a list", "write it in brackets: […]"),
    "dict_type": ("expected keys with values", "such as {…}"),
    "model_type": ("expected keys with values", "such as {…}"),
    "model_attributes_type": ("expected keys with values", "such as {…}"),
}
"""Pydantic's error types in the planner's words: message and hint."""


def fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the model that stands at a location; where a value has several shapes, of the shape that is written."""
    found = [(model, False)]
    for part in location:
        fields = [one.model_fields[str(part)] for one, _ in found if str(part) in one.model_fields]
        if fields:
            found = [shape for field in fields for kind in (field.annotation, *field.metadata) for shape in _models_in(kind)]
        elif isinstance(part, int):
            found = [(one, False) for one, listed in found if listed]
    shapes = [one for one, listed in found if not listed] or [one for one, _ in found]
    return list(dict.fromkeys(name for one in shapes for name in one.model_fields if name != "id"))


def _models_in(annotation: Any, listed: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the models that a field may hold, and whether they are entries of a list."""
    if isinstance(annotation, BeforeValidator):
        annotation = annotation.json_schema_input_type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, listed
    for argument in get_args(annotation):
        yield from _models_in(argument, listed or get_origin(annotation) is tuple)


def entries(tree: Tree, section: str, problems: Problems, off: dict[str, dict[str, str]]) -> dict[str, Tree]:
    """Return the entries of a section that are switched on.

    Those that are off need a reason and go into `off`, as do those that cannot be read, so that their names stay known.
    """
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


def refused(error: PydanticCustomError, place: Place) -> Problem:
    """Turn an error of `refuse` into a problem."""
    context = error.context or {}
    return Problem(place, str(context.get("message", error)), str(context.get("hint", "")))
