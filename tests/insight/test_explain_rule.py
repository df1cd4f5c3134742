"""What a rule does and costs, and what binds as a whole: figures found again by fresh programs."""

from dataclasses import replace

import numpy as np
import pytest
from asking import best, moved, row_of, with_money

from cases import SHIPPED, TINY, TWO_BY_TWO, write
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.rule import explain_rule, overview
from fundalloc.insight.explain.target import find_target
from fundalloc.insight.explain.text import Writer
from fundalloc.run import solve
from fundalloc.scenario.loading import load


@pytest.fixture(scope="module")
def bench():
    return Bench(load(TINY))


@pytest.fixture(scope="module")
def shipped():
    return Bench(load(next(p for p in SHIPPED if p.parent.name == "mff-2021-2027" and p.stem == "baseline")))


def test_a_soft_rule(bench):
    answer = explain_rule(bench, find_target(bench.scenario, ["legal-floor"]))
    off = Bench(load(TINY, settings=["rules.legal-floor.off=true", "rules.legal-floor.reason=test"]))
    assert answer.cost == pytest.approx(off.score - bench.score, abs=1e-4)
    assert [state.member for state in answer.demands] == [("sahel",), ("tunisia",), ("egypt",)]
    sahel = answer.demands[0]
    assert sahel.headroom == pytest.approx(0, abs=1e-6)
    row = row_of(bench, "legal-floor", sahel.demand)
    for side, sign in ((sahel.price.up, 1.0), (sahel.price.down, -1.0)):
        gained = best(moved(bench.fixed, row, sign * 0.5)) - best(bench.fixed)
        assert sign * 0.5 * side.price == pytest.approx(gained, abs=1e-4)


@pytest.mark.parametrize(
    "rule",
    ["level-mix", "team-europe-half", *(pytest.param(rule, marks=pytest.mark.thorough) for rule in ("cushion-small", "incentive-shares"))],
)
def test_every_price_on_the_shipped_baseline(shipped, rule):
    score, fixed = best(shipped.fixed), shipped.fixed
    answer = explain_rule(shipped, find_target(shipped.scenario, [rule]))
    rows = fixed.block(rule).rows
    lower, upper = fixed.row_lower.copy(), fixed.row_upper.copy()
    lower[rows], upper[rows] = -np.inf, np.inf
    assert answer.cost == pytest.approx(best(replace(fixed, row_lower=lower, row_upper=upper)) - score, abs=1e-3)
    priced = [state for state in answer.demands if state.price is not None]
    assert priced
    for state in priced[:3]:
        row = row_of(shipped, rule, state.demand)
        for side, sign in ((state.price.up, 1.0), (state.price.down, -1.0)):
            near = sign * min(side.reach, 2.0)
            assert best(moved(fixed, row, near)) - score == pytest.approx(near * side.price, abs=2e-3, nan_ok=True)
            if side.reach < 50:
                past = best(moved(fixed, row, sign * (side.reach + 0.01))) - best(moved(fixed, row, sign * side.reach))
                assert past == pytest.approx(sign * 0.01 * side.beyond, abs=2e-4, nan_ok=True)


def test_headroom_is_that_of_the_plan(bench):
    plan = solve(load(TINY))
    for rule in ("legal-floor", "packages"):
        found = {state.member: state.headroom for state in explain_rule(bench, find_target(bench.scenario, [rule])).demands}
        measured = {f.member: float(f.headroom) for f in plan.findings if f.rule.id == rule}
        assert found == pytest.approx(measured, abs=0.35)  # the plan is rounded to 0.1 per line
    assert explain_rule(bench, find_target(bench.scenario, ["packages", "egypt"])).demands[0].limit.endswith("6.5 million")


def test_who_would_move_without_a_rule(tmp_path):
    # Capped at 2, North leaves 1.4 to South; without the cap it has 3.4, as on paper.
    rule = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "2"}
    bench = Bench(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"cap": rule}})))
    answer = explain_rule(bench, find_target(bench.scenario, ["cap"]))
    assert dict(answer.movers) == {0: pytest.approx(1.4), 1: pytest.approx(-1.4)}
    assert answer.cost == pytest.approx(1.4 * (1.0 - 0.6))


def test_a_watched_rule_and_ceilings(tmp_path, bench):
    rule = {"kind": "amount", "says": "north", "source": "assumption", "at_least": "9", "watch": "true"}
    case = {**TWO_BY_TWO, "rules": {"seen": rule}}
    two = Bench(load(write(tmp_path, case)))
    answer = explain_rule(two, find_target(two.scenario, ["seen"]))
    assert np.isnan(answer.cost)
    assert dict(Writer(two).rule(answer))["Costs"] == ["nothing, as it holds nothing back."]
    ceiling = explain_rule(bench, find_target(bench.scenario, ["ceiling", "amif", "2026"]))
    assert np.isnan(ceiling.cost)
    assert ceiling.demands[0].price.up.price == pytest.approx(
        best(moved(bench.fixed, row_of(bench, "ceiling", ceiling.demands[0].demand), 1)) - bench.score
    )


def test_sentences_of_a_price(tmp_path):
    bench = Bench(load(write(tmp_path, TWO_BY_TWO)))
    answer = explain_rule(bench, find_target(bench.scenario, ["ceiling", "a"]))
    assert dict(Writer(bench).rule(answer))["A, total"][1:] == [
        "A million higher: gains 0.84 points; a million lower: costs 1.00 points.",
        "Every million more of the limit gains 1.00 points, for EUR 0.6 million; after that one million gains 0.60 points.",
        "Every million less costs 1.00 points, for EUR 3.4 million; after that one million costs 1.20 points.",
    ]
    rule = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "2"}
    twice = Bench(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"one": rule, "two": rule}})))
    answer = explain_rule(twice, find_target(twice.scenario, ["one"]))
    assert dict(Writer(twice).rule(answer))["Limit"][1:] == [
        "Every million more of the limit changes nothing.",
        "Every million less costs 0.40 points, for EUR 1.0 million; after that one million costs 1.00 points.",
    ]


def test_the_overview_is_found_again(bench):
    answer = overview(bench)
    score = best(bench.fixed)
    assert answer.score == pytest.approx(score)
    for one in answer.bindings:
        row = row_of(bench, one.rule.id, one.demand)
        assert one.more == pytest.approx(best(moved(bench.fixed, row, 1.0)) - score, abs=1e-4, nan_ok=True)
        assert one.less == pytest.approx(best(moved(bench.fixed, row, -1.0)) - score, abs=1e-4, nan_ok=True)
    for k, more, less in answer.money:
        name = bench.scenario.facts.instruments[k].id
        assert more == pytest.approx(with_money(bench, bench.fixed, name, 1.0) - score, abs=1e-4)
        assert less == pytest.approx(with_money(bench, bench.fixed, name, -1.0) - score, abs=1e-4, nan_ok=True)
    assert [one.rule.id for one in answer.bindings] == ["legal-floor"]
    worst = answer.poor[0]
    assert worst.met / worst.need == min(one.met / one.need for one in answer.poor)


def test_switches_are_spoken_of(tmp_path, bench):
    assert Writer(bench).fixed_switches() == ""
    rule = {
        "kind": "minimum_size",
        "says": "{partnership}: at least 5",
        "source": "assumption",
        "for_each": "partnership",
        "money": {"partnership": "north"},
        "at_least": "5",
    }
    two = Bench(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"size": rule}})))
    assert "1 switches" not in Writer(two).fixed_switches()
    assert "1 switch)" in Writer(two).fixed_switches()
