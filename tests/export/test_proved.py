"""The proof reads the same wherever it stands: report, summary, cabinet page, run log, JSON and verify, in every language."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from cases import TINY, TWO_BY_TWO, spaced, write
from fundalloc.export.tables import to_json
from fundalloc.export.workbook import write_workbook
from fundalloc.labels import Words, languages
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load(TINY))


@pytest.fixture(scope="module")
def below_zero(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """4.6 + 14.4 of met need, less 3 x 50 of penalty for money that is decided above a soft limit."""
    cap = {"says": "cap", "kind": "amount", "money": {"partnership": "north"}, "at_most": "2", "soft": "50", "source": "assumption"}
    decided = [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2026", "amount": "5", "state": "locked"}]
    return solve(load(write(tmp_path_factory.mktemp("case"), TWO_BY_TWO | {"rules": {"cap": cap}, "decided": decided})))


def texts_of(path: Path) -> dict[str, list[str]]:
    """Return all texts of a workbook by sheet, hard spaces as plain ones."""
    book = openpyxl.load_workbook(path, data_only=True)
    return {sheet.title: [spaced(str(c.value)) for row in sheet for c in row if c.value is not None] for sheet in book}


def named(path: Path, key: str) -> list[object]:
    """Return the values beside a text, on whatever sheet it stands."""
    book = openpyxl.load_workbook(path, data_only=True)
    return [sheet.cell(c.row, c.column + 1).value for sheet in book for row in sheet for c in row if c.value == key]


@pytest.mark.parametrize("language", languages())
def test_one_share_on_every_page(plan: Plan, tmp_path: Path, language: str) -> None:
    words = Words(language)
    share = spaced(words.share(plan.proof.reached, 4))
    path = tmp_path / "plan.xlsx"
    write_workbook(plan, path, language)
    sheets = texts_of(path)
    assert sum(share in text for texts in sheets.values() for text in texts) == 2  # summary as text, and the cabinet's sentence
    for key in ("workbook.summary.reached.says", "workbook.log.reached"):
        assert named(path, words(key)) == [float(plan.proof.reached)]
    assert share in spaced(plan.proof.bound_text(words))
    certificate = json.loads(to_json(plan))["certificate"]
    assert certificate["reached"] == float(plan.proof.reached)
    assert named(path, words("workbook.summary.below_bound.says")) == [certificate["below"]]
    assert certificate["below"] == pytest.approx(certificate["gap"] + certificate["given_up"] + certificate["rounding"], abs=1e-12)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("audience", ["inside", "outside"])
def test_below_zero_points_take_the_place_of_shares(below_zero: Plan, tmp_path: Path, language: str, audience: str) -> None:
    words, path = Words(language), tmp_path / "plan.xlsx"
    write_workbook(below_zero, path, language, audience)
    for key in ("workbook.summary.reached.says", "workbook.log.reached"):
        assert named(path, words(key)) == []
    said = spaced(words("brief.proof_below", below_bound=words.number(float(below_zero.proof.parts.whole), 4)))
    assert any(said in texts for texts in texts_of(path).values()) == (audience == "inside")
    assert not any("#N/A" in text or "Err:" in text for texts in texts_of(path).values() for text in texts)


def test_the_run_log_says_what_the_search_came_to(plan: Plan, tmp_path: Path) -> None:
    case = TWO_BY_TWO | {
        "rules": {
            "viable": {
                "says": "7 or nothing",
                "source": "assumption",
                "kind": "minimum_size",
                "for_each": ["partnership", "instrument"],
                "at_least": "7",
            }
        }
    }
    found = solve(load(write(tmp_path, case)))
    for language in languages():
        words, path = Words(language), tmp_path / f"{language}.xlsx"
        write_workbook(found, path, language)
        assert named(path, words("workbook.log.search")) == [found.proof.search_text(words)]
        assert found.proof.status_text(words) in named(path, words("workbook.log.status"))
        write_workbook(found, path, language, "outside")
        assert named(path, words("workbook.log.search")) == []
    certificate = json.loads(to_json(found))["certificate"]
    assert certificate["search_bound"] == pytest.approx(found.log.bound)
    assert certificate["search_bound"] < certificate["bound"]


def test_json_says_who_proves_it(plan: Plan, below_zero: Plan) -> None:
    found = json.loads(to_json(plan))
    assert (found["status"], found["proved_by"]) == ("optimal", "exact arithmetic")
    found = json.loads(to_json(below_zero))["certificate"]
    assert (found["reached"], found["decided"]) == (None, pytest.approx(150))
    assert found["bound"] == pytest.approx(-131)
