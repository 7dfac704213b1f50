"""The whole register at a point on both clocks: every kind of entity that kernels know.

A record for each handle, whether anything is known of it at the point or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.states.applications import APPLICATION, application_states
from replay.states.bodies import BODY, body_states
from replay.states.history import At
from replay.states.holders import NUMBER, number_states
from replay.states.households import (
    DOORPLATE,
    HOUSEHOLD,
    doorplate_states,
    household_states,
)
from replay.states.persons import PERSON, PersonStates, person_states
from replay.states.standing import States
from replay.threads import over_partitions, over_stretches

if TYPE_CHECKING:
    from replay.columns.log import Log

#: The states of a block at a point, written into what is given.
Settle = Callable[[Block, At, States | None], States]


@dataclass(frozen=True)
class Settled:
    """How a kind of entity is settled: its record, and the function over a block."""

    record: np.dtype[Any]
    settle: Settle


#: Every kind of entity of which kernels make records.
SETTLED: dict[Kind, Settled] = {
    Kind.PERSON: Settled(PERSON, person_states),
    Kind.HOUSEHOLD: Settled(HOUSEHOLD, household_states),
    Kind.DOORPLATE: Settled(DOORPLATE, doorplate_states),
    Kind.NUMBER: Settled(NUMBER, number_states),
    Kind.APPLICATION: Settled(APPLICATION, application_states),
    Kind.CARD: Settled(BODY, body_states),
}


def states(log: Log, kind: Kind, at: At) -> Column:
    """A record for each entity of a kind at a point, by handle."""
    how = SETTLED[kind]
    table = np.empty(log.count(kind), how.record)

    def one(block: Block) -> None:
        part = table[block.first : block.first + block.size]
        how.settle(block, at, States(block.first, part))

    over_stretches(log, kind, one)
    return table


def persons(log: Log, at: At) -> PersonStates:
    """Every person at a point; names are handles of texts of the partition that each is in."""
    size = log.count(Kind.PERSON)
    whole = PersonStates(0, np.empty(size, PERSON), np.empty(size, "u4"))

    def one(block: Block) -> None:
        part = slice(block.first, block.first + block.size)
        person_states(block, at, PersonStates(block.first, whole.table[part], whole.names[part]))

    over_partitions(log, Kind.PERSON, one)
    return whole


def households(log: Log, at: At) -> Column:
    """Every household at a point, HOUSEHOLD[households]."""
    return states(log, Kind.HOUSEHOLD, at)


def doorplates(log: Log, at: At) -> Column:
    """Every door plate at a point, DOORPLATE[doorplates]."""
    return states(log, Kind.DOORPLATE, at)


def numbers(log: Log, at: At) -> Column:
    """Every number at a point, NUMBER[numbers]."""
    return states(log, Kind.NUMBER, at)


def applications(log: Log, at: At) -> Column:
    """Every application for a card at a point, APPLICATION[applications]."""
    return states(log, Kind.APPLICATION, at)


def bodies(log: Log, at: At) -> Column:
    """Every card body at a point, BODY[bodies]."""
    return states(log, Kind.CARD, at)
