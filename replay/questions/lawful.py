"""Whether histories are lawful: nothing after the end, nobody leaves a place where nobody was.

The rows that stand are walked in the order in which they are folded, by (effective day, version).
Ledgers are judged where they are settled: `replay.states.applications`, `bodies`, `households`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.aggregates.person import OF_THE_LIVING, OF_THE_RECORD
from registry.events.person import DeathRegistered
from registry.vocabulary import ORDERS, EventType, Group, Kind, Order
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states import persons
from replay.states.history import At
from replay.states.persons import DEAD, DELETED, EFFECT, LIVES, UNBORN
from replay.states.standing import States, dense, fallen_marks, point, rows
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log

#: What is against the rules in a history. fault: version of the first such entry in the order of
#: the history, 0 for none; faults: how many there are.
FAULTY = np.dtype([("fault", "u2"), ("faults", "u2")])

#: What is asked of an entry, as bits: it has a column for the place left, for the household left;
#: it has to leave the place it says, it enters where there is no place, it is of the living, it is
#: a death, it concerns the record whatever became of the person.
_LEFT, _FROM, _LEAVES, _SETTLES, _ALIVE, _DIES, _RECORD = (1 << bit for bit in range(7))
#: Columns of the kernel, and the bits of the first three in EFFECT.
_COLUMNS = ("enters", "household", "birth_date", "leaves", "from_household")
_HAS_BIRTH = 13
_ENTERED = persons.OPENS | persons.ENTERS | persons.HOUSEHOLD | 1 << _HAS_BIRTH


def lawful_states(block: Block, at: At, into: States | None = None) -> States:
    """What is against the rules in the histories of a block at a point; table FAULTY."""
    into = into or States(block.first, np.empty(block.size, FAULTY))
    day, known = point(block, at)
    room = [scratch(f"order {place}", len(block), "i8") for place in range(6)]
    columns: tuple[Any, ...]
    if block.layout.kind is Kind.PERSON:
        columns = (
            *rows(block),
            *dense(block, *_COLUMNS),
            fallen_marks(block, known),
            EFFECT,
            asked(),
            day,
            known,
            *room,
            into.table,
        )
        judge_people(*columns)
    else:
        assert ORDERS[block.layout.kind] is Order.EFFECTIVE, "ledgers are judged as they are driven"
        columns = (*rows(block), fallen_marks(block, known), LIVED, day, known, room[0], into.table)
        judge_lives(*columns)
    return into


def lawful(log: Log, kind: Kind, at: At) -> Column:
    """What is against the rules in every history of a kind at a point, FAULTY[entities]."""
    table = np.empty(log.count(kind), FAULTY)

    def one(block: Block) -> None:
        part = table[block.first : block.first + block.size]
        lawful_states(block, at, States(block.first, part))

    over_partitions(log, kind, one)
    return table


@cache
def asked() -> Column:
    """By code: what is asked of an entry of a person, u1."""
    laid = layout(Kind.PERSON)
    left, where = laid.declares("leaves"), laid.declares("from_household")

    def rule(word: EventType) -> int:
        if word.kind is not Kind.PERSON:
            return 0
        moves = bool({Group.PLACE, Group.LIFE} & word.writes) and not word.opens
        return (
            (_LEFT if left[word.code] else 0)
            | (_FROM if where[word.code] else 0)
            | (_LEAVES if moves and word.leaves else 0)
            | (_SETTLES if moves and word.enters and not word.leaves else 0)
            | (_ALIVE if word.shape in OF_THE_LIVING else 0)
            | (_DIES if word.shape is DeathRegistered else 0)
            | (_RECORD if word.shape in OF_THE_RECORD else 0)
        )

    return by_code(rule, "u1")


_OPENS, _ENDS, _VOIDS = 1, 2, 4
#: By code: whether it opens, ends, voids: what else has a life than persons.
LIVED = by_code(
    lambda word: (
        _OPENS * word.opens
        | _ENDS * (Group.LIFE in word.writes and not word.opens)
        | _VOIDS * word.voids
    ),
    "u1",
)


@kernel
def judge_people(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    enters: Column,
    household: Column,
    birth: Column,
    leaves: Column,
    from_household: Column,
    fallen: Column,
    effects: Column,
    asked: Column,
    last: int,
    known: int,
    order: Column,
    e_of: Column,
    h_of: Column,
    b_of: Column,
    l_of: Column,
    f_of: Column,
    out: Column,
) -> None:
    """Walk every person's history and find the entries that are against the rules.

    starts u4[persons + 1]; code, day u2[n]; position u4[n]; enters, household u4, birth i4, leaves,
    from_household u4: a value for each row whose code declares it; fallen u1[n]; effects u4, asked
    u1 by code; order, .._of i8: room for the rows of one person; out FAULTY[persons], written.
    """
    e = h = b = v = f = 0
    for person in range(out.size):
        first, end = integer(starts[person]), integer(starts[person + 1])
        begun, life, home, community, born = False, 0, NONE, NONE, UNBORN
        fault = faults = 0
        if end - first == 1:
            does = integer(effects[code[first]])
            if does & _ENTERED == _ENTERED and asked[code[first]] == 0:
                # Most people have been entered and nothing else has happened to them.
                e, h, b = e + 1, h + 1, b + 1
                out[person]["fault"] = out[person]["faults"] = 0
                continue
        before, row = 0, first
        e_at, h_at, b_at, v_at, f_at = e, h, b, v, f
        while row < end:
            does, asks = integer(effects[code[row]]), integer(asked[code[row]])
            when = integer(day[row])
            if not (position[row] > known or when > last or fallen[row] or does & persons.VOIDS):
                if when < before:
                    break  # what was told later was so earlier
                before = when
                wrong, begun, life, home, community, born = follow(
                    does,
                    asks,
                    when,
                    integer(enters[e]) if does & persons.ENTERS else NONE,
                    integer(household[h]) if does & persons.HOUSEHOLD else NONE,
                    integer(birth[b]) if does & persons.BIRTH else UNBORN,
                    integer(leaves[v]) if asks & _LEFT else NONE,
                    integer(from_household[f]) if asks & _FROM else NONE,
                    begun,
                    life,
                    home,
                    community,
                    born,
                )
                faults += wrong
                if wrong and fault == 0:
                    fault = row - first + 1
            e += does >> 8 & 1
            h += does >> 9 & 1
            b += does >> _HAS_BIRTH & 1
            v += asks & _LEFT
            f += asks >> 1 & 1
            row += 1
        if row < end:
            e, h, b, v, f = e_at, h_at, b_at, v_at, f_at
            begun, life, home, community, born = False, 0, NONE, NONE, UNBORN
            fault, faults, count = 0, 0, 0
            for row in range(first, end):
                does, asks = integer(effects[code[row]]), integer(asked[code[row]])
                when = integer(day[row])
                if not (
                    position[row] > known or when > last or fallen[row] or does & persons.VOIDS
                ):
                    place = count
                    while place > 0 and day[first + order[place - 1]] > when:
                        order[place] = order[place - 1]
                        place -= 1
                    here = row - first
                    order[place] = here
                    e_of[here], h_of[here], b_of[here], l_of[here], f_of[here] = e, h, b, v, f
                    count += 1
                e += does >> 8 & 1
                h += does >> 9 & 1
                b += does >> _HAS_BIRTH & 1
                v += asks & _LEFT
                f += asks >> 1 & 1
            for place in range(count):
                here = order[place]
                does = integer(effects[code[first + here]])
                asks = integer(asked[code[first + here]])
                wrong, begun, life, home, community, born = follow(
                    does,
                    asks,
                    integer(day[first + here]),
                    integer(enters[e_of[here]]) if does & persons.ENTERS else NONE,
                    integer(household[h_of[here]]) if does & persons.HOUSEHOLD else NONE,
                    integer(birth[b_of[here]]) if does & persons.BIRTH else UNBORN,
                    integer(leaves[l_of[here]]) if asks & _LEFT else NONE,
                    integer(from_household[f_of[here]]) if asks & _FROM else NONE,
                    begun,
                    life,
                    home,
                    community,
                    born,
                )
                faults += wrong
                if wrong and fault == 0:
                    fault = here + 1
        out[person]["fault"] = fault
        out[person]["faults"] = faults


@kernel
def follow(
    does: int,
    asks: int,
    when: int,
    entered: int,
    household: int,
    birth: int,
    left: int,
    left_home: int,
    begun: bool,
    life: int,
    home: int,
    community: int,
    born: int,
) -> tuple[bool, bool, int, int, int, int]:
    """Whether an entry is against the rules, and the state after it.

    does, asks: as in EFFECT and `asked`; entered, household, birth, left, left_home: what the entry
    says; begun, life, home, community, born: the state before it.
    """
    opens = does & persons.OPENS != 0
    if opens:
        wrong = begun
    elif not begun:
        wrong = True
    elif asks & _RECORD:
        wrong = False
    elif life == DELETED or (life == DEAD and asks & _ALIVE != 0):
        wrong = True
    else:
        wrong = False
        if asks & _LEAVES:
            wrong = (left_home if asks & _FROM else household) != home or left != community
        elif asks & _SETTLES:
            wrong = community != NONE
        if asks & _DIES and born != UNBORN and when < born:
            wrong = True
    if begun or opens:
        begun = True
        if does & persons.PLACE:
            community = entered
            home = household if does & persons.ENTERS else NONE
        if does & persons.LIFE:
            life = does >> LIVES & 3
        if does & persons.BIRTH:
            born = birth
    return wrong, begun, life, home, community, born


@kernel
def judge_lives(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    fallen: Column,
    lived: Column,
    last: int,
    known: int,
    order: Column,
    out: Column,
) -> None:
    """Walk histories and find what was recorded before the beginning or after the end.

    starts u4[entities + 1]; code, day u2[n]; position u4[n]; fallen u1[n]; lived u1 by code; order
    i8: room for the rows of one entity; out FAULTY[entities], written.
    """
    for entity in range(out.size):
        first, end = integer(starts[entity]), integer(starts[entity + 1])
        if end - first == 1 and lived[code[first]] == _OPENS:
            out[entity]["fault"] = out[entity]["faults"] = 0
            continue
        count = 0
        for row in range(first, end):
            when = integer(day[row])
            if position[row] > known or when > last or fallen[row] or lived[code[row]] & _VOIDS:
                continue
            place = count
            while place > 0 and day[order[place - 1]] > when:
                order[place] = order[place - 1]
                place -= 1
            order[place] = row
            count += 1
        begun, ended, fault, faults = False, False, 0, 0
        for place in range(count):
            does = lived[code[order[place]]]
            if begun if does & _OPENS else not begun or ended:
                faults += 1
                if fault == 0:
                    fault = order[place] - first + 1
            if does & _OPENS:
                begun, ended = True, False
            elif does & _ENDS and begun:
                ended = True
        out[entity]["fault"] = fault
        out[entity]["faults"] = faults
