"""What switches add to the program: rows that follow from the others once switches are whole, and bring the relaxation close."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.generate import generate
from cases import ROOT, TWO_BY_TWO, weak_form, write
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import SWITCHED_NEED, LinearProgram
from fundalloc.optimise.switches import _least as least_through
from fundalloc.optimise.switches import solve_mixed
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, Status, solve_program

ONE = {"kind": "count", "says": "one partnership", "source": "assumption", "counting": "partnership", "at_most": "1"}


def relaxed(program: LinearProgram) -> float:
    return solve_program(replace(program, integer=None)).objective


def test_by_hand(tmp_path):
    # A may serve both, B only South. North needs 8, South 12, in steps of 50, 30 and 20 %. One switch per partnership holds all
    # of its money, so each of the six steps has its row:  q <= share x need x switch.
    program = compile_program(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"one": ONE}})))
    block = program.block(SWITCHED_NEED)
    matrix = program.matrix
    rows = range(block.rows.start, block.rows.stop)
    values = [matrix.value[matrix.start[r] : matrix.start[r + 1]].tolist() for r in rows]
    assert all(len(pair) == 2 and max(pair) == 1.0 for pair in values)
    assert sorted(-min(pair) for pair in values) == pytest.approx([1.6, 2.4, 2.4, 3.6, 4.0, 6.0])
    assert program.row_upper[block.rows].tolist() == [0.0] * 6


def test_decided_money_keeps_its_switch_on_and_meets_need_by_itself(tmp_path):
    decided = [{"instrument": "b", "partnership": "south", "area": "returns", "year": "2026", "amount": "2", "state": "committed"}]
    program = compile_program(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"one": ONE}, "decided": decided})))
    assert sorted(program.lower[program.integer].tolist()) == [0.0, 1.0]


def test_the_relaxation_of_a_choice_is_no_better_than_the_choice(tmp_path):
    # One of two may be active. The weak form halves both: 8 of North's 8 and 12 of South's 12 at half a switch each.
    case = {
        **TWO_BY_TWO,
        "steps": [{"share": "100 %", "value": "1"}],
        "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "20"}},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "needs": [
            {"partnership": "north", "area": "returns", "need": "8", "priority": "1"},
            {"partnership": "south", "area": "returns", "need": "12", "priority": "1"},
        ],
        "rules": {"one": ONE},
    }
    program = compile_program(load(write(tmp_path, case)))
    assert solve_program(program).objective == pytest.approx(12.0)
    assert relaxed(program) == pytest.approx(12.0)
    assert relaxed(weak_form(program)) == pytest.approx(20.0)


def test_a_shipped_choice_of_areas_is_nearly_decided_by_its_relaxation():
    program = compile_program(load(ROOT / "scenarios" / "mff-2021-2027" / "comprehensive-or-focused.yaml"))
    assert relaxed(program) < 1.001 * 11386.7 < 1.01 * 11386.7 < relaxed(weak_form(program))


def test_what_flows_at_the_least_through_a_switch_that_is_on(tmp_path):
    # Nothing, or 5 for North. South takes 0.5 and has it, so it can never have the 1 that counts as active: it is on with less.
    size = {"kind": "minimum_size", "says": "size", "source": "assumption", "money": {"partnership": "north"}}
    for least in (5.0, 0.4):
        program = compile_program(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"size": {**size, "at_least": str(least)}}})))
        assert least_through(program)[program.integer].tolist() == [pytest.approx(least)]
    given = {"instrument": "b", "partnership": "south", "area": "returns", "year": "2026", "amount": "0.5", "state": "committed"}
    count = {"kind": "count", "says": "count", "source": "assumption", "counting": "partnership", "at_most": "2", "active": "1"}
    partnerships = [TWO_BY_TWO["partnerships"][0], {**TWO_BY_TWO["partnerships"][1], "absorption": "0.5"}]
    case = {**TWO_BY_TWO, "rules": {"count": count}, "decided": [given], "partnerships": partnerships}
    program = compile_program(load(write(tmp_path, case)))
    assert least_through(program)[program.integer].tolist() == [pytest.approx(1.0), 0.0]
    assert solve_mixed(program, Options()).status is Status.OPTIMAL
    # From 0.4 on both count. Their rows are divided by what they ask for, as it is less than a million: what must flow stays 0.4.
    case["rules"] = {"count": {**count, "active": "0.4"}}
    program = compile_program(load(write(tmp_path, case)))
    assert least_through(program)[program.integer].tolist() == pytest.approx([0.4, 0.4])


def test_switches_are_tried_from_the_corner_of_the_relaxation(tmp_path):
    # 20 switches of a made-up case. The relaxation takes hundreds of steps; with the switches fixed a few more lead to the plan.
    core = generate(tmp_path, 200, 7)
    size = "  size: {kind: minimum_size, says: size, for_each: [instrument, partnership], at_least: 40, source: assumption}\n"
    core.write_text(core.read_text("utf-8") + size, "utf-8")
    program, steps = compile_program(load(core)), []

    def solve(stated, options):
        found = solve_program(stated, options)
        steps.append(found.iterations)
        return found

    assert solve_mixed(program, Options(), solve=solve).status is Status.OPTIMAL
    relaxation, first, *_ = steps
    assert relaxation > 100
    assert first < relaxation / 5
