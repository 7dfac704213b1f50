"""The scenarios are complete: every rule is met and every command is sent at least once."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.aggregates import making_rules, rules
from registry.commands import COMMANDS

TOLD = "".join(
    path.read_text(encoding="utf-8")
    for path in Path(__file__).parent.glob("*.py")
    if path.name != Path(__file__).name
)
RULES = {
    rule.code: rule
    for rule in (vars(rules) | vars(making_rules)).values()
    if isinstance(rule, type)
    and issubclass(rule, rules.Concerning)
    and rule is not rules.Concerning
}
#: What no command brings about while it is alone; two at once are turned away by the store.
UNREACHABLE = {
    "number-ever-held": "books and numbers are read before one is given",
    "households-unnamed": "told by read models: tests/adapters/test_occupancy.py",
    "residents-unnamed": "told by read models: tests/adapters/test_occupancy.py",
    "household-number-taken": "told by read models: tests/adapters/test_uniqueness.py",
    "plate-number-taken": "told by read models: tests/adapters/test_uniqueness.py",
    "street-name-taken": "told by read models: tests/adapters/test_uniqueness.py",
}


@pytest.mark.parametrize("code", sorted(RULES.keys() - UNREACHABLE.keys()))
def test_a_scenario_meets_the_rule(code):
    assert f'"{code}"' in TOLD


@pytest.mark.parametrize("name", COMMANDS)
def test_a_scenario_sends_the_command(name):
    assert f"{name}(" in TOLD


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_its_law_and_the_way_out(code):
    rule = RULES[code]
    assert rule.law
    assert rule.remedy.endswith(".")
    assert rule().message
    assert "(x)" in rule("x").message
