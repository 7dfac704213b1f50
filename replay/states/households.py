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
    States,
    dense,
    fallen_marks,
    point,
    rows,
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
_STREET, _WHERE, _HAS_STREET, _HAS_WHERE, _HAS_FORM = 1, 2, 1 << 4, 1 << 5, 1 << 6  # of plates
_OPENS, _VOIDS = 1 << 8, 1 << 9


@cache
def _effects(kind: Kind, columns: tuple[str, ...], written: tuple[Group, ...]) -> Column:
    laid = layout(kind)

    def effect(word: EventType) -> int:
        if word.kind is not kind:
            return 0
        bits = sum(
            1 << bit for bit, group in enumerate(written) if word.opens or group in word.writes
        )
        held = enumerate(columns)
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
        _effects(Kind.HOUSEHOLD, COLUMNS, WRITTEN),
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


#: The same of door plates.
_PLATE_COLUMNS = ("street", "community", "frozen")
_PLATE_WRITTEN = (Group.PLATE, Group.ADDRESS, Group.FORM, Group.LIFE)


def doorplate_states(block: Block, at: At, into: States | None = None) -> States:
    """The door plates of a block at a point; into: where to write them, to spare the memory."""
    into = into or States(block.first, np.empty(block.size, DOORPLATE))
    day, known = point(block, at)
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, *_PLATE_COLUMNS),
        fallen_marks(block, known),
        _effects(Kind.DOORPLATE, _PLATE_COLUMNS, _PLATE_WRITTEN),
        day,
        known,
        into.table,
    )
    plates(*columns)
    return into


@kernel
def plates(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    street: Column,
    community: Column,
    frozen: Column,
    fallen: Column,
    effects: Column,
    last: int,
    known: int,
    out: Column,
) -> None:
    """Settle every group of every door plate by the standing row latest in (day, version).

    starts u4[plates + 1]; code, day u2[n]; position u4[n]; street, community u4, frozen u1: a value
    for each row whose code declares it; fallen u1[n]; effects u4[codes]; out DOORPLATE[plates],
    written.
    """
    s = c = f = 0  # where the next value of each column lies
    for one in range(out.size):
        begun = False
        life = until = plated = addressed = formed = lived = 0
        s_at = c_at = f_at = -1
        for row in range(integer(starts[one]), integer(starts[one + 1])):
            does, when = integer(effects[code[row]]), integer(day[row])
            if not (position[row] > known or when > last or fallen[row] or does & _VOIDS):
                begun |= does & _OPENS != 0
                if does & _STREET and when >= plated:
                    plated, s_at = when, s if does & _HAS_STREET else -1
                if does & _WHERE and when >= addressed:
                    addressed, c_at = when, c if does & _HAS_WHERE else -1
                if does & _FORM and when >= formed:
                    formed, f_at = when, f if does & _HAS_FORM else -1
                if does & _LIFE and when >= lived:
                    lived = when
                    life, until = (OPEN, 0) if does & _OPENS else (ENDED, when)
            s += does >> 4 & 1
            c += does >> 5 & 1
            f += does >> 6 & 1
        told = out[one]
        if begun:
            told["street"] = street[s_at] if s_at >= 0 else NONE
            told["community"] = community[c_at] if c_at >= 0 else NONE
            told["until"] = until
            told["frozen"] = f_at >= 0 and frozen[f_at] == 1
            told["life"] = life
        else:
            told["street"] = told["community"] = NONE
            told["until"] = told["frozen"] = 0
            told["life"] = UNKNOWN
