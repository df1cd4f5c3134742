"""YAML text → a tree in which every key and value knows where it was written; safe reading, scalars keep their text: `NO` stays Norway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fundalloc.doors.terminal import CONTROLS
from fundalloc.doors.text import controls, read_text, too_long
from fundalloc.errors import Place, Problems, ScenarioError

MAX_DEPTH = 20
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_SHORT = {"0": "\0", "a": "\a", "b": "\b", "v": "\v", "f": "\f", "e": "\x1b", "N": "\x85"}
_NULLS = {"", "~", "null", "Null", "NULL"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: its text as written, and whether it was quoted."""

    text: str
    place: Place
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list of values."""

    items: list[Node]
    place: Place
    over: Place | None = None
    """Of a table: where the inherited one stands that it replaces."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Keys with values, in the order written; `keys` says where each key stands."""

    items: dict[str, Node]
    keys: dict[str, Place]
    place: Place
    folder: Path | None = None
    """The folder of the file that wrote it; named files are relative to it."""
    over: Place | None = None
    """Of a table: where the inherited one stands that it replaces."""

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None."""
        return self.items.get(key)

    def text(self, key: str) -> str | None:
        """Return the text of a scalar value, or None."""
        node = self.items.get(key)
        return node.text if isinstance(node, Scalar) else None

    def mapping(self, key: str) -> Tree | None:
        """Return the value of a key when it is a mapping, or None."""
        node = self.items.get(key)
        return node if isinstance(node, Tree) else None


Node = Scalar | ListNode | Tree


def read_document(path: Path, name: str) -> Tree:
    """Read one YAML file into a tree. Raises ScenarioError with every problem found."""
    return parse_document(read_text(path, name), name, path.parent)


def parse_document(text: str, name: str, folder: Path, *, positions: bool = True) -> Tree:
    """Turn YAML text into a tree; the top level must be a mapping. Without `positions`, places say only the name."""
    builder = _Builder(text, name, folder, positions)
    root = builder.build()
    builder.problems.tell()
    if not isinstance(root, Tree):
        raise ScenarioError.of(Place(name, 1, 1), "expected keys with values at the top level", "such as scenario: my-plan")
    return root


@dataclass
class _Builder:
    text: str
    name: str
    folder: Path
    positions: bool = True
    problems: Problems = field(default_factory=Problems)
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.text.splitlines()

    def place(self, mark: Any) -> Place:
        if not self.positions:
            return Place(self.name)
        excerpt = self.lines[mark.line] if mark.line < len(self.lines) else ""
        return Place(self.name, mark.line + 1, mark.column + 1, excerpt=excerpt)

    def build(self) -> Node | None:
        for number, line in enumerate(self.lines, start=1):
            if re.match(r"^ *\t", line) and line.strip():
                place = Place(self.name, number, line.index("\t") + 1, excerpt=line)
                self.problems.add(place, "a tab in the indentation", "indent with spaces")
        self.problems += controls(self.text, self.name)
        if self.problems:
            return None
        try:
            events = iter(list(yaml.parse(self.text, Loader=_LOADER)))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = self.place(mark) if mark else Place(self.name)
            hint = "check colons, brackets, quotes and indentation; quote texts with , : # or %"
            self.problems.add(place, f"not YAML: {error.problem}", hint)
            return None
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.problems.add(self.place(event.start_mark), "a second document in one file", "keep one scenario per file")
                    return None
                root = self.node(next(events), events, 1)
        return root

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        place = self.place(event.start_mark)
        if depth > MAX_DEPTH:
            raise ScenarioError.of(place, f"nested deeper than {MAX_DEPTH} levels", "simplify the file")
        if isinstance(event, yaml.AliasEvent):
            self.problems.add(place, f"a reference (*{event.anchor}) is not allowed", "repeat the value, or use `extends`")
            return Scalar("", place, quoted=True)
        if event.anchor:
            self.problems.add(place, f"an anchor (&{event.anchor}) is not allowed", "repeat the value, or use `extends`")
        if event.tag and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.add(place, f"a tag ({tag}) is not allowed", "leave it out; values are read as written")
        if isinstance(event, yaml.ScalarEvent):
            if CONTROLS.search(event.value):
                self.problems.add(self.escaped(event), "an escape that stands for an invisible control character", "delete it")
            if long := too_long(event.value):
                self.problems.add(place, *long)
            return Scalar(event.value, place, quoted=bool(event.style))
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(child := next(events), yaml.SequenceEndEvent):
                value = self.node(child, events, depth + 1)
                if isinstance(value, Scalar) and not value.quoted and value.text in _NULLS:
                    self.problems.add(value.place, "an empty entry in a list", "write a value, or take the comma away")
                items.append(value)
            return ListNode(items, place)
        return self.mapping(place, events, depth)

    def escaped(self, event: Any) -> Place:
        """Return where a quoted text writes a control character as an escape."""
        first, last = event.start_mark, event.end_mark
        for number in range(first.line, last.line + 1):
            for found in _ESCAPE.finditer(self.lines[number], first.column if number == first.line else 0):
                code = found[1] or found[2] or found[3]
                if CONTROLS.match(chr(int(code, 16)) if code else _SHORT.get(found[4], " ")) and self.positions:
                    return Place(self.name, number + 1, found.start() + 1, excerpt=self.lines[number])
        return self.place(first)

    def skip(self, key: Any, events: Iterator[Any], depth: int) -> None:
        """Pass over a key that cannot be one, and over its value, without further complaints."""
        so_far = len(self.problems)
        self.node(key, events, depth + 1)
        self.node(next(events), events, depth + 1)
        del self.problems[so_far:]

    def mapping(self, place: Place, events: Iterator[Any], depth: int) -> Tree:
        out = Tree({}, {}, place, self.folder)
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                self.problems.add(self.place(event.start_mark), "a key must be a word", "put {…} and […] after the colon")
                self.skip(event, events, depth)
                continue
            key = self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            assert isinstance(key, Scalar)
            if key.text == "<<":
                self.problems.add(key.place, "a merge key (<<) is not allowed", "use `extends`")
            if key.text in out.items:
                first = out.keys[key.text]
                self.problems.add(key.place, f"'{key.text}' stands twice; first in line {first.line}", "keep one of the two")
            if isinstance(value, Scalar) and not value.quoted and value.text in _NULLS:
                hint = "write a value; a text with a comma goes in quotes, a number takes a decimal point"
                self.problems.add(key.place, f"'{key.text}' has no value", hint)
            out.items[key.text], out.keys[key.text] = value, key.place
        return out


def to_plain(node: Node) -> Any:
    """Turn a tree into plain Python: texts stay texts, except plain true and false."""
    if isinstance(node, Scalar):
        if not node.quoted and node.text in ("true", "false"):
            return node.text == "true"
        return node.text
    if isinstance(node, ListNode):
        return [to_plain(item) for item in node.items]
    return {key: to_plain(value) for key, value in node.items.items()}


def scalars(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """Yield every single value under a node, with the keys and numbers that lead to it."""
    if isinstance(node, Scalar):
        yield path, node
        return
    for key, value in node.items.items() if isinstance(node, Tree) else enumerate(node.items):
        yield from scalars(value, (*path, str(key)))


def listed(node: Node | None) -> list[Node]:
    """Return the entries of a list, a single one as a list of one, and none of nothing."""
    return [] if node is None else node.items if isinstance(node, ListNode) else [node]


def texts(node: Node | None) -> list[str]:
    """Return the texts of a list, or of a single value."""
    return [item.text for item in listed(node) if isinstance(item, Scalar)]


def locate(node: Node, path: tuple[Any, ...], *, key: bool = False) -> Place:
    """Return the place of the deepest part of `path` that exists; with `key`, of the last key instead of its value."""
    place = node.place
    for depth, part in enumerate(path):
        if isinstance(node, Tree) and str(part) in node.items:
            if key and depth == len(path) - 1:
                return node.keys[str(part)]
            node = node.items[str(part)]
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        elif isinstance(node, Scalar):
            break
        else:
            continue
        place = node.place
    return place
