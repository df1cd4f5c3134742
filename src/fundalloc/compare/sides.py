"""What is compared: scenario files, files of a git revision, and results, each opened as one side of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from fundalloc.compare.outcome import Outcome, outcome_of, stated_outcome
from fundalloc.compare.results import read_result
from fundalloc.compare.revisions import check_out, is_revision
from fundalloc.errors import FundallocError, Infeasible, Place, ScenarioError, UsageError
from fundalloc.optimise.stages import Optimum
from fundalloc.plan.handmade import ledger_of, measure_steps
from fundalloc.plan.plan import Plan
from fundalloc.run import solve_open, with_baseline
from fundalloc.scenario.document import Tree, display_name
from fundalloc.scenario.loading import load, setting_tree
from fundalloc.scenario.merging import load_tree, merge
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options

SCENARIOS = (".yaml", ".yml")
_NOT_MOVED: tuple[tuple[str, str], ...] = ()
Progress = Callable[[str], AbstractContextManager[object]]


class NoPlanFor(Infeasible):
    """No plan satisfies all rules of one of the scenarios; `of` names it. `fundalloc run` says why."""

    def __init__(self, of: str) -> None:
        super().__init__([])
        self.of = of


@dataclass(frozen=True)
class Inputs:
    """The scenario behind a side: as it is solved, and as it was written."""

    scenario: Scenario
    """With its baseline plan, if it starts from one."""
    tree: Tree
    """The file after `extends`, before `adjust`: what an override is written over."""
    source: Path
    start: dict[LineKey, Fraction] | None = None
    """The plan it starts from, EUR million per line."""


@dataclass(frozen=True)
class Side:
    """One of the things compared."""

    name: str
    """Short and unlike the others' names."""
    given: str
    """As it was named."""
    outcome: Outcome
    inputs: Inputs | None = None
    missing: str = ""
    """Why there are no inputs."""
    solved: bool = False
    """Whether the plan was computed just now, rather than read."""
    optimum: Optimum | None = field(default=None, repr=False)
    """What its program came to, when it was solved just now."""
    moved_from: tuple[tuple[str, str], ...] = field(default=())
    """Pairs of a temporary folder and what stands for it in printed places."""

    @property
    def title(self) -> str:
        """The scenario's title, or the name."""
        return str(self.inputs.scenario.head.title) if self.inputs else self.name

    def where(self, place: Place | str) -> str:
        """Return a printed place, with the revision instead of the temporary folder."""
        return _said(str(place), self.moved_from)


class Sides(ExitStack):
    """Opens sides, and keeps the folders of revisions and of embedded scenarios until closed."""

    def __init__(
        self,
        options: Options | None = None,
        progress: Progress | None = None,
        *,
        allow_outside: bool = False,
        language: str = "",
    ) -> None:
        super().__init__()
        self.options, self.progress = (options or Options()).begun(), progress or (lambda _: nullcontext())
        self.allow_outside = allow_outside
        self.language = language
        """In which names and sentences are; where nobody asked, that of the first scenario."""

    def open(self, given: Sequence[str]) -> list[Side]:
        """Open every side in order. Raises what reading and solving raise; a side that is there twice is fine."""
        sides = [self._open(one) for one in given]
        return [replace(side, name=name) for side, name in zip(sides, _names(given), strict=True)]

    def _open(self, given: str) -> Side:
        path, moved = Path(given), _NOT_MOVED
        if is_revision(given):
            folder = Path(self.enter_context(TemporaryDirectory(prefix="fundalloc-"))).resolve()
            path = check_out(given, folder)
            moved = ((f"{display_name(folder)}/", f"{given.partition(':')[0]}:"),)
        try:
            side = self._scenario(path, given) if path.suffix.lower() in SCENARIOS else self._result(path, given)
        except ScenarioError as error:
            raise ScenarioError(replace(p, place=replace(p.place, file=_said(p.place.file, moved))) for p in error.problems) from None
        return replace(side, moved_from=(*moved, *side.moved_from))

    def _scenario(self, path: Path, given: str) -> Side:
        with self.progress(f"Reading {given}"):
            scenario = load(path, allow_outside=self.allow_outside)
        inputs = self._inputs(path, scenario)
        with self.progress(f"Solving {given}"):
            plan, optimum = self._solved(inputs.scenario, given)
        inputs, outcome = replace(inputs, scenario=plan.scenario), outcome_of(plan, self._spoken(scenario))
        return Side(given, given, outcome, inputs, solved=True, optimum=optimum)

    def _spoken(self, scenario: Scenario) -> str:
        self.language = self.language or scenario.head.output.language
        return self.language

    def _solved(self, scenario: Scenario, given: str) -> tuple[Plan, Optimum]:
        """Solve a side; what goes wrong names it."""
        try:
            return solve_open(scenario, self.options)
        except Infeasible:
            raise NoPlanFor(given) from None
        except FundallocError as error:
            error.args = (f"{given}: {error}",)
            raise

    def _inputs(self, path: Path, scenario: Scenario, settings: Sequence[str] = ()) -> Inputs:
        """Return a scenario as written and as it starts; a baseline that is a scenario is solved."""
        tree = load_tree(path, lambda _: True)
        for setting in settings:
            tree = merge(tree, setting_tree(setting, path.parent))
        scenario = with_baseline(scenario, self.options)
        start = scenario.starting_amounts() if scenario.facts.baseline is not None else None
        return Inputs(scenario, tree, path, start)

    def _result(self, path: Path, given: str) -> Side:
        with self.progress(f"Reading {given}"):
            folder = Path(self.enter_context(TemporaryDirectory(prefix="fundalloc-"))).resolve()
            result = read_result(path, folder)
        stated = replace(stated_outcome(result.amounts.amounts, result.stated), names=result.names)
        if result.source is None:
            return Side(given, given, stated, missing=result.missing)
        inside = result.source.is_relative_to(folder)
        moved = ((f"{display_name(folder)}/", f"{path.name}:"),) if inside else _NOT_MOVED
        try:
            scenario = load(result.source, settings=result.settings, allow_outside=True, baseline=result.baseline)
            inputs = self._inputs(result.source, scenario, result.settings)
            steps, problems = ledger_of(inputs.scenario, result.amounts)
            if problems:
                raise ScenarioError(problems)
        except FundallocError as error:
            return Side(given, given, stated, missing=f"its scenario cannot be read any more ({str(error).splitlines()[0]})")
        plan = measure_steps(inputs.scenario, steps)
        outcome = outcome_of(plan, self._spoken(scenario), score=stated.score, status=stated.status or plan.status)
        return Side(given, given, outcome, inputs, moved_from=moved)


def _said(place: str, moved: Sequence[tuple[str, str]]) -> str:
    for folder, name in moved:
        place = place.replace(folder, name)
    return place


def _names(given: Sequence[str]) -> list[str]:
    """Return short names: the file's own, with revision, then folder, then a number where it would stand twice."""

    def revision(one: str) -> str:
        return f"{one.partition(':')[0]}:" if is_revision(one) else ""

    files = [Path(one.partition(":")[2] if is_revision(one) else one) for one in given]
    wanted = [f"{revision(one)}{file.stem}" for one, file in zip(given, files, strict=True)]
    endings = [f"{name} ({file.suffix[1:]})" for name, file in zip(wanted, files, strict=True)]
    folders = [f"{file.parent.name}/{name}" if file.parent.name else name for name, file in zip(wanted, files, strict=True)]
    for longer in (endings, folders):
        if len(set(longer)) > len(set(wanted)):
            wanted = [long if wanted.count(name) > 1 else name for name, long in zip(wanted, longer, strict=True)]
    return [f"{name} #{wanted[: k + 1].count(name)}" if wanted.count(name) > 1 else name for k, name in enumerate(wanted)]


def at_least_two(given: Sequence[str]) -> None:
    """Raise UsageError when there is nothing to compare with."""
    if len(given) < 2:
        raise UsageError("Name two or more: fundalloc compare A B [C…].")
