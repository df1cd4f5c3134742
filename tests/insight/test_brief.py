"""What is told of a plan, against figures worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from cases import TINY, TWO_BY_TWO
from fundalloc.insight.brief import Brief, brief_of, rounded, whole_number
from fundalloc.labels import LANGUAGES, Words
from fundalloc.plan.sums import ExactSums
from fundalloc.run import solve, with_baseline
from fundalloc.scenario.loading import load


def told(folder: Path, language: str = "en", **changes: object) -> Brief:
    """Return the brief of two-by-two, solved on paper in `cases.py`."""
    file = folder / "case.yaml"
    file.write_text(json.dumps(TWO_BY_TWO | changes), "utf-8")
    plan = solve(with_baseline(load(file)))
    return brief_of(ExactSums(plan), Words(plan.scenario.speaks(language)))


def test_every_partnership_has_decided_new_and_missing_money_the_most_missing_first(tmp_path: Path) -> None:
    """B's 6 meet 3 in the South, whose first 9.6 A completes with 6.6; the North has the other 3.4 of its 8."""
    rows = told(
        tmp_path,
        decided=[{"instrument": "a", "partnership": "south", "area": "returns", "year": "2026", "amount": "2", "state": "committed"}],
    ).rows
    shown = [(row.id, row.decided, row.new, row.planned, row.met, round(row.missing, 9)) for row in rows]
    assert shown == [("north", 0.0, 3.4, 3.4, 3.4, 4.6), ("south", 2.0, 10.6, 12.6, 9.6, 2.4)]


def test_who_gains_and_who_loses_against_the_baseline(tmp_path: Path) -> None:
    start = TWO_BY_TWO | {"needs": [TWO_BY_TWO["needs"][0] | {"priority": "3"}, TWO_BY_TWO["needs"][1] | {"priority": "1"}]}
    (tmp_path / "start.yaml").write_text(json.dumps(start), "utf-8")
    brief = told(tmp_path, baseline="start.yaml")
    (gain,), (lose,) = brief.gains, brief.losses
    assert (gain.id, lose.id) == ("south", "north")
    assert gain.change == -lose.change > 0  # both spend all 16
    assert [said.key for said in brief.standing] == ["gain", "lose"]


def test_without_a_baseline_nobody_gains_and_the_least_met_need_is_named(tmp_path: Path) -> None:
    brief = told(tmp_path)
    assert not brief.gains
    assert all(math.isnan(row.change) for row in brief.rows)
    assert [said.text(Words()) for said in brief.standing] == [
        "Most is newly planned for: South 12.6, North 3.4.",
        "The smallest part of the need is met in: North 43%, South 80%.",  # 3.4 of 8, 9.6 of 12
    ]


def test_what_is_missed_is_named_with_its_amounts(tmp_path: Path) -> None:
    rules = {
        "promise": {"kind": "amount", "says": "{partnership}: as promised", "source": "assumption", "at_least": {"north": "5"}}
        | {"for_each": "partnership", "soft": "0.001"},
    }
    brief = told(tmp_path, rules=rules)
    (missed,), (pledge,) = brief.missed, brief.pledges
    assert (missed.says, missed.amount, missed.limit, missed.pledge) == ("North: as promised", "3.4", "5.0", True)
    assert (pledge.promised, pledge.decided, pledge.planned, pledge.gap) == (5.0, 0.0, 3.4, 1.6)


def test_what_is_decided_and_what_is_left_when_nothing_is(tmp_path: Path) -> None:
    """As of 2027, 2026 is over: what is planned there can no longer be decided, and is no decision that is sought."""
    brief = told(tmp_path, as_of="2027-01-01", past="reconstructed")
    assert brief.asked.key == "asked_none"
    assert brief.figures["new_ahead"] == 0.0
    assert brief.figures["coverage_undecided"] == brief.figures["coverage"] == pytest.approx(13 / 20)
    assert told(tmp_path).figures["coverage_undecided"] == 0.0
    assert told(tmp_path, state="adopted").asked.key == "asked_adopted"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_whole_in_every_language(language: str) -> None:
    plan = solve(load(TINY))
    words = Words(plan.scenario.speaks(language))
    brief = brief_of(ExactSums(plan), words)
    said = [one.text(words) for one in (brief.asked, *brief.sentences, *brief.standing)]
    assert len(said) == 10
    assert not [text for text in said if "{" in text or not text.endswith(".")]
    assert len(brief.caveats) == 2  # illustrative data, and what is not proved


def test_numbers_of_sentences_are_rounded_half_up() -> None:
    assert [whole_number(value) for value in (0.5, 999.5, 16_721.4)] == ["1", "1\u00a0000", "16\u00a0721"]
    assert rounded(-0.2) == "0"
