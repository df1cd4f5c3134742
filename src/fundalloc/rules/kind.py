"""What every rule kind is. Read this first; then any other file of this folder is one kind, whole.

A kind is one file: its module docstring says the rule in words and as an inequality; its fields are the rule's part of
the scenario file; `rows` states it for the linear program; `check` recomputes it from whole rounding steps in exact
integers, without the linear program. That `rows` and `check` say the same thing twice is the point: each is the
other's witness, and a contract test compares them on random amounts. Do not merge them. What both speak of stands in
`statement.py`.

Nothing is registered anywhere: the folder is searched for modules without a leading underscore, and installed packages for
entry points of the group `fundalloc.rules`. What other rooms need to know of a rule beside its demands stands in
`_consequences.py`: none of them asks for a kind by name.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator, model_validator

from fundalloc.facts.citation import Origin
from fundalloc.facts.entities import Record
from fundalloc.facts.fields import TOLD, Factor, Flag, Id, Multilingual, Note, Text, check_relative, refuse
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, Members, Pick, Selection, build_members
from fundalloc.labels import Words, in_own_words
from fundalloc.money import Exact, Figure, plain
from fundalloc.rules._consequences import Consequences
from fundalloc.rules._fields import Figures, ForEach
from fundalloc.rules._formula import Symbols, documented
from fundalloc.rules._keys import keys_of, partial_keys, wrong_keys
from fundalloc.rules._ledger import amounts_by_code, measured
from fundalloc.rules._sentence import figures_of, names_of, spoken
from fundalloc.rules.statement import Between, Codes, Demands, Measures, Open, Rows, Sense, Unit

__all__ = [
    "Between",
    "Codes",
    "Demands",
    "Figures",
    "ForEach",
    "Grouped",
    "Kind",
    "Lines",
    "Measures",
    "Open",
    "Rows",
    "Sense",
    "Unit",
    "amounts_by_code",
    "example",
    "measured",
    "refuse",
]
"""What a kind of another package is written with; beside it `capacity` of `fundalloc.facts.capacity`, and `state_sums`, `state_shares`
and `take` of `fundalloc.rules.statement`."""
Unplaced = tuple[tuple[str, ...], str, str]
"""Path inside the rule, message, hint."""
Member = Sequence[str]
Named = Mapping[str, str]


def example(says: str, **fields: Any) -> dict[str, Any]:
    """Return a made-up rule as it is written in a scenario file."""
    return {"says": says, **fields, "source": "assumption"}


class Kind(Record, Consequences):
    """Base of all rule kinds: the common grammar. A rule is one instance."""

    kind: ClassVar[str]
    """The word in scenario files; equals the module name."""
    labels: ClassVar[Mapping[str, str]] = {}
    """The name by language, English at least, of a kind from another package; those of this folder stand in the catalogues."""
    package: ClassVar[str] = ""
    """The package that brings the kind; set when it is found."""
    relative: ClassVar[bool] = False
    """Whether figures are shares."""
    built_in: ClassVar[bool] = False
    """Built from the facts, never written under `rules`."""
    unit: ClassVar[Unit] = Unit.MONEY
    """What amounts and limits are counted in."""
    own_words: ClassVar[tuple[str, ...]] = ()
    """Labels that the kind adds to its members after those of `for_each`."""
    figures_said: ClassVar[tuple[str, ...]] = ("at_least", "at_most", "exactly")
    """Figures that a sentence may name beside {limit}."""
    EXAMPLES: ClassVar[list[dict[str, Any]]] = []
    """Rules of this kind on the case `examples/tiny`; the contract tests run on them."""

    id: Id
    source: Origin
    """Article, decision or "assumption", such as {celex: 32021R0947, article: 6}."""
    confidence: Note = ""
    """How sure it is: F found, D derived, M well known, or assumption, such as F."""
    negotiable: Annotated[Literal["law", "political", "practice"], TOLD] = "political"
    """Who could change it: the legislator, a political decision, or the service itself."""
    for_each: ForEach = ()
    """The rule is repeated for every combination of these, such as [partnership, year]."""
    says: Multilingual
    """The sentence shown everywhere, the member and {limit} filled in, such as "{partnership}: at least {limit}"."""
    nodes: Literal["leaves", "all"] = "leaves"
    """all: partnerships that contain others count as members too."""
    money: Selection = Field(default_factory=Selection)
    """The money that the rule limits, such as {area: returns}."""
    unless: Pick | None = None
    """Money that does not count, such as {partnership: egypt}."""
    at_least: Figures | None = None
    """The lower limit: one, or by member, such as 20 %."""
    at_most: Figures | None = None
    """The upper limit: one, or by member, such as {tunisia: 30, egypt: 25}."""
    exactly: Figures | None = None
    """Both at once: one, or by member, such as 12.5."""
    soft: Factor | None = None
    """Points of score lost per EUR million of violation; absent: hard; such as 2."""
    watch: Flag = False
    """Measured and reported, never enforced."""

    @classmethod
    def named(cls, language: str = "en") -> str:
        """Return the name of the kind, in English where it has none in this language."""
        return cls.labels.get(language) or cls.labels.get("en") or Words(language).word("workbook.kind", cls.kind)

    # -- what a kind adds -------------------------------------------------------------------------------------------

    @abstractmethod
    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """State the demands as rows of the linear program."""

    @abstractmethod
    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Measure the demands on a ledger (whole steps per line), exactly and without the linear program."""

    def present(self, lines: Lines, members: Members) -> Codes:
        """Return the codes of the members that have money to limit; the others are skipped and listed."""
        return np.unique(lines.group(self.money, members, unless=self.unless).member)

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Yield (path, message, hint) for what only the facts can show to be wrong with this rule."""
        if self.from_baseline and lines.facts.baseline is None:
            yield ("kind",), f"a {self.kind} without a plan to start from", "write baseline: … in the scenario"
        yield from wrong_keys(self, lines)
        if len(self.present(lines, self.members(lines))) == 0:
            hint = "check the selection against the eligibility table, or switch the rule off"
            yield ("money",), "no allocation line can ever count towards this rule", hint

    def remarks_on(self, lines: Lines) -> Iterator[Unplaced]:
        """Yield (path, message, hint) for what is lawful but hardly meant; the data doctor warns of it."""
        return iter(())

    # -- the grammar ------------------------------------------------------------------------------------------------

    @model_validator(mode="after")
    def _limits_make_sense(self) -> Kind:
        if self.built_in:
            return self
        self.limits_written()
        self._figures_exist()
        if self.soft is not None and self.watch:
            raise refuse("'soft' beside 'watch'", "a watched rule is never enforced: drop one of them")
        for at, figure in self.each_figure():
            if at[1:] and not self.words:
                side = at[0].replace("_", " ")
                raise refuse(f"'{side}' has figures per member, but the rule has no for_each", "add for_each, or write one figure")
            if figure.percent and not self.relative:
                takes = "EUR million" if self.in_money else f"a number of {self.unit}"
                raise refuse(f"a rule of kind '{self.kind}' takes {takes}, not {figure}", "use kind share for a percentage", at)
            if self.relative:
                check_relative(figure, at)
        return self

    def limits_written(self) -> None:
        """Refuse a rule without a limit, or with limits that exclude each other."""
        if self.exactly and (self.at_least or self.at_most):
            raise refuse("'exactly' beside 'at_least' or 'at_most'", "keep one of them")
        if not (self.exactly or self.at_least or self.at_most):
            raise refuse("no limit", "write at_least, at_most or exactly")

    @field_validator("says")
    @classmethod
    def _placeholders(cls, says: Text, info: ValidationInfo) -> Text:
        known = {"member", "limit", *(info.data.get("for_each") or ()), *cls.own_words, *cls.figures_said}
        for word in {w for text in says.values() for w in re.findall(r"\{(.*?)\}", text)} if "for_each" in info.data else ():
            if word not in known:
                raise refuse(f"{{{word}}} is no placeholder of this rule", f"expected {', '.join('{' + k + '}' for k in sorted(known))}")
        return says

    def _figures_exist(self) -> None:
        used = {word for text in self.says.values() for word in re.findall(r"\{(.*?)\}", text)} & set(self.figures_said)
        for word in sorted(used - names_of(self)):
            raise refuse(f"{{{word}}} has no figure in this rule", "write {limit}, or give the rule that figure", ("says",))

    def own_figures(self) -> Mapping[str, Figure]:
        """Return the kind's further figures that a sentence may name: {placeholder: figure}."""
        return {}

    def limit_said(self, own: Mapping[str, str]) -> str:
        """Return what {limit} stands for where the limits in `limits` do not say it; `own` are the written own figures."""
        return ""

    def formulas(self, write: Symbols) -> Iterable[str]:
        """Return the rule as indexed formulas, a line each; those of the documentation where a kind does not say them."""
        return write.each(write.sum(self.money, self.unless)) if self.plain_sum else documented(type(self))

    @property
    def in_money(self) -> bool:
        """Whether amounts are money, not numbers of members."""
        return self.unit is Unit.MONEY

    @property
    def has_price(self) -> bool:
        """Whether EUR 1 million more of its limit means something: not where members are counted, nor of a size that is all or nothing."""
        return self.in_money and not self.or_nothing

    @property
    def hard(self) -> bool:
        """Whether the rule must hold."""
        return self.soft is None and not self.watch

    @property
    def selections(self) -> list[Selection]:
        """The selections of money that were written for this rule."""
        return [value for name in type(self).model_fields if isinstance(value := getattr(self, name), Selection)]

    @property
    def words(self) -> tuple[str, ...]:
        """What the labels of a member are, in order."""
        return (*self.for_each, *self.own_words)

    def said_of_all(self, language: str = "en") -> str:
        """Return the sentence for all members: `{partnership}` becomes "each partnership", in a scenario's own words."""
        return self.sentence([in_own_words(f"each {word}", language) for word in self.words], {})

    def figures(self, sense: Sense) -> dict[str, Figure]:
        """Return the figures that were written for one side: one, or by member."""
        return {Sense.AT_LEAST: self.at_least, Sense.AT_MOST: self.at_most, Sense.EXACTLY: self.exactly}[sense] or {}

    def each_figure(self) -> Iterator[tuple[tuple[str, ...], Figure]]:
        """Yield every limit that was written with its path inside the rule."""
        for sense, figures in self.limits():
            for key, figure in figures.items():
                yield (sense.field, *([key] if key else [])), figure

    def limits(self) -> list[tuple[Sense, dict[str, Figure]]]:
        """Return the limits that were written, in a fixed order."""
        return [(sense, figures) for sense in Sense if (figures := self.figures(sense))]

    def members(self, lines: Lines, *beside: str) -> Members:
        """Resolve `for_each`, and more words after it."""
        return build_members((*self.for_each, *beside), lines.facts.dimensions, nodes_all=self.nodes == "all")

    def own_money(self, lines: Lines, *beside: str) -> Grouped:
        """Group what `money` selects and `unless` leaves by member."""
        return lines.group(self.money, self.members(lines, *beside), unless=self.unless)

    def in_plan(self, lines: Lines) -> Selection:
        """Return the money that the baseline plan is asked for."""
        return self.money

    def own_baseline(self, lines: Lines, codes: Codes, *beside: str) -> list[Fraction]:
        """Return what the baseline plan gives every member, in EUR million, wherever its lines are today."""
        plan = lines.facts.baseline
        amount = Exact.whole(0) if plan is None else plan.amount
        money = lines.planned.group(self.in_plan(lines), self.members(lines, *beside), unless=self.unless)
        return [total / amount.denominator for total in amounts_by_code(codes, money, amount.numerator)]

    @property
    def keyed(self) -> tuple[str, ...]:
        """The words whose labels a key of figures may name."""
        return self.for_each

    def key_of(self, member: Member, written: Mapping[str, Figure]) -> str | None:
        """Return the key under which the figure of a member stands; None where it has none."""
        return next(iter(keys_of(self, member, written)), None)

    def demands(self, lines: Lines) -> Demands:
        """List what the rule asks: every present member with a figure, per sense."""
        members = self.members(lines)
        codes = self.present(lines, members)
        return self.asked(list(zip(codes.tolist(), members.names(codes), strict=True)))

    def asked(self, who: Sequence[tuple[int, tuple[str, ...]]]) -> Demands:
        """List what is asked of (code, member), per sense: the figure that is written for it."""
        return Demands.of(
            (code, member, sense, figures[key].value)
            for sense, figures in self.limits()
            for partial in [partial_keys(figures, self.keyed)]
            for code, member in who
            for key in keys_of(self, member, figures, partial)[:1]
        )

    def skipped(self, lines: Lines) -> list[tuple[str, ...]]:
        """Return the members that `money` means but that were left out because no line of theirs exists."""
        members = self.members(lines)
        if not members.sizes:
            return []
        absent = np.setdiff1d(members.codes, self.present(lines, members))
        meant = self.money.by_word(lines.facts.dimensions)
        if self.unless is not None and len(self.unless.named) == 1:
            (name,) = self.unless.named
            meant[name] = meant[name] & ~self.unless.by_word(lines.facts.dimensions)[name]
        wanted = [
            {label for label, mask in zip(labels, masks, strict=True) if np.any(mask & meant[owner])}
            for labels, masks, owner in zip(members.labels, members.masks, members.owners, strict=True)
        ]
        meaning = [name for name in members.names(absent) if all(part in entry for part, entry in zip(name, wanted, strict=True))]
        sides = [(figures, partial_keys(figures, self.keyed)) for _, figures in self.limits()]
        return [name for name in meaning if any(keys_of(self, name, figures, partial) for figures, partial in sides)]

    def written(self, figure: Fraction, decimals: int, language: str = "en") -> str:
        """Return a figure of this rule as people write it: a share, an amount, or a number of members."""
        if self.relative:
            return spoken(self, figure, language, share=True)
        if self.in_money:
            return Words(language).money(figure, decimals)
        return f"{plain(figure)} {Words(language)(f'workbook.unit_of.{self.unit}')}"

    def sentence(
        self, member: Member, names: Mapping[str, Named], language: str = "en", sense: Sense | None = None, figures: Named | None = None
    ) -> str:
        """Return `says` with names and figures filled in; `names` maps a dimension to {id: name}, `figures` replaces the limits."""
        filled = dict(zip(self.words, member, strict=True))
        words = {word: names.get(word, {}).get(value, value) for word, value in filled.items()}
        words["member"] = " × ".join(words.values())
        words = {**(figures_of(self, member, sense, language) if figures is None else figures), **words}
        return re.sub(r"\{(.*?)\}", lambda m: words.get(m[1], m[0]), self.says.within(language))
