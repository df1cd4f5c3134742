"""What other rooms ask of a rule, in place of its kind. The defaults are safe for any kind; one that differs overrides them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from fundalloc.facts.facts import Facts
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Taken
from fundalloc.money import Figure
from fundalloc.rules._loosening import Loosening, Missed, Setting, loosened_figures
from fundalloc.rules.statement import Sense

if TYPE_CHECKING:
    from fundalloc.rules.kind import Kind


class Counted(NamedTuple):
    """Members that count once they have money."""

    word: str
    """The dimension or tag group whose members are counted."""
    field: str
    """The key of the rule under which `least` is written."""
    least: Fraction
    """EUR million from which a member counts towards a lower limit; 0: one rounding step."""


class Corridor(NamedTuple):
    """Room around an amount of the baseline plan; of both figures the smaller counts, None is no limit."""

    within: Fraction | None
    amount: Fraction | None


class Consequences:
    """The half of `Kind` that others ask."""

    if TYPE_CHECKING:
        id: str
        source: str
        for_each: tuple[str, ...]

        def figures(self, sense: Sense) -> dict[str, Figure]:
            """See Kind."""

    is_budget: ClassVar[bool] = False
    """Its limits are the EU budget itself: what one million more of them brings is the value of money."""
    waivable: ClassVar[bool] = True
    """Whether a plan without the rule can be asked for."""
    plain_sum: ClassVar[bool] = False
    """Whether a demand sets the sum of `money` against its figure, in EUR million, and nothing else."""
    or_nothing: ClassVar[bool] = False
    """Whether no money at all satisfies the rule too."""

    def taken_of(self, lines: Lines) -> Taken | None:
        """Return the money of the plan that the rule takes a share of, where it does."""
        return None

    @property
    def fixed_base(self) -> bool:
        """Whether what shares are taken of is given, whatever the plan does."""
        return False

    @property
    def counted(self) -> Counted | None:
        """What is counted, where the rule limits a number of members."""
        return None

    @property
    def corridor(self) -> Corridor | None:
        """How far money may move from the baseline plan on either side, where the rule says so."""
        return None

    @property
    def due(self) -> Mapping[int, Fraction] | None:
        """By year what earlier commitments still cost, where the rule limits payments; empty: what the instruments say."""
        return None

    def follows(self, member: tuple[str, ...]) -> bool:
        """Whether the limit of a member only repeats that of another rule."""
        return False

    def path(self, member: tuple[str, ...], sense: Sense) -> tuple[str, ...]:
        """Return where the figure of a member stands in a scenario file."""
        return "rules", self.id, sense.field, self.member_key(member, self.figures(sense))

    def member_key(self, member: tuple[str, ...], written: Mapping[str, Figure]) -> str:
        """Return the key under which a member's own figure is, or would be, written beside `written`."""
        return "|".join(member[: len(self.for_each)])

    def source_for(self, member: tuple[str, ...], facts: Facts) -> str:
        """Return the legal basis or decision behind a member's figure: that of the entry in which it stands."""
        section, owner = self.path(member, Sense.AT_MOST)[:2]
        return self.source if section == "rules" else next((e.source for e in getattr(facts, section) if e.id == owner), "")

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Return the change of the scenario after which these demands hold; None when no figure says it.

        `found` are the demands of one side that a plan breaks, or all of one member's first label where the facts set them.
        """
        return loosened_figures(cast("Kind", self), setting, found)

    def kept_back(self, member: tuple[str, ...], facts: Facts) -> Fraction:
        """Return the share of the written figure that stays out of the limit."""
        return Fraction(0)

    def per_ceiling(self, member: tuple[str, ...], facts: Facts) -> Mapping[tuple[str, ...], Fraction]:
        """Return how far a member's limit rises per EUR million of ceilings, reserve included: {(instrument, year or total): share}."""
        return {}
