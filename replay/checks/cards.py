"""The newest card of each person and whether a photo was ever taken, from the applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from registry.events.applications import CardSigned
from registry.vocabulary import VOCABULARY
from replay.checks.setting import Setting
from replay.columns.forms import NONE, Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.details import ABSENT
from replay.states.history import At
from replay.states.standing import plain, point, rows

#: Of some applications: person u4; position u4 of the signing, 0 for none; the days i4 on which
#: the card begins and ends; whether a photo was taken, u1.
Cards = tuple[Column, Column, Column, Column, Column]


def see_cards(to: Setting, blocks: Sequence[Cards]) -> None:
    """Note the newest card of each person, and whether a photo was ever taken."""
    newest = np.zeros(len(to.birth), "u4")
    for one in blocks:
        keep_newest(*one, newest, to.since, to.until, to.photo)


def cards_of(block: Block, at: At) -> Cards:
    """What some applications say of cards at a point."""
    size = block.size
    out: Cards = (
        np.full(size, NONE, "u4"),
        np.zeros(size, "u4"),
        np.full(size, ABSENT, "i4"),
        np.full(size, ABSENT, "i4"),
        np.zeros(size, "u1"),
    )
    names = ("person", "valid_from", "valid_until", "photo")
    has = [plain(block.layout.declares(name).view("u1")) for name in names]
    day, known = point(block, at)
    columns = [plain(block.dense[name]) for name in names]
    signed = VOCABULARY[CardSigned].code
    given: tuple[Any, ...] = (*rows(block), *columns, *has, day, known, signed, *out)
    follow_cards(*given)
    return out


@kernel
def follow_cards(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    person: Column,
    valid_from: Column,
    valid_until: Column,
    photo: Column,
    has_person: Column,
    has_from: Column,
    has_until: Column,
    has_photo: Column,
    last: int,
    known: int,
    signed: int,
    who: Column,
    when: Column,
    since: Column,
    until: Column,
    taken: Column,
) -> None:
    """Find each application's person, last signing and photo.

    starts u4[applications + 1]; code, day u2[n]; position u4[n]; person, photo u4, valid_from,
    valid_until i4: a value for each row whose code has_.. u1; signed: the code of a signing. who,
    when u4, since, until i4, taken u1 by application, written.
    """
    p = f = u = h = 0
    for one in range(who.size):
        for row in range(integer(starts[one]), integer(starts[one + 1])):
            what = code[row]
            if position[row] <= known and day[row] <= last:
                if has_person[what] and who[one] == NONE:
                    who[one] = person[p]
                if what == signed:
                    when[one], since[one], until[one] = position[row], valid_from[f], valid_until[u]
                if has_photo[what] and photo[h] != NONE:
                    taken[one] = 1
            p += integer(has_person[what])
            f += integer(has_from[what])
            u += integer(has_until[what])
            h += integer(has_photo[what])


@kernel
def keep_newest(
    who: Column,
    when: Column,
    since: Column,
    until: Column,
    taken: Column,
    newest: Column,
    card_since: Column,
    card_until: Column,
    photo: Column,
) -> None:
    """Keep of each person the card signed last; as in Cards; newest u4, the others by person."""
    for one in range(who.size):
        person = integer(who[one])
        if person >= newest.size:
            continue
        if when[one] > newest[person]:
            newest[person] = when[one]
            card_since[person], card_until[person] = since[one], until[one]
        if taken[one]:
            photo[person] = 1
