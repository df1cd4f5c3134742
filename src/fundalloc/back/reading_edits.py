"""From a circulated workbook to what colleagues changed and said; every problem at once, and nothing half-read.

Rows are found by their ids, columns by their headings: sheets may have been sorted, filtered and moved about, and
another program may have saved the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from fundalloc.back.circulated import Circulated
from fundalloc.back.edits import Adjustment, Comment, Edits, LimitChange, OwnRule, Said
from fundalloc.back.formulas import NotUnderstood
from fundalloc.back.own_rules import COLUMNS, OwnRules, identifier
from fundalloc.errors import Place, Problems, ScenarioError
from fundalloc.labels import label
from fundalloc.money import DECIMALS, plain
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import Finding
from fundalloc.rules.statement import Sense
from fundalloc.scenario.workbooks.cells import NOT_OURS, Cell, Grid, find_grid, in_languages

LINES = ("line_key", "optimised", "adjustment", "planned")
DEMANDS = ("rule", "member", "side", "limit_input", "amount")
TALK = ("comment_input", "author_input")
_PASTE = "type the number itself, or paste it as a value"
_RESTORE = "take the row from the workbook as it was sent: undo, or ask for the file again"
_NAMED = 3
"""Missing rows that a message names."""


def read_edits(circulated: Circulated, plan: Plan) -> Edits:
    """Return the edits of one workbook. Raises ScenarioError."""
    return _Reading(circulated, plan).edits()


@dataclass
class _Reading:
    circulated: Circulated
    plan: Plan
    problems: Problems = field(default_factory=Problems)
    out: Edits = field(init=False)

    def __post_init__(self) -> None:
        self.out = Edits((self.circulated.book.name,))

    def edits(self) -> Edits:
        for read, sheet, needed, wanted in (
            (self._allocation, "allocation", LINES, TALK),
            (self._rules, "rules", DEMANDS, (*TALK, "says", "out_of")),
        ):
            grid = self._grid(sheet, needed, wanted)
            if grid is not None:
                read(grid)
        self._prepared_rules()
        self.problems.tell()
        return self.out

    def _grid(self, sheet: str, needed: tuple[str, ...], wanted: tuple[str, ...]) -> Grid | None:
        try:
            grid = find_grid(self.circulated.book, sheet, needed, wanted)
        except ScenarioError as error:
            self.problems += error.problems
            return None
        if grid is None:
            name = in_languages(f"sheet.{sheet}.name")[self.circulated.language]
            self.problems.add(Place(self.circulated.book.name), f"no sheet has the headings of '{name}'", NOT_OURS)
        return grid

    # -- cells ----------------------------------------------------------------------------------------------------------

    def _said(self, grid: Grid, row: int, key: str) -> Said:
        texts = []
        for column in TALK:
            cell = grid.cell(row, column)
            if cell.formula is not None:
                self.problems.add(grid.place(row, column), f"a formula where a text is expected: {cell.formula}", "type the text itself")
            texts.append(" ".join(cell.text.split()))
        return Said(texts[0], texts[1], (grid.place(row, key if not grid.cell(row, key).empty else TALK[0]),))

    def _number(self, grid: Grid, row: int, key: str) -> Fraction | None:
        """Return what stands in a number cell, to the 15 digits of a spreadsheet; None (with a problem noted) when it is none."""
        cell, problem = grid.cell(row, key), None
        if cell.formula is not None:
            problem = f"a formula where a number is expected: {cell.formula}"
        elif cell.error:
            problem = f"an error where a number is expected: {cell.text}"
        elif cell.empty:
            return None
        elif cell.number is None:
            problem = f"'{cell.text}' is a text where a number is expected"
        if problem is not None:
            self.problems.add(grid.place(row, key), problem, _hint(cell))
            return None
        value = Fraction(cell.text)
        if (value * 10**DECIMALS).denominator != 1:
            value = round(value, DECIMALS)
        return value

    # -- the allocation -------------------------------------------------------------------------------------------------

    def _allocation(self, grid: Grid) -> None:
        scenario = self.plan.scenario
        step = scenario.facts.step
        optimised = {key: int(n) * step for key, n in zip(scenario.lines.keys, self.plan.steps, strict=True)}
        seen: dict[str, int] = {}
        for row in grid.body:
            key = grid.cell(row, "line_key").text
            if key in seen:
                first = grid.place(seen[key], "line_key").cell
                self.problems.add(grid.place(row, "line_key"), f"'{key}' stands twice; first at {first}", "delete the copy")
            elif key in optimised:
                seen[key] = row
                self._line(grid, row, key, optimised[key])
            elif key:
                message = f"'{key}' is no allocation line of this plan"
                self.problems.add(grid.place(row, "line_key"), message, "line keys must stay as they were")
            elif grid.cell(row, "adjustment").number:
                self.problems.add(grid.place(row, "adjustment"), "an adjustment without a line key", _RESTORE)
        self._report_missing(grid, "line_key", [key for key in optimised if key not in seen], "allocation line")

    def _line(self, grid: Grid, row: int, key: str, before: Fraction) -> None:
        self._untouched(grid, row, before)
        change, said = self._number(grid, row, "adjustment") or Fraction(0), self._said(grid, row, "adjustment")
        if change == 0:
            if said.comment or said.author:
                self.out.comments.append(Comment(key, Said(said.comment, said.author, (grid.place(row, TALK[0]),))))
            return
        after, step, place = before + change, self.plan.scenario.facts.step, grid.place(row, "adjustment")
        if after < 0:
            message = f"{plain(change)} takes more away than there is: the line has {plain(before)}"
            self.problems.add(place, message, f"type {plain(-before)} or more")
        elif after % step:
            low = after // step * step - before
            message = f"{plain(change)} leaves {plain(after)}, which is not a whole multiple of the rounding step {plain(step)}"
            self.problems.add(place, message, f"type {plain(low)} or {plain(low + step)}")
        else:
            self.out.adjustments[key] = Adjustment(key, before, after, said)

    def _untouched(self, grid: Grid, row: int, before: Fraction) -> None:
        """Note a typed-over optimised amount, or a typed-over sum of it and the adjustment."""
        cell, column = grid.cell(row, "optimised"), label("workbook.column.adjustment", grid.language)
        value = self._number(grid, row, "optimised")
        if cell.empty or (value is not None and abs(value - before) > Fraction(1, 10**DECIMALS)):
            found = "nothing" if cell.empty else plain(value or Fraction(0))
            hint = f"put {plain(before)} back" + (
                f", and type {_signed((value or Fraction(0)) - before)} under '{column}'" if not cell.empty else ""
            )
            self.problems.add(
                grid.place(row, "optimised"), f"the optimised amount was typed over: {found} instead of {plain(before)}", hint
            )
        planned = grid.cell(row, "planned")
        if planned.formula is None and not planned.empty:
            change = self._number(grid, row, "planned")
            expected = before + Fraction(grid.cell(row, "adjustment").text if grid.cell(row, "adjustment").number else 0)
            if change is not None and abs(change - expected) > Fraction(1, 10**DECIMALS):
                message = f"a number stands where a formula was: {plain(change)}"
                self.problems.add(grid.place(row, "planned"), message, f"type {_signed(change - before)} under '{column}' instead")

    def _report_missing(self, grid: Grid, key: str, missing: list[str], what: str) -> None:
        if missing:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            message = f"{len(missing)} {what}{'s were' if len(missing) > 1 else ' was'} deleted: {', '.join(missing[:_NAMED])}{more}"
            self.problems.add(grid.heading_place(key), message, "rows may be hidden or filtered, not deleted")

    # -- the rules ------------------------------------------------------------------------------------------------------

    @cached_property
    def _sides(self) -> dict[str, Sense]:
        words = {label(f"workbook.side.{side.field}", self.circulated.language): side for side in Sense}
        return {**{word.casefold(): side for word, side in words.items()}, "<=": Sense.AT_MOST, ">=": Sense.AT_LEAST, "=": Sense.EXACTLY}

    def _rules(self, grid: Grid) -> None:
        findings = {(f.rule.id, "|".join(f.member), f.sense): f for f in self.plan.findings}
        seen: dict[tuple[str, str, Sense], int] = {}
        for row in grid.body:
            rule, member, side = (grid.cell(row, key).text for key in ("rule", "member", "side"))
            sense = self._sides.get(side.casefold())
            found = None if sense is None else findings.get((rule, member, sense))
            if found is None or sense is None:
                if rule or not grid.cell(row, "limit_input").empty:
                    self._own_rule(grid, row, rule, sense)
            elif (rule, member, sense) in seen:
                first = grid.place(seen[rule, member, sense], "rule").cell
                message = f"'{' '.join(filter(None, (rule, member)))}' stands twice; first at {first}"
                self.problems.add(grid.place(row, "rule"), message, "give the copy a name of its own, and empty its member")
            else:
                seen[rule, member, sense] = row
                self._demand(grid, row, found)
        self._report_missing(grid, "rule", [" ".join(filter(None, key)) for key in findings if key not in seen], "demand")

    def _demand(self, grid: Grid, row: int, finding: Finding) -> None:
        said, place = self._said(grid, row, "limit_input"), grid.place(row, "limit_input")
        value = self._number(grid, row, "limit_input")
        if grid.cell(row, "limit_input").empty:
            self.problems.add(place, "the limit is missing", f"put {plain(finding.figure)} back")
        elif value is not None and value < 0 <= finding.figure:
            self.problems.add(place, f"{plain(value)} is negative", "type a limit of zero or more")
        elif value is not None and abs(value - finding.figure) > Fraction(1, 10**DECIMALS):
            key = (finding.rule.id, *finding.member, str(finding.sense))
            self.out.limits[key] = LimitChange(
                finding.rule.id, finding.member, finding.sense.field, finding.figure, value, finding.rule.relative, said
            )
        elif said.comment or said.author:
            about = " ".join(filter(None, (finding.rule.id, "|".join(finding.member))))
            self.out.comments.append(Comment(about, Said(said.comment, said.author, (grid.place(row, TALK[0]),))))

    # -- rules of their own ---------------------------------------------------------------------------------------------

    @cached_property
    def _own(self) -> OwnRules:
        return OwnRules(self.plan, self.circulated.language, self._sides)

    def _own_rule(self, grid: Grid, row: int, rule: str, sense: Sense | None) -> None:
        """Read a row that was added to the rules: a name, a side, a limit, and a formula of the amount."""
        so_far = len(self.problems)
        place, says = grid.place(row, "rule"), " ".join(grid.cell(row, "says").text.split())
        if not rule and not says:
            self.problems.add(place, "a rule without a name", "name it, or delete the row")
        if sense is None:
            self.problems.append(self._own.no_side(grid.cell(row, "side"), grid.place(row, "side")))
        limit = self._number(grid, row, "limit_input")
        if grid.cell(row, "limit_input").empty:
            self.problems.add(grid.place(row, "limit_input"), "the limit is missing", "type a number, for a share such as 15%")
        money, base = self._selection(grid, row, "amount"), None
        if not grid.cell(row, "out_of").empty:
            base = self._selection(grid, row, "out_of")
        said = self._said(grid, row, "rule")
        if len(self.problems) == so_far and limit is not None and sense is not None and money is not None:
            self._keep(rule or says, self._own.written(says or rule, sense, limit, money, base), replace(said, places=(place,)))

    def _prepared_rules(self) -> None:
        """Read the sheet on which rules of one's own are typed; a workbook without it is no worse for that."""
        if not self._has_sheet("own_rules"):
            return
        grid = self._grid("own_rules", COLUMNS, ("author_input",))
        for row in grid.body if grid is not None else ():
            assert grid is not None
            says, so_far = " ".join(grid.cell(row, "own_says").text.split()), len(self.problems)
            limit, said = self._number(grid, row, "own_limit"), self._said(grid, row, "own_says")
            if grid.cell(row, "own_limit").empty:
                if says:
                    self.out.comments.append(Comment(f'a rule without a limit, "{says}"', said))
                continue
            written = None if limit is None else self._own.prepared(grid, row, limit, self.problems)
            if len(self.problems) == so_far and written is not None:
                self._keep(says or str(written["says"]), written, replace(said, places=(grid.place(row, "own_limit"),)))

    def _keep(self, name: str, written: dict[str, Any], said: Said) -> None:
        taken = {rule.id for rule in self.plan.scenario.rules} | set(self.out.rules)
        rule_id = identifier(name, taken)
        self.out.rules[rule_id] = OwnRule(rule_id, written, said)

    def _has_sheet(self, key: str) -> bool:
        return bool(set(self.circulated.book.titles) & set(in_languages(f"sheet.{key}.name").values()))

    def _selection(self, grid: Grid, row: int, key: str) -> dict[str, Any] | None:
        cell = grid.cell(row, key)
        hint = 'write it like its neighbours: =SUMIFS(Allocation[Planned],Allocation[Partnership ID],"egypt")'
        if cell.formula is None:
            self.problems.add(grid.place(row, key), "a rule that was added needs a formula of what it measures", hint)
            return None
        try:
            return self._own.reader.selection(cell.formula)
        except NotUnderstood as error:
            self.problems.add(grid.place(row, key), f"the formula is not understood: {error}", hint)
            return None


def _hint(cell: Cell) -> str:
    written = re.sub(r"[\s\u00a0\u202f]", "", cell.text)
    number = written.replace(",", ".") if re.fullmatch(r"[+-]?\d+(,\d+)?", written) else written
    return f"type the number {number}, not as a text" if re.fullmatch(r"[+-]?\d+(\.\d+)?", number) and cell.formula is None else _PASTE


def _signed(value: Fraction) -> str:
    return f"{'+' if value > 0 else ''}{plain(value)}"
