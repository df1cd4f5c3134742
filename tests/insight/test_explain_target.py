"""What words can mean."""

import pytest

from cases import SHIPPED, TINY
from fundalloc.errors import UsageError
from fundalloc.insight.explain.hardening import hardened
from fundalloc.insight.explain.target import find_target
from fundalloc.scenario.loading import load

BASELINE = next(p for p in SHIPPED if p.parent.name == "mff-2021-2027" and p.stem == "baseline")


@pytest.fixture(scope="module")
def shipped():
    return load(BASELINE)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["amif/tunisia/returns/2025"], {"instrument": "amif-external", "partnership": "tunisia", "area": "returns", "year": "2025"}),
        (["amif-external|libya|returns|2024"], {"instrument": "amif-external", "partnership": "libya", "area": "returns", "year": "2024"}),
        (["Tunisia", "Legal migration"], {"partnership": "tunisia", "area": "legal-pathways"}),
        (["Tunisia", "Legal", "migration"], {"partnership": "tunisia", "area": "legal-pathways"}),
        (["turkiye"], {"partnership": "turkiye"}),
        (["Türkiye"], {"partnership": "turkiye"}),
        (["IPA III", "Serbia"], {"instrument": "ipa-iii", "partnership": "serbia"}),
        (["route:central-med", "returns"], {"partnership": "route:central-med", "area": "returns"}),
        (["western-balkans"], {"partnership": "western-balkans"}),
    ],
)
def test_places(shipped, said, words):
    target = find_target(shipped, said)
    assert target.words == words
    assert target.rule is None
    picked = target.lines
    assert picked.any()
    for name, word in words.items():
        positions = getattr(shipped.lines, name)[picked]
        assert shipped.facts.dimensions[name].masks[word][positions].all()


def test_rules_and_their_members(shipped):
    target = find_target(shipped, ["signed-packages", "egypt"])
    assert (target.rule.id, target.says) == ("signed-packages", "signed-packages, Egypt")
    assert [target.rule.demands(shipped.lines).member[k] for k in target.demands] == [("egypt",)]
    ceiling = find_target(shipped, ["ceiling", "amif-external", "2025"])
    assert [ceiling.rule.demands(shipped.lines).member[k] for k in ceiling.demands] == [("amif-external", "2025")]
    assert len(find_target(shipped, ["cushion small"]).demands) == 1


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (["tunesia"], "nothing here is called 'tunesia'; did you mean 'tunisia'"),
        (["amif"], "'amif' can mean several things: instrument amif-external, rule amif-areas"),
        (["ndici", "egypt"], "'ndici' can mean several things: instrument ndici-neighbourhood"),
        (["egypt", "libya"], "'libya' names a second partnership beside 'egypt'"),
        (["signed-packages", "libya"], "asks nothing of signed-packages, Libya; it has 2 members, such as egypt, lebanon"),
        (["cushion-small", "signed-packages"], "'signed-packages' names a second rule beside 'cushion-small'"),
    ],
)
def test_what_cannot_be_understood(shipped, said, complaint):
    with pytest.raises(UsageError, match=complaint.replace("(", r"\(")):
        find_target(shipped, said)


def test_soft_rules_made_hard(shipped):
    hard, names = hardened(shipped, ["Cushion small"])
    assert names == ["cushion-small"]
    assert [rule.id for rule in hard.rules if rule.soft is None and rule.id == "cushion-small"] == ["cushion-small"]
    assert sum(rule.soft is not None for rule in hard.rules) == sum(rule.soft is not None for rule in shipped.rules) - 1
    everyone, names = hardened(shipped)
    assert len(names) == 20
    assert all(rule.soft is None for rule in everyone.rules)
    with pytest.raises(UsageError, match="'signed-packages' is no soft rule"):
        hardened(shipped, ["signed-packages"])
    with pytest.raises(UsageError, match="did you mean 'cushion-small'"):
        hardened(shipped, ["cushion-smal"])
    with pytest.raises(UsageError, match="no rule of this scenario is soft"):
        hardened(load(TINY, settings=["rules.legal-floor.off=true", "rules.legal-floor.reason=test"]))
