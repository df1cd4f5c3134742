"""Why money is left: every rule that is named is loosened, and more of that money is then spent and earns score."""

from dataclasses import replace

import numpy as np
import pytest
from asking import best
from hypothesis import given, settings

from cases import SHIPPED, TWO_BY_TWO, write
from fundalloc.errors import Infeasible, NotRoundable, ScenarioError
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.place import explain_place
from fundalloc.insight.explain.target import find_target
from fundalloc.insight.explain.text import Writer
from fundalloc.insight.explain.unallocated import Brakes, explain_unallocated, left_before_rounding, said
from fundalloc.labels import Words
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from properties.richer import richer_cases, solved

CHECKED = [p for p in SHIPPED if p.stem == "baseline"]


def reasons(plan, language="en"):
    return {left.instrument: left.reason for left in explain_unallocated(plan, Words(language))}


def plan_of(tmp_path, **changes):
    return solve(load(write(tmp_path, {**TWO_BY_TWO, **changes})))


def rule(money, **limit):
    return {"kind": "amount", "says": "made up", "money": money, "source": "assumption", **limit}


# -- by hand ----------------------------------------------------------------------------------------------------------------


def test_a_member_that_the_money_cannot_reach_is_no_reason(tmp_path):
    # North is at its cap of 3, but B serves South alone: of its 6, the rule of 4 keeps 2. A spends 3 on North and 7 on South.
    capped = {"kind": "amount", "says": "{partnership}", "for_each": "partnership", "at_most": {"north": "3"}, "source": "assumption"}
    plan = plan_of(tmp_path, rules={"capped": capped, "b-small": rule({"instrument": "b"}, at_most="4")})
    assert reasons(plan) == {"b": "held back by b-small"}


def test_whole_steps_are_no_rule(tmp_path):
    # 4.5 and 5.5 may be spent without a miss, and are before rounding; in whole millions 4 and 5 are, as half a million missed would
    # cost more than a million earns, and one of A's ten stays. Hard limits would be 4 and 5 from the start, and hold it back.
    halves = {"kind": "amount", "says": "{partnership}", "for_each": "partnership", "money": {"instrument": "a"}, "source": "assumption"}
    limits = {**halves, "at_most": {"north": "4.5", "south": "5.5"}}
    plan = plan_of(tmp_path, round_to="1", rules={"halves": limits})
    assert reasons(plan)["a"] == "held back by halves"
    plan = plan_of(tmp_path, round_to="1", rules={"halves": {**limits, "soft": "5"}})
    assert reasons(plan)["a"] == "whole rounding steps leave it; before rounding the plan spends all of it"


def test_two_rules_that_only_together_hold_back(tmp_path):
    # Whichever of the two falls, the other still keeps B at 4.
    twice = {"one": rule({"instrument": "b"}, at_most="4"), "two": rule({"partnership": "south", "instrument": "b"}, at_most="4")}
    assert reasons(plan_of(tmp_path, rules=twice)) == {"b": "held back by several limits at once, wherever it could go: one, two"}


def test_a_soft_rule_that_costs_more_than_the_money_earns(tmp_path):
    # A euro of B earns at most 2 x 0.5 = 1 point; the rule takes 3.
    plan = plan_of(tmp_path, rules={"b-small": rule({"instrument": "b"}, at_most="4", soft="3")})
    assert reasons(plan) == {"b": "held back by b-small"}


def test_what_a_closed_year_left_is_not_left_in_run_nor_explain(tmp_path):
    # 4 of A's 10 were spent in the closed year: 6 have lapsed. Of the next 10 the rule lets 3 go, so that 7 are left, in either command.
    decided = [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2025", "amount": "4", "state": "locked"}]
    instruments = {**TWO_BY_TWO["instruments"], "a": {**TWO_BY_TWO["instruments"]["a"], "ceiling": {"each": "10"}}}
    small = {"a-small": rule({"instrument": "a", "year": "2026"}, at_most="3")}
    plan = plan_of(tmp_path, years="2025-2026", closed="2025", instruments=instruments, decided=decided, rules=small)
    (told,) = (left for left in explain_unallocated(plan, Words()) if left.instrument == "a")
    assert (told.amount, told.reason) == (pytest.approx(7), "held back by a-small")
    bench = Bench(plan.scenario)
    assert explain_place(bench, find_target(plan.scenario, ["a"])).left.amount == pytest.approx(7)


def test_a_last_resort(tmp_path):
    instruments = {**TWO_BY_TWO["instruments"], "b": {**TWO_BY_TWO["instruments"]["b"], "last_resort": "1.1"}}
    assert reasons(plan_of(tmp_path, instruments=instruments)) == {"b": "held back by the points of a last resort"}


def test_needs_that_the_lines_serve_are_met_although_others_are_not(tmp_path):
    # South needs 2, which B and A meet; North needs 80, and B may not go there.
    needs = [{**TWO_BY_TWO["needs"][0], "need": "80"}, {**TWO_BY_TWO["needs"][1], "need": "2"}]
    assert reasons(plan_of(tmp_path, needs=needs))["b"] == "every need that its open lines serve is met"


def test_many_rules_are_counted(tmp_path):
    # Six areas in which B may fund South, each with a cap of its own; A may fund none of them.
    areas = [f"area-{k}" for k in range(6)]
    plan = plan_of(
        tmp_path,
        areas={area: {"name": area} for area in areas},
        eligibility=[{"instrument": "b", "area": area} for area in areas],
        needs=[{"partnership": "south", "area": area, "need": "5"} for area in areas],
        rules={f"cap-{area}": rule({"area": area}, at_most="0.5") for area in areas},
    )
    assert reasons(plan)["b"] == "held back by cap-area-0, cap-area-1, cap-area-2, cap-area-3 and 2 more"
    assert reasons(plan, "de")["b"] == "zurückgehalten durch cap-area-0, cap-area-1, cap-area-2, cap-area-3 und 2 weitere"


def test_a_count_holds_back_until_a_member_may_be_added(tmp_path):
    # One partnership may receive A's money: South, with the higher priority. Its need of 4 leaves 6, and North may not have them.
    one = {"kind": "count", "says": "one", "counting": "partnership", "money": {"instrument": "a"}, "at_most": "1", "source": "assumption"}
    needs = [TWO_BY_TWO["needs"][0], {**TWO_BY_TWO["needs"][1], "need": "9", "priority": "3"}]
    plan = plan_of(tmp_path, needs=needs, rules={"one": one})
    assert reasons(plan)["a"] == "held back by one"


def test_explain_says_it_in_the_same_words(tmp_path):
    bench = Bench(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"b-small": rule({"instrument": "b"}, at_most="4")}})))
    assert dict(Writer(bench).place(explain_place(bench, find_target(bench.scenario, ["b"]))))["Left"] == [
        "EUR 2.0 million: held back by b-small."
    ]
    assert "Left" not in dict(Writer(bench).place(explain_place(bench, find_target(bench.scenario, ["a"]))))


# -- loosened ---------------------------------------------------------------------------------------------------------------


def growing(program: LinearProgram, values, mask) -> LinearProgram:
    """The program in which some lines may only grow; all else of the ledger stays, switches included."""
    lower, upper = program.lower.copy(), program.upper.copy()
    stays = np.ones(program.lines, dtype=bool)
    stays[: len(mask)] = ~mask
    lower[: program.lines] = values[: program.lines]
    upper[: program.lines] = np.where(stays, values[: program.lines], upper[: program.lines])
    row_upper = program.row_upper.copy()
    if program.integer is not None:
        lower[program.integer] = upper[program.integer] = np.round(values[program.integer])
        for block in program.blocks:  # money that is switched on has no limit of its own: what can flow follows from the other rows
            for row in range(block.rows.start, block.rows.stop) if block.owner == "switched off" else ():
                entries = program.matrix.column[program.matrix.start[row] : program.matrix.start[row + 1]]
                row_upper[row] = np.inf if lower[entries[program.integer[entries]]].sum() else row_upper[row]
    return replace(program, lower=lower, upper=upper, row_upper=row_upper, integer=None, keys=None)


def without(program: LinearProgram, rules) -> LinearProgram:
    """The program in which some rules ask nothing: no limits, no price, no switches. No points of a last resort, if they are named."""
    row_lower, row_upper, cost, switches = program.row_lower.copy(), program.row_upper.copy(), program.cost.copy(), []
    for block in program.blocks:
        switches += [block] if block.owner.startswith("switched") else []
        if block.rule is None:
            continue
        for one in (*switches, block) if block.owner in rules else ():
            row_lower[one.rows], row_upper[one.rows] = -np.inf, np.inf
            cost[one.misses] = 0.0
        switches = []
    if "last_resort" in rules:
        cost[: program.lines] = 0.0
    return replace(program, row_lower=row_lower, row_upper=row_upper, cost=cost)


def confirm(plan):
    """Loosen whatever is named, with everything else as it is, and look at the score; returns what was confirmed."""
    program, lines, values = compile_program(plan.scenario), plan.scenario.lines, plan.solution
    brakes, found = Brakes(program, values, lines), []
    everything = {rule.id for rule in plan.scenario.rules if rule.kind != "ceiling"}
    for name in reasons(plan):
        k = plan.scenario.facts.dimensions.instrument.index(name)
        row = plan.free_money.query("instrument == @name and year == 0").iloc[0]
        left = left_before_rounding(brakes, k, float(row["ceiling"] - row["reserve"]))
        found.append("rounding" if left is None else left.cause.text)
        if left is None:
            continue

        own = (lines.instrument == k) & ~lines.fixed

        def gain(rules, mask=own):
            loosened = without(program, rules)
            return best(growing(loosened, values, mask)) - best(growing(loosened, values, mask & False))

        if left.cause.text == "rules":
            assert all(gain([rule]) > 1e-8 for rule in left.cause.rules), (name, left)
        elif left.cause.text == "together":
            one_by_one = np.flatnonzero(own)[:20, None] == np.arange(len(lines))
            assert all(gain([rule], line) < 1e-4 for rule in left.cause.rules for line in one_by_one), (name, left)
            assert gain(left.cause.rules) > 1e-8, (name, left)
        elif left.cause.text in ("needs_met", "no_open_line"):
            assert gain(sorted(everything)) < 1e-4, (name, left)
    return found


@pytest.mark.parametrize("path", CHECKED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_rule_that_is_named_really_holds_back_and_explain_says_the_same(path):
    scenario = load(path)
    plan, bench = solve(scenario), Bench(scenario)
    assert "rules" in confirm(plan)
    brakes = Brakes(bench.program, bench.values, bench.lines)
    for name, reason in reasons(plan).items():
        k = scenario.facts.dimensions.instrument.index(name)
        left = left_before_rounding(brakes, k, bench.ceiling(k))
        assert reason == (Words()("unallocated.rounding") if left is None else said(left.cause, Words()))


@given(richer_cases())
@settings(max_examples=60, deadline=None)
def test_every_rule_that_is_named_really_holds_back_in_random_scenarios(case):
    try:
        plan = solved(case)
    except (ScenarioError, Infeasible, NotRoundable):
        return
    confirm(plan)


def test_best_is_what_it_was(tmp_path):
    # The witness of these tests itself: nothing loosened, nothing gained.
    plan = plan_of(tmp_path, rules={"b-small": rule({"instrument": "b"}, at_most="4")})
    program = compile_program(plan.scenario)
    assert best(growing(program, plan.solution, plan.scenario.lines.instrument == 1)) == pytest.approx(plan.log.program_score)
