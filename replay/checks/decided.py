"""Pairs that officers decided to be two persons (认定非重户): no search suspects them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from registry.events.registration_cases import RegistrationCaseClosed
from registry.values import RegistrationOutcome, day_number
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.states.history import At
from replay.threads import over_partitions

if TYPE_CHECKING:
    from replay.columns.log import Log

#: The outcome of a case by which two records stay two.
TWO_PERSONS = RegistrationOutcome("12")


def kept_apart(log: Log, at: At) -> Column:
    """The pairs of a double registration's cases that ended so at a point; u8, rising.

    The lower handle stands in the high half. A case that was opened again counts as open.
    """

    def one(block: Block) -> Column:
        return _ended(block, at)

    parts = over_partitions(log, Kind.REGISTRATION, one)
    return np.unique(np.concatenate([np.empty(0, "u8"), *parts]))


def _ended(block: Block, at: At) -> Column:
    day = day_number(at.valid_on)
    case = np.repeat(np.arange(block.size), np.diff(block.starts.astype("i8")))
    seen = np.flatnonzero((block.position <= at.known) & (block.effective_on <= day))
    last = np.full(block.size, -1)
    last[case[seen]] = seen  # rows rise, so that the last one stays
    declares = block.layout.declares("outcome")[block.code]
    outcome = np.full(len(block), -1)
    outcome[declares] = block.dense["outcome"]
    two = tuple(RegistrationOutcome.all()).index(TWO_PERSONS)
    closed = block.code == VOCABULARY[RegistrationCaseClosed].code
    ended = (last >= 0) & np.append(closed & (outcome == two), False)[last]
    persons = block.sparse["persons"]
    assert persons.offsets is not None, "a case of a pair lists two"
    suspected = np.flatnonzero(ended[case[persons.rows]])
    first = persons.offsets[suspected]
    pair = np.stack([persons.parts["value"][first], persons.parts["value"][first + 1]])
    low, high = pair.min(axis=0).astype("u8"), pair.max(axis=0).astype("u8")
    ended_pairs: Column = low << np.uint64(32) | high
    return ended_pairs
