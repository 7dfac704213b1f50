"""Applications for cards at a point on both clocks, and whether they were lawful.

An application is a ledger: a state machine, driven in version order. Its table derives from the
rules of the register, so that a step that the register would refuse is a fault here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from registry.aggregates import application as rules
from registry.events import applications, issuance
from registry.values import CardState
from registry.vocabulary import VOCABULARY, EventType, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.history import At
from replay.states.standing import States, dense, point, rows

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
#: States of applications by number: those of the table, then those of temporary cards.
STATES: tuple[CardState | rules.Temporary, ...] = (*CardState.all(), *rules.Temporary)
NO_STATE = 255

assert APPLICATION.itemsize == 20, "a record has no padding, since it is hashed"
#: No attempt is told.
NO_ATTEMPT = -(2**31)
#: In a step: that it is against the rules; that it does more than lead to a condition.
FAULT, _SPECIAL = 1 << 31, 1 << 30
_WIDTH = 7  # bits of a code less the lowest one of applications
_REPLACES = 1 << _WIDTH  # of a condition: that another application replaces it
_BEGUN = 2 << _WIDTH  # conditions from here on are those of an application that has begun
_PERSON, _ATTEMPT, _REPLACED, _REACHES = (1 << bit for bit in range(4))
_RULE = 4  # the bits from here on: which rule of attempts
_BUILD, _MAKE, _REDO = 1, 2, 3  # what names an attempt names the present one, but for two
_ATTEMPTS = {
    applications.ProductionPackageBuilt: _BUILD,
    issuance.CardRedone: _REDO,
}


class Machine(NamedTuple):
    """The state machine of applications.

    A condition is (state, temporary, whether another application replaces it): the last is its
    lowest bit, and condition 0 is not to have begun. steps u4[conditions << 7 | code - base]: the
    condition after a step, << 7 so that it is where its own steps begin, with FAULT or _SPECIAL
    where it is; shown u1[conditions]: as in STATES; lost u1: whether the state is 94;
    effects u1[codes - base].
    """

    base: int
    steps: Column
    shown: Column
    lost: Column
    effects: Column


@cache
def machine() -> Machine:
    """Derive the state machine of applications from the rules of the register."""
    words = [word for word in VOCABULARY.values() if word.kind is Kind.APPLICATION]
    base = min(word.code for word in words)
    assert max(word.code for word in words) - base < 1 << _WIDTH, "a wider table is needed"
    held = [
        (state, temporary)
        for state in (None, *CardState.all())
        for temporary in (None, *rules.Temporary)
        if state is not None or temporary is not None
    ]
    number = {pair: 2 * place for place, pair in enumerate(held, 1)}
    steps = np.zeros((2 * len(held) + 2, 1 << _WIDTH), "u4")
    effects = by_code(_application_effect, "u1")[base : base + (1 << _WIDTH)].copy()
    for word in words:
        first = _after(word, None, None)
        # What has not begun stays so until a step that opens it.
        steps[:2, word.code - base] = number[first] << _WIDTH if word.opens else FAULT
        for (state, temporary), place in number.items():
            after = number[_after(word, state, temporary)]
            for replaced in (0, 1):
                wrong = not _lawful(word, state, temporary, bool(replaced))
                step = (after | replaced) << _WIDTH | FAULT * wrong
                steps[place + replaced, word.code - base] = step
    steps[:, effects != _REACHES] |= _SPECIAL
    shown = np.full(len(steps), NO_STATE, "u1")
    lost = np.zeros(len(steps), "u1")
    for (state, temporary), place in number.items():
        both = slice(place, place + 2)
        shown[both] = STATES.index(temporary if temporary is not None else state)
        lost[both] = state == "94"
    return Machine(base, steps.ravel(), shown, lost, effects)


Pair = tuple[CardState | None, rules.Temporary | None]


def _after(word: EventType, state: CardState | None, temporary: rules.Temporary | None) -> Pair:
    if word.shape in rules.TEMPORARY:
        return state, rules.TEMPORARY[word.shape][1]
    return word.reaches or state, temporary


def _lawful(
    word: EventType, state: CardState | None, temporary: rules.Temporary | None, replaced: bool
) -> bool:
    """Whether the register takes a step, whatever the step says besides."""
    if word.opens or (word.shape in rules.TEMPORARY) != (temporary is not None):
        return False
    some = UUID(int=0) if replaced else None
    now = object.__new__(rules.Application)
    now.__dict__.update(state=state, temporary=temporary, replaced_by=some)
    return now.may(object.__new__(word.shape))


def _application_effect(word: EventType) -> int:
    if word.kind is not Kind.APPLICATION:
        return 0
    laid = layout(Kind.APPLICATION)
    person, county = laid.declares("person"), laid.declares("county")
    attempt = laid.declares("attempt")
    assert (person == county).all(), "told together"
    assert person[word.code] == word.opens, "told where it opens, and nowhere else"
    return (
        (_PERSON if word.opens else 0)
        | (_ATTEMPT if attempt[word.code] else 0)
        | (_REPLACED if laid.declares("replaced_by")[word.code] else 0)
        | (_REACHES if word.reaches or word.shape in rules.TEMPORARY else 0)
        | (_ATTEMPTS.get(word.shape, _MAKE) << _RULE if attempt[word.code] else 0)
    )


def application_states(block: Block, at: At, into: States | None = None) -> States:
    """The applications of a block at a point, and which entries broke a rule."""
    into = into or States(block.first, np.empty(block.size, APPLICATION))
    told = machine()
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, "person", "county", "attempt", "replaced_by"),
        told.base,
        told.steps,
        told.shown,
        told.lost,
        told.effects,
        *point(block, at),
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
    last: int,
    known: int,
    out: Column,
) -> None:
    """Drive every application through its steps, and find those that are against the rules.

    starts u4[applications + 1]; code, day u2[n]; position u4[n]; person, county u4, attempt i4,
    replaced_by u4: a value for each row whose code declares it; the rest as in Machine;
    out APPLICATION[applications], written.
    """
    p = a = r = 0
    for one in range(out.size):
        now, tried, opened = 0, 0, -1
        ordered = False
        entries = faults = fault = accepted = since = 0
        first = integer(starts[one])
        for row in range(first, integer(starts[one + 1])):
            step = integer(code[row]) - base
            if position[row] > known or day[row] > last:
                does = integer(effects[step])
                p += does & _PERSON
                a += does >> 1 & 1
                r += does >> 2 & 1
                continue
            entries += 1
            reached = integer(steps[now + step])
            if reached < _SPECIAL:
                now, since = reached, integer(day[row])
                continue
            does = integer(effects[step])
            wrong, after = reached & FAULT != 0, reached & (_SPECIAL - 1)
            if does & _REACHES and after >= _BEGUN:
                since = integer(day[row])
            if does & _PERSON:
                if now < _BEGUN:
                    accepted = integer(day[row])
                opened = p
                p += 1
            said, other = NO_ATTEMPT, NONE
            if does & _ATTEMPT:
                said = integer(attempt[a])
                a += 1
            if does & _REPLACED:
                other = integer(replaced_by[r])
                r += 1
            rule = does >> _RULE
            if rule and not wrong:
                if rule == _BUILD:
                    wrong = said != (tried + 1 if ordered or tried == 0 else tried)
                elif rule == _MAKE:
                    wrong = said != tried
                elif lost[now >> _WIDTH]:
                    wrong = other == NONE or said != NO_ATTEMPT
                else:
                    wrong = other != NONE or said != tried + 1
            if after >= _BEGUN:
                if said != NO_ATTEMPT:
                    tried = said
                    # An order fills an attempt, and only making a card anew opens one without.
                    ordered = rule == _BUILD or (ordered and rule != _REDO)
                if other != NONE:
                    after |= _REPLACES
            now = after
            if wrong:
                faults += 1
                if fault == 0:
                    fault = row - first + 1
        told = out[one]
        told["person"] = person[opened] if opened >= 0 else NONE
        told["county"] = county[opened] if opened >= 0 else 0
        told["accepted"] = accepted
        told["since"] = since
        told["entries"] = entries
        told["fault"] = fault
        told["faults"] = faults
        told["state"] = shown[now >> _WIDTH]
        told["attempt"] = tried
