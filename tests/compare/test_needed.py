"""What must move and what is a choice among equally good plans: on paper, against another statement, and in every report.

The case: A's 10 go to North and South, which need 10 each and are worth the same from the first euro to the last. Every split of the
10 is equally good; a run of its own settles on halves.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pulp
import pytest
from click.testing import CliRunner, Result
from compared import VARIANT, write_tiny, write_variant

from cases import TWO_BY_TWO, write
from export.books import differences, table
from fundalloc.cli import cli
from fundalloc.compare import Comparison, compare_files
from fundalloc.compare.attribution import Attribution
from fundalloc.compare.comparison import Pair
from fundalloc.compare.measures import changed_rules
from fundalloc.compare.movements import CHOICE, CLASSES
from fundalloc.compare.outcome import Outcome
from fundalloc.export.comparison import write_comparison
from fundalloc.export.tables import to_json
from fundalloc.model.compile import compile_program
from fundalloc.run import plan_amounts, solve
from fundalloc.scenario.loading import load

pytest_plugins = ("two_sides",)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp"),
]

Call = Callable[..., Result]
LINES = ("north", "south")


@pytest.fixture
def fundalloc() -> Call:
    """Call a command."""
    return lambda *arguments: CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def floor(partnership: str, least: str, **more: str) -> dict[str, Any]:
    return {
        "kind": "amount",
        "says": f"{partnership}: {least}",
        "source": "x",
        "money": {"partnership": partnership},
        "at_least": least,
        **more,
    }


def case(folder: Path, name: str, *rules: dict[str, Any], priority: str = "1", **change: Any) -> str:
    """The case with some rules, as a file."""
    instruments = {"a": {"name": "A", "source": "assumption", "ceiling": "10"}}
    needs = [{"partnership": p, "area": "returns", "need": "10", "priority": priority if p == "north" else "1"} for p in LINES]
    written = {f"rule-{k}": rule for k, rule in enumerate(rules)}
    facts = {"instruments": instruments, "eligibility": [{"instrument": "a", "area": "returns"}], "needs": needs}
    steps = [{"share": "100 %", "value": "1"}]
    return str(write(folder, {**TWO_BY_TWO, "scenario": name, **facts, "steps": steps, "rules": written, **change}, f"{name}.yaml"))


def pair_of(*files: str, **options: Any) -> Pair:
    return compare_files(*files, **{"attributed": False, **options}).pairs[0]


def amounts(outcome: Outcome | str) -> tuple[float, ...]:
    assert isinstance(outcome, Outcome)
    totals = outcome.totals("partnership")
    return tuple(float(totals.get(name, 0)) for name in LINES)


class TestOnPaper:
    def test_a_plan_that_stays_as_good_need_not_move(self, tmp_path: Path) -> None:
        found = pair_of(case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "free"))
        assert [amounts(side.outcome) for side in (found.a, found.b)] == [(8, 2), (5, 5)]
        assert (found.moved, found.needed) == (3, 0)
        assert amounts(found.closest) == (8, 2)
        assert [m.reach for m in found.movements.listed] == [CHOICE, CHOICE]
        assert not any(found.movements.sums(reach)[0] for reach in CLASSES)

    def test_what_a_rule_forces_is_needed_in_full(self, tmp_path: Path) -> None:
        found = pair_of(case(tmp_path, "free"), case(tmp_path, "eight", floor("north", "8")))
        assert (found.moved, found.needed) == (3, 3)

    def test_a_movement_is_split(self, tmp_path: Path) -> None:
        # North 8 → 5 in South's scenario of its own; but South's 4 ask for no more than 2 of them
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "four", floor("south", "4"))
        whole = compare_files(*files)
        found = whole.pairs[0]
        assert [amounts(side.outcome) for side in (found.a, found.b)] == [(8, 2), (5, 5)]
        assert (found.moved, found.needed, amounts(found.closest)) == (3, 2, (6, 4))
        assert {m.partnership: (m.change, m.needed) for m in found.movements.listed} == {"north": (-3, -2), "south": (3, 2)}
        assert {row.member: (row.changes, row.needed) for row in whole.rows("partnership")} == {
            "north": ((-3,), (-2,)),
            "south": ((3,), (2,)),
        }
        # the shares are about the two that must move
        assert isinstance(found.attribution, Attribution)
        assert {part.member: part.change for part in found.attribution.by("partnership")} == {"north": -2, "south": 2}

    def test_a_better_plan_must_move_to_the_last_euro(self, tmp_path: Path) -> None:
        found = pair_of(case(tmp_path, "free"), case(tmp_path, "north-first", priority="1.1"))
        assert (amounts(found.closest), found.moved, found.needed) == ((10, 0), 5, 5)

    def test_more_than_two_are_compared_with_the_first(self, tmp_path: Path) -> None:
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "free"), case(tmp_path, "four", floor("south", "4"))
        found = compare_files(*files)
        assert [(pair.moved, pair.needed) for pair in found.pairs] == [(3, 0), (3, 2)]
        assert {row.member: row.needed for row in found.rows("partnership")} == {"north": (0, -2), "south": (0, 2)}

    def test_every_plan_is_the_one_of_its_own_run(self, tmp_path: Path) -> None:
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "four", floor("south", "4"))
        for side, file in zip(compare_files(*files, attributed=False).sides, files, strict=True):
            assert side.outcome.amounts == plan_amounts(solve(load(file)))

    def test_nearest_shows_the_closest_plan_instead(self, tmp_path: Path) -> None:
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "four", floor("south", "4"))
        found = compare_files(*files, nearest=True)
        assert (found.nearest, amounts(found.sides[1].outcome)) == (True, (6, 4))
        assert (found.pairs[0].moved, found.pairs[0].needed) == (2, 2)

    def test_nearest_holds_for_a_scenario_with_a_baseline_of_its_own(self, tmp_path: Path) -> None:
        case(tmp_path, "free")
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "starts", baseline="free.yaml")
        assert pair_of(*files, nearest=True).moved == 0

    def test_money_without_a_line_there_must_go(self, tmp_path: Path) -> None:
        barred = {"no-north": {"partnership": "north", "reason": "suspended"}}
        found = pair_of(case(tmp_path, "free"), case(tmp_path, "barred", exclude=barred))
        assert (found.moved, found.needed) == (5, 5)

    def test_later_goals_count_too(self, tmp_path: Path) -> None:
        # among equally good splits of the score this scenario wants the even one: the first plan is not as good any more
        goals = ["impact", {"lowest_coverage": {"for_each": "partnership"}}]
        found = pair_of(case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "even", objective=goals))
        assert (found.moved, found.needed) == (3, 3)

    def test_a_result_has_no_program_to_settle(self, tmp_path: Path) -> None:
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "free")
        (tmp_path / "free.json").write_text(to_json(solve(load(files[1]))), "utf-8")
        found = pair_of(files[0], str(tmp_path / "free.json"))
        assert (found.moved, found.needed, found.closest) == (3, None, "read")
        assert {m.reach for m in found.movements.listed} <= set(CLASSES)
        # the other way round there is one
        assert pair_of(str(tmp_path / "free.json"), files[0]).needed == 3

    def test_a_demand_that_crosses_by_choice_is_told_apart(self, tmp_path: Path) -> None:
        watched = floor("south", "5", watch="true")
        found = pair_of(case(tmp_path, "eight", floor("north", "8"), watched), case(tmp_path, "free", floor("north", "0"), watched))
        (change,) = [c for c in found.rules or () if c.crossed]
        assert (change.demand[0], change.needed) == ("rule-1", False)
        assert found.crossed == ()
        forced = pair_of(case(tmp_path, "eight", floor("north", "8"), watched), case(tmp_path, "south", floor("south", "6"), watched))
        assert [c.demand[0] for c in forced.crossed if c.needed] == ["rule-1"]
        assert changed_rules(forced.a, forced.b) is not None


class TestAnotherStatement:
    def test_no_equally_good_plan_is_closer(self, tmp_path: Path) -> None:
        """The same minimum from CBC, with the distance as columns of its own and the score as a row."""
        found = pair_of(str(write_tiny(tmp_path)), str(write_variant(tmp_path, VARIANT)))
        assert found.b.inputs is not None
        scenario = found.b.inputs.scenario
        program, best = compile_program(scenario), solve(scenario).log.program_score
        model = pulp.LpProblem("closest", pulp.LpMinimize)
        limits = zip(program.lower, program.upper, strict=True)
        x = [pulp.LpVariable(f"x{k}", low, None if np.isinf(high) else high) for k, (low, high) in enumerate(limits)]
        far = [pulp.LpVariable(f"far{k}", 0) for k in range(len(scenario.lines))]
        model += pulp.lpSum(far)
        rows: dict[int, list[pulp.LpAffineExpression]] = {}
        for row, column, value in zip(program.matrix.row, program.matrix.column, program.matrix.value, strict=True):
            rows.setdefault(row, []).append(value * x[column])
        for row, terms in rows.items():
            for limit, sense in ((program.row_lower[row], 1), (program.row_upper[row], -1)):
                if np.isfinite(limit):
                    model += sense * pulp.lpSum(terms) >= sense * limit
        model += pulp.lpSum(c * column for c, column in zip(program.cost, x, strict=True) if c) >= best - 1e-7
        for k, key in enumerate(scenario.lines.ids):
            first = float(found.a.outcome.amounts.get(key, 0))
            model += far[k] >= x[k] - first
            model += far[k] >= first - x[k]
        model.solve(pulp.PULP_CBC_CMD(msg=False))
        assert found.needed == pytest.approx(pulp.value(model.objective) / 2, abs=0.5)  # five steps: the closest plan is rounded
        assert found.needed is not None
        assert found.needed <= found.moved


class TestScores:
    def test_the_same_yardstick(self, tmp_path: Path) -> None:
        found = pair_of(case(tmp_path, "free"), case(tmp_path, "nine", floor("north", "9")))
        assert (found.scores.comparable, found.scores.before, found.scores.after) == (True, 10, 10)

    @pytest.mark.parametrize(
        ("change", "word"),
        [
            ({"priority": "1.1"}, "priorities"),
            ({"needs": [{"partnership": "north", "area": "returns", "need": "9"}]}, "needs"),
            ({"steps": [{"share": "60 %", "value": "1"}, {"share": "40 %", "value": "0.5"}]}, "steps"),
            ({"eligibility": [{"instrument": "a", "area": "returns", "effectiveness": "0.9"}]}, "effectiveness"),
            ({"rules": {"r": floor("north", "3", soft="1")}}, "penalties"),
            ({"instruments": {"a": {"name": "A", "source": "x", "ceiling": "10", "last_resort": "0.1"}}}, "last_resort"),
        ],
    )
    def test_another_yardstick_is_named(self, tmp_path: Path, change: dict[str, Any], word: str) -> None:
        scores = pair_of(case(tmp_path, "free"), case(tmp_path, "other", **change)).scores
        assert word in scores.differ
        assert not scores.comparable

    def test_a_soft_rule_that_counts_from_another_ceiling(self, tmp_path: Path) -> None:
        share = {"kind": "share", "says": "s", "source": "x", "money": {}, "at_least": "90 %", "of": {"ceiling": {}}, "soft": "1"}
        wide = {"a": {"name": "A", "source": "x", "ceiling": "30"}}
        scores = pair_of(case(tmp_path, "free", share), case(tmp_path, "wide", share, instruments=wide)).scores
        assert scores.differ == ("penalties",)
        assert scores.measured == pytest.approx(10 - (27 - 10))  # by the second's figures 27 should be spent

    def test_the_first_plan_is_measured_by_the_second_scenario(self, tmp_path: Path) -> None:
        # halves: 5 at 1.1 and 5 at 1; all of it at 1.1 is the best
        scores = pair_of(case(tmp_path, "free"), case(tmp_path, "north-first", priority="1.1")).scores
        assert (scores.before, scores.measured, scores.after) == (10, pytest.approx(10.5), pytest.approx(11))


class TestReports:
    def test_the_terminal(self, fundalloc: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "four", floor("south", "4")), case(tmp_path, "free")
        text = fundalloc("compare", "eight.yaml", "four.yaml").stdout
        assert "3.0 of money is elsewhere, of which 2.0 needed and 1.0 among equally good plans" in text
        assert "movements: 2; +2.0 and -2.0" in text
        assert "10.0 -> 10.0 points, measured alike" in text
        assert [line.split() for line in text.splitlines() if line.startswith("North ")] == [["North", "8.0", "5.0", "-3.0", "-2.0"]]
        text = fundalloc("compare", "eight.yaml", "free.yaml").stdout
        assert "3.0 of money is elsewhere, of which 0.0 needed and 3.0 among equally good plans" in text
        assert not any(line.startswith(("  flexible", "  decision", "  beyond")) for line in text.splitlines())
        more = {"a": {"name": "A", "source": "x", "ceiling": "12"}}
        case(tmp_path, "more", floor("north", "8"), instruments=more)
        text = fundalloc("compare", "eight.yaml", "more.yaml").stdout
        assert "1.0 of money is elsewhere, of which 1.0 needed and 0.0 among equally good plans" in text
        assert "half of what is more or less in all is counted: +2.0" in text
        assert "nothing: both plans are the same" in fundalloc("compare", "free.yaml", "free.yaml").stdout

    def test_scores_of_different_needs_do_not_stand_side_by_side(
        self, fundalloc: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        case(tmp_path, "free"), case(tmp_path, "other", priority="1.1")
        text = fundalloc("compare", "free.yaml", "other.yaml", "--by", "partnership").stdout
        assert "->" not in text[text.index("Score") :]
        assert "not comparable; what differs: priorities" in text
        assert "plan of free by the figures of other: 10.5 points" in text
        heading = next(line for line in text.splitlines() if line.startswith("What moved it"))
        assert "score" not in heading
        stated = json.loads(fundalloc("compare", "free.yaml", "other.yaml", "--json").stdout)["result"]["pairs"][0]
        assert stated["scores"]["comparable"] is False
        assert stated["scores"]["differ"] == ["priorities"]
        assert stated["attribution"]["score"] is None

    def test_json(self, fundalloc: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "four", floor("south", "4"))
        stated = json.loads(fundalloc("compare", "eight.yaml", "four.yaml", "--json").stdout)["result"]
        pair = stated["pairs"][0]
        assert (pair["moved"], pair["needed"], pair["needed_unknown"]) == (3, 2, None)
        assert {row["id"]: row["needed"] for row in stated["results"]["partnership"]} == {"north": [-2], "south": [2]}
        assert pair["attribution"]["of"] == "needed"

    def test_the_workbook(self, tmp_path: Path) -> None:
        files = case(tmp_path, "eight", floor("north", "8")), case(tmp_path, "four", floor("south", "4")), case(tmp_path, "free")
        found = compare_files(*files, case(tmp_path, "other", priority="1.1"), attributed=True)
        path = write_comparison(found, tmp_path / "book.xlsx")
        brief = table(path, "In brief").set_index("Indicator")
        assert brief.loc["Money that sits elsewhere than in eight", ["four", "free"]].tolist() == [3, 3]
        assert brief.loc["   of which needed", ["four", "free"]].tolist() == [2, 0]
        assert brief.loc["Partnerships that gain", ["four", "free"]].tolist() == [1, 0]
        assert brief.loc["Largest gain", ["four", "free"]].tolist() == ["South", "nobody"]
        assert brief.loc["Score", ["eight", "four", "free"]].tolist() == [10, 10, 10]
        assert np.isnan(brief.loc["Score", "other"])
        assert brief.loc["Score by the figures of other", ["eight", "other"]].tolist() == pytest.approx([10.8, 11])
        moved = table(path, "Movements")
        own = moved[(moved["Scenario"] == "four") & (moved["Partnership"] == "North")].iloc[0]
        assert own[["Change", "Needed", "Among equally good plans"]].tolist() == [-3, -2, -1]
        assert set(moved[moved["Scenario"] == "free"]["Reach"]) == {"Among equally good plans"}
        assert differences(path, tmp_path) == []

    def test_counts_do_not_hang_on_floating_point_dust(self, tmp_path: Path) -> None:
        # 0.1 + 0.2 here, 0.3 there: North neither gains nor loses
        rows = ["instrument,partnership,area,year,amount", "a,north,x,2026,{}", "a,north,y,2026,{}", "a,south,x,2026,1", "a,east,x,2026,{}"]
        for name, amounts in (("one", (0.3, 0, 1)), ("two", (0.1, 0.2, 1.1))):
            (tmp_path / f"{name}.csv").write_text("\n".join(rows).format(*amounts) + "\n", "utf-8")
        path = write_comparison(compare_files(str(tmp_path / "one.csv"), str(tmp_path / "two.csv")), tmp_path / "dust.xlsx")
        brief = table(path, "In brief").set_index("Indicator")
        assert brief.loc[["Partnerships that gain", "Partnerships that lose"], "two"].tolist() == [1, 0]
        assert differences(path, tmp_path) == []
        cover = [str(cell.value) for row in openpyxl.load_workbook(path)["Cover"].iter_rows() for cell in row]
        assert any(text.startswith("Not known: two was read, not solved") for text in cover)


def test_the_needed_part_is_a_plan_of_the_second_scenario(found: Comparison) -> None:
    pair = found.pairs[0]
    assert isinstance(pair.closest, Outcome)
    assert pair.closest.plan is not None
    assert not [f for f in pair.closest.plan.findings if f.status == "breach"]
    assert pair.closest.score == pytest.approx(pair.b.outcome.score, rel=1e-3)
    assert replace(pair, closest="read").needed is None
