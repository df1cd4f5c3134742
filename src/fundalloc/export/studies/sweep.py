"""A sweep as a report."""

from __future__ import annotations

import pandas as pd

from fundalloc.export.studies.report import Drawn, Report
from fundalloc.facts.dimensions import WORDS
from fundalloc.labels import label
from fundalloc.rules._sentence import names_of
from fundalloc.studies.sweep import Sweep

DIMENSIONS = ("partnership", "instrument", "area")


def sweep_report(sweep: Sweep, language: str = "en") -> Report:
    """Return the tables of a sweep: points, breaks, and the money of every member at every point."""
    breaks = pd.DataFrame([vars(b) for b in sweep.breaks], columns=["value", "before", "after", "within", "reason"])
    tables = {"points": _points(sweep)} | ({"breaks": breaks} if sweep.breaks else {})
    tables |= {dimension: _amounts(sweep, dimension, language) for dimension in DIMENSIONS}
    shares, charts = {key.key: "share" if key.share else "factor" for key in sweep.keys}, []
    if len(sweep.keys) == 1:
        (key,) = sweep.keys
        shares["value"] = shares["within"] = shares[key.key]
        charts = [Drawn("sweep_score", "points", key.key, ("score",), ("0.0%" if key.share else "#,##0", "#,##0"))]
    varied = ", ".join(f"{k.key}: {k.values[0].text} … {k.values[-1].text}" for k in sweep.keys)
    now = ", ".join(f"{key.key} = {text}" for key, text in zip(sweep.keys, sweep.present, strict=True) if text is not None)
    facts = [("varied", varied)] * bool(varied) + [("now", now or "–")]
    headings = {key.key: said for key in sweep.keys if (said := _in_words(sweep, key.key, language))}
    stated = {"base_score": sweep.base.score, "breaks_exact": sweep.exact, "unsearched": sweep.unsearched}
    return Report("sweep", sweep.scenario, tables, facts, charts, shares, stated, language, headings)


def _in_words(sweep: Sweep, key: str, language: str) -> str:
    """Return the sentence of the rule whose figure is varied, without figures; empty for other settings, which are named as typed."""
    section, _, rest = key.partition(".")
    rules = {rule.id: rule for rule in sweep.scenario.rules} if section == "rules" else {}
    rule = next((rules[name] for name in rules if rest.startswith(f"{name}.")), None)
    if rule is None:
        return ""
    members = [label(f"workbook.column.{word}", language) if word in WORDS else word for word in rule.words]
    return rule.sentence(members, {}, language, figures=dict.fromkeys(names_of(rule), "…"))


def _points(sweep: Sweep) -> pd.DataFrame:
    rows = []
    for k, point in enumerate(sweep.points):
        row: dict[str, object] = {key.key: float(v.number) for key, v in zip(sweep.keys, point.values, strict=True)}
        row |= {"score": point.score, "change": point.score - sweep.base.score}
        if sweep.slopes:
            row["price"] = sweep.slopes[k]
        row |= {"unallocated": point.unallocated, "moved": point.moved, "status": point.status}
        rows.append(row)
    return pd.DataFrame(rows)


def _amounts(sweep: Sweep, dimension: str, language: str) -> pd.DataFrame:
    """Return one row per member and one column per point with a plan."""
    names = sweep.scenario.names(language)[dimension]
    points = sweep.usable
    members = list(dict.fromkeys(name for point in points for name in point.totals[dimension]))
    table = pd.DataFrame({dimension: [names.get(m, m) for m in members]})
    columns = {}
    for point in points:
        title = " / ".join(key.shown(value.number) for key, value in zip(sweep.keys, point.values, strict=True))
        columns[title] = [point.totals[dimension].get(m, 0.0) for m in members]
    return pd.concat([table, pd.DataFrame(columns)], axis=1)
