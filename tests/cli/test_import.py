"""`fundalloc import`: what colleagues changed and said comes back exactly, merged, measured, and as a scenario that runs.

The tiny case. AMIF has 10 a year and uses all of it in 2026; Sahel has 4.5 of it for returns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl.utils import get_column_letter

from cases import TINY
from fundalloc.export.workbook import write_workbook
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from workbooks import add_row, headings, opened, replace_part, row_of, saved_by_libreoffice, type_in

SAHEL, EGYPT = "amif|sahel|returns|2026", "ndici|egypt|smuggling|2026"
TOO_MUCH = "AMIF thematic facility: ceiling 2026: 11.5 instead of at most 10.0, EUR\u00a01.5 million too much (ceiling)"
Edit = Callable[[Any], object]

pytest_plugins = ("calls",)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook as it was sent round."""
    return write_workbook(solve(load(TINY)), tmp_path_factory.mktemp("sent") / "plan.xlsx")


@pytest.fixture
def copy(sent, tmp_path):
    """copy(edit, name): a copy of the workbook in which somebody has done something."""

    def made(edit: Edit, name: str = "plan_JD.xlsx", source: Path = sent) -> Path:
        with opened(source, tmp_path / name) as book:
            edit(book)
        return tmp_path / name

    return made


def adjust(line: str, by: object, comment: str | None = None, author: str | None = None) -> Edit:
    return lambda book: type_in(book, "Allocation", (line,), adjustment=by, comment=comment, author=author)


def limit(rule: str, member: str, side: str, to: object, comment: str | None = None, author: str | None = None) -> Edit:
    return lambda book: type_in(book, "Rules", (rule, member, side), limit=to, comment=comment, author=author)


def everything(book: Any) -> None:
    """Two adjustments, three limits, a rule as a row, one on the prepared sheet, and a question."""
    adjust(SAHEL, 1.5, "Reception centre", "J. Doe")(book)
    adjust(EGYPT, -2.5)(book)
    adjust("amif|egypt|returns|2025", None, 'Why so "little"?', "J. Doe")(book)
    limit("packages", "egypt", "at least", 30, "as promised", "J. Doe")(book)
    limit("absorption", "tunisia|2026", "at most", 15)(book)
    limit("ceiling", "ndici|2025", "at most", 29)(book)
    add_row(
        book,
        "Rules",
        Rule="Egypt 2026",
        In_words="Egypt: at most 12 in 2026",
        Side="at most",
        limit=12,
        Amount='=SUMIFS(Allocation[Planned],Allocation[Partnership ID],"egypt",Allocation[Year],">=2026")',
        author="M. K.",
    )
    row, columns = headings(book["Own rules"], "In words (input)")
    for name, value in {"In words (input)": "Returns early", "Area ID (input)": "returns", "To (input)": 2025, "Limit (input)": 4}.items():
        book["Own rules"].cell(row + 1, columns[name]).value = value


EVERYTHING = {
    "extends": "tiny.yaml",
    "scenario": "tiny-adjusted",
    "title": {"en": "A made-up case, small enough to solve on paper (as adjusted)"},
    "rules": {
        "adjusted-amif-sahel-returns-2026": {
            "kind": "amount",
            "says": "AMIF thematic facility, Sahel regional programme, Returns, 2026: 6 instead of 4.5, as adjusted",
            "money": {"instrument": "amif", "partnership": "sahel", "area": "returns", "year": 2026},
            "exactly": 6,
            "source": 'adjusted by J. Doe: "Reception centre" (plan_JD.xlsx:Allocation!{})',
            "negotiable": "practice",
        },
        "adjusted-ndici-egypt-smuggling-2026": {
            "kind": "amount",
            "says": "NDICI-Global Europe, Egypt, Smuggling, 2026: 2.7 instead of 5.2, as adjusted",
            "money": {"instrument": "ndici", "partnership": "egypt", "area": "smuggling", "year": 2026},
            "exactly": 2.7,
            "source": "adjusted without a name (plan_JD.xlsx:Allocation!{})",
            "negotiable": "practice",
        },
        "packages": {"at_least": {"egypt": 30}},
        "own-egypt-2026": {
            "kind": "amount",
            "says": "Egypt: at most 12 in 2026",
            "money": {"partnership": "egypt", "year": 2026},
            "at_most": 12,
            "source": "added by M. K. (plan_JD.xlsx:Rules!{})",
            "negotiable": "political",
        },
        "own-returns-early": {
            "kind": "amount",
            "says": "Returns early",
            "money": {"area": "returns", "year": 2025},
            "at_least": 4,
            "source": "added without a name (plan_JD.xlsx:Own rules!{})",
            "negotiable": "political",
        },
    },
    "partnerships": {"change": [{"id": "tunisia", "absorption.2026": 15}]},
    # 29 usable at a reserve of 5 %: 29 / 0.95, rounded up to a thousandth of a euro.
    "instruments": {"ndici": {"ceiling": {"each": {2025: 30.52631579}}}},
}


def without_cells(value: Any) -> Any:
    """Put {} for the cells that sources name."""
    if isinstance(value, dict):
        return {key: without_cells(entry) for key, entry in value.items()}
    if isinstance(value, str) and value.endswith(")") and "!" in value:
        return f"{value.rpartition('!')[0]}!{{}})"
    return value


def test_everything_that_was_changed_and_said_comes_back(fundalloc, copy):
    result = fundalloc("import", copy(everything))
    assert result.exit_code == 0
    assert without_cells(yaml.safe_load(result.stdout)) == EVERYTHING
    assert result.stdout.splitlines()[0].endswith("plan_JD.xlsx: 2 amounts adjusted, 3 limits changed, 2 rules added.")
    assert '# On amif|egypt|returns|2025, by J. Doe: "Why so "little"?" (plan_JD.xlsx:Allocation!I' in result.stdout
    assert '  # 6.5 before, changed by J. Doe: "as promised" (plan_JD.xlsx:Rules!G' in result.stdout


def test_what_the_changes_break_is_said_with_how_much(fundalloc, copy):
    result = fundalloc("import", copy(adjust(SAHEL, 1.5)))
    # Sahel may take 20 a year and has less; AMIF has 10 in 2026 and all of it is used.
    assert "With these changes alone, 1 demand that must hold is broken:" in result.stderr
    assert f"  {TOO_MUCH}" in result.stderr
    result = fundalloc("import", copy(adjust("amif|global|returns|2025", 1)))
    assert "  amif|global|returns|2025: 3, but exactly 2 is decided" in result.stderr


def test_a_lawful_change_breaks_nothing(fundalloc, copy):
    result = fundalloc("import", copy(adjust("amif|global|returns|2026", -0.1)))
    assert result.stderr.splitlines()[0] == "With these changes alone, everything that must hold still holds."


def test_the_variant_keeps_the_edits_and_completes_the_plan(fundalloc, copy, tmp_path):
    target = tmp_path / "adjusted.yaml"
    assert fundalloc("import", copy(everything), "-o", target).exit_code == 0
    assert (tmp_path / "adjusted-original" / "tiny.yaml").read_bytes() == TINY.read_bytes()
    scenario = load(target)
    assert [r.id for r in scenario.written_rules][-2:] == ["own-egypt-2026", "own-returns-early"]
    found = json.loads(fundalloc("run", target, "-n", "--json").stdout)["result"]
    amounts = {row["key"]: row["amount"] for row in found["allocation"]}
    assert (amounts[SAHEL], amounts[EGYPT]) == (6, 2.7)
    assert sum(v for k, v in amounts.items() if k.startswith("ndici|") and k.endswith("|2025")) <= 29
    assert sum(v for k, v in amounts.items() if "|egypt|" in k) >= 30
    assert sum(v for k, v in amounts.items() if "|egypt|" in k and k.endswith("2026")) <= 12
    assert {row["status"] for row in found["rules"]} <= {"ok", "at limit", "missed"}
    # It starts from the plan as circulated, so that the difference is what the edits moved.
    circulated = {row["key"]: row["amount"] for row in json.loads(fundalloc("run", TINY, "-n", "--json").stdout)["result"]["allocation"]}
    assert {row["key"]: row["amount"] for row in found["baseline"]} == circulated


def test_a_sentence_says_the_limit_that_was_typed_over(fundalloc, copy, tmp_path):
    # Sahel has 2.1 of 20.7 for legal migration; 12 % would be 2.484.
    book = copy(lambda book: [limit("legal-floor", member, "at least", 0.12)(book) for member in ("tunisia", "egypt", "sahel")])
    result = fundalloc("import", book, "-o", tmp_path / "back.yaml")
    missed = (
        "at least 12\u00a0% for legal migration: 2.1 instead of at least 2.4840 (12\u00a0% of 20.7), EUR\u00a00.3840 million too little"
    )
    assert f"Sahel regional programme: {missed} (legal-floor)" in result.stderr
    told = fundalloc("explain", tmp_path / "back.yaml", "legal-floor").stdout
    assert "Each partnership: at least 12\u00a0% for legal migration" in told
    assert "10\u00a0%" not in told
    only_egypt = copy(limit("legal-floor", "egypt", "at least", 0.12), "plan_MK.xlsx")
    fundalloc("import", only_egypt, "-o", tmp_path / "egypt.yaml")
    scenario = load(tmp_path / "egypt.yaml")
    (floor,) = [rule for rule in scenario.written_rules if rule.id == "legal-floor"]
    said = {member[0]: floor.sentence(member, scenario.names("de"), "de") for member in floor.demands(scenario.lines).member}
    assert {name: "12\u00a0%" in text for name, text in said.items()} == {"tunisia": False, "egypt": True, "sahel": False}, said


def test_a_limit_typed_for_one_member_leaves_the_figure_of_its_label_to_the_others(fundalloc, copy, variant, tmp_path):
    # The figure for returns holds for two partnerships; Egypt's is typed over.
    path = variant(
        (
            "rules:\n",
            "rules:\n  pairs: {kind: amount, for_each: [area, partnership], money: {partnership: [egypt, tunisia]}, at_least: {returns: 1},"
            ' says: "{area} {partnership}", source: assumption}\n',
        )
    )
    book = copy(limit("pairs", "returns|egypt", "at least", 2), source=write_workbook(solve(load(path)), tmp_path / "plan.xlsx"))
    assert fundalloc("import", book, "-o", tmp_path / "back.yaml").exit_code == 0
    scenario = load(tmp_path / "back.yaml")
    (pairs,) = [rule for rule in scenario.written_rules if rule.id == "pairs"]
    demands = pairs.demands(scenario.lines)
    assert dict(zip(demands.member, demands.figure, strict=True)) == {("returns", "tunisia"): 1, ("returns", "egypt"): 2}


def test_beside_the_original_nothing_is_copied(fundalloc, copy, tmp_path):
    (tmp_path / "tiny.yaml").write_bytes(TINY.read_bytes())
    fundalloc("import", copy(adjust(SAHEL, -0.5)), "-o", tmp_path / "adjusted.yaml")
    assert not (tmp_path / "adjusted-original").exists()
    assert yaml.safe_load((tmp_path / "adjusted.yaml").read_text("utf-8"))["extends"] == "tiny.yaml"
    (tmp_path / "tiny.yaml").write_bytes(TINY.read_bytes().replace(b"need: 12.5", b"need: 12.6"))
    fundalloc("import", tmp_path / "plan_JD.xlsx", "-o", tmp_path / "adjusted.yaml")
    assert (tmp_path / "adjusted-original" / "tiny.yaml").is_file()


def test_adjusting_the_result_again_replaces_the_first_adjustment(fundalloc, copy, tmp_path):
    fundalloc("import", copy(adjust(SAHEL, -0.5)), "-o", tmp_path / "once.yaml")
    fundalloc("run", tmp_path / "once.yaml", "-o", tmp_path / "once.xlsx")
    again = copy(adjust(SAHEL, -1), "again.xlsx", tmp_path / "once.xlsx")
    assert fundalloc("import", again, "-o", tmp_path / "twice.yaml").exit_code == 0
    found = json.loads(fundalloc("run", tmp_path / "twice.yaml", "-n", "--json").stdout)["result"]
    assert next(row["amount"] for row in found["allocation"] if row["key"] == SAHEL) == 3


def test_settings_of_the_run_stay(fundalloc, sent, tmp_path):
    fundalloc(
        "run", TINY, "--set", "rules.oda.at_least=75 %", "--set", "instruments.amif.ceiling.each=9", "-o", tmp_path / "set.xlsx", "-q"
    )
    with opened(tmp_path / "set.xlsx", tmp_path / "set_JD.xlsx") as book:
        adjust("amif|global|returns|2026", -0.1)(book)
    assert fundalloc("import", tmp_path / "set_JD.xlsx", "-o", tmp_path / "set.yaml").exit_code == 0
    found = json.loads(fundalloc("run", tmp_path / "set.yaml", "-n", "--json").stdout)["result"]
    limits = {(row["rule"], row["member"]): row["limit"] for row in found["rules"]}
    assert limits["ceiling", "amif|2025"] == 9
    assert next(row for row in found["rules"] if row["rule"] == "oda")["limit"] == pytest.approx(
        0.75 * next(row for row in found["rules"] if row["rule"] == "oda")["base"]
    )


def test_nothing_changed(fundalloc, sent):
    result = fundalloc("import", sent)
    assert result.exit_code == 0
    assert result.stderr == "Nothing was changed or said.\n"
    assert yaml.safe_load(result.stdout).keys() == {"extends", "scenario", "title"}


def test_as_json(fundalloc, copy):
    found = json.loads(fundalloc("import", copy(adjust(SAHEL, 1.5, "why", "J. Doe")), "--json").stdout)["result"]
    (row,) = found["adjustments"]
    assert (row["line"], row["from"], row["to"], row["by"], row["author"], row["comment"]) == (SAHEL, 4.5, 6, 1.5, "J. Doe", "why")
    assert found["broken"] == [TOO_MUCH]


# --- several copies ----------------------------------------------------------------------------------------------------


def test_copies_are_merged(fundalloc, copy):
    first = copy(adjust(SAHEL, 1.5, "more", "J. Doe"))
    second = copy(lambda book: (adjust(EGYPT, -1, author="M. K.")(book), adjust(SAHEL, 1.5, "I agree", "M. K.")(book)), "plan_MK.xlsx")
    found = yaml.safe_load(fundalloc("import", first, second).stdout)["rules"]
    assert list(found) == ["adjusted-amif-sahel-returns-2026", "adjusted-ndici-egypt-smuggling-2026"]
    source = found["adjusted-amif-sahel-returns-2026"]["source"]
    assert source.startswith('adjusted by J. Doe, M. K.: "more / I agree" (plan_JD.xlsx:Allocation!G')
    assert "plan_MK.xlsx:Allocation!G" in source


def test_a_conflict_names_both_files_and_cells(fundalloc, copy):
    first = copy(lambda book: (adjust(SAHEL, 1.5, author="J. Doe")(book), limit("packages", "egypt", "at least", 7)(book)))
    second = copy(lambda book: (adjust(SAHEL, -1, author="M. K.")(book), limit("packages", "egypt", "at least", 8)(book)), "plan_MK.xlsx")
    result = fundalloc("import", first, second)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert f"{first}:Allocation!G39: {SAHEL}: 6 by J. Doe here, but 3.5 by M. K. in {second}:Allocation!G39" in result.stderr
    assert f"{first}:Rules!G11: the limit of packages egypt: 7 here, but 8 in {second}:Rules!G11" in result.stderr
    assert "2 problems." in result.stderr


def test_copies_of_different_runs_are_refused(fundalloc, copy, tmp_path):
    fundalloc("run", TINY, "--set", "instruments.amif.ceiling.each=9", "-o", tmp_path / "other.xlsx", "-q")
    first = copy(adjust(SAHEL, 1.5))
    result = fundalloc("import", first, tmp_path / "other.xlsx")
    assert result.exit_code == 3
    assert f"other.xlsx: not a copy of the same run as {first}" in result.stderr


def test_copies_in_two_languages_are_copies_of_one_run(fundalloc, copy, tmp_path):
    fundalloc("run", TINY, "--lang", "bg", "-o", tmp_path / "bg.xlsx", "-q")
    result = fundalloc("import", copy(adjust(SAHEL, 1.5)), tmp_path / "bg.xlsx")
    assert result.exit_code == 0
    assert list(yaml.safe_load(result.stdout)["rules"]) == ["adjusted-amif-sahel-returns-2026"]


def test_copies_with_and_without_what_solving_again_found_are_copies_of_one_run(fundalloc, copy, tmp_path):
    for name, how in (("quick.xlsx", "--quick"), ("full.xlsx", "--prices")):
        assert fundalloc("run", TINY, how, "-o", tmp_path / name, "-q").exit_code == 0
    first = copy(adjust(SAHEL, 1.5), "plan_quick.xlsx", tmp_path / "quick.xlsx")
    second = copy(adjust(EGYPT, 0.5), "plan_full.xlsx", tmp_path / "full.xlsx")
    for files in ((first, second), (second, first)):
        result = fundalloc("import", *files, "-o", tmp_path / "next.yaml", "--force", "--json")
        assert result.exit_code == 0, result.stderr
        found = json.loads(result.stdout)["result"]
        assert {one["line"] for one in found["adjustments"]} == {SAHEL, EGYPT}
        assert found["left"] == found["harmless"] == []


# --- what other people and programs do to the file -----------------------------------------------------------------------


def test_after_libreoffice_has_saved_it(fundalloc, copy, tmp_path):
    edited = copy(everything)
    saved = saved_by_libreoffice(edited, tmp_path / "lo")
    assert fundalloc("import", saved).stdout == fundalloc("import", edited).stdout


def test_after_sorting_inserting_and_renaming(fundalloc, copy, tmp_path):
    """Rows in another order, a column and two rows inserted, a filter set, sheets renamed: the same edits come back."""

    def shuffle(book: Any) -> None:
        everything(book)
        for name in ("Allocation", "Rules"):
            sheet = book[name]
            first, _ = headings(sheet, "Comment (input)")
            rows = [
                [cell.value for cell in row] for row in sheet.iter_rows(min_row=first + 1) if any(cell.value is not None for cell in row)
            ]
            for number, values in enumerate(reversed(rows), start=first + 1):
                for column, value in enumerate(values, start=1):
                    sheet.cell(number, column).value = value
            sheet.row_dimensions[first + 3].hidden = True
            sheet.insert_cols(3)
            sheet.cell(first, 3).value = "My notes"
            sheet.insert_rows(2, 2)
            sheet.title = f"{name} JD"

    result = fundalloc("import", copy(shuffle))
    found, expected = (
        without_cells(yaml.safe_load(result.stdout)),
        json.loads(json.dumps(EVERYTHING).replace("Allocation!", "Allocation JD!")),
    )
    expected["rules"]["own-egypt-2026"]["source"] = "added by M. K. (plan_JD.xlsx:Rules JD!{})"
    expected["instruments"] = EVERYTHING["instruments"]
    assert found == expected


def test_a_workbook_in_bulgarian(fundalloc, tmp_path):
    fundalloc("run", TINY, "--lang", "bg", "-o", tmp_path / "bg.xlsx", "-q")
    with opened(tmp_path / "bg.xlsx", tmp_path / "bg_JD.xlsx") as book:
        sheet = next(s for s in book if any(c.value == SAHEL for row in s.iter_rows() for c in row))
        (cell,) = [c for row in sheet.iter_rows() for c in row if c.value == SAHEL]
        column = next(c.column for row in sheet.iter_rows() for c in row if isinstance(c.value, str) and c.value.startswith("Корекция"))
        sheet.cell(cell.row, column).value = -0.5
    assert yaml.safe_load(fundalloc("import", tmp_path / "bg_JD.xlsx").stdout)["rules"]["adjusted-amif-sahel-returns-2026"]["exactly"] == 4


# --- bad input: each a clear message with its cell, all at once, and nothing half-read ------------------------------------


def delete(line: str) -> Edit:
    def edit(book: Any) -> None:
        book["Allocation"].delete_rows(row_of(book["Allocation"], line)[0])

    return edit


def rename_heading(sheet: str, old: str, new: str) -> Edit:
    def edit(book: Any) -> None:
        row, columns = headings(book[sheet], old)
        book[sheet].cell(row, columns[old]).value = new

    return edit


def prepared(**cells: object) -> Edit:
    def edit(book: Any) -> None:
        row, columns = headings(book["Own rules"], "In words (input)")
        for name, value in cells.items():
            book["Own rules"].cell(row + 1, columns[f"{name.replace('_', ' ')} (input)"]).value = value

    return edit


BAD: dict[str, tuple[Edit, str]] = {
    "text": (adjust(SAHEL, "two"), "Allocation!G39: 'two' is a text where a number is expected"),
    "decimal comma": (adjust(SAHEL, "1,5"), "type the number 1.5, not as a text"),
    "nan": (adjust(SAHEL, "NaN"), "Allocation!G39: 'NaN' is a text where a number is expected"),
    "formula": (adjust(SAHEL, "=1+1"), "Allocation!G39: a formula where a number is expected: =1+1"),
    "too much away": (adjust(SAHEL, -5), "Allocation!G39: -5 takes more away than there is: the line has 4.5"),
    "part of a step": (
        adjust(SAHEL, 0.25),
        "Allocation!G39: 0.25 leaves 4.75, which is not a whole multiple of the rounding step 0.1\n        type 0.2 or 0.3",
    ),
    "typed over optimised": (
        lambda book: type_in(book, "Allocation", (SAHEL,), optimised=6),
        "Allocation!F39: the optimised amount was typed over: 6 instead of 4.5\n"
        "        put 4.5 back, and type +1.5 under 'Adjustment (input)'",
    ),
    "typed over planned": (
        lambda book: type_in(book, "Allocation", (SAHEL,), planned=6),
        "Allocation!H39: a number stands where a formula was: 6\n        type +1.5 under 'Adjustment (input)' instead",
    ),
    "deleted row": (delete(SAHEL), "1 allocation line was deleted: amif|sahel|returns|2026"),
    "changed key": (
        lambda book: type_in(book, "Allocation", (SAHEL,), key="amif|mars|returns|2026"),
        "Allocation!L39: 'amif|mars|returns|2026' is no allocation line of this plan",
    ),
    "row twice": (
        lambda book: type_in(book, "Allocation", (SAHEL,), key=EGYPT),
        f"Allocation!L39: '{EGYPT}' stands twice; first at Allocation!L14",
    ),
    "no column": (rename_heading("Allocation", "Adjustment (input)", "Change"), "Allocation!A6: no column 'Adjustment (input)'"),
    "no key column": (rename_heading("Rules", "Member", "Whom"), "Rules!A6: no column 'Member'"),
    "column twice": (rename_heading("Allocation", "Decided", "Optimised"), "Allocation!E6: the heading 'Optimised' stands twice"),
    "limit as text": (limit("packages", "egypt", "at least", "much"), "Rules!G11: 'much' is a text where a number is expected"),
    "limit gone": (limit("packages", "egypt", "at least", None), "Rules!G11: the limit is missing"),
    "negative limit": (limit("packages", "egypt", "at least", -1), "Rules!G11: -1 is negative"),
    "limit between steps": (limit("ceiling", "amif|2025", "at most", 9.95), "a limit of 9.95 cannot be stated: the scenario then has 9.9"),
    "own rule without formula": (
        lambda book: add_row(book, "Rules", Rule="mine", Side="at most", limit=1, Amount=5),
        "Rules!E24: a rule that was added needs a formula of what it measures",
    ),
    "own rule with another formula": (
        lambda book: add_row(book, "Rules", Rule="mine", Side="at most", limit=1, Amount="=SUM(A1:A3)"),
        "Rules!E24: the formula is not understood: 'A1:A3' is no column of the table Allocation",
    ),
    "own rule without side": (
        lambda book: add_row(book, "Rules", Rule="mine", limit=1, Amount="=SUM(Allocation[Planned])"),
        "Rules!D24: the side is missing\n        type one of: at least, at most, exactly",
    ),
    "unknown id": (
        prepared(Partnership_ID="egipt", Limit=3),
        "Own rules!C7: 'egipt' is no partnership of the scenario\n        did you mean 'egypt'?",
    ),
    "year outside": (prepared(From=2020, Limit=3), "Own rules!E7: '2020' is no year of the plan\n        type 2025 to 2026"),
    "comment as formula": (adjust(SAHEL, 1, "=1+1"), "Allocation!I39: a formula where a text is expected: =1+1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_cells(fundalloc, copy, case, tmp_path):
    edit, message = BAD[case]
    result = fundalloc("import", copy(edit), "-o", tmp_path / "x.yaml")
    assert result.exit_code == 3
    assert message in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "x.yaml").exists()


def test_what_no_scenario_may_hold_is_said_of_its_cell(fundalloc, copy):
    """Not of the file that the tool writes from it for a moment."""
    long = copy(adjust(SAHEL, 1.5, "x" * 32_767, "J. Doe"), "long.xlsx")
    control = copy(adjust(SAHEL, 1.5, "é\x80", "J. Doe"), "control.xlsx")
    problems = json.loads(fundalloc("import", control, "--json").stdout)["problems"]
    assert [(p["cell"][:11], p["message"]) for p in problems] == [("Allocation!", "an invisible control character (#x0080)")]
    problems = json.loads(fundalloc("import", long, "--json").stdout)["problems"]
    assert [(p["file"][-9:], p["cell"][:11]) for p in problems] == [("long.xlsx", "Allocation!")]
    assert "a cell of a workbook holds 32767" in problems[0]["message"]


def test_all_problems_at_once(fundalloc, copy):
    def edit(book: Any) -> None:
        for case in ("text", "own rule without side", "limit gone", "unknown id"):
            BAD[case][0](book)
        adjust(EGYPT, 0.05)(book)

    result = fundalloc("import", copy(edit), copy(BAD["too much away"][0], "second.xlsx"))
    assert "6 problems." in result.stderr
    assert "second.xlsx:Allocation!G39: -5 takes" in result.stderr


def test_a_stored_value_that_is_no_number(fundalloc, sent, tmp_path):
    """Some programs store NaN; the cell is named."""
    part = "xl/worksheets/sheet{}.xml"
    with opened(sent, tmp_path / "unused.xlsx") as book:
        number = book.sheetnames.index("Allocation") + 1

    def spoil(raw: bytes) -> bytes:
        cell = raw.index(b'<c r="G9"')
        return raw[:cell] + raw[cell:].replace(b"<v>0</v>", b"<v>NaN</v>", 1)

    replace_part(sent, tmp_path / "nan.xlsx", part.format(number), spoil)
    result = fundalloc("import", tmp_path / "nan.xlsx")
    assert result.exit_code == 3
    assert "nan.xlsx:Allocation!G9: 'NaN' is stored as a number, but is none" in result.stderr


def test_a_control_character_is_refused_at_its_cell(fundalloc, sent, tmp_path):
    with opened(sent, tmp_path / "control.xlsx") as book:
        type_in(book, "Allocation", (SAHEL,), adjustment=1, comment="as agreed\x7f", author="x")
        row, columns = row_of(book["Allocation"], SAHEL)
    result = fundalloc("import", tmp_path / "control.xlsx")
    cell = f"{get_column_letter(columns['Comment (input)'])}{row}"
    assert result.exit_code == 3
    assert f"control.xlsx:Allocation!{cell}: an invisible control character (#x007f)" in result.stderr.splitlines()[0]


def test_a_workbook_of_somebody_else(fundalloc, worksheet, tmp_path):
    result = fundalloc("import", worksheet("other.xlsx", "Sheet1", [["a", "b"], [1, 2]]))
    assert result.exit_code == 3
    assert "other.xlsx: not a workbook of fundalloc: no sheet has the headings of an allocation" in result.stderr


def test_without_the_scenario_inside(fundalloc, copy):
    result = fundalloc("import", copy(lambda book: book.remove(book["Scenario files"])))
    assert result.exit_code == 3
    assert "this workbook carries no scenario: the sheet 'Scenario files' is missing" in result.stderr


def test_a_workbook_for_outside_says_what_it_lacks(fundalloc, tmp_path):
    fundalloc("run", TINY, "-o", tmp_path / "out.xlsx", "--for", "outside", "-q")
    for command in ("import", "verify"):
        result = fundalloc(command, tmp_path / "out.xlsx")
        assert result.exit_code == 3
        assert "written for outside: it carries no scenario, no priorities, no prices and no duals" in result.stderr


def test_an_output_that_is_no_scenario(fundalloc, sent):
    assert fundalloc("import", sent, "-o", "x.xlsx").exit_code == 2
