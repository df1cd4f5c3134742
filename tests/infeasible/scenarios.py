"""Scenarios without a plan: each with its cause, and its smallest conflicts and cheapest repair worked out by hand.

The ground: instrument A has 10 for North and South, B has 6 for South only; one area; 2026; steps of 0.1 (EUR million).
A conflict is written as its members: rule ids, `ceiling a` for the ceilings of an instrument, `absorption north`, and the
words for facts. Rules are political unless they say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cases import TWO_BY_TWO

NORTH, SOUTH = {"partnership": "north"}, {"partnership": "south"}
TWO_YEARS = {
    "years": "2025-2026",
    "instruments": {
        "a": {"name": "A", "source": "assumption", "ceiling": {"each": "5"}},
        "b": {"name": "B", "source": "assumption", "ceiling": {"each": "3"}, "partners": ["south"]},
    },
}
"""A has 5 and B 3 in each of two years."""


def rule(money: dict[str, Any] | None = None, **figures: Any) -> dict[str, Any]:
    """A rule of kind amount unless `figures` say otherwise."""
    return {"kind": "amount", "says": "rule", "source": "assumption", "money": money or {}, **figures}


def bilateral(name: str, **more: str) -> dict[str, str]:
    return {"id": name, "name": name.title(), "level": "bilateral", **more}


@dataclass(frozen=True)
class Case:
    """What is written over the ground, and what the diagnosis must find."""

    name: str
    changes: dict[str, Any]
    conflicts: list[set[str]]
    moved: str
    """EUR million that the cheapest repair moves."""
    repair: tuple[str, ...]
    """What stands in the sentences of the cheapest repair; one of them when several cost the same."""
    members: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """Files beside the scenario."""

    @property
    def scenario(self) -> dict[str, Any]:
        return {**TWO_BY_TWO, **self.changes}


CASES = [
    # B has 6 and should give 8: lower the floor by 2, or raise the ceiling by 2 (law: last).
    Case("floor above ceiling", {"rules": {"f": rule({"instrument": "b"}, at_least="8")}}, [{"f", "ceiling b"}], "2", ("from 8.0 to 6.0",)),
    # 9 + 8 = 17 against 10 + 6 = 16. Each floor alone fits.
    Case(
        "two floors above two ceilings",
        {"rules": {"n": rule(NORTH, at_least="9"), "s": rule(SOUTH, at_least="8")}},
        [{"n", "s", "ceiling a", "ceiling b"}],
        "1",
        ("from 9.0 to 8.0", "from 8.0 to 7.0"),
    ),
    # Exactly 5 and at most 4.
    Case(
        "exactly against at most",
        {"rules": {"x": rule(NORTH, exactly="5"), "m": rule(NORTH, at_most="4")}},
        [{"x", "m"}],
        "1",
        ("from 5.0 to 4.0", "from 4.0 to 5.0"),
    ),
    # 60 % and 50 % of the same money, of which there must be 10: at T the shares miss 0.1 T, so 1.0 at T = 10.
    Case(
        "two shares above the whole",
        {
            "rules": {
                "n": rule(NORTH, kind="share", at_least="60 %", of={}),
                "s": rule(SOUTH, kind="share", at_least="50 %", of={}),
                "t": rule(at_least="10"),
            }
        },
        [{"n", "s", "t"}],
        "1",
        ("from 60 % to 50 %", "from 50 % to 40 %"),
    ),
    # North takes 3 a year and should get 5. Absorption is practice, so it gives way before the floor.
    Case(
        "absorption",
        {"partnerships": [bilateral("north", absorption="3"), bilateral("south")], "rules": {"n": rule(NORTH, at_least="5")}},
        [{"n", "absorption north"}],
        "2",
        ("raise the absorption of North from 3.0 to 5.0 in 2026",),
    ),
    # 2025 is closed with 2 from A; 2026 adds at most 5: 7, not 9. More decided money would help, less would not.
    Case(
        "closed year",
        {
            **TWO_YEARS,
            "closed": "2025",
            "decided": [
                {"instrument": "a", "partnership": "north", "area": "returns", "year": "2025", "amount": "2", "state": "committed"}
            ],
            "rules": {"f": rule({"instrument": "a"}, at_least="9")},
        },
        [{"f", "closed years", "ceiling a"}],
        "2",
        ("from 9.0 to 7.0",),
    ),
    # South is suspended in 2026: 2025 gives 5 + 3 = 8 of 12; without the suspension 16. Both ways cost 4.
    Case(
        "suspended partnership",
        {
            **TWO_YEARS,
            "exclude": {"suspended": {"partnership": "south", "year": "2026", "reason": "Cooperation suspended"}},
            "rules": {"s": rule(SOUTH, at_least="12")},
        },
        [{"s", "ceiling a", "ceiling b", "exclude suspended"}],
        "4",
        ("from 12.0 to 8.0", "lift the exclusion “suspended”"),
    ),
    # 5 of A are committed for South, which may have a fifth of all. Money for North would mend that, but A has only 5 more, and B
    # may not fund it.
    Case(
        "decided money above a share",
        {
            "decided": [
                {"instrument": "a", "partnership": "south", "area": "returns", "year": "2026", "amount": "5", "state": "committed"}
            ],
            "rules": {"s": rule(SOUTH, kind="share", at_most="20 %", of={})},
        },
        [{"s", "decided money", "ceiling a", "eligibility"}],
        "3",
        ("from 20 % to 50 %",),
    ),
    # What B does follows what A did the year before; in the first year nothing came before, so B cannot give 3 then.
    Case(
        "sequence with a lag",
        {
            **TWO_YEARS,
            "rules": {
                "f": rule({"instrument": "b", "year": "2025"}, at_least="3"),
                "q": rule(
                    {"instrument": "b"}, kind="sequence", after={"instrument": "a"}, lag="1", at_most="100 %", says="{year}: B after A"
                ),
            },
        },
        [{"f", "q"}],
        "3",
        ("from 3.0 to 0.0",),
    ),
    # Half of A's 8 is paid in the year: 4, not 3. Paying 1 more is cheaper than committing 2 less.
    Case(
        "payments ceiling",
        {
            "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "10", "payment_profile": ["50 %", "50 %"]}},
            "eligibility": [{"instrument": "a", "area": "returns"}],
            "rules": {"p": rule(kind="payments", at_most="3", says="Payments in {year}"), "f": rule(at_least="8")},
        },
        [{"p", "f"}],
        "1",
        ("from 3.0 to 4.0",),
    ),
    # Nothing or 9 for North, not more than 7, not less than 2. Between 0 and 9 every way costs 2: 9 → 7, 7 → 9, 2 → 0.
    Case(
        "minimum size too large",
        {
            "rules": {
                "v": rule(NORTH, kind="minimum_size", at_least="9"),
                "m": rule(NORTH, at_most="7"),
                "f": rule(NORTH, at_least="2"),
            }
        },
        [{"v", "m", "f"}],
        "2",
        ("from 9.0 to 7.0", "from 7.0 to 9.0", "from 2.0 to 0.0"),
    ),
    # One partnership at the most, and 2 for each of the two: one partnership more, or 2 less.
    Case(
        "count impossible",
        {
            "rules": {
                "c": rule(kind="count", counting="partnership", at_most="1"),
                "n": rule(NORTH, at_least="2"),
                "s": rule(SOUTH, at_least="2"),
            }
        },
        [{"c", "n", "s"}],
        "0",
        ("from 1 to 2",),
        members=1,
    ),
    # A has 10, and 20 % of B's 6 may move to it: 11.2, not 12.
    Case(
        "transfers not enough",
        {
            "transfers": {"t": {"from": "b", "to": "a", "at_most": "20 %", "source": "assumption"}},
            "rules": {"f": rule({"instrument": "a"}, at_least="12")},
        },
        [{"f", "ceiling a", "transfer t"}],
        "0.8",
        ("from 12.0 to 11.2",),
    ),
    # Needs 8 and 12. With 1 for North and 9 for South North has 1 of a fair 4, and should have 0.9 x 4: 2.6 short.
    # Raising North to 5.1 would move 4.1, lowering South to 1.7 would move 7.3.
    Case(
        "balance",
        {
            "instruments": {"a": {"name": "A", "source": "assumption", "ceiling": "20"}},
            "eligibility": [{"instrument": "a", "area": "returns"}],
            "rules": {
                "n": rule(NORTH, at_most="1"),
                "s": rule(SOUTH, at_least="9"),
                "fair": rule(kind="balance", for_each="partnership", at_least="90 %"),
            },
        },
        [{"n", "s", "fair"}],
        "2.6",
        ("from 90 % to 25 %",),
    ),
    # 2 in 2025 may grow to 2.2, not to 5. From 5 / 1.1 = 4.55 on it could: 2.6 in whole steps; 2.8 the other ways.
    Case(
        "change from year to year",
        {
            **TWO_YEARS,
            "rules": {
                "before": rule({"instrument": "a", "year": "2025"}, at_most="2"),
                "after": rule({"instrument": "a", "year": "2026"}, at_least="5"),
                "growth": rule({"instrument": "a"}, kind="change", at_most="110 %", says="Growth in {year}"),
            },
        },
        [{"before", "after", "growth"}],
        "2.6",
        ("from 2.0 to 4.6",),
    ),
    # The plan gives North 4; 10 % more is 4.4, not 6.
    Case(
        "deviation corridor",
        {
            "baseline": "plan.csv",
            "rules": {"d": rule(kind="deviation", for_each="partnership", within="10 %"), "f": rule(NORTH, at_least="6")},
        },
        [{"d", "f"}],
        "1.6",
        ("from 6.0 to 4.4", "from 10 % to 50 % (EUR 6.0 million)"),
        files={
            "plan.csv": "instrument,partnership,area,year,amount\na,north,returns,2026,4\na,south,returns,2026,6\n",
        },
    ),
    # Both lie in Africa, which takes 8 a year: 5 + 5 do not fit.
    Case(
        "tree nodes",
        {
            "partnerships": [
                {"id": "africa", "name": "Africa", "absorption": "8"},
                bilateral("north", within="africa"),
                bilateral("south", within="africa"),
            ],
            "rules": {"n": rule(NORTH, at_least="5"), "s": rule(SOUTH, at_least="5")},
        },
        [{"n", "s", "absorption africa"}],
        "2",
        ("raise the absorption of Africa from 8.0 to 10.0 in 2026",),
    ),
    # 4 in each year against 6 in both.
    Case(
        "years together and alone",
        {
            **TWO_YEARS,
            "rules": {
                "both": rule({"instrument": "a", "year": "2025-2026"}, at_most="6"),
                "each": rule({"instrument": "a"}, for_each="year", at_least="4", says="{year}"),
            },
        },
        [{"both", "each 2025", "each 2026"}],
        "2",
        ("from 6.0 to 8.0", "from 4.0 to 2.0"),
    ),
    # A single euro.
    Case(
        "one euro",
        {"rules": {"f": rule({"instrument": "a"}, at_least="10.000001")}},
        [{"f", "ceiling a"}],
        "0.000001",
        ("from 10.000001 to 10.0",),
    ),
    # Two that have nothing to do with each other; a repair must cure both.
    Case(
        "two conflicts at once",
        {
            "rules": {
                "f": rule({"instrument": "b"}, at_least="8"),
                "x": rule(NORTH, exactly="5"),
                "m": rule(NORTH, at_most="4"),
            }
        },
        [{"f", "ceiling b"}, {"x", "m"}],
        "3",
        ("from 8.0 to 6.0",),
    ),
    # Only B may fund visas, and gives 6; A could give the rest if it were eligible.
    Case(
        "eligibility",
        {
            "areas": {"returns": {"name": "Returns"}, "visas": {"name": "Visas"}},
            "eligibility": [{"instrument": "a", "area": "returns"}, {"instrument": "b", "area": "visas"}],
            "needs": [{"partnership": "south", "area": "visas", "need": "9"}],
            "rules": {"f": rule({"area": "visas"}, at_least="8")},
        },
        [{"f", "ceiling b", "eligibility"}],
        "2",
        ("from 8.0 to 6.0",),
    ),
    # The same floor cut twice, by the ceiling of 10 and by absorption of 7. Politics gives way as little as possible, by 2,
    # and practice takes the other 3; lowering the floor alone would move 5 of politics.
    Case(
        "two reasons for one floor",
        {
            "partnerships": [bilateral("north", absorption="7"), bilateral("south")],
            "rules": {"n": rule({**NORTH, "instrument": "a"}, at_least="12")},
        },
        [{"n", "ceiling a"}, {"n", "absorption north"}],
        "5",
        ("lower “rule” from 12.0 to 10.0; raise the absorption of North from 7.0 to 10.0",),
    ),
]
