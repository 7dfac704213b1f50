"""A log that grows by whatever the law allows, and what all happenings draw from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from registry.aggregates import AGGREGATES
from registry.days import BEIJING, instant_of
from registry.entry import Entry
from registry.history import standing
from registry.values import ChangeCategory, CitizenNumber, DivisionCode, Name
from registry.vocabulary import ORDERS, VOCABULARY, Order

FIRST_DAY = date(2019, 11, 20)
NAMES = [Name(text) for text in ("安平", "卞宁", "陈安", "阿卜杜拉·艾合麦提", "𠮷野")]
CATEGORY = ChangeCategory(next(iter(ChangeCategory.rows()))[0])
REAL = DivisionCode("510104")


def number(sequence: int, birth: date = date(1990, 1, 1)) -> CitizenNumber:
    """A right citizen number."""
    return CitizenNumber.compose(REAL, birth, sequence)


class Log:
    """A log that grows by lawful entries; `salt` keeps the identifiers of two logs apart."""

    def __init__(self, salt: int = 0, people: int = 3) -> None:
        self.salt = salt
        self.people = people
        self.entries: list[Entry] = []
        self.streams: dict[UUID, list[Entry]] = {}
        self.today = FIRST_DAY
        self.second = 0

    def id(self, kind: str, number: int) -> UUID:
        """The identifier of the n-th thing of a kind."""
        letter = sum(map(ord, kind))
        # The last bits differ first: identifiers are not in the order of their numbers.
        return UUID(int=(number * 0x9E3779B97F4A7C15 % 2**64) << 64 | self.salt << 24 | letter)

    def add(self, stream: UUID, event: Any) -> Entry | None:
        """Record an event, or nothing if a rule stands in the way."""
        before = self.streams.get(stream, [])
        self.second += 1
        noon = datetime.combine(self.today, time(12), BEIJING)
        recorded_at = instant_of(noon) + self.second
        entry = Entry(
            stream,
            len(before) + 1,
            event,
            event.effective_on,
            len(self.entries) + 1,
            recorded_at,
            "officer",
            "510104000000",
        )
        word = VOCABULARY[type(event)]
        kind = AGGREGATES[word.kind]
        if ORDERS[word.kind] is Order.EFFECTIVE:
            lawful = event.effective_on <= self.today and self._named_rightly(before, entry)
            lawful = lawful and not kind.faults(standing([*before, entry]))
        else:
            state: Any = kind.fold(before)
            lawful = not list(kind.check(state, event))
        if not lawful:
            return None
        self.streams.setdefault(stream, []).append(entry)
        self.entries.append(entry)
        return entry

    def _named_rightly(self, before: list[Entry], entry: Entry) -> bool:
        word = VOCABULARY[type(entry.event)]
        if not (word.voids or word.corrects):
            return True
        voids = [one.version for one in before if VOCABULARY[type(one.event)].voids]
        valid = {one.version: one for one in standing(before)}
        named = entry.event.voids if word.voids else (entry.event.corrects,)
        if word.voids:
            # A void may undo a void; whether it stands itself is decided by what follows.
            return bool(named) and all(version in valid or version in voids for version in named)
        target = valid.get(named[0])
        return (
            target is not None
            and word.writes <= VOCABULARY[type(target.event)].writes
            and target.effective_on == entry.effective_on
        )


Move = Callable[[Random, Log], Any]


def some(chance: Random, log: Log, kind: str, most: int) -> UUID:
    """One of a few things of a kind."""
    return log.id(kind, chance.randint(1, most))


def lately(chance: Random, log: Log) -> date:
    """Today, or a day up to three months ago."""
    return log.today - timedelta(chance.choice([0, 0, 0, 1, 7, 40, 90]))


def pass_days(chance: Random, log: Log) -> None:
    """Time passes."""
    log.today += timedelta(chance.choice([1, 1, 5, 30]))
