from fractions import Fraction
from math import inf

import numpy as np
import pytest
from paper import AT_MOST, demanded, limits

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import NotVerified
from fundalloc.model.compile import compile_program
from fundalloc.plan.verify import measure_rule, verify
from fundalloc.rules import built_in_rules
from fundalloc.run import solve
from fundalloc.scenario.loading import load

HOME = "transfers.home={from: amif, to: ndici, at_most: 20 %, source: assumption}"


def transfer():
    return next(rule for rule in built_in_rules() if rule.kind == "transfer")


def terms(lines):
    """The terms of every row by ledger key."""
    demands = transfer().demands(lines)
    stated = transfer().rows(lines, demands)
    out = [{} for _ in range(len(demands))]
    for row, column, value in zip(stated.row, stated.column, stated.value, strict=True):
        out[row][lines.ledger.keys[column]] = float(value)
    return dict(zip(demanded(demands), out, strict=True))


def ledger(lines, amounts):
    """Whole steps per entry, lines and moves; EUR million by key."""
    assert set(amounts) <= set(lines.ledger.keys)
    return np.array([int(Fraction(amounts.get(key, "0")) / lines.facts.step) for key in lines.ledger.keys], dtype=np.int64)


def test_rows_on_paper():
    lines = load(TINY, settings=[HOME]).lines
    # AMIF has 10 a year and no total: 20 % of 20.
    assert limits(transfer(), lines) == {
        ("home|total", AT_MOST): (-inf, 4.0),
        ("from amif|2025", AT_MOST): (-inf, 10.0),
        ("from amif|2026", AT_MOST): (-inf, 10.0),
    }
    assert terms(lines) == {
        ("home|total", AT_MOST): {"transfer|home|2025": 1.0, "transfer|home|2026": 1.0},
        ("from amif|2025", AT_MOST): {"transfer|home|2025": 1.0},
        ("from amif|2026", AT_MOST): {"transfer|home|2026": 1.0},
    }


def test_the_share_is_taken_of_the_total_before_the_reserve():
    back = "transfers.back={from: ndici, to: amif, at_most: 10 %, source: assumption}"
    lines = load(TINY, settings=[back]).lines
    # NDICI: 30 a year but 55 in total, 5 % kept back. 10 % of 55, not of 60 or 52.25; in a year at most 28.5.
    assert limits(transfer(), lines) == {
        ("back|total", AT_MOST): (-inf, 5.5),
        ("from ndici|2025", AT_MOST): (-inf, 28.5),
        ("from ndici|2026", AT_MOST): (-inf, 28.5),
    }


def test_the_limit_is_cut_to_whole_steps():
    lines = load(TINY, settings=[HOME.replace("20 %", "3.33 %")]).lines
    assert limits(transfer(), lines)["home|total", AT_MOST] == (-inf, 0.6)  # 0.666


def test_findings_by_hand():
    scenario = load(TINY, settings=[HOME])
    moved = ledger(scenario.lines, {"transfer|home|2025": "3.5", "transfer|home|2026": "0.7"})
    assert [(f.member, f.amount, f.limit, f.headroom, f.status) for f in measure_rule(transfer(), scenario.lines, moved)] == [
        (("home", "total"), Fraction("4.2"), 4, Fraction("-0.2"), "breach"),
        (("from amif", "2025"), Fraction("3.5"), 10, Fraction("6.5"), "ok"),
        (("from amif", "2026"), Fraction("0.7"), 10, Fraction("9.3"), "ok"),
    ]


def test_two_transfers_from_one_instrument_share_its_year():
    settings = [HOME.replace("20 %", "100 %"), "transfers.other={from: amif, to: ndici, at_most: 100 %, years: 2026, source: assumption}"]
    scenario = load(TINY, settings=[*settings, "instruments.amif.reserve=40 %"])
    rows = terms(scenario.lines)
    assert rows["from amif|2026", AT_MOST] == {"transfer|home|2026": 1.0, "transfer|other|2026": 1.0}
    assert rows["from amif|2025", AT_MOST] == {"transfer|home|2025": 1.0}  # the other may only move in 2026
    assert limits(transfer(), scenario.lines) == {
        ("home|total", AT_MOST): (-inf, 20.0),
        ("other|total", AT_MOST): (-inf, 20.0),
        ("from amif|2025", AT_MOST): (-inf, 6.0),  # after the reserve
        ("from amif|2026", AT_MOST): (-inf, 6.0),
    }


def test_without_transfers_nothing_is_asked(tiny):
    assert len(transfer().demands(tiny.lines)) == 0


# --- The two-by-two case: B only reaches South and meets half a euro per euro ----------------------------------------


def moving(tmp_path, share="50 %", **changes):
    home = {"from": "b", "to": "a", "at_most": share, "source": "assumption"}
    return load(write(tmp_path, {**TWO_BY_TWO, "transfers": {"home": home}, **changes}))


def test_a_transfer_that_is_worth_it(tmp_path):
    # 3 of B's 6 go to A. B's 3 meet 1.5 of South; A's 13: 4.5 for South at 2.0, 3.6 at 1.2, 4 for North at 1.0, 0.9 at 0.6.
    plan = solve(moving(tmp_path))
    assert plan.moves.tolist() == [30]
    assert plan.total("instrument").to_dict() == {"a": pytest.approx(13), "b": pytest.approx(3)}
    assert plan.score == pytest.approx(12 + 4.32 + 4 + 0.54)  # 19.72 without


@pytest.mark.parametrize("ceiling", ["6", {"each": "6"}, {"each": "6", "total": "6"}], ids=str)
def test_a_transfer_limit_has_a_price(tmp_path, ceiling):
    # One more euro to move: A earns 0.6 with it where B met half a euro, worth 0.3.
    b = {**TWO_BY_TWO["instruments"]["b"], "ceiling": ceiling}
    plan = solve(moving(tmp_path, instruments={**TWO_BY_TWO["instruments"], "b": b}))
    (price,) = [p for f, p in zip(plan.findings, plan.prices, strict=True) if f.member == ("home", "total")]
    assert price == pytest.approx(0.3)


def test_moves_have_no_bound_of_their_own_unless_nothing_can_move():
    # A bound that repeats a row takes over its price. What is carried over has no row: it is bounded.
    settings = [
        HOME,
        "transfers.none={from: ndici, to: amif, at_most: 0 %, source: assumption}",
        "instruments.amif.carry_over={share: 60 %}",
    ]
    scenario = load(TINY, settings=settings)
    program = compile_program(scenario)
    bounds = dict(zip(scenario.lines.moves.keys, program.upper[len(scenario.lines) : program.lines].tolist(), strict=True))
    assert bounds == {
        "carry|amif|2025": 6.0,
        "transfer|home|2025": inf,
        "transfer|home|2026": inf,
        "transfer|none|2025": 0.0,
        "transfer|none|2026": 0.0,
    }


def test_a_transfer_that_is_not(tmp_path):
    # The other way money only loses.
    home = {"from": "a", "to": "b", "at_most": "50 %", "source": "assumption"}
    plan = solve(load(write(tmp_path, {**TWO_BY_TWO, "transfers": {"home": home}})))
    assert plan.moves.tolist() == [0]
    assert plan.score == pytest.approx(19.72)


def test_money_that_was_not_moved_may_not_be_spent(tmp_path):
    scenario = moving(tmp_path)
    spent = {"a|south|returns|2026": "12", "b|south|returns|2026": "3"}
    assert verify(scenario, ledger(scenario.lines, {**spent, "transfer|home|2026": "2"}))
    with pytest.raises(NotVerified, match=r"ceiling: A: ceiling total: 10\.1000 is not at most 10\.0000"):
        verify(scenario, ledger(scenario.lines, {**spent, "transfer|home|2026": "1.9"}))
    with pytest.raises(NotVerified, match=r"ceiling: B: ceiling total: 6\.1000 is not at most 6\.0000"):
        verify(scenario, ledger(scenario.lines, {**spent, "b|south|returns|2026": "4.1", "transfer|home|2026": "2"}))
    with pytest.raises(NotVerified, match=r"transfer: B to A: transfers total: 3\.1000 is not at most 3\.0000"):
        verify(scenario, ledger(scenario.lines, {"transfer|home|2026": "3.1"}))
    with pytest.raises(NotVerified, match=r"transfer\|home\|2026"):
        verify(scenario, ledger(scenario.lines, {"transfer|home|2026": "-0.1"}))


def chain(tmp_path, own="2"):
    """C may give all it has to B, and B all it has to A; B has little of its own."""
    a, b = TWO_BY_TWO["instruments"].values()
    instruments = {
        "a": {**a, "ceiling": {"each": "1"}},
        "b": {**b, "ceiling": {"each": own}},
        "c": {**b, "name": "C", "ceiling": {"each": "5"}},
    }
    ways = {"first": ("c", "b"), "second": ("b", "a")}
    transfers = {n: {"from": x, "to": y, "at_most": "100 %", "source": "assumption"} for n, (x, y) in ways.items()}
    return load(write(tmp_path, {**TWO_BY_TWO, "instruments": instruments, "transfers": transfers}))


def test_nothing_that_has_just_arrived_may_move_on(tmp_path):
    scenario = chain(tmp_path)
    arrived = {"transfer|first|2026": "5", "a|north|returns|2026": "3", "b|south|returns|2026": "5"}
    verify(scenario, ledger(scenario.lines, {**arrived, "transfer|second|2026": "2"}))  # B's own 2 move on, C's 5 stay
    more = ledger(scenario.lines, {**arrived, "a|north|returns|2026": "4", "b|south|returns|2026": "4", "transfer|second|2026": "3"})
    with pytest.raises(NotVerified, match=r"transfer: from B: transfers 2026: 3\.0000 is not at most 2\.0000"):
        verify(scenario, more)
    plan = solve(scenario)
    assert plan.moved["transferred_out"].tolist() == [[0], [20], [int(plan.moves[0])]]
    assert plan.total("instrument")["a"] == pytest.approx(3)


def test_an_instrument_without_lines_gives_no_more_than_it_has(tmp_path):
    # Z serves nobody itself. It has 10, half of it kept back: 5 may go to A, whatever share the transfer allows.
    z = {"name": "Z", "source": "assumption", "ceiling": "10", "reserve": "50 %"}
    home = {"from": "z", "to": "a", "at_most": "100 %", "source": "assumption"}
    case = {**TWO_BY_TWO, "instruments": {**TWO_BY_TWO["instruments"], "z": z}, "transfers": {"home": home}}
    assert solve(load(write(tmp_path, case))).moves.tolist() == [50]


def test_a_total_ceiling_alone_keeps_arrived_money_too(tmp_path):
    # B has 2 for the whole period and no yearly ceiling. It may get 5 from C, and give all it has to A and to D: 2 in all, not 4.
    a, b = TWO_BY_TWO["instruments"].values()
    instruments = {
        "a": {**a, "ceiling": "1"},
        "b": {**b, "ceiling": "2"},
        "c": {**b, "name": "C", "ceiling": "5"},
        "d": {**a, "ceiling": "1"},
    }
    ways = {"in": ("c", "b"), "one": ("b", "a"), "two": ("b", "d")}
    transfers = {n: {"from": x, "to": y, "at_most": "100 %", "source": "assumption"} for n, (x, y) in ways.items()}
    eligibility = [*TWO_BY_TWO["eligibility"], *({"instrument": i, "area": "returns"} for i in ("c", "d"))]
    scenario = load(write(tmp_path, {**TWO_BY_TWO, "instruments": instruments, "transfers": transfers, "eligibility": eligibility}))
    assert limits(transfer(), scenario.lines) == {
        ("in|total", AT_MOST): (-inf, 5.0),
        ("one|total", AT_MOST): (-inf, 2.0),
        ("two|total", AT_MOST): (-inf, 2.0),
        ("from b|total", AT_MOST): (-inf, 2.0),  # C gives too, but receives nothing: its ceiling says it already
    }
    assert terms(scenario.lines)["from b|total", AT_MOST] == {"transfer|one|2026": 1.0, "transfer|two|2026": 1.0}
    plan = solve(scenario)  # A and D are worth twice as much as B and C to South, and reach North
    assert plan.total("instrument")[["a", "d"]].sum() == pytest.approx(4)
    moved = {"transfer|in|2026": "5", "transfer|one|2026": "2", "transfer|two|2026": "0.1"}
    with pytest.raises(NotVerified, match=r"transfer: from B: transfers total: 2\.1000 is not at most 2\.0000"):
        verify(scenario, ledger(scenario.lines, moved))
