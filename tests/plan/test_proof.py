"""What is said about how good a plan is: by whom it is proved, what lies between bound and score, never rounded in its favour."""

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import TINY, TWO_BY_TWO, spaced, write
from fundalloc.labels import Words, languages
from fundalloc.model.compile import compile_program
from fundalloc.plan.certificate import unavoidable
from fundalloc.plan.plan import Plan
from fundalloc.plan.proof import EXACT, SOLVER, gap_text, share_reached
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options

ENGLISH = Words()


def case(rules: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Two instruments and two partnerships, with rules."""
    found = deepcopy(TWO_BY_TWO) | more
    return found | {"rules": {name: {"says": name, "source": "assumption", **rule} for name, rule in (rules or {}).items()}}


def locked(amount: str, state: str = "locked") -> list[dict[str, str]]:
    return [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2026", "amount": amount, "state": state}]


CAP = {"kind": "amount", "money": {"partnership": "north"}, "at_most": "2", "soft": "5"}
BELOW_ZERO = case({"cap": {**CAP, "soft": "50"}}, decided=locked("5"))
"""Score: 4.6 + 14.4 of met need, less 3 x 50 of penalty."""
ZERO = case({"cap": {**CAP, "at_most": "0", "soft": "3.8"}}, decided=locked("5"))
"""4.6 + 14.4 of met need, less 5 x 3.8 of penalty: nothing."""
SIZES = case({"viable": {"kind": "minimum_size", "for_each": ["partnership", "instrument"], "at_least": "7"}})
"""A programme has 7 or nothing. B's 6 is too small. A's 10: all to south, 6 at 2.0, 3.6 at 1.2 and 0.4 at 0.6 = 16.56."""


@pytest.fixture(scope="module")
def tiny_plan() -> Plan:
    return solve(load(TINY))


def claimed(plan: Plan, exact: float, solver: float | None = None, switches: int = 1) -> Plan:
    """The plan, optimal by its solver, with other bounds."""
    assert plan.certificate is not None
    log = replace(plan.log, status="optimal", bound=plan.log.program_score if solver is None else solver, switches=switches)
    return replace(plan, log=log, certificate=replace(plan.certificate, bound=Fraction(exact)))


def test_the_parts_add_up(tiny_plan):
    # Best before rounding 64.6579, rounded 64.6381: 0.0198 by rounding, and nothing that nobody has excluded but dust.
    parts = tiny_plan.proof.parts
    assert parts.whole == parts.gap + parts.given_up + parts.rounding
    assert float(parts.rounding) == pytest.approx(tiny_plan.log.program_score - tiny_plan.score, abs=1e-4)
    assert (parts.given_up, parts.gap) == (0, Fraction(1, 10_000))
    assert tiny_plan.certificate.bound - Fraction(tiny_plan.score) <= parts.whole


def test_what_staying_close_gives_up_is_no_gap(tmp_path):
    amounts = {"a": "2", "b": "0"}
    rows = [
        {"instrument": i, "partnership": p, "area": "returns", "year": "2026", "amount": amounts[i]}
        for i, p in (("a", "north"), ("a", "south"), ("b", "south"))
    ]
    (tmp_path / "before.csv").write_text(
        "instrument,partnership,area,year,amount\n" + "".join(",".join(row.values()) + "\n" for row in rows), "utf-8"
    )
    plan = solve(load(write(tmp_path, case(baseline="before.csv", settle={"stay_close": "10 %"}))))
    parts = plan.proof.parts
    assert float(parts.given_up) == pytest.approx(1.972, abs=2e-4)
    assert (plan.status, plan.proof.by) == ("optimal", EXACT)
    assert float(parts.gap) <= 2e-4
    assert "later aims and staying close take 1.97" in plan.proof.parts_text(ENGLISH)


def test_what_decided_money_costs_is_told_apart(tmp_path):
    plan = solve(load(write(tmp_path, BELOW_ZERO)))
    assert plan.certificate.decided == pytest.approx(150)
    assert plan.proof.decided_text(ENGLISH).startswith("soft rules that no new money can mend cost 150.0000 points")
    assert float(plan.proof.parts.whole) <= 1e-4


def test_what_decided_money_costs_is_written_without_floating_point_dust(tmp_path):
    # Seven too many at 0.8 are 5.6; in floating point a little more, which is no reason to write 5.6001.
    plan = solve(load(write(tmp_path, case({"cap": {**CAP, "at_most": "1", "soft": "0.8"}}, decided=locked("8")))))
    assert "cost 5.6000 points" in plan.proof.decided_text(ENGLISH)


@pytest.mark.parametrize(
    ("rule", "state", "points"),
    [
        (CAP, "committed", 15),  # three above the limit, whatever is added
        ({**CAP, "at_most": "8"}, "committed", 0),
        ({"kind": "amount", "at_least": "100", "soft": "1"}, "locked", 0),  # other money could fill it, had it no ceiling
        ({"kind": "amount", "money": {"partnership": "north"}, "at_least": "7", "soft": "1"}, "locked", 2),  # A is north's only instrument
        ({"kind": "share", "money": {"partnership": "north"}, "of": {}, "at_most": "10 %", "soft": "1"}, "locked", 0),  # south may grow
    ],
)
def test_only_what_no_plan_avoids_counts_as_decided(tmp_path, rule, state, points):
    scenario = load(write(tmp_path, case({"rule": rule}, decided=locked("5", state))))
    assert unavoidable(compile_program(scenario)) == pytest.approx(points)


@pytest.mark.parametrize("stated", [BELOW_ZERO, ZERO], ids=["below zero", "zero"])
@pytest.mark.parametrize("language", languages())
def test_no_share_of_nothing(tmp_path, stated, language):
    plan, words = solve(load(write(tmp_path, stated))), Words(language)
    assert plan.score <= 1e-9
    assert (plan.proof.reached, plan.proof.as_dict()["reached"]) == (None, None)
    assert "%" not in plan.proof.bound_text(words) + plan.proof.parts_text(words) + plan.proof.status_text(words)
    assert "%" not in gap_text(Fraction(plan.score), plan.certificate.bound + 1, words)


@given(score=st.fractions(-5, 50), more=st.fractions(0, 3))
def test_shares_are_never_rounded_up(score, more):
    reached = share_reached(score, score + more)
    if score <= 0:
        assert reached is None
    else:
        assert reached <= score / (score + more) < reached + Fraction(1, 10**6)
        assert (reached == 1) == (more == 0)


def test_the_largest_share_below_all_is_not_all():
    assert ENGLISH.share(share_reached(Fraction("99.99999"), Fraction(100)), 4) == "99.9999%"
    assert gap_text(Fraction("99.99999"), Fraction(100), ENGLISH) == "0.0001%"


def test_who_proves_what(tiny_plan):
    best = tiny_plan.log.program_score
    assert (tiny_plan.status, tiny_plan.proof.by) == ("optimal", EXACT)
    by_solver = claimed(tiny_plan, best * 1.02)
    assert (by_solver.status, by_solver.proof.by) == ("optimal", SOLVER)
    assert by_solver.proof.status_text(ENGLISH) == "optimal on the solver's word"
    assert "on its word alone" in by_solver.proof.search_text(ENGLISH)
    nobody = claimed(tiny_plan, best * 1.02, best * 1.0001)
    assert (nobody.status, nobody.proof.by) == ("within gap", "")
    assert nobody.proof.status_text(ENGLISH) == "within 0.0100% of the best possible"
    assert nobody.proof.search_text(ENGLISH).endswith("; it is one of the plans within this gap")
    assert float(nobody.proof.reached) == pytest.approx(nobody.score / (best * 1.02), abs=1e-6)
    stopped = replace(nobody, log=replace(nobody.log, status="feasible"))
    assert stopped.status == "feasible"
    assert stopped.proof.status_text(ENGLISH) == "stopped at a limit, within 0.0100% of the best possible"


def test_a_search_that_may_stop_early_is_not_called_optimal(tmp_path):
    scenario = load(write(tmp_path, SIZES))
    whole, early = solve(scenario), solve(scenario, Options(gap=0.5))
    assert (whole.status, whole.score) == ("optimal", pytest.approx(16.56))
    assert early.log.status == "optimal"  # the solver's own word for it
    assert early.status == ("optimal" if early.proof.by else "within gap")
    assert early.score <= whole.score <= early.log.bound + 1e-6


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_bound_of_a_search_is_one(tmp_path, solver):
    for gap in (None, 0.3):
        plan = solve(load(write(tmp_path, SIZES)), Options(solver=solver, gap=gap))
        assert plan.log.bound >= 16.56 - 1e-6
        assert plan.certificate.bound >= Fraction("16.5599")


def test_the_words_are_those_of_every_language(tiny_plan):
    for language in languages():
        words, decimal = Words(language), Words(language)("number.decimal")
        text = tiny_plan.proof.bound_text(words)
        assert f"99{decimal}9693" in text
        assert f"64{decimal}6579" in text
        assert f"0{decimal}0199" in spaced(tiny_plan.proof.parts_text(words))


def test_old_plans_keep_what_they_said(tiny_plan):
    old = replace(tiny_plan, log=replace(tiny_plan.log, settled_score=None, bound=None), certificate=None)
    assert (old.status, old.proof.parts, old.proof.as_dict()["bound"]) == ("optimal", None, None)
    assert replace(old, log=replace(old.log, program_score=np.nan)).status == "optimal"
