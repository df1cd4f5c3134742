"""A kind of rule from another package: installed beside fundalloc, used like one of the folder, and refused where it is none."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import permutations
from pathlib import Path
from textwrap import dedent

import openpyxl
import pytest
from click.testing import CliRunner

from cases import ROOT, TWO_BY_TWO, write
from fundalloc.cli import cli
from fundalloc.errors import UsageError
from fundalloc.rules import kinds
from fundalloc.selftest import kinds as witnessed
from fundalloc.selftest.judge import ENDS, Known, judge, known_answers
from fundalloc.selftest.reading import number
from fundalloc.selftest.statement import Bound
from fundalloc.testing import check_kind

SPREAD = '''
"""Even money: the member with the most gets at most so much more than the one with the least.

    max over members F_m - min over members F_m  <=  amount

The largest and the smallest amount are columns of the rule's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from fundalloc.facts.capacity import capacity
from fundalloc.rules._fields import ForEach
from fundalloc.rules._ledger import amounts_by_code, measured
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Between, Open, Rows


class Spread(Kind):
    """Even money: nobody gets much more than anybody else."""

    kind: ClassVar[str] = "spread"
    labels: ClassVar[Mapping[str, str]] = {"en": "Spread", "de": "Spannweite"}
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"says": "Instruments: at most {limit} apart", "between": "instrument", "at_most": "30", "source": "assumption"}
    ]

    between: ForEach
    """Whose amounts are compared."""

    def _groups(self, lines):
        money = self.own_money(lines, *self.between)
        return money, np.unique(money.member)

    def rows(self, lines, demands):
        """One row: most - least against the amount; every member lies between the two."""
        money, codes = self._groups(lines)
        count, position = len(codes), np.searchsorted(codes, money.member)
        room = np.array([capacity(money, lines, int(codes.max()) + 1)[codes].max()])
        every, ends = np.arange(count), np.zeros(count, dtype=np.intp)
        n = len(money)
        below = Rows(
            np.concatenate([np.full(count, -np.inf), np.zeros(count)]),
            np.concatenate([np.zeros(count), np.full(count, np.inf)]),
            np.concatenate([position, position + count, every, every + count]),
            np.concatenate([money.line, money.line, ends, ends]),
            np.concatenate([money.weight.values, money.weight.values, -np.ones(2 * count)]),
            named={"most": slice(2 * n, 2 * n + count), "least": slice(2 * n + count, None)},
        )
        figure = np.array([float(f) for f in demands.figure])
        return Rows(
            np.full(1, -np.inf),
            figure,
            np.zeros(2, dtype=np.intp),
            np.zeros(2, dtype=np.intp),
            np.array([1.0, -1.0]),
            named={"most": slice(0, 1), "least": slice(1, 2)},
            auxiliary={"most": Between(np.zeros(1), room), "least": Between(np.zeros(1), room)},
            defining=below,
        )

    def check(self, lines, demands, steps):
        """Compare the largest with the smallest amount."""
        money, codes = self._groups(lines)
        amounts = amounts_by_code(codes, money, steps)
        limits = [figure / lines.facts.step for figure in demands.figure]
        either = np.ones(len(demands), dtype=bool)
        return measured([max(amounts) - min(amounts)], limits, lambda: Open(either, either))
'''
RULE = {
    "kind": "spread",
    "says": "North and South: at most {limit} apart",
    "between": "partnership",
    "at_most": "5",
    "source": "assumption",
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """install(text, entry): a package of one module as pip leaves it, found until the test ends."""
    site = tmp_path / "site"

    def made(text: str, entry: str = "spread = evenmoney:Spread") -> None:
        about = site / "evenmoney-1.0.dist-info"
        about.mkdir(parents=True)
        (site / "evenmoney.py").write_text(text, "utf-8")
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: evenmoney\nVersion: 1.0\n", "utf-8")
        (about / "entry_points.txt").write_text(f"[fundalloc.rules]\n{entry}\n", "utf-8")
        monkeypatch.syspath_prepend(site)
        kinds.cache_clear()

    yield made
    sys.modules.pop("evenmoney", None)
    monkeypatch.undo()
    kinds.cache_clear()


def call(*args: object, code: int = 0) -> str:
    result = CliRunner().invoke(cli, [str(a) for a in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_a_plan_with_a_rule_of_another_package_from_check_to_verify(install, tmp_path):
    """South may get 5 more than North: 10.5 and 5.5 of the 16. North 4 + 1.5 x 0.6, South 6 x 2 + 1.5 x 1.2: 18.7 points."""
    install(SPREAD)
    case = write(tmp_path, TWO_BY_TWO | {"rules": {"even": RULE}})
    assert "Even money" in call("rules")
    assert "max over members" in call("rules", "spread")
    call("check", case)
    book = tmp_path / "plan.xlsx"
    plan = json.loads(call("run", case, "-o", book, "--json"))["result"]
    planned = {}
    for row in plan["allocation"]:
        who = row["key"].split("|")[1]
        planned[who] = planned.get(who, 0) + row["amount"]
    assert planned == pytest.approx({"north": 5.5, "south": 10.5})
    assert plan["score"] == pytest.approx(18.7)
    (even,) = [row for row in plan["rules"] if row["rule"] == "even"]
    assert (even["amount"], even["limit"], even["status"]) == (5.0, 5.0, "at limit")
    said = [cell for row in openpyxl.load_workbook(book)["Rules"].iter_rows(values_only=True) for cell in row]
    assert "Spread" in said
    assert "at most EUR 5 million apart" in call("explain", case, "even").replace("\u00a0", " ")
    call("explain", case)
    call("verify", book)
    for language, name in {"de": "Spannweite", "fr": "Spread"}.items():
        assert kinds()["spread"].named(language) == name


def test_its_limit_is_held_when_nothing_fits_and_when_it_gives_way(install, tmp_path):
    """South needs 15 of the 16, and then stands 14 above North: hard there is no plan, soft it costs 9 points."""
    install(SPREAD)
    floor = {"kind": "amount", "says": "South: {limit}", "money": {"partnership": "south"}, "at_least": "15", "source": "assumption"}
    hard = write(tmp_path, TWO_BY_TWO | {"rules": {"even": RULE, "floor": floor}}, "hard.yaml")
    said = call("run", hard, "-n", code=4)
    assert "even" in said
    assert "floor" in said
    soft = write(tmp_path, TWO_BY_TWO | {"rules": {"even": RULE | {"soft": "1"}, "floor": floor}}, "soft.yaml")
    (even,) = [row for row in json.loads(call("run", soft, "-n", "--json"))["result"]["rules"] if row["rule"] == "even"]
    assert (even["amount"], even["status"]) == (pytest.approx(14), "missed")


def test_its_limit_is_priced_and_named_as_what_holds_money_back(install, tmp_path):
    """North takes 2, so South gets 7, all from A, and A keeps 1 of its 10: one million more for South earns 1.2 points.

    A's euro for North would earn a point, above what North can absorb.
    """
    install(SPREAD)
    north, south = TWO_BY_TWO["partnerships"]
    case = write(tmp_path, TWO_BY_TWO | {"partnerships": [{**north, "absorption": "2"}, south], "rules": {"even": RULE}})
    said = call("run", case, "-n")
    assert "dearest    North and South: at most EUR 5 million apart: limit EUR 1 million higher: +1.20 points" in said.replace(
        "\u00a0", " "
    )
    assert re.findall(r"Unallocated\s+([AB]) [\d.]+: (.*)", said) == [
        ("B", "held back by even"),
        ("A", "held back by even, the limits of absorption"),
    ]
    (hold,) = json.loads(call("explain", case, "south", "--json"))["result"]["holds"]
    assert (hold["rule"], hold["up"]) == ("even", False)


def test_a_limit_that_has_room_holds_nothing_back(install, tmp_path):
    """Both may take 2: the largest and the smallest amount are columns at their ends, their difference is not."""
    install(SPREAD)
    capped = {"kind": "amount", "says": "{partnership}", "for_each": "partnership", "at_most": "2", "source": "assumption"}
    said = call("run", write(tmp_path, TWO_BY_TWO | {"rules": {"even": RULE, "capped": capped}}), "-n")
    assert set(re.findall(r"Unallocated\s+[AB] [\d.]+: (.*)", said)) == {"held back by capped"}


def test_it_keeps_the_contract(install):
    """The largest and the smallest amount stand in columns of the rule's own: the contract holds of these too."""
    install(SPREAD)
    check_kind(kinds()["spread"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<=  amount", "is small", "states its inequality"),
        ('"""Even money: the member', '"""even money: the member', "begins with a sentence"),
        ("class Spread", "class Spreads", "class and word have one name: Spreads beside 'spread'"),
        ('"en": "Spread", ', "", "it has no name: labels"),
        ('"de": "Spannweite"', '"dd": "Spannweite"', "unknown languages: ['dd']"),
        ('    """Whose amounts are compared."""', "", "what they are: between"),
        ("    EXAMPLES: ClassVar", "    OTHERS: ClassVar", "a kind has examples"),
        ('"between": "instrument", "at_most"', '"at_most"', "example 1: cannot be read"),
        ('"at_most": "30"', '"at_most": {"x": "30"}', "example 1: cannot be read: 'at most' has figures per member"),
        ('"at_most": "30"', '"at_most": "1"', "no plan of the case examples/tiny keeps it"),
        ("[max(amounts) - min(amounts)]", "[max(amounts) + min(amounts)]", "the check says"),
        ("[max(amounts) - min(amounts)]", "[]", "0 measures for 1 demands"),
        ("[max(amounts) - min(amounts)]", "[Fraction(0)]", "the check says"),
        ("np.array([1.0, -1.0])", "np.array([1.0, 1.0])", "the rows say"),
        ("np.full(1, -np.inf),", "figure,", "'at most' with limits"),
        ("room = np.array([capacity(money, lines, int(codes.max()) + 1)[codes].max()])", "room = np.array([np.inf])", "no finite bound"),
        ("amounts = amounts_by_code", "self.rows(lines, demands)\n        amounts = amounts_by_code", "'check' looks at 'rows'"),
        ("room = np.array([capacity(money, lines, int(codes.max()) + 1)[codes].max()])", "room = np.ones(1)", "example 1: no plan"),
    ],
)
def test_the_contract_finds_what_is_broken(install, old, new, said):
    assert SPREAD.count(old) == 1
    install(SPREAD.replace(old, new))
    with pytest.raises(AssertionError, match="Spread") as error:
        check_kind(next(kind for kind in vars(importlib.import_module("evenmoney")).values() if getattr(kind, "kind", "") == "spread"))
    assert said in str(error.value)


def test_who_lacks_a_kind_is_told_which_package_has_it(install, tmp_path):
    case = TWO_BY_TWO | {"rules": {"even": RULE}}
    named = case | {"kinds_from": {"spread": "evenmoney"}}
    said = call("check", write(tmp_path, named), code=3)
    assert "the kind 'spread' is not installed here" in said
    assert "the scenario says that it is in the package evenmoney: install that, if you trust it" in said
    assert "unknown kind 'spread'" in call("check", write(tmp_path, case), code=3)
    install(SPREAD)
    warned = "its kind is in the package evenmoney, and a reader without that is not told so"
    assert warned in call("check", write(tmp_path, case))
    assert warned not in call("check", write(tmp_path, named))


def test_the_package_of_the_examples_keeps_its_own_tests(tmp_path):
    """Laid out as pip leaves it; CI installs it with pip."""
    about = tomllib.loads((ROOT / "examples" / "top-k" / "pyproject.toml").read_text("utf-8"))["project"]
    info = tmp_path / "fundalloc_top_k-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n", "utf-8")
    entry = "".join(f"{word} = {where}\n" for word, where in about["entry-points"]["fundalloc.rules"].items())
    (info / "entry_points.txt").write_text(f"[fundalloc.rules]\n{entry}", "utf-8")
    shutil.copy(ROOT / "examples" / "top-k" / "fundalloc_top_k.py", tmp_path)
    path = os.pathsep.join([str(tmp_path), str(ROOT / "src")])
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(ROOT / "examples" / "top-k" / "tests")]
    done = subprocess.run(tests, env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("text", "entry", "fault"),
    [
        ("import nowhere", "spread = evenmoney:Spread", "cannot be loaded: No module named 'nowhere'"),
        ("Spread = 3", "spread = evenmoney:Spread", "is no class derived from fundalloc.rules.kind.Kind"),
        (SPREAD, "even = evenmoney:Spread", "calls itself 'spread'"),
        (SPREAD.replace('"spread"', '"share"'), "share = evenmoney:Spread", "has the word of another kind"),
        (SPREAD.replace("def check", "def checked"), "spread = evenmoney:Spread", "lacks check"),
        (SPREAD.replace("    EXAMPLES", "    built_in: ClassVar[bool] = True\n    EXAMPLES"), "spread = evenmoney:Spread", "is built_in"),
    ],
)
def test_a_package_that_offers_no_usable_kind_is_named(install, text, entry, fault):
    install(dedent(text), entry)
    with pytest.raises(UsageError, match="evenmoney") as error:
        kinds()
    assert fault in str(error.value)


def spread(statement, name, rule):
    """The rule once more: every member at most so much above every other."""
    money = [statement.reading.sum({"partnership": place}) for place in ("north", "south")]
    for more, less in permutations(money):
        apart = more | {line: -weight for line, weight in less.items()}
        statement.rows.append(Bound(name, apart, number(rule["at_most"]), uncut=True))


def locked(place, amount):
    return {
        "instrument": "fund",
        "partnership": place,
        "area": "aid",
        "year": 2026,
        "amount": amount,
        "state": "locked",
        "decision": "signed",
    }


@pytest.mark.parametrize(
    ("decided", "score"),
    [
        # 10 in all, 5.05 apart and not 5.0 in whole steps: North 7.525 at two points, South 2.475 at one.
        ([], 17.525),
        # South is 7 above North by decision, which cannot be mended: no plan.
        ([locked("south", 8), locked("north", 1)], None),
    ],
)
def test_the_second_witness_takes_a_kind_with_columns_of_its_own_in_one_place(install, monkeypatch, decided, score):
    install(SPREAD)
    monkeypatch.setitem(witnessed._KINDS, "spread", spread)
    floor = next(known.case for known in known_answers() if known.name == "a floor")
    case = floor | {"decided": decided, "rules": {"even": RULE | {"at_most": "5.05"}}}
    verdict = judge(case, Known("spread", "by hand", score, case))
    assert (verdict.wrong, verdict.end) == ((), ENDS["infeasible" if score is None else "optimal"])
