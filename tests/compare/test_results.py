"""What differs in the results: who gains, which change moved what, how far movements reach, which rules changed status."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from compared import OVERRIDES, write_tiny, write_variant

from fundalloc.compare import Comparison, compare_files
from fundalloc.compare.attribution import SCORE, TOTAL, Attribution, solve_set, task_between
from fundalloc.compare.movements import BEYOND, DECISION, WITHIN
from fundalloc.compare.outcome import NOT_ASKED
from fundalloc.compare.sides import Side
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options

pytest_plugins = ("two_sides",)


@pytest.fixture(scope="module")
def shares(found: Comparison) -> Attribution:
    attribution = found.pairs[0].attribution
    assert isinstance(attribution, Attribution)
    return attribution


def compared(folder: Path, text: str, **options: bool) -> Comparison:
    tiny, variant = write_tiny(folder), write_variant(folder, f"extends: tiny.yaml\n{text}")
    return compare_files(str(tiny), str(variant), **{"attributed": False, **options})


class TestTotals:
    def test_every_side_is_its_own_plan(self, found: Comparison, two_files: tuple[Path, Path]) -> None:
        for side, file in zip(found.sides, two_files, strict=True):
            plan = solve(load(file))
            for dimension in ("partnership", "area", "year"):
                expected = plan.total(dimension, counts="budget")
                sums = side.outcome.totals(dimension)
                assert {str(k): float(v) for k, v in expected.items() if v} == {k: float(v) for k, v in sums.items() if v}

    def test_partner_money_is_kept_apart(self, found: Comparison) -> None:
        assert found.total("partner").amounts == (Fraction(3, 2), Fraction(3, 2))
        assert {row.member for row in found.rows("instrument")} == {"ndici", "amif", "member-states"}
        assert sum((row.amounts[0] for row in found.rows("partnership")), Fraction(0)) == found.total().amounts[0]

    def test_markers_are_weighted_by_hand(self, found: Comparison) -> None:
        weights = {"smuggling": Fraction(6, 10), "returns": Fraction(7, 10), "legal-pathways": Fraction(1)}
        for k, side in enumerate(found.sides):
            expected = Fraction(0)
            for (instrument, _, area, _), amount in side.outcome.amounts.items():
                if instrument != "member-states":
                    half = instrument == "amif" and area == "legal-pathways"
                    expected += amount * (Fraction(1, 2) if half else weights[area])
            assert [row.amounts[k] for row in found.rows("marker")] == [expected]

    def test_money_that_sits_elsewhere(self, found: Comparison) -> None:
        a, b = (side.outcome.amounts for side in found.sides)
        expected = sum(abs(b.get(key, Fraction(0)) - a.get(key, Fraction(0))) for key in {*a, *b}) / 2
        assert found.pairs[0].moved == expected > 0

    def test_a_scenario_does_not_differ_from_itself(self, two_files: tuple[Path, Path]) -> None:
        same = compare_files(str(two_files[0]), str(two_files[0]), attributed=False)
        assert not same.differs
        assert [side.name for side in same.sides] == ["tiny #1", "tiny #2"]


class TestAttribution:
    def test_shares_add_up_exactly_to_what_is_needed_of_every_figure(self, found: Comparison, shares: Attribution) -> None:
        for dimension in ("partnership", "instrument", "area", "year"):
            rows = {row.member: row.needed[0] for row in found.rows(dimension)}
            for kind, member in shares.figures:
                if kind == dimension:
                    assert sum(shares.exact((kind, member))) == rows.get(member, 0)
        assert sum(shares.exact(TOTAL)) == found.total().changes[0] == 4

    def test_rounded_shares_are_whole_steps_and_still_add_up(self, found: Comparison, shares: Attribution) -> None:
        for dimension in ("partnership", "instrument", "area", "year"):
            rows = {row.member: row.needed[0] for row in found.rows(dimension) if row.needed[0]}
            parts = {part.member: part for part in shares.by(dimension)}
            for member, change in rows.items():
                assert parts[member].change == change == sum(parts[member].parts)
            for part in parts.values():
                assert all((share / shares.unit).denominator == 1 for share in part.parts)
                exact = shares.exact((dimension, part.member))
                assert all(abs(a - b) < shares.unit for a, b in zip(part.parts, exact, strict=True))
        assert sum(shares.score.parts) == shares.score.change

    def test_the_sums_of_an_override_are_the_same_in_every_dimension(self, shares: Attribution) -> None:
        totals = [[sum(part.parts[i] for part in shares.by(d)) for i in range(len(OVERRIDES))] for d in ("partnership", "area", "year")]
        assert totals[0] == totals[1] == totals[2] == list(shares.total.parts)

    def test_only_the_ceiling_brings_more_money(self, shares: Attribution) -> None:
        assert dict(zip(OVERRIDES, shares.total.parts, strict=True)) == {**dict.fromkeys(OVERRIDES, 0), "instruments.amif.ceiling": 4}

    def test_the_score_of_a_set_is_that_of_the_scenario_written_out(self, found: Comparison, tmp_path: Path) -> None:
        a, b = (side.inputs for side in found.sides)
        assert a is not None
        assert b is not None
        task = task_between(a, b, found.pairs[0].overrides, Options())
        solved = solve_set(task, 0b00101)  # the ceiling and the priority
        assert not isinstance(solved, str)
        text = "instruments: {amif: {ceiling: {each: {2026: 14}}}}\nadjust: {more: [{area: returns, priority: inherited + 40 %}]}"
        write_tiny(tmp_path)
        plan = solve(load(write_variant(tmp_path, f"extends: tiny.yaml\n{text}\n")))
        assert solved[1] == pytest.approx(plan.log.program_score)
        assert shares_of(solved[0]) == pytest.approx(dict(plan.total("area").items()), abs=0.6)

    def test_sets_solved_on_all_cores_come_to_the_same(self, two_files: tuple[Path, Path], shares: Attribution, monkeypatch) -> None:
        monkeypatch.setattr("fundalloc.compare.attribution.WORTH_A_POOL", -1.0)
        monkeypatch.setattr("fundalloc.compare.attribution.cores", lambda: 2)
        pooled = compare_files(*map(str, two_files)).pairs[0].attribution
        assert isinstance(pooled, Attribution)
        assert (pooled.shares, pooled.solves) == (shares.shares, shares.solves)

    def test_nothing_to_share_and_why_not(self, tmp_path: Path) -> None:
        assert (
            compared(tmp_path, "title: Other words", attributed=True).pairs[0].attribution
            == "nothing that could matter differs in the inputs"
        )
        years = compared(tmp_path, "years: 2025-2027", attributed=True).pairs[0].attribution
        assert years == "the two scenarios speak of different years"

    @pytest.mark.parametrize(
        ("language", "reason"), [("de", "handeln von verschiedenen Jahren"), ("fr", "portent sur des années différentes")]
    )
    def test_why_not_is_said_in_the_language_of_the_comparison(self, tmp_path: Path, language: str, reason: str) -> None:
        said = compared(tmp_path, "years: 2025-2027", attributed=True, language=language).pairs[0].attribution
        assert isinstance(said, str)
        assert reason in said

    def test_changes_that_only_work_together_are_walked_in_the_order_that_exists(self, tmp_path: Path) -> None:
        # without its allow entry there is no line that the rule could ask for: such a scenario is refused
        text = """
allow: {sahel-2025: {instrument: amif, partnership: sahel, area: returns, year: 2025, reason: why}}
rules: {early: {kind: amount, says: early, money: {partnership: sahel, area: returns, year: 2025}, at_least: 2, source: assumption}}
"""
        attribution = compared(tmp_path, text, attributed=True).pairs[0].attribution
        assert isinstance(attribution, Attribution)
        assert attribution.shares.orders == 1
        assert sum(attribution.exact(SCORE)) == pytest.approx(attribution.score.change, abs=0.06)


def shares_of(amounts: dict[tuple[str, str, str, str], Fraction]) -> dict[str, float]:
    out: dict[str, float] = {}
    for key, amount in amounts.items():
        out[key[2]] = out.get(key[2], 0.0) + float(amount)
    return out


class TestMovements:
    def side(self, name: str, amounts: dict[str, float], like: Side) -> Side:
        """A side with made-up amounts (keys without year), and the inputs of another."""
        from dataclasses import replace

        exact = {(*key.split("|"), "2026"): Fraction(str(amount)) for key, amount in amounts.items()}
        return replace(like, name=name, outcome=replace(like.outcome, amounts=exact))

    def test_the_classes_by_hand(self, found: Comparison) -> None:
        from fundalloc.compare.movements import class_movements

        before = {"ndici|egypt|smuggling": 10, "ndici|egypt|returns": 20, "ndici|tunisia|returns": 5, "amif|egypt|returns": 15}
        after = {"ndici|egypt|smuggling": 12, "ndici|egypt|returns": 15.9, "ndici|tunisia|returns": 7.1, "amif|egypt|returns": 20.1}
        movements = class_movements(self.side("a", before, found.sides[0]), self.side("b", after, found.sides[0]))
        classes = {(m.instrument, m.partnership, m.area): (float(m.change), m.reach) for m in movements.listed}
        assert classes == {
            ("ndici", "egypt", "smuggling"): (2.0, WITHIN),  # 20 % of 10
            ("ndici", "egypt", "returns"): (-4.1, DECISION),  # more than 20 % of 20
            ("ndici", "tunisia", "returns"): (2.1, DECISION),  # more than 20 % of 5
            ("amif", "egypt", "returns"): (5.1, BEYOND),  # amif has 20 in all, and nothing may be transferred to it
        }
        assert [m.change for m in movements.listed] == [Fraction(51, 10), Fraction(-41, 10), Fraction(21, 10), Fraction(2)]
        assert movements.sums(DECISION) == (2, Fraction(21, 10), Fraction(-41, 10))
        assert not movements.clause.rule

    def test_ten_million_are_the_most(self, found: Comparison) -> None:
        from fundalloc.compare.movements import class_movements

        a, b = ({"ndici|egypt|smuggling": 100.0}, {"ndici|egypt|smuggling": 89.9})
        movements = class_movements(self.side("a", a, found.sides[0]), self.side("b", b, found.sides[0]))
        assert [m.reach for m in movements.listed] == [DECISION]
        b = {"ndici|egypt|smuggling": 90.0}
        movements = class_movements(self.side("a", a, found.sides[0]), self.side("b", b, found.sides[0]))
        assert [m.reach for m in movements.listed] == [WITHIN]

    def test_a_transfer_gives_room_above_the_ceiling(self, found: Comparison, tmp_path: Path) -> None:
        from fundalloc.compare.movements import class_movements

        text = "transfers: {t: {from: ndici, to: amif, at_most: 10 %, source: assumption}}"
        side = compared(tmp_path, text).sides[1]
        a, b = ({"amif|egypt|returns": 15.0}, {"amif|egypt|returns": 25.5})  # 20 of its own, and 10 % of 55
        movements = class_movements(self.side("a", a, side), self.side("b", b, side))
        assert [m.reach for m in movements.listed] == [DECISION]
        movements = class_movements(self.side("a", a, side), self.side("b", {"amif|egypt|returns": 25.6}, side))
        assert [m.reach for m in movements.listed] == [BEYOND]

    def test_the_scenarios_own_clause_counts(self, tmp_path: Path) -> None:
        text = """
baseline: tiny.yaml
rules:
  clause:
    {kind: deviation, says: clause, for_each: [instrument, partnership, area], money: {year: 2026}, within: 50 %, amount: 3, source: x}
needs: {change: [{partnership: egypt, area: returns, need: inherited + 20 %}]}
"""
        movements = compared(tmp_path, text).pairs[0].movements
        clause = movements.clause
        assert (clause.rule, clause.side, clause.share, clause.amount) == ("clause", "variant", Fraction(1, 2), 3)
        assert clause.covers(("amif", "egypt", "returns", "2026"))
        assert not clause.covers(("amif", "egypt", "returns", "2025"))


class TestRules:
    def test_a_rule_that_only_one_has_is_measured_on_both_plans(self, found: Comparison) -> None:
        changes = {change.demand: change for change in found.pairs[0].rules or ()}
        egypt = changes["smuggling-cap", "egypt", "at most"]
        assert egypt.statuses[0] == NOT_ASKED
        assert egypt.before is not None
        spent = found.sides[0].outcome.amounts
        smuggling = sum((a for key, a in spent.items() if key[1:3] == ("egypt", "smuggling")), Fraction(0))
        assert egypt.before.amount == float(smuggling)
        assert egypt.before.status == "missed"
        assert egypt.crossed
        assert egypt.better
        assert egypt.says == "Egypt: little against smuggling"

    def test_the_weightiest_crossings_stand_first(self, found: Comparison) -> None:
        rules = found.pairs[0].rules or ()
        crossed = [change.crossed for change in rules]
        assert crossed == sorted(crossed, reverse=True)
        weights = [change.weight for change in rules if change.crossed]
        assert weights == sorted(weights, reverse=True)

    def test_a_status_that_stays_is_not_listed(self, found: Comparison) -> None:
        assert all(change.statuses[0] != change.statuses[1] for change in found.pairs[0].rules or ())


class TestNearest:
    def test_the_other_plan_moves_less_at_the_same_score(self, tmp_path: Path) -> None:
        text = "adjust: {more: [{area: returns, priority: inherited + 1 %}]}"
        plain, near = (compared(tmp_path, text, nearest=nearest) for nearest in (False, True))
        assert near.pairs[0].moved <= plain.pairs[0].moved
        assert near.sides[1].outcome.score == pytest.approx(plain.sides[1].outcome.score or 0, rel=1e-4)
