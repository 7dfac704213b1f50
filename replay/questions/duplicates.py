"""Numbers that several living people hold (重号) and numbers that are wrong (错号), at any point.

Partition by partition the numbers of the living are dealt into bins. The numbers of a bin are put
into slots that lie in the cache, where equal ones meet. Only then is anybody looked at who ever had
one of these few numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from registry.aggregates import Life, Person
from registry.history import effective
from registry.vocabulary import Kind
from replay.columns.forms import Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.numbers import unpack_one
from replay.states.history import At
from replay.states.persons import (
    EFFECT,
    HAS_NUMBER,
    LIFE,
    LIVES,
    LIVING,
    NUMBER,
    OPENS,
    UNKNOWN,
    person_states,
)
from replay.states.standing import dense, plain, point, rows
from replay.threads import in_threads, over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log

#: Bins that numbers are dealt into: a province's bin fits into the cache of a core. A prime, so
#: that the rest of a division by it spreads whatever numbers have in common.
BINS = 509
#: The bin of whoever has no number that counts.
NOWHERE = 2**16 - 1
#: Bins are looked through in so many lots, by all threads.
LOTS = 32
#: There is room for so many meetings of a lot at first.
FEW = 1 << 16


class Dealt(NamedTuple):
    """Numbers of the living of one partition, bin by bin: numbers i8, ends i8[BINS]."""

    numbers: Column
    ends: Column


def deal(table: Column) -> Dealt:
    """Deal the numbers of living people into bins; table PERSON[persons]."""
    ends = np.empty(BINS, "i8")
    numbers = np.empty(len(table), "i8")
    count = spread(table, scratch("binned", len(table), "u2"), ends, numbers)
    return Dealt(numbers[:count], ends)


@kernel
def spread(table: Column, bins: Column, ends: Column, numbers: Column) -> int:
    """Write the numbers of living people bin by bin, and return how many there are.

    table PERSON[persons]; bins u2[persons], room; ends i8[BINS], where each bin ends, and numbers
    i8[persons], written.
    """
    ends[:] = 0
    count = 0
    for person in range(table.size):
        number = table[person]["number"]
        bins[person] = NOWHERE
        if number > 0 and table[person]["life"] == LIVING:
            bins[person] = number % BINS
            ends[bins[person]] += 1
            count += 1
    total = 0
    for each in range(ends.size):
        size = ends[each]
        ends[each] = total
        total += size
    for person in range(table.size):
        each = bins[person]
        if each != NOWHERE:
            numbers[ends[each]] = table[person]["number"]
            ends[each] += 1
    return count


def repeated(dealt: Sequence[Dealt]) -> Column:
    """The numbers that stand more than once in all partitions, rising, each once; i8."""
    if not dealt:
        return np.empty(0, "i8")
    held = scratch("met", sum(len(part.numbers) for part in dealt), "i8")
    numbers = plain(np.concatenate([part.numbers for part in dealt], out=held))
    begins = np.cumsum([0, *(len(part.numbers) for part in dealt[:-1])])
    ends = np.stack([part.ends for part in dealt]) + begins[:, np.newaxis]
    sizes = np.diff(ends, axis=1, prepend=begins[:, np.newaxis])
    # Half of the slots stay empty, so that a number soon meets its own or an empty one.
    slots = 1 << int(sizes.sum(axis=0).max()).bit_length() + 1
    known = plain(ends)

    def one(lot: int) -> Column:
        first, until = lot * BINS // LOTS, (lot + 1) * BINS // LOTS
        found = np.empty(len(numbers) // 2 if len(numbers) < FEW else FEW, "i8")
        while True:
            table = scratch("slots", slots, "i8")
            count = meet(numbers, plain(begins), known, first, until, table, found)
            if count <= len(found):
                return found[:count]
            found = np.empty(count, "i8")

    return np.unique(np.concatenate(in_threads(one, range(LOTS))))


@kernel
def meet(
    numbers: Column,
    begins: Column,
    ends: Column,
    first: int,
    until: int,
    slots: Column,
    found: Column,
) -> int:
    """Find numbers that meet their like in some bins, and return how often that happens.

    numbers i8; begins i8[partitions], where those of each begin; ends i8[partitions, BINS], where
    each bin ends; first, until: the bins; slots i8[a power of two], room; found i8, written as far
    as it goes: the number each time that it came before.
    """
    count, mask = 0, slots.size - 1
    for each in range(first, until):
        slots[:] = 0
        for part in range(ends.shape[0]):
            begin = ends[part, each - 1] if each else begins[part]
            for place in range(begin, ends[part, each]):
                number = numbers[place]
                # Numbers of a county differ in a few of their bits only, and would crowd.
                slot = (number ^ number >> 17 ^ number >> 37) & mask
                while slots[slot] != 0 and slots[slot] != number:
                    slot = (slot + 1) & mask
                if slots[slot] == number:
                    if count < found.size:
                        found[count] = number
                    count += 1
                slots[slot] = number
    return count


@dataclass(frozen=True)
class Duplicate:
    """A number that several living people hold at a point.

    number: packed; holders: handles, rising; since: first position at which, seen on that day,
    several living people held it.
    """

    number: int
    holders: tuple[int, ...]
    since: int


def duplicates(log: Log, at: At) -> list[Duplicate]:
    """Every number that several living people hold at a point, in the order of the numbers."""

    def one(block: Block) -> Dealt:
        return deal(person_states(block, at).table)

    return told(log, at, repeated(over_partitions(log, Kind.PERSON, one)))


def told(log: Log, at: At, numbers: Column) -> list[Duplicate]:
    """Who holds each of a few numbers at a point, and since when it has been held twice.

    numbers i8, rising. Those that one person at most holds are left out.
    """
    if not len(numbers):
        return []
    found: dict[int, list[Bearer]] = defaultdict(list)
    likely = np.zeros(_SIEVE, "u1")
    likely[_sieved(numbers)] = 1

    def one(block: Block) -> list[Bearer]:
        return list(_bearers(log, block, at, numbers, plain(likely)))

    for part in over_partitions(log, Kind.PERSON, one):
        for bearer in part:
            found[bearer.number].append(bearer)
    listed = []
    for number in sorted(found):
        holders = tuple(one.person for one in found[number] if one.spans[-1].until is None)
        if len(holders) > 1:
            spans = [span for one in found[number] for span in one.spans]
            listed.append(Duplicate(number, holders, _twice(spans)))
    return listed


class Span(NamedTuple):
    """From which position on somebody alive held a number, and up to which; None: to the end."""

    since: int
    until: int | None


class Bearer(NamedTuple):
    """Somebody, by handle, who held a number alive."""

    number: int
    person: int
    spans: tuple[Span, ...]


#: The size of a table of what some bits of a few numbers are.
_SIEVE = 1 << 18


def _sieved(numbers: Column) -> Column:
    """The bits of numbers that `sieve` looks at, of their sequences, days and places."""
    mixed: Column = (numbers ^ numbers >> 17 ^ numbers >> 37) & (_SIEVE - 1)
    return mixed


@kernel
def sieve(number: Column, likely: Column, found: Column) -> int:
    """Find numbers that have some bits in common with wanted ones, and return how many.

    number i8; likely u1[_SIEVE], by these bits; found u4, written: their places.
    """
    count = 0
    for place in range(number.size):
        one = integer(number[place])
        found[count] = place
        count += likely[(one ^ one >> 17 ^ one >> 37) & _SIEVE - 1]
    return count


@kernel
def owners(starts: Column, code: Column, effects: Column, places: Column, people: Column) -> None:
    """Find whose the numbers at some places of their column are.

    starts u4[persons + 1]; code u2[n]; effects u4[codes]; places u4[m], rising; people i8[m],
    written.
    """
    cursor, row, person = 0, 0, 0
    for one in range(places.size):
        while cursor <= places[one]:
            cursor += integer(effects[code[row]]) >> HAS_NUMBER & 1
            row += 1
        while starts[person + 1] < row:
            person += 1
        people[one] = person


def _bearers(log: Log, block: Block, at: At, numbers: Column, likely: Column) -> Iterator[Bearer]:
    """Whoever of a block has held one of the numbers while alive, and when."""
    column = block.dense["number"]
    some = scratch("sieved", len(column) + 1, "u4")
    some = some[: sieve(plain(column), likely, some)]
    place = np.minimum(np.searchsorted(numbers, column[some]), len(numbers) - 1)
    hits = some[numbers[place] == column[some]]
    if not len(hits):
        return
    people = np.empty(len(hits), "i8")
    starts, code, _, _ = rows(block)
    owners(starts, code, EFFECT, plain(hits), people)
    order = np.lexsort((column[hits], people))
    people, wanted = people[order], column[hits][order]
    first = np.append(True, (np.diff(people) != 0) | (np.diff(wanted) != 0))
    people, wanted = plain(people[first]), plain(wanted[first])
    spans = traced(block, at, people, wanted)
    voiding = block.sparse["voids"].rows
    undone = {*(np.searchsorted(block.starts, voiding, "right") - 1).tolist()}
    for one, (person, number) in enumerate(zip(people.tolist(), wanted.tolist(), strict=True)):
        if person in undone:
            spans[one] = _folded(log, block, at, person, number)
        if spans[one]:
            yield Bearer(number, block.first + person, tuple(spans[one]))


def traced(block: Block, at: At, people: Column, wanted: Column) -> dict[int, list[Span]]:
    """When each of some people held a number alive, by place in `people`: i8, rising; wanted i8.

    Nothing of these people may be voided.
    """
    day, known = point(block, at)
    told = tuple(np.empty(len(block), "i8") for _ in range(3))
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, "number"),
        EFFECT,
        people,
        wanted,
        day,
        known,
        *told,
    )
    count = trace(*columns)
    spans: dict[int, list[Span]] = defaultdict(list)
    for one, begin, end in zip(*(part[:count].tolist() for part in told), strict=True):
        spans[one].append(Span(begin, None if end == _STILL else end))
    return spans


@kernel
def trace(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    number: Column,
    effects: Column,
    people: Column,
    wanted: Column,
    last: int,
    known: int,
    whose: Column,
    since: Column,
    until: Column,
) -> int:
    """Follow some people row by row: from which positions on each held a number alive.

    starts u4[persons + 1]; code, day u2[n]; position u4[n]; number i8, a value for each row whose
    code declares it; effects u4[codes]; people i8[m], rising, wanted i8[m]: whom and which number.
    whose, since, until i8, written: a line for each stretch, whose is a place in people; until is
    _STILL where it has not ended. Returns how many lines. Nothing of these people may be voided.
    """
    cursor, row, count = 0, 0, 0
    for one in range(people.size):
        first, end = integer(starts[people[one]]), integer(starts[people[one] + 1])
        while row < first:
            cursor += integer(effects[code[row]]) >> HAS_NUMBER & 1
            row += 1
        at = cursor
        begun, held, life, lived, numbered, value = False, False, UNKNOWN, 0, 0, 0
        for here in range(first, end):
            does, when = integer(effects[code[here]]), integer(day[here])
            if position[here] <= known and when <= last:
                begun |= does & OPENS != 0
                if does & LIFE and when >= lived:
                    lived, life = when, does >> LIVES & 3
                if does & NUMBER and when >= numbered:
                    numbered, value = when, integer(number[at])
                holds = begun and life == LIVING and value == wanted[one]
                if holds and not held:
                    whose[count], since[count], until[count] = one, position[here], _STILL
                    count += 1
                elif held and not holds:
                    until[count - 1] = position[here]
                held = holds
            at += does >> HAS_NUMBER & 1
    return count


#: A stretch that has not ended.
_STILL = -1


def _folded(log: Log, block: Block, at: At, person: int, number: int) -> list[Span]:
    """When somebody held a number alive, by the register's own fold: for streams with voids."""
    kind, (stream,) = Kind.PERSON, log.spaces.ids("person", [block.first + person])
    history = [one for one in log.history(kind, stream) if one.position <= at.known]
    spans: list[Span] = []
    held, written = False, unpack_one(number)
    for entry in history:
        state = Person.fold(effective(history, at.valid_on, entry.position))
        holds = state is not None and state.life is Life.LIVING and state.number == written
        if holds and not held:
            spans.append(Span(entry.position, None))
        elif held and not holds:
            spans[-1] = Span(spans[-1].since, entry.position)
        held = holds
    return spans


def _twice(spans: list[Span]) -> int:
    """The first position at which two of them were open at once."""
    steps = [(span.since, 1) for span in spans]
    steps += [(span.until, -1) for span in spans if span.until is not None]
    holding = 0
    for position, change in sorted(steps):
        holding += change
        if holding > 1:
            return position
    raise AssertionError("nobody held it twice")
