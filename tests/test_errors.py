"""Refusals are the same in whatever process they are told."""

from __future__ import annotations

import pickle
from datetime import date

import pytest

from registry.aggregates.rules import DivisionCodeTaken
from registry.errors import Conflict, Fault, Malformed, NotFound, Refused, SubmissionReused
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
