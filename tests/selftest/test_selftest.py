"""The tool against the second witness; and the witness itself: it must notice what it is there for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from fundalloc.cli import cli
from fundalloc.rules import kinds
from fundalloc.selftest import judge as judging
from fundalloc.selftest.dice import scenarios
from fundalloc.selftest.judge import ENDS, REFUSED, Known, judge, known_answers
from fundalloc.selftest.kinds import state_everything
from fundalloc.selftest.reading import Reading, number, picks
from fundalloc.selftest.witness import INFEASIBLE, OPTIMAL, best, broken, score

KNOWN = {answer.name: answer for answer in known_answers()}
EARMARK = KNOWN["an earmark"].case


@pytest.mark.parametrize("name", KNOWN)
def test_what_was_worked_out_by_hand(name):
    assert judge(KNOWN[name].case, KNOWN[name]).wrong == ()


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        # South has 0.5 of the 1 that makes it active and no more: the only one with money, so North, at 2 points, gets nothing.
        ({"exactly": 1}, 0.5),
        # North is the second, with all the rest: 9.5 x 2 + 0.5; there is no third.
        ({"exactly": 2}, 19.5),
        ({"exactly": 3}, None),
        # One too many, or one too few, costs 3: the rest is worth 19.
        ({"exactly": 1, "soft": 3}, 16.5),
        ({"exactly": 2, "soft": 3}, 19.5),
        ({"exactly": 3, "soft": 3}, 16.5),
        # Under at_least South does not count: one is North, two are out of reach.
        ({"at_least": 1}, 19.5),
        ({"at_least": 2}, None),
        ({"at_most": 1}, 0.5),
    ],
)
def test_decided_money_below_active_that_cannot_grow(fields, score):
    decided = {
        "instrument": "fund",
        "partnership": "south",
        "area": "aid",
        "year": 2026,
        "amount": 0.5,
        "state": "locked",
        "decision": "signed",
    }
    rule = {"says": "few", "source": "assumption", "kind": "count", "counting": "partnership", "active": 1, **fields}
    case = {**KNOWN["a floor"].case, "decided": [decided], "rules": {"few": rule}}
    assert judge(case, Known("few", "by hand", score, case)).wrong == ()


@pytest.mark.parametrize(("count", "seed"), [(100, 1), pytest.param(500, 2, marks=pytest.mark.thorough)])
def test_both_sides_agree_on_random_scenarios(count, seed):
    verdicts = [judge(case) for case in scenarios(count, seed)]
    differ = [verdict.text for verdict in verdicts if verdict.wrong]
    assert not differ, "\n\n".join(differ[:3])
    ends = Counter(verdict.end for verdict in verdicts)
    assert ends[REFUSED] < count / 8
    assert ends[ENDS[OPTIMAL]] > count / 2


def test_the_dice_throw_everything_and_the_same_again():
    thrown = list(scenarios(300, 5))
    assert thrown == list(scenarios(300, 5))
    text = yaml.safe_dump_all(thrown)
    written = {word for word, kind in kinds().items() if not kind.built_in}
    assert {rule["kind"] for case in thrown for rule in case["rules"].values()} == written
    wanted = (
        "exclude allow transfers carry_over last_resort reserve absorption outstanding closed within marker unless nodes soft watch active"
    )
    assert [word for word in wanted.split() if f"{word}:" not in text] == []
    assert all(f"state: {state}" in text for state in ("committed", "locked", "given"))
    assert all(f"{sense}:" in text for sense in ("at_least", "at_most", "exactly"))


# --- The witness notices ------------------------------------------------------------------------------------------------


def off(monkeypatch, change):
    """Let the tool answer something else than it does."""
    solve = judging.solve
    monkeypatch.setattr(judging, "solve", lambda scenario: change(solve(scenario)))
    return "\n".join(judge(EARMARK).wrong)


def test_a_score_that_is_too_high(monkeypatch):
    said = off(monkeypatch, lambda plan: replace(plan, log=replace(plan.log, program_score=17.51)))
    assert said == "best score before rounding: the tool says 17.51, the plain statement 17.5"


def test_a_plan_that_breaks_a_rule(monkeypatch):
    # One step of 0.1 from South to North: South has 2.4 of 10 where it must have a quarter, and the plan looks better than the best.
    said = off(monkeypatch, lambda plan: replace(plan, steps=np.add(plan.steps, [1, -1])))
    assert "earmark: 0.1 is above 0.0" in said
    assert "the plan's score 17.6 is above the best, 17.5" in said


def test_a_plan_beyond_its_ceiling(monkeypatch):
    assert "ceiling of fund: 10.1 is above 10.0" in off(monkeypatch, lambda plan: replace(plan, steps=np.add(plan.steps, [0, 1])))


def test_a_proof_that_proves_too_much(monkeypatch):
    def lowered(plan):
        return replace(plan, certificate=replace(plan.certificate, bound=Fraction(17)))

    assert off(monkeypatch, lowered) == "the proved bound 17 is below the best score, 17.5"


def test_a_plan_where_there_is_none(monkeypatch):
    clash = KNOWN["floors above the ceiling"]
    assert judge(clash.case).end == ENDS["infeasible"]
    monkeypatch.setattr(judging, "best", lambda *_, **__: judging.Best(OPTIMAL, 1.0))
    assert judge(clash.case).wrong == ("status: the tool says infeasible, the plain statement optimal",)


# --- The plain statement by itself --------------------------------------------------------------------------------------


def test_reading_as_a_person_does():
    assert (number("33.3 %"), number("4.5")) == (Fraction(333, 1000), Fraction(9, 2))
    assert picks({"route": "x", "level": ["regional", "global"]}, {"p", "route:x", "level:global"})
    assert not picks(["q", "route:y"], {"p", "route:x"})


def test_an_amount_is_tested_exactly():
    statement = state_everything(Reading(EARMARK))
    north, south = (("fund", place, "aid", "2026") for place in ("north", "south"))
    assert broken(statement, {north: Fraction("7.5"), south: Fraction("2.5")}) == []
    assert score(statement, {north: Fraction("7.5"), south: Fraction("2.5")}) == Fraction("17.5")
    assert broken(statement, {north: Fraction("7.51"), south: Fraction("2.5")})[0] == "fund|north|aid|2026: 7.51 against decided 0.0"


def test_no_plan_in_whole_steps():
    # All 10 must be spent, and South gets between 3.1 and 3.9 of it: no whole million.
    spent = {"kind": "amount", "at_least": "10"}
    between = {"kind": "share", "money": {"partnership": "south"}, "of": {}, "at_least": "31 %", "at_most": "39 %"}
    rules = {name: {"says": name, "source": "assumption", **rule} for name, rule in (("spent", spent), ("between", between))}
    case = {**EARMARK, "round_to": "1", "rules": rules}
    statement = state_everything(Reading(case))
    assert best(statement).score == pytest.approx(6.9 * 2 + 3.1)
    assert best(statement, whole=True).status == INFEASIBLE
    assert judge(case) == judging.Verdict(case, ENDS["no whole plan"], ())


# --- The command --------------------------------------------------------------------------------------------------------


def test_the_command_says_what_agrees():
    done = CliRunner().invoke(cli, ["selftest", "--cases", "5", "-v"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "an earmark" in done.stdout
    assert "South takes a quarter" in done.stdout
    assert done.stdout.endswith("The tool and the plain statement agree.\n")


def test_the_command_prints_the_scenario_that_differs(monkeypatch):
    solve = judging.solve
    monkeypatch.setattr(
        judging, "solve", lambda scenario: replace(p := solve(scenario), log=replace(p.log, program_score=p.log.program_score + 1))
    )
    done = CliRunner().invoke(cli, ["selftest", "--cases", "0"], catch_exceptions=False)
    assert done.exit_code == 7
    assert "differ on 20 of 22 scenarios" in done.stderr
    printed = done.stdout.split("\n\n")[2]
    assert printed.startswith("# best score before rounding: the tool says 20.72, the plain statement 19.72")
    assert judge(yaml.load(printed, yaml.BaseLoader)).wrong
    told = json.loads(CliRunner().invoke(cli, ["selftest", "--cases", "0", "--json"], catch_exceptions=False).stdout)["result"]
    assert len(told["differ"]) == 20
    assert told["differ"][0]["scenario"]["scenario"] == "known"
