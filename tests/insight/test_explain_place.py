"""Why some lines get what they get: every figure of the answers is found again by a fresh program."""

import re
from dataclasses import replace

import numpy as np
import pytest
from asking import best, extremes, moved, row_of, with_money, with_sum

from cases import ROOT, SHIPPED, TINY, TWO_BY_TWO, write
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.place import explain_place
from fundalloc.insight.explain.remedy import behind, slack_of
from fundalloc.insight.explain.target import find_target
from fundalloc.insight.explain.text import Writer
from fundalloc.optimise.settling import settling_program
from fundalloc.optimise.stage_programs import hold
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import solve_program

BASELINE = next(p for p in SHIPPED if p.parent.name == "mff-2021-2027" and p.stem == "baseline")
QUESTIONS = ["tunisia", "amif tunisia smuggling", "egypt returns 2026", "sahel", "ndici", "amif", "smuggling", "2026"]


@pytest.fixture(scope="module")
def tiny_bench():
    return Bench(load(TINY))


@pytest.fixture(scope="module")
def shipped_bench():
    return Bench(load(BASELINE))


def confirm(bench, words):
    """Solve again for every figure of an answer."""
    target = find_target(bench.scenario, words.split())
    answer, mask = explain_place(bench, target), target.lines
    program, score = bench.fixed, best(bench.fixed)
    near = {"abs": 1e-5 * max(1.0, abs(score) / 100), "rel": 1e-6}
    assert bench.score == pytest.approx(score)
    open_lines = mask & ~bench.lines.fixed
    for held in answer.holds:
        row = row_of(bench, held.rule.id, held.demand)
        assert held.more == pytest.approx(best(moved(program, row, 1.0)) - score, nan_ok=True, **near)
        assert held.less == pytest.approx(best(moved(program, row, -1.0)) - score, nan_ok=True, **near)
    wished = with_sum(program, open_lines, bench.amounts[open_lines].sum() + 1.0)
    cost = score - best(wished)
    assert answer.cost == pytest.approx(cost if not cost < bench.slight else 0.0, nan_ok=True, **near)
    year = target.words.get("year")
    for item in answer.next[:3]:
        name = bench.scenario.facts.instruments[item.instrument].id
        assert item.anywhere == pytest.approx(with_money(bench, program, name, 1.0, year) - score, **near)
        assert item.here == pytest.approx(with_money(bench, wished, name, 1.0, year) - score, nan_ok=True, **near)
    own, notch = bench.program.cost @ bench.values[: bench.program.shape[1]], 1e-9 * (1 + abs(score))  # as the manual has it
    for found, floor in ((answer.tight, own - notch), (answer.wide, score - 0.001 * abs(score) - notch)):
        least, most = extremes(program, mask, floor)
        assert (found.least, found.most) == (pytest.approx(least, abs=2e-3), pytest.approx(most, abs=2e-3))
    return answer


@pytest.mark.parametrize("words", QUESTIONS)
def test_every_figure_is_found_again(tiny_bench, words):
    answer = confirm(tiny_bench, words)
    assert answer.tight.least - 1e-3 <= answer.amount <= answer.tight.most + 1e-3
    assert answer.wide.least <= answer.tight.least + 1e-6
    assert answer.wide.most >= answer.tight.most - 1e-6


@pytest.mark.parametrize(
    "words",
    [
        "isf-external libya smuggling 2026",
        "returns 2025",
        *(pytest.param(words, marks=pytest.mark.thorough) for words in ("egypt 2026", "humanitarian-aid 2027")),
    ],
)
def test_every_figure_on_the_shipped_baseline(shipped_bench, words):
    confirm(shipped_bench, words)


def test_a_million_that_costs_no_score_is_still_missing_elsewhere():
    # With three coarse steps of returns a million more for Egypt costs nothing. All money is spent, so others get less of it.
    steps = '[{"share": "50 %", "value": "1"}, {"share": "30 %", "value": "0.6"}, {"share": "20 %", "value": "0.3"}]'
    bench = Bench(load(ROOT / "scenarios" / "mff-2021-2027" / "baseline.yaml", settings=[f"steps={steps}"]))
    answer = explain_place(bench, find_target(bench.scenario, ["egypt"]))
    assert answer.cost == 0
    assert answer.losers
    assert all(move.change < 0 for move in answer.losers)


@pytest.mark.parametrize("words", ["amif tunisia smuggling", "sahel", "egypt returns", "global", "smuggling"])
def test_the_cheapest_change_is_enough_and_a_smaller_one_is_not(tiny_bench, words):
    bench = tiny_bench
    target = find_target(bench.scenario, words.split())
    answer = explain_place(bench, target)
    open_lines = target.lines & ~bench.lines.fixed
    wished = with_sum(bench.fixed, open_lines, bench.amounts[open_lines].sum() + 1.0)
    for remedy in answer.remedies:
        if remedy.kind == "limit":
            sign = -1.0 if remedy.sense == "at least" else 1.0
            row = row_of(bench, remedy.rule.id, remedy.demand)
            gaps = [
                best(moved(bench.fixed, row, sign * by)) - best(moved(wished, row, sign * by)) for by in (remedy.by, 0.9 * remedy.by - 0.1)
            ]
        elif remedy.kind == "money":
            name = bench.scenario.facts.instruments[remedy.instrument].id
            gaps = [
                with_money(bench, bench.fixed, name, by) - with_money(bench, wished, name, by) for by in (remedy.by, 0.9 * remedy.by - 0.1)
            ]
        else:
            needs = bench.lines.facts.needs
            named = [needs.partnership == bench.lines.facts.dimensions.partnership.index(target.words["partnership"])]
            if "area" in target.words:
                named.append(needs.area == bench.lines.facts.dimensions.area.index(target.words["area"]))
            gaps = [
                best(valued(bench, bench.fixed, named, by)) - best(valued(bench, wished, named, by)) for by in (remedy.by, 0.99 * remedy.by)
            ]
        assert gaps[0] <= 1.1 * slack_of(bench, answer.cost)
        assert not gaps[1] <= slack_of(bench, answer.cost)
    assert [r.by for r in answer.remedies if r.kind != "priority"] == sorted(r.by for r in answer.remedies if r.kind != "priority")


def test_the_priority_that_brings_a_million_is_found_again(tmp_path):
    # Two by two: A's last 3.4 go to North at 1.0. South's next step is worth 2 x 0.3 = 0.6, so a million more for South
    # costs 0.4, and its priority would have to be 2 / 0.6 = 3.333 for the third step to be worth 1.0.
    bench = Bench(load(write(tmp_path, TWO_BY_TWO)))
    answer = explain_place(bench, find_target(bench.scenario, ["south"]))
    assert answer.amount == pytest.approx(12.6)  # 6 from B, 6.6 from A
    assert answer.cost == pytest.approx(0.4)
    (priority,) = [remedy for remedy in answer.remedies if remedy.kind == "priority"]
    assert priority.priority == (2.0, pytest.approx(2 / 0.6, rel=1e-3))
    assert behind(bench, bench.aimed(find_target(bench.scenario, ["south"]).lines, 13.6), lambda p, _: p, 0.0) == pytest.approx(0.4)
    assert [(m.partnership, m.change) for m in answer.losers] == [(0, pytest.approx(-1.0))]


def test_two_by_two_by_hand(tmp_path):
    bench = Bench(load(write(tmp_path, TWO_BY_TWO)))
    assert bench.score == pytest.approx(19.72)
    north = explain_place(bench, find_target(bench.scenario, ["north"]))
    (pair,) = north.pairs
    assert (pair.need, pair.met, pair.priority, pair.value, pair.effectiveness) == (8, pytest.approx(3.4), 1, 1, (1, 1))
    assert north.amount == pytest.approx(3.4)
    (next_million,) = north.next
    assert next_million.anywhere == pytest.approx(0.6 * 1.0 + 0.4 * 0.6)  # 0.6 fill North's first step, then 0.6 a euro
    assert north.tight.width == pytest.approx(0, abs=1e-3)


def test_the_amount_is_that_of_the_run(tiny_bench):
    plan = solve(load(TINY))
    for words in ("tunisia", "ndici sahel", "egypt legal-pathways"):
        mask = find_target(tiny_bench.scenario, words.split()).lines
        assert tiny_bench.amounts[mask].sum() == pytest.approx(plan.amounts[mask].sum(), abs=0.21)


def valued(bench, program, named, factor):
    """The program in which the met needs of the named pairs are worth so many times as much."""
    pairs = np.flatnonzero(np.all(named, axis=0))
    cost = program.cost.copy()
    for step in range(3):
        cost[bench.fixed.lines + step * len(bench.lines.facts.needs) + pairs] *= factor
    return replace(program, cost=cost)


@pytest.mark.parametrize("words", ["sahel", "amif tunisia smuggling"])
def test_losers_are_those_of_the_nearest_plan(tiny_bench, words):
    bench, target = tiny_bench, find_target(tiny_bench.scenario, words.split())
    answer = explain_place(bench, target)
    assert answer.cost > 0
    wished = with_sum(bench.fixed, target.lines, bench.amounts[target.lines].sum() + 1.0)
    settling = settling_program(hold(wished, wished.cost, best(wished), 0.0), bench.lines, bench.amounts)
    near = settling.values(solve_program(replace(settling.program, keys=None)).values)[: len(bench.lines)]
    lost = {}
    for ids, change, inside in zip(bench.lines.ids, near - bench.amounts, target.lines, strict=True):
        if not inside:
            lost[ids[:3]] = lost.get(ids[:3], 0.0) + change
    facts = bench.lines.facts
    for move in answer.losers:
        names = (facts.instruments[move.instrument].id, facts.partnerships[move.partnership].id, facts.areas[move.area].id)
        assert move.change == pytest.approx(lost.pop(names), abs=1e-3)
    assert not [amount for amount in lost.values() if amount < -0.06]


def test_what_may_not_be_funded_says_why(tiny_bench):
    answer = explain_place(tiny_bench, find_target(tiny_bench.scenario, ["sahel/returns/2025"]))
    assert next(reason for reason, _ in answer.refusals).startswith("Cooperation starts in 2026")
    assert dict(Writer(tiny_bench).place(answer))["Gets"] == ["nothing; it may not receive new money."]


def test_decided_money_is_beyond_question(tiny_bench):
    answer = explain_place(tiny_bench, find_target(tiny_bench.scenario, ["amif/global/returns/2025"]))
    assert (answer.fixed, answer.amount) == (True, 2.0)
    assert dict(Writer(tiny_bench).place(answer))["Gets"] == [
        "EUR 2.0 million, all of it decided before the run: the plan cannot change it."
    ]


def need_of(bench, words):
    return dict(Writer(bench).place(explain_place(bench, find_target(bench.scenario, [words]))))["Need"]


def test_an_instrument_can_reach_the_needs_of_its_lines_alone(tmp_path):
    # Two by two: B serves South alone, so its need is South's 12, not the 20 of the area that it may fund.
    bench = Bench(load(write(tmp_path, TWO_BY_TWO)))
    assert need_of(bench, "b")[0].startswith("EUR 12.0 million, ")
    assert need_of(bench, "a")[0].startswith("EUR 20.0 million in 2 needs, ")
    out = "out of reach from here: 1 need, EUR 8.0 million"
    assert need_of(bench, "b/returns")[1:] == [out]
    assert need_of(bench, "b/north") == [out]


def test_only_priorities_of_needs_in_reach_are_raised(tmp_path):
    # B may fund returns alone; legal migration of South is out of its reach, so its priority stays what it is.
    case = {
        **TWO_BY_TWO,
        "areas": {"returns": {"name": "Returns"}, "visas": {"name": "Visas"}},
        "eligibility": [
            {"instrument": "a", "area": "returns"},
            {"instrument": "a", "area": "visas"},
            {"instrument": "b", "area": "returns", "effectiveness": "0.5"},
        ],
        "needs": [*TWO_BY_TWO["needs"], {"partnership": "south", "area": "visas", "need": "4", "priority": "2"}],
        "rules": {
            "cap": {
                "kind": "amount", "says": "B keeps away", "money": {"instrument": "b"}, "at_most": "5", "soft": "1", "source": "assumption"
            }
        },
    }  # fmt: skip
    bench = Bench(load(write(tmp_path, case)))
    answer = explain_place(bench, find_target(bench.scenario, ["b/south"]))
    (priority,) = [remedy for remedy in answer.remedies if remedy.kind == "priority"]
    assert priority.priority == (2.0, pytest.approx(priority.by * 2.0))  # one need, whose priority can be named


def test_the_shipped_pre_accession_money_reaches_its_own_partners_alone(shipped_bench):
    # 8 partnerships x 5 areas; what they need, added up from the file by other means.
    bench = shipped_bench
    needs, facts = bench.lines.facts.needs, bench.lines.facts
    served = {ids[1:3] for ids in bench.lines.ids if ids[0] == "ipa-iii"}
    own = [
        float(need)
        for p, a, need in zip(needs.partnership, needs.area, needs.need.values, strict=True)
        if (facts.partnerships[p].id, facts.areas[a].id) in served
    ]
    answer = explain_place(bench, find_target(bench.scenario, ["ipa-iii"]))
    assert (len(answer.pairs), sum(pair.need for pair in answer.pairs)) == (40, pytest.approx(6001.9))
    assert sum(own) == pytest.approx(6001.9)


def test_an_exception_is_named(tiny_bench):
    answer = explain_place(tiny_bench, find_target(tiny_bench.scenario, ["ndici/global/smuggling/2026"]))
    assert [reason.split(" (")[0] for reason in answer.exceptions] == ["Worldwide information campaign"]


@pytest.mark.parametrize("words", QUESTIONS)
def test_sentences_hold_no_figure_that_the_answer_does_not(tiny_bench, words):
    answer = explain_place(tiny_bench, find_target(tiny_bench.scenario, words.split()))
    text = " ".join(
        line for heading, lines in Writer(tiny_bench).place(answer) for line in lines if heading in ("How firm", "Next million")
    )
    known = [answer.tight.least, answer.tight.most, answer.wide.least, answer.wide.most]
    known += [x for item in answer.next for x in (item.here, item.anywhere)]
    shown = {f"{abs(x):.{places}f}" for x in known if not np.isnan(x) for places in (1, 2, 4)}
    for number in re.findall(r"\d+\.\d+", re.sub(r"For 0\.1\s%\sof the score", "", text)):
        assert number in shown, (number, text)
