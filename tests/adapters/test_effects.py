"""What event types do to fields, as marks tell it; and whom columns do not tell of."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.replaying.effects import KEPT, Told, effects
from adapters.replaying.laying import Entries, alike
from adapters.replaying.wire import NULL, Cells, words
from registry.aggregates import Aggregate, Application, Household, Person
from registry.vocabulary import VOCABULARY


def done(shape: type[Aggregate], event: str, *names: str) -> Any:
    """What an event type does to fields of an aggregate."""
    (word,) = (word for word in VOCABULARY.values() if word.name == event)
    return effects(shape, frozenset(names), word)


def test_a_field_that_an_event_may_leave_out_is_kept_where_it_does():
    found = done(Person, "DetailsChanged", "education", "name").equal
    assert list(found) == ["education"]
    assert (found["education"].field.name, found["education"].otherwise) == ("education", KEPT)
    moved = done(Person, "MovedOut", "community", "left_community", "left_on").equal
    assert moved["community"] is None
    assert [moved[one].field.name for one in ("left_community", "left_on")] == [
        "community",
        "effective_on",
    ]


def test_a_comparison_with_the_state_before_has_two_effects():
    found = done(Application, "ProductionPackageBuilt", "attempt", "body", "state")
    assert found.compared == ("attempt", "attempt")
    assert "body" not in found.equal
    assert found.unequal["body"] is None
    assert isinstance(found.unequal["attempt"], Told)
    assert done(Application, "ProductionPackageBuilt", "state").compared is None
    assert done(Application, "ProductionPackageBuilt", "body") is None


def test_what_is_computed_or_looked_into_is_left_to_be_folded():
    assert done(Application, "DeadlineExtended", "extension") is None
    assert done(Application, "DeadlineExtended", "state") is not None
    assert done(Application, "CardRedone", "body", "attempt") is None
    assert done(Person, "EntriesVoided", "name") is None
    assert done(Person, "NameCorrected", "name") is None
    assert done(Household, "MembersChanged", "head").equal["head"].field.name == "head"


def test_texts_are_alike_whatever_their_handles():
    texts = words(["甲", "乙", "甲"])
    column = Cells(np.array([0, 2, 1, NULL, NULL]), texts)
    told = Entries(np.zeros(5), np.arange(5), np.ones(5, np.bool_), [column])
    later = np.arange(1, 5)
    assert alike(told, later, later - 1).tolist() == [True, False, False, True]
    hidden = told._replace(shown=np.array([1, 0, 1, 1, 1], np.bool_))
    assert alike(hidden, later, later - 1).tolist() == [False, False, False, True]
