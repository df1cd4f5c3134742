"""The errors of fundalloc, each raised in the room that knows and caught only at the command line.

A :class:`Problem` is one thing wrong with what a planner wrote: where it stands, what was found, what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

_EXCERPT = 400
"""Characters of a line that a message shows at most."""
_ALIKE = 3
"""Problems of one cause that are printed; one more than that is printed too."""
_NAMES = re.compile(r"'[^']*'|\d+([.,]\d+)*")
"""What differs between problems of one cause."""
MANY = 20
"""Problems beyond which nobody reads what each word may mean."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a file with line and column (both from 1), or a worksheet cell."""

    file: str
    line: int = 0
    column: int = 0
    cell: str = ""
    """`Sheet!C7` for a worksheet; empty for a text file."""
    excerpt: str = ""
    """The line as written, for the message."""

    @property
    def order(self) -> tuple[object, ...]:
        """Sorts places as a reader meets them: cells by row, then by column."""
        sheet, _, cell = self.cell.rpartition("!")
        letters = cell.rstrip("0123456789")
        row = int(cell[len(letters) :] or 0)
        return self.file, self.line, sheet, row, len(letters), letters, self.column

    def __str__(self) -> str:
        if self.cell:
            return f"{self.file}:{self.cell}"
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, in one message: place, what was found and expected, and a suggestion."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}"
        if self.place.excerpt.strip():
            number, start = f"{self.place.line:>5} | ", max(self.place.column - _EXCERPT // 2, 0)
            excerpt = self.place.excerpt.rstrip()[start : start + _EXCERPT]
            text += f"\n{number}{excerpt}\n{' ' * (len(number) + max(self.place.column - 1 - start, 0))}^ {self.hint}".rstrip()
        elif self.hint:
            text += f"\n        {self.hint}"
        return text


class FundallocError(Exception):
    """What a user can put right; everything else keeps its traceback."""

    exit_code: ClassVar[int] = 1
    """What a command ends with, and what the ledger of runs keeps."""
    ended: ClassVar[str] = "failed"
    """The word for a run that ended so."""

    def __reduce__(self) -> tuple[Callable[..., FundallocError], tuple[object, ...]]:
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[FundallocError], args: tuple[object, ...], own: dict[str, object]) -> FundallocError:
    """Make an error anew, as another process sent it; what it was made from is no longer known."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(own)
    return error


class ScenarioError(FundallocError):
    """A scenario has problems; all that could be found are listed."""

    exit_code, ended = 3, "has problems"

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(unique, key=lambda p: p.place.order))
        super().__init__("\n".join(told(self.problems)))

    @classmethod
    def of(cls, place: Place, message: str, hint: str = "") -> ScenarioError:
        """Return the error of one problem."""
        return cls([Problem(place, message, hint)])


def told(problems: Iterable[Problem]) -> list[str]:
    """Return problems as they are printed: three of those that differ in names and figures alone, and how many more there are."""
    alike: dict[str, list[Problem]] = {}
    for problem in problems:
        alike.setdefault(_NAMES.sub("", problem.message), []).append(problem)
    out: list[str] = []
    for same in alike.values():
        shown = same if len(same) <= _ALIKE + 1 else same[:_ALIKE]
        out += [*map(str, shown), *(f"        {more}" for more in and_more(same, len(shown), f" like this, the last at {same[-1].place}"))]
    return out


class Problems(list[Problem]):
    """Problems as they are found, each with its place, until all of them are told at once."""

    def __init__(self, found: Iterable[Problem] = ()) -> None:
        super().__init__(found)
        self.remarks: list[Problem] = []
        """What looks wrong and does not stop."""

    def remark(self, place: Place, message: str, hint: str = "") -> None:
        """Note something that looks wrong and does not stop."""
        self.remarks.append(Problem(place, message, hint))

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Note one more."""
        self.append(Problem(place, message, hint))

    def unknown(self, place: Place, what: str, word: str, known: Iterable[str]) -> None:
        """Note a word that nobody knows, and what it may mean while there are few."""
        self.add(place, f"unknown {what} '{word}'", did_you_mean(word, known) if len(self) < MANY else "")

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is raised inside, and go on behind."""
        try:
            yield
        except ScenarioError as error:
            self.extend(error.problems)

    def tell(self) -> None:
        """Raise ScenarioError when there is any."""
        if self:
            raise ScenarioError(self)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One member of a set of rules that cannot hold together, in the planner's words."""

    rule: str
    says: str
    place: str
    source: str = ""
    negotiable: str = ""
    """law, political or practice; empty for facts such as decided money."""


class Infeasible(FundallocError):
    """No plan satisfies all hard rules; `conflicts` names rules that clash, one set of possibly several."""

    status = "infeasible"
    exit_code, ended = 4, "infeasible"

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        told = "; ".join(f"{c.rule}: {c.says}" if c.says else c.rule for c in self.conflicts)
        super().__init__(f"No plan satisfies all rules.{' These clash: ' if told else ''}{told}")


class NotRoundable(FundallocError):
    """A lawful plan exists, but none in whole rounding steps."""

    exit_code, ended = 4, "not roundable"


class SolverFailed(FundallocError):
    """The solver stopped without a usable answer; `status` says why."""

    exit_code, ended = 5, "stopped"

    def __init__(self, status: str, message: str) -> None:
        self.status = status
        super().__init__(message)


@contextmanager
def sized(what: Callable[[], str]) -> Iterator[None]:
    """Let a lack of memory say what was too large for it."""
    try:
        yield
    except MemoryError as error:
        error.add_note(what())
        raise


def out_of_memory(error: MemoryError | ImportError) -> SolverFailed:
    """Return the error of a computer that has too little memory; numpy says for what, a solver that it was its own."""
    too_large = "".join(f" for {what}" for what in getattr(error, "__notes__", ())[:1])
    what = "the solver's own tables" if "bad_alloc" in str(error) else str(error).replace("Unable to allocate", "no room for")
    more = "Close other programs, solve fewer files at once (--jobs), or bring partnerships, years or members of rules together."
    return SolverFailed("memory", f"The memory is too small{too_large}{': ' if what else ''}{what}. {more}")


class NotVerified(FundallocError):
    """The finished plan breaks a hard rule when recomputed: never written. Or a result is not what it says, in the things named."""

    exit_code, ended = 7, "not verified"

    def __init__(self, message: str, wrong: Sequence[str] = (), file: str = "") -> None:
        self.wrong, self.file = tuple(wrong), file
        super().__init__(message)


class OutputError(FundallocError):
    """A result could not be written."""

    exit_code, ended = 6, "not written"


class UsageError(FundallocError):
    """The call itself makes no sense: an unknown solver, a key that cannot be set."""

    exit_code, ended = 2, "wrong call"


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a misspelt word most likely means, or None."""
    lowered = {candidate.lower(): candidate for candidate in sorted(set(candidates), reverse=True)}
    near = difflib.get_close_matches(word.lower(), sorted(lowered), n=1, cutoff=0.65)
    return lowered[near[0]] if near else None


def year_ranges(years: Sequence[int]) -> str:
    """Write years as ranges: 2021-2023, 2026."""
    ranges: list[list[int]] = []
    for year in sorted(years):
        if ranges and ranges[-1][-1] == year - 1:
            ranges[-1][1:] = [year]
        else:
            ranges.append([year])
    return ", ".join("-".join(map(str, dict.fromkeys(part))) for part in ranges)


def some(names: Sequence[str], most: int = 4) -> str:
    """List so many names and count the rest."""
    return " ".join([", ".join(names[:most]), *and_more(names, most)])


def counted(number: int, what: str) -> str:
    """Write a number with what is counted, given in the plural: "1 rule", "3 rules"."""
    return f"{number} {what.removesuffix('s') if number == 1 else what}"


def and_more(listed: Sized, shown: int, what: str = "") -> list[str]:
    """Return what a list says of those that it does not show, as its last entry; none when it shows all."""
    rest = len(listed) - shown
    return [f"and {rest} more{what}"] if rest > 0 else []


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the nearest candidate, or a short list of what exists, or nothing."""
    known = sorted(set(candidates))
    near = nearest(word, known)
    if near:
        return f"did you mean '{near}'?"
    if 0 < len(known) <= 12:
        return "expected one of: " + ", ".join(known)
    return ""
