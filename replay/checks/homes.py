"""How whoever lives in a household stands to its head, and how many do so (与户主关系).

The list stands on the household's stream, where somebody lives on the person's own: who is on the
list of a household and lives elsewhere does not count in it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from registry.checks.records import HUSBAND, SPOUSES, WIFE
from registry.values import Relationship
from replay.checks.setting import NO_RELATION, Setting
from replay.columns.forms import NONE, Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.standing import plain, point, rows


def see_households(to: Setting, block: Block, table: Column, fallen: Column) -> None:
    """Note some households, HOUSEHOLD[n], and how those who live in them stand to their heads."""
    part = slice(block.first, block.first + block.size)
    there = table["life"] != 0
    to.head[part] = np.where(there, table["head"], NONE)
    to.housed[part] = np.where(there, table["community"], NONE)
    to.form[part] = np.where(there, table["form"], 255)
    day, known = point(block, to.at)
    columns: list[Any] = [*rows(block), fallen, day, known, block.first, to.home]
    for name in ("members", "joined", "relations", "left"):
        side = block.sparse[name]
        assert side.offsets is not None, f"{name} holds lists"
        of_row = np.full(len(block) + 1, -1, "i4")
        of_row[side.rows] = np.arange(len(side.rows))
        person = side.parts["value" if name == "left" else "person"]
        columns += [of_row, plain(side.offsets), plain(person)]
        if name != "left":
            columns.append(plain(side.parts["relation"]))
    most = int(np.diff(block.starts.astype("i8")).max(initial=0))
    given: tuple[Any, ...] = (*columns, np.empty(most, "i8"), to.relation)
    relate(*given)


@kernel
def relate(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    fallen: Column,
    last: int,
    known: int,
    base: int,
    home: Column,
    m_row: Column,
    m_ends: Column,
    m_person: Column,
    m_relation: Column,
    j_row: Column,
    j_ends: Column,
    j_person: Column,
    j_relation: Column,
    r_row: Column,
    r_ends: Column,
    r_person: Column,
    r_relation: Column,
    l_row: Column,
    l_ends: Column,
    l_person: Column,
    order: Column,
    relation: Column,
) -> None:
    """Walk the lists of households' members, and write how whoever lives there stands to the head.

    starts u4[households + 1]; code, day u2[n]; position u4[n]; fallen u1[n]; base: handle of the
    first household; home u4 by person. For members, joined, relations and left: .._row i4[n + 1],
    where a row's list is among the lists, -1 for none; .._ends u4; .._person u4; .._relation u2.
    order i8: room for the rows of one household; relation u1 by person, written.
    """
    for household in range(starts.size - 1):
        count = 0
        for row in range(integer(starts[household]), integer(starts[household + 1])):
            when = integer(day[row])
            if position[row] > known or when > last or fallen[row]:
                continue
            place = count
            while place > 0 and day[order[place - 1]] > when:
                order[place] = order[place - 1]
                place -= 1
            order[place] = row
            count += 1
        here = base + household
        for place in range(count):
            row = order[place]
            # A call costs more than most lists: the arrays it is handed are counted, in and out.
            if l_row[row] >= 0:
                tell(l_row[row], l_ends, l_person, l_person, False, here, home, relation)
            if m_row[row] >= 0:
                tell(m_row[row], m_ends, m_person, m_relation, True, here, home, relation)
            if j_row[row] >= 0:
                tell(j_row[row], j_ends, j_person, j_relation, True, here, home, relation)
            if r_row[row] >= 0:
                tell(r_row[row], r_ends, r_person, r_relation, True, here, home, relation)


@kernel
def tell(
    which: int,
    ends: Column,
    person: Column,
    stands: Column,
    there: bool,
    household: int,
    home: Column,
    relation: Column,
) -> None:
    """Write one list's relations of those who live in a household; `there` is false where left."""
    for place in range(integer(ends[which]), integer(ends[which + 1])):
        who = integer(person[place])
        if who < home.size and home[who] == household:
            relation[who] = stands[place] if there else NO_RELATION


def count_members(to: Setting) -> None:
    """Count how many of those who live in each household stand how to its head."""
    tally(plain(to.home), plain(to.relation), _counted(), to.members)


@cache
def _counted() -> Column:
    """By place of a relation in its table: as which it is counted, bits in the order of COUNTED."""
    found = np.zeros(256, "u1")
    for place, one in enumerate(Relationship.all()):
        counts = (True, one.is_head, one == HUSBAND, one == WIFE, one in SPOUSES)
        found[place] = sum(1 << bit for bit, holds in enumerate(counts) if holds)
    return plain(found)


@kernel
def tally(home: Column, relation: Column, counted: Column, members: Column) -> None:
    """Count members: home u4, relation u1 by person; counted u1[256]; members u2[households, 5]."""
    for person in range(home.size):
        household = integer(home[person])
        bits = counted[relation[person]]
        if household < members.shape[0] and bits:
            for bit in range(members.shape[1]):
                members[household, bit] += bits >> bit & 1
