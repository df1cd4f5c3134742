"""Files as rows of a sheet and back: exact for every content, and every loss is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fundalloc.errors import Place, Problems
from fundalloc.scenario.workbooks.embedded import PACKED, RECORD, TEXT, WINDOWS_TEXT, pack, unpack

PLACE = Place("book.xlsx", cell="Scenario files!A6")
texts = st.text(st.sampled_from("ab :-é\n\r\t'=\\_x0041 \u202e\x00"), max_size=60)


def back(rows):
    problems = Problems()
    return unpack([(row, PLACE) for row in rows], problems), [p.message for p in problems]


@given(st.dictionaries(st.sampled_from(["a.yaml", "b/c.csv", RECORD]), st.binary(max_size=80) | texts.map(str.encode), min_size=1))
def test_any_content_comes_back_in_any_order(files):
    assert back(reversed(list(pack(files)))) == (files, [])


def test_plain_texts_stay_readable_and_the_rest_is_packed():
    forms = {
        b"a: 1\nb: 2\n": TEXT,
        b"a: 1\r\nb: 2\r\n": WINDOWS_TEXT,
        "име: България\n".encode(): TEXT,
        b"a: 1\r\nb: 2\n": PACKED,
        b"\xef\xbb\xbfa: 1\n": PACKED,
        b"a:\t1\n": PACKED,
        b"trailing \n": PACKED,
        b"=SUM(A1)\n": PACKED,
        b"_x0041_\n": PACKED,
        b"\xff\xfe": PACKED,
        b"x" * 9_000: PACKED,
        b"x\n" * 6_000: PACKED,
    }
    for content, form in forms.items():
        assert {row.form for row in pack({"f": content})} == {form}, content[:20]
    assert {row.form for row in pack({RECORD: b"{}"})} == {PACKED}


def test_losses_are_named():
    rows = list(pack({"f": b"one\ntwo\nthree\nfour"}))
    assert back([rows[0], rows[3]]) == ({}, ["line 2 of f is missing, and 1 more"])
    assert back([rows[0], rows[0], rows[1]])[1] == ["line 1 of f stands twice"]
    assert back([rows[0]._replace(form="odd")])[1] == ["'odd' is no way to carry a file"]
    packed = list(pack({RECORD: b"x" * 100}))
    assert back([packed[0]._replace(content=packed[0].content[:-8])]) == ({}, [f"{RECORD} cannot be unpacked"])
