"""Numbers that an import brings: their holders, the cases of the doubtful, the books of codes."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest

from registry.aggregates import SegmentPlan
from registry.commands.extract import PERSONS
from registry.commands.importing import (
    Decision,
    enter_codes,
    enter_holders,
    holder_streams,
)
from registry.entry import Entry
from registry.events.numbers import (
    BookOpened,
    CodeDrawn,
    CodesRecorded,
    NumberCaseOpened,
    NumberGiven,
    NumberRecorded,
    PartyAdded,
    SegmentAllotted,
)
from registry.memory import History
from registry.register import Authority, Registrar, Setting, Submission
from registry.values import (
    BookId,
    CitizenNumber,
    NumberFaultKind,
    NumberId,
    Officer,
    PersonId,
)
from registry.vocabulary import VOCABULARY, Kind
from tests.commands.rows import (
    BATCH,
    COUNTY,
    FOUNDED,
    HEAD,
    NAMESPACE,
    OFFICE,
    TODAY,
    WIFE,
    Source,
    stream,
)


def events(made: Decision, shape: type[Any]) -> list[Any]:
    return [entry.event for entry in made.entries if isinstance(entry.event, shape)]


def registrar(held: dict[UUID, list[Entry]]) -> Registrar:
    by = Authority(Officer("Li"), OFFICE, frozenset({"administrator"}))
    command: Any = None
    now = 1_180_659_600_000_000
    return Registrar(
        {key: History(entries) for key, entries in held.items()},
        Submission(UUID(int=1), by, command),
        now,
        Setting(NAMESPACE, UUID(int=9)),
        lambda nth: UUID(int=nth),
    )


def test_a_number_held_by_others_too_is_recorded_and_opens_one_case():
    number = CitizenNumber(HEAD["number"])
    people = [PersonId(UUID(int=number)) for number in (40, 41, 42)]
    desk = registrar({key: [] for key in holder_streams(BATCH, [number])})
    assert enter_holders(desk, [(one, number) for one in people]) == {"cases": 1, "parties": 1}
    holder = BATCH.named(Kind.NUMBER, number)
    assert [entry.version for entry in desk.noted if entry.stream == holder] == [1, 2, 3]
    opened, added = (
        entry.event
        for entry in desk.noted
        if isinstance(entry.event, (NumberCaseOpened, PartyAdded))
    )
    assert opened == NumberCaseOpened(
        effective_on=TODAY,
        fault=NumberFaultKind.DUPLICATE,
        number=NumberId(holder),
        parties=(people[0], people[1]),
    )
    assert added == PartyAdded(effective_on=TODAY, person=people[2])


@pytest.mark.parametrize("told", ["shared", "known"])
def test_a_number_that_others_hold_is_left_for_later(told):
    number = HEAD["number"]
    if told == "shared":
        made = Source().entered(shared=frozenset({number}))
    else:
        made = Source().entered(known={BATCH.named(Kind.NUMBER, number)})
    assert made.holders == [(stream(PERSONS, "P"), number)]
    assert [said.number for said in events(made, NumberRecorded)] == [WIFE["number"]]
    assert made.accepted["numbers"] == 2


PLAN = SegmentPlan.fold(
    [
        Entry(
            UUID(int=30),
            version,
            SegmentAllotted(
                effective_on=FOUNDED,
                address_code=COUNTY,
                station=OFFICE,
                first=first,
                last=last,
                valid_from=date(1960, 1, 1),
            ),
            FOUNDED,
        )
        for version, (first, last) in enumerate(((1, 99), (100, 999)), 1)
    ]
)


def test_codes_are_noted_once_a_book_where_the_register_keeps_one():
    assert PLAN is not None
    codes = [
        ("51060319700101", [1, 3, 100]),
        ("51060319590101", [1]),  # before the plan
        ("22010219700101", [1]),  # kept elsewhere
    ]
    entries = enter_codes(BATCH, codes, {COUNTY: PLAN}, {})
    assert [(entry.version, entry.event.sequences) for entry in entries] == [
        (1, (1, 3)),
        (1, (100,)),
    ]
    assert {type(entry.event) for entry in entries} == {CodesRecorded}
    assert {entry.event.batch for entry in entries} == {"b1"}


def test_codes_that_a_book_has_are_not_noted_again():
    assert PLAN is not None
    codes = [("51060319700101", [1, 3])]
    (first,) = enter_codes(BATCH, codes, {COUNTY: PLAN}, {})
    book = BookId(first.stream)
    said = [
        BookOpened(
            effective_on=FOUNDED,
            address_code=COUNTY,
            birth_date=date(1970, 1, 1),
            first=1,
            last=99,
        ),
        CodeDrawn(
            effective_on=FOUNDED,
            sequence=1,
            number=NumberId(UUID(int=50)),
            person=PersonId(UUID(int=51)),
        ),
    ]
    held = [Entry(book, version, one, FOUNDED) for version, one in enumerate(said, 1)]
    (entry,) = enter_codes(BATCH, codes, {COUNTY: PLAN}, {book: held})
    assert (entry.version, entry.event.sequences) == (3, (3,))
    assert enter_codes(BATCH, codes, {COUNTY: PLAN}, {book: [*held, entry]}) == []
    assert enter_codes(BATCH, codes, {COUNTY: PLAN}, {book: None}) == []


def test_the_name_of_a_book_is_the_one_by_which_numbers_are_given():
    assert PLAN is not None
    (entry,) = enter_codes(BATCH, [("51060319700101", [1])], {COUNTY: PLAN}, {})
    assert entry.stream == uuid5(NAMESPACE, "book/510603/19700101/001-099")
    assert NumberGiven in VOCABULARY
