"""Holds what the register answers on both clocks against what the auditor's pencil says."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from adapters.reading import Reader
from registry.aggregates import Household, NumberCase, Person, Places
from registry.aggregates import Number as NumberLedger
from registry.codec import Codec
from registry.entry import Entry
from registry.history import effective
from registry.projections import At
from registry.values import NumberFaultKind
from registry.vocabulary import Kind
from tests.simulation.county import County
from tests.simulation.oracle import DETAILS, PARTICULARS, State

LIVES = ("living", "dead", *[""] * 5, "deleted")


class Auditor:
    """Reads a county's streams once and asks them at any (valid, known)."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.oracle = county.oracle
        codec = Codec()
        subjects = {fact.subject for one in self.oracle.businesses for fact in one.facts}
        names = {
            number: uuid5(county.namespace, f"{Kind.NUMBER}/{number}")
            for number in sorted(set(self.oracle.given()))
        }
        cases = {
            number: uuid5(county.namespace, f"{Kind.CASE}/{NumberFaultKind.DUPLICATE}/{number}")
            for number in names
        }
        asked = {*subjects, *names.values(), *cases.values(), county.setting.places}
        self.streams: dict[UUID, list[Entry]] = {
            stream: [codec.entry(one) for one in stored]
            for stream, stored in county.store.streams(asked).items()
        }
        self.numbers, self.cases = names, cases
        self.persons = [one for one in subjects if self._is(one, "life")]
        self.households = [one for one in subjects if self._is(one, "head")]

    def _is(self, subject: UUID, item: str) -> bool:
        return any(
            fact.item == item
            for one in self.oracle.businesses
            for fact in one.facts
            if fact.subject == subject
        )

    def check(self, valid: date, business: int) -> None:
        """Every answer on a day, as known after a business."""
        state = self.oracle.state(valid, business)
        known = self.county.known[business]
        counted: Counter[UUID] = Counter()
        for person in self.persons:
            self._check_person(state, person, valid, known, counted)
        for household in self.households:
            self._check_household(state, household, valid, known)
        assert counted == self.oracle.population(state), (valid, known)
        self._check_places(state, valid, known, counted)

    def _check_person(
        self, state: State, person: UUID, valid: date, known: int, counted: Counter[UUID]
    ) -> None:
        told = Person.fold(effective(self.streams[person], valid, known))
        if "life" not in state.get(person, {}):
            assert told is None, (person, valid, known, told)
            return
        items = state[person]
        assert told is not None, (person, valid, known, items)
        assert LIVES[told.life] == items["life"], (person, valid, known)
        assert told.resident == self.oracle.resident(state, person), (person, valid, known)
        if told.resident:
            assert told.community is not None
            assert told.household == items["home"], (person, valid, known)
            assert told.community == self.oracle.community(state, person), (person, valid, known)
            counted[told.community] += 1
        elif items["life"] == "living":
            assert told.in_transit == (items["out"] == "2"), (person, valid, known)
        for item in (*PARTICULARS, *DETAILS, "number"):
            mine, theirs = getattr(told, item), items.get(item)
            assert mine == theirs, (person, valid, known, item, mine, theirs)

    def _check_household(self, state: State, household: UUID, valid: date, known: int) -> None:
        told = Household.fold(effective(self.streams[household], valid, known))
        where = (household, valid, known)
        items = state.get(household, {})
        if "head" not in items:
            assert told is None, where
            return
        assert told is not None, where
        members: Any = self.oracle.members(state, household)
        assert dict(told.members) == members, (where, told.members, members)
        assert told.closed_on == items["closed"], where
        assert (told.doorplate, told.community) == (items["plate"], items["community"]), where
        assert told.household_number == items["booklet"], where
        if members:
            assert told.head == items["head"], where

    def _check_places(self, state: State, valid: date, known: int, counted: Counter[UUID]) -> None:
        entries = [one for one in self.streams[self.county.setting.places] if one.position <= known]
        places = Places.fold(entries)
        if places is None:
            return
        for division in (self.county.province, self.county.city, *self.county.counties):
            told = sum(
                number
                for community, number in counted.items()
                if division in {place for place, _ in places.above(community, valid)}
            )
            assert told == self.oracle.population_under(state, division), (division, valid, known)

    def check_read_models(self, reader: Reader, valid: date, business: int) -> None:
        """The read models say what the streams say, and count what the pencil counts."""
        state = self.oracle.state(valid, business)
        at = At(valid, self.county.known[business])
        for person in self.persons:
            told = Person.fold(effective(self.streams[person], valid, at.known))
            assert reader.person(person, at) == told, (person, at)
            home = state.get(person, {}).get("home")
            residence = reader.residence(person, at)
            if self.oracle.resident(state, person):
                assert residence is not None
                assert (residence.status, residence.household) == ("resident", home), (person, at)
            else:
                assert residence is None or residence.status == "transit", (person, at)
        for household in self.households:
            house = Household.fold(effective(self.streams[household], valid, at.known))
            assert reader.household(household, at) == house, (household, at)
        population = self.oracle.population(state)
        communities = self.county.communities
        assert reader.counts(at, communities) == population, at
        for division in (self.county.city, *self.county.counties):
            expected = self.oracle.population_under(state, division)
            assert reader.count(division, at) == expected, (division, at)

    def check_ledgers(self) -> None:
        """Who holds which number now, and that two holders are a case with both of them."""
        holders = self.oracle.holders(self.oracle.state(date.max))
        for number, stream in self.numbers.items():
            ledger = NumberLedger.fold(self.streams[stream])
            assert ledger is not None, number
            assert set(ledger.held_by) == holders.get(number, set()), number
            if len(ledger.held_by) > 1:
                case = NumberCase.fold(self.streams[self.cases[number]])
                assert case is not None
                assert case.open
                assert case.parties >= set(ledger.held_by)
