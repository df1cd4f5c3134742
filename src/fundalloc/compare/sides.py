"""What is compared: scenario files, files of a git revision, and results, each opened as one side of the comparison."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from fundalloc.compare.outcome import Outcome, outcome_of, stated_outcome
from fundalloc.compare.overrides import Written
from fundalloc.compare.results import read_result
from fundalloc.doors.text import display_name
from fundalloc.errors import FundallocError, Infeasible, Place, Problems, ScenarioError, UsageError
from fundalloc.labels import Language
from fundalloc.optimise.stages import Optimum, Progress
from fundalloc.plan.handmade import ledger_of, measure_steps
from fundalloc.run import solve_open, with_baseline
from fundalloc.scenario.loading import load, read_tree
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options

_REVISION = re.compile(r"^[^:]{2,}:.+$")
SCENARIOS = (".yaml", ".yml")


class NoPlanFor(Infeasible):
    """No plan satisfies all rules of one of the scenarios; `of` names it. `fundalloc run` says why."""

    def __init__(self, of: str) -> None:
        super().__init__([])
        self.of = of


@dataclass(frozen=True)
class SideInputs:
    """The scenario behind a side: as it is solved, and as it was written."""

    scenario: Scenario
    """With its baseline plan, if it starts from one."""
    written: Written
    """The file after `extends`, before `adjust`: what an override is written over."""
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
    inputs: SideInputs | None = None
    missing: str = ""
    """Why there are no inputs."""
    solved: bool = False
    """Whether the plan was computed just now, rather than read."""
    optimum: Optimum | None = field(default=None, repr=False)
    """What its program came to, when it was solved just now."""
    moved_from: tuple[tuple[str, str], ...] = ()
    """Pairs of a temporary folder and what stands for it in printed places."""

    def where(self, place: Place | str) -> str:
        """Return a printed place, with the revision instead of the temporary folder."""
        return _said(str(place), self.moved_from)


class Sides(ExitStack):
    """Opens sides, and keeps the folders of revisions and of embedded scenarios until closed."""

    def __init__(self, options: Options | None, progress: Progress | None, *, allow_outside: bool, language: str) -> None:
        super().__init__()
        self.options, self.progress = (options or Options()).begun(), progress or (lambda _: nullcontext())
        self.allow_outside, self.language = allow_outside, language
        """In which names and sentences are; where nobody asked, that of the first scenario."""

    def open(self, given: Sequence[str]) -> list[Side]:
        """Open every side in order. Raises what reading and solving raise; a side that is there twice is fine."""
        sides = [self._open(one) for one in given]
        return _alike([replace(side, name=name) for side, name in zip(sides, _names(given), strict=True)])

    def _open(self, given: str) -> Side:
        path, moved = Path(given), []
        if is_revision(given):
            folder = self._folder()
            path = check_out(given, folder)
            moved = [(f"{display_name(folder)}/", f"{given.partition(':')[0]}:")]
        try:
            side = self._scenario(path, given) if path.suffix.lower() in SCENARIOS else self._result(path, given)
        except ScenarioError as error:
            raise ScenarioError(replace(p, place=replace(p.place, file=_said(p.place.file, moved))) for p in error.problems) from None
        return replace(side, moved_from=(*moved, *side.moved_from))

    def _folder(self) -> Path:
        return Path(self.enter_context(TemporaryDirectory(prefix="fundalloc-"))).resolve()

    def _scenario(self, path: Path, given: str) -> Side:
        """Read and solve a scenario; what goes wrong in solving names it."""
        with self.progress(f"Reading {given}"):
            scenario = load(path, allow_outside=self.allow_outside)
        inputs = self._inputs(path, scenario)
        try:
            with self.progress(f"Solving {given}"):
                plan, optimum = solve_open(inputs.scenario, self.options)
        except Infeasible:
            raise NoPlanFor(given) from None
        except FundallocError as error:
            error.args = (f"{given}: {error}",)
            raise
        inputs, outcome = replace(inputs, scenario=plan.scenario), outcome_of(plan, self._spoken(scenario))
        return Side(given, given, outcome, inputs, solved=True, optimum=optimum)

    def _spoken(self, scenario: Scenario) -> str:
        self.language = self.language if isinstance(self.language, Language) else scenario.speaks(self.language)
        return self.language

    def _inputs(self, path: Path, scenario: Scenario, settings: Sequence[str] = ()) -> SideInputs:
        """Return a scenario as written and as it starts; a baseline that is a scenario is solved."""
        tree = read_tree(path, lambda _: True, (), settings, Problems())
        scenario = with_baseline(scenario, self.options)
        start = scenario.starting_amounts() if scenario.facts.baseline is not None else None
        return SideInputs(scenario, Written.of(tree, path), start)

    def _result(self, path: Path, given: str) -> Side:
        with self.progress(f"Reading {given}"):
            folder = self._folder()
            result = read_result(path, folder)
        stated = replace(stated_outcome(result.amounts.amounts, result.stated), names=result.names)
        if result.source is None:
            return Side(given, given, stated, missing=result.missing)
        moved = ((f"{display_name(folder)}/", f"{path.name}:"),) if result.source.is_relative_to(folder) else ()
        try:
            scenario = load(result.source, settings=result.settings, allow_outside=True, baseline=result.baseline, recorded=True)
            inputs = self._inputs(result.source, scenario, result.settings)
            steps, problems = ledger_of(inputs.scenario, result.amounts)
            problems.tell()
        except FundallocError as error:
            return Side(given, given, stated, missing=f"its scenario cannot be read any more ({str(error).splitlines()[0]})")
        plan = measure_steps(inputs.scenario, steps)
        outcome = outcome_of(plan, self._spoken(scenario), score=stated.score, status=stated.status or plan.status)
        return Side(given, given, outcome, inputs, moved_from=moved)


def _alike(sides: list[Side]) -> list[Side]:
    """Let all sides speak of an area as a whole where one of them does not break its money down into actions."""
    within, whole = {action: area for side in sides for action, area in side.outcome.within.items()}, set[str]()
    for side in sides:
        held = {key[2] for key, amount in side.outcome.amounts.items() if amount}
        whole |= (held & {*within.values()}) - {within[action] for action in held & within.keys()}
    actions = {action for action, area in within.items() if area in whole}
    return [replace(side, outcome=side.outcome.as_whole(actions)) for side in sides] if actions else sides


def _said(place: str, moved: Sequence[tuple[str, str]]) -> str:
    for folder, name in moved:
        place = place.replace(folder, name)
    return place


def _names(given: Sequence[str]) -> list[str]:
    """Return short names: the file's own, with revision, then folder, then a number where it would stand twice."""
    parted = [one.partition(":") if is_revision(one) else ("", "", one) for one in given]
    files = [Path(file) for _, _, file in parted]
    wanted = [f"{revision}{colon}{file.stem}" for (revision, colon, _), file in zip(parted, files, strict=True)]
    endings = [f"{name} ({file.suffix[1:]})" for name, file in zip(wanted, files, strict=True)]
    folders = [f"{file.parent.name}/{name}" if file.parent.name else name for name, file in zip(wanted, files, strict=True)]
    for longer in (endings, folders):
        if len(set(longer)) > len(set(wanted)):
            wanted = [long if wanted.count(name) > 1 else name for name, long in zip(wanted, longer, strict=True)]
    return [f"{name} #{wanted[: k + 1].count(name)}" if wanted.count(name) > 1 else name for k, name in enumerate(wanted)]


# -- REV:FILE: a file as it was in a revision of the git repository, with everything beside it --------------------------------


def is_revision(given: str) -> bool:
    """Return whether an argument means a file of a revision: `HEAD~1:plan.yaml`, but not a file that is there by that name."""
    return bool(_REVISION.match(given)) and not Path(given).exists()


def check_out(given: str, folder: Path) -> Path:
    """Unpack the folder of REV:FILE as it was in that revision into `folder`; return the file there. Raises UsageError."""
    revision, file = given.partition(":")[0], Path(given.partition(":")[2])
    start = file.parent if file.is_absolute() and file.parent.is_dir() else Path.cwd()
    found = _git(start, "rev-parse", "--show-toplevel")
    if found.returncode:
        raise UsageError(f"{given}: no such file, and {start} is not in a git repository")
    top, here = Path(found.stdout.decode().strip()), (start / file).resolve()
    found = _git(start, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        raise UsageError(f"{given}: no such file, and git knows no revision '{revision}'")
    commit = found.stdout.decode().strip()
    seen = [here.relative_to(top.resolve()).as_posix()] if here.is_relative_to(top.resolve()) else []
    seen += [] if file.is_absolute() else [file.as_posix().removeprefix("./")]  # or else from the top, as git itself has it
    named = next((name for name in seen if _git(top, "cat-file", "-e", f"{commit}:{name}").returncode == 0), None)
    if named is None:
        listing = f"git ls-tree -r --name-only {revision}"
        raise UsageError(f"{given}: that revision has no file '{file.as_posix()}'; {listing} lists what it has")
    packed = _git(top, "archive", "--format=zip", commit, "--", Path(named).parent.as_posix())
    if packed.returncode:
        said = packed.stderr.decode(errors="replace").strip() or f"code {packed.returncode}"
        raise UsageError(f"{given}: git cannot unpack it: {said.splitlines()[0]}")
    with zipfile.ZipFile(io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder)
    return folder / named


def _git(start: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(start), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is not installed: REVISION:FILE needs it") from None
