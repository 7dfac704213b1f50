"""Applications for cards at a point on both clocks, and whether they were lawful.

An application is a ledger: a state machine, driven in version order. Its table derives from the
rules of the register, so that a step that the register would refuse is a fault here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from replay.columns.forms import NONE, Column
from replay.columns.runs import Block
from replay.jit import integer, kernel, nth
from replay.states.history import At
from replay.states.standing import States, dense, point, rows
from replay.states.steps import (
    ATTEMPT,
    BEGUN,
    BUILD,
    COUNT,
    FAULT,
    FEW,
    LATE,
    MAKE,
    NO_STATE,
    OPENING,
    PERSON,
    REACHES,
    REDO,
    REPLACED,
    REPLACES,
    RULE,
    SPECIAL,
    WIDTH,
    machine,
)
from replay.threads import scratch

#: An application. county: as printed; accepted, since: days, since when in its state; entries: how
#: many; fault: version of the first that breaks a rule, 0 for none; faults: how many do; state: as
#: in STATES, NO_STATE before it began; attempt: of making a card.
APPLICATION = np.dtype(
    [
        ("person", "u4"),
        ("county", "u4"),
        ("accepted", "u2"),
        ("since", "u2"),
        ("entries", "u2"),
        ("fault", "u2"),
        ("faults", "u2"),
        ("state", "u1"),
        ("attempt", "u1"),
    ]
)
assert APPLICATION.itemsize == 20, "a record has no padding, since it is hashed"
#: No attempt is told.
NO_ATTEMPT = -(2**31)
#: Applications whose rows are added up at a time, and the room for their sums.
_STRIP, _ROOM = 64, 1 << 13


def application_states(block: Block, at: At, into: States | None = None) -> States:
    """The applications of a block at a point, and which entries broke a rule."""
    into = into or States(block.first, np.empty(block.size, APPLICATION))
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, "person", "county", "attempt", "replaced_by"),
        *machine(),
        *point(block, at),
        scratch("course", _ROOM, "i8"),
        into.table,
    )
    drive(*columns)
    return into


@kernel
def drive(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    person: Column,
    county: Column,
    attempt: Column,
    replaced_by: Column,
    base: int,
    steps: Column,
    shown: Column,
    lost: Column,
    effects: Column,
    course: Column,
    reached: Column,
    last: int,
    known: int,
    sums: Column,
    out: Column,
) -> None:
    """Drive every application through its steps, and find those that are against the rules.

    starts u4[applications + 1]; code, day u2[n]; position u4[n]; person, county u4, attempt i4,
    replaced_by u4: a value for each row whose code declares it; the rest as in Machine; sums i8,
    room; out APPLICATION[applications], written.

    Whatever went its ordinary course, and that is all but a few, is told by its first row, its last
    and what lies between added up: no step has to wait for the one before. Positions rise from row
    to row of an application, so that its last row tells whether all are known.
    """
    p = a = r = begin = stop = 0
    for one in range(out.size):
        if one % _STRIP == 0:
            begin, stop = integer(starts[one]), integer(starts[min(one + _STRIP, out.size)])
            if stop - begin > sums.size:
                stop = begin
            add_up(code[begin:stop], day[begin:stop], base, course, last, sums)
        told = out[one]
        first, end = integer(starts[one]), integer(starts[one + 1])
        if first < end <= stop and end - first < FEW:
            total = sums[end - 1 - begin] - sums[first - begin]
            orders, tries = total & COUNT, (total & COUNT) + (total >> 7 & COUNT)
            state = reached[nth(integer(code[end - 1]) - base)]
            opening = effects[nth(integer(code[first]) - base)] == OPENING
            if opening and orders <= 1 and total >> 14 & COUNT == 0 and state != NO_STATE:
                if position[first] > known:
                    tell_nothing(told)
                    p, a = p + 1, a + tries
                    continue
                seen = total < LATE and day[first] <= last and position[end - 1] <= known
                if seen and ones(attempt, a, a + tries):
                    told["person"] = person[p]
                    told["county"] = county[p]
                    told["accepted"] = day[first]
                    told["since"] = day[end - 1]
                    told["entries"] = end - first
                    told["fault"] = told["faults"] = 0
                    told["state"] = state
                    told["attempt"] = tries > 0
                    p, a = p + 1, a + tries
                    continue
        p, a, r = walk(
            first, end, code, day, position, person, county, attempt, replaced_by, base, steps,
            shown, lost, effects, last, known, p, a, r, told,
        )  # fmt: skip


@kernel
def add_up(code: Column, day: Column, base: int, course: Column, last: int, sums: Column) -> None:
    """Add up along some rows what each adds after the one before: code, day u2[n]; sums i8[n]."""
    total = before = 0
    for row in range(code.size):
        step = integer(code[row]) - base
        total += integer(course[nth(before << WIDTH | step)]) + (day[row] > last) * LATE
        sums[row] = total
        before = step


@kernel
def ones(attempt: Column, first: int, end: int) -> bool:
    """Whether the attempts from one place to another are all the first: attempt i4."""
    same = True
    for place in range(first, end):
        same &= attempt[place] == 1
    return same


@kernel
def tell_nothing(told: Any) -> None:
    """Write the record of an application that has not begun."""
    told["person"] = NONE
    told["county"] = told["accepted"] = told["since"] = told["entries"] = 0
    told["fault"] = told["faults"] = told["attempt"] = 0
    told["state"] = NO_STATE


@kernel
def walk(
    first: int,
    end: int,
    code: Column,
    day: Column,
    position: Column,
    person: Column,
    county: Column,
    attempt: Column,
    replaced_by: Column,
    base: int,
    steps: Column,
    shown: Column,
    lost: Column,
    effects: Column,
    last: int,
    known: int,
    p: int,
    a: int,
    r: int,
    told: Any,
) -> tuple[int, int, int]:
    """Drive one application step by step; first, end: its rows; the columns as in `drive`.

    p, a, r: where its values lie in person and county, attempt, replaced_by; returned as they are
    behind it. told: its record, written.
    """
    now, tried, opened = 0, 0, -1
    ordered = False
    entries = faults = fault = accepted = since = 0
    for row in range(first, end):
        step = integer(code[row]) - base
        if position[row] > known or day[row] > last:
            does = integer(effects[step])
            p += does & PERSON
            a += does >> 1 & 1
            r += does >> 2 & 1
            continue
        entries += 1
        reached = integer(steps[now + step])
        if reached < SPECIAL:
            now, since = reached, integer(day[row])
            continue
        does = integer(effects[step])
        wrong, after = reached & FAULT != 0, reached & (SPECIAL - 1)
        if does & REACHES and after >= BEGUN:
            since = integer(day[row])
        if does & PERSON:
            if now < BEGUN:
                accepted = integer(day[row])
            opened = p
            p += 1
        said, other = NO_ATTEMPT, NONE
        if does & ATTEMPT:
            said = integer(attempt[a])
            a += 1
        if does & REPLACED:
            other = integer(replaced_by[r])
            r += 1
        rule = does >> RULE
        if rule and not wrong:
            if rule == BUILD:
                wrong = said != (tried + 1 if ordered or tried == 0 else tried)
            elif rule == MAKE:
                wrong = said != tried
            elif lost[now >> WIDTH]:
                wrong = other == NONE or said != NO_ATTEMPT
            else:
                wrong = other != NONE or said != tried + 1
        if after >= BEGUN:
            if said != NO_ATTEMPT:
                tried = said
                # An order fills an attempt, and only making a card anew opens one without.
                ordered = rule == BUILD or (ordered and rule != REDO)
            if other != NONE:
                after |= REPLACES
        now = after
        if wrong:
            faults += 1
            if fault == 0:
                fault = row - first + 1
    told["person"] = person[opened] if opened >= 0 else NONE
    told["county"] = county[opened] if opened >= 0 else 0
    told["accepted"] = accepted
    told["since"] = since
    told["entries"] = entries
    told["fault"] = fault
    told["faults"] = faults
    told["state"] = shown[now >> WIDTH]
    told["attempt"] = tried
    return p, a, r
