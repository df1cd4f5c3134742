"""Sweeps against answers worked out by hand, and against solving every point afresh."""

from __future__ import annotations

import copy
from fractions import Fraction

import numpy as np
import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import ScenarioError, UsageError
from fundalloc.model.compile import compile_program
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import solve_program
from fundalloc.studies.sweep import sweep
from fundalloc.studies.variants import Source, parse_vary


@pytest.fixture
def two(tmp_path):
    return Source(str(write(tmp_path, TWO_BY_TWO, "two.yaml")))


@pytest.mark.parametrize(
    ("text", "numbers", "written", "share", "inherited"),
    [
        ("a.b=5%..20%:5%", ["0.05", "0.1", "0.15", "0.2"], ["5 %", "10 %", "15 %", "20 %"], True, False),
        ("a.b=5..20%:5", ["0.05", "0.1", "0.15", "0.2"], ["5 %", "10 %", "15 %", "20 %"], True, False),
        ("a.b=0..10:4", ["0", "4", "8", "10"], ["0", "4", "8", "10"], False, False),
        ("a.b=10..0:5", ["10", "5", "0"], ["10", "5", "0"], False, False),
        ("a.b=1,4,2", ["1", "4", "2"], ["1", "4", "2"], False, False),
        (
            "a.b=inherited-10%..inherited+10%:10%",
            ["-0.1", "0", "0.1"],
            ["inherited - 10 %", "inherited + 0 %", "inherited + 10 %"],
            True,
            True,
        ),
        ("a.b=inherited - 5..inherited + 5:5", ["-5", "0", "5"], ["inherited - 5", "inherited + 0", "inherited + 5"], False, True),
    ],
)
def test_values_of_a_key(text, numbers, written, share, inherited):
    vary = parse_vary(text)
    assert [v.number for v in vary.values] == [Fraction(n) for n in numbers]
    assert [v.text for v in vary.values] == written
    assert (vary.share, vary.inherited) == (share, inherited)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.b", "no key and values"),
        ("=1..2", "no key and values"),
        ("a=x..2:1", "'x' is not a number"),
        ("a=2..2:1", "both ends are the same"),
        ("a=1..2:0", "the step is zero"),
        ("a=0..1:0.000001", "more than 10000 values"),
    ],
)
def test_wrong_values_say_how_to_write_them(text, message):
    with pytest.raises(UsageError, match=message):
        parse_vary(text)


def test_breaks_of_a_ceiling_worked_out_by_hand(two):
    """A's euro earns 2.0 in the South until its first 6 are met (3 come from B), then 1.2 for 3.6, then 1.0 in the North for 4,
    0.6 for 2.4 in the South's last and in the North's second step, 0.3 for 1.6, then nothing."""
    found = sweep(two, [parse_vary("instruments.a.ceiling=0..22:2")])
    assert found.exact
    assert found.unsearched == 0
    assert [round(b.value, 6) for b in found.breaks] == [3.0, 6.6, 10.6, 15.4, 17.0]
    assert [round(b.before, 6) for b in found.breaks] == [2.0, 1.2, 1.0, 0.6, 0.3]
    assert [round(b.after, 6) for b in found.breaks] == [1.2, 1.0, 0.6, 0.3, 0.0]
    by_value = {float(p.values[0].number): p.score for p in found.points}
    assert by_value[0] == pytest.approx(6.0)  # B alone: 3 of met need at 2.0
    assert by_value[10] == pytest.approx(19.72)  # as worked out in cases.py
    assert found.present == ("10",)


def test_slopes_are_differences_of_the_scores_printed(two):
    found = sweep(two, [parse_vary("instruments.a.ceiling=2..8:2")])
    # From 2 to 4 the first earns 2.0 and the second 1.2, from 4 to 6 both 1.2, from 6 to 8 0.6 of them 1.2 and 1.4 of them 1.0.
    assert found.slopes == pytest.approx((1.6, 1.2, 1.06, 1.06))


@pytest.mark.parametrize(
    "varied",
    ["instruments.amif.ceiling.each=4..20:2", "rules.legal-floor.at_least=0%..40%:10%", "needs.egypt.returns.need=4..20:4"],
)
def test_warm_points_equal_fresh_solves(varied):
    source, vary = Source(str(TINY)), parse_vary(varied)
    for point in sweep(source, [vary], search=False).points:
        fresh = solve_program(compile_program(source.load(vary.setting(point.values[0]))))
        assert point.score == pytest.approx(fresh.objective, rel=1e-7)


def test_bisection_is_said_and_finds_the_jumps_of_the_slope():
    """A share moves coefficients: the slope is followed on a fine grid of fresh solves; every jump must lie near a break."""
    source, vary = Source(str(TINY)), parse_vary("rules.legal-floor.at_least=20%..30%:10%")
    found = sweep(source, [vary])
    assert not found.exact
    shares = np.arange(0.20, 0.3001, 0.0025)
    scores = [solve_program(compile_program(source.load(f"rules.legal-floor.at_least={s:.6f}"))).objective for s in shares]
    bend = np.abs(np.diff(scores, 2)) / 0.0025**2
    jumps = shares[1:-1][bend > 0.2 * bend.max()]
    assert len(jumps) >= 3
    for jump in jumps:
        assert min(abs(b.value - jump) for b in found.breaks) < 0.004
    assert all(b.within > 0 for b in found.breaks)


def test_points_without_a_plan_are_said(two):
    source = Source(two.path, ("rules.pledge={kind: amount, says: pledge, source: x, money: {partnership: north}, at_least: 5}",))
    found = sweep(source, [parse_vary("rules.pledge.at_least=0..16:4")])
    assert [str(p.status) for p in found.points] == ["optimal", "optimal", "optimal", "infeasible", "infeasible"]
    assert np.isnan(found.points[-1].score)
    assert found.movements("partnership") == [("north", pytest.approx(8.0 - 3.4, abs=1e-3)), ("south", pytest.approx(-4.6, abs=1e-3))]


def test_two_keys_make_a_grid(two):
    found = sweep(two, [parse_vary("instruments.a.ceiling=5,10"), parse_vary("instruments.b.ceiling=0,6")])
    assert [tuple(float(v.number) for v in p.values) for p in found.points] == [(5, 0), (5, 6), (10, 0), (10, 6)]
    assert [round(p.score, 6) for p in found.points] == [10.0, 12 + 2.4, 12 + 4.32 + 0.4, 19.72]
    assert found.breaks == ()


def test_a_key_that_cannot_be_is_said_before_anything_is_solved(two):
    with pytest.raises(ScenarioError, match="unknown key 'cieling'"):
        sweep(two, [parse_vary("instruments.a.cieling=1..5:1")])
    with pytest.raises(ScenarioError, match="unknown partnership 'nrth'"):
        sweep(two, [parse_vary("needs.nrth.returns.need=1..5:1")])


def test_switches_that_change_are_said(tmp_path):
    case = copy.deepcopy(TWO_BY_TWO)
    case["rules"] = {"viable": {"kind": "minimum_size", "says": "viable", "source": "x", "for_each": "partnership", "at_least": "6"}}
    source = Source(str(write(tmp_path, case)))
    found = sweep(source, [parse_vary("instruments.a.ceiling=2..16:2")])
    for point in found.points:
        fresh = solve_program(compile_program(source.load(f"instruments.a.ceiling={float(point.values[0].number):g}")))
        assert point.score == pytest.approx(fresh.objective, rel=1e-4)
    assert any("actions" in b.reason for b in found.breaks)


def test_points_with_switches_are_as_good_as_runs_and_say_so(tmp_path):
    # Programmes of 7 or nothing: the relaxation is far from the best plan, the search ends there and proves it.
    rule = {"says": "viable", "source": "assumption", "kind": "minimum_size", "for_each": ["partnership", "instrument"], "at_least": "7"}
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"viable": rule}})
    found = sweep(Source(str(path)), [parse_vary("instruments.a.ceiling=8..17:1.5")], search=False)
    assert [p.status for p in found.points] == ["optimal"] * 7
    runs = [solve(load(path, settings=[f"instruments.a.ceiling={p.values[0].text}"])) for p in found.points]
    assert [p.score for p in found.points] == pytest.approx([run.log.program_score for run in runs], rel=1e-7)
    assert [p.bound for p in found.points] == pytest.approx([run.log.bound for run in runs], rel=1e-7)
