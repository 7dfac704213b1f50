"""Which applications for cards wait for an order to be made, the most urgent first (待制证)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from registry.aggregates.application import FOLLOWS
from registry.values import CardKind, CardPriority, CardState, OfficeCode, day_of
from registry.vocabulary import VOCABULARY, EventType, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.applications import APPLICATION, application_states
from replay.states.history import At
from replay.states.standing import States, dense, plain, point, rows
from replay.states.steps import STATES
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from datetime import date

    from replay.columns.log import Log

#: The state of an application whose card is ordered, and those in which it waits for that.
ORDERED: Final = "24"
WAITING: Final = frozenset(state for state, after in FOLLOWS.items() if ORDERED in after)

#: An application that waits. rank: by it they are sorted, priority before day before handle.
FOUND = np.dtype(
    [
        ("rank", "u8"),
        ("application", "u4"),
        ("county", "u4"),
        ("accepted", "u2"),
        ("fault", "u2"),
        ("state", "u1"),
        ("priority", "u1"),
        ("attempt", "u1"),
        ("kind", "u1"),
    ]
)
_KIND, _PRIORITY, _REPLACED, _SITE = (1 << bit for bit in range(4))


@dataclass(frozen=True, order=True)
class Waiting:
    """An application that waits for an order, as far as an order has to know.

    fault: the version of the first entry that breaks a rule, 0 for none.
    """

    priority: str
    accepted_on: date
    application: UUID
    county: str
    card_kind: str
    state: str
    attempt: int
    fault: int


@dataclass(frozen=True)
class Wanted:
    """What is to be ordered: cards of a generation, of counties whose codes begin so.

    site: where; what was ordered from it already and is on no work order waits for it too.
    """

    generation: int
    within: str = ""
    states: Collection[str] = WAITING
    site: OfficeCode | None = None

    @property
    def counties(self) -> tuple[int, int]:
        """The lowest and the highest code."""
        return int(self.within.ljust(6, "0")), int(self.within.ljust(6, "9"))


def waiting(log: Log, at: At, wanted: Wanted, most: int | None = None) -> list[Waiting]:
    """The applications that wait at a point, the most urgent first, then the oldest.

    most: how many are told of at most; all of them by default.
    """
    states, kinds = _marks(frozenset(wanted.states), wanted.generation)
    lowest, highest = wanted.counties

    def one(block: Block) -> Column:
        held = States(block.first, scratch("applications", block.size, APPLICATION))
        table = application_states(block, at, held).table
        found = np.empty(block.size, FOUND)
        columns: tuple[Any, ...] = (
            *rows(block),
            *dense(block, "card_kind", "priority", "replaced_by", "site"),
            _on_order(block),
            _told(),
            states,
            kinds,
            lowest,
            highest,
            STATES.index(CardState(ORDERED)),
            int(wanted.site or 0),
            *point(block, at),
            table,
            block.first,
            found,
        )
        return found[: gather(*columns)].copy()

    parts = over_partitions(log, Kind.APPLICATION, one)
    found = np.concatenate([np.empty(0, FOUND), *parts])
    if most is not None and most < len(found):
        found = found[np.argpartition(found["rank"], most)[:most]]
    return _named(log, found[np.argsort(found["rank"], kind="stable")])


@cache
def _told() -> Column:
    """By code: which of the columns an event declares, u1."""
    laid = layout(Kind.APPLICATION)
    held = {
        "card_kind": _KIND,
        "priority": _PRIORITY,
        "replaced_by": _REPLACED,
        "site": _SITE,
    }

    def told(word: EventType) -> int:
        if word.kind is not Kind.APPLICATION:
            return 0
        return sum(bit for name, bit in held.items() if laid.declares(name)[word.code])

    assert VOCABULARY, "the vocabulary is filled"
    return plain(by_code(told, "u1"))


def _on_order(block: Block) -> Column:
    """Which rows name a work order, u1[rows]."""
    named = np.zeros(len(block), "u1")
    named[block.sparse["work_order"].rows] = 1
    return plain(named)


@cache
def _marks(states: frozenset[str], generation: int) -> tuple[Column, Column]:
    """Which states and which kinds of card are wanted, by their numbers in columns, u1."""
    of_states = np.zeros(256, "u1")
    of_states[[STATES.index(CardState(state)) for state in states]] = 1
    kinds = [kind.generation == generation and not kind.temporary for kind in CardKind.all()]
    return plain(of_states), plain(np.array(kinds, "u1"))


def _named(log: Log, found: Column) -> list[Waiting]:
    """What was found, in words."""
    ids: Sequence[UUID] = log.spaces.ids(Kind.APPLICATION.value, found["application"].tolist())
    kinds, priorities = list(map(str, CardKind.all())), list(map(str, CardPriority.all()))
    states = list(map(str, STATES))
    names = ("priority", "accepted", "county", "kind", "state", "attempt", "fault")
    told = zip(ids, *(found[name].tolist() for name in names), strict=True)
    return [
        Waiting(
            priority=priorities[priority],
            accepted_on=day_of(accepted),
            application=stream,
            county=f"{county:06}",
            card_kind=kinds[kind],
            state=states[state],
            attempt=attempt,
            fault=fault,
        )
        for stream, priority, accepted, county, kind, state, attempt, fault in told
    ]


@kernel
def gather(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    card_kind: Column,
    priority: Column,
    replaced_by: Column,
    site: Column,
    on_order: Column,
    told: Column,
    states: Column,
    kinds: Column,
    lowest: int,
    highest: int,
    ordered: int,
    at_site: int,
    last: int,
    known: int,
    table: Column,
    first: int,
    out: Column,
) -> int:
    """Gather the applications that wait, and return how many they are.

    starts u4[applications + 1]; code, day u2[n]; position u4[n]; card_kind, priority u2,
    replaced_by u4, site u8: a value for each row whose code declares it, as told u1[codes] says;
    on_order u1[n]: 1 where a row names a work order; states u1[256], kinds u1: 1 for what is
    wanted; ordered: the state of what is ordered, which waits too where it is on no order of the
    site; table APPLICATION[applications]; out FOUND[applications], written.
    """
    k = p = r = s = count = 0
    for one in range(table.size):
        kind = urgent = -1
        replaced = listed = False
        where = 0
        for row in range(integer(starts[one]), integer(starts[one + 1])):
            says = integer(told[code[row]])
            if says:
                if position[row] <= known and day[row] <= last:
                    if says & _KIND:
                        kind = integer(card_kind[k])
                    if says & _PRIORITY:
                        urgent = integer(priority[p])
                    if says & _REPLACED:
                        replaced |= replaced_by[r] != NONE
                    if says & _SITE:
                        where, listed = integer(site[s]), on_order[row] != 0
                k += says & _KIND
                p += says >> 1 & 1
                r += says >> 2 & 1
                s += says >> 3 & 1
        now = table[one]
        state, county = integer(now["state"]), integer(now["county"])
        passed_on = state == ordered and where == at_site and not listed
        waits = states[state] or passed_on
        if not waits or kind < 0 or not kinds[kind] or urgent < 0 or replaced:
            continue
        if county < lowest or county > highest:
            continue
        here = out[count]
        here["rank"] = urgent << 56 | integer(now["accepted"]) << 32 | first + one
        here["application"] = first + one
        here["county"] = county
        here["accepted"] = now["accepted"]
        here["fault"] = now["fault"]
        here["state"] = state
        here["priority"] = urgent
        here["attempt"] = now["attempt"]
        here["kind"] = kind
        count += 1
    return count
