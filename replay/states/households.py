"""Households and door plates at a point on both clocks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from registry.vocabulary import EventType, Group, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.standing import (
    OPENS,
    States,
    dense,
    fallen_marks,
    groups_of,
    point,
    rows,
    settle,
    values,
)

#: No code.
NO_CODE = 255
#: What is known of the life of a household or a door plate.
UNKNOWN, OPEN, ENDED = range(3)

#: A household. until: day on which it ended, 0 while it is open; form: place of its type in the
#: table of types, 255 for none.
HOUSEHOLD = np.dtype(
    [
        ("doorplate", "u4"),
        ("community", "u4"),
        ("head", "u4"),
        ("until", "u2"),
        ("form", "u1"),
        ("life", "u1"),
    ]
)
#: A door plate; street and community are handles.
DOORPLATE = np.dtype(
    [("street", "u4"), ("community", "u4"), ("until", "u2"), ("frozen", "u1"), ("life", "u1")]
)


#: Dense columns of the kernel, and the groups it settles, in the order of their bits.
COLUMNS = ("doorplate", "community", "head", "household_type")
WRITTEN = (Group.ADDRESS, Group.HEAD, Group.FORM, Group.LIFE)
_ADDRESS, _HEAD, _FORM, _LIFE = (1 << bit for bit in range(4))
_OPENS, _VOIDS = 1 << 8, 1 << 9


@cache
def _effects() -> Column:
    laid = layout(Kind.HOUSEHOLD)

    def effect(word: EventType) -> int:
        if word.kind is not Kind.HOUSEHOLD:
            return 0
        bits = sum(
            1 << bit for bit, group in enumerate(WRITTEN) if word.opens or group in word.writes
        )
        held = enumerate(COLUMNS)
        bits |= sum(1 << 4 + bit for bit, name in held if laid.declares(name)[word.code])
        return bits | _OPENS * word.opens | _VOIDS * word.voids

    return by_code(effect)


def household_states(block: Block, at: At, into: States | None = None) -> States:
    """The households of a block at a point; into: where to write them, to spare the memory."""
    into = into or States(block.first, np.empty(block.size, HOUSEHOLD))
    day, known = point(block, at)
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, *COLUMNS),
        fallen_marks(block, known),
        _effects(),
        day,
        known,
        into.table,
    )
    houses(*columns)
    return into


@kernel
def houses(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    doorplate: Column,
    community: Column,
    head: Column,
    form: Column,
    fallen: Column,
    effects: Column,
    last: int,
    known: int,
    out: Column,
) -> None:
    """Settle every group of every household by the standing row latest in (effective day, version).

    starts u4[households + 1]; code, day u2[n]; position u4[n]; doorplate, community, head u4, form
    u2: a value for each row whose code declares it; fallen u1[n]; effects u4[codes];
    out HOUSEHOLD[households], written.
    """
    d = c = h = f = 0  # where the next value of each column lies
    for one in range(out.size):
        begun = False
        life = until = addressed = lived = headed = formed = 0
        d_at = c_at = h_at = f_at = -1
        for row in range(integer(starts[one]), integer(starts[one + 1])):
            does, when = integer(effects[code[row]]), integer(day[row])
            if not (position[row] > known or when > last or fallen[row] or does & _VOIDS):
                begun |= does & _OPENS != 0
                if does & _ADDRESS and when >= addressed:
                    addressed, d_at, c_at = when, d, c
                if does & _HEAD and when >= headed:
                    headed, h_at = when, h
                if does & _FORM and when >= formed:
                    formed, f_at = when, f
                if does & _LIFE and when >= lived:
                    lived = when
                    life, until = (OPEN, 0) if does & _OPENS else (ENDED, when)
            d += does >> 4 & 1
            c += does >> 5 & 1
            h += does >> 6 & 1
            f += does >> 7 & 1
        told = out[one]
        if begun:
            told["doorplate"] = doorplate[d_at]
            told["community"] = community[c_at]
            told["head"] = head[h_at]
            told["until"] = until
            told["form"] = form[f_at] & NO_CODE
            told["life"] = life
        else:
            told["doorplate"] = told["community"] = told["head"] = NONE
            told["until"] = 0
            told["form"] = NO_CODE
            told["life"] = UNKNOWN


def doorplate_states(block: Block, at: At, into: States | None = None) -> States:
    """The door plates of a block at a point."""
    won = decided(block, at)
    into = into or States(block.first, np.empty(block.size, DOORPLATE))
    table = into.table
    table["street"] = values(block, "street", won[Group.PLATE])
    table["community"] = values(block, "community", won[Group.ADDRESS])
    table["frozen"] = values(block, "frozen", won[Group.FORM]) == 1
    table["life"], table["until"] = life(block, won[Group.LIFE])
    return into


def decided(block: Block, at: At) -> dict[Group, Column]:
    """The row that decides each group of each entity, u4[entities], NONE where none does."""
    winners = settle(block, at)
    groups = groups_of(block.layout.kind)
    return {group: np.ascontiguousarray(winners[:, bit]) for bit, group in enumerate(groups)}


def life(block: Block, won: Column) -> tuple[Column, Column]:
    """What became of entities whose life these rows decide, and when they ended."""
    known = won != NONE
    row = np.where(known, won, 0)
    if len(block) == 0:
        return np.full(len(won), UNKNOWN, "u1"), np.zeros(len(won), "u2")
    opens = OPENS[block.code[row]] != 0
    lives = np.where(known, np.where(opens, OPEN, ENDED), UNKNOWN)
    return lives, np.where(lives == ENDED, block.effective_on[row], 0)
