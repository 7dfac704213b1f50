"""Who is registered where (在册人口): residents of every community and division."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from registry.aggregates import Places
from registry.values import Level
from registry.vocabulary import Kind
from replay.columns.forms import NONE, Column
from replay.jit import kernel
from replay.questions.differing import EFFECT, ENDS, ENTERS, OPENS, PLACES, VOIDS
from replay.states.entities import tree_of
from replay.states.history import At
from replay.states.standing import dense, fallen_marks, plain, point, rows
from replay.threads import over_partitions

if TYPE_CHECKING:
    from replay.columns.log import Log
    from replay.columns.runs import Block

#: The tiers of the tree from the province down, a community last.
TIERS = (*Level, None)
#: No place: where nobody is registered, or a tier that a path leaves out.
NOWHERE = 0


@dataclass(frozen=True)
class Paths:
    """For every community the divisions above it, on a day as known at a position.

    places: by number, the first of them nowhere; above u4[tiers, communities + 1]: the number of
    the division of each tier over each community, the last column for no community.
    """

    places: tuple[UUID | None, ...]
    above: Column

    @classmethod
    def of(cls, log: Log, *points: At) -> tuple[Paths, ...]:
        """The paths of communities at several points; places have the same numbers in all."""
        communities = log.spaces.ids("community", range(log.spaces.count("community")))
        trees = [tree_of(log, at.known) or Places(id=UUID(int=0)) for at in points]
        known = dict.fromkeys(communities)
        for tree in trees:
            known.update(dict.fromkeys(tree.facts))
        places = (None, *known)
        numbers = {place: number for number, place in enumerate(places)}
        found = []
        for tree, at in zip(trees, points, strict=True):
            lines: Lines = {None: (NOWHERE,) * len(TIERS)}
            told = [_line(tree, place, at.valid_on, numbers, lines) for place in communities]
            above = np.zeros((len(TIERS), len(communities) + 1), "u4")
            above[:, :-1] = np.array(told, "u4").reshape(-1, len(TIERS)).T
            above[-1, :-1] = [numbers[place] for place in communities]
            found.append(cls(places, above))
        return tuple(found)

    def over(self, tier: int, communities: Column) -> Column:
        """The number of the division of a tier over each community, by handle or NONE."""
        last = self.above.shape[1] - 1
        numbers: Column = self.above[tier][np.minimum(communities, last)]
        return numbers

    def added_up(self, counts: Column) -> dict[UUID, int]:
        """Counts by community handle as counts of every place that has any."""
        total = np.zeros(len(self.places), "i8")
        for tier in range(len(TIERS)):
            np.add.at(total, self.above[tier, : len(counts)], counts)
        total[NOWHERE] = 0
        return {
            place: int(total[number])
            for number, place in enumerate(self.places)
            if place is not None and total[number]
        }


#: By place, or None for none: the number of the place of each tier that it lies in.
Lines = dict[UUID | None, tuple[int, ...]]


def _line(
    tree: Places, place: UUID, on: date, numbers: Mapping[UUID | None, int], lines: Lines
) -> tuple[int, ...]:
    """The places that a place lies in on a day; those of its parent are known or become so."""
    known = lines.get(place)
    if known is None:
        fact = tree.fact(place, on)
        known = lines[None]
        if fact is not None:
            if fact.parent is not None:
                known = _line(tree, fact.parent, on, numbers, lines)
            tier = TIERS.index(fact.level)
            known = (*known[:tier], numbers[place], *known[tier + 1 :])
        lines[place] = known
    return known


def residents_on(log: Log, at: At) -> dict[UUID, int]:
    """Residents of every community and every division above, at a point on both clocks."""
    (paths,) = Paths.of(log, at)
    return paths.added_up(residents_of_communities(log, at))


def residents_of_communities(log: Log, at: At) -> Column:
    """Residents by community handle, i8[communities]."""
    size = log.spaces.count("community")
    counted = over_partitions(
        log,
        Kind.PERSON,
        lambda block: np.bincount(np.minimum(homes(block, at), size), minlength=size + 1)[:size],
    )
    total: Column = np.sum([np.zeros(size, "i8"), *counted], axis=0)
    return total


def homes(block: Block, at: At) -> Column:
    """The community of each person of a block who counts in a population, NONE for the others."""
    where = np.empty(block.size, "u4")
    (enters,) = dense(block, "enters")
    settle(
        *rows(block),
        enters,
        plain(block.layout.declares("enters").view("u1")),
        EFFECT,
        fallen_marks(block, at.known),
        *point(block, at),
        where,
    )
    return where


@kernel
def settle(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    enters: Column,
    has_enters: Column,
    effects: Column,
    fallen: Column,
    last: int,
    known: int,
    where: Column,
) -> None:
    """Find every person's community: place and life by the standing row latest in (day, version).

    starts u4[persons + 1]; code, day u2[n]; position u4[n]; enters u4, a value for each row whose
    code `has_enters`; effects u1 by code; fallen u1[n]; where u4[persons], written.
    """
    cursor = np.int64(0)
    for person in range(where.size):
        place, living = np.int64(NONE), False
        placed = lived = np.int64(0)
        for row in range(starts[person], starts[person + 1]):
            at = cursor
            cursor += np.int64(has_enters[code[row]])
            if position[row] > known or day[row] > last or fallen[row]:
                continue
            does, when = effects[code[row]], np.int64(day[row])
            if does & VOIDS:
                continue
            if does & PLACES and when >= placed:
                placed, place = when, np.int64(enters[at]) if does & ENTERS else np.int64(NONE)
            if does & (OPENS | ENDS) and when >= lived:
                lived, living = when, bool(does & OPENS)
        where[person] = place if living else NONE
