"""The bottleneck: what a network lets through, against figures worked out by hand."""

import pytest

from cases import TWO_BY_TWO, spaced, write
from fundalloc.insight.conflict.bottleneck import bottleneck
from fundalloc.insight.conflict.diagnose import system_of
from fundalloc.scenario.loading import load


def sentence(tmp_path, changes: dict, rules: tuple[str, ...]) -> str:
    scenario = load(write(tmp_path, {**TWO_BY_TWO, **changes}))
    return spaced(bottleneck(scenario, [s for s in system_of(scenario).suspects if s.owner in rules]))


def floor(money: dict, figure: str) -> dict:
    return {"kind": "amount", "says": "floor", "source": "assumption", "money": money, "at_least": figure}


SOUTH = floor({"partnership": "south"}, "20")


def test_two_instruments_leave_less_than_the_floor(tmp_path):
    assert sentence(tmp_path, {"rules": {"s": SOUTH}}, ("s",)) == (
        "“floor” asks for EUR 20.0 million. It can only be reached through two instruments, A and B, and no more than 16.0 can get there:"
        " what A may give here is 10.0 and what B may give here is 6.0."
    )


def test_money_decided_for_others_is_taken_out(tmp_path):
    # 3 of A's 10 are committed for North: 7 + 6
    decided = [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2026", "amount": "3", "state": "committed"}]
    assert "no more than 13.0 can get there" in sentence(tmp_path, {"decided": decided, "rules": {"s": SOUTH}}, ("s",))


def test_two_floors_share_what_there_is(tmp_path):
    # North 9 through A; South 8 through A and B: 17 asked, 10 + 6 there
    rules = {"n": floor({"partnership": "north"}, "9"), "s": floor({"partnership": "south"}, "8")}
    said = sentence(tmp_path, {"rules": rules}, ("n", "s"))
    assert said.startswith("These 2 floors ask for EUR 17.0 million.")
    assert "no more than 16.0 can get there" in said


@pytest.mark.parametrize(
    "rules",
    [
        {"s": floor({"partnership": "south"}, "16")},  # can just be reached
        {"s": {**SOUTH, "at_most": "30", "at_least": "1"}},
        {"s": floor({"partnership": "south"}, "9"), "n": floor({}, "9")},  # overlapping: a euro would count once only
        {"s": {**SOUTH, "kind": "share", "at_least": "90 %", "of": {}}},  # no amount
    ],
)
def test_nothing_is_said_where_the_network_is_wide_enough_or_does_not_show_it(tmp_path, rules):
    assert sentence(tmp_path, {"rules": rules}, tuple(rules)) == ""


def test_absorption_of_a_grouping_narrows_the_way(tmp_path):
    partnerships = [
        {"id": "africa", "name": "Africa", "absorption": "8"},
        {"id": "north", "name": "North", "level": "bilateral", "within": "africa"},
        {"id": "south", "name": "South", "level": "bilateral", "within": "africa", "absorption": "9"},
    ]
    said = sentence(tmp_path, {"partnerships": partnerships, "rules": {"s": SOUTH}}, ("s",))
    assert said.endswith("no more than 8.0 can get there: the absorption of Africa leaves 8.0.")
