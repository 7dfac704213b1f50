"""What changed between two points on both clocks, and by which causes (变动对比).

Nobody is compared field by field: a person differs where the entries that count differ, and the
entry that decides gives the cause. At every place start + came - went = end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from registry.values import day_number
from registry.vocabulary import VOCABULARY, Cause, Group, Kind
from replay.columns.forms import NONE, Column
from replay.questions.differing import CAUSE, CAUSES, EFFECT, GROUPS, WRITES, compare, touched
from replay.questions.residents import NOWHERE, TIERS, Paths, residents_of_communities
from replay.states.history import At, Line, history_of
from replay.states.standing import dense, fallen_marks, plain, point, rows
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log
    from replay.columns.runs import Block

#: The states in which an applicant has the card in hand.
IN_HAND = frozenset({"93"})


@dataclass(frozen=True)
class Changes:
    """Everybody who differs: a column each, in the order of handles.

    person u4; before, after u4: community handles, NONE where somebody does not count; came_by,
    went_by u1: numbers of causes; changed, corrected, undone u4: attribute groups as bits.
    """

    person: Column
    before: Column
    after: Column
    came_by: Column
    went_by: Column
    changed: Column
    corrected: Column
    undone: Column

    def __len__(self) -> int:
        return len(self.person)

    @property
    def appeared(self) -> Column:
        """Who counts at the second point only, bool."""
        return np.asarray((self.before == NONE) & (self.after != NONE))

    @property
    def left(self) -> Column:
        """Who counts at the first point only, bool."""
        return np.asarray((self.before != NONE) & (self.after == NONE))

    @property
    def moved(self) -> Column:
        """Who counts at both, in different communities, bool."""
        return np.asarray(
            (self.before != self.after) & (self.before != NONE) & (self.after != NONE)
        )

    @classmethod
    def joined(cls, parts: list[Changes]) -> Changes:
        """The changes of all partitions."""
        names = [field.name for field in fields(cls)]
        empty = {name: np.empty(0, "u1" if name.endswith("_by") else "u4") for name in names}
        return cls(
            **{
                name: np.concatenate([empty[name], *(getattr(part, name) for part in parts)])
                for name in names
            }
        )


@dataclass(frozen=True)
class Balance:
    """A place's population at both points, and what came and went between, by cause."""

    place: UUID
    start: int
    came: Mapping[Cause, int]
    went: Mapping[Cause, int]
    end: int

    @property
    def closes(self) -> bool:
        """Whether start and flows give the end."""
        return self.start + sum(self.came.values()) - sum(self.went.values()) == self.end


@dataclass(frozen=True)
class Diff:
    """What differs between two points.

    cards: u4, a person's handle for each card that came into somebody's hands.
    """

    a: At
    b: At
    changes: Changes
    cards: Column
    balances: tuple[Balance, ...]

    @property
    def appeared(self) -> dict[Cause, int]:
        """How many appeared, by cause."""
        return counted(self.changes.came_by[self.changes.appeared])

    @property
    def left(self) -> dict[Cause, int]:
        """How many left, by cause."""
        return counted(self.changes.went_by[self.changes.left])

    @property
    def moved(self) -> dict[Cause, int]:
        """How many moved from one community to another, by cause."""
        return counted(self.changes.came_by[self.changes.moved])

    def rewritten(self, how: str) -> dict[Group, int]:
        """How many have an attribute group `changed`, `corrected` or `undone`."""
        masks = getattr(self.changes, how)
        found = {group: int(np.sum(masks >> bit & 1)) for bit, group in enumerate(GROUPS)}
        return {group: count for group, count in found.items() if count}

    @property
    def closes(self) -> bool:
        """Whether the counts close at every place."""
        return all(balance.closes for balance in self.balances)


def counted(causes: Column) -> dict[Cause, int]:
    """Numbers of causes, counted."""
    found = np.bincount(causes, minlength=len(CAUSES)).tolist()
    return {cause: found[number] for number, cause in enumerate(CAUSES) if cause and found[number]}


def diff(log: Log, a: At, b: At, tell: Callable[[], None] = lambda: None) -> Diff:
    """Compare two points and close the accounts of all places. tell: after each partition."""
    found = changed_persons(log, a, b, tell)
    return Diff(a, b, found, cards(log, a, b), balances(log, a, b, found))


def changed_persons(log: Log, a: At, b: At, tell: Callable[[], None] = lambda: None) -> Changes:
    """Everybody who differs between two points."""
    return Changes.joined(
        over_partitions(log, Kind.PERSON, lambda block: changes(block, a, b), tell)
    )


def changes(block: Block, a: At, b: At) -> Changes:
    """Everybody of a block who differs."""
    fallen_a, fallen_b = fallen_marks(block, a.known), fallen_marks(block, b.known)
    starts, code, day, position = rows(block)
    touch, met = scratch("touched", len(block), "u1"), scratch("met", block.size + 1, "u4")
    points = (*point(block, a), *point(block, b))
    who = met[: touched(starts, position, day, fallen_a, fallen_b, *points, touch, met)]
    most = int(np.diff(starts.astype("i8"))[who].max(initial=1))
    told = np.empty((len(who), 7), "u4")
    (enters,) = dense(block, "enters")
    compare(
        who,
        starts,
        code,
        day,
        position,
        enters,
        plain(block.layout.declares("enters").view("u1")),
        EFFECT,
        WRITES,
        CAUSE,
        fallen_a,
        fallen_b,
        *points,
        scratch("rows of one", most, "u4"),
        scratch("places of one", most, "u4"),
        told,
    )
    differ = (told[:, 0] != told[:, 1]) | told[:, 4:].any(axis=1)
    who, told = who[differ], told[differ]
    return Changes(
        (block.first + who).astype("u4"),
        told[:, 0].copy(),
        told[:, 1].copy(),
        told[:, 2].astype("u1"),
        told[:, 3].astype("u1"),
        *(told[:, column].copy() for column in (4, 5, 6)),
    )


def cards(log: Log, a: At, b: At) -> Column:
    """The persons into whose hands a card came between two points, one for each card."""
    handed = [word.code for word in VOCABULARY.values() if word.reaches in IN_HAND]

    def of(block: Block) -> Column:
        # A comparison for each code is faster than a look into a table for each row.
        found = np.flatnonzero(np.any([block.code == code for code in handed], axis=0))
        entities = np.searchsorted(block.starts, found, "right") - 1
        before, after = (
            set(
                entities[
                    (block.position[found] <= at.known)
                    & (block.effective_on[found] <= day_number(at.valid_on))
                ].tolist()
            )
            for at in (a, b)
        )
        return owners(block)[sorted(after - before)]

    found = over_partitions(log, Kind.APPLICATION, of)
    return np.concatenate([np.empty(0, "u4"), *found])


def owners(block: Block) -> Column:
    """The person of each application of a block, NONE for those without entries, u4."""
    held = np.full(block.size, NONE, "u4")
    told = np.flatnonzero(block.layout.declares("person")[block.code])
    held[np.searchsorted(block.starts, told, "right") - 1] = block.dense["person"]
    return held


def balances(log: Log, a: At, b: At, found: Changes) -> tuple[Balance, ...]:
    """The account of every place that had or has residents."""
    at_a, at_b = Paths.of(log, a, b)
    first, last = residents_of_communities(log, a), residents_of_communities(log, b)
    start, end = at_a.added_up(first), at_b.added_up(last)
    differ = found.before != found.after
    before, after = found.before[differ], found.after[differ]
    came_by, went_by = found.came_by[differ], found.went_by[differ]
    size = len(first)
    stayed = first - np.bincount(np.minimum(before, size), minlength=size + 1)[:size]
    boundary = CAUSES.index(Cause.BOUNDARY)
    came, went = (np.zeros((len(at_a.places), len(CAUSES)), "i8") for _ in "ab")
    for tier in range(len(TIERS)):
        old, new = at_a.over(tier, before), at_b.over(tier, after)
        crossed = old != new
        came += tally(came.shape, new[crossed], came_by[crossed])
        went += tally(went.shape, old[crossed], went_by[crossed])
        old, new = at_a.above[tier, :size], at_b.above[tier, :size]
        crossed = old != new
        np.add.at(came, (new[crossed], boundary), stayed[crossed])
        np.add.at(went, (old[crossed], boundary), stayed[crossed])
    came[NOWHERE] = went[NOWHERE] = 0
    touched = np.asarray(came.any(axis=1) | went.any(axis=1))
    return tuple(
        Balance(
            place,
            start.get(place, 0),
            by_cause(came[number]),
            by_cause(went[number]),
            end.get(place, 0),
        )
        for number, place in enumerate(at_a.places)
        if place is not None and (touched[number] or place in start or place in end)
    )


def tally(shape: tuple[int, ...], place: Column, cause: Column) -> Column:
    """How often each cause is met at each place, i8 of a shape."""
    met = np.bincount(place.astype("i8") * shape[1] + cause, minlength=shape[0] * shape[1])
    return met.reshape(shape)


def by_cause(counts: Column) -> dict[Cause, int]:
    """Counts by number of cause, as a mapping of those that are not nothing."""
    return {
        cause: int(counts[number])
        for number, cause in enumerate(CAUSES)
        if cause and counts[number]
    }


def explained(log: Log, kind: Kind, stream: UUID, a: At, b: At) -> list[Line]:
    """The entries that make the difference for an entity, as they stand at the second point.

    Those that count at one point only, and those that undid or restored one of them.
    """
    old = {one.entry.version: one for one in history_of(log, kind, stream, a)}
    new = {one.entry.version: one for one in history_of(log, kind, stream, b)}
    wanted: set[int] = set()
    for version in old.keys() | new.keys():
        was, now = old.get(version), new.get(version)
        if (was is not None and was.counts) != (now is not None and now.counts):
            wanted.add(version)
            for one in (was, now):
                if one is not None and one.voided_by is not None:
                    wanted.add(one.voided_by.version)
    later = new if len(new) >= len(old) else old
    return [later[version] for version in sorted(wanted)]
