"""Applications for cards by county, state and days spent in it (积压): where work waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.aggregates.application import Temporary
from registry.values import CardState, DivisionCode, day_number
from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.applications import APPLICATION, application_states
from replay.states.history import At
from replay.states.standing import States, plain
from replay.states.steps import NO_STATE, STATES
from replay.threads import PerThread, over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log

#: Days from which on an application counts as having waited longer.
STEPS = (0, 8, 16, 31, 61, 91)


@dataclass(frozen=True)
class Backlog:
    """How many applications of a county are in a state, by how long they have been in it.

    table: by county, i8[states, steps], states in the order of STATES; steps: days from which on.
    """

    steps: tuple[int, ...]
    table: Mapping[DivisionCode, Column]

    def waiting(self, county: DivisionCode, state: CardState | Temporary) -> list[int]:
        """How many applications of a county are in a state, by step."""
        found: list[int] = self.table[county][STATES.index(state)].tolist()
        return found


class Queue:
    """Applications counted so far, by county as far as any came.

    lines u4[1000000]: the line of each county, 0 for none yet; counts i8[lines, states, steps].
    """

    def __init__(self, at: At, steps: Sequence[int] = STEPS) -> None:
        self.today = day_number(at.valid_on)
        self.steps = tuple(steps)
        self.bucket = plain(
            (np.searchsorted(self.steps, np.arange(2**16), "right") - 1).astype("u1")
        )
        self.lines = np.zeros(1_000_000, "u4")
        self.counts = np.zeros((64, len(STATES), len(self.steps)), "i8")
        self.known = 0

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process: the few counties counted."""
        some = np.flatnonzero(self.lines)
        counts = self.counts[: self.known]
        return {**self.__dict__, "lines": (some, self.lines[some]), "counts": counts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        some, lines = state.pop("lines")
        self.__dict__.update(state, lines=np.zeros(1_000_000, "u4"))
        self.lines[some] = lines

    def add(self, table: Column) -> None:
        """Count some applications more, APPLICATION[...]."""
        done = 0
        while True:
            done, self.known = queue(
                table, done, self.today, self.bucket, self.lines, self.known, self.counts
            )
            if done == len(table):
                return
            self.counts = np.concatenate([self.counts, np.zeros_like(self.counts)])


@kernel
def queue(
    table: Column,
    done: int,
    today: int,
    bucket: Column,
    lines: Column,
    known: int,
    counts: Column,
) -> tuple[int, int]:
    """Count applications from `done` on; return how far it came and how many counties there are.

    table APPLICATION[n]; bucket u1[days]: the step of so many days; lines u4[1000000], counts
    i8[lines, states, steps]: added to. It stops where a county more would not fit into counts.
    """
    for one in range(done, table.size):
        told = table[one]
        if told["state"] == NO_STATE:
            continue
        line = integer(lines[told["county"]])
        if line == 0:
            if known == counts.shape[0]:
                return one, known
            known += 1
            line = known
            lines[told["county"]] = line
        since = integer(told["since"])
        if since == 0:
            since = integer(told["accepted"])
        counts[line - 1, told["state"], bucket[max(today - since, 0)]] += 1
    return table.size, known


def joined(queues: Iterable[Queue], steps: tuple[int, ...]) -> Backlog:
    """The backlog of all queues together."""
    table: dict[DivisionCode, Column] = {}
    for one in queues:
        for county in np.flatnonzero(one.lines).tolist():
            code, counts = DivisionCode(f"{county:06}"), one.counts[one.lines[county] - 1]
            table[code] = table[code] + counts if code in table else counts
    return Backlog(steps, dict(sorted(table.items())))


def backlog(log: Log, at: At, steps: Sequence[int] = STEPS) -> Backlog:
    """Count the applications at a point by county, state and days spent in it."""
    queues = PerThread(lambda: Queue(at, steps))

    def one(block: Block) -> None:
        states = States(block.first, scratch("applications", block.size, APPLICATION))
        queues.own().add(application_states(block, at, states).table)

    over_partitions(log, Kind.APPLICATION, one)
    return joined(queues.all, tuple(steps))
