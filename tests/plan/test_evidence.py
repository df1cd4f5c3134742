"""What limits are worth: the score with a million more and a million less of them, by hand or found again by fresh runs."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from cases import TINY, TWO_BY_TWO, write
from fundalloc.cli import cli
from fundalloc.cli.output import Output
from fundalloc.cli.report import print_plan
from fundalloc.errors import Place, ScenarioError
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.sheets import build_sheets
from fundalloc.insight.explain.bench import Bench
from fundalloc.labels import Words
from fundalloc.plan import asking, prices
from fundalloc.plan.evidence import Evidence, firmness_said
from fundalloc.plan.record import RunRecord, plan_of
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def limit(partnership, figure, **more):
    return {"kind": "amount", "says": partnership, "source": "assumption", "money": {"partnership": partnership}, "at_most": figure, **more}


def planned(tmp_path, rules, **changes):
    return solve(load(write(tmp_path, {**TWO_BY_TWO, "rules": rules, **changes})), evidence="all")


def worths(tmp_path, rules, **changes):
    """What is printed of every rule's limits: {rule: (a million more, a million less, and how far it was moved)}."""
    plan = planned(tmp_path, rules, **changes)
    found = {plan.findings[k].rule.id: worth for k, worth in plan.evidence.demands.items()}
    return {rule: pytest.approx(tuple(found[rule]), nan_ok=True) for rule in rules}


def dearest(tmp_path, rules, **changes):
    plan = planned(tmp_path, rules, **changes)
    return [(plan.findings[k].rule.id, plan.findings[k].member) for k in plan.evidence.dearest]


def score(*settings, path=TINY):
    return solve(load(path, settings=list(settings))).log.program_score


def test_a_ceiling_is_priced_per_million_of_the_ceiling_before_its_reserve():
    # Of a million more NDICI keeps 5 % back: what 0.95 million of usable money earns. Limits are whole steps: 52.2 to 53.2.
    plan = solve(load(TINY), evidence="all")
    row = plan.free_money.set_index(["instrument", "year"]).loc[("ndici", 0)]
    assert row["one_more"] == pytest.approx(score("instruments.ndici.ceiling.total=56") - score(), abs=0.06)
    assert row["one_less"] == pytest.approx(score("instruments.ndici.ceiling.total=54") - score(), abs=0.06)
    usable = next(w for k, w in plan.evidence.demands.items() if plan.findings[k].member == ("ndici", "total"))
    assert 0 < row["one_more"] < usable.more
    assert solve(load(TINY)).free_money["one_more"].isna().all()


def test_a_yearly_ceiling_is_priced_with_what_may_be_carried_over_from_it(tmp_path):
    a = {**TWO_BY_TWO["instruments"]["a"], "ceiling": {"each": "5"}, "carry_over": {"share": "60 %"}, "reserve": "50 %"}
    case = {**TWO_BY_TWO, "years": "2025-2026", "instruments": {"a": a}, "eligibility": TWO_BY_TWO["eligibility"][:1]}
    # South may take nothing in 2025 and North needs nothing: all that 2025 has goes into 2026 as far as it may be carried.
    south = {**TWO_BY_TWO["partnerships"][1], "years": "2026"}
    path = write(tmp_path, {**case, "partnerships": [TWO_BY_TWO["partnerships"][0], south], "needs": TWO_BY_TWO["needs"][1:]})
    more = score("instruments.a.ceiling.each={2025: 6, 2026: 5}", path=path) - score(path=path)
    assert more == pytest.approx(0.5 * 0.6 * 2.0)  # half kept back, 60 % carried, priority 2
    plan = solve(load(path), evidence="all")
    assert plan.free_money.set_index("year")["one_more"][2025] == pytest.approx(more)
    # of a million of usable money 60 % are carried; nothing of 2025 can be spent in 2025 itself
    by_member = {plan.findings[k].member: w.more for k, w in plan.evidence.demands.items() if plan.findings[k].rule.id == "ceiling"}
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
    table = solve(load(path, settings=[at]), evidence="all").free_money.set_index(["instrument", "year"])["one_more"]
    expected = score(f"instruments.a.ceiling={more}", path=path) - score(at, path=path)
    assert expected == pytest.approx(0.1 * 0.5 * 2.0)  # a tenth of a million more for South at 2.0 and half a euro; North has all it needs
    assert np.nansum([table["a", 2026], table["a", 0]]) == pytest.approx(expected)


def test_a_million_more_and_a_million_less_by_hand(tmp_path):
    # North stands at 2 instead of 3.4: a euro more earns 1.0 there and is missing in South's third step, at 0.6.
    assert worths(tmp_path, {"north": limit("north", "2")}) == {"north": (0.4, -0.4, 1, 1)}
    # From 3 to 3.4 a euro earns 0.4, then nothing: a million more brings 0.16, not 0.4. From 3 to 2 each costs 0.4.
    assert worths(tmp_path, {"north": limit("north", "3")}) == {"north": (0.16, -0.4, 1, 1)}
    # North at most 20 % of 10 is at most 2; a million more of that is 3, not 20 % of a million.
    share = {"kind": "share", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "20 %", "of": "10"}
    assert worths(tmp_path, {"north": share}) == {"north": (0.4, -0.4, 1, 1)}
    # Nothing to spare at 4.2 either: North stands at 3.4, and half a million less than a million away is no loss at all.
    assert worths(tmp_path, {"north": limit("north", "4.2")}) == {"north": (0.0, -0.08, 1, 1)}


def test_of_two_equal_limits_neither_brings_anything_and_both_cost(tmp_path):
    # The dual of one of them is 0.4, of the other 0: raising one alone brings nothing, lowering one costs 0.4.
    twice = {"one": limit("north", "2"), "two": limit("north", "2")}
    assert worths(tmp_path, twice) == {"one": (0.0, -0.4, 1, 1), "two": (0.0, -0.4, 1, 1)}
    assert dearest(tmp_path, twice) == []


def test_where_a_whole_million_is_impossible_it_is_the_largest_part(tmp_path):
    # South at least 15.6: all 6 of B and 9.6 of A, of which 0.6 meet nothing. A has 0.4 more, which North loses at 1.0. A million less:
    # North gains 1.0, South loses 0.4 of its third step, at 0.6.
    floor = limit("south", "15.6", at_least="15.6")
    del floor["at_most"]
    (more, less, up, down) = worths(tmp_path, {"south": floor})["south"].expected
    assert (more, less, up, down) == pytest.approx((-1.0, 0.76, 0.4, 1.0), abs=1e-5)
    # A at least 10, which is all it has: nothing more is possible, and a million less changes nothing, as A is worth having.
    everything = {"kind": "amount", "says": "all", "source": "assumption", "money": {"instrument": "a"}, "at_least": "10"}
    assert worths(tmp_path, {"a": everything}) == {"a": (np.nan, 0.0, 0, 1)}


def test_what_counts_or_is_all_or_nothing_has_no_price(tmp_path):
    size = {"kind": "minimum_size", "says": "5", "source": "assumption", "money": {"partnership": "north"}, "at_least": "5"}
    one = {"kind": "count", "says": "two", "source": "assumption", "counting": "partnership", "at_most": "2"}
    plan = planned(tmp_path, {"size": size, "one": one, "north": limit("north", "6")})
    basis = plan.rules_table.set_index("rule")["price_basis"]
    assert (basis["size"], basis["one"], basis["north"]) == ("see explain", "see explain", "confirmed")
    # North has 5 as it must; with that choice kept its limit of 6 may fall to 5 without loss, and rise.
    assert plan.rules_table.set_index("rule").loc["north", ["one_more", "one_less"]].tolist() == pytest.approx([0.0, 0.0])


def test_years_without_money_are_not_dearest(tmp_path):
    # A has 10 in 2025 and nothing in 2026. North's floor of 3 costs 1.2 - 1.0 a euro in 2025. In 2026 it is missed whatever happens, at
    # 9 a euro: that is no price of the floor.
    a = {**TWO_BY_TWO["instruments"]["a"], "ceiling": {"each": {"2025": "10", "2026": "0"}}}
    floor = {"kind": "amount", "says": "{year}", "for_each": "year", "money": {"partnership": "north"}, "at_least": "3", "soft": "9"}
    share = {"kind": "share", "says": "{year}", "for_each": "year", "money": {"partnership": "north"}, "at_least": "1 %", "of": {}}
    rules = {"floor": {**floor, "source": "assumption"}, "share": {**share, "source": "assumption"}}
    only_a = {"instruments": {"a": a}, "eligibility": TWO_BY_TWO["eligibility"][:1]}
    assert dearest(tmp_path, rules, years="2025-2026", **only_a) == [("floor", ("2025",))]


def test_the_dearest_are_those_of_ten_and_the_same_whether_or_not_all_are_asked(capsys):
    ten, everything = (solve(load(TINY), evidence=wanted) for wanted in ("dearest", "all"))
    print_plan(ten, Output())
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  dearest")]
    assert len(printed) == len(ten.evidence.dearest) > 0
    assert ten.evidence.dearest == everything.evidence.dearest
    assert ten.evidence.firmness == ()
    bench = Bench(load(TINY))
    for k, worth in everything.evidence.demands.items():
        block = bench.open.block(everything.findings[k].rule.id)
        row = block.rows.start + k - next(n for n, f in enumerate(everything.findings) if f.rule.id == block.owner)
        assert (worth.more, worth.less) == pytest.approx(bench.around(row), abs=1e-5)
    assert solve(load(TINY)).evidence == Evidence()


def test_beyond_the_limit_only_ten_are_confirmed_and_the_others_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr(prices, "MOST", 0)
    plan = planned(tmp_path, {"north": limit("north", "2")})
    table = plan.rules_table.set_index(["rule", "member"])
    assert table.loc[("north", ""), "price_basis"] == "confirmed"
    assert table.loc[("ceiling", "a|total"), ["price_basis", "dual"]].tolist() == ["dual, not confirmed", pytest.approx(0.6)]
    assert plan.evidence.firmness == ()


def test_how_firm_amounts_are_by_hand(tmp_path):
    # As on paper North has 3.4 and South 12.6, and no other plan scores as much.
    firm = planned(tmp_path, {}).evidence.firmness
    assert [(f.partnership, f.firm, f.least, f.most) for f in firm] == [
        ("north", True, pytest.approx(3.4, abs=1e-3), pytest.approx(3.4, abs=1e-3)),
        ("south", True, pytest.approx(12.6, abs=1e-3), pytest.approx(12.6, abs=1e-3)),
    ]
    # Two of the same need and value: 10 of A for 8 and 8, of which the first halves (4 and 4) earn more. The last 2 are anybody's.
    alike = [{"partnership": p, "area": "returns", "need": "8", "priority": "1"} for p in ("north", "south")]
    only_a = {"instruments": {"a": TWO_BY_TWO["instruments"]["a"]}, "eligibility": TWO_BY_TWO["eligibility"][:1], "needs": alike}
    plan = planned(tmp_path, {}, **only_a)
    assert [(f.firm, f.least, f.most) for f in plan.evidence.firmness] == [
        (False, pytest.approx(4, abs=1e-3), pytest.approx(6, abs=1e-3))
    ] * 2
    assert "0 of 2 partnerships" in firmness_said(plan, Words("en"))
    assert "4.0 to 6.0" in firmness_said(plan, Words("en"))


def test_a_stage_that_gives_up_score_has_its_plan_inside_its_ranges(tmp_path):
    # Evenness may cost a tenth of the score: the ranges are those of plans that score as much as this one, not as the best.
    even = [{"impact": {"give": "10 %"}}, {"lowest_coverage": {"for_each": "partnership"}}]
    plan = planned(tmp_path, {}, objective=even)
    assert all(f.least <= f.amount <= f.most and not f.firm for f in plan.evidence.firmness)


def test_the_answers_do_not_depend_on_how_many_share_the_questions(monkeypatch):
    alone = solve(load(TINY), evidence="all").evidence
    monkeypatch.setattr(asking, "ALONE", 1)
    monkeypatch.setattr(asking, "cores", lambda: 3)
    assert solve(load(TINY), evidence="all").evidence == alone


def test_it_travels_with_the_record_and_earlier_records_have_none():
    plan, place = solve(load(TINY), evidence="all"), Place("book.xlsx")
    text = RunRecord.of(plan).text()
    assert plan_of(RunRecord.read(text, place), plan.scenario, place).evidence == plan.evidence
    earlier = json.loads(text)
    del earlier["evidence"]
    assert plan_of(RunRecord.read(json.dumps(earlier), place), plan.scenario, place).evidence == Evidence()
    for wrong in ({"demands": [[99, 1, 1, 1, 1]]}, {"dearest": [0]}, {"demands": [[0, "x", 1, 1, 1]]}, {"firmness": [1]}, []):
        with pytest.raises(ScenarioError, match="what solving again found"):
            plan_of(RunRecord.read(json.dumps({**earlier, "evidence": wrong}), place), plan.scenario, place)


def cells(plan, key, column):
    (sheet,) = [s for s in build_sheets(Book(plan, "en")) if s.key == key]
    return next((list(c.cells) for c in sheet.table.columns if c.key == column), None)


def test_the_workbook_prints_what_was_confirmed_and_says_what_was_not(tmp_path):
    floor = {"kind": "amount", "says": "South", "source": "assumption", "money": {"partnership": "south"}, "at_least": "15.6"}
    one = {"kind": "count", "says": "two", "source": "assumption", "counting": "partnership", "at_most": "2"}
    path = write(tmp_path, {**TWO_BY_TWO, "rules": {"south": floor, "one": one}})
    plan = solve(load(path), evidence="all")
    row = [f.rule.id for f in plan.findings].index("south")
    assert [cells(plan, "rules", key)[row] for key in ("one_more", "one_less")] == pytest.approx([-1.0, 0.76], abs=1e-5)
    assert cells(plan, "rules", "price_basis")[row : row + 2] == ["higher: EUR\u00a00.40 million is possible", "no price: see explain"]
    assert cells(plan, "by_partnership", "range") == ["firm", "firm"]
    quick = solve(load(path))
    assert cells(quick, "rules", "one_more")[row] is None
    assert cells(quick, "rules", "price_basis")[row] == "dual -1.000, not confirmed"
    assert cells(quick, "by_partnership", "range") is None


def test_quick_asks_nothing_and_is_refused_with_what_it_leaves_out(tmp_path):
    path, book = str(write(tmp_path, {**TWO_BY_TWO, "rules": {"north": limit("north", "2")}})), str(tmp_path / "plan.xlsx")
    said = {
        flags: CliRunner().invoke(cli, ["run", path, *flags]) for flags in ((), ("-o", book), ("-n", "--quick"), ("--quick", "--ranges"))
    }
    assert [done.exit_code for done in said.values()] == [0, 0, 0, 2]
    assert ["dearest" in done.stdout for done in said.values()] == [True, True, False, False]
    assert ["\nFirm " in done.stdout for done in said.values()] == [False, True, False, False]
    assert CliRunner().invoke(cli, ["verify", book]).exit_code == 0
