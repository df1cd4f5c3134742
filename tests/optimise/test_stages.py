"""Objective stages and settling, on paper: one instrument with 10, two partnerships that need 20 each, every euro worth the same."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from cases import TWO_BY_TWO, write
from fundalloc.errors import ScenarioError
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.sheets.about import run_log
from fundalloc.labels import Words
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import Terms
from fundalloc.optimise import stages
from fundalloc.optimise.stage_programs import append, hold, snapped, stage_program
from fundalloc.optimise.stages import fix_switches, optimise, wishes
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, solve_program
from fundalloc.solvers.solution import Status
from fundalloc.studies.alternatives import find_alternatives
from fundalloc.studies.variants import Source

HEADING = "instrument,partnership,area,year,amount\n"
LOWEST = {"lowest_coverage": {"for_each": "partnership"}}


def case(priority="1", needs=("20", "20"), **changes):
    """North's euro is worth 1, South's its priority; no diminishing returns."""
    north, south = ({"partnership": p, "area": "returns", "need": n} for p, n in zip(("north", "south"), needs, strict=True))
    return {
        **TWO_BY_TWO,
        "steps": [{"share": "100 %", "value": "1"}],
        "instruments": {"a": TWO_BY_TWO["instruments"]["a"]},
        "eligibility": TWO_BY_TWO["eligibility"][:1],
        "needs": [{**north, "priority": "1"}, {**south, "priority": priority}],
        **changes,
    }


def planned(tmp_path, content, baseline=None):
    """The scenario; `baseline` gives what North and South had."""
    if baseline is not None:
        rows = "".join(f"a,{p},returns,2026,{amount}\n" for p, amount in zip(("north", "south"), baseline, strict=True))
        (tmp_path / "plan.csv").write_text(HEADING + rows, "utf-8")
        content = {**content, "baseline": "plan.csv"}
    return load(write(tmp_path, content))


def split(plan):
    amounts = plan.total("partnership")
    return amounts["north"], amounts["south"]


def approx(*amounts):
    return pytest.approx(amounts)


# --- Settling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", [("3.7", "6.3"), ("10", "0"), ("0", "10")], ids=str)
def test_a_plan_that_is_as_good_as_any_comes_back(tmp_path, baseline):
    plan = solve(planned(tmp_path, case(), baseline))
    assert split(plan) == approx(*map(float, baseline))
    assert plan.score == pytest.approx(10)


def test_without_a_plan_the_money_follows_need_and_priority(tmp_path):
    assert split(solve(planned(tmp_path, case(needs=("30", "10"))))) == approx(7.5, 2.5)


def test_the_closest_plan_moves_least(tmp_path):
    # 4 + 4 was planned; 10 is best, and any split of the other 2 moves as much: nobody loses.
    north, south = split(solve(planned(tmp_path, case(), ("4", "4"))))
    assert north + south == pytest.approx(10)
    assert min(north, south) >= 4 - 1e-9
    # 8 + 8 was planned: somebody loses 6, nobody gains.
    north, south = split(solve(planned(tmp_path, case(), ("8", "8"))))
    assert north + south == pytest.approx(10)
    assert max(north, south) <= 8 + 1e-9


@pytest.mark.parametrize(
    ("stay_close", "expected"),
    # South is worth 2: all of it is best, score 20. Every euro that stays with North costs one point of the 20.
    [("0 %", (0, 10)), ("10 %", (2, 8)), ("24 %", (4.8, 5.2)), ("50 %", (5, 5))],
)
def test_stay_close_buys_fewer_moves(tmp_path, stay_close, expected):
    plan = solve(planned(tmp_path, case("2", settle={"stay_close": stay_close}), ("5", "5")))
    assert split(plan) == approx(*expected)
    assert plan.score == pytest.approx(20 - expected[0])
    assert plan.log.program_score == pytest.approx(20)  # the best there is, whatever was given up


def test_stay_close_costs_nothing_without_a_reason_to_move(tmp_path):
    plan = solve(planned(tmp_path, case("2", settle={"stay_close": "10 %"}), ("0", "10")))
    assert split(plan) == approx(0, 10)


# --- Stages ----------------------------------------------------------------------------------------------------------


def test_lowest_coverage_shares_out_what_is_equally_good(tmp_path):
    # The plan to start from favours North; all splits score 10.
    assert split(solve(planned(tmp_path, case(), ("10", "0")))) == approx(10, 0)
    assert split(solve(planned(tmp_path, case(objective=["impact", LOWEST]), ("10", "0")))) == approx(5, 5)
    # Needs of 30 and 10: a quarter of each.
    assert split(solve(planned(tmp_path, case(needs=("30", "10"), objective=["impact", LOWEST]), ("0", "10")))) == approx(7.5, 2.5)


def test_lowest_coverage_does_not_cost_score(tmp_path):
    plan = solve(planned(tmp_path, case("2", objective=["impact", LOWEST]), ("5", "5")))
    assert split(plan) == approx(0, 10)


@pytest.mark.parametrize(
    ("give", "expected"),
    # Each euro for North costs a point of 20. Beyond half and half North would be the better covered one.
    [("10 %", (2, 8)), ("25 %", (5, 5)), ("40 %", (5, 5))],
)
def test_give_lets_a_later_stage_have_some_of_the_score(tmp_path, give, expected):
    plan = solve(planned(tmp_path, case("2", objective=[{"impact": {"give": give}}, LOWEST]), ("0", "10")))
    assert split(plan) == approx(*expected)
    assert plan.score == pytest.approx(20 - expected[0])


def test_give_beside_the_word_means_the_same(tmp_path):
    inside = load(write(tmp_path, case(objective=["impact", {"lowest_coverage": {"for_each": "partnership", "give": "1 %"}}])))
    beside = load(write(tmp_path, case(objective=["impact", {**LOWEST, "give": "1 %"}])))
    assert inside.head.objective == beside.head.objective
    assert [float(stage.give) for stage in inside.head.objective] == [0, 0.01]


def test_give_of_a_later_stage(tmp_path):
    # Half and half covers each by 25 %; with a fifth of that given up 20 % will do, 4 of 20: closer to the 10 and 0 of before.
    stages = ["impact", {**LOWEST, "give": "20 %"}, "change"]
    assert split(solve(planned(tmp_path, case(objective=stages), ("10", "0")))) == approx(6, 4)


def test_lowest_coverage_of_a_tag_group(tmp_path):
    # North and South lie on one route, West alone on the other. The smaller of both routes' coverage counts.
    places = {"north": "x", "south": "x", "west": "y"}
    content = {
        **case(objective=["impact", {"lowest_coverage": {"for_each": "route"}}]),
        "partnerships": [{"id": p, "name": p, "level": "bilateral", "tags": f"route:{route}"} for p, route in places.items()],
        "needs": [
            {"partnership": p, "area": "returns", "need": n, "priority": "1"} for p, n in zip(places, ("12", "8", "20"), strict=True)
        ],
    }
    plan = solve(planned(tmp_path, content, ("10", "0")))
    # Each route needs 20: a quarter of it. North had the 10, so the 5 of its route are its.
    assert plan.total("partnership").to_dict() == {"north": pytest.approx(5), "south": 0.0, "west": pytest.approx(5)}


def test_members_without_need_have_no_coverage(tmp_path):
    content = case(objective=["impact", LOWEST])
    content["partnerships"] = [*content["partnerships"], {"id": "west", "name": "West", "level": "bilateral"}]
    assert split(solve(planned(tmp_path, content, ("10", "0")))) == approx(5, 5)


def test_unallocated_money_is_spent_without_need(tmp_path):
    # Needs of 4 and 2: the other 4 earn nothing, and stay unless a stage wants them out. Nobody loses what it needs.
    assert split(solve(planned(tmp_path, case(needs=("4", "2"))))) == approx(4, 2)
    plan = solve(planned(tmp_path, case(needs=("4", "2"), objective=["impact", "unallocated"])))
    north, south = split(plan)
    assert north + south == pytest.approx(10)
    assert north >= 4 - 1e-9
    assert south >= 2 - 1e-9
    assert plan.score == pytest.approx(6)


def test_unallocated_is_about_the_budget(tmp_path):
    # Partners' money that the plan may decide is not pushed out.
    content = case(needs=("4", "2"), objective=["impact", "unallocated"])
    free = {"name": "Member States", "source": "assumption", "counts": "partner", "free": "true", "ceiling": "5"}
    content["instruments"] = {**content["instruments"], "ms": free}
    content["eligibility"] = [*content["eligibility"], {"instrument": "ms", "area": "returns", "effectiveness": "0.1"}]
    plan = solve(planned(tmp_path, content, ("4", "2")))
    assert plan.total("instrument").to_dict() == {"a": pytest.approx(10), "ms": 0.0}


def test_change_before_another_stage_and_after_it(tmp_path):
    # 3 + 3 of 10 were planned. With 40 % of the score given up they may stay, if `change` comes first.
    impact = {"impact": {"give": "40 %"}}
    first = solve(planned(tmp_path, case(objective=[impact, "change", "unallocated"]), ("3", "3")))
    assert split(first) == approx(3, 3)
    last = solve(planned(tmp_path, case(objective=[impact, "unallocated", "change"]), ("3", "3")))
    north, south = split(last)
    assert north + south == pytest.approx(10)
    assert min(north, south) >= 3 - 1e-9  # 4 is the least change


def test_change_with_some_given_up(tmp_path):
    # South is worth 2. From 5 and 5 on, 10 % of the 20 points keep 2 with North.
    plan = solve(planned(tmp_path, case("2", objective=[{"impact": {"give": "10 %"}}, "change"]), ("5", "5")))
    assert split(plan) == approx(2, 8)


def test_stages_with_switches(tmp_path):
    # Nothing or at least 6 for each: only one gets money, and lowest_coverage cannot change that. Settled with the one that had it.
    size = {"kind": "minimum_size", "says": "Viable", "source": "assumption", "for_each": "partnership", "at_least": "6"}
    for baseline in (("10", "0"), ("0", "10")):
        plan = solve(planned(tmp_path, case(objective=["impact", LOWEST], rules={"size": size}), baseline))
        assert sorted(split(plan)) == approx(0, 10)
        assert plan.status == "optimal"
    # At 5 both can, and `lowest_coverage` switches both on.
    size["at_least"] = "5"
    assert split(solve(planned(tmp_path, case(objective=["impact", LOWEST], rules={"size": size}), ("10", "0")))) == approx(5, 5)


def test_settling_may_switch(tmp_path):
    size = {"kind": "minimum_size", "says": "Viable", "source": "assumption", "for_each": "partnership", "at_least": "6"}
    for baseline in (("10", "0"), ("0", "10")):
        plan = solve(planned(tmp_path, case(rules={"size": size}), baseline))
        assert split(plan) == approx(*map(float, baseline))


def test_prices_are_those_of_the_first_stage(tmp_path):
    plan = solve(planned(tmp_path, case("2", objective=[{"impact": {"give": "25 %"}}, LOWEST]), ("0", "10")))
    (price,) = [p for f, p in zip(plan.findings, plan.prices, strict=True) if f.rule.kind == "ceiling"]
    assert price == pytest.approx(2)  # one more euro for South
    assert float(plan.certificate.bound) == pytest.approx(20)


def test_a_scenario_as_baseline_is_solved_first(tmp_path):
    # The baseline covers both alike by its second stage; the scenario only asks for impact, and stays there.
    write(tmp_path, case(objective=["impact", LOWEST], needs=("30", "10")), "before.yaml")
    plan = solve(load(write(tmp_path, case(baseline="before.yaml", needs=("20", "20")))))
    assert split(plan) == approx(7.5, 2.5)


# --- The programs themselves -----------------------------------------------------------------------------------------


def test_the_lowest_coverage_is_one_column_and_a_row_per_member(tmp_path):
    scenario = load(write(tmp_path, case(needs=("30", "10"))))
    program = compile_program(scenario)
    stage = stage_program(program, "lowest_coverage", ("partnership",), scenario.lines, None)
    assert stage.shape == (program.shape[0] + 2, program.shape[1] + 1)
    assert solve_program(stage).objective == pytest.approx(0.25)


def test_hold_keeps_a_value_less_what_may_be_given_up(tmp_path):
    scenario = load(write(tmp_path, case("2")))
    program = compile_program(scenario)
    held = hold(program, program.cost, 20.0, 0.1)
    assert held.row_lower[-1] == pytest.approx(18)
    assert held.row_upper[-1] == np.inf
    assert held.matrix.times(np.arange(program.shape[1], dtype=float))[-1] == pytest.approx(program.cost @ np.arange(program.shape[1]))
    assert hold(program, program.cost, -20.0, 0.1).row_lower[-1] == pytest.approx(-22)  # a tenth of the amount, downwards


def test_append_keeps_switches_whole(tmp_path):
    size = {"kind": "minimum_size", "says": "Viable", "source": "assumption", "for_each": "partnership", "at_least": "6"}
    program = compile_program(load(write(tmp_path, case(rules={"size": size}))))
    none, nowhere = np.zeros(0), np.zeros(0, dtype=np.int64)
    wider = append(program, np.ones(1), np.zeros(1), np.ones(1), none, none, Terms(nowhere, nowhere, none))
    assert wider.integer.tolist() == [*program.integer.tolist(), False]
    assert wider.shape == (program.shape[0], program.shape[1] + 1)


def test_switches_are_fixed_as_chosen(tmp_path):
    size = {"kind": "minimum_size", "says": "Viable", "source": "assumption", "for_each": "partnership", "at_least": "6"}
    scenario = planned(tmp_path, case("2", rules={"size": size}), ("10", "0"))
    program = compile_program(scenario)
    optimum = optimise(program, scenario.lines, wishes(scenario), Options())
    on = np.rint(optimum.values[program.integer])
    assert on.tolist() == [0, 1]
    assert optimum.chosen.integer is None
    assert optimum.chosen.lower[program.integer].tolist() == optimum.chosen.upper[program.integer].tolist() == [0, 1]
    assert fix_switches(optimum.chosen, optimum.values) is optimum.chosen
    # The proof is that of the relaxation: it holds for any choice of switches.
    assert optimum.first.bound == pytest.approx(20)


def test_a_later_stage_may_switch_and_that_is_kept(tmp_path):
    # The first stage is content with either; at 5 each the second switches both on, and rounding keeps them on.
    size = {"kind": "minimum_size", "says": "Viable", "source": "assumption", "for_each": "partnership", "at_least": "5"}
    scenario = planned(tmp_path, case(objective=["impact", LOWEST], rules={"size": size}), ("10", "0"))
    program = compile_program(scenario)
    optimum = optimise(program, scenario.lines, wishes(scenario), Options())
    assert optimum.chosen.lower[program.integer].tolist() == [1, 1]


def test_another_stage_before_impact(tmp_path):
    # Impact gives way entirely, coverage comes first and leaves a fifth, then impact again. A's 10 and B's 3 meet 13 of 20: 65 %
    # for both; with a fifth less 52 %: North at least 4.16, for which South leaves 0.76 at 1.2. Impact alone gives North 3.4.
    lowest = {"lowest_coverage": {"for_each": "partnership", "give": "20 %"}}
    objective = [{"impact": {"give": "100 %"}}, lowest, "impact"]
    plan = solve(load(write(tmp_path, {**TWO_BY_TWO, "round_to": "0.01", "objective": objective})))
    assert plan.total("partnership")["north"] == pytest.approx(4.16, abs=0.011)  # a coverage held is no rule: rounding may take a step
    assert plan.score == pytest.approx(12 + 2.84 * 1.2 + 4 + 0.16 * 0.6, abs=0.01)


# --- Bad input -------------------------------------------------------------------------------------------------------


def impact_comes_first(goal):
    way = f"to put {goal} before it, let impact give way: [{{impact: {{give: 100 %}}}}, {goal}, impact]"
    return f"the first stage is '{goal}': shadow prices and the proof speak of impact, so it comes first ({way})"


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ([LOWEST, "impact"], impact_comes_first("lowest_coverage")),
        (["change"], impact_comes_first("change")),
        ([], "no stage (write objective: [impact])"),
        (["impact", {"unallocated": "3"}], "'unallocated' takes options, not '3' (write unallocated, or {unallocated: {give: 1 %}})"),
        (
            ["impact", {"lowest_coverage": "partnership"}],
            "'lowest_coverage' takes options, not 'partnership' (write {lowest_coverage: {for_each: partnership}})",
        ),
        (
            ["impact", {"unallocated": {"for_each": "partnership"}}],
            "'unallocated' is one figure for the whole plan (take 'for_each' out)",
        ),
        (["impact", {"unallocated": {}, "change": {}}], "two stages in one entry (write [{unallocated: …}, {change: …}])"),
        (["impact", "lowest_coverage"], "lowest_coverage of whom? (write {lowest_coverage: {for_each: partnership}})"),
        (["impact", {"lowest_coverage": {}}], "lowest_coverage of whom? (write {lowest_coverage: {for_each: partnership}})"),
        (
            ["impact", "fairness"],
            "'fairness' is not allowed here (expected 'impact', 'lowest_coverage', 'unallocated', 'change' or 'fair')",
        ),
        (["impact", {"fairness": {}}], "no stage named (expected one of: impact, lowest_coverage, unallocated, change, fair)"),
        (["impact", {**LOWEST, "give": "150 %"}], "a share cannot be above 100 %: 150 % (write a share from 0 % to 100 %)"),
        (["impact", {**LOWEST, "given": "1 %"}], "unknown key 'given' (did you mean 'give'?)"),
        ("impact", "expected a list (write it in brackets: […])"),
    ],
    ids=str,
)
def test_bad_objectives(tmp_path, objective, said):
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, case(objective=objective)))
    assert [f"{p.message} ({p.hint})".replace("\u00a0", " ") for p in caught.value.problems] == [said]


@pytest.mark.parametrize(
    ("settle", "said"),
    [({"stay_close": "150 %"}, "a share cannot be above 100 %"), ({"stay": "1 %"}, "unknown key 'stay'")],
    ids=str,
)
def test_bad_settling(tmp_path, settle, said):
    with pytest.raises(ScenarioError, match=said):
        load(write(tmp_path, case(settle=settle)))


def test_lowest_coverage_of_nobody_we_know(tmp_path):
    with pytest.raises(ScenarioError, match="cannot take the coverage of each 'partnerships'"):
        solve(load(write(tmp_path, case(objective=["impact", {"lowest_coverage": {"for_each": "partnerships"}}]))))


def test_change_without_a_baseline(tmp_path):
    with pytest.raises(ScenarioError, match="baseline"):
        solve(load(write(tmp_path, case(objective=["impact", "change"]))))


@pytest.mark.parametrize(
    ("stopped", "left"), [(1, "lowest_coverage, impact"), (2, "impact"), (0, "lowest_coverage, impact"), (9, "")], ids=str
)
def test_later_stages_that_a_limit_leaves_out_are_named(tmp_path, monkeypatch, stopped, left):
    calls, real = iter(range(9)), stages.solve_mixed

    def limited(*arguments):
        solution = real(*arguments)
        return replace(solution, status=Status.FEASIBLE) if next(calls) == stopped else solution

    monkeypatch.setattr(stages, "solve_mixed", limited)
    objective = [{"impact": {"give": "10 %"}}, LOWEST, "impact"]
    plan = solve(planned(tmp_path, case("2", objective=objective), ("0", "10")))
    # Each euro for North costs a point of 20: two at the most. Without a say of coverage North keeps nothing.
    assert split(plan) == approx(*((0, 10) if left.startswith("lowest") else (2, 8)))
    said = plan.proof.undone_text(Words("en"))
    assert (f"had their say: {left}" in said) == bool(left), said
    assert ("nearest to the reference" in said) == (stopped == 0)
    assert plan.log.stopped == bool(left)  # run then ends with 5, and does not keep the plan for reuse
    table = run_log(Book(plan, "en")).table
    rows = dict(zip(*(column.cells for column in table.columns), strict=True))
    assert rows.get("Left undone by a limit on the search", "") == said


@pytest.mark.parametrize("value", [1.0, -1.0, 4 / 3, 19.72, 16918.4, 1e-7, -123456.789])
def test_a_held_value_lies_one_notch_below_the_value_so_that_the_plan_that_reached_it_stays(value):
    notch = 2.0**-29 if value in (1.0, -1.0) else abs(value) * 4e-9
    assert value - 2 * notch < snapped(value) < value
    assert snapped(1.0) == 1.0 - 2.0**-29
    assert snapped(value * (1 + 1e-12)) == snapped(value)  # what another solver says


def test_who_needs_nothing_has_no_coverage(tmp_path):
    # North needs nothing: only South's coverage counts, and it is A's 10 and half of B's 6 of its 12
    needs = [{**TWO_BY_TWO["needs"][0], "need": "0"}, TWO_BY_TWO["needs"][1]]
    path = write(tmp_path, {**TWO_BY_TWO, "needs": needs, "instruments": {**TWO_BY_TWO["instruments"]}})
    scenario = load(path)
    program = compile_program(scenario)
    staged = stage_program(program, "lowest_coverage", ("partnership",), scenario.lines, None)
    assert staged.shape == (program.shape[0] + 1, program.shape[1] + 1)  # one row for South, and the smallest coverage
    assert solve_program(staged).objective == pytest.approx(1.0)
    even = find_alternatives(Source(str(path)), Fraction(1, 10), count=1).plans[0].traits["most even"]
    assert even == pytest.approx(1.0)
