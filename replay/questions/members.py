"""Whether households list whom persons name as living there (户成员): two streams, one truth.

Who belongs to a household is decided on the household's stream, where somebody is registered on the
person's. Both are recorded together; this holds one against the other at a point on both clocks.
A collective household (集体户) lists nobody and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from registry.aggregates.household import COLLECTIVE
from registry.values import HouseholdType
from registry.vocabulary import Kind
from replay.columns.forms import NONE, Column
from replay.columns.runs import Block
from replay.states.history import At
from replay.states.households import OPEN
from replay.states.persons import LIVING
from replay.states.standing import OPENS, fallen_marks, point
from replay.states.state import states
from replay.threads import over_partitions

if TYPE_CHECKING:
    from replay.columns.log import Log

#: The fields that name whom a household has, and the part of an element that names the person.
JOINS = (("members", "person"), ("joined", "person"), ("relations", "person"))
LEAVES = ("left", "value")
#: A collective household's place in the table of types.
_COLLECTIVE = HouseholdType.all().index(COLLECTIVE)


class Members(NamedTuple):
    """Who is in which household, handles u4[n] each, by household and person."""

    household: Column
    person: Column


class Apart(NamedTuple):
    """Where the two do not agree, handles u4, rising.

    listed: persons whom a household lists and who are not registered in it. unlisted: persons who
    are registered in a household that does not list them. members: how many are listed.
    """

    listed: Column
    unlisted: Column
    members: int


def members_of(block: Block, at: At) -> Members:
    """Who is a member of the households of a block at a point."""
    day, known = point(block, at)
    code, when = np.asarray(block.code), np.asarray(block.effective_on)
    stands = (
        (np.asarray(block.position) <= known) & (when <= day) & (fallen_marks(block, known) == 0)
    )
    whose = np.repeat(np.arange(block.size), np.diff(np.asarray(block.starts).astype("i8")))
    opening = np.flatnonzero(stands & (OPENS[code] != 0))
    # What begins a household says all of its members: what stands before it in order is gone.
    begun = np.full(block.size, NONE, "i8")
    latest = np.lexsort((opening, when[opening], whose[opening]))
    begun[whose[opening][latest]] = opening[latest]
    told = []
    for (column, part), joins in (*((one, True) for one in JOINS), (LEAVES, False)):
        side = block.sparse[column]
        assert side.offsets is not None
        offsets = np.asarray(side.offsets).astype("i8")
        row = np.repeat(np.asarray(side.rows).astype("i8"), np.diff(offsets))
        who = np.asarray(side.parts[part])[offsets[0] : offsets[-1]] if len(row) else row
        told.append((row, who.astype("i8"), np.full(len(row), joins)))
    row, who, joins_too = (np.concatenate(one) for one in zip(*told, strict=True))
    first = begun[whose[row]]
    since = np.where(first == NONE, 0, first)
    later = (when[row] > when[since]) | ((when[row] == when[since]) & (row >= since))
    kept = stands[row] & (first != NONE) & later
    row, who, joins_too = row[kept], who[kept], joins_too[kept]
    # Somebody who leaves and joins by one entry is in: households apply what left first.
    order = np.lexsort((joins_too, row, when[row], who, whose[row]))
    home, who, joins_too = whose[row][order], who[order], joins_too[order]
    last = np.append((np.diff(home) != 0) | (np.diff(who) != 0), True)[: len(home)]
    inside = last & joins_too
    return Members((home[inside] + block.first).astype("u4"), who[inside].astype("u4"))


def apart(log: Log, at: At) -> Apart:
    """Hold the lists of households against the homes of persons."""
    people, houses = states(log, Kind.PERSON, at), states(log, Kind.HOUSEHOLD, at)
    found = over_partitions(log, Kind.HOUSEHOLD, lambda block: members_of(block, at))
    home = np.concatenate([np.empty(0, "u4"), *(one.household for one in found)])
    who = np.concatenate([np.empty(0, "u4"), *(one.person for one in found)])
    lives = (people["life"] == LIVING) & (people["community"] != NONE)
    registered = np.where(lives, people["household"], NONE).astype("u4")
    known = who < len(people)
    agrees = np.zeros(len(who), np.bool_)
    agrees[known] = registered[who[known]] == home[known]
    listed = np.zeros(len(people), np.bool_)
    listed[who[agrees]] = True
    inside = registered < len(houses)
    private = np.zeros(len(people), np.bool_)
    lists = (houses["life"] == OPEN) & (houses["form"] != _COLLECTIVE)
    private[inside] = lists[registered[inside]]
    return Apart(
        np.unique(who[~agrees]),
        np.flatnonzero(private & ~listed).astype("u4"),
        len(who),
    )
