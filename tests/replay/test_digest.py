"""What differs has another digest, and what is the same has the same one."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import Household
from registry.codec import REDACTED
from registry.events import person
from registry.values import (
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    Name,
    PersonId,
    Relationship,
)
from registry.vocabulary import Kind
from replay.columns.log import KeptLog
from replay.questions.comparing import entity_digest, register_digest
from replay.questions.digest import leaf, state_root
from replay.states.history import At
from replay.states.persons import PERSON
from tests.replay.histories import points, town

FAR = date(2059, 1, 1)


def renamed(entries: list[Any], name: str) -> list[Any]:
    """The same history, all who are born in it called the same."""
    found = []
    for entry in entries:
        if isinstance(entry.event, person.BirthRegistered):
            told: dict[str, Any] = {**entry.event.__dict__, "name": str.__new__(Name, name)}
            entry = entry._replace(event=person.BirthRegistered(**told))
        found.append(entry)
    assert found != entries
    return found


@given(st.integers(0, 2**32), st.data())
@settings(deadline=None, max_examples=10)
def test_the_state_root_is_the_same_however_often_it_is_made(seed, data):
    entries = town(seed, 1).entries
    at = At(*data.draw(points(entries)))
    first = state_root(KeptLog(entries, 3), at)
    assert first == state_root(KeptLog(entries, 3), at)
    assert first != state_root(KeptLog(entries, 4), at)


def test_an_entry_more_changes_the_leaf_of_its_partition_alone():
    entries = town(20041122, 2).entries
    log = KeptLog(entries, 2)
    last = entries[-1].position
    born = [one for one in entries if isinstance(one.event, person.DeathRegistered)][-1]
    before, after = (
        state_root(log, At(FAR, known)) for known in (born.position - 1, born.position)
    )
    assert before.root != after.root
    differing = [
        partition
        for partition, pair in enumerate(
            zip(before.leaves[Kind.PERSON], after.leaves[Kind.PERSON], strict=True)
        )
        if pair[0] != pair[1]
    ]
    handle = log.spaces.find("person", born.stream)
    assert handle is not None
    assert differing == [handle >> 2]
    assert before.leaves[Kind.APPLICATION] == after.leaves[Kind.APPLICATION]
    assert str(state_root(log, At(FAR, last))) == str(state_root(log, At(FAR, last)))


@pytest.mark.parametrize("byte", range(PERSON.itemsize))
def test_every_byte_of_a_record_is_hashed(byte):
    table = np.zeros(3, PERSON)
    other = table.copy()
    other.view("u1")[PERSON.itemsize + byte] ^= 1
    assert leaf(Kind.PERSON, 0, table) != leaf(Kind.PERSON, 0, other)
    assert leaf(Kind.PERSON, 0, table) != leaf(Kind.PERSON, 3, table)


@given(st.integers(0, 2**32), st.randoms(use_true_random=False), st.data())
@settings(deadline=None, max_examples=10)
def test_the_register_digest_does_not_tell_who_came_first(seed, chance, data):
    entries = town(seed, 1).entries
    at = At(data.draw(points(entries))[0], entries[-1].position)
    streams: dict[UUID, list[Any]] = {}
    for entry in entries:
        streams.setdefault(entry.stream, []).append(entry)
    waiting = [*streams.values()]
    mixed: list[Any] = []
    while waiting:  # another interleaving of the same streams
        stream = chance.choice(waiting)
        mixed.append(stream.pop(0)._replace(position=len(mixed) + 1, recorded_at=0, officer=""))
        waiting = [one for one in waiting if one]
    there = KeptLog(mixed, 3)
    here = register_digest(KeptLog(entries, 4), at)
    assert here == register_digest(there, At(at.valid_on, there.head))


def test_the_register_digest_tells_one_name_from_another():
    entries = town(20041122, 2).entries
    at = At(FAR, entries[-1].position)
    digests = [
        register_digest(KeptLog(told, 3), at)
        for told in (entries, renamed(entries, "王小明"), renamed(entries, REDACTED))
    ]
    assert len({one.root for one in digests}) == 3
    assert len({one.kinds[Kind.HOUSEHOLD] for one in digests}) == 1
    assert len({one.counts[Kind.PERSON] for one in digests}) == 1


def test_the_order_in_which_members_came_is_no_part_of_the_digest():
    one, other = (PersonId(UUID(int=number)) for number in (1, 2))
    relation = Relationship("01")
    home: Any = Household(
        id=HouseholdId(UUID(int=3)),
        household_number=HouseholdNumber("1"),
        household_type=HouseholdType("1"),
        doorplate=DoorplateId(UUID(int=4)),
        community=CommunityId(UUID(int=5)),
        members={one: relation, other: relation},
    )
    turned = home.but(members={other: relation, one: relation})
    assert entity_digest(home) == entity_digest(turned)
    assert entity_digest(home) != entity_digest(home.but(members={one: relation}))
