"""Why an amount differs: the parts by hand, and that they add up whatever differs."""

from fractions import Fraction

import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.compare.why_less import CHOICE, GROUPS, differing, mixed, why_less
from fundalloc.insight.explain.bench import Bench
from fundalloc.scenario.loading import load

NORTH = {"partnership": "north"}


def two(tmp_path, name, **change):
    return load(write(tmp_path, {**TWO_BY_TWO, **change}, name))


def needs(north, south, priority="1", south_priority="2"):
    return [
        {"partnership": "north", "area": "returns", "need": north, "priority": priority},
        {"partnership": "south", "area": "returns", "need": south, "priority": south_priority},
    ]


def test_one_group_takes_it_all(tmp_path):
    # There, North is capped at 2; here it gets 3.4, as on paper: rules make 1.4.
    cap = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "2"}
    here, there = two(tmp_path, "here.yaml"), two(tmp_path, "there.yaml", rules={"cap": cap})
    split = why_less(Bench(here), Bench(there), NORTH)
    assert (float(split.here), float(split.there)) == (pytest.approx(3.4), pytest.approx(2.0))
    assert {group: float(part) for group, part in split.parts.items()} == {"rules": pytest.approx(1.4)}
    assert split.solved == 2


def test_two_groups_share_by_the_average_of_both_orders(tmp_path):
    # South's priority is 2.1 here and there. There, A has 12 and South needs 6, in steps of 3, 1.8 and 1.2; B's 6 meet 3.
    # A gives South 1.8 at 1.26 and 1.2 at 0.63, and North all of its 8: 1 is left. With A at 10 instead, North gets 7.
    # With A at 12 and South needing 12: 3 + 3.6 to South, 4 to North at 1.0, the last 1.4 to South at 0.63: North 4.
    # Here, with A at 10: 3 + 3.6 to South, North 3.4.
    # Need: (4 - 8 + 3.4 - 7) / 2 = -3.8. Ceilings: (7 - 8 + 3.4 - 4) / 2 = -0.8.
    instruments = {"a": {**TWO_BY_TWO["instruments"]["a"], "ceiling": "12"}, "b": TWO_BY_TWO["instruments"]["b"]}
    here = two(tmp_path, "here.yaml", needs=needs("8", "12", south_priority="2.1"))
    there = two(tmp_path, "there.yaml", instruments=instruments, needs=needs("8", "6", south_priority="2.1"))
    assert differing(here, there) == ["need", "ceilings"]
    split = why_less(Bench(here), Bench(there), NORTH)
    assert {group: float(part) for group, part in split.parts.items()} == {"need": pytest.approx(-3.8), "ceilings": pytest.approx(-0.8)}
    assert sum(split.parts.values()) == split.here - split.there
    assert split.solved == 4


def test_every_group_is_told_apart(tmp_path):
    base = two(tmp_path, "base.yaml")
    decided = [{"instrument": "b", "partnership": "south", "area": "returns", "year": "2026", "amount": "1", "state": "committed"}]
    cap = {"kind": "amount", "says": "North", "source": "assumption", "money": {"partnership": "north"}, "at_most": "2"}
    a, b = TWO_BY_TWO["instruments"]["a"], TWO_BY_TWO["instruments"]["b"]
    changes = {
        "need": {"needs": needs("9", "12")},
        "priority": {"needs": needs("8", "12", "1.5")},
        "rules": {"rules": {"cap": cap}},
        "ceilings": {"instruments": {"a": {**a, "reserve": "5 %"}, "b": b}},
        "decided money": {"decided": decided},
        "everything else": {"steps": [{"share": "100 %", "value": "1"}]},
    }
    assert tuple(changes) == GROUPS
    for group, change in changes.items():
        other = two(tmp_path, "other.yaml", **change)
        assert differing(base, other) == [group]
        both = mixed(base, other, frozenset([group]))
        assert differing(both, other) == []
        assert differing(mixed(base, other, frozenset()), base) == []
    words = two(tmp_path, "other.yaml", instruments={"a": {**a, "name": "Another name"}, "b": b})
    assert differing(base, words) == []


def test_a_choice_among_equally_good_plans_is_a_part_of_its_own(tmp_path):
    # A's 10 are worth the same everywhere: alone a run gives halves. There, North must have 8; here South must have 4, which takes
    # 2 from North and no more: the third million is a choice.
    def like(name, partnership, least):
        rule = {"kind": "amount", "says": "r", "source": "assumption", "money": {"partnership": partnership}, "at_least": least}
        steps = [{"share": "100 %", "value": "1"}]
        instruments = {"a": TWO_BY_TWO["instruments"]["a"]}
        eligible = TWO_BY_TWO["eligibility"][:1]
        return two(
            tmp_path,
            name,
            rules={"floor": rule},
            steps=steps,
            instruments=instruments,
            eligibility=eligible,
            needs=needs("10", "10", south_priority="1"),
        )

    split = why_less(Bench(like("here.yaml", "south", "4")), Bench(like("there.yaml", "north", "8")), NORTH)
    assert (split.here, split.there) == (5, 8)
    assert split.parts == {"rules": -2, CHOICE: -1}


def test_parts_add_up_exactly():
    here = load(TINY)
    there = load(
        TINY, settings=["rules.packages.at_least.egypt=12", "instruments.amif.ceiling.each=8", "partnerships.tunisia.absorption=9"]
    )
    ends = Bench(here), Bench(there)
    for words in ({"partnership": "egypt"}, {"instrument": "amif", "area": "returns"}, {"partnership": "tunisia"}):
        split = why_less(*ends, words)
        assert set(split.parts) == {"rules", "ceilings"}
        assert sum(split.parts.values(), Fraction(0)) == split.here - split.there


def test_no_split_says_why(tmp_path):
    here = two(tmp_path, "here.yaml")
    bench = Bench(here)
    assert why_less(bench, bench, NORTH).reason == "nothing differs in the inputs"
    assert why_less(bench, None, NORTH).reason == "no plan exists there"
    later = Bench(two(tmp_path, "later.yaml", years="2027"))
    assert why_less(bench, later, NORTH).reason == "the two scenarios speak of different years"
