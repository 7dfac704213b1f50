"""What was found in some partitions of a log, such as one worker reads, and adding it up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import numpy as np

from registry.aggregates.card import BodyState
from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.questions.backlog import STEPS, Backlog, Queue, joined
from replay.questions.digest import StateRoot, leaf, rooted
from replay.questions.duplicates import Dealt, Duplicate, deal, repeated
from replay.questions.lawful import FAULTY, lawful_states
from replay.questions.population import Census, Setting, Tally, added
from replay.states.bodies import NO_STATE
from replay.states.history import At
from replay.states.households import OPEN
from replay.states.standing import States
from replay.states.state import SETTLED
from replay.threads import scratch

if TYPE_CHECKING:
    from replay.columns.log import Log
    from replay.columns.runs import Block

#: Kinds whose records tell what is against the rules; the others are judged beside.
JUDGED = (Kind.NUMBER, Kind.APPLICATION, Kind.CARD)


class Leaf(NamedTuple):
    """Of one partition: the digest of its state, rows read, what is against the rules.

    faults u4[n, 3]: handle, version of the first such entry, how many there are.
    """

    digest: bytes
    entries: int
    faults: Column


class Findings:
    """What was found so far, partition by partition. It can be sent to another process."""

    def __init__(self, at: At, setting: Setting, lines: int) -> None:
        self.at, self.setting = at, setting
        self.leaves: dict[tuple[Kind, int], Leaf] = {}
        self.homes: dict[int, Column] = {}
        self.dealt: dict[int, Dealt] = {}
        self.tally = Tally.empty(lines, len(setting.homes))
        self.queue = Queue(at)
        self.bodies = np.zeros(NO_STATE + 1, "i8")

    def __getstate__(self) -> dict[str, Any]:
        """What is sent: what is known there already stays here."""
        return {name: value for name, value in self.__dict__.items() if name != "setting"}

    def see(self, log: Log, kind: Kind, partition: int) -> None:
        """Settle a partition, hash it, judge it and count it, while it lies in the cache."""
        block, how = log.block(kind, partition), SETTLED[kind]
        room = States(block.first, scratch(kind, block.size, how.record))
        table = how.settle(block, self.at, room).table
        self.leaves[kind, partition] = Leaf(
            leaf(kind, block.first, table),
            len(block),
            faulty(block.first, self._judged(block, table)),
        )
        match kind:
            case Kind.HOUSEHOLD:
                self.homes[block.first] = (table["life"] == OPEN).astype("u1")
            case Kind.PERSON:
                self.tally.add(self.setting, block.first, table)
                self.dealt[block.first] = deal(table)
            case Kind.APPLICATION:
                self.queue.add(table)
            case Kind.CARD:
                self.bodies += np.bincount(table["state"], minlength=len(self.bodies))

    def _judged(self, block: Block, table: Column) -> Column:
        if block.layout.kind in JUDGED:
            return table
        room = States(block.first, scratch("judged", block.size, FAULTY))
        return lawful_states(block, self.at, room).table


def faulty(first: int, table: Column) -> Column:
    """Which entities broke a rule, u4[n, 3]: handle, version of the first such entry, how many."""
    faults = table["faults"]
    if not faults.max(initial=0):  # as a rule; `any` takes twice as long
        return np.empty((0, 3), "u4")
    where = np.flatnonzero(faults)
    found = table[where]
    return np.stack([where + first, found["fault"], found["faults"]], axis=1).astype("u4")


@dataclass(frozen=True)
class Whole:
    """What is so of the whole register at a point.

    entries: rows read, by kind. faults: by kind, as in Leaf. bodies: how many card bodies are in
    each state.
    """

    at: At
    entries: Mapping[Kind, int]
    root: StateRoot
    census: Census
    duplicates: tuple[Duplicate, ...]
    faults: Mapping[Kind, Column]
    backlog: Backlog
    bodies: Mapping[BodyState, int]


def numbers_of(found: Iterable[Findings]) -> Column:
    """The numbers that several living people hold, i8."""
    dealt = {first: part for one in found for first, part in one.dealt.items()}
    return repeated([dealt[first] for first in sorted(dealt)])


def summed(
    found: list[Findings],
    at: At,
    places: tuple[UUID | None, ...],
    households: int,
    duplicates: Iterable[Duplicate],
) -> Whole:
    """Everything that was found, added up."""
    leaves = {where: told for one in found for where, told in one.leaves.items()}
    of: dict[Kind, list[Leaf]] = {kind: [] for kind in SETTLED}
    for kind, partition in sorted(leaves):
        of[kind].append(leaves[kind, partition])
    bodies = np.sum([np.zeros(NO_STATE + 1, "i8"), *(one.bodies for one in found)], axis=0)
    none = np.empty((0, 3), "u4")
    return Whole(
        at,
        {kind: sum(one.entries for one in its) for kind, its in of.items()},
        rooted({kind: [one.digest for one in its] for kind, its in of.items()}),
        added([one.tally for one in found], places, households),
        tuple(duplicates),
        {kind: np.concatenate([none, *(one.faults for one in its)]) for kind, its in of.items()},
        joined([one.queue for one in found], STEPS),
        {state: int(bodies[state]) for state in BodyState},
    )
