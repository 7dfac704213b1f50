"""The vocabulary is declared once, and what others depend on changes only knowingly."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from registry.aggregates import AGGREGATES
from registry.vocabulary import (
    ORDERS,
    VOCABULARY,
    Cause,
    EventType,
    Group,
    Kind,
    OfMother,
    Order,
    Private,
    event,
    word_of,
)
from tests.everything import one_of

GOLDEN = Path(__file__).parent / "golden" / "vocabulary.txt"
WORDS = sorted(VOCABULARY.values(), key=lambda word: word.code)


def described(word: EventType) -> str:
    """All that readers of stored entries depend on, a line for each field."""
    signs = [
        *(f"writes {group}" for group in sorted(word.writes)),
        *([f"leaves {word.leaves}"] if word.leaves else []),
        *([f"enters {word.enters}"] if word.enters else []),
        *([f"cause {word.cause}"] if word.cause else []),
        *(["opens"] if word.opens else []),
        *([f"reaches {word.reaches}"] if word.reaches else []),
    ]
    lines = [
        f"{word.code} {word.name} {word.kind} {word.business or '-'} {', '.join(signs)}".strip()
    ]
    for field in word.fields:
        kind = getattr(field.type, "__name__", str(field.type))
        if "[" in str(field.type) or "|" in str(field.type):
            kind = str(field.type).replace("registry.values.", "").replace("registry.coded.", "")
            kind = kind.replace("registry.numbers.", "").replace("registry.events.", "")
            kind = kind.replace("registry.cards.", "")
        lines.append(f"    {field.name}: {kind}" + (f" of {field.part}" if field.part else ""))
    return "\n".join(lines) + "\n"


def test_the_vocabulary_is_the_one_that_was_frozen(update_golden: bool):
    now = "\n".join(map(described, WORDS))
    if update_golden:
        GOLDEN.write_text(now)
    assert GOLDEN.read_text() == now, "read the diff, then: pytest --update-golden"


def test_every_kind_of_stream_has_an_order_and_an_aggregate():
    assert set(ORDERS) == set(Kind) == set(AGGREGATES)
    assert {word.kind for word in WORDS} == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_stream_of_every_kind_can_begin(kind):
    assert any(word.opens for word in WORDS if word.kind is kind)


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_a_declaration_says_one_thing(word: EventType):
    effective = ORDERS[word.kind] is Order.EFFECTIVE
    assert not (word.voids and word.corrects)
    if word.voids:
        assert effective
        assert not word.writes, "a void writes nothing"
    if word.corrects:
        assert word.writes
        assert not word.opens
    if word.leaves or word.enters:
        assert word.kind is Kind.PERSON, "people are counted on their own streams"
    if not effective:
        assert not word.writes, "groups belong to effective histories"


def test_who_writes_a_group_of_persons_is_who_may_be_corrected():
    corrections = [word for word in WORDS if word.corrects]
    for correction in corrections:
        assert any(
            correction.writes <= word.writes and word.kind is correction.kind
            for word in WORDS
            if not word.corrects
        )


def declare(**told):
    into: dict[type, EventType] = {}

    @event(**{"code": 1, "kind": Kind.PERSON, "into": into, **told})
    class Something:
        """Something."""

        effective_on: date
        community: str = ""
        name: Private[str | None] = None
        mother: OfMother[str | None] = None

    return into[Something]


def test_a_private_mark_names_the_data_subject():
    word = declare()
    assert {field.name: field.part for field in word.fields} == {
        "effective_on": None,
        "community": None,
        "name": "subject",
        "mother": "mother",
    }
    assert word.parts == ("subject", "mother")


@pytest.mark.parametrize(
    "told",
    [
        {"code": 0},
        {"code": 2**16},
        {"enters": "community"},  # moves people without a cause
        {"enters": "nowhere", "cause": Cause.IN},
    ],
)
def test_a_wrong_declaration_is_found_at_once(told):
    with pytest.raises(AssertionError):
        declare(**told)


def test_a_code_is_given_once():
    into: dict[type, EventType] = {}

    def one():
        @event(code=5, kind=Kind.PERSON, writes={Group.NAME}, into=into)
        class Something:
            """Something."""

            effective_on: date

    one()
    with pytest.raises(AssertionError, match="code 5 is taken"):
        one()


def test_an_event_without_a_day_is_no_event():
    with pytest.raises(AssertionError):

        @event(code=6, kind=Kind.PERSON, into={})
        class Something:
            """Something."""

            name: str


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_an_event_knows_its_word(word: EventType):
    assert word_of(one_of(word)) is word
