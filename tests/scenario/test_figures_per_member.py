"""Figures per member in a file: it needs the columns that tell members apart, and means what the same figures in the scenario mean."""

import pytest

from fundalloc.scenario.loading import load

BEFORE = "for_each: partnership\n    at_least: {tunisia: 12, egypt: 6.5}"
PLEDGE = "for_each: [area, partnership]\n    at_least: "
IN_LINE = "{'area:returns': 2, 'area:smuggling': 1.5}"
ROWS = [["area", "floor", "note"], ["returns", "2", "a text"], ["smuggling", "1.5", ""]]


@pytest.fixture
def files(write, worksheet):
    """files(rows): the rows in every form of a file."""

    def files(rows):
        worksheet("floors.xlsx", "Floors", rows)
        for name, sign in (("comma.csv", ","), ("semicolon.csv", ";")):
            write(name, "".join(sign.join(row) + "\n" for row in rows))
        return "comma.csv", "semicolon.csv", "floors.xlsx"

    return files


def demands(scenario):
    found = scenario.rules[1].demands(scenario.lines)
    return dict(zip(found.member, map(str, found.figure), strict=True))


def test_a_column_for_one_of_two_words_holds_for_all_members_with_its_label(files, variant):
    expected = demands(load(variant((BEFORE, PLEDGE + IN_LINE))))
    assert {(area, figure) for (area, _), figure in expected.items()} == {("returns", "2"), ("smuggling", "3/2")}
    assert len(expected) > 2
    for file in files(ROWS):
        assert demands(load(variant((BEFORE, f"{PLEDGE}{{file: {file}, column: floor}}")))) == expected, file
    mapped = "{file: comma.csv, columns: {area: area, floor: floor}, ignore: note, column: floor}"
    assert demands(load(variant((BEFORE, PLEDGE + mapped)))) == expected


@pytest.mark.parametrize("beside", ["returns: 4", "'area:returns': 4", "'returns|egypt': 4", "'area:returns|partnership:egypt': 4"])
def test_what_stands_beside_the_file_counts_before_its_row_or_for_one_member(beside, files, variant):
    found = demands(load(variant((BEFORE, f"{PLEDGE}{{file: {files(ROWS)[0]}, column: floor, {beside}}}"))))
    assert found["returns", "egypt"] == "4"
    assert found["returns", "tunisia"] == ("2" if "egypt" in beside else "4")
    assert found["smuggling", "egypt"] == "3/2"


@pytest.mark.parametrize(
    ("rows", "beside", "said"),
    [
        (
            [*ROWS, ["returns", "3", ""]],
            "",
            "4:9: 'returns' stands twice (keep one of the two, or tell them apart in a column 'partnership')",
        ),
        ([*ROWS, ["", "3", ""]], "", "4:1: 'area' is missing (fill it in)"),
        ([*ROWS, ["return", "3", ""]], "", "4:8: unknown member 'area:return' (did you mean 'returns'?)"),
        ([["Area", *ROWS[0][1:]], *ROWS[1:]], "", "1:1: no column 'area' (did you mean 'Area'?)"),
        ([["area", "floor", "partners"], *ROWS[1:]], "", "1:1: no column 'partnership' (did you mean 'partners'?)"),
        ([["kind", *ROWS[0][1:]], *ROWS[1:]], "", "1:1: no column 'area'"),
        (
            ROWS,
            ", egypt: 3",
            ":99:55: 'area:smuggling' and 'egypt' both set a figure for 'smuggling|egypt' (write 'smuggling|egypt' too: it c",
        ),
    ],
)
def test_a_row_that_names_no_member_or_several_figures_for_one_are_refused(rows, beside, said, files, variant, complaints):
    found = complaints(variant((BEFORE, f"{PLEDGE}{{file: {files(rows)[0]}, column: floor{beside}}}")))
    assert said in found[0], found
    assert len(found) == 1 + (bool(beside))


def test_a_worksheet_says_the_same_at_its_cell(files, variant, complaints):
    files([*ROWS, ["return", "3", ""]])
    (found,) = complaints(variant((BEFORE, f"{PLEDGE}{{file: floors.xlsx, column: floor}}")))
    assert found.startswith("floors.xlsx:Floors!B4: unknown member 'area:return'")
