"""Repairs: what they change in every kind of figure, and the scenario files that they become."""

import json
from fractions import Fraction

import pytest

from cases import TWO_BY_TWO, spaced, write
from fundalloc.insight.conflict.diagnose import diagnose
from fundalloc.insight.conflict.repairs import Repair, find_repairs
from fundalloc.run import solve
from fundalloc.scenario.loading import load

NORTH, SOUTH = {"partnership": "north"}, {"partnership": "south"}


def rule(money: dict, **figures: object) -> dict:
    return {
        "kind": "amount",
        "says": "{partnership}" if "for_each" in figures else "rule",
        "source": "assumption",
        "money": money,
        **figures,
    }


def repairs_of(path, settings: tuple[str, ...] = ()) -> list[Repair]:
    scenario = load(path, settings=settings)
    return find_repairs(
        scenario,
        lambda changes: load(path, settings=[*settings, *(f"{key}={json.dumps(value)}" for key, value in changes)]),
        diagnose(scenario),
    )


def written(repair: Repair) -> dict[str, object]:
    return {change.path: change.value for change in repair.changes}


def test_practice_gives_way_before_politics_and_law_last(tmp_path):
    # North should get 9 and may not get more than 7; the floor is law here, the cap practice, A's ceiling does not matter.
    rules = {"f": rule(NORTH, at_least="9", negotiable="law"), "m": rule(NORTH, at_most="7", negotiable="practice")}
    first, second = repairs_of(write(tmp_path, {**TWO_BY_TWO, "rules": rules}))
    assert (first.touches, first.moved, written(first)) == ("practice", 2, {"rules.m.at_most": "9"})
    assert (second.touches, second.moved, written(second)) == ("law", 2, {"rules.f.at_least": "7"})


def test_the_score_of_a_repair_is_reached_by_a_run_with_switches(tmp_path):
    # Programmes of 7 or nothing: B's 6 are too small for one. North with 9 of A's 10 leaves 1, with 7 it leaves 3: nothing for south.
    # North's need of 8 earns 4 at 1.0, 2.4 at 0.6, 1.6 at 0.3: 5.92; of 7, only 0.6 at 0.3: 5.62. Half a switch would let south add.
    rules = {
        "f": rule(NORTH, at_least="9", negotiable="law"),
        "m": rule(NORTH, at_most="7", negotiable="practice"),
        "viable": {**rule({}, for_each=["partnership", "instrument"], at_least="7", says="viable"), "kind": "minimum_size"},
    }
    path = write(tmp_path, {**TWO_BY_TWO, "rules": rules})
    first, second = repairs_of(path)[:2]
    assert (written(first), written(second)) == ({"rules.m.at_most": "9"}, {"rules.f.at_least": "7"})
    assert (first.score, second.score) == (pytest.approx(5.92), pytest.approx(5.62))
    for repair in (first, second):
        run = solve(load(path, settings=[f"{key}={json.dumps(value)}" for key, value in written(repair).items()]))
        assert run.score == pytest.approx(repair.score, abs=1e-9)


def test_one_member_of_a_rule_gets_its_own_figure_and_the_others_keep_theirs(tmp_path):
    # 6 for each of the two; North has only 4 of its own cap
    rules = {"f": rule({}, for_each="partnership", at_least="6"), "m": rule(NORTH, at_most="4", negotiable="law")}
    first = repairs_of(write(tmp_path, {**TWO_BY_TWO, "rules": rules}))[0]
    assert written(first) == {"rules.f.at_least": {"north": "4", "south": "6"}}


def test_one_figure_for_many_members_is_lowered_for_all(tmp_path):
    # 6 for each of the two through A, which has 10: 5 for each
    rules = {"f": rule({"instrument": "a"}, for_each="partnership", at_least="6")}
    first = repairs_of(write(tmp_path, {**TWO_BY_TWO, "rules": rules}))[0]
    assert (written(first), first.moved) == ({"rules.f.at_least": {"north": "4", "south": "6"}}, 2)
    # of 3 each, through 10, four members of which none can give way alone: 2.5 for each
    names = [f"p{k}" for k in range(4)]
    case = {
        **TWO_BY_TWO,
        "partnerships": [{"id": n, "name": n, "level": "bilateral"} for n in names],
        "instruments": {"a": TWO_BY_TWO["instruments"]["a"]},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "needs": [{"partnership": n, "area": "returns", "need": "8"} for n in names],
        "rules": {"f": rule({}, for_each="partnership", at_least="6")},
    }
    first = repairs_of(write(tmp_path, case))[0]
    assert (written(first), first.moved) == ({"rules.f.at_least": "2.5"}, 14)
    assert first.says == "lower “each partnership” from 6.0 to 2.5"


def test_a_figure_from_a_table_is_changed_for_its_member_alone(tmp_path):
    (tmp_path / "floors.csv").write_text("partnership,floor\nnorth,6\nsouth,6\n", "utf-8")
    figures = {"file": "floors.csv", "column": "floor"}
    rules = {"f": rule({}, for_each="partnership", at_least=figures), "m": rule(NORTH, at_most="4", negotiable="law")}
    path = write(tmp_path, {**TWO_BY_TWO, "rules": rules})
    first = repairs_of(path)[0]
    assert written(first) == {"rules.f.at_least": {"north": "4"}}
    again = load(path, settings=['rules.f.at_least={"north": "4"}'])
    assert {key: figure.value for key, figure in again.written_rules[0].at_least.items()} == {"north": 4, "south": 6}


def test_years_share_evenly(tmp_path):
    # North takes 2 a year in three years and should get 15: 3 more a year
    case = {
        **TWO_BY_TWO,
        "years": "2025-2027",
        "partnerships": [{"id": "north", "name": "North", "level": "bilateral", "absorption": "2"}, TWO_BY_TWO["partnerships"][1]],
        "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "20"}},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "rules": {"f": rule(NORTH, at_least="15")},
    }
    first = repairs_of(write(tmp_path, case))[0]
    assert first.says == "raise the absorption of North from 2.0 to 5.0 in 2025-2027"
    assert first.moved == 9


def test_a_ceiling_is_raised_by_what_its_reserve_takes_too(tmp_path):
    # B's 6 less a tenth leave 5.4; 9 after the reserve are 10 before it
    case = {
        **TWO_BY_TWO,
        "instruments": {
            "a": TWO_BY_TWO["instruments"]["a"],
            "b": {**TWO_BY_TWO["instruments"]["b"], "reserve": "10 %"},
        },
        "rules": {"f": rule({"instrument": "b"}, at_least="9", negotiable="law", source="law")},
    }
    found = {json.dumps(written(r)): r for r in repairs_of(write(tmp_path, case))}
    assert found['{"instruments.b.ceiling": "10"}'].moved == Fraction("3.6")


def test_a_ceiling_that_is_adjusted_is_raised_after_the_adjustment(tmp_path):
    case = {
        **TWO_BY_TWO,
        "adjust": {"cut": [{"instrument": "b", "ceiling": "inherited - 50 %"}]},
        "rules": {"f": rule({"instrument": "b"}, at_least="5", negotiable="law")},
    }
    found = [written(r) for r in repairs_of(write(tmp_path, case))]
    assert {"adjust.repair": [{"instrument": "b", "ceiling": "inherited + 2"}]} in found
    assert {"rules.f.at_least": "3"} in found


def test_shares_are_rounded_outwards(tmp_path):
    # North at least 7, of at most 10 + 6 in all, of which South at least a third... South 6.5 of 13.5 is all there is with 7 of A's 10
    rules = {
        "n": rule(NORTH, exactly="7", negotiable="law"),
        "s": rule(SOUTH, kind="share", at_least="60 %", of={}),
        "a": rule({"instrument": "b"}, at_most="6", negotiable="law"),
    }
    first = repairs_of(write(tmp_path, {**TWO_BY_TWO, "rules": rules}))[0]
    # South can have 3 from A and 6 from B: 9 of 16 are 56.25 %, so 56.2 % is kept
    assert written(first) == {"rules.s.at_least": "56.2 %"}


def test_a_rule_that_no_figure_can_save_becomes_soft(tmp_path):
    # exactly as much in 2026 as in 2025, where 2 against 5 is asked: no figure of `exactly` per cent has a year of its own
    case = {
        **TWO_BY_TWO,
        "years": "2025-2026",
        "rules": {
            "q": rule({"instrument": "b"}, kind="sequence", after={"instrument": "a"}, lag="1", at_most="100 %", negotiable="practice"),
            "f": rule({"instrument": "b", "year": "2025"}, at_least="3"),
        },
    }
    first = repairs_of(write(tmp_path, case))[0]
    assert written(first) == {"rules.q.soft": "10"}
    assert spaced(first.says) == "let “rule” give way by 3.0 (soft, 10 points per unit missed)"


def shared_case(folder, figures: object, **more: object):
    """A of 10 alone, two floors that are law 12 and 8: 20 through 10 is half of each; or others."""
    rules = {"f": rule({"instrument": "a"}, for_each="partnership", at_least=figures), **more}
    return write(folder, {**TWO_BY_TWO, "rules": rules})


def test_figures_per_member_are_lowered_alike_before_one_by_one(tmp_path):
    # 12 and 8 through A, which has 10: half of each is 6 and 4; one by one ten may be missing anywhere
    first, second = repairs_of(shared_case(tmp_path, {"north": "12", "south": "8"}))[:2]
    assert written(first) == {"rules.f.at_least": {"north": "6", "south": "4"}}
    assert first.says == "lower all figures of “each partnership” to 0.5 times what they are"
    assert (first.moved, second.moved) == (10, 10)
    assert second.says.startswith("lower “")


def test_a_factor_is_said_in_the_scenarios_own_words(tmp_path):
    rules = {"f": rule({"instrument": "a"}, for_each="partnership", at_least={"north": "12", "south": "8"})}
    path = write(tmp_path, {**TWO_BY_TWO, "words": {"partnership": "region", "partnerships": "regions"}, "rules": rules})
    assert repairs_of(path)[0].says == "lower all figures of “each region” to 0.5 times what they are"


def test_a_factor_is_the_least_that_holds_for_all_and_is_rounded_outwards(tmp_path):
    # 9 and 6 through 10: two thirds; whole steps of 0.1 in north are 6.0, in south 4.0; 0.6667 would be more than there is
    (tmp_path / "floors.csv").write_text("partnership,floor\nnorth,9\nsouth,6\n", "utf-8")
    path = shared_case(tmp_path, {"file": "floors.csv", "column": "floor"})
    first = repairs_of(path)[0]
    assert written(first) == {"rules.f.at_least": {"north": "5.9994", "south": "3.9996"}}
    assert "to 0.6666 times" in first.says
    again = solve(load(path, settings=[f"{key}={json.dumps(value)}" for key, value in written(first).items()]))
    assert again.score == pytest.approx(first.score, abs=1e-9)


def test_upper_figures_are_raised_alike(tmp_path):
    # 12 must flow to the two, of which north may have 4 and south 2: twice as much each
    rules = {
        "cap": rule({}, for_each="partnership", at_most={"north": "4", "south": "2"}),
        "whole": rule({}, at_least="12", negotiable="law"),
    }
    first = next(r for r in repairs_of(write(tmp_path, {**TWO_BY_TWO, "rules": rules})) if "all figures" in r.says)
    assert (written(first), first.says) == (
        {"rules.cap.at_most": {"north": "8", "south": "4"}},
        "raise all figures of “each partnership” to 2 times what they are",
    )


def test_one_member_that_gives_way_is_no_reason_to_lower_all(tmp_path):
    # only north is held to 5; south can have its 3
    cap = rule(NORTH, at_most="5", negotiable="law")
    found = repairs_of(shared_case(tmp_path, {"north": "7", "south": "3"}, m=cap))
    assert written(found[0]) == {"rules.f.at_least": {"north": "5"}}
    assert not any("all figures" in repair.says for repair in found)
