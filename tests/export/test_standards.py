"""Standards for spreadsheets that others must read: government guidance, accessibility rules, modelling standards.

Sources: UK Government Analysis Function, "Releasing statistics in spreadsheets"; FAST; ICAEW Twenty Principles; WCAG 2.2 AA through
EN 301 549; Interinstitutional Style Guide. Every workbook is held to them in every language that has a catalogue.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import openpyxl
import pytest
from books import every_kind, ledger, plan_of, stored_amounts
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from fundalloc.export.workbook import theme, workbook_bytes
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Formula, Sheet, Styled
from fundalloc.export.workbook.sheets import build_sheets
from fundalloc.labels import label, languages
from fundalloc.plan.plan import Plan

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]
FUNCTIONS = {
    "ABS", "AND", "CHOOSE", "COUNTIF", "COUNTIFS", "IF", "LARGE", "ROW", "IFERROR", "INDEX", "INT", "MATCH", "MAX", "MIN", "MOD",
    "RIGHT", "ROUND", "ROUNDDOWN", "ROWS", "SUBSTITUTE", "SUM", "SUMIFS", "SUMPRODUCT", "SUMSQ",
}  # fmt: skip
"""Few, simple, the same in Excel and LibreOffice, none volatile, none that depends on the reader's country."""
NAMES = {"FailedChecks", "Tolerance", "RoundingStep", "ChosenHere"}
LEAST_TEXT, LEAST_PART = 4.5, 3.0
"""WCAG 1.4.3 for text, 1.4.11 for parts of charts."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Every kind of rule, a baseline, moves, partner and memo money: every sheet has something to show."""
    scenario = every_kind()
    return plan_of(scenario, ledger(scenario), [k % 3 for k in range(len(scenario.lines.moves))])


class Written:
    """One workbook in one language: as bytes, as content, as openpyxl reads it."""

    def __init__(self, plan: Plan, language: str) -> None:
        self.language = language
        self.bytes = workbook_bytes(plan, language)
        self.content: dict[str, Sheet] = {sheet.key: sheet for sheet in build_sheets(Book(plan, language))}
        self.book: Workbook = openpyxl.load_workbook(BytesIO(self.bytes))
        self.package = zipfile.ZipFile(BytesIO(self.bytes))

    def sheet(self, key: str) -> Worksheet:
        return self.book[label(f"sheet.{key}.name", self.language)]

    def area(self, key: str) -> tuple[int, int, int]:
        """Row of the headings, last row and last column of a sheet's table, from 1."""
        sheet = self.sheet(key)
        (found,) = sheet.tables.values()
        left, _, right = found.ref.partition(":")
        assert left.startswith("A"), "tables start in the first column"
        last = sheet[right]
        return sheet[left].row, last.row, last.column


@pytest.fixture(scope="module", params=languages())
def written(request: pytest.FixtureRequest, plan: Plan) -> Written:
    return Written(plan, request.param)


class TestFile:
    def test_properties_say_what_it_is(self, written: Written) -> None:
        properties = written.book.properties
        assert properties.title
        assert properties.subject
        assert properties.creator == "Example"
        assert properties.created is not None
        assert properties.description

    def test_nothing_is_external_hidden_or_programmed(self, written: Written) -> None:
        names = written.package.namelist()
        assert not [n for n in names if "externalLink" in n or "vba" in n or "connections" in n or "embeddings" in n]
        parts = b"".join(written.package.read(n) for n in names)
        for word in (b'TargetMode="External"', b'hidden="1"', b'state="hidden"', b'state="veryHidden"', b"<mergeCell", b"password"):
            assert word not in parts, word

    def test_the_same_plan_gives_the_same_bytes(self, plan: Plan, written: Written) -> None:
        assert written.bytes == workbook_bytes(plan, written.language)

    def test_few_names_are_defined(self, written: Written) -> None:
        assert set(written.book.defined_names) == NAMES

    def test_sheet_names_are_short_and_different(self, written: Written) -> None:
        names = written.book.sheetnames
        assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)
        assert len({name.casefold() for name in names}) == len(names)
        assert names == [label(f"sheet.{key}.name", written.language) for key in written.content]

    def test_the_cover_comes_first_with_the_cursor_at_the_top(self, written: Written) -> None:
        assert written.book.active is written.sheet("cover")
        assert written.book.sheetnames[0] == label("sheet.cover.name", written.language)
        for sheet in written.book:
            assert sheet.sheet_view.selection[0].activeCell in (None, "A1") or sheet.freeze_panes

    def test_contents_link_to_every_sheet_and_every_sheet_back(self, written: Written) -> None:
        cover, *others = written.book.sheetnames
        links = [cell.hyperlink.location for row in written.book[cover] for cell in row if cell.hyperlink]
        assert links == [f"'{name.replace(chr(39), chr(39) * 2)}'!A1" for name in others]
        for name in others:
            back = [cell.hyperlink.location for row in written.book[name].iter_rows(max_row=6) for cell in row if cell.hyperlink]
            assert back == [f"'{cover}'!A1"], name


class TestSheets:
    def test_title_and_sentence_stand_at_the_top(self, written: Written) -> None:
        for sheet in written.book:
            assert sheet["A1"].value, sheet.title
            assert str(sheet["A2"].value).rstrip().endswith((".", "2025-2026", "…")), (sheet.title, sheet["A2"].value)

    def test_each_has_one_table_with_a_name_and_a_text(self, written: Written) -> None:
        seen = set()
        for sheet in written.book:
            (table,) = sheet.tables.values()
            assert re.fullmatch(r"[A-Z][A-Za-z]{3,}", table.displayName), table.displayName
            seen.add(table.displayName)
        assert len(seen) == len(written.book.sheetnames)
        tables = [written.package.read(n).decode() for n in written.package.namelist() if n.startswith("xl/tables/")]
        described = b"".join(written.package.read(n) for n in written.package.namelist() if "worksheets/sheet" in n or "tables/" in n)
        assert len(tables) == len(seen)
        assert b"altText" in described or b"altTextSummary" in described

    def test_tables_have_headings_and_no_gaps(self, written: Written) -> None:
        for key in written.content:
            sheet, (head, last, width) = written.sheet(key), written.area(key)
            headings = [sheet.cell(head, c).value for c in range(1, width + 1)]
            assert all(isinstance(h, str) and h.strip() for h in headings), key
            assert len({h.casefold() for h in headings}) == len(headings), (key, headings)
            assert all(sheet.cell(head, c).alignment.wrap_text for c in range(1, width + 1)), key
            for row in range(head + 1, last + 1):
                assert any(sheet.cell(row, c).value is not None for c in range(1, width + 1)), f"{key}: row {row} is empty"
                beside = [sheet.cell(row, c).value for c in range(width + 1, sheet.max_column + 1)]
                assert not any(value is not None for value in beside), f"{key}: something beside the table in row {row}"

    def test_they_print_on_a4_one_page_wide_with_headings_and_page_numbers(self, written: Written) -> None:
        for sheet in written.book:
            assert int(sheet.page_setup.paperSize) == 9
            assert sheet.sheet_properties.pageSetUpPr.fitToPage
            assert sheet.page_setup.fitToWidth in (1, None) or sheet.print_title_cols == "$A:$A", sheet.title
            assert sheet.print_title_rows, sheet.title
            assert sheet.print_area, sheet.title
            assert "&P" in sheet.oddFooter.right.text
            assert "&N" in sheet.oddFooter.right.text
            assert sheet.oddHeader.right.text
        assert written.sheet("cabinet").page_setup.fitToHeight in (1, None)
        assert written.sheet("cabinet").page_setup.orientation == "landscape"

    def test_bars_stand_in_one_column(self, written: Written) -> None:
        """Bars of two columns have two scales, and are compared all the same."""
        for key, sheet in written.content.items():
            assert sum(column.mark in ("bar", "change") for column in sheet.printed) <= 1, key

    def test_one_font_at_least_ten_points(self, written: Written) -> None:
        fonts = {(c.font.name, c.font.sz) for sheet in written.book for row in sheet.iter_rows() for c in row if c.value is not None}
        assert {name for name, _ in fonts} == {"Arial"}
        assert min(size for _, size in fonts) >= 10

    def test_charts_have_a_text_and_their_figures(self, written: Written) -> None:
        names = written.package.namelist()
        drawings = "".join(written.package.read(n).decode() for n in names if re.fullmatch(r"xl/drawings/drawing\d+\.xml", n))
        charts = [written.package.read(n).decode() for n in names if re.fullmatch(r"xl/charts/chart\d+\.xml", n)]
        texts = re.findall(r'<xdr:cNvPr id="\d+" name="[^"]*" descr="([^"]*)"', drawings)
        assert len(charts) == len(texts) == 6
        assert all(len(text) > 60 for text in texts)
        assert all("<c:numCache>" in chart for chart in charts)

    def test_units_stand_above_right_in_italics(self, written: Written) -> None:
        for key, content in written.content.items():
            if content.unit:
                cell = written.sheet(key).cell(4, sum(1 for _ in content.printed))
                assert cell.value == content.unit
                assert cell.font.i
                assert cell.alignment.horizontal == "right"
                assert content.unit.startswith("(")
                assert "€" not in content.unit


class TestInputs:
    def test_every_input_says_so_looks_so_and_is_checked(self, written: Written) -> None:
        mark = re.search(r"\(.*\)$", label("workbook.column.adjustment", written.language))
        assert mark is not None
        for key, content in written.content.items():
            sheet, (top, _, _) = written.sheet(key), written.area(key)
            checked = list(sheet.data_validations.dataValidation)
            for position, column in enumerate(content.table.columns, start=1):
                looks = column.style in theme.INPUTS
                assert looks == (column.entry is not None), (key, column.title)
                # headings of the scenario's own figures are read back, and stay as they are: there the sheet itself is called an input
                assert looks == column.title.endswith(mark[0]) or key in ("needs", "instruments"), (key, column.title)
                if looks:
                    cell = sheet.cell(top + 1, position)
                    assert cell.fill.fgColor.rgb == "FFFFF9E0", (key, column.title)
                    found = [v for v in checked if cell.coordinate in v.sqref]
                    assert len(found) == 1, (key, column.title)
                    assert found[0].error, (key, column.title)
                    assert found[0].prompt, (key, column.title)

    def test_yellow_is_where_something_may_be_typed_and_only_there(self, written: Written) -> None:
        for key, content in written.content.items():
            sheet, inputs = written.sheet(key), any(column.style in theme.INPUTS for column in content.table.columns)
            assert (sheet.sheet_properties.tabColor.rgb == "FF" + theme.GOLD[1:]) == inputs, key
            assert sheet.protection.sheet == (key not in ("allocation", "rules", "own_rules")), key
            assert not sheet.protection.password, key
            assert not sheet.protection.sheet or not sheet.protection.autoFilter, key
            top = written.area(key)[0]
            for position, column in enumerate(content.table.columns, start=1):
                for row, own in enumerate(column.cells, start=top + 1):
                    style = own.style if isinstance(own, Styled) else column.style
                    assert sheet.cell(row, position).protection.locked == (style not in theme.INPUTS), (key, column.title)


class TestFormulas:
    def test_every_amount_of_a_result_is_a_formula(self, written: Written) -> None:
        # a column whose figures nothing in the workbook could give says so where it is made (`given`); there is no list here
        assert stored_amounts(written.content.values()) == {}
        for key, sheet in written.content.items():
            top, there = written.area(key)[0], written.sheet(key)
            for k, column in enumerate(sheet.table.columns, start=1):
                live = [there.cell(top + row, k).data_type for row, cell in enumerate(column.cells, start=1) if isinstance(cell, Formula)]
                assert set(live) <= {"f"}, (key, column.title)

    def test_no_amount_is_said_to_be_given_that_is_a_formula(self, written: Written) -> None:
        for sheet in written.content.values():
            for column in sheet.table.columns:
                assert not column.given or not all(isinstance(cell, Formula) for cell in column.cells), (sheet.key, column.title)

    def test_few_and_simple_functions(self, written: Written) -> None:
        used = set()
        for sheet in written.book:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        text = re.sub(r'"[^"]*"', '""', str(cell.value))
                        text = re.sub(r"\[[^\[\]]*\]", "[]", re.sub(r"\[\[#This Row\],\[[^\]]*\]\]", "[]", text))
                        used |= set(re.findall(r"([A-Z][A-Z0-9.]*)\(", text))
        assert used <= FUNCTIONS, used - FUNCTIONS

    @pytest.mark.parametrize("key", ["allocation", "needs", "by_partnership", "heat_map", "free_money", "own_rules", "compare_partnership"])
    def test_a_column_has_one_formula(self, written: Written, key: str) -> None:
        free = {"ceiling", "usable", "decided", "planned"} if key == "free_money" else set()  # years, then the whole period
        for column in written.content[key].table.columns:
            texts = {cell.text for cell in column.cells if hasattr(cell, "text")}
            assert len(texts) <= 1 or column.key in free, (key, column.title, texts)

    def test_they_are_short_where_people_read_them(self, written: Written) -> None:
        lengths = [len(str(c.value)) for sheet in written.book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
        assert sorted(lengths)[len(lengths) // 2] < 200
        assert max(lengths) < 2_000

    def test_number_formats_leave_separators_to_the_reader(self) -> None:
        for decimals in (0, 1, 3, 6):
            for style, text in theme.number_formats(decimals).items():
                assert "\u00a0" not in text, style
                assert not re.search(r"# #|\\ ", text), style


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class TestContrast:
    def test_the_formula_itself(self) -> None:
        assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
        assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)

    def test_text_on_every_background(self) -> None:
        styles = [*theme.FLAGS.values(), theme.INPUT, theme.TOTAL, theme.CHANGED, *theme.SINGLE.values()]
        pairs = [(s.get("font_color", "#000000"), s.get("bg_color", "#FFFFFF")) for s in styles if s != theme.SINGLE["gold"]]
        fills = [theme.BAR, theme.HEAT_SCALE["max_color"], theme.CHANGE_BAR["bar_color"], theme.CHANGE_BAR["bar_negative_color"]]
        pairs += [("#000000", fill) for fill in fills]
        pairs += [(theme.INPUT["font_color"], theme.CHANGED["bg_color"]), (theme.GREY, theme.CHANGED["bg_color"]), (theme.LINK, "#FFFFFF")]
        assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < LEAST_TEXT} == {}

    def test_parts_of_charts_against_white(self) -> None:
        weak = {c: round(contrast(c, "#FFFFFF"), 2) for c in (*theme.SERIES, theme.REST) if contrast(c, "#FFFFFF") < LEAST_PART}
        assert weak == {}
