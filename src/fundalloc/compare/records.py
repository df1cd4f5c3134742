"""The comparison as plain values, for JSON: amounts in EUR million, keys and rows in a stable order."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fundalloc.compare.attribution import Attribution, how
from fundalloc.compare.comparison import DIMENSIONS, Comparison, Pair
from fundalloc.compare.inputs import Difference
from fundalloc.compare.movements import CHOICE, CLASSES, Movements
from fundalloc.compare.rules import RuleChange
from fundalloc.compare.scores import Scores
from fundalloc.labels import label

FORMAT = "fundalloc.compare/1"
PARTS = ("partnership", "instrument", "area", "year")


def as_dict(found: Comparison, *, by: str | None = None, least: Fraction = Fraction(0)) -> dict[str, Any]:
    """Return a comparison as plain values; `by` keeps one dimension, `least` leaves out smaller changes."""
    dimensions = [name for name in DIMENSIONS if name != "rule" and by in (None, name)]
    return {
        "format": FORMAT,
        "differs": found.differs,
        "sides": [
            {
                "name": side.name,
                "given": side.given,
                "digest": side.outcome.digest,
                "status": side.outcome.status,
                "score": _figure(side.outcome.score),
                "solved": side.solved,
                "closest_to_first": side in found.pulled,
                "inputs": side.inputs is not None,
            }
            for side in found.sides
        ],
        "results": {
            name: [
                {
                    "id": row.member,
                    "name": found.name(name, row.member),
                    "amounts": _all(row.amounts),
                    "changes": _all(row.changes),
                    "needed": [_figure(needed) for needed in row.needed],
                }
                for row in sorted(found.rows(name), key=lambda row: (-row.largest, row.member))
                if max(row.weight) >= least
            ]
            for name in dimensions
        },
        "pairs": [_pair(pair, by, least) for pair in found.pairs],
    }


def _pair(pair: Pair, by: str | None, least: Fraction) -> dict[str, Any]:
    everything = by is None
    out: dict[str, Any] = {"from": pair.a.name, "to": pair.b.name, "moved": float(pair.moved), "needed": _figure(pair.needed)}
    out["needed_unknown"] = label(f"compare.unknown.{pair.closest}", side=pair.b.name) if isinstance(pair.closest, str) else None
    out["switches_kept"] = pair.switches
    if everything or by == "rule":
        out["rules"] = None if pair.rules is None else [_rule(change) for change in pair.rules]
    if everything:
        out["inputs"] = pair.inputs if isinstance(pair.inputs, str) else [_input(d) for d in pair.inputs]
        out["overrides"] = [{"key": o.key, "effect": o.effect, "says": o.says, "origin": pair.b.where(o.place)} for o in pair.overrides]
        out["movements"] = _movements(pair.movements, least)
        out["scores"] = _scores(pair.scores)
    if pair.attribution is not None:
        out["attribution"] = pair.attribution if isinstance(pair.attribution, str) else _attribution(pair.attribution, by, pair.scores)
    return out


def _scores(found: Scores) -> dict[str, Any]:
    return {
        "comparable": found.comparable,
        "differ": list(found.differ),
        "first": _figure(found.before),
        "second": _figure(found.after),
        "first_by_second": _figure(found.measured),
        "not_counted": float(found.stray),
        "breaks": found.broken,
    }


def _input(difference: Difference) -> dict[str, Any]:
    return {
        "key": difference.key,
        "old": difference.old,
        "new": difference.new,
        "old_origin": difference.old_place,
        "new_origin": difference.new_place,
        "text": difference.words,
        "override": difference.override,
    }


def _rule(change: RuleChange) -> dict[str, Any]:
    before, after = change.before, change.after
    return {
        "rule": change.demand[0],
        "member": change.demand[1],
        "sense": change.demand[2],
        "says": change.says,
        "statuses": list(change.statuses),
        "measured": [m.status if m else None for m in (before, after)],
        "headrooms": [_figure(m.headroom) if m else None for m in (before, after)],
        "crossed": change.crossed,
        "needed": change.needed,
    }


def _movements(movements: Movements, least: Fraction) -> dict[str, Any]:
    clause = movements.clause
    limits = {"share": _figure(clause.share), "amount": _figure(clause.amount)}
    sums = {reach: movements.sums(reach) for reach in (*CLASSES, CHOICE)}
    return {
        "clause": {**limits, "rule": clause.rule or None, "of": clause.side or None},
        "classes": {reach: {"count": n, "up": float(up), "down": float(down)} for reach, (n, up, down) in sums.items()},
        "listed": [
            {
                "instrument": m.instrument,
                "partnership": m.partnership,
                "area": m.area,
                "before": float(m.before),
                "after": float(m.after),
                "change": float(m.change),
                "needed": _figure(m.needed),
                "class": m.reach,
            }
            for m in movements.listed
            if max(abs(m.change), abs(m.classed)) >= least
        ],
    }


def _attribution(found: Attribution, by: str | None, scores: Scores) -> dict[str, Any]:
    score = {"change": float(found.score.change), "parts": _all(found.score.parts)}
    return {
        "how": how(found),
        "of": "needed" if found.needed else "difference",
        "orders": found.shares.orders,
        "sampled": found.shares.sampled,
        "seed": found.seed if found.shares.sampled else None,
        "overrides": [o.key for o in found.overrides],
        "total": {"change": float(found.total.change), "parts": _all(found.total.parts)},
        "score": score if scores.comparable else None,
        "by": {
            name: [{"id": part.member, "change": float(part.change), "parts": _all(part.parts)} for part in found.by(name)]
            for name in PARTS
            if by in (None, name)
        },
    }


def _all(values: tuple[Fraction, ...]) -> list[float]:
    return [float(value) for value in values]


def _figure(value: float | Fraction | None) -> float | None:
    return None if value is None else float(f"{float(value):.12g}")
