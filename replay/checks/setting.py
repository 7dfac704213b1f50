"""What check rules ask beyond one person's record, settled for the whole register beforehand.

Arrays by handle, some 35 bytes a person: whom a number is shared with, who heads the household and
when that one was born, which card is the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from registry.aggregates import Places
from registry.checks.records import address_fields
from registry.values import Level
from registry.vocabulary import Kind
from replay.columns.forms import NONE, Column
from replay.jit import integer, kernel
from replay.questions.residents import TIERS, Paths
from replay.states.details import ABSENT
from replay.states.entities import tree_of
from replay.states.history import At
from replay.states.persons import LIVING, UNKNOWN
from replay.states.standing import plain

if TYPE_CHECKING:
    from replay.columns.log import Log

#: Fields of a household's record that say where its address lies, in the order of their lines.
ADDRESSED = ("county", "township", "committee", "bureau", "station")
#: No relation is told.
NO_RELATION = 255


@dataclass(frozen=True)
class Setting:
    """What the records of a point are made of besides the rows of their own partition.

    By person: birth i4; home, community u4, NONE for whoever lives nowhere here; numbered u1: 1 a
    number, 2 none, 0 nobody known; relation u1, place in the table, of who is on the list of the
    home; since, until i4 of the newest card; photo u1; number_twin, person_twin u1, 0 for none.
    By household: head, housed (its community) u4; form u1, place in the table, 255 for none;
    members u2[households, 5], as COUNTED. street u1 by door plate. By community, the last for none:
    address i4[ADDRESSED], county and city u4, numbers in paths.
    """

    at: At
    paths: Paths
    birth: Column
    home: Column
    community: Column
    numbered: Column
    relation: Column
    since: Column
    until: Column
    photo: Column
    number_twin: Column
    person_twin: Column
    head: Column
    housed: Column
    form: Column
    members: Column
    street: Column
    address: Column
    county: Column
    city: Column


#: What is counted of a household's members.
COUNTED = ("members", "heads", "husbands", "wives", "spouses")
#: Arrays by person and by household, each with its kind and what stands in it before.
BY_PERSON: dict[str, tuple[str, int]] = {
    "birth": ("i4", ABSENT),
    "home": ("u4", NONE),
    "community": ("u4", NONE),
    "numbered": ("u1", 0),
    "relation": ("u1", NO_RELATION),
    "since": ("i4", ABSENT),
    "until": ("i4", ABSENT),
    "photo": ("u1", 0),
    "number_twin": ("u1", 0),
    "person_twin": ("u1", 0),
}
BY_HOUSEHOLD: dict[str, tuple[str, int]] = {
    "head": ("u4", NONE),
    "housed": ("u4", NONE),
    "form": ("u1", 255),
}


def empty_setting(log: Log, at: At) -> Setting:
    """A setting in which nobody has been seen yet."""
    persons, households = log.count(Kind.PERSON), log.count(Kind.HOUSEHOLD)
    (paths,) = Paths.of(log, at)
    tree = tree_of(log, at.known) or Places(id=UUID(int=0))
    communities = log.spaces.ids("community", range(log.spaces.count("community")))
    address = np.full((len(ADDRESSED), len(communities) + 1), ABSENT, "i4")
    for column, community in enumerate(communities):
        told = address_fields(tree, community, at.valid_on)
        for line, name in enumerate(ADDRESSED):
            value = told[name]
            address[line, column] = ABSENT if value is None else value
    return Setting(
        at=at,
        paths=paths,
        members=np.zeros((households, len(COUNTED)), "u2"),
        street=np.zeros(log.count(Kind.DOORPLATE), "u1"),
        address=address,
        county=plain(paths.above[TIERS.index(Level.COUNTY)]),
        city=plain(paths.above[TIERS.index(Level.CITY)]),
        **{name: np.full(persons, none, kind) for name, (kind, none) in BY_PERSON.items()},
        **{name: np.full(households, none, kind) for name, (kind, none) in BY_HOUSEHOLD.items()},
    )


def see_persons(to: Setting, first: int, table: Column) -> None:
    """Note some persons, PERSON[n], by handle from `first`."""
    part = slice(first, first + len(table))
    note_persons(table, to.birth[part], to.home[part], to.community[part], to.numbered[part])


@kernel
def note_persons(
    table: Column, birth: Column, home: Column, community: Column, numbered: Column
) -> None:
    """Write what is so of persons into arrays; PERSON[n], the others as in Setting."""
    for person in range(table.size):
        one = table[person]
        if one["life"] == UNKNOWN:
            continue
        birth[person] = one["birth"]
        numbered[person] = 1 if one["number"] != 0 else 2
        if one["life"] == LIVING:
            home[person], community[person] = one["household"], one["community"]


def see_twins(to: Setting, into: Column, groups: Sequence[Sequence[int]] | Column) -> None:
    """Note in u1[persons] how near the nearest other of a group is: county 1, city 2, else 3."""
    ends = plain(np.cumsum([0, *map(len, groups)], dtype="i8"))
    members = np.empty(ends[-1], "u4")
    if len(groups):
        members[:] = np.concatenate([np.asarray(group) for group in groups])
    note_twins(ends, plain(members), to.community, to.county, to.city, into)


@kernel
def note_twins(
    ends: Column, members: Column, community: Column, county: Column, city: Column, into: Column
) -> None:
    """Write how near the nearest other of each group is.

    ends i8[groups + 1], where each group's members u4 lie; community u4 and into u1 by person;
    county, city u4 by community, the last for none.
    """
    last = county.size - 1
    for group in range(ends.size - 1):
        for one in range(ends[group], ends[group + 1]):
            here = min(integer(community[members[one]]), last)
            near = 3
            for other in range(ends[group], ends[group + 1]):
                there = min(integer(community[members[other]]), last)
                if other == one:
                    continue
                if county[here] != 0 and county[here] == county[there]:
                    near = 1
                elif city[here] != 0 and city[here] == city[there]:
                    near = min(near, 2)
            before = integer(into[members[one]])
            into[members[one]] = min(near, before) if before else near
