"""Undoing wrongly entered business by compensating entries (冲销, 恢复).

Whatever one submission entered on the streams of persons and households is undone together; what
it did to ledgers (numbers, papers, proofs) is answered by a further entry there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from registry.aggregates import Person, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.numbering import end_holding, resume_holding
from registry.days import day_at
from registry.entry import Entry
from registry.errors import Rule
from registry.events.household import HouseholdEntriesVoided
from registry.events.papers import (
    CertificateReinstated,
    CertificateVoided,
    PermitReinstated,
    ProofReleased,
    ProofUsed,
)
from registry.events.person import (
    AddressChanged,
    BirthRegistered,
    DeathRegistered,
    EntriesVoided,
    MovedIn,
    MovedOut,
    NewcomerRegistered,
    NumberReassigned,
    RecordDeleted,
    RecordSupplemented,
    RegistrationRestored,
    RegistrationReversed,
    ResidenceAdjusted,
)
from registry.history import voided_versions
from registry.register import Registrar
from registry.values import PersonId, Text
from registry.vocabulary import VOCABULARY, Kind

ARRIVALS = (BirthRegistered, NewcomerRegistered, MovedIn, RecordSupplemented)
DEPARTURES = (DeathRegistered, MovedOut, RecordDeleted)
ENTRANTS = (BirthRegistered, NewcomerRegistered, RecordSupplemented)
MOVES = (AddressChanged, ResidenceAdjusted)


def companions(registrar: Registrar, target: Entry) -> tuple[list[Entry], list[Entry]]:
    """All entries of the target's submission: those on persons, those on households."""
    persons: dict[UUID, None] = {target.stream: None}
    households: dict[UUID, None] = {}
    grown = True
    found_persons: list[Entry] = []
    found_households: list[Entry] = []
    while grown:
        before = len(persons), len(households)
        registrar.prefetch([*persons, *households])
        found_persons = list(_of(registrar, persons, target))
        for entry in found_persons:
            for name in ("household", "from_household"):
                if household := getattr(entry.event, name, None):
                    households[household] = None
        registrar.prefetch(list(households))
        found_households = list(_of(registrar, households, target))
        for entry in found_households:
            for member in (
                *getattr(entry.event, "joined", ()),
                *getattr(entry.event, "members", ()),
            ):
                persons[member.person] = None
            for person in getattr(entry.event, "left", ()):
                persons[person] = None
        grown = (len(persons), len(households)) != before
    return found_persons, found_households


def _of(registrar: Registrar, streams: dict[UUID, None], target: Entry) -> Iterator[Entry]:
    for stream in list(streams):
        for entry in registrar.entries(stream):
            if entry.submission == target.submission and entry.submission is not None:
                yield entry


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """Which entry of a person's timeline was wrong, and why."""

    person: PersonId
    version: int
    grounds: Text

    def target(self, registrar: Registrar) -> Entry:
        """The entry to be undone, which must stand and be young enough."""
        entries = registrar.entries(self.person)
        if not 1 <= self.version <= len(entries):
            registrar.load(Person, self.person)
            registrar.refuse_if((True, rules.NothingToVoid(self.version)))
            registrar.stop_if_refused()
        entry = entries[self.version - 1]
        most = registrar.setting.reversal_days
        age = (registrar.today - day_at(entry.recorded_at)).days
        registrar.refuse_if(
            (self.version in voided_versions(entries), rules.NothingToVoid(self.version)),
            (most is not None and age > most, rules.PeriodIsOver(most)),
        )
        registrar.stop_if_refused()
        return entry


def undo(registrar: Registrar, of: Undoing, target: Entry, event: type[Any]) -> None:
    """Void the target's whole business, one voiding entry a stream, and answer on ledgers."""
    persons, households = companions(registrar, target)
    by_stream: dict[UUID, list[Entry]] = {}
    for entry in persons or [target]:
        by_stream.setdefault(entry.stream, []).append(entry)
    for stream, entries in by_stream.items():
        own = event if any(_moves(entry) for entry in entries) else EntriesVoided
        extra = {} if own is EntriesVoided else {"community": _community(registrar, entries, own)}
        registrar.enter(
            stream,
            own(
                effective_on=entries[0].effective_on,
                voids=tuple(entry.version for entry in entries),
                grounds=of.grounds,
                **extra,
            ),
        )
    houses: dict[UUID, list[Entry]] = {}
    for entry in households:
        houses.setdefault(entry.stream, []).append(entry)
    for stream, entries in houses.items():
        registrar.enter(
            stream,
            HouseholdEntriesVoided(
                effective_on=entries[0].effective_on,
                voids=tuple(entry.version for entry in entries),
                grounds=of.grounds,
            ),
        )
    for entry in persons or [target]:
        _answer(registrar, of, entry)


def _moves(entry: Entry) -> bool:
    word = VOCABULARY[type(entry.event)]
    return bool(word.leaves or word.enters)


def _community(registrar: Registrar, entries: list[Entry], own: type[Any]) -> UUID | None:
    """The community that loses (111) or regains (112) the person by the undoing."""
    for entry in entries:
        word = VOCABULARY[type(entry.event)]
        name = word.enters if own is RegistrationReversed else word.leaves
        if name is None and word.voids:
            name = "community"
        if name:
            return getattr(entry.event, name)  # type: ignore[no-any-return]  # declared so
    return None


def _answer(registrar: Registrar, of: Undoing, entry: Entry) -> None:
    """Answer on the ledgers what an undone entry had done there."""
    event, today = entry.event, registrar.today
    person = PersonId(entry.stream)
    match event:
        case BirthRegistered() | NewcomerRegistered() | RecordSupplemented():
            if event.number is not None:
                end_holding(registrar, person, event.number, 111)
        case NumberReassigned():
            before = registrar.find(Person, person, entry.effective_on)
            end_holding(registrar, person, event.number, 107)
            if before is not None and before.number is not None:
                resume_holding(registrar, person, before.number, 107)
        case RegistrationReversed():
            for version in event.voids:
                undone = registrar.entries(person)[version - 1].event
                if isinstance(undone, ENTRANTS) and undone.number is not None:
                    resume_holding(registrar, person, undone.number, 112)
                if isinstance(undone, BirthRegistered) and undone.birth_certificate:
                    proof = registrar.named(Kind.PROOF, undone.birth_certificate)
                    registrar.entries(proof)
                    registrar.enter(proof, ProofUsed(effective_on=today, person=person))
    if isinstance(event, BirthRegistered) and event.birth_certificate:
        proof = registrar.named(Kind.PROOF, event.birth_certificate)
        registrar.entries(proof)
        registrar.enter(proof, ProofReleased(effective_on=today, person=person))
    if isinstance(event, (MovedIn, NewcomerRegistered)):
        if event.certificate is not None:
            registrar.enter(
                event.certificate, CertificateReinstated(effective_on=today, person=person)
            )
        if event.permit is not None:
            registrar.enter(event.permit, PermitReinstated(effective_on=today, person=person))
    if isinstance(event, MovedOut) and event.certificate is not None:
        entries = registrar.entries(event.certificate)
        if not any(isinstance(one.event, CertificateVoided) for one in entries):
            registrar.enter(
                event.certificate,
                CertificateVoided(effective_on=today, replaced_by=None, grounds=of.grounds),
            )


def _expect(registrar: Registrar, target: Entry, fits: bool) -> None:
    name = VOCABULARY[type(target.event)].name
    rule: Rule = rules.NotReversible(f"version {target.version}, {name}")
    registrar.refuse_if((not fits, rule))
    registrar.stop_if_refused()


@command(STATION, COUNTY)
class ReverseRegistration(Undoing):
    """Undo an arrival that was entered wrongly: birth, move in, supplement, address (注销, 冲销).

    Everything of that business is undone together; the number stays used.
    Source: GA 214 business 111.
    """

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the voids."""
        target = self.target(registrar)
        fits = isinstance(target.event, (*ARRIVALS, *MOVES, RegistrationRestored))
        _expect(registrar, target, fits)
        undo(registrar, self, target, RegistrationReversed)
        return {"person": self.person}


@command(STATION, COUNTY)
class RestoreRegistration(Undoing):
    """Undo a cancellation that was entered wrongly: death, departure, deletion, reversal (恢复).

    A restored person has the same number again. Source: GA 214 business 112.
    """

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the voids."""
        target = self.target(registrar)
        fits = isinstance(target.event, (*DEPARTURES, RegistrationReversed))
        _expect(registrar, target, fits)
        undo(registrar, self, target, RegistrationRestored)
        return {"person": self.person}


@command(STATION, COUNTY)
class VoidEntry(Undoing):
    """Undo a change or correction that was entered wrongly, moving nobody (冲销).

    Source: GA 214 reversal codes.
    """

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the void."""
        target = self.target(registrar)
        _expect(registrar, target, not _moves(target) or isinstance(target.event, EntriesVoided))
        undo(registrar, self, target, EntriesVoided)
        return {"person": self.person}
