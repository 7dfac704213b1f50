"""Card bodies at a point on both clocks, and whether what was done to them was lawful."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np

from registry.aggregates.card import STEPS, BodyState
from registry.codes import table
from registry.events import cards
from registry.limits import limit
from registry.values import day_number, day_of
from registry.vocabulary import VOCABULARY, EventType, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import CODES, by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.standing import States, dense, plain, point, rows

#: A card body; application NONE unless it is bound; since: the day on which it came into its state;
#: fault: version of the first entry that breaks a rule, 0 for none; faults: how many do.
BODY = np.dtype(
    [
        ("site", "u8"),
        ("application", "u4"),
        ("since", "u2"),
        ("entries", "u2"),
        ("fault", "u2"),
        ("faults", "u2"),
        ("state", "u1"),
        ("attempt", "u1"),
        ("addresses", "u1"),
        ("appending", "u1"),
    ]
)
assert BODY.itemsize == 24, "a record has no padding, since it is hashed"
#: The state of a body that has not begun, as a record shows it.
NO_STATE = 255

_RECEIVED, _SITE, _BINDS, _IMAGE, _SLOT, _SENT, _DIGEST, _BURNT = (1 << bit for bit in range(8))
_SLOT_RULE = 8
#: No slot is being written; whatever an entry says, nought included, is a slot.
NOT_WRITING = -1
_INTENDED, _WRITTEN, _APPENDED, _ABANDONED = 1, 2, 3, 4
_SLOTS = {
    cards.AddressAppendIntended: _INTENDED,
    cards.AddressPreWritten: _WRITTEN,
    cards.AddressAppended: _APPENDED,
    cards.AddressAppendAbandoned: _ABANDONED,
}
#: The state of a body that has not begun.
_NO_BODY = len(BodyState)


@cache
def _bodies() -> tuple[Column, Column, Column]:
    """Steps u1[states, codes] with 128 for a fault, effects u2[codes], slots u1[days]."""
    steps = np.zeros((_NO_BODY + 1, CODES), "u1")
    for shape, (before, after) in STEPS.items():
        code = VOCABULARY[shape].code
        opens = VOCABULARY[shape].opens
        for state in BodyState:
            wrong = 128 * (state not in before)
            steps[state, code] = (state if after is None else after) | wrong
        steps[_NO_BODY, code] = BodyState.IN_STOCK if opens else _NO_BODY | 128
    laid = layout(Kind.CARD)
    assert (laid.declares("attempt") == laid.declares("application")).all(), "bound at once"

    def effect(word: EventType) -> int:
        if word.kind is not Kind.CARD:
            return 0
        return (
            (_RECEIVED if word.opens else 0)
            | (_SITE if laid.declares("site")[word.code] else 0)
            | (_BINDS if laid.declares("application")[word.code] else 0)
            | (_IMAGE if laid.declares("image")[word.code] else 0)
            | (_SLOT if laid.declares("slot")[word.code] else 0)
            | (_SENT if laid.declares("destination")[word.code] else 0)
            | (_DIGEST if laid.declares("digest")[word.code] else 0)
            | (_BURNT if laid.declares("burnt")[word.code] else 0)
            | _SLOTS.get(word.shape, 0) << _SLOT_RULE
        )

    return plain(steps), plain(by_code(effect, "u2")), _slots()


def _slots() -> Column:
    """How many further addresses a chip may hold, by day."""
    name = "card_address_slots"
    days = [date.fromisoformat(row["valid_from"]) for row in table("legal_limits")]
    found = np.full(2**16, limit(name, day_of(0)).amount, "u1")
    for day in sorted(days):
        found[max(day_number(day), 0) :] = limit(name, day).amount
    return plain(found)


def body_states(block: Block, at: At, into: States | None = None) -> States:
    """The card bodies of a block at a point, and which entries broke a rule."""
    into = into or States(block.first, np.empty(block.size, BODY))
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, "site", "application", "attempt", "image", "slot"),
        *dense(block, "destination", "digest", "burnt"),
        plain(block.texts.offsets),
        plain(block.texts.data),
        *_bodies(),
        *point(block, at),
        into.table,
    )
    press(*columns)
    return into


@kernel
def press(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    site: Column,
    application: Column,
    attempt: Column,
    image: Column,
    slot: Column,
    destination: Column,
    digest: Column,
    burnt: Column,
    offsets: Column,
    data: Column,
    steps: Column,
    effects: Column,
    slots: Column,
    last: int,
    known: int,
    out: Column,
) -> None:
    """Drive every card body through its steps, and find those that are against the rules.

    starts u4[bodies + 1]; code, day u2[n]; position u4[n]; site u8, application u4, attempt i4,
    image u4, slot i4, destination u8, digest u4, burnt u1: a value for each row whose code declares
    it; offsets u4, data u1: the texts that images and digests are handles of; steps u1[states,
    codes], effects u2[codes], slots u1[days]: how many addresses a chip may hold; out BODY[bodies],
    written.
    """
    s = b = m = t = d = g = u = 0
    for one in range(out.size):
        now, entries, faults, fault, since = _NO_BODY, 0, 0, 0, 0
        at_site = bound = pressed = sent = meant = -1
        written, writing = 0, NOT_WRITING
        first = integer(starts[one])
        for row in range(first, integer(starts[one + 1])):
            does = integer(effects[code[row]])
            s_at, b_at, m_at, t_at, d_at, g_at, u_at = s, b, m, t, d, g, u
            s += does >> 1 & 1
            b += does >> 2 & 1
            m += does >> 3 & 1
            t += does >> 4 & 1
            d += does >> 5 & 1
            g += does >> 6 & 1
            u += does >> 7 & 1
            if position[row] > known or day[row] > last:
                continue
            entries += 1
            reached = integer(steps[now, code[row]])
            wrong, after = reached & 128 != 0, reached & 127
            rule = does >> _SLOT_RULE
            if not wrong:
                if does & _IMAGE and not does & _BINDS:
                    wrong = not alike(offsets, data, image[m_at], image[pressed])
                elif rule == _INTENDED:
                    wrong = slot[t_at] != written + 1 or slot[t_at] > slots[day[row]] or writing > 0
                elif rule:
                    wrong = slot[t_at] != writing
                    if rule == _APPENDED and not wrong:
                        wrong = not alike(offsets, data, digest[g_at], digest[meant])
                elif does & _SITE and not does & _RECEIVED:
                    wrong = site[s_at] != site[at_site] and site[s_at] != destination[sent]
            if wrong:
                faults += 1
                if fault == 0:
                    fault = row - first + 1
            if after == _NO_BODY:
                continue
            if does & _RECEIVED:
                bound = pressed = sent = meant = -1
                written, writing = 0, NOT_WRITING
            if after != now:
                since = integer(day[row])
            if does & _SITE:
                at_site = s_at
            if does & _SENT:
                sent = d_at
            if does & _BINDS:
                bound, pressed = b_at, m_at
            if rule == _INTENDED:
                writing, meant = integer(slot[t_at]), g_at
            elif rule == _APPENDED:
                writing, written = NOT_WRITING, integer(slot[t_at])
            elif rule == _ABANDONED:
                if burnt[u_at]:
                    written = integer(slot[t_at])
                writing = NOT_WRITING
            now = after
        told = out[one]
        told["site"] = site[at_site] if at_site >= 0 else 0
        told["application"] = application[bound] if bound >= 0 else NONE
        told["since"] = since
        told["entries"] = entries
        told["fault"] = fault
        told["faults"] = faults
        told["state"] = now if now != _NO_BODY else NO_STATE
        told["attempt"] = attempt[bound] if bound >= 0 else 0
        told["addresses"] = written
        told["appending"] = max(writing, 0)


@kernel
def alike(offsets: Column, data: Column, one: int, other: int) -> bool:
    """Whether two handles of texts, u4 and u1 as in `Texts`, name the same text."""
    if one == other:
        return True
    if one == NONE or other == NONE:
        return False
    first, second = integer(offsets[one]), integer(offsets[other])
    size = integer(offsets[one + 1]) - first
    if integer(offsets[other + 1]) - second != size:
        return False
    same = True
    for place in range(size):
        same &= data[first + place] == data[second + place]
    return same
