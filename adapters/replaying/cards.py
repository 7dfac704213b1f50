"""Where applications for cards and card bodies stand, and what was done on them, out of columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from adapters.replaying.laying import alone, months, recorded_days, stream_of
from adapters.replaying.model import Rows, known_rows, public_field
from adapters.replaying.stating import States, place
from adapters.replaying.wire import INTEGER, LONG, NULL, Cells, words
from registry.aggregates.application import Temporary
from registry.aggregates.card import BodyState
from registry.deadlines import card_due, stage_due
from registry.limits import limit
from registry.projections import bodies, card_steps, issuance
from registry.projections.packing import plain
from registry.values import CardKind, CardState, day_number, day_of
from replay.columns.forms import Column
from replay.columns.layout import CODES

#: What an application's row shows as it is in the state, in the order of the table; days on which
#: it is due are computed.
APPLIED = (
    *("person", "acceptance_number", "card_kind", "apply_reason", "production_type", "priority"),
    *("station", "county", "community", "accepted_on", "state", "temporary", "since"),
)
MADE = (
    *("attempt", "site", "body", "package", "replaces", "replaced_by"),
    *("valid_from", "valid_until", "authority_name", "work_order", "applied_on"),
)


def computed(one: Column, other: Column, how: Callable[[int, int], int]) -> Column:
    """What follows from pairs of integers, from 0 and below a million: for each that occurs."""
    pairs, which = np.unique(one * 1_000_000 + other, return_inverse=True)
    found = np.array([how(*divmod(pair, 1_000_000)) for pair in pairs.tolist()], "i8")
    told: Column = found[which]
    return told


@cache
def due(form: int, extension: int) -> int:
    """The day by which a card is due."""
    return day_number(card_due(day_of(form), extension))


@cache
def issued(form: int, _: int) -> int:
    """The day by which a temporary card is due."""
    day = day_of(form)
    return day_number(limit("card_temporary_issue", day).after(day))


@cache
def stage(state: int, since: int) -> int:
    """The day by which a stage is to be over, NULL of a state in which nobody waits."""
    day = stage_due(tuple(CardState.all())[state], day_of(since))
    return NULL if day is None else day_number(day)


def application_rows(states: States, known: int) -> Rows:
    """Where applications stand, and when they are due."""
    applied = place(Temporary, Temporary.APPLIED)
    card = states["state"] != NULL
    last, staged = np.full(len(card), NULL), np.full(len(card), NULL)
    usable = ~states.odd[states.entity]  # whatever stands in the others
    for some, on in ((card & usable, due), (~card & usable, issued)):
        last[some] = computed(states["applied_on"][some], states["extension"][some], on)
    some = card & usable
    staged[some] = computed(states["state"][some], states["since"][some], stage)
    asked = ~card & usable & (states["temporary"] == applied)
    staged[asked] = last[asked]
    values = [
        *(states.cells(name) for name in APPLIED),
        Cells(last, INTEGER),
        Cells(staged, INTEGER),
        *(states.cells(name) for name in MADE),
    ]
    return alone(states, issuance.ISSUANCE, np.ones(len(card), np.bool_), values, known)


STEP = (
    *("person", "state", "county", "station", "community"),
    *("card_kind", "apply_reason", "attempt"),
)


def step_rows(states: States, known: int) -> Rows:
    """The steps of applications that are counted."""
    block = states.block
    steps = sorted({*card_steps.COUNTED.values()})
    about = np.full(CODES, NULL)
    for number, name in card_steps.COUNTED.items():
        if number is not None:
            about[number] = steps.index(name)
    step = about[block.code]
    rows = np.flatnonzero(known_rows(states, known) & (step != NULL))
    days = recorded_days(states, rows)
    wrong = np.isin(step, [steps.index(one) for one in (card_steps.RETURNED, card_steps.REJECTED)])
    generations = np.array([one.generation for one in CardKind.all()], "i8")
    fault, names = np.full(len(block), NULL), list[str]()
    for code, at in states.where.items():
        if card_steps.COUNTED.get(code) not in (card_steps.RETURNED, card_steps.REJECTED):
            continue
        field = public_field(states, code, "error") or public_field(states, code, "quality")
        assert field is not None, "a step backwards says why"
        kind = plain(field.type)[0]
        fault[at] = states.said(code, field)[at] + len(names)
        names += [str(one) for one in kind.all()]

    def shown(name: str) -> Cells:
        return states.cells(name).of(rows)

    state, wire = shown("state")
    return [
        Cells(block.position[rows].astype("i8"), LONG),
        stream_of(states, rows),
        shown("person"),
        Cells(step[rows], words(steps)),
        Cells(days, INTEGER),
        Cells(months(days), INTEGER),
        shown("county"),
        shown("station"),
        shown("community"),
        Cells(generations[states["card_kind"][rows]], INTEGER),
        shown("apply_reason"),
        shown("attempt"),
        Cells(np.where(wrong[rows], state, NULL), wire),
        Cells(fault[rows], words(names)),
    ]


BODY = (
    *("site", "state", "lot", "sheet", "line", "work_order"),
    *("destination", "application", "attempt", "bin_at"),
)


def move_rows(states: States, known: int) -> Rows:
    """The moves of card bodies from account to account."""
    block = states.block
    site, state = states["site"], states["state"]
    was_at, was = states.before(site), states.before(state)
    rows = np.flatnonzero(known_rows(states, known) & ((was_at != site) | (was != state)))
    order, wire = states.cells("work_order")
    ordered = np.where(order != NULL, order, states.before(order))
    numbers = np.array([int(one) for one in BodyState], "i8")
    offices = states.cells("site").wire
    return [
        Cells(block.position[rows].astype("i8"), LONG),
        stream_of(states, rows),
        Cells(recorded_days(states, rows), INTEGER),
        Cells(was_at[rows], offices),
        Cells(
            np.where(was[rows] == NULL, bodies.OUTSIDE, numbers[np.maximum(was[rows], 0)]), INTEGER
        ),
        Cells(site[rows], offices),
        Cells(numbers[state[rows]], INTEGER),
        Cells(ordered[rows], wire),
    ]
