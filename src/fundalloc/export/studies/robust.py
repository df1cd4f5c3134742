"""One plan for several futures, and sampled figures, as reports."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fundalloc.export.studies.report import Drawn, Report
from fundalloc.labels import Words
from fundalloc.studies.robust import Robust, Strategy
from fundalloc.studies.sampling import PERCENTILES, Samples


def robust_report(found: Robust, criterion: str = "expected", language: str = "en") -> Report:
    """Return the tables of several futures: strategies with regrets, what to commit now, and what to keep for later."""
    chosen = found.strategy(criterion)
    facts = [("futures", ", ".join(found.names)), ("until", str(found.until)), ("knowing", f"{found.value_of_knowing:,.1f}")]
    tables = {"strategies": _strategies(found), "now": _now(found, language), "later": _later(found, chosen, language)}
    styles = {f"strategies.{column}": "points" for column in tables["strategies"].columns if column != "strategy"}
    styles |= {f"now.{s.name}": "money" for s in found.strategies}  # some are called like a figure in points
    stated = {"until": found.until, "weights": list(found.weights), "futures": list(found.names), "best": list(found.best)}
    stated["committed"] = [{"key": "|".join(ids), "amount": round(a, 9)} for ids, a in sorted(chosen.now.items())]
    others = found.scenarios[1:]
    return Report("robust", found.scenarios[0], tables, facts, styles=styles, stated=stated, language=language, others=others)


def _strategies(found: Robust) -> pd.DataFrame:
    rows = []
    for s in found.strategies:
        scores = {f"score: {name}": score for name, score in zip(found.names, s.scores, strict=True)}
        regrets = {f"regret_in: {name}": regret for name, regret in zip(found.names, found.regret(s), strict=True)}
        rows.append({"strategy": s.name, **scores, **regrets, "expected": found.expected(s), "largest_regret": found.largest_regret(s)})
    return pd.DataFrame(rows)


def _now(found: Robust, language: str) -> pd.DataFrame:
    """Return what to commit in the common years by instrument and partnership, one column per strategy."""
    names = found.scenarios[0].names(language)
    members: dict[tuple[str, str], dict[str, float]] = {}
    for s in found.strategies:
        for (i, p, _, _), amount in s.now.items():
            row = members.setdefault((i, p), {})
            row[s.name] = row.get(s.name, 0.0) + amount
    rows = [
        {"instrument": names["instrument"].get(i, i), "partnership": names["partnership"].get(p, p)}
        | {s.name: amounts.get(s.name, 0.0) for s in found.strategies}
        for (i, p), amounts in members.items()
    ]
    return pd.DataFrame(rows)


def _later(found: Robust, chosen: Strategy, language: str) -> pd.DataFrame:
    """Return the money kept for the later years by partnership, one column per future."""
    names = found.scenarios[0].names(language)["partnership"]
    sums = [found.later(chosen, k, "partnership") for k in range(len(found.names))]
    members = list(dict.fromkeys(m for s in sums for m in s))
    rows = [{"partnership": names.get(m, m)} | {n: s.get(m, 0.0) for n, s in zip(found.names, sums, strict=True)} for m in members]
    return pd.DataFrame(rows)


def samples_report(found: Samples, language: str = "en") -> Report:
    """Return the tables of sampled figures: the distribution of the score and of every amount, rules at risk, what matters most."""
    tables = {
        "score": score_table(found),
        "amounts": _amounts(found, language),
        "rules": _rules(found, language),
        "figures": pd.DataFrame([{"key": key, "correlation": value} for key, value in found.influence()]),
    }
    facts = [("samples", f"{len(found.samples)} (seed {found.seed})"), ("failed", str(found.failed))]
    if found.conflicts:
        facts.append(("conflicts", ", ".join(found.conflicts)))
    facts += _steady(found, language)
    styles = {f"p{p}": "money" for p in PERCENTILES} | {"correlation": "factor"}
    chart = Drawn("samples", "score", "score", ("share",), ("#,##0", "0%"))
    stated = {"seed": found.seed, "samples": len(found.samples), "failed": found.failed, "conflicts": found.conflicts}
    stated["swings"] = [swing._asdict() | {"steady": swing.steady} for swing in found.swings()]
    return Report("samples", found.scenario, {k: t for k, t in tables.items() if len(t)}, facts, [chart], styles, stated, language)


def _steady(found: Samples, language: str) -> list[tuple[str, str]]:
    """Say how many partnerships keep what the plan gives them in nine of ten samples, and between what the others lie."""
    swings, words, places = found.swings(), Words(found.scenario.speaks(language)), found.scenario.decimals
    if not swings:
        return []
    names, loose = found.scenario.labels(language)["partnership"], [swing for swing in swings if not swing.steady]
    named = [f"{names[s.partnership]} {words.number(s.least, places)} – {words.number(s.most, places)}" for s in loose]
    kept = ("steady", f"{len(swings) - len(loose)} / {len(swings)}")
    return [kept, *([("unsteady", "; ".join(named))] if named else [])]


def score_table(found: Samples) -> pd.DataFrame:
    """Return the scores at every fifth percentile."""
    if not len(found.scores):
        return pd.DataFrame()
    shares = np.arange(0, 101, 5)
    return pd.DataFrame({"share": shares / 100, "score": np.percentile(found.scores, shares)})


def _amounts(found: Samples, language: str) -> pd.DataFrame:
    names = found.scenario.names(language)
    members, table = found.amounts()
    if not len(table):
        return pd.DataFrame()
    written = found.base.total(*found.by)
    parts = found.percentiles(table)
    rows = []
    for k, ids in enumerate(members):
        row: dict[str, object] = {d: names.get(d, {}).get(i, i) for d, i in zip(found.by, ids, strict=True)}
        row |= {"as_written": written.get(ids, 0.0), "mean": float(table[:, k].mean())}
        rows.append(row | {f"p{p}": float(parts[n, k]) for n, p in enumerate(PERCENTILES)})
    return pd.DataFrame(rows)


def _rules(found: Samples, language: str) -> pd.DataFrame:
    names = found.scenario.names(language)
    rules = {rule.id: rule for rule in found.scenario.rules}
    rows = []
    for (rule, member), missed, broken, binding in found.at_risk():
        said = rules[rule].sentence(tuple(member.split("|")) if member else (), names, language)
        rows.append({"rule": rule, "says": said, "missed_share": missed, "broken_share": broken, "binding_share": binding})
    return pd.DataFrame(rows)
