"""The table of a mandate: read as any other, and what in it names nothing is told at its place."""

import csv
import json

import pytest

from cases import ROOT
from fundalloc.facts.fields import Text
from fundalloc.labels import LANGUAGES
from fundalloc.scenario.loading import load

ROWS = [
    ["id", "text", "text.bg", "area", "partnership", "year", "rules", "note"],
    ["M1", "One, of two areas", "Едно", "returns smuggling", "route:central-med", "2026", "oda packages", ""],
    ["M2", "Another", "", "", "", "", "", "Only to be known"],
]


def test_every_form_means_the_same(write, worksheet, child):
    write("t.csv", "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in ROWS))
    worksheet("t.xlsx", "Any name", [[int(cell) if cell.isdigit() else cell or None for cell in row] for row in ROWS])
    inline = [{c: v for c, v in zip(ROWS[0], row, strict=True) if v} for row in ROWS[1:]]
    forms = ["{file: t.csv}", "{file: 't.xlsx#Any name', expect: {rows: 2}}", json.dumps(inline), f"{{rows: {json.dumps(inline)}}}"]
    one, *others = (load(child(f"mandate: {form}\n")) for form in forms)
    assert [other.mandate for other in others] == [one.mandate] * 3
    first, second = one.mandate
    assert (first.text, first.rules, second.money, second.note) == (
        Text(en="One, of two areas", bg="Едно"),
        ("oda", "packages"),
        None,
        Text(en="Only to be known"),
    )
    assert first.money is not None
    assert (first.money.area, first.money.partnership, first.money.year) == (("returns", "smuggling"), ("route:central-med",), ("2026",))
    assert one.passports["mandate"]["rows"] == 2


def test_a_table_of_others_is_mapped(write, child):
    write("t.csv", "No,What is asked,Where,Whom\n1,Return,Returns,Tunisia\n2,More,returns smuggling,route:central-med\n")
    mapping = "{file: t.csv, columns: {id: 'No', text: What is asked, area: Where, partnership: Whom}}"
    one, two = load(child(f"mandate: {mapping}\n")).mandate
    assert (one.id, one.written, two.written) == (
        "1",
        "partnership: tunisia, area: returns",
        "partnership: route:central-med, area: returns smuggling",
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("text: T, rules: odda", "3:30: unknown rule 'odda' (did you mean 'oda'?)"),
        ("text: T, area: returns smugling", "3:29: unknown area 'smugling' (did you mean 'smuggling'?)"),
        (
            "text: T, partnership: 'route:centralmed'",
            "3:36: unknown partnership tag 'route:centralmed' (did you mean 'route:central-med'?)",
        ),
        ("text: T, year: 2024", "3:29: the year 2024 is outside the period (the years are 2025 to 2026)"),
        ("text: T, marker: odb", "3:31: unknown marker 'odb' (did you mean 'oda'?)"),
        ("area: returns", "3:10: the statement 'M1' says nothing (write its text into its first row)"),
        ("text: T, aera: returns", "3:23: unknown column 'aera' (did you mean 'area'?)"),
    ],
)
def test_what_names_nothing_is_told_at_its_place(child, complaints, row, message):
    assert complaints(child(f"mandate:\n  - {{id: M1, {row}}}\n")) == [f"child.yaml:{message}"]


def test_no_shipped_statement_is_without_an_answer():
    scenario = load(ROOT / "scenarios" / "mff-2021-2027" / "baseline.yaml")
    with (ROOT / "scenarios" / "mff-2021-2027" / "mandate.csv").open(encoding="utf-8", newline="") as table:
        written = list(csv.DictReader(table))
    assert list(dict.fromkeys(row["id"] for row in written)) == [f"M{k}" for k in range(1, 30)]
    rows = {name: [row for row in scenario.mandate if row.id == name] for name in (f"M{k}" for k in range(1, 30))}
    for name, answers in rows.items():
        assert set(answers[0].text) == set(LANGUAGES), name
        assert any(row.money or row.rules or row.note for row in answers), name
        assert all(set(row.note) in (set(), set(LANGUAGES)) and row.source and row.confidence for row in answers), name
        assert all(scenario.lines.select(row.money).any() for row in answers if row.money), name
    assert [name for name, answers in rows.items() if not any(row.money for row in answers)] == ["M15", "M16", "M20"]
    assert "330" in rows["M15"][0].note["en"]
    assert "COM(2021) 591" in rows["M16"][0].source
