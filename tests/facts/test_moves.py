import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import NotVerified, ScenarioError
from fundalloc.facts.moves import carry_by_itself
from fundalloc.plan.verify import verify
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def carrying(years="2025-2027", ceiling=None, share="60 %", reserve="10 %", **changes: Any) -> dict[str, Any]:
    """The two-by-two case over some years, A alone, with yearly ceilings and carry-over."""
    a = {**TWO_BY_TWO["instruments"]["a"], "ceiling": ceiling or {"each": "10"}, "reserve": reserve, "carry_over": {"share": share}}
    return {**TWO_BY_TWO, "years": years, "instruments": {"a": a}, "eligibility": TWO_BY_TWO["eligibility"][:1], **changes}


def ledger(scenario, amounts):
    """Whole steps per entry, lines and moves; EUR million by key."""
    keys = scenario.lines.ledger.keys
    assert set(amounts) <= set(keys)
    return np.array([int(Fraction(amounts.get(key, "0")) / scenario.facts.step) for key in keys], dtype=np.int64)


def most(lines):
    """The most that may move, EUR million by key."""
    return {key: float(Fraction(int(steps)) * lines.facts.step) for key, steps in zip(lines.moves.keys, lines.moves.upper, strict=True)}


# --- What may move ---------------------------------------------------------------------------------------------------


def test_carry_over_is_a_share_of_what_the_reserve_leaves_and_not_from_the_last_year():
    lines = load(TINY, settings=["instruments.ndici.carry_over={share: 50 %}"]).lines
    assert most(lines) == {"carry|ndici|2025": 14.2}  # half of 28.5 in whole steps; 2026 is the last year
    assert len(lines.ledger) == len(lines) + 1
    assert lines.ledger.keys[-1] == "carry|ndici|2025"


def test_transfers_stand_behind_carry_overs_one_per_year():
    lines = load(
        TINY,
        settings=[
            "instruments.amif.carry_over={share: 100 %}",
            "transfers.home={from: amif, to: ndici, at_most: 75 %, source: assumption}",
            "transfers.back={from: ndici, to: amif, at_most: 10 %, years: 2026, source: assumption}",
        ],
    ).lines
    assert most(lines) == {
        "carry|amif|2025": 10.0,
        "transfer|home|2025": 10.0,  # 75 % of 20, but no more than a year has
        "transfer|home|2026": 10.0,
        "transfer|back|2026": 5.5,
    }
    assert lines.moves.source.tolist() == [1, 1, 1, 0]
    assert lines.moves.target.tolist() == [1, 0, 0, 1]


def test_what_moves_in_widens_the_lines():
    scenario = load(
        TINY, settings=["instruments.amif.carry_over={share: 50 %}", "transfers.t={from: ndici, to: amif, at_most: 2 %, source: x}"]
    )
    upper = dict(zip(scenario.lines.keys, scenario.lines.upper.tolist(), strict=True))
    assert upper["amif|global|smuggling|2025"] == 111  # 10 and 2 % of 55
    assert upper["amif|global|smuggling|2026"] == 161  # 5 more from 2025
    assert upper["amif|tunisia|smuggling|2026"] == 140  # absorption


def test_totals_by_instrument_and_year():
    scenario = load(
        TINY, settings=["instruments.amif.carry_over={share: 50 %}", "transfers.t={from: ndici, to: amif, at_most: 2 %, source: x}"]
    )
    moves = scenario.lines.moves
    assert moves.keys == ["carry|amif|2025", "transfer|t|2025", "transfer|t|2026"]
    assert {name: table[:2].tolist() for name, table in moves.totals(np.array([7, 3, 2])).items()} == {
        "carried_out": [[0, 0], [7, 0]],
        "carried_in": [[0, 0], [0, 7]],
        "transferred_out": [[3, 2], [0, 0]],
        "transferred_in": [[0, 0], [3, 2]],
    }


def test_nothing_leaves_an_instrument_in_a_year_in_which_it_may_not_commit(tmp_path):
    a, b = ({**i, "ceiling": {"each": "10"}, "carry_over": {"share": "100 %"}} for i in TWO_BY_TWO["instruments"].values())
    home = {"from": "b", "to": "a", "at_most": "10 %", "source": "assumption"}
    case = {**TWO_BY_TWO, "years": "2025-2027", "instruments": {"a": a, "b": {**b, "years": "2026-2027"}}, "transfers": {"home": home}}
    scenario = load(write(tmp_path, case))
    assert scenario.lines.moves.keys == ["carry|a|2025", "carry|a|2026", "carry|b|2026", "transfer|home|2026", "transfer|home|2027"]
    plan = solve(scenario)
    assert plan.moved["carried_in"][1].tolist()[:2] == [0, 0]


def test_nothing_moves_without_being_asked(tiny):
    assert len(tiny.lines.moves) == 0
    assert tiny.lines.ledger.keys == tiny.lines.keys


# --- Carried over by itself ------------------------------------------------------------------------------------------


def by_itself(scenario, *committed):
    """Carry-overs that follow from commitments of A, EUR million by year."""
    steps = np.array([[int(Fraction(amount) / scenario.facts.step) for amount in committed]], dtype=np.int64)
    found = carry_by_itself(scenario.lines.moves, steps)
    return [float(Fraction(int(amount)) * scenario.facts.step) for amount in found]


@pytest.mark.parametrize(
    ("committed", "carried"),
    [
        (("2", "8", "9"), [5.4, 5.4]),  # usable 9: 7 are left, 60 % of 9 may go; 2026 uses these first, 2.6 of its own, 6.4 left
        (("9", "9", "9"), [0.0, 0.0]),
        (("6", "10", "9"), [3.0, 2.0]),  # 3 arrive, 7 of its own
        (("2", "3", "9"), [5.4, 5.4]),  # 2.4 of what arrived lapses: it may not be carried twice
        (("8.7", "9.3", "0"), [0.3, 0.0]),
        (("12", "0", "0"), [0.0, 5.4]),  # more than there is: nothing is carried, nor less than nothing
    ],
    ids=str,
)
def test_carry_by_itself(tmp_path, committed, carried):
    assert by_itself(load(write(tmp_path, carrying())), *committed) == carried


def test_a_year_without_a_ceiling_ends_the_chain(tmp_path):
    # 2026 has no ceiling of its own: nothing is carried out of it, and what 2025 carried does not count in 2027.
    ceiling = {"each": {"2025": "10", "2027": "10", "2028": "10"}, "total": "100"}
    scenario = load(write(tmp_path, carrying("2025-2028", ceiling, "100 %", "0 %")))
    assert scenario.lines.moves.keys == ["carry|a|2025", "carry|a|2027"]
    assert by_itself(scenario, "0", "3", "4", "0") == [10.0, 6.0]


# --- Ceilings with moves, on paper -----------------------------------------------------------------------------------


def test_carried_money_is_carried_or_not_spent(tmp_path):
    scenario = load(write(tmp_path, carrying()))
    spent = {"a|north|returns|2025": "6", "a|south|returns|2026": "12"}  # usable 9 a year
    verify(scenario, ledger(scenario, {**spent, "carry|a|2025": "3"}))
    with pytest.raises(NotVerified, match=r"ceiling: A: ceiling 2026: 12\.0000 is not at most 9\.0000"):
        verify(scenario, ledger(scenario, spent))
    with pytest.raises(NotVerified, match=r"ceiling: A: ceiling 2026: 9\.1000 is not at most 9\.0000"):
        verify(scenario, ledger(scenario, {**spent, "carry|a|2025": "2.9"}))
    with pytest.raises(NotVerified, match=r"ceiling: A: ceiling 2025: 9\.1000 is not at most 9\.0000"):
        verify(scenario, ledger(scenario, {**spent, "carry|a|2025": "3.1"}))


def test_carried_money_is_used_in_the_next_year_only(tmp_path):
    scenario = load(write(tmp_path, carrying()))
    early = {"a|south|returns|2027": "12", "carry|a|2025": "3"}
    with pytest.raises(NotVerified, match=r"ceiling: A: ceiling 2027: 12\.0000 is not at most 9\.0000"):
        verify(scenario, ledger(scenario, early))
    # Carried again it is money of 2026: there are 9 + 3 in it, of which 5.4 at most may go on.
    verify(scenario, ledger(scenario, {"a|south|returns|2027": "12", "carry|a|2026": "3"}))
    with pytest.raises(NotVerified, match=r"carry\|a\|2026: 5\.5"):
        verify(scenario, ledger(scenario, {"carry|a|2026": "5.5"}))


def test_a_total_ceiling_holds_whatever_is_carried(tmp_path):
    scenario = load(write(tmp_path, carrying(ceiling={"each": "10", "total": "20"})))  # 18 after the reserve
    with pytest.raises(NotVerified, match=r"ceiling: A: ceiling total: 18\.1000 is not at most 18\.0000"):
        verify(scenario, ledger(scenario, {"a|north|returns|2025": "6.1", "a|south|returns|2026": "12", "carry|a|2025": "2.9"}))


def test_carry_over_that_is_worth_it(tmp_path):
    # 2025 takes 4 in all, 2026 takes 20. A has 9 a year. Without carrying 4 + 9; 60 % of 9 is 5.4, but only 5 are left.
    partnerships = [{**p, "absorption.2025": "2"} for p in TWO_BY_TWO["partnerships"]]
    case = carrying("2025-2026", partnerships=partnerships)
    plan = solve(load(write(tmp_path, case)))
    assert plan.scenario.lines.moves.keys == ["carry|a|2025"]
    assert plan.moves.tolist() == [50]
    assert plan.total("year").to_dict() == {2025: pytest.approx(4), 2026: pytest.approx(14)}
    # Score on paper: 18 euros: South 6 at 2.0, 3.6 at 1.2, North 4 at 1.0, then 4.4 at 0.6 (2.4 each are left).
    assert plan.score == pytest.approx(12 + 4.32 + 4 + 2.64)
    del case["instruments"]["a"]["carry_over"]
    # 13 euros: 6, 3.6 and 3.4 of North's 4.
    assert solve(load(write(tmp_path, case))).score == pytest.approx(12 + 4.32 + 3.4)


def test_free_money_tells_of_moves(tmp_path):
    partnerships = [{**p, "absorption.2025": "2"} for p in TWO_BY_TWO["partnerships"]]
    plan = solve(load(write(tmp_path, carrying("2025-2026", partnerships=partnerships))))
    rows = plan.free_money.set_index("year")[["ceiling", "reserve", "carried_in", "carried_out", "planned", "free"]]
    assert rows.loc[2025].tolist() == pytest.approx([10, 1, 0, 5, 4, 0])
    assert rows.loc[2026].tolist() == pytest.approx([10, 1, 5, 0, 14, 0])
    assert rows.loc[0].tolist() == pytest.approx([20, 2, 5, 5, 18, 0])


# --- The cushion -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "used", "points"),
    [
        # A euro of B frees half a euro of A for North at 1.0: worth 0.5. All 6 or none.
        ("0.4", 6, 19.72 - 6 * 0.4),
        ("0.6", 0, 12 + 4.32 + 0.4),
    ],
)
def test_the_cushion_is_used_when_it_earns_more_than_its_price(tmp_path, price, used, points):
    plan = solve(load(write(tmp_path, TWO_BY_TWO), settings=[f"instruments.b.last_resort={price}"]))
    assert plan.total("instrument")["b"] == pytest.approx(used)
    assert plan.log.program_score == pytest.approx(points)


def test_the_score_pays_for_the_cushion(tmp_path):
    plan = solve(load(write(tmp_path, TWO_BY_TWO), settings=["instruments.b.last_resort=0.4"]))
    assert plan.score == pytest.approx(19.72 - 2.4)
    assert plan.score <= float(plan.certificate.bound) + 1e-9


# --- Bad input -------------------------------------------------------------------------------------------------------


def complaints(tmp_path, **changes):
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, {**json.loads(json.dumps(TWO_BY_TWO)), **changes}))
    return [f"{p.message} ({p.hint})" for p in caught.value.problems]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"from": "bb"}, "unknown instrument 'bb' (did you mean 'b'?)"),
        ({"to": "c"}, "unknown instrument 'c' (expected one of: a, b)"),
        ({"to": "b"}, "a transfer from 'b' to itself (name two instruments)"),
        ({"at_most": "150 %"}, "a share cannot be above 100 %: 150 % (write a share from 0 % to 100 %)"),
        ({"at_most": "5"}, "a share cannot be above 100 %: 5 (write 5 %)"),
        ({"at_most": "-5 %"}, "a share cannot be negative: -5 % (write a share from 0 % to 100 %)"),
        ({"years": "soon"}, "'soon' is not a year or a range of years (write 2024 or 2024-2027)"),
    ],
    ids=str,
)
def test_bad_transfers(tmp_path, change, said):
    home = {"from": "b", "to": "a", "at_most": "50 %", "source": "assumption", **change}
    assert [text.replace("\u00a0", " ") for text in complaints(tmp_path, transfers={"home": home})] == [said]


@pytest.mark.parametrize("missing", ["from", "to", "at_most", "source"])
def test_a_transfer_says_everything(tmp_path, missing):
    home = {"from": "b", "to": "a", "at_most": "50 %", "source": "assumption"}
    del home[missing]
    assert complaints(tmp_path, transfers={"home": home}) == [f"'{missing}' is missing (add it)"]


def test_given_money_is_not_transferred(tmp_path):
    instruments = {**TWO_BY_TWO["instruments"], "ms": {"name": "Member States", "source": "assumption", "counts": "partner"}}
    home = {"from": "ms", "to": "a", "at_most": "50 %", "source": "assumption"}
    said = "the money of 'ms' is given, not planned (transfer between instruments that the plan decides)"
    assert complaints(tmp_path, instruments=instruments, transfers={"home": home}) == [said]


@pytest.mark.parametrize(
    ("carry_over", "said"),
    [
        ({"share": "50 %"}, "'a' has no yearly ceiling to carry over (write ceiling: {each: …})"),
        ({"share": "150 %"}, "a share cannot be above 100 %: 150 % (write a share from 0 % to 100 %)"),
        ({"shares": "50 %"}, "unknown key 'shares' (did you mean 'share'?)"),
        ({}, "'share' is missing (add it)"),
    ],
    ids=str,
)
def test_bad_carry_over(tmp_path, carry_over, said):
    instruments = {**TWO_BY_TWO["instruments"]}
    instruments["a"] = {**instruments["a"], "carry_over": carry_over}
    assert [text.replace("\u00a0", " ") for text in complaints(tmp_path, instruments=instruments)] == [said]
