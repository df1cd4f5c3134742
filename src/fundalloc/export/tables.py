"""A plan as tidy CSV tables and as JSON that diffs well: keys and rows sorted, one date (`as_of`), no clock."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fundalloc.doors.writing import new_file
from fundalloc.export.package import Style, fill_table, write_folder
from fundalloc.facts.dimensions import ACTION, NAMES, WORDS
from fundalloc.facts.facts import Facts
from fundalloc.insight.fairness import fairness
from fundalloc.insight.mandate import mandate_table
from fundalloc.insight.payments import payments_table
from fundalloc.plan.evidence import Firmness
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import Finding
from fundalloc.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from fundalloc.export.on_request import Asked

FORMAT = "fundalloc.run/1"


def tables(plan: Plan, language: str = "") -> dict[str, pd.DataFrame]:
    """Return the tables that `--csv` writes, by file name, names by default in the scenario's language. Amounts are EUR million."""
    import pandas as pd

    scenario, found, facts = plan.scenario, plan.coverage, plan.scenario.facts
    needs, dimensions = facts.needs, facts.dimensions
    language = scenario.speaks(language)
    names = scenario.names(language)
    rules = plan.rules_table.copy()
    rules.insert(3, "says", [f.said(names, language) for f in plan.findings])
    rules["source"] = [f.rule.source for f in plan.findings]
    members = _members(facts, needs, ("partnership", "area"))
    members |= {"action": np.where(dimensions.area.split[needs.area], "", members["action"])} if "action" in members else {}
    coverage = pd.DataFrame({**members, "need": found.need, "met": found.met, "priority": needs.priority.values, "impact": found.impact})
    out = {"allocation": named_allocation(plan, language), "coverage": coverage, "free-money": plan.free_money}
    out |= {"memo": memo_money(plan, language), "rules": rules}
    optional = {
        "firmness": firmness_table(plan),
        "payments": payments_table(plan),
        "moves": moved_money(plan),
        "mandate": mandate_table(plan, language),
    }
    out |= {name: found for name, found in optional.items() if len(found)}
    entities = {"instruments": ["counts"], "partnerships": ["level", "within"], "areas": ["within"] * bool(dimensions.area.within)}
    for table, further in entities.items():
        listed = getattr(facts, table)
        columns = {key: [getattr(one, key) for one in listed] for key in further}
        out[table] = pd.DataFrame({"id": [one.id for one in listed], "name": [one.name.within(language) for one in listed], **columns})
    return out


def named_allocation(plan: Plan, language: str) -> pd.DataFrame:
    """Return the allocation with the names of instruments, partnerships and areas."""
    names = plan.scenario.names(language)
    allocation = plan.allocation.copy()
    for name in (name for name in WORDS[:4] if name in allocation):
        allocation[f"{name}_name"] = allocation[name].map(names[name])
    return allocation


def _members(facts: Facts, table: Any, names: Sequence[str] = NAMES) -> dict[str, Any]:
    """Return the ids of positions by column; behind that of areas that of actions, where areas hold some."""
    columns: dict[str, Any] = {}
    for name in names:
        dimension, at = facts.dimensions[name], getattr(table, name)
        ids = np.array(dimension.ids, dtype=object)
        columns[name] = ids[dimension.holder[at]] if name == "area" else ids[at]
        if name == "area" and dimension.within:
            columns[ACTION] = ids[at]
    return columns


def memo_money(plan: Plan, language: str) -> pd.DataFrame:
    """Return memo money: shown, never added."""
    import pandas as pd

    facts, memo = plan.scenario.facts, plan.scenario.facts.memo
    columns = _members(facts, memo)
    columns["year"] = list(map(int, columns["year"]))
    decisions = [decision.within(language) for decision in memo.decision]
    return pd.DataFrame({**columns, "amount": facts.euro(memo.amount), "decision": decisions, "source": memo.source})


def firmness_table(plan: Plan) -> pd.DataFrame:
    """Return what the money of every partnership may be at the plan's score, EUR million; no rows where nobody asked."""
    import pandas as pd

    return pd.DataFrame(plan.evidence.firmness, columns=list(Firmness._fields))


def moved_money(plan: Plan) -> pd.DataFrame:
    """Return what is carried over to the next year and transferred between instruments, one row per possible move."""
    import pandas as pd

    facts, moves = plan.scenario.facts, plan.scenario.lines.moves
    names = [i.id for i in facts.instruments]
    return pd.DataFrame(
        {
            "key": moves.keys,
            "kind": list(moves.kind),
            "from": [names[k] for k in moves.source],
            "to": [names[k] for k in moves.target],
            "year": [facts.years[k] for k in moves.year],
            "amount": facts.euro(plan.moves),
        }
    )


def write_csv(plan: Plan, folder: str | Path, asked: Asked | None = None, style: Style | None = None, language: str = "") -> list[Path]:
    """Write one CSV per table, and the tables that were asked for, as a folder that is new or replaces one of ours. Raises OutputError."""
    from fundalloc.export.on_request import tables as tables_of

    return write_folder({**tables(plan, language), **(tables_of(asked) if asked else {})}, Path(folder), "run", plan.scenario.digest, style)


def write_allocation(plan: Plan, path: Path) -> Path:
    """Write the allocation alone as CSV. Raises OutputError."""
    with new_file(path) as fresh:
        fill_table(named_allocation(plan, plan.scenario.head.output.language), fresh)
    return path


def to_json(plan: Plan) -> str:
    """Return the plan as one JSON object."""
    return json.dumps(as_dict(plan), ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain values, the lines that carry money sorted by key."""
    scenario, certificate = plan.scenario, plan.certificate
    moved = moved_money(plan)
    allocation = plan.allocation[(plan.allocation["amount"] > 0) | (plan.allocation["decided"] > 0)]
    priced = plan.rules_table[["one_more", "one_less", "moved_up", "moved_down", "price_basis", "dual"]]
    rules = [{**_finding(plan, f), **price} for f, price in zip(plan.findings, records(priced), strict=True)]
    return {
        "format": FORMAT,
        "scenario": _scenario(scenario),
        "status": plan.status,
        "score": _number(plan.score),
        "impact": _number(float(plan.coverage.impact.sum())),
        "penalty": _number(plan.penalty),
        "fairness": dict(zip(("plan", "baseline"), (one and one._asdict() for one in fairness(plan)), strict=True)),
        "proved_by": plan.proof.by or None,
        "certificate": None if certificate is None else plan.proof.as_dict(),
        "duals": [] if certificate is None else [{"row": key, "dual": dual} for key, dual in sorted(certificate.duals.items())],
        "log": _record(vars(plan.log)),
        "remarks": [{"place": str(one.place), "says": one.message, "hint": one.hint} for one in plan.scenario.remarks],
        "allocation": records(allocation[["key", "amount", "decided", "counts"]].sort_values("key")),
        "baseline": [{"key": "|".join(key), "amount": _number(float(n))} for key, n in sorted(scenario.starting_amounts().items())],
        "moves": records(moved.loc[moved["amount"] > 0, ["key", "amount"]].sort_values("key")),
        "payments": records(payments_table(plan)),
        "mandate": records(mandate_table(plan)),
        "free_money": records(plan.free_money),
        "demands": {
            **plan.tally._asdict(),
            "built_in": plan.limits_tally._asdict(),
            "broken_by_decision": sorted(f"{f.rule.id} {'|'.join(f.member)} {f.sense}" for f in plan.by_decision),
        },
        "rules": sorted(rules, key=itemgetter("rule", "member", "sense")),
        "firmness": records(firmness_table(plan)),
    }


def _scenario(scenario: Scenario) -> dict[str, Any]:
    head = scenario.head
    return {
        "id": scenario.id,
        "title": dict(head.title),
        "as_of": head.as_of,
        "state": head.state,
        "file": scenario.file,
        "digest": scenario.digest,
        "years": list(scenario.facts.years),
        "round_to": float(scenario.facts.step),
        "illustrative": head.illustrative,
        "reconstructed": list(head.reconstructed),
        **({"actions": dict(within)} if (within := scenario.facts.dimensions.area.within) else {}),
    }


def records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return the rows of a table as plain values."""
    return [_record(row) for row in table.to_dict("records")]


def _record(row: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: _number(value) for key, value in row.items()}


def _finding(plan: Plan, finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "member": "|".join(finding.member),
        "sense": str(finding.sense),
        "says": finding.said(plan.scenario.names()),
        "amount": _number(float(finding.amount)),
        "base": None if finding.base is None else _number(float(finding.base)),
        "limit": _number(float(finding.limit)),
        "headroom": _number(float(finding.headroom)),
        "status": finding.status,
    }


def _number(value: Any) -> Any:
    """Return a float with 12 significant digits, None where it is not finite, and everything else as it is."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    return value
