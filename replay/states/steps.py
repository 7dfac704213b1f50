"""What the steps of an application for a card lead to, as tables that derive from the rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

import numpy as np

from registry.aggregates import application as rules
from registry.events import applications, issuance
from registry.values import CardState
from registry.vocabulary import VOCABULARY, EventType, Kind
from replay.columns.forms import Column
from replay.columns.layout import by_code, layout

#: States of applications by number: those of the table, then those of temporary cards.
STATES: tuple[CardState | rules.Temporary, ...] = (*CardState.all(), *rules.Temporary)
NO_STATE = 255

#: In a step: that it is against the rules; that it does more than lead to a condition.
FAULT, SPECIAL = 1 << 31, 1 << 30
WIDTH = 7  # bits of a code less the lowest one of applications
REPLACES = 1 << WIDTH  # of a condition: that another application replaces it
BEGUN = 2 << WIDTH  # conditions from here on are those of an application that has begun
PERSON, ATTEMPT, REPLACED, REACHES = (1 << bit for bit in range(4))
RULE = 4  # the bits from here on: which rule of attempts
BUILD, MAKE, REDO = 1, 2, 3  # what names an attempt names the present one, but for two
_ATTEMPTS = {
    applications.ProductionPackageBuilt: BUILD,
    issuance.CardRedone: REDO,
}
OPENING = PERSON | REACHES
_OTHER = UUID(int=0)  # any application
#: What is added up along the rows, seven bits each: orders, other entries that name the attempt,
#: steps out of the ordinary, days after the one asked for; so of applications with fewer rows.
_ORDER, _MADE, _ODD, LATE = 1, 1 << 7, 1 << 14, 1 << 21
COUNT, FEW = 127, 128


class Machine(NamedTuple):
    """The state machine of applications.

    A condition is (state, temporary, whether another application replaces it): the last is its
    lowest bit, and condition 0 is not to have begun. steps u4[conditions << 7 | code - base]: the
    condition after a step, << 7 so that it is where its own steps begin, with FAULT or SPECIAL
    where it is; shown u1[conditions]: as in STATES; lost u1: whether the state is 94;
    effects u1[codes - base].

    In the ordinary course a step depends on the one before alone. course u4[(codes - base) << 7 |
    codes - base]: what a step after another adds to the sums; reached u1[codes - base]: the state
    after a step, as in STATES, NO_STATE where there is no telling.
    """

    base: int
    steps: Column
    shown: Column
    lost: Column
    effects: Column
    course: Column
    reached: Column


@cache
def machine() -> Machine:
    """Derive the state machine of applications from the rules of the register."""
    words = [word for word in VOCABULARY.values() if word.kind is Kind.APPLICATION]
    base = min(word.code for word in words)
    assert max(word.code for word in words) - base < 1 << WIDTH, "a wider table is needed"
    held = [
        (state, temporary)
        for state in (None, *CardState.all())
        for temporary in (None, *rules.Temporary)
        if state is not None or temporary is not None
    ]
    number = {pair: 2 * place for place, pair in enumerate(held, 1)}
    steps = np.zeros((2 * len(held) + 2, 1 << WIDTH), "u4")
    effects = by_code(_application_effect, "u1")[base : base + (1 << WIDTH)].copy()
    places = np.array([*number.values()])
    for word in words:
        column = word.code - base
        # What has not begun stays so until a step that opens it.
        steps[:2, column] = number[_after(word, None, None)] << WIDTH if word.opens else FAULT
        after = np.array([number[_after(word, *pair)] for pair in held])
        for replaced in (0, 1):
            steps[places + replaced, column] = (after | replaced) << WIDTH | FAULT
        for pair, place in number.items():
            for replaced in (0, 1) if _concerns(word, pair) else ():
                if _lawful(word, *pair, bool(replaced)):
                    steps[place + replaced, column] ^= FAULT
    steps[:, effects != REACHES] |= SPECIAL
    shown = np.full(len(steps), NO_STATE, "u1")
    lost = np.zeros(len(steps), "u1")
    for (state, temporary), place in number.items():
        both = slice(place, place + 2)
        shown[both] = STATES.index(temporary if temporary is not None else state)
        lost[both] = state == "94"
    return Machine(base, steps.ravel(), shown, lost, effects, *_course(words, base))


def _course(words: Sequence[EventType], base: int) -> tuple[Column, Column]:
    """What steps add to the sums, and the state after each."""
    plain = [word for word in words if word.reaches and word.shape not in rules.TEMPORARY]
    course = np.full((1 << WIDTH, 1 << WIDTH), _ODD, "u4")
    reached = np.full(1 << WIDTH, NO_STATE, "u1")
    added = {
        word: {0: 0, BUILD: _ORDER, MAKE: _MADE}.get(_application_effect(word) >> RULE, _ODD)
        for word in plain
        if not _application_effect(word) & REPLACED
    }
    for word in plain:
        reached[word.code - base] = STATES.index(word.reaches)
    follows = {
        before: [word for word in added if _lawful(word, before.reaches, None, replaced=False)]
        for before in plain
    }
    early = {word for word in plain if word.opens}  # what may stand before the first order
    while more := {word for one in early for word in follows[one] if added[word] != _ORDER} - early:
        early |= more
    assert not any(added.get(word) == _MADE for word in early), "no attempt without an order"
    for before in plain:
        for word in follows[before]:
            course[before.code - base, word.code - base] = added[word]
    return course.ravel(), reached


Pair = tuple[CardState | None, rules.Temporary | None]


def _after(word: EventType, state: CardState | None, temporary: rules.Temporary | None) -> Pair:
    if word.shape in rules.TEMPORARY:
        return state, rules.TEMPORARY[word.shape][1]
    return word.reaches or state, temporary


def _concerns(word: EventType, pair: Pair) -> bool:
    """Whether a word is about what an application is: of a temporary card, or of another."""
    return (word.shape in rules.TEMPORARY) == (pair[1] is not None) and not word.opens


def _lawful(
    word: EventType, state: CardState | None, temporary: rules.Temporary | None, replaced: bool
) -> bool:
    """Whether the register takes a step, whatever the step says besides."""
    if not _concerns(word, (state, temporary)):
        return False
    now = object.__new__(rules.Application)
    other = _OTHER if replaced else None
    now.__dict__.update(state=state, temporary=temporary, replaced_by=other)
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
        (PERSON if word.opens else 0)
        | (ATTEMPT if attempt[word.code] else 0)
        | (REPLACED if laid.declares("replaced_by")[word.code] else 0)
        | (REACHES if word.reaches or word.shape in rules.TEMPORARY else 0)
        | (_ATTEMPTS.get(word.shape, MAKE) << RULE if attempt[word.code] else 0)
    )
