"""What every row of a program is called: the same in every run, whatever the order of rows in the scenario's files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fundalloc.facts.facts import Facts
from fundalloc.model.linear_program import COVERAGE, LinearProgram, RowBlock


def row_keys(program: LinearProgram, facts: Facts) -> list[str]:
    """Return one key per row: `rule|member|side` for a demand, `coverage|partnership|area` for a need.

    Shared totals and switches belong to the rule that follows them: `rule|total|3`. No two rows have the same key.
    """
    keys: list[str] = [""] * program.shape[0]
    for block, owner in zip(program.blocks, _owners(program.blocks), strict=True):
        keys[block.rows] = _of_block(block, owner, facts)
    seen = Counter(keys)
    counted: Counter[str] = Counter()
    for k, key in enumerate(keys):
        if seen[key] > 1:
            counted[key] += 1
            keys[k] = f"{key}|{counted[key]}"
    return keys


def _owners(blocks: tuple[RowBlock, ...]) -> list[str]:
    """Return the rule that each block serves: blocks without a rule stand before the one that they belong to."""
    owners: list[str] = []
    following = ""
    for block in reversed(blocks):
        following = block.owner if block.rule is not None else following
        owners.append(following)
    return owners[::-1]


def _of_block(block: RowBlock, owner: str, facts: Facts) -> list[str]:
    if block.demands is not None:
        sides = zip(block.demands.member, block.demands.sense, strict=True)
        return [f"{owner}|{'|'.join((*member, str(side)))}" for member, side in sides]
    if block.owner == COVERAGE:
        return list(_pairs(facts))
    return [f"{owner}|{block.owner}|{k + 1}" for k in range(block.rows.stop - block.rows.start)]


def _pairs(facts: Facts) -> Iterator[str]:
    partnerships, areas = facts.dimensions.partnership.ids, facts.dimensions.area.ids
    for p, a in zip(facts.needs.partnership, facts.needs.area, strict=True):
        yield f"{COVERAGE}|{partnerships[p]}|{areas[a]}"
