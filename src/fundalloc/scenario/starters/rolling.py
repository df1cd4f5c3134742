"""Rolling a plan forward: a new scenario in which the years before one are closed to what the plan gave them."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from fundalloc.doors.text import display_name, read_text
from fundalloc.doors.writing import check_empty, new_folder
from fundalloc.errors import Problems, UsageError, year_ranges
from fundalloc.facts.entities import InstrumentCeiling
from fundalloc.facts.facts import Decided
from fundalloc.money import plain
from fundalloc.scenario.document import Node, Tree, listed, read_document, scalars, texts, to_plain
from fundalloc.scenario.merging import load_tree
from fundalloc.scenario.plans.amounts import LineKey, PlanAmounts
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import with_companions
from fundalloc.scenario.starters.shipped import write_schema

ORIGINAL, DECIDED = "original", "decided.csv"
_HEADING = ("instrument", "partnership", "area", "year", "amount", "state", "decision", "source", "confidence")
_SCENARIOS = (".yaml", ".yml")


class DecidedRow(NamedTuple):
    """One row of the table of decided money."""

    line: LineKey
    amount: Fraction
    state: str
    decision: str
    source: str
    confidence: str = ""


def roll_forward(scenario: Scenario, source: Path, plan: PlanAmounts, year: int, folder: Path, say: Callable[[Path], str]) -> list[Path]:
    """Write the scenario, rolled to `year` over a copy of its files, into a new folder, its file first, as `say` has it."""
    check_year(scenario, year)
    check_empty(folder)
    with new_folder(folder) as inside:
        copied = copy_originals(inside, source)
        main = inside / f"{_renamed(source.stem, scenario, year)}.yaml"
        with (inside / DECIDED).open("w", encoding="utf-8", newline="") as file:
            rows = ([*line, plain(amount), *words] for line, amount, *words in decided_money(scenario, plan, year))
            csv.writer(file, lineterminator="\n").writerows([_HEADING, *rows])
        baseline = _copy_plan(Path(plan.file), inside)
        extends = copied[source.resolve()].relative_to(inside).as_posix()
        text = _text(scenario, plan, year, extends, baseline.relative_to(inside).as_posix())
        main.write_text(text := text + _frozen_ceilings(scenario, source), "utf-8")
        head, _, end = say(main).partition("\n")
        main.write_text(text.replace("\nextends:", f"\n{head}\nextends:", 1) + end, "utf-8")
        schema = write_schema(inside)
    made = [main, inside / DECIDED, baseline, *copied.values(), schema]
    return list(dict.fromkeys(folder / path.relative_to(inside) for path in made))


def check_year(scenario: Scenario, year: int) -> None:
    """Raise UsageError when a scenario cannot be rolled forward to this year."""
    years, closed = scenario.facts.years, scenario.facts.closed
    if not years[0] < year <= years[-1]:
        raise UsageError(f"--year {year}: the first open year must lie from {years[0] + 1} to {years[-1]}.")
    if closed and year <= max(closed):
        raise UsageError(f"--year {year}: {max(closed)} is already closed.")


def decided_money(scenario: Scenario, plan: PlanAmounts, year: int) -> list[DecidedRow]:
    """Return the decided money; a line of an earlier year holds what the plan gave it: decisions keep their words, the rest is locked."""
    lines, facts = scenario.lines, scenario.facts
    by_line: dict[LineKey, list[DecidedRow]] = {}
    for entry in _entries(scenario, facts.decided):
        by_line.setdefault(entry.line, []).append(entry)
    decision, source = f"plan of {plan.said('as_of') or scenario.head.as_of}", Path(plan.file).name
    out: list[DecidedRow] = []
    for line, amount in zip(lines.ids, plan.by_line(lines)[0], strict=True):
        entries = by_line.get(line, [])
        rest = amount - sum((entry.amount for entry in entries), Fraction(0))
        if int(line[3]) >= year:
            out += entries
        elif rest < 0:
            out += [DecidedRow(line, amount, "locked", decision, source)]
        else:
            out += [*entries, DecidedRow(line, rest, "locked", decision, source)] if rest else entries
    return [*out, *_entries(scenario, facts.memo)]


def _entries(scenario: Scenario, decided: Decided) -> Iterator[DecidedRow]:
    dimensions, step = scenario.facts.dimensions, scenario.facts.step
    for k, state in enumerate(decided.state):
        i, p, a, t = (dimension.ids[code[k]] for dimension, code in zip(dimensions, decided.codes, strict=True))
        line = (i, p, a, t)
        yield DecidedRow(line, int(decided.amount[k]) * step, state, str(decided.decision[k]), decided.source[k], decided.confidence[k])


def _text(scenario: Scenario, plan: PlanAmounts, year: int, extends: str, baseline: str) -> str:
    closed = year_ranges(range(scenario.facts.years[0], year))
    return (
        "# yaml-language-server: $schema=schema.json\n"
        f"# {scenario.id}, rolled forward to {year}: the years before are closed to the plan in {Path(plan.file).name}.\n"
        f"extends: {_quoted(extends)}\n"
        f"scenario: {_renamed(scenario.id[:55], scenario, year)}\n"
        "state: draft\n"
        f"closed: {closed}\n"
        f"decided: {{file: {DECIDED}, replaces: true}}\n"
        f"baseline: {_quoted(baseline)}\n"
    )


def _renamed(name: str, scenario: Scenario, year: int) -> str:
    """Put the first open year behind a name, in place of the one that an earlier roll has put there."""
    earlier = f"-{max(scenario.facts.closed) + 1}" if scenario.facts.closed else ""
    return f"{name.removesuffix(earlier)}-{year}"


def _frozen_ceilings(scenario: Scenario, source: Path) -> str:
    """Write out the ceilings that `adjust` has changed, and switch these adjustments off: they would spare closed years."""
    node = scenario.tree.mapping("adjust")
    entries = {name: _without_ceilings(entry) for name, entry in node.items.items()} if node else {}
    changed = {name: rest for name, rest in entries.items() if rest is not None}
    if not changed:
        return ""
    before, after = (to_plain(tree).get("instruments", {}) for tree in (load_tree(source, lambda _: True, Problems()), scenario.tree))
    ceilings = {i.id: i.ceiling for i in scenario.facts.instruments if i.ceiling is not None}
    lines = ["adjust:", *(f"  {_quoted(name)}: {json.dumps(rest, ensure_ascii=False)}" for name, rest in changed.items()), "instruments:"]
    for name, ceiling in ceilings.items():
        if name in before and before[name].get("ceiling") != after[name].get("ceiling"):
            lines.append(f"  {name}: {{ceiling: {json.dumps(_limits(ceiling))}}}")
    return "\n".join(lines) + "\n"


def _without_ceilings(entry: Node) -> Any:
    """Return an entry of `adjust` without its ceilings, switched off when nothing else is left; None when it has none."""
    if isinstance(entry, Tree) and entry.text("off") == "true":
        return None
    items = [to_plain(item) for item in listed(entry)]
    if not any("ceiling" in item for item in items):
        return None
    kept = [{key: value for key, value in item.items() if key not in ("ceiling", "year")} if "ceiling" in item else item for item in items]
    kept = [item for item in kept if set(item) & {"reserve", "absorption", "need", "priority"}]
    return kept or {"off": True, "reason": "the ceilings below contain it"}


def _limits(ceiling: InstrumentCeiling) -> dict[str, Any]:
    each = {str(year): plain(amount) for year, amount in (ceiling.each or {}).items()}
    yearly: dict[str, Any] = {"each": each.get("0", each)} if each else {}
    return {**yearly, "total": plain(ceiling.total)} if ceiling.total is not None else yearly


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./-]+", text) else "'" + text.replace("'", "''") + "'"


def copy_originals(folder: Path, *sources: Path) -> dict[Path, Path]:
    """Copy scenario files with everything they name; return {file: copy}."""
    files = list(dict.fromkeys(path.resolve() for source in sources for path in needed_files(source)))
    root = Path(os.path.commonpath([path.parent for path in files]))
    copied = {path: folder / ORIGINAL / path.relative_to(root) for path in files}
    for path, target in copied.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in _SCENARIOS:
            schema = os.path.relpath(folder / "schema.json", target.parent)
            target.write_text(re.sub(r"\$schema=\S+", f"$schema={Path(schema).as_posix()}", read_text(path, display_name(path))), "utf-8")
        else:
            shutil.copy(path, target)
    return copied


def needed_files(path: Path) -> Iterator[Path]:
    """Yield a scenario file, the files it extends, and the tables and baselines that any of them names."""
    document = read_document(path, display_name(path))
    yield path
    for name in texts(document.get("extends")):
        yield from needed_files(path.parent / name)
    for keys, node in scalars(document):
        if keys[-1] == "file":
            yield path.parent / node.text.partition("#")[0]
    for name in texts(document.get("baseline")):
        baseline = path.parent / name
        if baseline.suffix.lower() in _SCENARIOS:
            yield from needed_files(baseline)
        else:
            yield from with_companions(baseline) or [baseline]


def _copy_plan(plan_file: Path, folder: Path) -> Path:
    """Copy the plan: the new one starts from it."""
    target = folder / plan_file.name
    home = target if plan_file.is_dir() else folder
    home.mkdir(exist_ok=True)
    for path in with_companions(plan_file):
        shutil.copy(path, home / path.name)
    return target
