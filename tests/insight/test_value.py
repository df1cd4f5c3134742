"""What money is worth, and the budget ladder, by hand."""

from fractions import Fraction

import numpy as np
import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.value import amount_ranges, budget_ladder, scaled, value_of_money
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def test_one_more_and_one_less_by_hand(tmp_path):
    # A: 0.6 fill North's first step at 1.0, the other 0.4 earn 0.6: 0.84. One less: North loses 1.0.
    # B: half a euro of South's need, which frees half a euro of A for North at 1.0.
    table = value_of_money(Bench(load(write(tmp_path, TWO_BY_TWO)))).set_index("instrument")
    assert table.loc["a", ["ceiling", "planned", "more", "less"]].tolist() == pytest.approx([10, 10, 0.84, -1.0])
    assert table.loc["b", ["ceiling", "planned", "more", "less"]].tolist() == pytest.approx([6, 6, 0.5, -0.5])


def test_another_step(tmp_path):
    table = value_of_money(Bench(load(write(tmp_path, TWO_BY_TWO))), step=0.5).set_index("instrument")
    assert table.loc["a", ["more", "less"]].tolist() == pytest.approx([0.5, -0.5])


def test_less_than_what_is_decided_leaves_no_plan(tmp_path):
    decided = [{"instrument": "b", "partnership": "south", "area": "returns", "year": "2026", "amount": "6", "state": "committed"}]
    table = value_of_money(Bench(load(write(tmp_path, {**TWO_BY_TWO, "decided": decided})))).set_index("instrument")
    assert np.isnan(table.loc["b", "less"])


def test_the_ladder_by_hand(tmp_path):
    # 80 %: A 8, B 4.8 (2.4 of South's need). South 6 at 2.0 and 3.6 at 1.2, North 0.8 at 1.0: 12 + 4.32 + 0.8.
    # 120 %: A 12, B 7.2 (3.6). South as before takes 6.0 of A, North 4 at 1.0, then 2.0 at 0.6: 12 + 4.32 + 4 + 1.2.
    ladder = budget_ladder(Bench(load(write(tmp_path, TWO_BY_TWO))))
    assert [float(rung.factor) for rung in ladder] == [0.8, 0.9, 1.0, 1.1, 1.2]
    assert [rung.money for rung in ladder] == pytest.approx([12.8, 14.4, 16.0, 17.6, 19.2])
    assert ladder[0].score == pytest.approx(17.12)
    assert ladder[2].score == pytest.approx(19.72)
    assert ladder[4].score == pytest.approx(21.52)
    assert not any(rung.losers or rung.leaves for rung in ladder)


def test_the_ladder_names_what_enters(tmp_path):
    # Half the money is 5 of A and 3 of B: all of it goes to South (6 at 2.0, then 1.2), and North enters above.
    ladder = budget_ladder(Bench(load(write(tmp_path, TWO_BY_TWO))), rungs=[Fraction(1, 2), Fraction(1)])
    assert ladder[1].enters == (("north", "returns"),)
    assert ladder[1].leaves == ()


def test_more_money_can_take_something_away(tmp_path):
    # Only one partnership may be active. North (need 10, priority 1.3) wins with 10: 13 against 11. With 12 it is South (need
    # 20, priority 1.1): 13.2 against 13, and North loses its 10.
    case = {
        **TWO_BY_TWO,
        "steps": [{"share": "100 %", "value": "1"}],
        "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "10"}},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "needs": [
            {"partnership": "north", "area": "returns", "need": "10", "priority": "1.3"},
            {"partnership": "south", "area": "returns", "need": "20", "priority": "1.1"},
        ],
        "rules": {"one": {"kind": "count", "says": "one partnership", "source": "assumption", "counting": "partnership", "at_most": "1"}},
    }
    ladder = budget_ladder(Bench(load(write(tmp_path, case))), rungs=[Fraction(1), Fraction(6, 5)])
    assert [rung.score for rung in ladder] == pytest.approx([13.0, 13.2])
    assert ladder[1].losers == (("north", pytest.approx(-10.0)),)
    assert ladder[1].leaves == (("north", "returns"),)
    assert ladder[1].enters == (("south", "returns"),)


def test_no_rung_falls_below_decided_money():
    facts = scaled(load(TINY), Fraction(1, 10)).facts
    ndici = facts.instruments[0].ceiling
    # 3.5 are decided in 2025, and 5 % of the ceiling are reserved: 3.5 / 0.95. 2026 has nothing decided: a tenth of 30.
    assert ndici.each[2025] == Fraction("3.5") / Fraction("0.95")
    assert ndici.each[2026] == 3
    assert ndici.total == Fraction("5.5")


def test_a_rung_without_a_plan_says_so(tmp_path):
    rules = {"floor": {"kind": "amount", "says": "A", "source": "assumption", "money": {"instrument": "a"}, "at_least": "9.5"}}
    ladder = budget_ladder(Bench(load(write(tmp_path, {**TWO_BY_TWO, "rules": rules}))))
    assert [np.isnan(rung.score) for rung in ladder] == [True, True, False, False, False]


def test_the_range_of_every_amount_holds_the_plan():
    bench = Bench(load(TINY))
    plan = solve(load(TINY))
    table = amount_ranges(bench, by=("partnership", "area"), amounts=plan.amounts)
    assert len(table) == 4 * 3  # every partnership has open lines in every area, if only of AMIF
    step = 0.1
    assert (table["amount"] >= table["least"] - 3 * step).all()
    assert (table["amount"] <= table["most"] + 3 * step).all()
    assert (table["least_within"] <= table["least"] + 1e-6).all()
    assert (table["most_within"] >= table["most"] - 1e-6).all()
    assert table["firm"].tolist() == [most - least < step / 2 for least, most in zip(table["least"], table["most"], strict=True)]
