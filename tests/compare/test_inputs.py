"""What differs in the files: overrides as the planner wrote them, and every resolved value with its origins."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from compared import OVERRIDES, write_tiny, write_variant

from cases import TINY
from fundalloc.compare import Comparison, compare_files
from fundalloc.compare.inputs import Difference
from fundalloc.compare.meaning import same_text
from fundalloc.compare.overrides import Override, Written, find_overrides, lay_over
from fundalloc.errors import Problems
from fundalloc.scenario.document import to_plain
from fundalloc.scenario.loading import load
from fundalloc.scenario.merging import load_tree
from fundalloc.scenario.reading import assemble
from fundalloc.scenario.tables.raw import Files

pytest_plugins = ("two_sides",)


def written(path: Path) -> Written:
    return Written.of(load_tree(path, lambda _: True, Problems()), path)


def overrides(folder: Path, text: str) -> list[Override]:
    return find_overrides(written(write_tiny(folder)), written(write_variant(folder, f"extends: tiny.yaml\n{text}")))


def by_key(found: Comparison) -> dict[str, Difference]:
    inputs = found.pairs[0].inputs
    assert not isinstance(inputs, str)
    return {difference.key: difference for difference in inputs}


class TestOverrides:
    def test_they_are_the_pieces_that_the_planner_wrote(self, found: Comparison) -> None:
        assert [override.key for override in found.pairs[0].overrides] == OVERRIDES
        assert [override.effect for override in found.pairs[0].overrides] == ["changed", "added", "added", "changed", "added"]

    def test_each_says_what_it_does(self, found: Comparison) -> None:
        assert [override.said("en") for override in found.pairs[0].overrides] == [
            "each 2026: 10 → 14",
            "partnership egypt, area returns, need inherited + 4",
            "area returns, priority inherited + 40 %; Returns first",
            "at_least: 10 % → 30 %; each partnership: at least 30\u00a0% for legal migration",
            "each partnership: little against smuggling",
        ]

    @pytest.mark.parametrize(
        ("text", "key", "effect"),
        [
            ("rules: {oda: {off: true, reason: not now}}", "rules.oda", "removed"),
            ("years: 2025-2027", "years", "changed"),
            ("steps: [{share: 100 %, value: 1}]", "steps", "added"),
            ("instruments: {amif: {off: true, reason: gone}}", "instruments.amif", "removed"),
            ("instruments: {ndici: {reserve: 6 %}}", "instruments.ndici.reserve", "changed"),
            ("exclude: {x: {partnership: egypt, area: returns, reason: why}}", "exclude.x", "added"),
            ("eligibility: {change: [{instrument: amif, area: returns, off: true, reason: why}]}", "eligibility.amif|returns", "added"),
            ("needs: [{partnership: egypt, area: returns, need: 8}]", "needs", "changed"),
            ("objective: [impact, unallocated]", "objective", "added"),
        ],
    )
    def test_kinds(self, tmp_path: Path, text: str, key: str, effect: str) -> None:
        found = overrides(tmp_path, text)
        assert [(override.key, override.effect) for override in found] == [(key, effect)]

    @pytest.mark.parametrize(
        "text",
        [
            "title: Another",
            "rules: {oda: {source: elsewhere, says: other words}}",
            "instruments: {ndici: {note: more}}",
            "instruments: {ndici: {footnote: Read this, budget_line: 14 02 01}}",
            "tag_names: {route: {central-med: The middle of the sea}}",
            "rules: {oda: {at_least: 70.0 %}}",
            "rules: {never: {off: true, reason: not needed}}",
        ],
    )
    def test_what_no_plan_depends_on_is_none(self, tmp_path: Path, text: str) -> None:
        assert overrides(tmp_path, text) == []

    def test_a_table_whose_file_changed_is_one(self, tmp_path: Path) -> None:
        for name, need in (("old", 8), ("new", 9)):
            folder = tmp_path / name
            folder.mkdir()
            text = write_tiny(folder).read_text("utf-8")
            start, stop = text.index("needs:"), text.index("decided:")
            (folder / "tiny.yaml").write_text(f"{text[:start]}needs: {{file: needs.csv}}\n\n{text[stop:]}", "utf-8")
            (folder / "needs.csv").write_text(f"partnership,area,need\negypt,returns,{need}\n", "utf-8")
        found = find_overrides(written(tmp_path / "old" / "tiny.yaml"), written(tmp_path / "new" / "tiny.yaml"))
        assert [override.key for override in found] == ["needs"]

    def test_all_of_them_laid_over_the_first_make_the_second(self, two_files: tuple[Path, Path]) -> None:
        first, second = map(written, two_files)
        made = lay_over(first.tree, find_overrides(first, second))
        scenario = assemble(made, two_files[0], Files(two_files[0].parent), Problems())
        expected = load(two_files[1])
        assert {name: table.cells for name, table in scenario.tables.items()} == {n: t.cells for n, t in expected.tables.items()}
        for section in ("instruments", "rules", "adjust"):
            assert to_plain(scenario.tree.items[section]) == to_plain(expected.tree.items[section])
        assert lay_over(first.tree, []) == first.tree

    def test_they_lead_back_as_well(self, two_files: tuple[Path, Path]) -> None:
        first, second = map(written, two_files)
        back = lay_over(second.tree, find_overrides(second, first))
        assert find_overrides(Written(back, first.folder), first) == []


class TestDifferences:
    def test_every_resolved_value_with_both_origins_and_its_override(self, found: Comparison) -> None:
        rows = by_key(found)
        ceiling = rows["instruments.amif.ceiling.each.2026"]
        assert (ceiling.old, ceiling.new, ceiling.change, ceiling.override) == ("10", "14", 4, "instruments.amif.ceiling")
        line = TINY.read_text("utf-8").splitlines().index("    ceiling: {each: 10}") + 1
        assert ceiling.old_place.endswith(f"tiny.yaml:{line}:21")
        assert ceiling.new_place.endswith("variant.yaml:6:33")
        need = rows["needs.egypt|returns.need"]
        assert (need.old, need.new, need.override) == ("8", "12", "needs.egypt|returns")
        priority = rows["needs.egypt|returns.priority"]
        assert (priority.old, priority.new, priority.override) == ("0.9", "1.26", "adjust.more")

    def test_a_missing_key_is_none(self, found: Comparison) -> None:
        rows = by_key(found)
        assert (rows["rules.smuggling-cap.at_most"].old, rows["rules.smuggling-cap.at_most"].new) == (None, "8")
        # an empty cell means a priority of 1, so that there is an old value only where one was written
        assert (rows["needs.tunisia|returns.priority"].old, rows["needs.tunisia|returns.priority"].new) == (None, "1.4")

    def test_texts_are_marked(self, found: Comparison) -> None:
        rows = by_key(found)
        assert rows["title"].words
        assert rows["rules.smuggling-cap.says"].words
        assert not rows["rules.smuggling-cap.at_most"].words
        assert "scenario" not in rows

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("instruments: {ndici: {footnote: Read this}}", "instruments.ndici.footnote"),
            ("instruments: {ndici: {budget_line: 14 02 01}}", "instruments.ndici.budget_line"),
            ("areas: {returns: {footnote: Read this}}", "areas.returns.footnote"),
            ("partnerships: {change: [{id: egypt, footnote: Read this}]}", "partnerships.egypt.footnote"),
            ("tag_names: {route: {central-med: The middle of the sea}}", "tag_names.route.central-med"),
        ],
    )
    def test_what_is_only_told_is_no_input_that_differs(self, tmp_path: Path, text: str, key: str) -> None:
        """`compare --exit-code` ends with 0: a footnote, the name of a tag or a budget line moves no money."""
        pair = (write_tiny(tmp_path), write_variant(tmp_path, f"extends: tiny.yaml\nscenario: told\n{text}"))
        found = compare_files(*map(str, pair), attributed=False)
        assert by_key(found)[key].words
        assert not found.differs

    def test_whether_money_is_locked_is_one(self, tmp_path: Path) -> None:
        change = "{instrument: ndici, partnership: tunisia, area: smuggling, year: 2025, state: locked}"
        text = f"extends: tiny.yaml\ndecided: {{change: [{change}]}}"
        pair = (write_tiny(tmp_path), write_variant(tmp_path, text))
        rows = by_key(compare_files(*map(str, pair), attributed=False))
        assert any(key.startswith("decided.") and not found.words for key, found in rows.items())

    def test_nothing_else_differs(self, found: Comparison) -> None:
        figures = [difference for difference in by_key(found).values() if not difference.words]
        assert {difference.override for difference in figures} == set(OVERRIDES)

    def test_numbers_may_be_written_in_another_way(self) -> None:
        assert same_text("0.10", "0.1")
        assert same_text("15 %", "0.15")
        assert not same_text("15 %", "16 %")
        assert same_text("100", "100.9", Fraction(1, 100))
        assert not same_text("100", "102", Fraction(1, 100))
        assert not same_text("egypt", "tunisia", Fraction(1))

    def test_a_tolerance_leaves_small_ones_out(self, tmp_path: Path) -> None:
        text = "extends: tiny.yaml\nneeds: {change: [{partnership: egypt, area: returns, need: inherited + 1 %}]}\n"
        paths = [str(write_tiny(tmp_path)), str(write_variant(tmp_path, text))]
        exact = compare_files(*paths, attributed=False)
        loose = compare_files(*paths, attributed=False, tolerance=Fraction(1, 50))
        assert [d.key for d in exact.pairs[0].inputs] == ["needs.egypt|returns.need"]  # type: ignore[union-attr]
        assert loose.pairs[0].inputs == ()
