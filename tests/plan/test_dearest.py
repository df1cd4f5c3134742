"""Prices: per million of the limit that is shown, and ranked only where a solve with a million more confirms them."""

import numpy as np
import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.cli.output import Output
from fundalloc.cli.report import print_plan
from fundalloc.insight.explain.bench import Bench
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def limit(partnership, figure, **more):
    return {"kind": "amount", "says": partnership, "source": "assumption", "money": {"partnership": partnership}, "at_most": figure, **more}


def dearest(tmp_path, rules, **changes):
    plan = solve(load(write(tmp_path, {**TWO_BY_TWO, "rules": rules, **changes})), dearest=True)
    return [(plan.findings[k].rule.id, plan.findings[k].member, pytest.approx(gain)) for k, gain in plan.dearest]


def score(*settings, path=TINY):
    return solve(load(path, settings=list(settings))).log.program_score


def test_a_ceiling_is_priced_per_million_of_the_ceiling_before_its_reserve():
    # Of a million more NDICI keeps 5 % back: 0.95 times what a million of usable money earns.
    plan = solve(load(TINY))
    price = plan.free_money.set_index(["instrument", "year"]).loc[("ndici", 0), "price"]
    row = next(p for f, p in zip(plan.findings, plan.prices, strict=True) if f.member == ("ndici", "total"))
    assert price == pytest.approx(0.95 * row)
    assert price == pytest.approx(score("instruments.ndici.ceiling.total=56") - score(), abs=0.06)  # in whole steps: 52.2 to 53.2


def test_a_yearly_ceiling_is_priced_with_what_may_be_carried_over_from_it(tmp_path):
    a = {**TWO_BY_TWO["instruments"]["a"], "ceiling": {"each": "5"}, "carry_over": {"share": "60 %"}, "reserve": "50 %"}
    case = {**TWO_BY_TWO, "years": "2025-2026", "instruments": {"a": a}, "eligibility": TWO_BY_TWO["eligibility"][:1]}
    # South may take nothing in 2025 and North needs nothing: all that 2025 has goes into 2026 as far as it may be carried.
    south = {**TWO_BY_TWO["partnerships"][1], "years": "2026"}
    path = write(tmp_path, {**case, "partnerships": [TWO_BY_TWO["partnerships"][0], south], "needs": TWO_BY_TWO["needs"][1:]})
    more = score("instruments.a.ceiling.each={2025: 6, 2026: 5}", path=path) - score(path=path)
    assert more == pytest.approx(0.5 * 0.6 * 2.0)  # half kept back, 60 % carried, priority 2
    plan = solve(load(path))
    assert plan.free_money.set_index("year")["price"][2025] == pytest.approx(more)
    # of a million of usable money 60 % are carried; nothing of 2025 can be spent in 2025 itself, so its row earns nothing
    by_member = {f.member: price for f, price in zip(plan.findings, plan.prices, strict=True) if f.rule.id == "ceiling"}
    assert (by_member["a", "2025"], by_member["a", "2026"]) == (pytest.approx(0.6 * 2.0), pytest.approx(2.0))
    bench = Bench(load(path))
    row = bench.open.block("ceiling").rows.start + bench.open.block("ceiling").demands.member.index(("a", "2025"))
    assert bench.gain(bench.moved(row, 0.5)) == pytest.approx(more)


@pytest.mark.parametrize(
    ("ceiling", "more"), [("20", "21"), ("{each: 20}", "{each: 21}"), ("{each: 20, total: 90}", "{each: 21, total: 90}")]
)
def test_a_ceiling_is_priced_with_what_a_transfer_may_take_of_it(tmp_path, ceiling, more):
    # A reaches North alone, which needs 4 at 1.0; a tenth of its 20 may move to B, which has 1 and meets half a euro of South's.
    case = {**TWO_BY_TWO, "transfers": {"m": {"from": "a", "to": "b", "at_most": "10 %", "source": "assumption"}}}
    a = {**TWO_BY_TWO["instruments"]["a"], "partners": ["north"], "reserve": "10 %"}
    case |= {"instruments": {"a": a, "b": {**TWO_BY_TWO["instruments"]["b"], "ceiling": "1"}}}
    path = write(tmp_path, case)
    at = f"instruments.a.ceiling={ceiling}"
    table = solve(load(path, settings=[at])).free_money.set_index(["instrument", "year"])["price"]
    expected = score(f"instruments.a.ceiling={more}", path=path) - score(at, path=path)
    assert expected == pytest.approx(0.1 * 0.5 * 2.0)  # a tenth of a million more for South at 2.0 and half a euro; North has all it needs
    assert np.nansum([table["a", 2026], table["a", 0]]) == pytest.approx(expected)


def test_the_dearest_demand_is_what_a_million_more_brings(tmp_path):
    # North stands at 2 instead of 3.4: a euro more earns 1.0 there and is missing in South's third step, at 0.6.
    assert dearest(tmp_path, {"north": limit("north", "2")}) == [("north", (), 0.4)]


def test_a_price_that_a_million_more_does_not_confirm_is_not_shown(tmp_path):
    # Two equal limits: the dual of one of them is 0.4, but raising it alone brings nothing.
    assert dearest(tmp_path, {"one": limit("north", "2"), "two": limit("north", "2")}) == []
    # From 3 to 3.4 a euro earns 0.4, then nothing: a million more brings 0.16, not 0.4.
    assert dearest(tmp_path, {"north": limit("north", "3")}) == []


def test_a_share_is_priced_per_million_of_its_right_side(tmp_path):
    # North at most 20 % of 10 is at most 2; a million more of that is 3, not 20 % of a million.
    share = {"kind": "share", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "20 %", "of": "10"}
    assert dearest(tmp_path, {"north": share}) == [("north", (), 0.4)]


def test_years_without_money_are_not_dearest(tmp_path):
    # A has 10 in 2025 and nothing in 2026. North's floor of 3 costs 1.2 - 1.0 a euro in 2025. In 2026 it is missed whatever happens, at
    # 9 a euro: that is no price of the floor.
    a = {**TWO_BY_TWO["instruments"]["a"], "ceiling": {"each": {"2025": "10", "2026": "0"}}}
    floor = {"kind": "amount", "says": "{year}", "for_each": "year", "money": {"partnership": "north"}, "at_least": "3", "soft": "9"}
    share = {"kind": "share", "says": "{year}", "for_each": "year", "money": {"partnership": "north"}, "at_least": "1 %", "of": {}}
    rules = {"floor": {**floor, "source": "assumption"}, "share": {**share, "source": "assumption"}}
    only_a = {"instruments": {"a": a}, "eligibility": TWO_BY_TWO["eligibility"][:1]}
    assert dearest(tmp_path, rules, years="2025-2026", **only_a) == [("floor", ("2025",), -0.2)]


def test_no_more_than_three_are_printed_and_all_are_confirmed(capsys):
    plan = solve(load(TINY), dearest=True)
    print_plan(plan, Output())
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  dearest")]
    assert 0 < len(printed) <= 3
    assert all("limit as an amount" in line for line in printed)  # the dearest of the tiny case are shares
    bench = Bench(load(TINY))
    for k, gain in plan.dearest:
        block = bench.open.block(plan.findings[k].rule.id)
        first = next(n for n, f in enumerate(plan.findings) if f.rule.id == block.owner)
        assert bench.gain(bench.moved(block.rows.start + k - first, 1.0)) == pytest.approx(gain, abs=1e-6)
    assert solve(load(TINY)).dearest == ()
