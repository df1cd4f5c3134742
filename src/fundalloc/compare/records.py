"""The comparison as plain values, for JSON: amounts in EUR million, keys and rows in a stable order."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from fundalloc.compare.attribution import Attribution, Part
from fundalloc.compare.comparison import DIMENSIONS, Comparison, Pair
from fundalloc.compare.measures import RuleChange, Scores
from fundalloc.compare.movements import CHOICE, CLASSES, Movements
from fundalloc.compare.sides import Side
from fundalloc.labels import label

FORMAT = "fundalloc.compare/1"
PARTS = ("partnership", "instrument", "area", "year")


def as_dict(found: Comparison, *, by: str | None = None, least: Fraction = Fraction(0)) -> dict[str, Any]:
    """Return a comparison as plain values; `by` keeps one dimension, `least` leaves out smaller changes."""
    return {
        "format": FORMAT,
        "differs": found.differs,
        "sides": [{**_side(side), "closest_to_first": side in found.pulled, "inputs": side.inputs is not None} for side in found.sides],
        "results": {name: _rows(found, name, least) for name in DIMENSIONS if name != "rule" and by in (None, name)},
        "pairs": [_pair(pair, by, least) for pair in found.pairs],
    }


def _side(side: Side) -> dict[str, Any]:
    own = side.outcome
    result = {"digest": own.digest, "status": own.status, "score": _figure(own.score), "solved": side.solved}
    return {"name": side.name, "given": side.given, **result}


def _rows(found: Comparison, dimension: str, least: Fraction) -> list[dict[str, Any]]:
    out = []
    for row in sorted(found.rows(dimension), key=lambda row: (-row.largest, row.member)):
        if max(row.weight) >= least:
            figures = {"amounts": _all(row.amounts), "changes": _all(row.changes), "needed": [_figure(needed) for needed in row.needed]}
            out.append({"id": row.member, "name": found.name(dimension, row.member), **figures})
    return out


def _pair(pair: Pair, by: str | None, least: Fraction) -> dict[str, Any]:
    out: dict[str, Any] = {"from": pair.a.name, "to": pair.b.name, "moved": float(pair.moved), "needed": _figure(pair.needed)}
    out["needed_unknown"] = label(f"compare.unknown.{pair.closest}", side=pair.b.name) if isinstance(pair.closest, str) else None
    out["switches_kept"] = pair.switches
    if by in (None, "rule"):
        out["rules"] = None if pair.rules is None else [_rule(change) for change in pair.rules]
    if by is None:
        out["inputs"] = pair.inputs if isinstance(pair.inputs, str) else [difference.as_dict() for difference in pair.inputs]
        out["overrides"] = [{**override.as_dict(), "origin": pair.b.where(override.place)} for override in pair.overrides]
        out["movements"] = _movements(pair.movements, least)
        out["scores"] = _scores(pair.scores)
    if pair.attribution is not None:
        out["attribution"] = pair.attribution if isinstance(pair.attribution, str) else _attribution(pair.attribution, by, pair.scores)
    return out


def _scores(found: Scores) -> dict[str, Any]:
    figures = {"first": _figure(found.before), "second": _figure(found.after), "first_by_second": _figure(found.measured)}
    differ = {"comparable": found.comparable, "differ": list(found.differ)}
    return {**differ, **figures, "not_counted": float(found.stray), "breaks": found.broken}


def _rule(change: RuleChange) -> dict[str, Any]:
    both = (change.before, change.after)
    return {
        **dict(zip(("rule", "member", "sense"), change.demand, strict=True)),
        "says": change.says,
        "statuses": list(change.statuses),
        "measured": [m.status if m else None for m in both],
        "headrooms": [_figure(m.headroom) if m else None for m in both],
        "crossed": change.crossed,
        "needed": change.needed,
    }


def _movements(movements: Movements, least: Fraction) -> dict[str, Any]:
    clause = movements.clause
    limits = {"share": _figure(clause.share), "amount": _figure(clause.amount)}
    sums = {reach: movements.sums(reach) for reach in (*CLASSES, CHOICE)}
    listed = []
    for m in movements.listed:
        if max(abs(m.change), abs(m.classed)) >= least:
            where = {"instrument": m.instrument, "partnership": m.partnership, "area": m.area}
            figures = {"before": float(m.before), "after": float(m.after), "change": float(m.change), "needed": _figure(m.needed)}
            listed.append({**where, **figures, "class": m.reach})
    return {
        "clause": {**limits, "rule": clause.rule or None, "of": clause.side or None},
        "classes": {reach: {"count": n, "up": float(up), "down": float(down)} for reach, (n, up, down) in sums.items()},
        "listed": listed,
    }


def _attribution(found: Attribution, by: str | None, scores: Scores) -> dict[str, Any]:
    return {
        "how": found.how,
        "of": "needed" if found.needed else "difference",
        "orders": found.shares.orders,
        "sampled": found.shares.sampled,
        "seed": found.seed if found.shares.sampled else None,
        "overrides": [o.key for o in found.overrides],
        "total": _part(found.total),
        "score": _part(found.score) if scores.comparable else None,
        "by": {name: [{"id": part.member, **_part(part)} for part in found.by(name)] for name in PARTS if by in (None, name)},
    }


def _part(part: Part) -> dict[str, Any]:
    return {"change": float(part.change), "parts": _all(part.parts)}


def _all(values: Iterable[Fraction]) -> list[float]:
    return [float(value) for value in values]


def _figure(value: float | Fraction | None) -> float | None:
    return None if value is None else float(f"{float(value):.12g}")
