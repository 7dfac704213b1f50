"""Refusals are the same in whatever process they are told."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from datetime import date

import pytest

from registry.aggregates.rules import DivisionCodeTaken
from registry.commands import COMMANDS
from registry.errors import Conflict, Fault, Malformed, NotFound, Refused, Rule, SubmissionReused
from registry.values import DivisionCode

TAKEN = DivisionCodeTaken(DivisionCode("510603"))


@pytest.mark.parametrize(
    "error",
    [
        Malformed([Fault("/name", "wrong-type", "expected a text"), Fault("/on", "missing", "-")]),
        Refused([TAKEN]),
        NotFound("person", "A1"),
        NotFound("person", "A1", date(2007, 1, 1)),
        Conflict("others keep entering first"),
        SubmissionReused("another body"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_out_of_another_process_as_it_is(error):
    error.add_note("in the second of three pieces")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def rules_below(rule: type[Rule]) -> Iterator[type[Rule]]:
    for one in rule.__subclasses__():
        yield one
        yield from rules_below(one)


def test_a_remedy_names_commands_that_there_are():
    """Words such as MoveOut: whoever is refused types them next."""
    told = [(rule, getattr(rule, "remedy", "")) for rule in rules_below(Rule)]
    named = re.compile(r"\b(?:[A-Z][a-z]+){2,}\b")
    words = [(rule, word) for rule, text in told for word in named.findall(str(text))]
    assert len(words) > 10
    assert [(rule.__name__, word) for rule, word in words if word not in COMMANDS] == []
