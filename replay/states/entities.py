"""The whole state of anything in the register at a point on both clocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from registry.aggregates import AGGREGATES, Places
from registry.vocabulary import ORDERS, Kind, Order
from replay.columns.runs import entries
from replay.states.history import At, folded, history_of, lines

if TYPE_CHECKING:
    from replay.columns.log import Log


def state_at(log: Log, kind: Kind, stream: UUID, at: At) -> Any:
    """The state of one entity, the register's own aggregate; None before it began."""
    return AGGREGATES[kind].fold(folded(kind, history_of(log, kind, stream, at)))


def states_at(log: Log, kind: Kind, at: At) -> Iterator[tuple[UUID, Any]]:
    """Every entity of a kind that has begun, with its state, in the order of handles.

    By plain folds, some ten thousand a second: for whole provinces ask the kernels.
    """
    for partition in log.partitions(kind):
        yield from states_in(log, kind, partition, at)


def states_in(log: Log, kind: Kind, partition: int, at: At) -> Iterator[tuple[UUID, Any]]:
    """The same of one partition."""
    aggregate = AGGREGATES[kind]
    told = entries(log.block(kind, partition), log.spaces)
    for stream, its in groupby(told, key=lambda entry: entry.stream):
        known = [one for one in its if one.position <= at.known]
        state = aggregate.fold(folded(kind, lines(known, at)))
        if state is not None:
            yield stream, state


def tree_of(log: Log, known: int) -> Places | None:
    """The tree of places as known at a position; its facts are dated by themselves.

    Every question at a point needs it, so those last asked for are kept as long as their log is.
    """
    assert ORDERS[Kind.PLACES] is Order.REFERENCE
    kept = _TREES.get(log, {})
    if known not in kept:
        tree: Places | None = None
        for partition in log.partitions(Kind.PLACES):
            told = entries(log.block(Kind.PLACES, partition), log.spaces)
            tree = Places.carried(tree, [one for one in told if one.position <= known])
        # A new mapping each time: others may be reading the one before.
        kept = dict([*kept.items(), (known, tree)][-TREES:])
        _TREES[log] = kept
    return kept[known]


#: Of a log, so many trees are kept by position.
TREES = 4
_TREES: WeakKeyDictionary[Log, dict[int, Places | None]] = WeakKeyDictionary()
