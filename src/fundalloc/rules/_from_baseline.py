"""What rules have in common that measure against the plan a scenario starts from: they see areas as that plan broke them down."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from fundalloc.facts.dimensions import ACTION
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, Members, Selection
from fundalloc.rules.kind import Kind


class FromBaseline(Kind):
    """A rule that measures against the baseline plan."""

    from_baseline: ClassVar[bool] = True

    def members(self, lines: Lines, *beside: str) -> Members:
        """Where the plan does not break an area down, its actions are one member: `area:smuggling`."""
        found, area, whole = super().members(lines, *beside), lines.facts.dimensions.area, lines.whole
        if ACTION not in found.words or not whole.any():
            return found
        k, labels, masks = found.words.index(ACTION), list(found.labels), list(found.masks)
        shown = [n for n, holder in enumerate(area.holder) if n == holder or not whole[holder]]
        labels[k] = tuple(f"area:{area.ids[n]}" if whole[n] else area.ids[n] for n in shown)
        masks[k] = tuple((area if whole[n] else area.lowest).covers[n] for n in shown)
        return replace(found, labels=tuple(labels), masks=tuple(masks))

    def own_money(self, lines: Lines, *beside: str) -> Grouped:
        """Where the plan does not break an area down, an action that `money` names stands for all of it."""
        return lines.group(self.in_plan(lines), self.members(lines, *beside), unless=self.unless)

    def in_plan(self, lines: Lines) -> Selection:
        """Return what `money` names; of areas that the plan does not break down all of it."""
        area, action = lines.facts.dimensions.area, self.money.action
        if action is None or not lines.whole.any():
            return self.money
        named = area.lowest.mask(action)
        areas = area.holder[named & lines.whole[area.holder]]
        return self.money.model_copy(update={"action": tuple(np.array(area.ids)[named | np.isin(area.holder, areas)])})
