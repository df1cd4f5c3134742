"""Variants as files: `KEY=VALUE` settings written as a scenario that extends another one and holds only what differs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.loading import setting_tree

_PLAIN = re.compile(r"^[^\W_][\w .%/+-]*$")
"""Texts that need no quotes."""
_WIDTH = 120


def variant_text(extends: Sequence[str], name: str, settings: Iterable[str], comments: Iterable[str] = ()) -> str:
    """Return the text of a scenario file that extends another one; later settings win, changes of tables add up."""
    tree: Tree | None = None
    for setting in settings:
        more = setting_tree(setting, Path())
        tree = more if tree is None else _combine(tree, more)
    lines = [f"# {line}" for comment in comments for line in comment.splitlines()]
    listed = ", ".join(map(_text, extends))
    lines += [f"extends: {listed if len(extends) == 1 else f'[{listed}]'}", f"scenario: {name}"]
    return "\n".join([*lines, *(_block(tree, 0) if tree is not None else ())]) + "\n"


def _combine(first: Tree, later: Tree) -> Tree:
    """Lay settings over earlier ones, before they meet the scenario: `inherited + 5` stays as it is written."""
    items = dict(first.items)
    for key, value in later.items.items():
        below = items.get(key)
        if isinstance(below, Tree) and isinstance(value, Tree):
            items[key] = _combine(below, value)
        elif key == "change" and isinstance(below, ListNode) and isinstance(value, ListNode):
            items[key] = replace(value, items=[*below.items, *value.items])
        else:
            items[key] = value
    return replace(later, items=items, keys={**first.keys, **later.keys})


def _block(node: Tree, depth: int) -> Iterator[str]:
    """Yield the lines of a mapping; what fits on a line stands on one, as planners write it."""
    space = "  " * depth
    for key, value in node.items.items():
        flow = f"{space}{_text(key)}: {_flow(value)}"
        if isinstance(value, Scalar) or (depth >= 2 and len(flow) <= _WIDTH):
            yield flow
        elif isinstance(value, Tree) and value.items:
            yield f"{space}{_text(key)}:"
            yield from _block(value, depth + 1)
        elif isinstance(value, ListNode) and value.items:
            yield f"{space}{_text(key)}:"
            yield from (f"{space}  - {_flow(item)}" for item in value.items)
        else:
            yield flow


def _flow(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text if not node.quoted and node.text in ("true", "false") else _text(node.text)
    if isinstance(node, ListNode):
        return f"[{', '.join(_flow(item) for item in node.items)}]"
    return "{" + ", ".join(f"{_text(key)}: {_flow(value)}" for key, value in node.items.items()) + "}"


def _text(text: str) -> str:
    return text if _PLAIN.match(text) and text == text.strip() and text not in ("true", "false") else json.dumps(text, ensure_ascii=False)
