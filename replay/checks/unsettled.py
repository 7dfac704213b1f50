"""Who was found registered nowhere (未落户人员), and who in the register that may be all the same.

Before somebody is entered a first time, the register is searched for the person: an open case is
compared with everybody as two records are, point by point, and every point has its reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from registry.events.registration_cases import UnsettledPersonFound
from registry.values import CommunityId, Sex, UnsettledReason, day_number
from registry.vocabulary import VOCABULARY, Kind
from replay.checks.doubles import compared
from replay.checks.traits import TRAITS, civil, hashed, traits_at
from replay.columns.forms import NONE, Column
from replay.states.history import At

if TYPE_CHECKING:
    from replay.columns.log import Log


@dataclass(frozen=True)
class Likeness:
    """Somebody, by handle, who may be the person of a case: the points, and the reasons."""

    person: int
    points: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Unsettled:
    """An open case of somebody who is registered nowhere, and whom it was likened to."""

    case: UUID
    community: CommunityId
    reason: UnsettledReason
    since: int  # position
    likenesses: tuple[Likeness, ...]


def unsettled(log: Log, at: At) -> list[Unsettled]:
    """Every such case that is open at a point, the oldest first; likenesses, the nearest first."""
    cases = sorted(_open(log, at), key=lambda one: one[1])
    if not cases:
        return []
    table = traits_at(log, at)
    here = len(table)
    found = compared(_with(log, table, [event for _, _, event in cases]))
    likened: dict[int, list[Likeness]] = defaultdict(list)
    for place in np.flatnonzero(found.pairs[:, 1] >= here).tolist():
        person, case = found.pairs[place].tolist()
        if person < here:
            told = Likeness(person, int(found.points[place]), found.told(place))
            likened[case - here].append(told)
    return [
        Unsettled(
            stream,
            event.community,
            event.reason,
            position,
            tuple(sorted(likened[place], key=lambda one: (-one.points, one.person))),
        )
        for place, (stream, position, event) in enumerate(cases)
    ]


def _open(log: Log, at: At) -> Iterator[tuple[UUID, int, UnsettledPersonFound]]:
    """The cases whose last entry at a point says that somebody was found."""
    code = VOCABULARY[UnsettledPersonFound].code
    for partition in log.partitions(Kind.REGISTRATION):
        block = log.block(Kind.REGISTRATION, partition)
        case = np.repeat(np.arange(block.size), np.diff(block.starts.astype("i8")))
        likely = np.unique(case[block.code == code]) + block.first
        for stream in log.spaces.ids(Kind.REGISTRATION.value, likely.tolist()):
            history = [
                one
                for one in log.history(Kind.REGISTRATION, stream)
                if one.position <= at.known and one.effective_on <= at.valid_on
            ]
            if history and isinstance(history[-1].event, UnsettledPersonFound):
                yield stream, history[-1].position, history[-1].event


def _with(log: Log, table: Column, found: list[UnsettledPersonFound]) -> Column:
    """The table with a record more for each who was found."""
    both = np.zeros(len(table) + len(found), TRAITS)  # joining them would drop what pads a record
    both[: len(table)] = table
    more = both[len(table) :]
    more["name"], more["sound"] = hashed([one.name or "" for one in found])
    days = [day_number(one.birth_date) for one in found if one.birth_date is not None]
    more["born"][[place for place, one in enumerate(found) if one.birth_date is not None]] = civil(
        np.array(days, "i4")
    )
    more["household"] = NONE
    more["sex"] = [255 if one.sex is None else [*Sex].index(one.sex) for one in found]
    for place, one in enumerate(found):
        parent = None if one.parent is None else log.spaces.find(Kind.PERSON.value, one.parent)
        if parent is not None:
            mother = table["sex"][parent] == [*Sex].index(Sex.FEMALE)
            more["mother" if mother else "father"][place] = table["name"][parent]
    return both
