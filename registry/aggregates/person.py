"""A person as decisions and read models know one (人)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from enum import IntEnum
from typing import Any, Self
from uuid import UUID

from registry.aggregates import rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import person as events
from registry.events.redaction import PartRedacted, RedactionProposed
from registry.values import (
    CertificateId,
    CitizenNumber,
    CommunityId,
    DivisionCode,
    Education,
    HouseholdId,
    HukouNature,
    MaritalStatus,
    MilitaryService,
    Name,
    Nationality,
    OutKind,
    PersonId,
    Sex,
    Text,
)
from registry.vocabulary import Kind


class Life(IntEnum):
    """The life group: what became of the record."""

    LIVING = 0
    DEAD = 1
    DELETED = 7


@dataclass(frozen=True, kw_only=True)
class Person(Aggregate):
    """A person known to the register (人).

    A resident is who lives and has a place; `community` is None while in transit or gone.
    """

    KIND = Kind.PERSON

    id: PersonId
    life: Life = Life.LIVING
    died_on: date | None = None
    kept: PersonId | None = None  # the record that is kept, where this one was deleted
    household: HouseholdId | None = None
    community: CommunityId | None = None
    out_kind: OutKind | None = None
    left_on: date | None = None
    left_community: CommunityId | None = None
    destination: DivisionCode | None = None
    certificate: CertificateId | None = None
    name: Name | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    number: CitizenNumber | None = None
    name_as_found: str | None = None
    number_as_found: str | None = None
    birth_date_as_found: str | None = None
    nationality: Nationality | None = None
    nature: HukouNature | None = None
    mother: PersonId | None = None
    father: PersonId | None = None
    mother_name: Name | None = None
    father_name: Name | None = None
    guardian: PersonId | None = None
    guardian_name: Name | None = None
    education: Education | None = None
    marital_status: MaritalStatus | None = None
    military_service: MilitaryService | None = None
    height_cm: int | None = None
    birth_place: DivisionCode | None = None
    native_place: DivisionCode | None = None
    former_name: Name | None = None
    occupation: Text | None = None
    workplace: Text | None = None
    other_address: Text | None = None
    spouse: PersonId | None = None
    spouse_name: Name | None = None

    @property
    def resident(self) -> bool:
        """Whether the person counts in a population."""
        return self.life is Life.LIVING and self.community is not None

    @property
    def in_transit(self) -> bool:
        """Whether the person has left and not settled yet (未落户)."""
        return self.life is Life.LIVING and self.community is None and self.out_kind == "2"

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        kind = type(event)
        if kind in OPENING:
            if state is not None:
                yield rules.AlreadyKnown(state.id)
            return
        if state is None:
            yield rules.NotKnownYet()
            return
        if kind in OF_THE_RECORD:
            return
        if state.life is Life.DELETED:
            yield rules.RecordIsDeleted(state.id)
            return
        if kind in OF_THE_LIVING and state.life is Life.DEAD:
            yield rules.AlreadyDeceased(state.id)
            return
        yield from cls._check_place(state, event)

    @classmethod
    def _check_place(cls, state: Self, event: Any) -> Iterator[Rule]:
        match event:
            case events.AddressChanged() | events.ResidenceAdjusted():
                before = getattr(event, "from_household", event.household)
                if (state.household, state.community) != (before, event.from_community):
                    yield rules.NotRegistered(state.id)
            case events.MovedOut():
                if (state.household, state.community) != (event.household, event.community):
                    yield rules.NotRegistered(state.id)
            case events.DeathRegistered() | events.RecordDeleted():
                if (state.household, state.community) != (event.household, event.community):
                    yield rules.NotRegistered(state.id)
                if (
                    isinstance(event, events.DeathRegistered)
                    and state.birth_date is not None
                    and event.effective_on < state.birth_date
                ):
                    yield rules.DeathBeforeBirth(state.id)
            case events.MovedIn():
                if state.community is not None:
                    yield rules.AlreadyRegistered(state.id)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the person after an event."""
        kind = type(event)
        if kind in OPENING:
            told = event.__dict__
            person = object.__new__(cls)  # as `but` does: half the time of the frozen one's own
            person.__dict__.update(BLANK, id=PersonId(stream))
            person.__dict__.update((name, told[name]) for name in OPENING[kind])
            return person
        assert state is not None, f"{kind.__name__} on an unknown person {stream}"
        match event:
            case events.AddressChanged() | events.ResidenceAdjusted():
                return state.but(household=event.household, community=event.community)
            case events.DetailsChanged() | events.DetailsCorrected():
                told = event.__dict__
                return state.but(**{name: told[name] for name in DETAILS if told[name] is not None})
            case events.MovedOut():
                return state.but(
                    household=None,
                    community=None,
                    out_kind=event.out_kind,
                    left_on=event.effective_on,
                    left_community=event.community,
                    destination=event.destination,
                    certificate=event.certificate,
                )
            case events.MovedIn():
                return state.but(
                    household=event.household,
                    community=event.community,
                    out_kind=None,
                    left_on=None,
                    left_community=None,
                    destination=None,
                    certificate=None,
                )
            case events.DeathRegistered():
                return state.but(life=Life.DEAD, died_on=event.effective_on)
            case events.RecordDeleted():
                return state.but(life=Life.DELETED, kept=event.kept)
            case _:
                told = event.__dict__
                return state.but(**{name: told[name] for name in WRITES.get(kind, ())})


#: A person of whom nothing is told yet.
BLANK = {one.name: one.default for one in fields(Person) if one.name != "id"}
STATE = frozenset(field.name for field in fields(Person)) - {"id"}
DETAILS = tuple(field.name for field in fields(events.Details))
#: Event types with which a person enters the register, and the fields that each one tells.
OPENING: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name in STATE)
    for kind in (
        events.PersonImported,
        events.BirthRegistered,
        events.NewcomerRegistered,
        events.RecordSupplemented,
    )
}
#: What can happen only to somebody who lives.
OF_THE_LIVING = frozenset(
    {
        events.AddressChanged,
        events.MovedOut,
        events.MovedIn,
        events.DeathRegistered,
        events.NameChanged,
        events.SexChanged,
        events.NationalityChanged,
        events.NumberReassigned,
        events.DetailsChanged,
        events.NatureChanged,
        events.GuardianNamed,
        events.ResidenceAdjusted,
    }
)
#: What concerns the record, whatever became of the person.
OF_THE_RECORD = frozenset({RedactionProposed, PartRedacted})
#: Which fields of the state the remaining event types write.
WRITES: dict[type[Any], tuple[str, ...]] = {
    events.NameChanged: ("name",),
    events.NameCorrected: ("name",),
    events.SexChanged: ("sex",),
    events.SexCorrected: ("sex",),
    events.BirthDateCorrected: ("birth_date",),
    events.NationalityChanged: ("nationality",),
    events.NationalityCorrected: ("nationality",),
    events.NumberReassigned: ("number",),
    events.NatureChanged: ("nature",),
    events.GuardianNamed: ("guardian", "guardian_name"),
    events.ParentsCorrected: ("mother", "father", "mother_name", "father_name"),
}
