"""The tree of places at any day: which community is in which county, under which code (区划)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.entry import Entry
from registry.errors import Rule
from registry.events import places as events
from registry.values import CommunityKind, DivisionCode, Level, OfficeCode, Text
from registry.vocabulary import Kind


@dataclass(frozen=True)
class Fact:
    """What is so of a place from a day on."""

    since: date
    name: Text
    code: DivisionCode | None
    parent: UUID | None
    level: Level | None  # None: a community
    kind: CommunityKind | None = None
    closed: bool = False
    told: frozenset[str] | None = None  # what was told on the day, the rest is carried; None: all
    station: OfficeCode | None = None  # of a community: in whose care it is


@dataclass(frozen=True, kw_only=True)
class Places(Aggregate):
    """Every place and its dated facts; entries may be dated ahead, since readers join by date."""

    KIND = Kind.PLACES

    facts: Mapping[UUID, tuple[Fact, ...]] = field(default_factory=dict)  # by `since`

    def fact(self, place: UUID, on: date) -> Fact | None:
        """What is so of a place on a day; None if there is no such place then."""
        facts = self.facts.get(place, ())
        index = bisect_right(facts, on, key=lambda fact: fact.since)
        return facts[index - 1] if index else None

    def community(self, place: UUID, on: date) -> Fact | None:
        """The community of an identifier on a day."""
        fact = self.fact(place, on)
        return fact if fact and fact.level is None and not fact.closed else None

    def above(self, place: UUID, on: date) -> Iterator[tuple[UUID, Fact]]:
        """The place and every division above it on a day, lowest first."""
        at: UUID | None = place
        while at is not None:
            fact = self.fact(at, on)
            if fact is None:
                return
            yield at, fact
            at = fact.parent

    def code_of(self, place: UUID, level: Level, on: date) -> DivisionCode | None:
        """The code of the division of a level that a place belongs to on a day."""
        for _, fact in self.above(place, on):
            if fact.level is level:
                return fact.code
        return None

    def station_of(self, community: UUID, on: date) -> OfficeCode | None:
        """The police station in whose care a community is on a day."""
        fact = self.fact(community, on)
        return fact.station if fact else None

    def under(self, division: UUID, on: date) -> Iterator[UUID]:
        """Places directly under a division on a day."""
        for place in self.facts:
            fact = self.fact(place, on)
            if fact and fact.parent == division and not fact.closed:
                yield place

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        here = state or cls(id=UUID(int=0))
        day = event.effective_on

        def division(place: UUID | None, of: Level | None = None) -> Iterator[Rule]:
            fact = here.fact(place, day) if place is not None else None
            if fact is None or fact.level is None or fact.closed:
                yield rules.DivisionUnknown(place)
            elif of is not None and fact.level >= of:
                # Tiers only rise, so that no division can come to lie inside itself.
                yield rules.DivisionOutOfTier(place)

        match event:
            case events.DivisionEstablished():
                if event.division in here.facts:
                    yield rules.AlreadyKnown(event.division)
                if event.parent is not None:
                    yield from division(event.parent, event.level)
                yield from here._check_code(event)
            case events.DivisionRenamed():
                yield from division(event.division)
                yield from here._check_code(event)
            case events.DivisionAbolished():
                yield from division(event.division)
                if next(here.under(event.division, day), None) is not None:
                    yield rules.DivisionNotEmpty(event.division)
            case events.CommunityEstablished():
                if event.community in here.facts:
                    yield rules.AlreadyKnown(event.community)
                yield from division(event.parent)
            case events.CommunityRenamed() | events.StationAssigned():
                if here.community(event.community, day) is None:
                    yield rules.CommunityUnknown(event.community)
            case events.DivisionAdjusted():
                for moved in event.moved:
                    fact = here.fact(moved.place, day)
                    if fact is None or fact.closed:
                        yield rules.DivisionUnknown(moved.place)
                    yield from division(moved.parent, fact.level if fact else None)
                yield from here._check_codes(event, [moved.place for moved in event.moved])

    def _check_code(self, event: Any) -> Iterator[Rule]:
        """A code that is given fits its division's level, and is nobody else's.

        A city without counties of its own (直筒子市) may bear one code with the county in it.
        """
        code, day = event.division_code, event.effective_on
        if code is None:
            return
        own = self.fact(event.division, day)
        level = own.level if own else getattr(event, "level", None)
        parent = own.parent if own else getattr(event, "parent", None)
        above = self.fact(parent, day) if parent is not None and level is Level.COUNTY else None
        shared = above is not None and above.level is Level.CITY and above.code == code
        if (own is None or own.code != code) and level is not _level_of(code) and not shared:
            yield rules.DivisionCodeUnfit(code)
        yield from self._check_codes(event, [event.division])

    def _check_codes(self, event: Any, divisions: Iterable[UUID]) -> Iterator[Rule]:
        """A code names one division at a time, on the day of an entry and on every later one."""
        after, day = type(self).evolve(self, event, self.id), event.effective_on
        for division in divisions:
            if doubles := set(after._doubles(division, day)):
                for _, code in sorted(doubles.difference(self._doubles(division, day))):
                    yield rules.DivisionCodeTaken(code)

    def _doubles(self, division: UUID, since: date) -> Iterator[tuple[UUID, DivisionCode]]:
        """Who else bears a division's code on some day from one on, and is not one with it."""
        own = self.facts.get(division, ())
        codes = {fact.code for fact in own} - {None}
        for place, facts in self.facts.items() if codes else ():
            if place == division or codes.isdisjoint(fact.code for fact in facts):
                continue
            days = {since, *(one.since for one in (*own, *facts) if one.since > since)}
            for day in sorted(days):
                one, other = self.fact(division, day), self.fact(place, day)
                if one is None or other is None or one.closed or other.closed:
                    continue
                city_and_county = _is_county_in(one, place, other) or _is_county_in(
                    other, division, one
                )
                if one.code is not None and one.code == other.code and not city_and_county:
                    yield place, one.code

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the tree after an entry."""
        here = state or cls(id=stream)
        facts = dict(here.facts)
        _write(facts, event)
        return here.but(facts=facts)

    @classmethod
    def carried(cls, state: Self | None, entries: Iterable[Entry]) -> Self | None:
        """Return the tree after more entries; its facts are copied once, not for each of them."""
        facts: dict[UUID, tuple[Fact, ...]] | None = None
        for entry in entries:
            state = state or cls(id=entry.stream)
            facts = dict(state.facts) if facts is None else facts
            _write(facts, entry.event)
        return state if state is None or facts is None else state.but(facts=facts)


def places_told(event: Any) -> Iterator[UUID | None]:
    """The places that an entry changes, or puts others under; None: under nothing."""
    match event:
        case events.DivisionEstablished() | events.CommunityEstablished():
            yield event.parent
        case events.DivisionAdjusted():
            for moved in event.moved:
                yield from (moved.place, moved.parent)
        case events.CommunityRenamed() | events.StationAssigned():
            yield event.community
        case _:
            yield event.division


def _write(facts: dict[UUID, tuple[Fact, ...]], event: Any) -> None:
    """Write what an entry says of places."""
    day = event.effective_on

    def put(place: UUID, fact: Fact) -> None:
        facts[place] = _inserted(facts.get(place, ()), fact)

    match event:
        case events.DivisionEstablished():
            put(
                event.division,
                Fact(day, event.division_name, event.division_code, event.parent, event.level),
            )
        case events.CommunityEstablished():
            put(
                event.community,
                Fact(day, event.community_name, None, event.parent, None, event.community_kind),
            )
        case events.DivisionRenamed():
            _change(
                facts,
                event.division,
                day,
                name=event.division_name,
                code=event.division_code,
            )
        case events.CommunityRenamed():
            _change(facts, event.community, day, name=event.community_name)
        case events.StationAssigned():
            _change(facts, event.community, day, station=event.station)
        case events.DivisionAbolished():
            _change(facts, event.division, day, closed=True)
        case events.DivisionAdjusted():
            for moved in event.moved:
                _change(facts, moved.place, day, parent=moved.parent)


def _level_of(code: DivisionCode) -> Level:
    """The level whose divisions bear codes like one: two digits each for province, city, county."""
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.CITY if code.endswith("00") else Level.COUNTY


def _is_county_in(one: Fact, place: UUID, other: Fact) -> bool:
    """Whether what one fact is about is a county in the city that the other one is about."""
    return one.level is Level.COUNTY and other.level is Level.CITY and one.parent == place


def _inserted(facts: tuple[Fact, ...], fact: Fact) -> tuple[Fact, ...]:
    return tuple(sorted((*(f for f in facts if f.since != fact.since), fact), key=_since))


def _since(fact: Fact) -> date:
    return fact.since


def _change(facts: dict[UUID, tuple[Fact, ...]], place: UUID, day: date, **changes: Any) -> None:
    """Write a group from a day on, up to the next fact that was dated later already."""
    old = facts.get(place, ())
    before = [fact for fact in old if fact.since <= day]
    after = [fact for fact in old if fact.since > day]
    if not before:
        return
    base = before[-1]
    told: frozenset[str] | None = frozenset(changes)
    if base.since == day:
        told = None if base.told is None else base.told | changes.keys()
    changed = Fact(**{**base.__dict__, **changes, "since": day, "told": told})
    later = []
    carried = dict(changes)
    for fact in after:
        # A later fact carries the new value on until one tells its own, be it the old one again.
        carried = {
            name: value
            for name, value in carried.items()
            if fact.told is not None and name not in fact.told
        }
        later.append(Fact(**{**fact.__dict__, **carried}))
    kept = [fact for fact in before if fact.since != day]
    facts[place] = (*kept, changed, *later)
