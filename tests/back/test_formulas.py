"""Sums over the allocation read as selections: what our own formulas say is understood again, and anything else is refused."""

from __future__ import annotations

import pytest

from cases import TINY
from fundalloc.back.formulas import NotUnderstood, Reader
from fundalloc.scenario.loading import load

CODES = {
    "instrument": {"ndici": "ndici", "amif": "amif", "member-states": "member-states", "guarantee": "guarantee"},
    "partnership": {"tunisia": "tunisia", "egypt": "egypt", "sahel": "no4_sahel", "global": "global"},
    "area": {"smuggling": "smuggling", "returns": "returns", "legal-pathways": "legal-pathways"},
}
P = "Allocation[Planned]"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(load(TINY), "en", CODES, {"Towards 'oda'": "oda"})


@pytest.mark.parametrize(
    ("formula", "selection"),
    [
        (f"=SUM({P})", {}),
        (f'=SUMIFS({P},Allocation[Partnership ID],"egypt")', {"partnership": "egypt"}),
        (f'=SUMIFS({P}, Allocation[Partnership ID], "no4_sahel", Allocation[Year], 2025)', {"partnership": "sahel", "year": "2025"}),
        (f'=SUMIFS({P},Allocation[Year],">=2025",Allocation[Year],"<=2026")', {"year": "2025-2026"}),
        (f'=SUMIFS({P},Allocation[Year],">2025")', {"year": "2026"}),
        (f'=SUMPRODUCT(SUMIFS({P},Allocation[Area ID],{{"returns","legal-pathways"}}))', {"area": ["returns", "legal-pathways"]}),
        (f'=SUMIFS({P},Allocation[Kind of money],"EU budget")', {"instrument": ["ndici", "amif"]}),
        (f'=SUMIFS({P},Allocation[Partnership],"Egypt",Allocation[Area],"Legal")', {"partnership": "egypt", "area": "legal-pathways"}),
        ("=SUMIFS(Allocation[Towards ''oda''],Allocation[Instrument ID],\"ndici\")", {"marker": "oda", "instrument": "ndici"}),
    ],
)
def test_sums_that_are_understood(reader, formula, selection):
    assert reader.selection(formula) == selection


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("=5", "it is not one SUMIFS over the sheet Allocation"),
        (f"=SUM({P})*2", "it is not one SUMIFS over the sheet Allocation"),
        ("=SUM(Allocation[Decided])", "it sums 'Decided', not the planned amounts"),
        (f'=SUMIFS({P},Allocation[Partnership ID],"mars")', "'mars' is no partnership of the scenario"),
        (f"=SUMIFS({P},Allocation[Partnership ID],B7)", "'B7' is neither a text in quotes nor a year"),
        (f'=SUMIFS({P},Allocation[Decided],">1")', "'Decided' is no column that a rule can select by"),
        (f'=SUMIFS({P},Allocation[Year],"soon")', "'soon' is no year"),
        (f'=SUMIFS({P},Allocation[Year],"٢٠٢٥")', "'٢٠٢٥' is no year"),
        (f"=SUMIFS({P},Allocation[Year],２０２５)", "'２０２５' is neither a text in quotes nor a year"),
        (f'=SUMIFS({P},Allocation[Area ID],"returns",Allocation[Area],"Legal")', "it selects by area twice"),
        (f"=SUMIFS({P},Allocation[Year])", "its criteria are no pairs of column and value"),
        ("=SUM(Allocation!A1:A9)", "'Allocation!A1:A9' is no column of the table Allocation"),
    ],
)
def test_what_is_not_understood_is_said(reader, formula, message):
    with pytest.raises(NotUnderstood) as caught:
        reader.selection(formula)
    assert str(caught.value) == message
