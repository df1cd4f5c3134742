"""`rules --of`: the whole mathematics of a scenario on one page."""

import json

from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import cli
from fundalloc.scenario.loading import load


def run(*words: str):
    return CliRunner().invoke(cli, ["rules", *words])


def test_sizes_and_every_rule_are_told():
    stated = json.loads(run("--of", str(TINY), "--json").stdout)["result"]["formulation"]
    found = {(one["part"].lower(), one["name"]): one for one in stated}
    # 3 instruments with money, 4 partnerships, 3 areas, 2 years; 9 needs in 3 steps
    assert [found["sets", name]["number"] for name in ("i in I", "p in P", "a in A", "t in T")] == [3, 4, 3, 2]
    assert found["variables and objective", "q[p,a,j]"]["number"] == 27
    # 9 needs, 3 + 2 + 1 demands, 6 absorptions, 5 ceilings; 42 lines, 27 met needs, 3 misses
    assert found["size of the linear program", "rows"]["number"] == 9 + 6 + 6 + 5
    assert found["size of the linear program", "columns"]["number"] == 42 + 27 + 3
    assert {name for part, name in found if part == "rules"} == {rule.id for rule in load(TINY).rules} - {"transfer"}
    assert found["variables and objective", "x[i,p,a,t]"]["figures"] == "x = d: 2; x >= d: 1"
    assert found["variables and objective", "score"]["formulas"] == [
        "score = sum{p,a,j} w[p,a] * g[a,j] * q[p,a,j] - 2 * sum v[legal-floor]"
    ]


def test_stages_say_what_they_may_give_up():
    text = run("--of", str(TINY), "--set", "objective=[{impact: {give: 2 %}}, unallocated]", "--set", "settle.stay_close=0.5 %").stdout
    assert "1: impact; kept by what follows, which may give up 2%\n      max score" in text
    assert "max sum{i,p,a,t: i in budget} x[i,p,a,t]" in text
    assert "which may give up 0.5%" in text


def test_markdown_has_headings_and_code():
    text = run("--of", str(TINY), "--markdown", "--lang", "de").stdout
    assert "## Mengen" in text
    assert "  - `sum{i,a,t} x[i,p,a,t] >= c[p]`" in text


def test_what_does_not_go_together_is_refused():
    assert "leave share out" in run("share", "--of", str(TINY)).stderr
    assert "--markdown needs --of FILE" in run("share", "--markdown").stderr
