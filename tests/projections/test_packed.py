"""States of table values are those of the objects, whatever happened and whatever was blanked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from registry.aggregates import Person
from registry.events.person import DetailsChanged, MovedOut, PersonImported
from registry.projections import packed
from registry.projections.packed import PackedFold
from registry.projections.persons import FOLD
from registry.projections.streams import carried
from registry.vocabulary import VOCABULARY, Kind
from tests.everything import STREAM, one_of, whole
from tests.projections.pencil import CODEC, SALT, as_columns

WORDS = [word for word in VOCABULARY.values() if word.kind is Kind.PERSON and not word.voids]
SOME = PackedFold(Person, ("left_on", "life", "workplace", "community"))


def told(fold: PackedFold, state: Any) -> dict[str, Any] | None:
    """The fields of a state that a fold tells."""
    if state is None:
        return None
    columns = as_columns(state) if isinstance(state, Person) else state
    return {name: getattr(columns, name) for name in fold.names}


def blanked(private: bytes) -> Iterator[bytes]:
    """A private half as it is, with each of its parts blanked, and gone."""
    yield private
    half = msgspec.json.decode(private) if private else {}
    for part in half:
        yield msgspec.json.encode({**half, part: None})
    yield b""


@pytest.mark.parametrize("fold", [FOLD, SOME])
@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_a_state_of_table_values_is_that_of_the_objects(fold, word):
    opening = next(one for one in WORDS if one.opens and one is not word)
    known = Person.evolve(None, whole(opening), STREAM)
    table = fold(None, whole(opening), STREAM)
    assert told(fold, table) == told(fold, known)
    for event in (whole(word), one_of(word)):
        state, private = CODEC.halves(event, lambda: SALT)
        for half in blanked(private):
            read = CODEC.event(word.code, state, half)
            for before, table_before in ((None, None), (known, table)):
                expected = told(fold, carried(Person.evolve, before, read, STREAM))
                assert told(fold, fold(table_before, read, STREAM)) == expected
                assert told(fold, fold.after(table_before, word.code, state, half)) == expected


def test_what_happens_leaves_the_state_before_as_it_was():
    (imported,) = (word for word in WORDS if word.shape is PersonImported)
    (left,) = (word for word in WORDS if word.shape is MovedOut)
    community = UUID(int=7)
    first = SOME.after(None, imported.code, b'{"community":"%s"}' % str(community).encode(), b"")
    second = SOME.after(first, left.code, b'{"effective_on":"2004-01-01"}', b"")
    assert (first.community, first.left_on) == (community.bytes, None)
    assert (second.community, second.left_on) == (None, 45290)


def test_an_event_that_writes_nothing_asked_for_is_not_even_read():
    (changed,) = (word for word in WORDS if word.shape is DetailsChanged)
    fold = PackedFold(Person, ("life", "community"))
    assert fold.after(before := fold.state(0, None), changed.code, b"no JSON", b"") is before


def test_what_is_remembered_of_values_is_right_and_bounded(monkeypatch):
    monkeypatch.setattr(packed, "REMEMBERED", 3)
    squares = packed.Remembered(lambda number: number * number)
    told = [1, 2, None, 3, 4, 5, 1, None, 5]
    assert [squares[one] for one in told] == [1, 4, None, 9, 16, 25, 1, None, 25]
    assert len(squares) <= 4
