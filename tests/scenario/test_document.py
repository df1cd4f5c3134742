from pathlib import Path

import pytest

from fundalloc.errors import ScenarioError
from fundalloc.scenario.document import ListNode, Scalar, Tree, locate, parse_document, read_document, to_plain

pytestmark = pytest.mark.lowest

TEXT = """\
scenario: x   # a comment
areas:
  returns: {name: Return, tags: [a:b,
      c:d]}
rules:
  - one
  -   two: 2
"""


def parse(text):
    return parse_document(text, "s.yaml", Path())


def place(node):
    return node.place.line, node.place.column


def test_every_key_and_value_knows_its_place():
    tree = parse(TEXT)
    assert place(tree) == (1, 1)
    assert (tree.keys["scenario"].line, tree.keys["scenario"].column) == (1, 1)
    assert place(tree.get("scenario")) == (1, 11)
    returns = tree.mapping("areas").mapping("returns")
    assert place(returns) == (3, 12)
    assert (returns.keys["tags"].line, returns.keys["tags"].column) == (3, 27)
    assert place(returns.get("tags")) == (3, 33)
    assert [place(item) for item in returns.get("tags").items] == [(3, 34), (4, 7)]
    assert [place(item) for item in tree.get("rules").items] == [(6, 5), (7, 7)]
    assert place(tree.get("rules").items[1].get("two")) == (7, 12)
    assert returns.get("name").place.excerpt == "  returns: {name: Return, tags: [a:b,"


def test_locate_finds_the_deepest_part_that_exists():
    tree = parse(TEXT)
    assert str(locate(tree, ("areas", "returns", "tags", 1))) == "s.yaml:4:7"
    assert str(locate(tree, ("areas", "returns", "tags"), key=True)) == "s.yaml:3:27"
    assert str(locate(tree, ("areas", "returns", "short"))) == "s.yaml:3:12"
    assert str(locate(tree, ("areas", "returns", "name", "en"))) == "s.yaml:3:19"
    assert str(locate(tree, ("nothing",))) == "s.yaml:1:1"


@pytest.mark.parametrize(
    "text", ["NO", "no", "yes", "On", "010", "0o10", "0x1F", "1_000", "2024-11-25", "12:30:00", "1e3", ".inf", "3.10", "=", "2021-2027"]
)
def test_scalars_keep_their_text(text):
    assert to_plain(parse(f"a: {text}"))["a"] == text


def test_only_plain_true_and_false_are_flags():
    assert to_plain(parse('{a: true, b: false, c: "true", d: True, e: "false"}')) == {
        "a": True,
        "b": False,
        "c": "true",
        "d": "True",
        "e": "false",
    }


def test_quoting_styles_and_blocks():
    tree = to_plain(parse('a: "with \\"quotes\\", \\u00e9"\nb: \'it\'\'s\'\nc: |\n  two\n  lines\nd: >-\n  one\n  line\n"e f": g\n'))
    assert tree == {"a": 'with "quotes", é', "b": "it's", "c": "two\nlines\n", "d": "one line", "e f": "g"}


def test_quoted_nulls_are_texts():
    assert to_plain(parse('{a: "", b: "null", c: "~"}')) == {"a": "", "b": "null", "c": "~"}


def test_structure():
    tree = parse("a: {b: [1, {c: 2}]}")
    assert isinstance(tree, Tree)
    assert isinstance(tree.get("a").get("b"), ListNode)
    assert isinstance(tree.get("a").get("b").items[0], Scalar)
    assert tree.mapping("a").text("b") is None
    assert tree.mapping("nothing") is None
    assert to_plain(tree) == {"a": {"b": ["1", {"c": "2"}]}}


def test_byte_order_mark_and_windows_line_ends(write):
    path = write("s.yaml", b"\xef\xbb\xbfscenario: x\r\nauthor: y\r\n")
    tree = read_document(path, "s.yaml")
    assert to_plain(tree) == {"scenario": "x", "author": "y"}
    assert place(tree.get("author")) == (2, 9)


def test_positions_after_letters_of_several_bytes():
    assert place(parse("a: {имя: é, b: c}").get("a").get("b")) == (1, 16)


def test_a_tab_between_words_is_no_indentation():
    assert to_plain(parse("a:\tb\n")) == {"a": "b"}


def test_all_problems_of_a_file_at_once():
    with pytest.raises(ScenarioError) as caught:
        parse("a: &x 1\na: *x\nb:\nc: [1, ~]\nd: !t 2\n")
    assert [str(p.place) for p in caught.value.problems] == [
        "s.yaml:1:4",
        "s.yaml:2:1",
        "s.yaml:2:4",
        "s.yaml:3:1",
        "s.yaml:4:8",
        "s.yaml:5:4",
    ]


def test_depth_is_limited_and_twenty_levels_are_not_too_deep():
    assert to_plain(parse("a: " + "[" * 18 + "x" + "]" * 18))
    with pytest.raises(ScenarioError, match="nested deeper than 20 levels"):
        parse("a: " + "[" * 20 + "x" + "]" * 20)
