"""Cases about registrations (户口登记差错): double, empty, apart, unsettled; no automatic merge.

A case is opened by an officer or by a search whose reasons are told; it ends with a decision, and
only when the register says what the decision says.
Source: 户口登记条例 art. 6; Jilin plan of 2004 (吉政办发〔2004〕53号).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from registry.aggregates import Life, Person, case_rules, rules
from registry.aggregates.registration_case import RegistrationCase
from registry.checks.matching import Match, Traits, folded, match
from registry.commands.base import COUNTY, STATION, command
from registry.commands.membership import Heir
from registry.commands.vital import DeleteRecord
from registry.entry import Entry
from registry.events.registration_cases import (
    DoubleSuspected,
    EmptyRegistrationFound,
    LivingApartFound,
    RegistrationCaseClosed,
    UnsettledPersonFound,
)
from registry.frozen import frozen
from registry.history import effective, voided_versions
from registry.registrar import Registrar
from registry.values import (
    CommunityId,
    HouseholdId,
    Name,
    PaperNumber,
    PersonId,
    PresenceClass,
    RegistrationOutcome,
    Sex,
    Text,
    UnsettledReason,
)
from registry.vocabulary import VOCABULARY, Kind

ONE_PERSON, TWO_PERSONS = RegistrationOutcome("11"), RegistrationOutcome("12")
REGISTERED = RegistrationOutcome("41")
#: Outcomes after which the person is not registered any more where the case found it.
LEFT = frozenset({RegistrationOutcome("21"), RegistrationOutcome("22"), RegistrationOutcome("31")})
#: What a visit finds of an empty registration: registered and absent, or to be cancelled.
EMPTY = frozenset({PresenceClass("12"), PresenceClass("13")})


def pair_case(registrar: Registrar, one: PersonId, other: PersonId) -> UUID:
    """The stream of the case about two records, whichever is named first."""
    first, second = sorted((one, other))
    return registrar.named(Kind.REGISTRATION, f"double/{first}/{second}")


def agreement(registrar: Registrar, one: Person, other: Person) -> Match:
    """How far two records agree; by sound is left to the search, which knows how names sound."""
    return match(_traits(registrar, one), _traits(registrar, other))


def _traits(registrar: Registrar, one: Person) -> Traits:
    def parent(record: PersonId | None, name: Name | None) -> str | None:
        known = registrar.find(Person, record) if record is not None else None
        told = known.name if known is not None and known.name is not None else name
        return None if told is None else folded(told)

    return Traits(
        name=None if one.name is None else folded(one.name),
        former=None if one.former_name is None else folded(one.former_name),
        sex=one.sex,
        birth=one.birth_date,
        number=one.number,
        father=parent(one.father, one.father_name),
        mother=parent(one.mother, one.mother_name),
        household=one.household,
    )


@command(STATION, COUNTY)
class SuspectDouble:
    """Open the case of two records that may be of one person (疑似双重户口立案).

    The reasons are computed anew. Where they do not suffice, or where officers decided that they
    are two persons, an officer says why all the same.
    """

    one: PersonId
    other: PersonId
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the suspicion with its reasons."""
        people = [_living(registrar, person) for person in (self.one, self.other)]
        _refuse_elsewhere(registrar, *people)
        found = agreement(registrar, *people)
        case = pair_case(registrar, self.one, self.other)
        known = registrar.find(RegistrationCase, case)
        apart = known is not None and known.outcome == TWO_PERSONS
        registrar.refuse_if(
            (self.one == self.other, case_rules.NoPair(self.one)),
            (not found.candidate and self.grounds is None, case_rules.NotRegisteredTwice()),
            (apart and self.grounds is None, case_rules.KeptApart(case)),
        )
        persons = tuple(sorted((self.one, self.other)))
        registrar.enter(
            case,
            DoubleSuspected(
                effective_on=registrar.today,
                persons=persons,
                points=found.points,
                reasons=found.reasons,
                grounds=self.grounds,
            ),
        )
        return {"case": case, "points": found.points, "reasons": found.reasons}


@command(STATION, COUNTY)
class ReportEmptyRegistration:
    """Record that nobody lives where a person is registered (空挂户口登记)."""

    person: PersonId
    presence: PresenceClass
    visited_on: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the finding."""
        one = _living(registrar, self.person)
        _refuse_elsewhere(registrar, one)
        day = self.visited_on or registrar.today
        registrar.refuse_if(
            (self.presence not in EMPTY, case_rules.OutcomeUnfit(self.presence)),
            (one.community is None, rules.NotRegistered(self.person)),
            (day > registrar.today, rules.NotYet(day)),
        )
        case = registrar.named(Kind.REGISTRATION, f"empty/{self.person}")
        registrar.enter(
            case,
            EmptyRegistrationFound(
                effective_on=registrar.today,
                person=self.person,
                community=one.community,
                presence=self.presence,
                visited_on=day,
            ),
        )
        return {"case": case}


@command(STATION, COUNTY)
class ReportLivingApart:
    """Record that a person lives elsewhere than where registered, and where (人户分离登记)."""

    person: PersonId
    address: Text
    lives_in: CommunityId | None = None
    since: date | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the finding."""
        one = _living(registrar, self.person)
        _refuse_elsewhere(registrar, one)
        registrar.refuse_if(
            (one.community is None, rules.NotRegistered(self.person)),
            (self.lives_in is not None and self.lives_in == one.community, _same_place(one)),
        )
        case = registrar.named(Kind.REGISTRATION, f"apart/{self.person}")
        registrar.enter(
            case,
            LivingApartFound(
                effective_on=registrar.today,
                person=self.person,
                community=one.community,
                lives_in=self.lives_in,
                since=self.since,
                address=self.address,
            ),
        )
        return {"case": case}


def _same_place(one: Person) -> rules.Concerning:
    return rules.AlreadyRegistered(one.id)


@frozen
class Unregistered:
    """Somebody who lives here and is registered nowhere, as far as known (未落户人员).

    parent: the mother or father, where that one is registered here.
    """

    reason: UnsettledReason
    name: Name | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    parent: PersonId | None = None


@command(STATION, COUNTY)
class ReportUnsettled(Unregistered):
    """Record somebody who lives here and is registered nowhere (未落户人员登记).

    Nothing but the fact stands before the registration: no fine, no paper of the birth plan. Who
    in the register it may be all the same tells `registry check unsettled`.
    """

    community: CommunityId

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the finding."""
        known = registrar.places().community(self.community, registrar.today)
        registrar.refuse_if(
            (known is None, rules.CommunityUnknown(self.community)),
            (not registrar.in_area(self.community), rules.OutsideArea(self.community)),
        )
        return {"case": enter_unsettled(registrar, self, self.community)}


def enter_unsettled(
    registrar: Registrar,
    one: Unregistered,
    community: CommunityId,
    household: HouseholdId | None = None,
    found_on: date | None = None,
) -> UUID:
    """Open the case of somebody who is registered nowhere; household, found_on: of a visit."""
    case = registrar.new_id()
    registrar.enter(
        case,
        UnsettledPersonFound(
            effective_on=registrar.today,
            community=community,
            reason=one.reason,
            sex=one.sex,
            birth_date=one.birth_date,
            parent=one.parent,
            name=one.name,
            household=household,
            found_on=found_on,
        ),
    )
    return case


@command(COUNTY)
class MergeRecords:
    """Decide that two records are of one person, and end one of them (认定重户并删除).

    The ended record names the one that is kept; nothing else of either is changed, and both
    histories stay. Source: 户口登记条例 art. 6; GA 214 business 109.
    """

    case: UUID
    kept: PersonId
    ended: PersonId
    document: PaperNumber
    grounds: Text
    heir: Heir | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the decision and the deletion."""
        _close(
            registrar,
            self.case,
            ONE_PERSON,
            self.document,
            self.grounds,
            kept=self.kept,
            ended=self.ended,
        )
        deleted = DeleteRecord(
            person=self.ended,
            kept=self.kept,
            grounds=self.grounds,
            approval=self.document,
            heir=self.heir,
        )
        return {"case": self.case, **deleted.execute(registrar)}


@command(STATION, COUNTY)
class CloseRegistrationCase:
    """Close a case about a registration with its outcome (户口登记差错结案).

    Where the outcome says that somebody moved, was cancelled or was registered, the register must
    say so, too; whom no entry since the case brought in was not registered by it. Source: table
    registration_outcome.
    """

    case: UUID
    outcome: RegistrationOutcome
    registered: PersonId | None = None
    document: PaperNumber
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the outcome."""
        case = registrar.load(RegistrationCase, self.case)
        registrar.refuse_if(
            (self.outcome == ONE_PERSON, case_rules.OutcomeUnfit(self.outcome)),
            (not self._so(registrar, case), case_rules.NotYetSo(self.outcome)),
        )
        _close(
            registrar,
            self.case,
            self.outcome,
            self.document,
            self.grounds,
            registered=self.registered,
        )
        return {"case": self.case}

    def _so(self, registrar: Registrar, case: RegistrationCase) -> bool:
        """Whether the register says what the outcome says."""
        if self.outcome in LEFT:
            people = [registrar.load(Person, person) for person in case.persons]
            return not any(one.resident and one.community == case.community for one in people)
        if self.outcome == REGISTERED:
            return self.registered is not None and self._entered_since(registrar, case)
        return True

    def _entered_since(self, registrar: Registrar, case: RegistrationCase) -> bool:
        """Whether the one who is named lives here, and came in by an entry since the case.

        Whoever came with a paper (持证未落, 持迁移证) has a record from before, and settles on it.
        Who by all that was known then was registered is not the one who was found.
        """
        assert self.registered is not None, "asked above"
        one = registrar.find(Person, self.registered)
        if one is None or not one.resident or case.sex not in (None, one.sex):
            return False
        found = registrar.entries(self.case)[0]
        entries = registrar.entries(self.registered)
        was: Person | None = None
        for entry in effective(entries, found.effective_on, found.position):
            was = Person.after(was, entry.event, self.registered)
        if was is not None and was.resident:
            return False
        fallen = voided_versions(entries)
        return any(
            entry.position > found.position and entry.version not in fallen and _comes_in(entry)
            for entry in entries
        )


def _comes_in(entry: Entry) -> bool:
    """Whether an entry brings somebody in from nowhere, and not from another place of ours."""
    word = VOCABULARY[type(entry.event)]
    return word.enters is not None and word.leaves is None


def _close(
    registrar: Registrar,
    stream: UUID,
    outcome: RegistrationOutcome,
    document: PaperNumber,
    grounds: Text,
    **told: PersonId | None,
) -> None:
    case = registrar.load(RegistrationCase, stream)
    registrar.prefetch(case.persons)
    people = [registrar.load(Person, person) for person in case.persons]
    _refuse_elsewhere(registrar, *people, community=case.community)
    registrar.enter(
        stream,
        RegistrationCaseClosed(
            effective_on=registrar.today,
            outcome=outcome,
            document=document,
            grounds=grounds,
            **told,
        ),
    )


def _living(registrar: Registrar, person: PersonId) -> Person:
    one = registrar.load(Person, person)
    registrar.refuse_if((one.life is not Life.LIVING, rules.AlreadyDeceased(person)))
    return one


def _refuse_elsewhere(
    registrar: Registrar, *people: Person, community: CommunityId | None = None
) -> None:
    """One of the people, or the place, belongs to the officer's area."""
    places = [one.community or one.left_community for one in people]
    if community is not None:
        places.append(community)
    inside = not places or any(registrar.in_area(place) for place in places)
    registrar.refuse_if((not inside, rules.OutsideArea(places[0] if places else None)))
