"""Numbers at a point on both clocks: who holds them, and whether their ledgers are lawful."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from registry.events import numbers as events
from registry.vocabulary import EventType, Kind
from replay.columns.forms import Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.persons import REDACTED
from replay.states.standing import States, dense, point, rows
from replay.threads import scratch

#: A number. holders: how many hold it now, ever: how many have held it; fault: version of the
#: first entry that breaks a rule, 0 for none; faults: how many do.
NUMBER = np.dtype(
    [
        ("number", "i8"),
        ("holders", "u2"),
        ("ever", "u2"),
        ("fault", "u2"),
        ("faults", "u2"),
    ]
)
#: What an event does to a number's holders, as bits; which of them holds it is told by `person`.
_OPENS, _GIVES, _ENDS, _RESUMES, _PERSON, _NUMBER = (1 << bit for bit in range(6))
#: What begins a number with a holder has these bits of those.
_BEGINS = _OPENS | _PERSON | _NUMBER
_LEADS = _BEGINS | _ENDS | _RESUMES


@cache
def _effects() -> Column:
    laid = layout(Kind.NUMBER)
    person, number = laid.declares("person"), laid.declares("number")

    def effect(word: EventType) -> int:
        if word.kind is not Kind.NUMBER:
            return 0
        return (
            (_OPENS if word.opens else 0)
            | (_GIVES if word.shape is events.NumberGiven else 0)
            | (_ENDS if word.shape is events.HoldingEnded else 0)
            | (_RESUMES if word.shape is events.HoldingResumed else 0)
            | (_PERSON if person[word.code] else 0)
            | (_NUMBER if number[word.code] else 0)
        )

    return by_code(effect, "u1")


def number_states(block: Block, at: At, into: States | None = None) -> States:
    """The numbers of a block at a point, and what is wrong with their ledgers."""
    into = into or States(block.first, np.empty(block.size, NUMBER))
    day, known = point(block, at)
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, "person", "number"),
        _effects(),
        day,
        known,
        scratch("holders", len(block), "u4"),
        scratch("holds", len(block), "u1"),
        into.table,
    )
    hold(*columns)
    return into


@kernel
def hold(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    person: Column,
    number: Column,
    effects: Column,
    last: int,
    known: int,
    holders: Column,
    holds: Column,
    out: Column,
) -> None:
    """Follow who holds each number, entry by entry, and find the entries that break a rule.

    starts u4[numbers + 1]; code, day u2[n]; position u4[n]; person u4, number i8: a value for each
    row whose code declares it; effects u1[codes]; holders u4, holds u1: room for the rows of one
    number; out NUMBER[numbers], written.
    """
    p = n = 0
    for one in range(out.size):
        first, end = integer(starts[one]), integer(starts[one + 1])
        told = out[one]
        alone = end - first == 1 and position[first] <= known and day[first] <= last
        if alone and effects[code[first]] & _LEADS == _BEGINS:
            # Most numbers have been given, or found with somebody, and that is all.
            told["number"] = max(number[n], REDACTED)
            told["holders"] = told["ever"] = 1
            told["fault"] = told["faults"] = 0
            p, n = p + 1, n + 1
            continue
        begun, ever, now, faults, fault, value = False, 0, 0, 0, 0, 0
        for row in range(first, end):
            does = effects[code[row]]
            p_at, n_at = p, n
            p += 1 if does & _PERSON else 0
            n += 1 if does & _NUMBER else 0
            if position[row] > known or day[row] > last:
                continue
            who, place = person[p_at], -1
            for each in range(ever):
                if holders[each] == who:
                    place = each
            wrong = (
                (does & _GIVES and begun)
                or (does & _ENDS and (place < 0 or not holds[place]))
                or (does & _RESUMES and place < 0)
            )
            if wrong:
                faults += 1
                if fault == 0:
                    fault = row - first + 1
            if does & _OPENS and not begun:
                begun, value = True, max(number[n_at], REDACTED)
            if begun and does & _PERSON:
                if place < 0:
                    place = ever
                    holders[place], holds[place] = who, 0
                    ever += 1
                holding = 0 if does & _ENDS else 1
                now += holding - integer(holds[place])
                holds[place] = holding
        told["number"] = value
        told["holders"] = now
        told["ever"] = ever
        told["fault"] = fault
        told["faults"] = faults
