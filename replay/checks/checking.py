"""The whole register held against the check rules at a point (户口核对): who breaks which rule.

Persons are read twice: first where each one lives, when each was born and which number each holds,
then, with what is so of their households, numbers and cards, against the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from registry.checks.rules import CheckRule, rules_about
from registry.values import RuleCode
from registry.vocabulary import Kind
from replay.checks.cards import cards_of, see_cards
from replay.checks.homes import count_members, see_households
from replay.checks.program import judged, places, program
from replay.checks.records import household_columns, person_columns
from replay.checks.setting import Setting, empty_setting, see_persons, see_twins
from replay.columns.forms import NONE, Column
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.questions.duplicates import Dealt, Duplicate, deal, repeated, told
from replay.states.history import At
from replay.states.households import HOUSEHOLD, OPEN, doorplate_states, household_states
from replay.states.persons import LIVING, PERSON, PersonStates, person_states
from replay.states.standing import States, fallen_marks, plain
from replay.threads import over_partitions, scratch

if TYPE_CHECKING:
    from replay.columns.log import Log


@dataclass(frozen=True)
class Broken:
    """Who breaks rules: handles u4, rising, and flags u8, bit k for rule k about such subjects.

    checked: how many were looked at; counts i8[rules, lines]: by rule and county, see `Checked`.
    """

    subject: str
    checked: int
    handles: Column
    flags: Column
    counts: Column

    @property
    def rules(self) -> tuple[CheckRule, ...]:
        """The rules, in the order of their bits."""
        return rules_about(self.subject)

    def of(self, rule: CheckRule) -> Column:
        """The handles of those who break a rule that finds faults; u4."""
        bit = np.uint64(1 << self.rules.index(rule))
        found: Column = self.handles[self.flags & bit != 0]
        return found


@dataclass(frozen=True)
class Checked:
    """What a check of the register found.

    counties: numbers of places by line of the counts, 0 for none, see `setting.paths`. unnumbered:
    handles u4 of living persons who have no number at all (漏编).
    """

    setting: Setting
    persons: Broken
    households: Broken
    duplicates: tuple[Duplicate, ...]
    unnumbered: Column
    counties: tuple[int, ...]

    def counts(self) -> dict[RuleCode, int]:
        """How many records break each rule, in the order of the table."""
        found = {
            rule.code: int(broken.counts[place].sum())
            for broken in (self.persons, self.households)
            for place, rule in enumerate(broken.rules)
        }
        return dict(sorted(found.items()))


#: Nobody was looked for.
NO_PAIRS = np.empty((0, 2), "u4")


def check_register(
    log: Log,
    at: At,
    *,
    doubles: Column = NO_PAIRS,
    tell: Callable[[], None] = lambda: None,
) -> Checked:
    """Hold every living person and every open household against the check rules at a point.

    doubles: pairs u4[n, 2] of handles that are probably one person, as `doubles` finds them; the
    rules about them find nobody without. tell: called after each partition read.
    """
    setting = empty_setting(log, at)

    def note(block: Block) -> Dealt:
        room = States(block.first, scratch("persons", block.size, PERSON))
        table = person_states(block, at, room).table
        see_persons(setting, block.first, table)
        return deal(table)

    def settle(block: Block) -> None:
        room = States(block.first, scratch("households", block.size, HOUSEHOLD))
        table = household_states(block, at, room).table
        see_households(setting, block, table, fallen_marks(block, at.known))

    def plates(block: Block) -> None:
        part = slice(block.first, block.first + block.size)
        setting.street[part] = doorplate_states(block, at).table["street"] != NONE

    held_twice = repeated(over_partitions(log, Kind.PERSON, note, tell))
    duplicates = tuple(_residents(setting, told(log, at, held_twice)))
    over_partitions(log, Kind.HOUSEHOLD, settle, tell)
    over_partitions(log, Kind.DOORPLATE, plates, tell)
    count_members(setting)
    see_cards(setting, over_partitions(log, Kind.APPLICATION, partial(cards_of, at=at), tell))
    see_twins(setting, setting.number_twin, [one.holders for one in duplicates])
    see_twins(setting, setting.person_twin, doubles)
    counties, lines = np.unique(np.append(0, setting.county), return_inverse=True)
    lines = plain(lines[1:].astype("u4"))
    persons = over_partitions(log, Kind.PERSON, partial(_persons, setting, lines), tell)
    households = over_partitions(log, Kind.HOUSEHOLD, partial(_households, setting, lines), tell)
    return Checked(
        setting,
        _joined("person", persons, len(counties)),
        _joined("household", households, len(counties)),
        duplicates,
        np.concatenate([np.empty(0, "u4"), *(one.unnumbered for one in persons)]),
        tuple(counties.tolist()),
    )


def _residents(setting: Setting, shared: Iterable[Duplicate]) -> Iterator[Duplicate]:
    """Shared numbers with those holders who are registered somewhere; whoever left is no fault."""
    for one in shared:
        holders = tuple(who for who in one.holders if setting.community[who] != NONE)
        if len(holders) > 1:
            yield replace(one, holders=holders)


@dataclass(frozen=True)
class _Part:
    """What one partition has: as in Broken."""

    checked: int
    handles: Column
    flags: Column
    counts: Column
    unnumbered: Column = field(default_factory=lambda: np.empty(0, "u4"))


def _persons(setting: Setting, lines: Column, block: Block) -> _Part:
    fallen = fallen_marks(block, setting.at.known)
    room = PersonStates(
        block.first, scratch("persons", block.size, PERSON), scratch("names", block.size, "u4")
    )
    states = person_states(block, setting.at, room)
    table = states.table
    columns = person_columns(setting, block, states, fallen)
    living = table["life"] == LIVING
    unnumbered = np.flatnonzero(living & (table["number"] == 0))
    # A wrong number is a text as it was found, not a missing one.
    missing = unnumbered[columns[places("person")["number_right"]][unnumbered] != 0]
    part = _told("person", block, columns, living, table["community"], lines)
    return replace(part, unnumbered=(missing + block.first).astype("u4"))


def _households(setting: Setting, lines: Column, block: Block) -> _Part:
    room = States(block.first, scratch("households", block.size, HOUSEHOLD))
    table = household_states(block, setting.at, room).table
    columns = household_columns(setting, block, table)
    return _told("household", block, columns, table["life"] == OPEN, table["community"], lines)


def _told(
    subject: str, block: Block, columns: Column, there: Column, community: Column, lines: Column
) -> _Part:
    which = program(subject)
    flags = judged(which, columns, block.size)
    counts = np.zeros((len(which.rules), int(lines.max(initial=0)) + 1), "i8")
    checked = count(flags, there, plain(np.ascontiguousarray(community)), lines, counts)
    faulty = np.uint64(
        sum(1 << place for place, rule in enumerate(which.rules) if not rule.indicates)
    )
    found = np.flatnonzero(flags & faulty)
    return _Part(checked, (found + block.first).astype("u4"), flags[found] & faulty, counts)


def _joined(subject: str, parts: Sequence[_Part], lines: int) -> Broken:
    return Broken(
        subject,
        sum(one.checked for one in parts),
        np.concatenate([np.empty(0, "u4"), *(one.handles for one in parts)]),
        np.concatenate([np.empty(0, "u8"), *(one.flags for one in parts)]),
        np.sum(
            [np.zeros((len(rules_about(subject)), lines), "i8"), *(one.counts for one in parts)],
            axis=0,
        ),
    )


@kernel
def count(flags: Column, there: Column, community: Column, lines: Column, counts: Column) -> int:
    """Count broken rules by county, and returns how many records there are.

    flags u8[n]: 0 is written where a record is not there, bool[n]; community u4[n]; lines u4 by
    community, the last for none; counts i8[rules, lines], added to.
    """
    checked = 0
    for row in range(flags.size):
        if not there[row]:
            flags[row] = 0
            continue
        checked += 1
        left = flags[row]
        if left:
            line = integer(lines[min(integer(community[row]), lines.size - 1)])
            while left:
                lowest = left & (~left + np.uint64(1))
                counts[_PLACES[lowest * _BRUIJN >> np.uint64(58)], line] += 1
                left ^= lowest
    return checked


#: Multiplied by a single bit, the six bits on top are other ones for each: they tell its place.
_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.empty(64, "i8")
for _bit in range(64):
    _PLACES[(int(_BRUIJN) << _bit & 2**64 - 1) >> 58] = _bit
