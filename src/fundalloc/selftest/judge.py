"""Both sides asked, and where they differ: status, score and lawfulness, never amounts.

They are asked for small scenarios solved on paper (`known.yaml`), and for random ones.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from fundalloc.errors import FundallocError, Infeasible, NotRoundable, ScenarioError
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.selftest.dice import scenarios
from fundalloc.selftest.kinds import state_everything
from fundalloc.selftest.reading import Key, Reading
from fundalloc.selftest.statement import Statement
from fundalloc.selftest.witness import INFEASIBLE, OPTIMAL, Best, best, broken, score

SAME = 1e-6
"""Relative difference of two best scores that is the solvers' own."""
ENDS = {OPTIMAL: "the same best score, the plan lawful", INFEASIBLE: "no plan", "no whole plan": "no plan in whole rounding steps"}
REFUSED = "refused before solving: nothing to compare"


@dataclass(frozen=True)
class Known:
    """A scenario whose best score was worked out by hand."""

    name: str
    because: str
    score: float | None
    """Before rounding; None: no plan can keep its rules."""
    case: Mapping[str, Any]


def known_answers() -> list[Known]:
    """Return them all, figures as text, exactly as written."""
    text = files("fundalloc.selftest").joinpath("known.yaml").read_text("utf-8")
    table = yaml.load(text, yaml.BaseLoader)
    out = []
    for name, entry in table["known"].items():
        score, because = entry.pop("score"), entry.pop("because")
        rules = {rule: {"says": rule, "source": "assumption", **asked} for rule, asked in entry.pop("rules", {}).items()}
        out.append(Known(name, because, None if score == "none" else float(score), table["scenario"] | entry | {"rules": rules}))
    return out


@dataclass(frozen=True)
class Verdict:
    """One scenario, how it ended, and what differs."""

    case: Mapping[str, Any]
    end: str
    wrong: tuple[str, ...]

    @property
    def text(self) -> str:
        """The scenario as a file, with what differs in its first lines, and a baseline as a table in its last."""
        case, table = _apart(self.case)
        head, tail = ("".join(f"# {line}\n" for line in text.splitlines()) for text in ("\n".join(self.wrong), table))
        return head + yaml.safe_dump(case, sort_keys=False, allow_unicode=True, width=140) + (f"# baseline.csv:\n{tail}" if tail else "")


def judge(case: Mapping[str, Any], known: Known | None = None) -> Verdict:
    """Solve a scenario on both sides and compare, also with the answer that is known."""
    plan, status, message = None, OPTIMAL, ""
    try:
        with TemporaryDirectory() as folder:
            plan = solve(load(write(Path(folder), case)))
        status = plan.status
    except ScenarioError as error:
        return Verdict(case, REFUSED, () if known is None else (str(error),))
    except Infeasible:
        status = INFEASIBLE
    except NotRoundable:
        status = "no whole plan"
    except FundallocError as error:
        status, message = "error", f": {error}"
    statement = state_everything(Reading(case))
    plain = best(statement)
    wrong = list(_against(known, plain)) if known else []
    agreed = plain.status if status != "no whole plan" or best(statement, whole=True).status != INFEASIBLE else status
    if status != agreed:
        wrong.append(f"status: the tool says {status}, the plain statement {agreed}{message}")
    elif plan is not None:
        wrong += _against_plan(plan, statement, plain)
    return Verdict(case, ENDS.get(status, status), tuple(wrong))


def _against(known: Known, plain: Best) -> Iterator[str]:
    by_hand = Best(INFEASIBLE, 0.0) if known.score is None else Best(OPTIMAL, known.score)
    if plain.status != by_hand.status or not _same(plain.score, by_hand.score):
        yield f"by hand: {by_hand.status}, {by_hand.score:.9g}; the plain statement: {plain.status}, {plain.score:.9g}"


def _against_plan(plan: Plan, statement: Statement, plain: Best) -> Iterator[str]:
    """Yield what differs before rounding, what the finished plan breaks, and where its score or its proof contradict the best."""
    if not _same(plan.log.program_score, plain.score):
        yield f"best score before rounding: the tool says {plan.log.program_score:.9g}, the plain statement {plain.score:.9g}"
    lines, step = plan.scenario.lines, plan.scenario.facts.step
    amounts = dict(zip(map(_key, (*lines.keys, *lines.moves.keys)), (int(n) * step for n in (*plan.steps, *plan.moves)), strict=True))
    amounts = {k: n for k, n in amounts.items() if k not in {_key(lines.keys[line]) for line in lines.compared.nonzero()[0]}}
    yield from broken(statement, amounts)
    reached = float(score(statement, amounts))
    if not _same(plan.score, reached):
        yield f"score of the plan: the tool says {plan.score:.9g}, the plain statement {reached:.9g}"
    if reached > plain.score and not _same(reached, plain.score):
        yield f"the plan's score {reached:.9g} is above the best, {plain.score:.9g}"
    bound = float(plan.certificate.bound) if plan.certificate else plain.score
    if bound < plain.score and not _same(bound, plain.score):
        yield f"the proved bound {bound:.9g} is below the best score, {plain.score:.9g}"


def write(folder: Path, case: Mapping[str, Any]) -> Path:
    """Write a scenario as files (JSON is YAML), a baseline as a table beside it."""
    path, (case, table) = folder / "case.yaml", _apart(case)
    path.write_text(json.dumps(case, ensure_ascii=False, indent=1), "utf-8")
    (folder / "baseline.csv").write_text(table, "utf-8")
    return path


def _apart(case: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a scenario that names its baseline, and the baseline as CSV."""
    if "baseline" not in case:
        return dict(case), ""
    table = io.StringIO()
    rows = csv.DictWriter(table, [*case["baseline"][0]], lineterminator="\n")
    rows.writeheader()
    rows.writerows(case["baseline"])
    return {**case, "baseline": "baseline.csv"}, table.getvalue()


def _key(text: str) -> Key:
    return tuple(text.split("|"))


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(1.0, abs(one), abs(other))


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    known: tuple[tuple[Known, Verdict], ...]
    random: tuple[Verdict, ...]
    seed: int

    @property
    def ends(self) -> Counter[str]:
        """How the random scenarios ended on which both sides agree."""
        return Counter(verdict.end for verdict in self.random if not verdict.wrong)

    @property
    def differ(self) -> list[Verdict]:
        """Those on which the sides differ."""
        return [verdict for verdict in (*(verdict for _, verdict in self.known), *self.random) if verdict.wrong]

    @property
    def kinds(self) -> dict[str, int]:
        """How many rules of each kind were solved on both sides, at random."""
        return dict(sorted(Counter(rule["kind"] for verdict in self.random for rule in verdict.case["rules"].values()).items()))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "known": [{"name": answer.name, "score": answer.score, "wrong": verdict.wrong} for answer, verdict in self.known],
            "random": {"cases": len(self.random), "seed": self.seed, "agree": self.ends, "kinds": self.kinds},
            "differ": [{"wrong": verdict.wrong, "scenario": verdict.case} for verdict in self.differ],
        }


def selftest(cases: int = 100, seed: int = 1, progress: Callable[[str], AbstractContextManager[object]] | None = None) -> Trial:
    """Hold the tool against a second, plain statement of the mathematics."""
    progress = progress or (lambda _: nullcontext())
    with progress("By hand"):
        known = tuple((answer, judge(answer.case, answer)) for answer in known_answers())
    with progress("At random"):
        return Trial(known, tuple(judge(case) for case in scenarios(cases, seed)), seed)
