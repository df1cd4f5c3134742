"""One score, in every command: what decided money costs under soft rules counts everywhere, also where it takes all below zero."""

import json
from itertools import compress, product

import pytest

from cases import TWO_BY_TWO, spaced, write

pytest_plugins = ("calls",)

CAP = {"says": "cap", "kind": "amount", "money": {"partnership": "north"}, "at_most": "2", "soft": "50", "source": "assumption"}
DECIDED = [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2026", "amount": "5", "state": "locked"}]
SCORE = 4.6 + 14.4 - 3 * 50
"""Locked: 5 for north, 4 at 1.0 and 1 at 0.6. South has 5 of A and 6 of B at half a euro: 6 at 2.0, 2 at 1.2. Three above the limit."""


@pytest.fixture
def below_zero(tmp_path):
    return write(tmp_path, TWO_BY_TWO | {"rules": {"cap": CAP}, "decided": DECIDED}, "below.yaml")


def test_run_verify_and_the_same_plan_by_hand(fundalloc, below_zero, tmp_path):
    run = fundalloc("run", below_zero, "-o", tmp_path / "plan.xlsx")
    assert run.exit_code == 0
    assert "Score        -131.0000 points; optimal, HiGHS" in run.stdout
    assert (
        "no plan that keeps every hard rule can exceed -130.9999 points (exact arithmetic); this one is at most 0.0001 points below"
        in run.stdout
    )
    assert "decided    soft rules that no new money can mend cost 150.0000 points" in run.stdout
    told = run.stdout[run.stdout.index("\nScore") :].splitlines()
    assert "%" not in "".join(line for line in told if not line.startswith("Fairness"))  # that one is about coverage
    result = fundalloc("run", below_zero, "--json").stdout
    (tmp_path / "plan.json").write_text(result, "utf-8")
    assert json.loads(result)["result"]["certificate"]["bound"] == pytest.approx(SCORE)
    for path in ("plan.xlsx", "plan.json"):
        verified = fundalloc("verify", tmp_path / path)
        assert (verified.exit_code, "can exceed -130.9999 points" in verified.stdout) == (0, True)
    by_hand = fundalloc("run", below_zero, "--plan", tmp_path / "plan.json")
    assert "Best plan    -131.0000 points, 0.0000 more" in by_hand.stdout


def test_explain_and_studies(fundalloc, below_zero):
    overview = spaced(fundalloc("explain", below_zero).stdout)
    assert "Score           -131.0 points before rounding." in overview
    assert "One million more of its limit gains 50.00 points; one million less costs 50.00 points." in overview
    assert fundalloc("explain", below_zero, "cap").stdout.count("150.00 points: without it") == 1
    points = json.loads(fundalloc("sweep", below_zero, "--vary", "rules.cap.at_most=2..6:2", "--json").stdout)["result"]["points"]
    assert [p["score"] for p in points] == pytest.approx([SCORE, SCORE + 100, SCORE + 150])
    corners = json.loads(fundalloc("frontier", below_zero, "--between", "impact,lowest_coverage", "--json").stdout)["result"]["corners"]
    assert corners[0]["goal_impact"] == pytest.approx(SCORE)
    plans = json.loads(fundalloc("alternatives", below_zero, "--json").stdout)["result"]["plans"]
    assert plans[0]["score"] == pytest.approx(SCORE)


def test_compare(fundalloc, below_zero, tmp_path):
    more = write(tmp_path, TWO_BY_TWO | {"rules": {"cap": {**CAP, "at_most": "3"}}, "decided": DECIDED}, "more.yaml")
    pair = json.loads(fundalloc("compare", below_zero, more, "--json").stdout)["result"]
    assert [side["score"] for side in pair["sides"]] == pytest.approx([SCORE, SCORE + 50])


def test_a_gap_that_was_asked_for_is_stated_and_exits_0(fundalloc, tmp_path):
    # Twelve programmes, each whole or not at all, and money for half of them: the relaxation is 1.5 % above the best.
    sizes = [14, 28, 37, 35, 34, 12, 18, 13, 25, 34, 24, 25]
    path = write(tmp_path, knapsack(sizes))
    run = fundalloc("run", path, "-n", "--gap", "0.1")
    assert run.exit_code == 0
    found = json.loads(fundalloc("run", path, "--json", "--gap", "0.1").stdout)["result"]
    assert (found["status"], found["proved_by"]) == ("within gap", None)
    assert "of the best possible, HiGHS" in run.stdout
    assert "; it is one of the plans within this gap" in run.stdout
    best = fundalloc("run", path, "-n").stdout
    assert "optimal on the solver's word, HiGHS" in best
    assert "before rounding, on its word alone" in best
    assert json.loads(fundalloc("run", path, "--json").stdout)["result"]["score"] == pytest.approx(best_of(sizes))


def worth_of(size: int, priority: int) -> float:
    """What a need that is met in full earns: half at 1.0, three tenths at 0.6, two tenths at 0.3."""
    return priority * size * (0.5 + 0.3 * 0.6 + 0.2 * 0.3)


def best_of(sizes: list[int]) -> float:
    """The best choice by trying all of them: more than a need earns nothing, so a programme is worth its need."""
    every = product((False, True), repeat=len(sizes))
    lawful = (chosen for chosen in every if sum(compress(sizes, chosen)) <= sum(sizes) // 2)
    values = [worth_of(size, 1 + k % 3) for k, size in enumerate(sizes)]
    return max(sum(compress(values, chosen)) for chosen in lawful)


def knapsack(sizes: list[int]) -> dict[str, object]:
    """One instrument with money for half of the needs; each need is met in full or not at all."""
    names = [f"p{k}" for k in range(len(sizes))]
    whole = {"kind": "minimum_size", "says": "whole", "source": "assumption", "for_each": "partnership"}
    return {
        **TWO_BY_TWO,
        "round_to": "1",
        "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": str(sum(sizes) // 2)}},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "partnerships": [{"id": name, "name": name, "level": "bilateral"} for name in names],
        "needs": [
            {"partnership": name, "area": "returns", "need": str(size), "priority": str(1 + k % 3)}
            for k, (name, size) in enumerate(zip(names, sizes, strict=True))
        ],
        "rules": {"whole": {**whole, "at_least": {name: str(size) for name, size in zip(names, sizes, strict=True)}}},
    }


def test_break_points_with_switches_hold_while_the_same_actions_are_chosen(fundalloc, below_zero, tmp_path):
    vary = ("--vary", "instruments.a.ceiling=120..160:20")
    said = "exact, from the program's own slopes, while the same actions are chosen"
    assert said in fundalloc("sweep", write(tmp_path, knapsack([14, 28, 37, 35, 34, 12])), *vary).stdout
    assert said not in fundalloc("sweep", below_zero, "--vary", "rules.cap.at_most=2..6:2").stdout
