"""A plan expressed as entries: what each business records, on which streams, in which order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replay.jit import kernel
from replay.province import codes as k
from replay.province import columns as c
from replay.province.plan import Ints, Town
from replay.province.terms import until


class Entries(NamedTuple):
    """Entries in the making.

    rows i4[n, E_WIDTH]; pool i4[m, 2]: members and their relations; counted i8[2]: of rows and of
    members; days i4: entries by day since the import; kinds i8: entries by kind. Where rows have
    no room for all, only what is counted is right.
    """

    rows: Ints
    pool: Ints
    counted: NDArray[np.int64]
    days: Ints
    kinds: NDArray[np.int64]


@kernel
def express(plan: Town, opened: int, out: Entries) -> None:
    """Express every row of a plan, in order; opened: the day of the import."""
    for business in range(plan.shape[0]):
        told = plan[business, c.BUSINESS]
        if told == c.B_STEP or told == c.B_APPLY:
            express_step(plan, business, opened, out)
        elif told <= c.B_BIRTH or told == c.B_NEWCOMER:
            express_arrival(plan, business, opened, out)
        elif told <= c.B_IN:
            express_move(plan, business, opened, out)
        elif told in (c.B_VOID, c.B_RESTORE, c.B_REVERSE, c.B_ADJUST):
            express_undoing(plan, business, opened, out)
        else:
            express_change(plan, business, opened, out)


@kernel
def emit(
    plan: Town, business: int, opened: int, out: Entries, kind: int, entity: int, code: int
) -> int:
    """Begin an entry; gives its row."""
    index = out.counted[0]
    out.counted[0] = index + 1
    recorded = plan[business, c.RECORDED]
    out.days[recorded - opened] += 1
    out.kinds[kind] += 1
    row = min(index, out.rows.shape[0] - 1)
    out.rows[row, c.E_KIND], out.rows[row, c.E_ENTITY] = kind, entity
    out.rows[row, c.E_CODE], out.rows[row, c.E_INDEX] = code, index
    # Entries of ledgers take effect on the day on which they are recorded.
    ledger = kind >= c.N_NUMBER
    out.rows[row, c.E_DAY] = recorded if ledger else plan[business, c.EFFECTIVE]
    out.rows[row, c.E_RECORDED], out.rows[row, c.E_BUSINESS] = recorded, business
    out.rows[row, c.E_FIRST], out.rows[row, c.E_LENGTH] = out.counted[1], 0
    return int(row)


@kernel
def say(out: Entries, row: int, a: int, b: int, c_: int, d: int, e: int, f: int) -> None:
    """Write what an entry says."""
    rows = out.rows
    rows[row, c.E_A], rows[row, c.E_B], rows[row, c.E_C] = a, b, c_
    rows[row, c.E_D], rows[row, c.E_E], rows[row, c.E_F] = d, e, f


@kernel
def list_member(out: Entries, row: int, person: int, relation: int) -> None:
    """Add to an entry's list."""
    place = min(out.counted[1], out.pool.shape[0] - 1)
    out.counted[1] += 1
    out.pool[place, 0], out.pool[place, 1] = person, relation
    out.rows[row, c.E_LENGTH] += 1


@kernel
def enter(plan: Town, at: int, opened: int, out: Entries, code: int) -> None:
    """A person enters the register with all main items."""
    row = emit(plan, at, opened, out, c.N_PERSON, plan[at, c.PERSON], code)
    say(
        out,
        row,
        plan[at, c.HOUSE],
        plan[at, c.COMMUNITY],
        plan[at, c.SEX],
        plan[at, c.BORN],
        plan[at, c.NAME],
        plan[at, c.CODE],
    )


@kernel
def join(plan: Town, at: int, opened: int, out: Entries, business: int) -> int:
    """The household gains a member."""
    row = emit(plan, at, opened, out, c.N_HOUSEHOLD, plan[at, c.HOUSE], k.MEMBERS)
    say(out, row, c.NO, c.NO, plan[at, c.HEAD], business, c.NO, 0)
    list_member(out, row, plan[at, c.PERSON], plan[at, c.RELATION])
    return row


@kernel
def depart(plan: Town, at: int, opened: int, out: Entries, business: int, merged: int) -> None:
    """The household that was left loses members, as many as move, and closes with the last."""
    house, head = plan[at, c.FROM_HOUSE], plan[at, c.FROM_HEAD]
    row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.MEMBERS)
    heir = head if plan[at, c.HEIR] == 1 else -1
    say(out, row, c.NO, c.NO, head, business, heir, 1)
    last = at + (plan[at, c.COUNT] if plan[at, c.BUSINESS] == c.B_MERGE else 1)
    for member in range(at, last):
        list_member(out, row, plan[member, c.PERSON], 0)
    if head < 0:
        row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.CLOSED)
        say(out, row, c.NO, c.NO, c.NO, merged, c.NO, c.NO)


@kernel
def hold(plan: Town, at: int, opened: int, out: Entries) -> None:
    """A number that was brought has a holder; a second one opens a case."""
    number, person = plan[at, c.NUMBER], plan[at, c.PERSON]
    if number < 0:
        return
    row = emit(plan, at, opened, out, c.N_NUMBER, number, k.RECORDED)
    say(out, row, person, c.NO, c.NO, plan[at, c.BORN], c.NO, plan[at, c.CODE])
    if plan[at, c.CASE] >= 0:
        row = emit(plan, at, opened, out, c.N_CASE, plan[at, c.CASE], k.CASE_OPENED)
        say(out, row, number, plan[at, c.OTHER], person, c.NO, c.NO, c.NO)


@kernel
def give(plan: Town, at: int, opened: int, out: Entries) -> None:
    """A number is drawn from its book and given."""
    number, person, book = plan[at, c.NUMBER], plan[at, c.PERSON], plan[at, c.OTHER] >> 1
    born, sequence = plan[at, c.BORN], plan[at, c.CODE]
    if plan[at, c.OTHER] & 1:
        row = emit(plan, at, opened, out, c.N_BOOK, book, k.OPENED)
        say(out, row, c.NO, c.NO, c.NO, born, c.NO, c.NO)
    row = emit(plan, at, opened, out, c.N_BOOK, book, k.DRAWN)
    say(out, row, number, person, c.NO, c.NO, c.NO, sequence)
    row = emit(plan, at, opened, out, c.N_NUMBER, number, k.GIVEN)
    say(out, row, person, book, c.NO, born, c.NO, sequence)


@kernel
def express_arrival(plan: Town, at: int, opened: int, out: Entries) -> None:
    """Plates, households and persons taken over; births; newcomers."""
    told, house = plan[at, c.BUSINESS], plan[at, c.HOUSE]
    if told == c.B_PLATE:
        row = emit(plan, at, opened, out, c.N_DOORPLATE, plan[at, c.OTHER], k.PLATE_IMPORTED)
        say(out, row, plan[at, c.OTHER], plan[at, c.COMMUNITY], c.NO, c.NO, c.NO, c.NO)
    elif told == c.B_HOUSEHOLD:
        row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.HOUSE_IMPORTED)
        say(out, row, plan[at, c.OTHER], plan[at, c.COMMUNITY], plan[at, c.HEAD], c.NO, c.NO, c.NO)
        for member in range(at + 1, at + 1 + plan[at, c.COUNT]):
            list_member(out, row, plan[member, c.PERSON], plan[member, c.RELATION])
    elif told == c.B_PERSON:
        enter(plan, at, opened, out, k.IMPORTED)
        hold(plan, at, opened, out)
    elif told == c.B_BIRTH:
        enter(plan, at, opened, out, k.BORN)
        join(plan, at, opened, out, 101)
        give(plan, at, opened, out)
    else:
        enter(plan, at, opened, out, k.NEW)
        join(plan, at, opened, out, 105)
        hold(plan, at, opened, out)


@kernel
def express_move(plan: Town, at: int, opened: int, out: Entries) -> None:
    """Deaths and moves."""
    told, person, house = plan[at, c.BUSINESS], plan[at, c.PERSON], plan[at, c.HOUSE]
    before, left = plan[at, c.FROM_HOUSE], plan[at, c.FROM_COMMUNITY]
    if told == c.B_DEATH:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.DIED)
        say(out, row, before, left, c.NO, c.NO, c.NO, c.NO)
        depart(plan, at, opened, out, 102, c.NO)
    elif told == c.B_OUT:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.LEFT)
        paper = plan[at, c.OTHER]
        say(out, row, before, left, paper, 0 if paper >= 0 else 1, c.NO, c.NO)
        depart(plan, at, opened, out, 106, c.NO)
        if paper >= 0:
            row = emit(plan, at, opened, out, c.N_CERTIFICATE, paper, k.ISSUED)
            say(out, row, person, left, c.NO, plan[at, c.EFFECTIVE], c.NO, c.NO)
            list_member(out, row, person, 0)
    elif told == c.B_IN:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.CAME)
        say(out, row, house, plan[at, c.COMMUNITY], plan[at, c.OTHER], c.NO, c.NO, c.NO)
        join(plan, at, opened, out, 105)
        row = emit(plan, at, opened, out, c.N_CERTIFICATE, plan[at, c.OTHER], k.CONSUMED)
        say(out, row, person, c.NO, c.NO, c.NO, c.NO, c.NO)
    elif told == c.B_MOVE_HOUSE:
        row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.HOUSE_MOVED)
        say(out, row, plan[at, c.OTHER], plan[at, c.COMMUNITY], c.NO, c.NO, c.NO, c.NO)
        for member in range(at + 1, at + 1 + plan[at, c.COUNT]):
            change_address(plan, member, opened, out, 0)
    elif told == c.B_MOVE:
        join(plan, at, opened, out, 103)
        depart(plan, at, opened, out, 103, c.NO)
        change_address(plan, at, opened, out, 0)
    elif told == c.B_SPLIT:
        row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.ESTABLISHED)
        say(out, row, plan[at, c.OTHER], plan[at, c.COMMUNITY], person, before, c.NO, c.NO)
        list_member(out, row, person, plan[at, c.RELATION])
        depart(plan, at, opened, out, 103, c.NO)
        change_address(plan, at, opened, out, 1)
    elif told == c.B_MERGE:
        row = join(plan, at, opened, out, 103)
        for member in range(at + 1, at + plan[at, c.COUNT]):
            list_member(out, row, plan[member, c.PERSON], plan[member, c.RELATION])
        depart(plan, at, opened, out, 103, house)
        for member in range(at, at + plan[at, c.COUNT]):
            change_address(plan, member, opened, out, 2)


@kernel
def change_address(plan: Town, at: int, opened: int, out: Entries, scope: int) -> None:
    """A person's place changes; scope: 0 a move, 1 a split, 2 a merger."""
    row = emit(plan, at, opened, out, c.N_PERSON, plan[at, c.PERSON], k.MOVED)
    say(
        out,
        row,
        plan[at, c.FROM_HOUSE],
        plan[at, c.FROM_COMMUNITY],
        plan[at, c.HOUSE],
        plan[at, c.COMMUNITY],
        scope,
        c.NO,
    )


@kernel
def express_change(plan: Town, at: int, opened: int, out: Entries) -> None:
    """Changes and corrections of a person's items, and what becomes of numbers by them."""
    told, person = plan[at, c.BUSINESS], plan[at, c.PERSON]
    name, born, version = plan[at, c.NAME], plan[at, c.BORN], plan[at, c.VERSION]
    if told == c.B_CLOSE_CASE:
        row = emit(plan, at, opened, out, c.N_CASE, plan[at, c.CASE], k.CASE_CLOSED)
        say(out, row, person, c.NO, c.NO, c.NO, c.NO, c.NO)
        return
    if told == c.B_MEMBER:
        return
    if told == c.B_NAME:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.RENAMED)
    elif told == c.B_CORRECT_NAME:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.NAME_CORRECTED)
    elif told == c.B_CORRECT_NATIONALITY:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.NATIONALITY_CORRECTED)
    elif told == c.B_DETAILS:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.DETAILED)
    elif told == c.B_VERIFY:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.VERIFIED)
    elif told == c.B_CORRECT_BIRTH:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.BIRTH_CORRECTED)
    else:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.RENUMBERED)
    say(out, row, name % 3, c.NO, c.NO, born, name, plan[at, c.CODE])
    out.rows[row, c.E_VERSION] = version
    if told == c.B_CORRECT_BIRTH:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.RENUMBERED)
        say(out, row, c.NO, c.NO, c.NO, born, c.NO, plan[at, c.CODE])
        out.rows[row, c.E_DAY] = plan[at, c.RECORDED]
    if told == c.B_CORRECT_BIRTH or told == c.B_RENUMBER:
        give(plan, at, opened, out)
        row = emit(plan, at, opened, out, c.N_NUMBER, plan[at, c.FROM_NUMBER], k.ENDED)
        say(out, row, person, 107, c.NO, c.NO, c.NO, c.NO)


@kernel
def express_undoing(plan: Town, at: int, opened: int, out: Entries) -> None:
    """Voids, and boundaries."""
    told, person, house = plan[at, c.BUSINESS], plan[at, c.PERSON], plan[at, c.HOUSE]
    if told == c.B_ADJUST:
        if house < 0:
            row = emit(plan, at, opened, out, c.N_DOORPLATE, plan[at, c.OTHER], k.PLATE_ADJUSTED)
            say(out, row, c.NO, plan[at, c.COMMUNITY], c.NO, c.NO, c.NO, c.NO)
            return
        row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.HOUSE_ADJUSTED)
        say(out, row, plan[at, c.OTHER], plan[at, c.COMMUNITY], c.NO, c.NO, c.NO, c.NO)
        for member in range(at + 1, at + 1 + plan[at, c.COUNT]):
            who = plan[member, c.PERSON]
            row = emit(plan, member, opened, out, c.N_PERSON, who, k.RESIDENCE_ADJUSTED)
            say(
                out,
                row,
                house,
                plan[member, c.FROM_COMMUNITY],
                plan[member, c.COMMUNITY],
                c.NO,
                c.NO,
                c.NO,
            )
        return
    if told == c.B_VOID:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.VOIDED)
    elif told == c.B_RESTORE:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.RESTORED)
    else:
        row = emit(plan, at, opened, out, c.N_PERSON, person, k.REVERSED)
    say(out, row, c.NO, plan[at, c.COMMUNITY], c.NO, c.NO, c.NO, c.NO)
    out.rows[row, c.E_VERSION], out.rows[row, c.E_LENGTH] = plan[at, c.VERSION], 1
    if told == c.B_VOID:
        return
    row = emit(plan, at, opened, out, c.N_HOUSEHOLD, house, k.HOUSE_VOIDED)
    say(out, row, c.NO, c.NO, c.NO, c.NO, c.NO, c.NO)
    out.rows[row, c.E_VERSION] = plan[at, c.HOUSE_VERSION]
    out.rows[row, c.E_LENGTH] = plan[at, c.COUNT]
    if told == c.B_REVERSE and plan[at, c.NUMBER] >= 0:
        row = emit(plan, at, opened, out, c.N_NUMBER, plan[at, c.NUMBER], k.ENDED)
        say(out, row, person, 111, c.NO, c.NO, c.NO, c.NO)


@kernel
def express_step(plan: Town, at: int, opened: int, out: Entries) -> None:
    """Applications for cards, and the card bodies that are used for them."""
    application, code = plan[at, c.OTHER], plan[at, c.CODE]
    attempt, body = plan[at, c.COUNT], plan[at, c.NUMBER]
    week = (plan[at, c.RECORDED] - opened) // 7
    if plan[at, c.BUSINESS] == c.B_APPLY:
        row = emit(plan, at, opened, out, c.N_APPLICATION, application, k.ACCEPTED)
        say(out, row, plan[at, c.PERSON], max(plan[at, c.COMMUNITY], 0), attempt, c.NO, c.NO, c.NO)
        return
    if code == k.DESTROYED:
        row = emit(plan, at, opened, out, c.N_APPLICATION, application, k.PROPOSED)
        row = emit(plan, at, opened, out, c.N_CARD, body, k.BODY_PROPOSED)
        row = emit(plan, at, opened, out, c.N_CARD, body, k.BODY_DESTROYED)
        out.rows[row, c.E_VERSION] = plan[at, c.HOUSE_VERSION] - 1
    elif code == k.PRODUCED:
        row = emit(plan, at, opened, out, c.N_CARD, body, k.BLANK)
        row = emit(plan, at, opened, out, c.N_CARD, body, k.READY)
        row = emit(plan, at, opened, out, c.N_CARD, body, k.BOUND)
        say(out, row, application, attempt, c.NO, c.NO, c.NO, c.NO)
        row = emit(plan, at, opened, out, c.N_CARD, body, k.WRITTEN)
    elif code == k.REJECTED or plan[at, c.SEX] == 1:
        row = emit(plan, at, opened, out, c.N_CARD, body, k.SPOILED)
    last = until(plan[at, c.BORN], plan[at, c.RECORDED]) if code == k.SIGNED else c.NO
    row = emit(plan, at, opened, out, c.N_APPLICATION, application, code)
    say(out, row, plan[at, c.PERSON], body, attempt, week, last, c.NO)
    out.rows[row, c.E_VERSION] = plan[at, c.VERSION] - 1


@kernel
def arrange(rows: Ints, firsts: NDArray[np.int64], starts: Ints, out: Ints) -> None:
    """Put entries in order of kind, entity and version.

    firsts i8[kinds + 1]: the first cell of each kind; starts i4[cells + 1], written: the first row
    of each entity; out: like rows, written.
    """
    starts[:] = 0
    for row in range(rows.shape[0]):
        starts[firsts[rows[row, c.E_KIND]] + rows[row, c.E_ENTITY] + 1] += 1
    for cell in range(1, starts.size):
        starts[cell] += starts[cell - 1]
    for row in range(rows.shape[0]):
        cell = firsts[rows[row, c.E_KIND]] + rows[row, c.E_ENTITY]
        place = starts[cell]
        starts[cell] = place + 1
        for column in range(c.E_WIDTH):
            out[place, column] = rows[row, column]
    for cell in range(starts.size - 1, 0, c.NO):
        starts[cell] = starts[cell - 1]
    starts[0] = 0
