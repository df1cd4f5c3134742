"""From a circulated workbook to what colleagues changed and said; every problem at once, and nothing half-read.

Rows are found by their ids, columns by their headings: sheets may have been sorted, filtered and moved about, and
another program may have saved the file.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from fundalloc.back.circulated import Circulated
from fundalloc.back.edits import TALK, Comment, Edits, OwnRule, Row, Said, TypedChange, merged
from fundalloc.back.figures import typed_figures
from fundalloc.back.formulas import NotUnderstood
from fundalloc.back.own_rules import COLUMNS, OwnRules, identifier
from fundalloc.back.tampering import BookComparison, compare_with_original
from fundalloc.errors import Place, Problems, ScenarioError, some
from fundalloc.export.workbook.plan_sums import PlanSums
from fundalloc.labels import label, spellings
from fundalloc.money import DECIMALS, plain
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import Finding
from fundalloc.rules.statement import Sense
from fundalloc.scenario.workbooks.cells import NOT_OURS, Grid, find_grid

LINES = ("line_key", "optimised", "adjustment", "planned")
DEMANDS = ("rule", "member", "side", "limit_input", "amount")
_RESTORE = "take the row from the workbook as it was sent: undo, or ask for the file again"
_HAIR = Fraction(1, 10**DECIMALS)
_NAMED = 3
"""Missing rows that a message names."""


def read_edits(circulated: Circulated, plan: Plan, comparison: BookComparison | None = None) -> Edits:
    """Return the edits of one workbook; its comparison with the original is made unless it is given. Raises ScenarioError."""
    return _Reading(circulated, plan).edits(comparison or compare_with_original(circulated, plan))


class _Reading:
    def __init__(self, circulated: Circulated, plan: Plan) -> None:
        self.circulated, self.plan, self.problems = circulated, plan, Problems()
        self.out = Edits((circulated.book.name,))

    def edits(self, comparison: BookComparison) -> Edits:
        lines = self._grid("allocation", LINES, TALK)
        if lines is not None:
            self._allocation(lines)
        demands = self._grid("rules", DEMANDS, (*TALK, "says", "out_of"))
        if demands is not None:
            self._rules(demands)
        self._prepared_rules()
        found = typed_figures(comparison.wrong, self._own.book, self.circulated.book.name)
        self.out.figures = merged(found, self.problems)
        self.problems.tell()
        return self.out

    def _grid(self, sheet: str, needed: tuple[str, ...], wanted: tuple[str, ...]) -> Grid | None:
        try:
            grid = find_grid(self.circulated.book, sheet, needed, wanted)
        except ScenarioError as error:
            self.problems += error.problems
            return None
        if grid is None:
            name = label(f"sheet.{sheet}.name", self.circulated.language)
            self.problems.add(Place(self.circulated.book.name), f"no sheet has the headings of '{name}'", NOT_OURS)
        return grid

    def _rows(self, grid: Grid) -> list[Row]:
        return [Row(grid, at, self.problems) for at in grid.body]

    def _remark(self, about: str, said: Said, row: Row) -> None:
        if said.comment or said.author:
            self.out.comments.append(Comment(about, replace(said, places=(row.place(TALK[0]),))))

    def _allocation(self, grid: Grid) -> None:
        scenario = self.plan.scenario
        step = scenario.facts.step
        optimised = {key: int(n) * step for key, n in zip(scenario.lines.keys, self.plan.steps, strict=True)}
        listed = {scenario.lines.keys[k]: None for k in PlanSums(self.plan).listed}
        seen: dict[str, Row] = {}
        for row in self._rows(grid):
            key = row["line_key"].text
            if key in seen:
                row.wrong("line_key", f"'{key}' stands twice; first at {seen[key].place('line_key').cell}", "delete the copy")
            elif key in optimised:
                seen[key] = row
                self._line(row, key, optimised[key], added=key not in listed)
            elif key:
                row.wrong("line_key", f"'{key}' is no allocation line of this plan", "line keys must stay as they were")
            elif row["adjustment"].number:
                row.wrong("adjustment", "an adjustment without a line key", _RESTORE)
        self._report_missing(grid, "line_key", [key for key in listed if key not in seen], "allocation line")

    def _line(self, row: Row, key: str, before: Fraction, added: bool) -> None:
        self._untouched(row, before)
        change, said = row.number("adjustment") or Fraction(0), row.said("adjustment")
        if added:  # the row itself is taken over too
            said = replace(said, places=(*said.places, row.place("line_key")))
        if change == 0:
            self._remark(key, said, row)
            return
        after, step = before + change, self.plan.scenario.facts.step
        if after < 0:
            message = f"{plain(change)} takes more away than there is: the line has {plain(before)}"
            row.wrong("adjustment", message, f"type {plain(-before)} or more")
        elif after % step:
            low = after // step * step - before
            message = f"{plain(change)} leaves {plain(after)}, which is not a whole multiple of the rounding step {plain(step)}"
            row.wrong("adjustment", message, f"type {plain(low)} or {plain(low + step)}")
        else:
            self.out.adjustments[key,] = TypedChange(key, before, after, said)

    def _untouched(self, row: Row, before: Fraction) -> None:
        """Note a typed-over optimised amount, or a typed-over sum of it and the adjustment."""
        column = label("workbook.column.adjustment", row.grid.language)
        value, empty = row.number("optimised"), row["optimised"].empty
        if empty or (value is not None and abs(value - before) > _HAIR):
            found = "nothing" if empty else plain(value or Fraction(0))
            then = "" if empty else f", and type {_signed((value or Fraction(0)) - before)} under '{column}'"
            message = f"the optimised amount was typed over: {found} instead of {plain(before)}"
            row.wrong("optimised", message, f"put {plain(before)} back{then}")
        if row["planned"].formula is None and not row["planned"].empty:
            change = row.number("planned")
            expected = before + Fraction(row["adjustment"].text if row["adjustment"].number else 0)
            if change is not None and abs(change - expected) > _HAIR:
                message = f"a number stands where a formula was: {plain(change)}"
                row.wrong("planned", message, f"type {_signed(change - before)} under '{column}' instead")

    def _report_missing(self, grid: Grid, key: str, missing: list[str], what: str) -> None:
        if missing:
            message = f"{len(missing)} {what}{'s were' if len(missing) > 1 else ' was'} deleted: {some(missing, _NAMED)}"
            self.problems.add(grid.heading_place(key), message, "rows may be hidden or filtered, not deleted")

    @cached_property
    def _own(self) -> OwnRules:
        words = {label(f"workbook.side.{side.field}", self.circulated.language): side for side in Sense}
        sides = {**{word.casefold(): side for word, side in words.items()}, "<=": Sense.AT_MOST, ">=": Sense.AT_LEAST, "=": Sense.EXACTLY}
        return OwnRules(self.plan, self.circulated.language, sides)

    def _rules(self, grid: Grid) -> None:
        findings = {(f.rule.id, "|".join(f.member), f.sense): f for f in self.plan.findings}
        seen: dict[tuple[str, str, Sense], Row] = {}
        for row in self._rows(grid):
            rule, member, side = (row[key].text for key in ("rule", "member", "side"))
            sense = self._own.sides.get(side.casefold())
            found = None if sense is None else findings.get((rule, member, sense))
            if found is None or sense is None:
                if rule or not row["limit_input"].empty:
                    self._own_rule(row, rule, sense)
            elif (rule, member, sense) in seen:
                first = seen[rule, member, sense].place("rule").cell
                message = f"'{' '.join(filter(None, (rule, member)))}' stands twice; first at {first}"
                row.wrong("rule", message, "give the copy a name of its own, and empty its member")
            else:
                seen[rule, member, sense] = row
                self._demand(row, found)
        self._report_missing(grid, "rule", [" ".join(filter(None, key)) for key in findings if key not in seen], "demand")

    def _demand(self, row: Row, finding: Finding) -> None:
        said, value, rule = row.said("limit_input"), row.number("limit_input"), finding.rule
        if row["limit_input"].empty:
            row.wrong("limit_input", "the limit is missing", f"put {plain(finding.figure)} back")
        elif value is not None and value < 0 <= finding.figure:
            row.wrong("limit_input", f"{plain(value)} is negative", "type a limit of zero or more")
        elif value is not None and abs(value - finding.figure) > _HAIR:
            about = " ".join(("the limit of", rule.id, *finding.member))
            self.out.limits[rule.id, *finding.member, finding.sense.field] = TypedChange(about, finding.figure, value, said, rule.relative)
        else:
            self._remark(" ".join(filter(None, (rule.id, "|".join(finding.member)))), said, row)

    def _own_rule(self, row: Row, rule: str, sense: Sense | None) -> None:
        """Read a row that was added to the rules: a name, a side, a limit, and a formula of the amount."""
        so_far, says = len(self.problems), row.text("says")
        if not rule and not says:
            row.wrong("rule", "a rule without a name", "name it, or delete the row")
        if sense is None:
            self._own.no_side(row, "side")
        limit = row.number("limit_input")
        if row["limit_input"].empty:
            row.wrong("limit_input", "the limit is missing", "type a number, for a share such as 15%")
        money = self._selection(row, "amount")
        base = None if row["out_of"].empty else self._selection(row, "out_of")
        said = replace(row.said("rule"), places=(row.place("rule"),))
        if len(self.problems) == so_far and limit is not None and sense is not None and money is not None:
            self._keep(rule or says, self._own.written(says or rule, sense, limit, money, base), said)

    def _prepared_rules(self) -> None:
        """Read the sheet on which rules of one's own are typed; a workbook without it is no worse for that."""
        if not set(self.circulated.book.titles) & set(spellings("sheet.own_rules.name")):
            return
        grid = self._grid("own_rules", COLUMNS, ("author_input",))
        for row in () if grid is None else self._rows(grid):
            says, so_far = row.text("own_says"), len(self.problems)
            limit, said = row.number("own_limit"), row.said("own_says")
            if row["own_limit"].empty:
                if says:
                    self.out.comments.append(Comment(f'a rule without a limit, "{says}"', said))
                continue
            written = None if limit is None else self._own.prepared(row, limit)
            if len(self.problems) == so_far and written is not None:
                self._keep(says or str(written["says"]), written, replace(said, places=(row.place("own_limit"),)))

    def _keep(self, name: str, written: dict[str, Any], said: Said) -> None:
        rule_id = identifier(name, {rule.id for rule in self.plan.scenario.rules} | {rule for (rule,) in self.out.rules})
        self.out.rules[rule_id,] = OwnRule(rule_id, written, said)

    def _selection(self, row: Row, key: str) -> dict[str, Any] | None:
        formula = row[key].formula
        named = (label(f"workbook.column.{column}", row.grid.language) for column in ("planned", "partnership_id"))
        hint = 'write it like its neighbours: =SUMIFS(Allocation[{}],Allocation[{}],"egypt")'.format(*named)
        if formula is None:
            row.wrong(key, "a rule that was added needs a formula of what it measures", hint)
            return None
        try:
            return self._own.reader.selection(formula)
        except NotUnderstood as error:
            row.wrong(key, f"the formula is not understood: {error}", hint)
            return None


def _signed(value: Fraction) -> str:
    return f"{'+' if value > 0 else ''}{plain(value)}"
