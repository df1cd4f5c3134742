"""Editors take `none` wherever the reading does: for what need not be there, not for what must."""

import jsonschema
import pytest
import yaml

from fundalloc.scenario.schema import json_schema

RULE = "{kind: amount, money: {instrument: ndici}, at_least: 5, says: s, source: s, %s}"
MAY = [
    "past: none",
    "closed: none",
    "baseline: none",
    "output: none",
    "steps: none",
    "round_to: none",
    "prices: none",
    "instruments: {ndici: {ceiling: none, partners: none, carry_over: none, reserve: none}}",
    "instruments: {ndici: {ceiling: {total: 60, each: none}}}",
    "areas: {returns: {steps: none}}",
    "adjust: {x: [{instrument: ndici, ceiling: none, reserve: none}]}",
    f"rules: {{floor: {RULE % 'soft: none'}}}",
    f"rules: {{floor: {RULE % 'unless: none, watch: none'}}}",
    "rules: {floor: {money: {instrument: ndici, year: none}}}",
]
MUST = ["fundalloc: none", "rules: {floor: {kind: none}}", "objective: [none]"]


@pytest.mark.parametrize("text", MAY)
def test_what_need_not_be_there_may_go(text):
    jsonschema.validate(yaml.safe_load(text), json_schema())


@pytest.mark.parametrize("text", MUST)
def test_what_must_be_there_may_not(text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json_schema())
