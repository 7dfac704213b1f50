"""Whether a card may be made for somebody, and handed out, as things stand today (发证条件).

One answer serves the audit, the signature, the province's check and the order: what came between
the application and the card is seen at each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from registry.aggregates import (
    Application,
    Doorplate,
    Findings,
    Household,
    Number,
    NumberCase,
    Person,
    Readiness,
    Street,
    card_rules,
    rules,
)
from registry.aggregates.person import Life
from registry.card_face import printed_address
from registry.card_terms import SharedNumber, is_made
from registry.commands.cards_common import person_of
from registry.commands.findings import findings_id
from registry.commands.numbering import case_id, case_streams, number_id, open_cases_of
from registry.errors import Rule
from registry.events.applications import CaptureCompleted, CardSigned
from registry.events.readiness import PersonVerified
from registry.history import effective, standing
from registry.registrar import Registrar
from registry.values import (
    CaseId,
    CitizenNumber,
    CommunityId,
    HouseholdId,
    Level,
    NumberFaultKind,
    PersonId,
)


def people_of(registrar: Registrar, applications: Sequence[Application]) -> dict[PersonId, Person]:
    """The applicants as they are registered today; what decides about them is fetched at once."""
    registrar.places()  # asked for before what takes long: whoever lacks it is run again
    registrar.prefetch([one.person for one in applications])
    people = {one.person: person_of(registrar, one.person) for one in applications}
    streams: list[UUID] = []
    for person in people.values():
        streams.append(findings_id(registrar, person.id))
        streams.extend(case_streams(registrar, person.id, person.number))
        if person.number is not None:
            streams.append(number_id(registrar, person.number))
    counties = (county_of(registrar, one.community) for one in applications)
    registrar.prefetch([*streams, *filter(None, dict.fromkeys(counties))])
    return people


def refuse_unfit(registrar: Registrar, person: Person, one: Application) -> None:
    """Refuse a card that may not be made today, every reason named."""
    registrar.refuse_if(*((True, rule) for rule in unfit(registrar, person, one)))


def unfit(registrar: Registrar, person: Person, one: Application) -> Iterator[Rule]:
    """Why an application's card may not be made today; nothing where it may.

    The applicant lives, is registered in the county that issues (a soldier was, before the
    service), the generation is still made, and every gate is open.
    Source: 居民身份证法 art. 8, 21; 德办发(2004)39号; 吉政办发〔2004〕53号.
    """
    subject = one.acceptance_number
    yield from ended(person, subject)
    if person.life is Life.DELETED:
        return  # of a record that is none, nothing else can be said
    if person.life is Life.LIVING:
        yield from _elsewhere(registrar, person, one)
    yield from outdated(registrar, person, one)
    if not is_made(one.card_kind, registrar.today):
        yield card_rules.GenerationNotMade(f"{subject} on {registrar.today}")
    yield from gates(registrar, person, one.community, one.card_kind.generation, subject)


def ended(person: Person, subject: object) -> Iterator[Rule]:
    """Whether the person has died, or the record was deleted."""
    if person.life is Life.DEAD:
        yield rules.AlreadyDeceased(subject)
    elif person.life is Life.DELETED:
        yield rules.RecordIsDeleted(subject)


def outdated(registrar: Registrar, person: Person, one: Application) -> Iterator[Rule]:
    """Whether a card was signed with a number, or another item, that is no longer its holder's.

    The address is not one: it is appended. Of what was captured anew since, nothing is signed yet.
    Source: 居民身份证法 art. 3, 11.
    """
    for entry in reversed(registrar.entries(one.id)):
        if isinstance(entry.event, CaptureCompleted):
            return
        if isinstance(entry.event, CardSigned):
            told = registrar.entries(person.id)
            known = [each for each in told if each.position <= entry.position]
            if len(known) < len(told):
                signed = Person.fold(effective(known))
                if signed is None:
                    return
                if signed.number != person.number:
                    yield card_rules.NumberChanged(one.acceptance_number)
                elif changed := [name for name in ON_CARDS if _differs(signed, person, name)]:
                    what = f"{one.acceptance_number}: {', '.join(changed)}"
                    yield card_rules.ItemsChanged(what)
            return


#: What a card says of its holder besides number and address.
ON_CARDS = ("name", "sex", "nationality", "birth_date")


def _differs(signed: Person, now: Person, name: str) -> bool:
    return bool(getattr(signed, name) != getattr(now, name))


def home_of(person: Person, military: bool) -> CommunityId | None:
    """The community where somebody is registered; of a soldier, where that was before."""
    return person.left_community if military and is_soldier(person) else person.community


def is_soldier(person: Person) -> bool:
    """Whether somebody left for military service (服兵役)."""
    return person.community is None and person.out_kind is not None and person.out_kind.military


def _elsewhere(registrar: Registrar, person: Person, one: Application) -> Iterator[Rule]:
    military = one.production_type is not None and one.production_type.military
    if is_soldier(person) != military:
        yield card_rules.MilitaryChannel(one.acceptance_number)
        return
    home = home_of(person, military)
    county = None if home is None else county_of(registrar, home)
    if county is None or county != county_of(registrar, one.community):
        yield card_rules.MovedAway(one.acceptance_number)


def gates(
    registrar: Registrar,
    person: Person,
    community: CommunityId,
    generation: int,
    subject: object,
) -> Iterator[Rule]:
    """Each gate that is closed; see `CardSetting`. A card of either generation bears the number."""
    setting = registrar.setting.cards
    if generation == 2 and setting.baseline:
        county = county_of(registrar, community)
        ready = None if county is None else registrar.find(Readiness, county)
        if ready is None or ready.baseline_on is None:
            code = registrar.places().code_of(community, Level.COUNTY, registrar.today)
            yield card_rules.BaselineNotAccepted(code)
    if generation == 2 and setting.verified:
        entries = standing(registrar.entries(person.id))
        if not any(isinstance(entry.event, PersonVerified) for entry in entries):
            yield card_rules.PersonNotVerified(subject)
        known = registrar.find(Findings, findings_id(registrar, person.id))
        for finding in known.errors if known else ():
            yield rules.FindingsAreOpen(f"{subject}: {finding}")
    if setting.number:
        yield from disputed(registrar, person, subject)


def disputed(registrar: Registrar, person: Person, subject: object) -> Iterator[Rule]:
    """Whether the person's number is in an open case."""
    if dispute(registrar, person) is not None:
        yield card_rules.NumberInDispute(subject)


def dispute(registrar: Registrar, person: Person) -> CaseId | None:
    """The open case about a person's number that bars the person from cards.

    Two holders at one time are barred, case or none, as the province has set: neither gets a card,
    both do, or the first one does.
    """
    setting = registrar.setting.cards.shared_number
    for case in open_cases_of(registrar, person.id, person.number):
        if case.fault is not NumberFaultKind.DUPLICATE:
            return case.id
    if person.number is None or setting is SharedNumber.BOTH:
        return None
    held_by = living_holders(registrar, person.number)
    if setting is SharedNumber.FIRST and held_by[:1] == [person.id]:
        return None
    stream = case_id(registrar, NumberFaultKind.DUPLICATE, person.number)
    shared = registrar.find(NumberCase, stream)
    return stream if len(held_by) > 1 or (shared is not None and shared.open) else None


def living_holders(registrar: Registrar, number: CitizenNumber) -> list[PersonId]:
    """Who holds a number now and lives, the first one first; the dead bar nobody."""
    ledger = registrar.find(Number, number_id(registrar, number))
    held_by = ledger.held_by if ledger is not None else ()
    if len(held_by) > 1:
        registrar.prefetch(held_by)
        people = (registrar.find(Person, one) for one in held_by)
        return [one.id for one in people if one is not None and one.life is Life.LIVING]
    return list(held_by)


def county_of(registrar: Registrar, community: CommunityId) -> UUID | None:
    """The county in which a community lies today."""
    for place, fact in registrar.places().above(community, registrar.today):
        if fact.level is Level.COUNTY:
            return place
    return None


def addresses_of(registrar: Registrar, people: Iterable[Person]) -> Mapping[PersonId, str | None]:
    """The address that the card of each person prints; None where the register knows none.

    Of a soldier it is the one before the service.
    """
    homes = {person.id: _household_of(registrar, person) for person in people}
    registrar.prefetch([home for home in homes.values() if home is not None])
    plates = {
        one: None if home is None else registrar.load(Household, home).doorplate
        for one, home in homes.items()
    }
    registrar.prefetch([plate for plate in plates.values() if plate is not None])
    known = {
        one: None if plate is None else registrar.load(Doorplate, plate)
        for one, plate in plates.items()
    }
    registrar.prefetch([plate.street for plate in known.values() if plate is not None])
    places, today = registrar.places(), registrar.today
    return {
        one: None
        if plate is None
        else printed_address(places, registrar.load(Street, plate.street), plate, today)
        for one, plate in known.items()
    }


def _household_of(registrar: Registrar, person: Person) -> HouseholdId | None:
    if not is_soldier(person) or person.left_on is None:
        return person.household
    before = registrar.find(Person, person.id, person.left_on - timedelta(1))
    return None if before is None else before.household
