"""Prices of limits and of rules, worked out by hand or found again by fresh programs."""

import numpy as np
import pytest
from asking import best, moved

from cases import TINY, TWO_BY_TWO, write
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.prices import binding, general_sentence, price_list, price_of
from fundalloc.model.compile import compile_program
from fundalloc.scenario.loading import load
from fundalloc.solvers import solve_program


def limit(partnership, figure, **more):
    return {"kind": "amount", "says": partnership, "source": "assumption", "money": {"partnership": partnership}, "at_most": figure, **more}


def bench_of(tmp_path, **change):
    return Bench(load(write(tmp_path, {**TWO_BY_TWO, **change})))


def priced(bench, rule, demand=0):
    return price_of(bench, bench.open.block(rule), demand)


def test_the_ceilings_of_two_by_two_by_hand(tmp_path):
    # A: North stands at 3.4 of its first 4. A's next 0.6 earn 1.0 each, then 0.6 (North's second step, or South's third).
    # Less of A takes the 3.4 from North at 1.0, then from South's second step at 1.2.
    bench = bench_of(tmp_path)
    members = bench.open.block("ceiling").demands.member
    a = priced(bench, "ceiling", members.index(("a", "total")))
    assert (a.up.price, a.up.reach, a.up.beyond) == (pytest.approx(1.0), pytest.approx(0.6), pytest.approx(0.6))
    assert (a.down.price, a.down.reach, a.down.beyond) == (pytest.approx(1.0), pytest.approx(3.4), pytest.approx(1.2))
    # B meets half a euro of South's need, which frees half a euro of A for North: 0.5, until A's 0.6 are freed by 1.2 of B.
    b = priced(bench, "ceiling", members.index(("b", "total")))
    assert (b.up.price, b.up.reach, b.up.beyond) == (pytest.approx(0.5), pytest.approx(1.2), pytest.approx(0.3))
    assert b.down.price == pytest.approx(0.5)


def test_a_floor_has_a_negative_price(tmp_path):
    # North at least 5: A's euro moves from South at 1.2 to North's second step at 0.6. South loses its second step from 3.6 on.
    floor = {"kind": "amount", "says": "north", "source": "assumption", "money": {"partnership": "north"}, "at_least": "5"}
    bench = bench_of(tmp_path, rules={"floor": floor})
    price = priced(bench, "floor")
    assert (price.up.price, price.down.price) == (pytest.approx(-0.6), pytest.approx(-0.6))
    assert price.down.reach == pytest.approx(1.0)  # from 5 down to 4 it moves the same two steps
    assert price.down.beyond == pytest.approx(-0.2)  # then North's first step at 1.0 against South's 1.2


def test_at_a_corner_several_prices_are_valid(tmp_path):
    # Both limits hold North at 2. Raising one of them changes nothing, lowering it takes a euro from North at 1.0, which
    # then earns 0.6 in South's third step.
    bench = bench_of(tmp_path, rules={"one": limit("north", "2"), "two": limit("north", "2")})
    price = priced(bench, "one")
    assert (price.up.price, price.up.reach) == (0.0, np.inf)
    assert price.down.price == pytest.approx(0.4)
    assert (price.more, price.less) == (pytest.approx(0.0, abs=1e-6), pytest.approx(-0.4))


def test_a_limit_that_cannot_move_has_no_price_on_that_side(tmp_path):
    rules = {"floor": {"kind": "amount", "says": "all", "source": "assumption", "money": {"instrument": "a"}, "at_least": "10"}}
    price = priced(bench_of(tmp_path, rules=rules), "floor")
    assert np.isnan(price.up.price)
    assert price.down.price == 0.0


def test_reaches_end_where_fresh_programs_say(tmp_path):
    bench = Bench(load(TINY))
    score = best(bench.fixed)
    checked = 0
    for block, demand in binding(bench):
        price = price_of(bench, block, demand)
        for sign, side in ((1.0, price.up), (-1.0, price.down)):
            if np.isnan(side.price) or not np.isfinite(side.reach):
                continue
            inside, outside = 0.98 * side.reach, 1.05 * side.reach + 0.05
            gains = [best(moved(bench.fixed, price.row, sign * by)) - score for by in (inside, outside)]
            assert gains[0] == pytest.approx(sign * side.price * inside, abs=1e-4)
            assert not gains[1] >= sign * side.price * outside - 1e-4
            checked += 1
    assert checked >= 4


def test_every_rule_of_the_list_is_found_again_by_switching_it_off():
    bench = Bench(load(TINY))
    prices = price_list(bench)
    assert prices.money == pytest.approx(bench.gain(bench.spread(1.0)))
    for row in prices.rules.to_dict("records"):
        if row["rule"] in ("legal-floor", "packages", "oda"):
            off = load(TINY, settings=[f"rules.{row['rule']}.off=true", f"rules.{row['rule']}.reason=test"])
            gain = solve_program(compile_program(off)).objective - bench.score
            assert row["points"] == pytest.approx(gain, abs=1e-4)
            assert row["euro"] == pytest.approx(gain / prices.money, abs=1e-3)
    costs = prices.rules.set_index("rule")["points"]
    assert costs["legal-floor"] > 1
    assert costs["packages"] == 0


def test_absorption_is_priced_too():
    row = price_list(Bench(load(TINY))).rules.set_index("rule").loc["absorption"]
    free = load(TINY, settings=["partnerships.tunisia.absorption=999"])
    assert row["points"] >= solve_program(compile_program(free)).objective - Bench(load(TINY)).score - 1e-6


def test_a_soft_rule_costs_its_penalty_and_what_it_holds_back(tmp_path):
    # South at most 11.6 at 0.5 a euro: South's 12.6 stay while a euro earns 1.2 there and 0.6 elsewhere (0.6 is more than 0.5
    # lost); without the rule no penalty is paid: 0.5 points.
    bench = bench_of(tmp_path, rules={"soft": limit("south", "11.6", soft="0.1")})
    prices = price_list(bench)
    off = best(compile_program(load(write(tmp_path, TWO_BY_TWO, "plain.yaml"))))
    assert prices.rules.set_index("rule")["points"]["soft"] == pytest.approx(off - bench.score)
    assert off - bench.score == pytest.approx(0.1)


def test_rules_that_cost_only_together(tmp_path):
    # Each of two equal limits on North is free while the other holds: together they cost 1.4 x 1.0 - 1.4 x 0.6 = 0.56.
    bench = bench_of(tmp_path, rules={"one": limit("north", "2"), "two": limit("north", "2")})
    prices = price_list(bench)
    assert prices.rules.set_index("rule")["points"][["one", "two"]].tolist() == [0.0, 0.0]
    (pair,) = prices.pairs
    assert {pair.first, pair.second} == {"one", "two"}
    assert (pair.together, pair.apart) == (pytest.approx(0.56), 0.0)


def test_switches_are_let_go_with_their_rule(tmp_path):
    # Nothing, or at least 5, for North: A gives it 5 and takes 1.6 from South's second step. Without the rule, as on paper.
    rule = {
        "kind": "minimum_size",
        "says": "{partnership}: at least 5",
        "source": "assumption",
        "for_each": "partnership",
        "money": {"partnership": "north"},
        "at_least": "5",
    }
    bench = bench_of(tmp_path, rules={"size": rule})
    assert bench.switches == 1
    assert bench.score + price_list(bench).rules.set_index("rule")["points"]["size"] == pytest.approx(19.72)
    assert bench.score < 19.72 - 0.1


def test_sentences_for_all_members():
    rules = {rule.id: general_sentence(rule, "en") for rule in load(TINY).written_rules}
    assert rules["legal-floor"] == "Each partnership: at least 10\u00a0% for legal migration"
