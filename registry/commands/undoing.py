"""Undoing wrongly entered business by compensating entries (冲销, 恢复).

Whatever one submission entered on the streams of persons and households is undone together; what
it did to ledgers (numbers, papers, proofs) is answered by a further entry there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import (
    Certificate,
    Doorplate,
    Household,
    Life,
    Permit,
    Person,
    redaction_rules,
    rules,
)
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_fitness import is_soldier
from registry.commands.numbering import end_holding, resume_holding, resume_if_ended
from registry.commands.redaction import SUBJECT
from registry.days import day_at
from registry.entry import Entry
from registry.errors import NotFound, Rule
from registry.events.household import (
    HouseholdEntriesVoided,
    HouseholdEstablished,
    HouseholdMoved,
)
from registry.events.papers import (
    CertificateConsumed,
    CertificateReinstated,
    CertificateVoided,
    PermitConsumed,
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
    RecordDeleted,
    RecordSupplemented,
    RegistrationRestored,
    RegistrationReversed,
)
from registry.events.redaction import PartRedacted
from registry.frozen import frozen
from registry.history import standing, voided_versions
from registry.registrar import Registrar
from registry.values import CitizenNumber, PermitId, PersonId, Text
from registry.vocabulary import VOCABULARY, Kind

ARRIVALS = (BirthRegistered, NewcomerRegistered, MovedIn, RecordSupplemented)
DEPARTURES = (DeathRegistered, MovedOut, RecordDeleted)
#: The business under which numbers are answered for.
BUSINESS = {RegistrationReversed: 111, RegistrationRestored: 112, EntriesVoided: 107}


def companions(registrar: Registrar, target: Entry) -> tuple[list[Entry], list[Entry]]:
    """Everything of the target's submission that stands: entries on persons, on households.

    Streams are reached from what the entries tell, and from what those tell that they void.
    """
    persons: dict[UUID, None] = {target.stream: None}
    households: dict[UUID, None] = {}
    while True:
        before = len(persons), len(households)
        registrar.prefetch([*persons, *households])
        on_persons = list(_of(registrar, persons, target))
        on_households = list(_of(registrar, households, target))
        for entry in (*on_persons, *on_households):
            for told in _told(registrar, entry):
                _reach(registrar, told, persons, households)
        if (len(persons), len(households)) == before:
            return on_persons, on_households


def _of(registrar: Registrar, streams: dict[UUID, None], target: Entry) -> Iterator[Entry]:
    for stream in streams:
        entries = registrar.entries(stream)
        fallen = voided_versions(entries)
        for entry in entries:
            same = entry.submission is not None and entry.submission == target.submission
            mine = (same and _belongs(entry, target)) or entry == target
            if mine and entry.version not in fallen:
                yield entry


def _belongs(entry: Entry, target: Entry) -> bool:
    """A death entered together with the birth is undone alone: the child lives."""
    if not isinstance(target.event, DeathRegistered):
        return True
    return not isinstance(entry.event, BirthRegistered) and (
        getattr(entry.event, "business", 102) == 102
    )


def _told(registrar: Registrar, entry: Entry) -> Iterator[Entry]:
    """An entry and, where it voids others, those."""
    yield entry
    for version in getattr(entry.event, "voids", ()):
        yield from _told(registrar, registrar.entries(entry.stream)[version - 1])


def _reach(
    registrar: Registrar, told: Entry, persons: dict[UUID, None], households: dict[UUID, None]
) -> None:
    """Add the streams that an entry speaks of."""
    event = told.event
    for name in ("household", "from_household"):
        if household := getattr(event, name, None):
            households[household] = None
    for name in ("joined", "members"):
        persons.update((member.person, None) for member in getattr(event, name, ()))
    persons.update((person, None) for person in getattr(event, "left", ()))
    if isinstance(event, DeathRegistered):
        dead = registrar.find(Person, told.stream, told.effective_on)
        if dead is not None and dead.spouse is not None:
            persons[dead.spouse] = None
    if isinstance(event, HouseholdMoved):
        house = registrar.find(Household, told.stream, told.effective_on)
        persons.update((person, None) for person in (house.members if house else ()))


@frozen
class Undoing:
    """Which entry of a person's timeline was wrong, and why."""

    person: PersonId
    version: int
    grounds: Text

    def target(self, registrar: Registrar) -> Entry:
        """The entry to be undone, which must stand and be young enough."""
        one = registrar.find(Person, self.person)
        entries = registrar.entries(self.person)
        if not entries:
            raise NotFound(Kind.PERSON, self.person)
        registrar.refuse_elsewhere(one)
        if not 1 <= self.version <= len(entries):
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


def refuse_redacted(registrar: Registrar, persons: Iterable[Entry]) -> None:
    """Nothing is undone beneath which something was blanked: it would hold again, and be empty."""
    for target in persons:
        for one in registrar.entries(target.stream):
            event = one.event
            if not isinstance(event, PartRedacted) or one.version < target.version:
                continue
            own = event.entry_of == target.stream and event.part == SUBJECT
            registrar.refuse_if((own, redaction_rules.Redacted(one.version)))
    registrar.stop_if_refused()


def undo(registrar: Registrar, of: Undoing, target: Entry, event: type[Any]) -> None:
    """Void the target's whole business, one voiding entry a stream, and answer on ledgers."""
    persons, households = companions(registrar, target)
    for entry in households:
        house = registrar.find(Household, entry.stream, entry.effective_on)
        # Its residents are not listed, so that nobody can tell whom else the business moved.
        hall = bool(house and house.collective)
        moved = hall and isinstance(entry.event, HouseholdMoved)
        founded = hall and isinstance(entry.event, HouseholdEstablished)
        registrar.refuse_if(
            (moved, rules.NotReversible("a collective household moved")),
            (founded, rules.NotReversible("a collective household was founded by it")),
        )
    refuse_redacted(registrar, persons)
    was = {entry.stream: _standing(registrar, entry.stream) for entry in persons}
    for stream, entries in _by_stream(persons).items():
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
    for stream, entries in _by_stream(households).items():
        registrar.enter(
            stream,
            HouseholdEntriesVoided(
                effective_on=entries[0].effective_on,
                voids=tuple(entry.version for entry in entries),
                grounds=of.grounds,
            ),
        )
    since = target.effective_on
    concerned = {*was, *_members(registrar, {entry.stream for entry in households}, since)}
    registrar.prefetch(concerned)
    for person in sorted(concerned):
        _refuse_parting(registrar, person, since)
    for stream, before in was.items():
        _answer(registrar, of, PersonId(stream), before, BUSINESS[event])


def _members(registrar: Registrar, households: Iterable[UUID], since: date) -> set[UUID]:
    """Everybody who was in one of some households on a day or later."""
    found: set[UUID] = set()
    for household in households:
        days = {since, *(one.effective_on for one in standing(registrar.entries(household)))}
        for day in days:
            house = registrar.find(Household, household, day) if day >= since else None
            found.update(house.members if house is not None else ())
    return found


def _refuse_parting(registrar: Registrar, person: UUID, since: date) -> None:
    """Who is in a household must be where it is, also after it has moved or has not.

    Nor is anybody brought back into what was closed meanwhile.
    """
    entries = standing(registrar.entries(person))
    homes = {home for entry in entries if (home := getattr(entry.event, "household", None))}
    registrar.prefetch(homes)
    days = {entry.effective_on for entry in entries}
    for home in homes:
        days.update(entry.effective_on for entry in standing(registrar.entries(home)))
    days.add(registrar.today)  # a door plate is closed on a day on which nobody moves
    for day in sorted(day for day in days if day >= since):
        one = registrar.find(Person, person, day)
        if one is None or not one.resident or one.household is None:
            continue
        house = registrar.find(Household, one.household, day)
        if house is not None and house.closed_on is not None:
            registrar.refuse_if((True, rules.HouseholdIsClosed(one.household)))
            return
        listed = house is not None and (house.collective or person in house.members)
        if not listed or house is None or house.community != one.community:
            rule = rules.EntryInTheWay(f"household {one.household} moved on {day}")
            registrar.refuse_if((True, rule))
            return
        plate = registrar.find(Doorplate, house.doorplate, day)
        if plate is not None and plate.closed_on is not None:
            registrar.refuse_if((True, rules.DoorplateIsClosed(house.doorplate)))
            return


def _by_stream(entries: list[Entry]) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.stream, []).append(entry)
    return found


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


def _standing(registrar: Registrar, stream: UUID) -> tuple[dict[int, Entry], CitizenNumber | None]:
    """A person's standing entries by version, and the number that the person holds."""
    entries = {entry.version: entry for entry in standing(registrar.entries(stream))}
    one = registrar.find(Person, stream)
    return entries, one.number if one is not None and one.life is not Life.DELETED else None


def _answer(
    registrar: Registrar,
    of: Undoing,
    person: PersonId,
    before: tuple[dict[int, Entry], CitizenNumber | None],
    business: int,
) -> None:
    """Answer on the ledgers what no longer stands, and what stands again."""
    (stood, had), (stands, has) = before, _standing(registrar, person)
    if had != has:
        if had is not None:
            end_holding(registrar, person, had, business)
        if has is not None:
            resume_holding(registrar, person, has, business)
    elif (one := registrar.find(Person, person)) is not None and _keeps_number(one):
        resume_if_ended(registrar, person, has, business)
    for version in stood.keys() - stands.keys():
        _release(registrar, of, person, stood[version].event)
    for version in stands.keys() - stood.keys():
        _use(registrar, person, stands[version].event)


def _keeps_number(one: Person) -> bool:
    """Whether somebody is registered here, or a soldier, who comes back with the number."""
    return one.resident or (one.life is Life.LIVING and is_soldier(one))


def _release(registrar: Registrar, of: Undoing, person: PersonId, event: Any) -> None:
    """Give back the papers of an entry that no longer stands."""
    today = registrar.today
    if isinstance(event, BirthRegistered) and event.birth_certificate:
        proof = registrar.named(Kind.PROOF, event.birth_certificate)
        registrar.enter(proof, ProofReleased(effective_on=today, person=person))
    if isinstance(event, (MovedIn, NewcomerRegistered)):
        if event.certificate is not None:
            registrar.enter(
                event.certificate, CertificateReinstated(effective_on=today, person=person)
            )
        if event.permit is not None and _was_used(registrar, event.permit, person):
            registrar.enter(event.permit, PermitReinstated(effective_on=today, person=person))
    if isinstance(event, MovedOut):
        paper = event.certificate
        while paper is not None:
            last = registrar.load(Certificate, paper)
            if not last.void:
                registrar.enter(
                    paper,
                    CertificateVoided(effective_on=today, replaced_by=None, grounds=of.grounds),
                )
            paper = last.replaced_by


def _was_used(registrar: Registrar, permit: PermitId, person: PersonId) -> bool:
    """Whether a person used a permit of this register; others are only taken down."""
    paper = registrar.find(Permit, permit)
    return paper is not None and person in paper.used_by


def _use(registrar: Registrar, person: PersonId, event: Any) -> None:
    """Take in the papers of an entry that stands again.

    A departure's certificate stays void: it is issued anew (ReissueCertificate).
    """
    today = registrar.today
    if isinstance(event, BirthRegistered) and event.birth_certificate:
        proof = registrar.named(Kind.PROOF, event.birth_certificate)
        registrar.enter(proof, ProofUsed(effective_on=today, person=person))
    if isinstance(event, (MovedIn, NewcomerRegistered)):
        if event.certificate is not None:
            registrar.enter(
                event.certificate, CertificateConsumed(effective_on=today, person=person)
            )
        if event.permit is not None and registrar.find(Permit, event.permit) is not None:
            registrar.enter(event.permit, PermitConsumed(effective_on=today, person=person))


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
        fits = isinstance(target.event, (*ARRIVALS, AddressChanged, RegistrationRestored))
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
        fits = not _moves(target) or isinstance(target.event, EntriesVoided)
        _expect(registrar, target, fits and not isinstance(target.event, PartRedacted))
        undo(registrar, self, target, EntriesVoided)
        return {"person": self.person}
