"""Read a scenario file and everything it names; report every problem at once.

The order: text → tree (`document`) → merged with what it extends (`merging`) → read part by part (`reading`): tables
(`tables.specs`) → names → `adjust` → facts (`assembly`) → rules → what only the whole shows (`consistency`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fundalloc.doors.reading import admit, held, project, reachable
from fundalloc.doors.text import display_name
from fundalloc.errors import Place, Problems, ScenarioError, sized
from fundalloc.scenario.document import Scalar, Tree, parse_document
from fundalloc.scenario.in_memory import as_files
from fundalloc.scenario.merging import LONGEST_CHAIN, Allowed, load_tree, merge, spread
from fundalloc.scenario.plans.amounts import read_plan
from fundalloc.scenario.reading import assemble
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import fingerprint, gather, stacked, with_companions
from fundalloc.scenario.tables.instruments import layers_of
from fundalloc.scenario.tables.layout import Names
from fundalloc.scenario.tables.raw import Files
from fundalloc.scenario.tables.specs import KEYS, written_names

if TYPE_CHECKING:
    import pandas as pd


def load(
    path: str | Path | Mapping[str, Any],
    *,
    settings: Iterable[str] = (),
    allow_outside: bool = False,
    baseline: str | Path | None = None,
    variants: Iterable[str | Path] = (),
    root: Path | None = None,
    recorded: bool = False,
) -> Scenario:
    """Read a scenario: a file, or a mapping with the keys of one, whose files lie in the current folder. Raises ScenarioError.

    `variants` are laid over it in order, then `settings`: `KEY=VALUE` overrides with dotted keys and any YAML value.
    Files that it names must lie in its project, unless `allow_outside`, or in `root`, into which a workbook's scenario was unpacked.
    `baseline` names the plan to start from (a scenario, JSON, CSV or workbook, anywhere), instead of the one that it names itself.
    `recorded`, like what was unpacked, it is read beside a result that exists: years that are over need not be accounted for.

        >>> load("examples/tiny/tiny.yaml", settings=["rules.legal-floor.off=true", "rules.legal-floor.reason=What if"])
        <Scenario tiny: 4 instruments, 4 partnerships, 3 areas, 2 years, 42 lines, 2 rules, 3 demands>
    """
    if isinstance(path, Mapping):
        return load_tables(path, {}, settings=settings, allow_outside=allow_outside, baseline=baseline, variants=variants)
    source, written, read, over = Path(path), tuple(settings), dict[Path, None](), tuple(map(Path, variants))
    for given in (source, *over, *([] if baseline is None else [Path(baseline)])):
        reachable(given)
    extra, named = None, written
    if baseline is not None:
        start, extra = Path(os.path.relpath(baseline, source.parent)).as_posix(), Path(baseline).resolve()
        named = (*written, f"baseline={json.dumps(start)}")
    with sized(lambda: f"reading {source.name}"):
        scenario = _load(source, named, allow_outside, (), read, extra, over, root, recorded=recorded or root is not None)
        sources = gather(source, read, written, extra)
    if not over:
        return replace(scenario, sources=sources)
    together = stacked(sources, source, over)
    return replace(scenario, sources=together, file=display_name(source.with_name(PurePosixPath(together.main).name)))


def load_tables(head: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], **options: Any) -> Scenario:
    """Read a scenario whose head is a mapping and whose tables are frames, with the checks and the options of `load`."""
    files = as_files(head, tables)
    with held(files):
        return load(next(iter(files)), **options)


def load_names(path: Path) -> Names:
    """Return the names of the members of a scenario, whatever is wrong with the rest of it. Raises ScenarioError when it cannot be read."""
    reachable(path)
    return written_names(load_tree(path, lambda _: True, Problems()), Files(path.parent))


def _load(
    source: Path,
    settings: Iterable[str],
    allow_outside: bool,
    chain: tuple[Path, ...],
    read: dict[Path, None],
    extra: Path | None = None,
    variants: tuple[Path, ...] = (),
    root: Path | None = None,
    *,
    recorded: bool = False,
) -> Scenario:
    """Read one scenario with the plan that it starts from, and note in `read` all it names; `extra` and variants may lie anywhere."""
    folders = {path.parent.resolve() for path in (source, *variants)} | {project(source.parent) if root is None else root.resolve()}
    given = {file.resolve() for file in with_companions(extra) if file.resolve().parent == file.parent} | {extra} if extra else set()
    read.update(dict.fromkeys(variants))

    def allowed(other: Path) -> bool:
        inside = allow_outside or other.resolve() in given or any(other.resolve().is_relative_to(folder) for folder in folders)
        if inside:
            read[other] = None
        return inside

    problems, files = Problems(), Files(source.parent, allowed, recorded)
    tree = read_tree(source, allowed, variants, settings, problems)
    node = tree.get("baseline")
    if not isinstance(node, Scalar):
        return assemble(tree, source, files, problems)
    path = source.parent / node.text
    admit(path, node.text, node.place, allowed)
    if not path.exists():
        raise ScenarioError.of(node.place, f"no such file: {node.text}", "name a scenario, or a plan as JSON, CSV or workbook")
    if path.resolve() in (*chain, source.resolve()):
        raise ScenarioError.of(node.place, "a circle of baselines", "a scenario cannot start from its own plan")
    if len(chain) > LONGEST_CHAIN:
        raise ScenarioError.of(node.place, f"a chain of more than {LONGEST_CHAIN} baselines", "start from a plan that was written")
    for file in with_companions(path):
        admit(file, f"{node.text}/{file.name}" if path.is_dir() else file.name, node.place, allowed)
    scenario = assemble(tree, source, files, problems, expects_baseline=True)
    if path.suffix.lower() in (".yaml", ".yml"):
        start = _load(path, (), allow_outside, (*chain, source.resolve()), read, root=root, recorded=True)  # what was planned before
        digest, remarks = fingerprint(scenario.digest, start.digest), (*scenario.remarks, *start.remarks)
        return replace(scenario, baseline=start, digest=digest, remarks=remarks)
    plan = read_plan(path, scenario.facts.dimensions, strict=False)
    amounts, elsewhere = plan.amounts, sum(plan.unknown.values(), Fraction(0))
    stated = sorted(f"{'|'.join(key)} {amount}" for key, amount in amounts.items() if amount)
    return replace(scenario.starting_from(amounts, elsewhere), digest=fingerprint(scenario.digest, *stated, str(elsewhere)))


def read_tree(source: Path, allowed: Allowed, variants: Iterable[Path], settings: Iterable[str], problems: Problems) -> Tree:
    """Read a scenario file and everything it extends, merged, and lay variants and settings over it. Raises ScenarioError."""
    tree = load_tree(source, allowed, problems, variants)
    for setting in settings:
        for layer in layers_of(setting_tree(setting, source.parent), Files(source.parent, allowed), problems):
            tree = merge(tree, layer, problems)
    return tree


def setting_tree(text: str, folder: Path) -> Tree:
    """Turn `a.b=value` into the tree {a: {b: value}}, and a cell such as `needs.egypt.returns.need` into a change of its table."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError.of(Place("--set"), f"'{text}' is not KEY=VALUE", "such as --set rules.legal-floor.at_least=20%")
    *parts, last = key.strip().split(".")
    keys = KEYS.get(parts[0] if parts else "", ())
    if keys and len(parts) + 1 >= len(keys) + 2:
        found = dict(zip(keys, parts[1:], strict=False))
        column = ".".join([*parts[1 + len(keys) :], last])
        row = "".join(f"      {name}: {json.dumps(member, ensure_ascii=False)}\n" for name, member in found.items())
        document = f"{parts[0]}:\n  change:\n    -\n{row}      {json.dumps(column, ensure_ascii=False)}: {value.strip()}\n"
    else:
        nested = "".join(f"{'  ' * depth}{json.dumps(part, ensure_ascii=False)}:\n" for depth, part in enumerate(parts))
        document = f"{nested}{'  ' * len(parts)}{json.dumps(last, ensure_ascii=False)}: {value.strip()}\n"
    return spread(parse_document(document, f"--set {key.strip()}", folder, positions=False))
